"""Deleting flight records: those that are too old, and those of calls that are to be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

PLAIN = ".jsonl"
PACKED = ".jsonl.gz"


def file_of(folder: Path, call_id: str, *, packed: bool = False) -> Path:
    """Where the flight record of a call lies, or would lie. Raises ValueError for what is no id of ours."""
    if not call_id.isalnum():
        raise ValueError(f"{call_id!r} is not the id of a call")
    return folder / f"{call_id}{PACKED if packed else PLAIN}"


def delete_before(folder: Path, moment: datetime) -> int:
    """Delete the records that were last written before a moment; how many. Blocks: call it in a thread.

    Only files of our own name are touched, and a folder that is not there holds none.
    """
    return sum(
        _delete(file) for file in list(_files(folder)) if _written(file) < moment.timestamp()
    )


def delete_calls(folder: Path, call_ids: Iterable[str]) -> int:
    """Delete the records of some calls; how many there were. Blocks: call it in a thread."""
    places = [
        file_of(folder, call_id, packed=packed) for call_id in call_ids for packed in (False, True)
    ]
    return sum(_delete(place) for place in places)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (
            file
            for file in folder.iterdir()
            if file.name.endswith((PLAIN, PACKED)) and file.name.partition(".")[0].isalnum()
        )


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _delete(file: Path) -> bool:
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True
