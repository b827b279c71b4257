"""What is counted, in Prometheus' words. One registry per server, no global."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

ANSWER_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The counters of one server; labels hold no numbers and no ids."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.calls = Counter(
            "linecard_calls",
            "Calls that ended",
            ["provider", "direction", "status"],
            registry=registry,
        )
        self.live = Gauge("linecard_live_calls", "Calls with a running agent", registry=registry)
        self.webhooks = Counter(
            "linecard_webhooks",
            "Carrier requests",
            ["provider", "kind", "status"],
            registry=registry,
        )
        self.refused = Counter(
            "linecard_requests_refused",
            "Carrier requests not believed",
            ["provider"],
            registry=registry,
        )
        self.unknown_fields = Counter(
            "linecard_unknown_fields", "Fields no table knows", ["provider"], registry=registry
        )
        self.unmatched = Counter(
            "linecard_unmatched_callbacks",
            "Callbacks of no known call",
            ["provider"],
            registry=registry,
        )
        self.answer_seconds = Histogram(
            "linecard_webhook_seconds",
            "Time to answer a carrier",
            ["provider"],
            buckets=ANSWER_BUCKETS,
            registry=registry,
        )
        self.dropped = Counter(
            "linecard_media_dropped",
            "Media messages dropped",
            ["provider", "reason"],
            registry=registry,
        )
        self.placements = Counter(
            "linecard_placements", "Dials by result", ["provider", "result"], registry=registry
        )
        self.task_failures = Counter(
            "linecard_task_failures", "Background work that failed", ["what"], registry=registry
        )
        self.recording_failures = Counter(
            "linecard_recording_failures", "Recordings that failed", ["provider"], registry=registry
        )

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
