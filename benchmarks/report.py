"""The figures as a page of Markdown, each a ratio within one run where there is a peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.load import ASGI, BARE, FLOOR, ITERATING, LEAN, PIPECAT, Result
from benchmarks.measuring import Findings, Plan
from benchmarks.messages import CARRIERS, RATES
from benchmarks.storm import LIVE
from benchmarks.tools import spread

KILO = 1000


def tables(found: Findings, plan: Plan) -> str:
    """All of them."""
    parts = (_frames, _capacity, _growth, _idle, _delay, _barge_in, _webhooks, _storms, _remarks)
    return "\n\n".join(text for part in parts if (text := part(found, plan)))


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    cells = "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
    return f"### {title}\n\n{cells}"


def _frames(found: Findings, _plan: Plan) -> str:
    if not found.frames:
        return ""
    heads = (
        "carrier, rate of the agent",
        "Linecard, us",
        "Pipecat, us",
        "Linecard / Pipecat",
        "C calls alone, us",
        "C calls alone / Pipecat",
        "whole path, us",
    )
    names = [f"{carrier}-{rate}" for rate in RATES for carrier in CARRIERS]
    return _table(
        "A frame of 20 ms, decoded and encoded", heads, [_frame_row(found, name) for name in names]
    )


def _frame_row(found: Findings, name: str) -> Sequence[str]:
    ours = [one[name]["codec"] for one in found.frames]
    path = [one[name]["path"] for one in found.frames]
    theirs = [one[name]["codec"] for one in found.peer_frames]
    bare = [one[name]["bare"] for one in found.frames]
    carrier, _, rate = name.partition("-")
    return (
        f"{carrier}, {int(rate) // KILO} kHz",
        spread(ours, 2),
        spread(theirs, 2) if theirs else "",
        _ratio(ours, theirs),
        spread(bare, 2),
        _ratio(bare, theirs),
        spread(path, 2),
    )


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=False) if other]
    return f"{median(ratios):.2f}" if ratios else ""


def _capacity(found: Findings, _plan: Plan) -> str:
    if not found.capacity:
        return ""
    peer = found.capacity.get(PIPECAT.name, 0)
    rows = [
        (subject.name, found.capacity[subject.name], _times(found.capacity[subject.name], peer))
        for subject in (LEAN, ITERATING, ASGI, PIPECAT, BARE, FLOOR)
        if subject.name in found.capacity
    ]
    return _table("Live calls on one core", ("server", "calls", "times Pipecat's"), rows)


def _times(calls: int, peer: int) -> str:
    return f"{calls / peer:.1f}" if peer else ""


def _growth(found: Findings, _plan: Plan) -> str:
    heads = (
        "calls",
        "CPU, us a frame pair",
        "picows alone, us",
        "C echo's, us",
        "ratio to C",
        "picows' to C",
        "CPU, % of the core",
        "memory, KB a call",
        "p99 lateness, ms",
    )
    by_subject = [found.growth.get(subject.name, {}) for subject in (LEAN, BARE, FLOOR)]
    rows = [_grown(calls, *(one.get(calls, []) for one in by_subject)) for calls in by_subject[0]]
    return _table("As calls grow", heads, rows) if rows else ""


def _grown(
    calls: int, ours: Sequence[Result], bare: Sequence[Result], floor: Sequence[Result]
) -> Sequence[object]:
    every = [_of(results, "srv_us_per_frame") for results in (ours, bare, floor)]
    return (
        calls,
        *(spread(one) if one else "" for one in every),
        *(_ratio(one, every[2]) for one in every[:2]),
        spread(_of(ours, "srv_cpu_pct")),
        spread(_of(ours, "rss_per_call_kb")),
        spread(_of(ours, "p99_ms")),
    )


def _of(results: Sequence[Result], name: str) -> list[float]:
    return [float(result[name]) for result in results]


def _idle(found: Findings, _plan: Plan) -> str:
    if not found.idle:
        return ""
    return f"A live call in which nobody speaks takes {found.idle['kb_a_call']} KB of memory."


def _delay(found: Findings, plan: Plan) -> str:
    ours, floor = (
        found.growth.get(subject.name, {}).get(plan.compared, []) for subject in (LEAN, FLOOR)
    )
    if not ours or not floor:
        return ""
    rows = [
        (name, spread(_of(ours, key), 2), spread(_of(floor, key), 2))
        for name, key in (("median", "p50_ms"), ("p99", "p99_ms"), ("worst", "max_ms"))
    ]
    title = f"Delay there and back at {plan.compared} calls, ms"
    return _table(title, ("", "Linecard", "C echo"), rows)


def _barge_in(found: Findings, _plan: Plan) -> str:
    rows = [(carrier, one["p50"], one["p95"]) for carrier, one in found.barge_in.items()]
    title = "Barge-in: from `clear()` to an empty buffer at the phone, ms"
    return _table(title, ("carrier", "p50", "p95"), rows) if rows else ""


def _webhooks(found: Findings, _plan: Plan) -> str:
    heads = ("database", "answers a second", "p50 at half, ms", "p99 at half, ms", "told to wait")
    rows = [(name, *_answers(one)) for name, one in found.webhooks.items()]
    return _table("Answer webhooks on one core", heads, rows) if rows else ""


def _answers(one: Mapping[str, float]) -> Sequence[float]:
    return [one[name] for name in ("a_second", "half_p50_ms", "half_p99_ms", "told_to_wait")]


def _storms(found: Findings, plan: Plan) -> str:
    heads = (
        *("database", "p50, ms", "p99, ms", "worst, ms", "not a 200", "all stored after, s"),
        *("CPU each, ms", "audio p99, ms", "audio worst, ms"),
    )
    names = (
        *("p50_ms", "p99_ms", "max_ms", "not_taken", "emptied_s"),
        *("cpu_ms", "audio_p99_ms", "audio_max_ms"),
    )
    rows = [(database, *(one[name] for name in names)) for database, one in found.storms.items()]
    title = (
        f"A storm of callbacks: {plan.storm} in {plan.storm_seconds} s, beside {LIVE} live calls"
    )
    return _table(title, heads, rows) if rows else ""


def _remarks(found: Findings, _plan: Plan) -> str:
    lines = [f"Left out: {reason}." for reason in found.missing]
    if found.unsound:
        lines.append(
            f"In {found.unsound} runs the load generator was itself late: the machine was not "
            "quiet, and figures of lateness say less than they should."
        )
    return "\n".join(lines)
