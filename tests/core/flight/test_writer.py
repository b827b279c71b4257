"""Files of flight records: whose they are, how large they become, what a crash leaves of them."""

from __future__ import annotations

import os
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from linecard.errors import InvalidField
from linecard.events import DigitReceived, MediaReceived, StreamStarted
from linecard.flight import (
    Flight,
    FlightWriter,
    RecordedProtocol,
    Redactor,
    WriterOptions,
    delete_before,
    delete_calls,
)
from linecard.flight.reading import Recorded, read
from linecard.flight.recorder import MOST_WAITING

CALL = "0123456789abcdef0123"


class Moments:
    """A clock that goes on by itself, 20 ms at a time."""

    def __init__(self) -> None:
        self.moment = 100.0

    def __call__(self) -> float:
        self.moment += 0.02
        return self.moment


class Line:
    """A carrier's media protocol."""

    def receive(self, message: str | bytes) -> tuple[MediaReceived | DigitReceived, ...]:
        if message == "broken":
            raise ValueError("a fault of the provider")
        if isinstance(message, str) and "digit" in message:
            return (DigitReceived("7"),)
        return (MediaReceived(b"\xff" * 160, 5),)

    def play(self, audio: bytes) -> str:
        return f"play {len(audio)}"

    def clear(self) -> str | None:
        return "clear"

    def mark(self, name: str) -> str | None:
        return None

    def send_digits(self, digits: str) -> str | None:
        return f'{{"dtmf":"{digits}"}}'


def writer(
    folder: Path, most_bytes: int = 1 << 20, *, packed: bool = False, **how: bool
) -> FlightWriter:
    options = WriterOptions(folder=folder / "flights", packed=packed, most_bytes=most_bytes)
    made = FlightWriter(options, Redactor(key=b"k", digits=how.get("digits", True)))
    made.start()
    return made


def begun(made: FlightWriter, call_id: str = CALL) -> Flight:
    flight = Flight(call_id, Moments(), 100.0)
    made.open(flight)
    flight.put_at(100.0, "flight", {"version": 1})
    return flight


def finished(made: FlightWriter, flight: Flight, ending: str = "jsonl") -> Recorded:
    made.close(flight)
    made.stop()
    return read(made._options.folder / f"{flight.call_id}.{ending}")


def talk(protocol: RecordedProtocol, frames: int) -> None:
    for _ in range(frames):
        protocol.receive("media")
        protocol.play(b"\xff" * 160)


@pytest.mark.parametrize(("packed", "ending"), [(False, "jsonl"), (True, "jsonl.gz")])
def test_what_was_told_can_be_read(tmp_path: Path, packed: bool, ending: str) -> None:
    made = writer(tmp_path, packed=packed)
    flight = begun(made)
    protocol = RecordedProtocol(Line(), flight, 1)
    talk(protocol, 120)
    protocol.clear()
    assert protocol.mark("m1") is None
    flight.put("event", {"event": "leg-ended", "facts": {}})
    recorded = finished(made, flight, ending)
    assert not recorded.is_cut
    frames = recorded.of("frame")
    assert len([one for one in frames if one["dir"] == "in"]) == 120
    assert {one["size"] for one in frames} == {160}
    assert {one.get("number") for one in frames} == {5, None}
    times = [line["t"] for line in recorded.lines]
    assert times == sorted(times)
    assert [line["what"] for line in recorded.of("out")] == ["clear"]
    assert [line["event"] for line in recorded.of("event")] == ["leg-ended"]


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    made = writer(tmp_path)
    old = os.umask(0)
    try:
        flight = begun(made)
        finished(made, flight)
    finally:
        os.umask(old)
    folder = tmp_path / "flights"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{CALL}.jsonl").stat().st_mode) == 0o600


def test_a_link_in_a_files_place_is_not_followed(tmp_path: Path) -> None:
    made = writer(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "flights" / f"{CALL}.jsonl").symlink_to(victim)
    flight = begun(made)
    made.close(flight)
    made.stop()
    assert victim.read_text() == "untouched"


def test_a_folder_that_cannot_be_written_to_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "flights").write_text("a file")
    with pytest.raises(OSError, match="flights"):
        writer(tmp_path)


def test_a_file_is_bounded_and_says_where_it_was_cut(tmp_path: Path) -> None:
    made = writer(tmp_path, most_bytes=8000)
    flight = begun(made)
    protocol = RecordedProtocol(Line(), flight, 1)
    for _ in range(40):
        talk(protocol, 100)
        flight.put("event", {"event": "ping", "facts": {}})
        made.flush()
    for _ in range(200):
        flight.put("event", {"event": "late", "facts": {"text": "x" * 100}})
    recorded = finished(made, flight)
    size = (tmp_path / "flights" / f"{CALL}.jsonl").stat().st_size
    assert size < 9000
    assert recorded.is_cut
    assert {line["what"] for line in recorded.of("cut")} == {"sound", "everything"}
    assert recorded.of("end")[0]["unwritten"] > 1000
    assert len(recorded.of("event")) > len(recorded.of("frame")) / 100


def test_the_bound_holds_over_several_openings(tmp_path: Path) -> None:
    for _ in range(5):
        made = writer(tmp_path, most_bytes=4000)
        flight = begun(made)
        for _ in range(50):
            flight.put("event", {"event": "late", "facts": {"text": "x" * 100}})
        finished(made, flight)
    assert (tmp_path / "flights" / f"{CALL}.jsonl").stat().st_size < 6000


def test_what_the_writer_cannot_keep_up_with_is_counted(tmp_path: Path) -> None:
    made = writer(tmp_path)
    made.stop()
    flight = begun(made)
    protocol = RecordedProtocol(Line(), flight, 1)
    talk(protocol, MOST_WAITING)
    assert flight.missed == MOST_WAITING + 1
    recorded = finished(made, flight)
    assert recorded.is_cut
    assert recorded.of("end")[0]["missed"] == MOST_WAITING + 1


def test_a_file_whose_end_is_missing_can_be_read(tmp_path: Path) -> None:
    for packed, ending in ((False, "jsonl"), (True, "jsonl.gz")):
        made = writer(tmp_path, packed=packed)
        flight = begun(made)
        flight.put("event", {"event": "first", "facts": {}})
        made.flush()
        for place in range(50):
            flight.put("event", {"event": "later", "facts": {"place": place}})
        finished(made, flight, ending)
        file = tmp_path / "flights" / f"{CALL}.{ending}"
        file.write_bytes(file.read_bytes()[:-40])
        assert read(file).of("event")[0]["event"] == "first"


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    for raw in (
        b"",
        b"not json\n",
        b'{"k": "event", "t": 1}\n',
        b'[1]\n{"a": 1}',
        b"\x1f\x8bnoise",
    ):
        file.write_bytes(raw)
        with pytest.raises(InvalidField, match="no flight record"):
            read(file)


def test_a_reader_that_fails_is_recorded_and_fails(tmp_path: Path) -> None:
    made = writer(tmp_path)
    flight = begun(made)
    protocol = RecordedProtocol(Line(), flight, 1)
    with pytest.raises(ValueError, match="a fault"):
        protocol.receive("broken")
    assert [line["text"] for line in finished(made, flight).of("in")] == ["broken"]


def test_keys_are_left_out_entirely_where_that_is_asked_for(tmp_path: Path) -> None:
    made = writer(tmp_path, digits=False)
    flight = begun(made)
    protocol = RecordedProtocol(Line(), flight, 1)
    protocol.receive('{"event":"dtmf","digit":"7"}')
    protocol.send_digits("77")
    flight.put("ask", {"ask": "send_digits", "digits": "77"})
    recorded = finished(made, flight)
    assert not recorded.of("in") + recorded.of("out")
    assert "7" not in str(recorded.of("ask")[0].get("digits", ""))


def test_an_entry_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    made = writer(tmp_path)
    flight = begun(made)
    flight.put("played", "not what this kind holds")
    flight.put("event", {"event": "after", "facts": {}})
    recorded = finished(made, flight)
    assert [line["what"] for line in recorded.of("unwritable")] == ["played"]
    assert [line["event"] for line in recorded.of("event")] == ["after"]
    assert recorded.is_cut


def test_the_writers_thread_survives_a_disk_that_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = writer(tmp_path)
    flight = begun(made)

    def full(*_args: object, **_kwargs: object) -> int:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("linecard.flight.page.os.open", full)
        made.flush()
        flight.put("event", {"event": "lost", "facts": {}})
        made.flush()
    other = begun(made, "f" * 20)
    other.put("event", {"event": "kept", "facts": {}})
    assert [line["event"] for line in finished(made, other).of("event")] == ["kept"]


def test_old_records_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "flights"
    assert delete_before(folder, datetime.now(UTC)) == 0
    folder.mkdir()
    week = time.time() - 8 * 86400
    for name in ("a" * 20 + ".jsonl", "b" * 20 + ".jsonl.gz", "c" * 20 + ".jsonl", "notes.txt"):
        (folder / name).touch()
        if not name.startswith("c"):
            os.utime(folder / name, (week, week))
    assert delete_before(folder, datetime.now(UTC) - timedelta(days=7)) == 2
    assert sorted(file.name for file in folder.iterdir()) == ["c" * 20 + ".jsonl", "notes.txt"]
    assert delete_calls(folder, ["c" * 20, "d" * 20]) == 1
    with pytest.raises(ValueError, match="not the id"):
        delete_calls(folder, ["../notes"])


def test_a_start_can_be_read(tmp_path: Path) -> None:
    made = writer(tmp_path)
    flight = begun(made)
    started = StreamStarted("s1", {"call": "c1"}, None, None)
    flight.put("came", (1, '{"event":"start"}', (started,)))
    (line,) = finished(made, flight).of("in")
    assert line["events"] == ["StreamStarted"]
    assert line["text"] == '{"event":"start"}'
