"""From the evidence of a call to its report."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from linecard.demo import checks, measures
from linecard.demo.checks import Expected
from linecard.demo.evidence import Evidence, read_recording
from linecard.demo.measures import Timed
from linecard.demo.phases import phases
from linecard.demo.report import Report
from linecard.demo.sound_checks import barge_in_ms
from linecard.demo.story import Mark, Marked
from linecard.demo.talking import talks
from linecard.demo.wire import exchanges


def write(
    file: str,
    title: str,
    subtitle: str,
    evidence: Evidence,
    expected: Iterable[Expected],
    timed: Iterable[Timed],
) -> Report:
    """The report of one call."""
    story = evidence.scene.story
    return Report(
        file=file,
        title=title,
        subtitle=subtitle,
        facts=facts(evidence),
        moments=sorted(story.moments, key=lambda moment: moment.at),
        marks=[_measured(mark, evidence) for mark in story.marks],
        phases=phases(evidence),
        talk=talks(evidence),
        recorded=read_recording(evidence),
        sound=evidence.sound,
        measures=measures.take(timed, evidence),
        checks=checks.run(expected, evidence),
        exchanges=exchanges(evidence.scene.narrator.seen, evidence.speed),
    )


def _measured(mark: Marked, evidence: Evidence) -> Marked:
    """The mark of a barge-in, with the time it took."""
    ms = barge_in_ms(evidence) if mark.kind is Mark.BARGE_IN else None
    return mark if ms is None else replace(mark, label=f"barge-in: silent after {ms:.0f} ms")


def facts(evidence: Evidence) -> list[tuple[str, str]]:
    """The call's record in short."""
    call = evidence.call
    shown = {
        "from": call["from"] or "withheld",
        "to": call["to"],
        "status": call["status"],
        "end reason": call["end_reason"],
        "duration": f"{call['duration']} s" if call["duration"] is not None else "",
        "cost": f"{call['cost']} USD" if call["cost"] else "",
        "provider": f"{call['provider']}:{call['account']}",
        "agent": call["agent"],
        "outcome": call["outcome"],
        "stream": _stream(evidence),
        "clock": f"{evidence.speed:g} times real time" if evidence.speed != 1 else "real time",
        "call": call["id"],
        "metadata": json.dumps(call["metadata"], ensure_ascii=False) if call["metadata"] else "",
    }
    return [(name, str(value)) for name, value in shown.items() if value]


def _stream(evidence: Evidence) -> str:
    started = [event for event in evidence.call["events"] if event["name"] == "stream-started"]
    told = started[0]["facts"] if started else {}
    return ", ".join(str(told[name]) for name in ("profile", "format") if name in told)
