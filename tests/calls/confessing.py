"""An agent to whom a caller tells everything, and what must be nowhere once the caller is forgotten."""

from __future__ import annotations

from pathlib import Path

import linecard

NAME = "Zebulon Quagmire"
SECRET = "canary-metadata-5551"
PRESSED = "8306142"
AGENT = f"{__name__}:confessor"


@linecard.agent
async def confessor(call: linecard.LiveCall) -> None:
    """Writes down what the caller says and presses."""
    pressed = ""
    async for event in call:
        if isinstance(event, linecard.DigitPressed):
            pressed += event.digit
            call.outcome = f"{NAME} ({call.from_}) pressed {pressed}"


def traces(folder: Path, *words: str) -> dict[str, list[str]]:
    """In which files below a folder each word stands: in a name, or byte by byte."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        word: sorted(
            path.name
            for path in files
            if word.encode() in path.read_bytes() or word in str(path.relative_to(folder))
        )
        for word in words
    }
