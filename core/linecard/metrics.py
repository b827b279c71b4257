"""What is counted, in Prometheus' words. One registry per server, no global."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MOST_REASONS = 200
"""Reasons of dropped messages that are told apart: each is a line for ever, and pods name them too."""
ANSWER_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Journal(Protocol):
    """What the metrics read of a journal."""

    waiting: int


class Metrics:
    """The counters of one server; labels hold no numbers and no ids."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._reasons: set[str] = set()
        self.live = self._gauge("live_calls", "Calls with a running agent")
        self.at_risk = self._gauge(
            "calls_at_risk", "Calls that should be over and are not confirmed gone at the carrier"
        )
        self.minutes_at_risk = self._gauge(
            "minutes_at_risk", "Minutes since the calls at risk should have been over, in all"
        )
        self.answer_seconds = Histogram(
            "linecard_webhook_seconds",
            "Time to answer a carrier",
            ["provider"],
            buckets=ANSWER_BUCKETS,
            registry=self.registry,
        )
        self.calls = self._counter("calls", "Calls that ended", "provider", "direction", "status")
        self.webhooks = self._counter("webhooks", "Carrier requests", "provider", "kind", "status")
        self.refused = self._counter("requests_refused", "Requests not believed", "provider")
        self.unknown_fields = self._counter("unknown_fields", "Fields no table knows", "provider")
        self.unmatched = self._counter(
            "unmatched_callbacks", "Callbacks of no known call", "provider"
        )
        self.forgotten_callbacks = self._counter(
            "forgotten_callbacks", "Late callbacks of forgotten calls; not written", "provider"
        )
        self.purged = self._counter("purged", "What was old enough and was deleted", "what")
        self.given_up = self._counter("work_given_up", "Durable work given up", "kind")
        self.journaled = self._counter(
            "callbacks_journaled", "Callbacks kept while the database was busy"
        )
        self.not_journaled = self._counter(
            "callbacks_not_journaled", "Callbacks that neither database nor journal took in time"
        )
        self.waited = self._counter("answers_waited", "Answers that asked to wait", "provider")
        self.in_journal = self._gauge(
            "callbacks_in_journal", "Callbacks kept and not in the database yet"
        )
        self.passed_on = self._counter("requests_passed_on", "To other processes", "result")
        self.notifications = self._counter("notifications", "Deliveries of notifications", "result")
        self.unconfirmed = self._counter(
            "unconfirmed_calls", "Calls that the carrier does not have", "provider"
        )
        self.dropped = self._counter(
            "media_dropped", "Media messages dropped", "provider", "reason"
        )
        self.placements = self._counter("placements", "Dials by result", "provider", "result")
        self._count_recordings()

    def _count_recordings(self) -> None:
        self.recording_failures = self._counter(
            "recording_failures", "Recordings that failed", "provider"
        )
        self.doubtful_recordings = self._counter(
            "doubtful_recordings", "Copies of recordings that may not be whole", "provider"
        )

    def follow_journal(self, journal: Journal) -> None:
        """Read how many callbacks wait in a journal whenever the metrics are asked for."""
        self.in_journal.set_function(lambda: journal.waiting)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)

    def drop(self, provider: str, reason: str, times: int) -> None:
        """Count media messages that were dropped."""
        if len(self._reasons) < MOST_REASONS:
            self._reasons.add(reason)
        self.dropped.labels(provider, reason if reason in self._reasons else "other").inc(times)

    def _gauge(self, name: str, help: str) -> Gauge:
        return Gauge(f"linecard_{name}", help, registry=self.registry)

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(f"linecard_{name}", help, labels, registry=self.registry)
