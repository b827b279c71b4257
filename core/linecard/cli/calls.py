"""`linecard call`: place a call through a running server."""

from __future__ import annotations

from typing import Annotated

import typer

from linecard.cli.remote import Url, ask, read_json
from linecard.errors import LinecardError

NOT_PLACED = ("failed", "unknown")


def call(
    to: Annotated[str, typer.Argument(help="Whom to call, in E.164: +14155550123.")],
    from_: Annotated[str, typer.Option("--from", help="A registered number.")],
    agent: Annotated[str | None, typer.Option(help="Default: the number's own.")] = None,
    record: Annotated[bool | None, typer.Option("--record/--no-record")] = None,
    machine: Annotated[str | None, typer.Option(help="off, detect or wait-for-beep.")] = None,
    voicemail: Annotated[
        str | None,
        typer.Option(
            help="Left where a machine answers: a WAV file of LINECARD_SOUNDS, or a text."
        ),
    ] = None,
    ring_seconds: Annotated[int | None, typer.Option(help="Default: 45.")] = None,
    max_seconds: Annotated[int | None, typer.Option(help="Default: the number's own.")] = None,
    send_digits: Annotated[str | None, typer.Option(help="Keys to press at the answer.")] = None,
    metadata: Annotated[str | None, typer.Option(help="JSON for the agent.")] = None,
    notify: Annotated[
        str | None,
        typer.Option(help="Where its notifications go, or 'off'. Default: the number's."),
    ] = None,
    enhance: Annotated[
        str | None,
        typer.Option(help="Takes the noise out, or 'off'. Default: the number's."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency-Key: the same key never dials twice.")
    ] = None,
    url: Url = None,
) -> None:
    """Call somebody and connect them with a voice agent."""
    body = {
        "from": from_,
        "to": to,
        "agent": agent,
        "record": record,
        "machine": machine,
        "voicemail": None if voicemail is None else _message(voicemail),
        "ring_seconds": ring_seconds,
        "max_seconds": max_seconds,
        "send_digits": send_digits,
        "metadata": None if metadata is None else read_json(metadata, "--metadata"),
    }
    given = {name: value for name, value in body.items() if value is not None}
    given |= _or_off("notify", notify) | _or_off("enhance", enhance)
    placed = ask("POST", "/calls", url, given, {"Idempotency-Key": key} if key else None)
    typer.echo(f"{placed['id']}  {placed['status']}")
    if placed["status"] in NOT_PLACED:
        raise LinecardError(placed["end_reason"] or "the carrier has not said whether it dialled")


def _or_off(name: str, value: str | None) -> dict[str, str | None]:
    """`off` is null, which is another wish than nothing."""
    return {name: None if value == "off" else value} if value else {}


def _message(text: str) -> dict[str, str]:
    return {"sound" if text.lower().endswith(".wav") else "say": text}
