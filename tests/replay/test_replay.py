"""Recorded calls through today's code: no difference where nothing has changed, and a clear one where something has."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from linecard.calls import CallStatus
from linecard.cli import app
from linecard.errors import InvalidField
from linecard.events import LegEnded
from linecard.exchange import deciding, endings, folding
from linecard.flight.reading import read
from linecard.media.codec import Codec
from linecard.media.outgoing import Outgoing
from linecard.replay import replay
from linecard.replay.report import Report
from linecard.verbs import Redirect
from tests.calls.telephone import CUSTOMER, Telephone
from tests.calls.test_enhancing import Enhancers, with_enhancers
from tests.replay.recording import BY_API, PROVIDERS, SCENARIOS, TALKER, recorded

Change = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_nothing_has_changed(tmp_path: Path, provider: str, scenario: str) -> None:
    file = await recorded(tmp_path, provider, SCENARIOS[scenario])
    report = await asyncio.to_thread(replay, file)
    assert report.is_same, "\n".join(report.lines())
    assert report.compared["replies"] + report.compared["requests to the carrier"] > 0
    assert report.compared["events"] > 0


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
@pytest.mark.parametrize("scenario", BY_API)
async def test_what_the_api_asked_is_asked_again(
    tmp_path: Path, provider: str, scenario: str
) -> None:
    file = await recorded(tmp_path, provider, BY_API[scenario])
    asked = {line["ask"] for line in read(file).of("ask")}
    wanted = {"cancelled": {"hang-up-by-api"}, "commanded": {"record-by-api", "begin_transfer"}}
    assert asked >= wanted[scenario]
    report = await asyncio.to_thread(replay, file)
    assert report.is_same, "\n".join(report.lines())


async def test_a_call_whose_noise_was_taken_out_is_replayed_without_the_enhancer(
    tmp_path: Path,
) -> None:
    async def enhanced(world: Telephone) -> str:
        world.carrier.phones[CUSTOMER] = TALKER
        await world.register(enhance="inverter")
        return str((await world.dial())["id"])

    settings: Any = {"plugins": with_enhancers(Enhancers())}
    file = await recorded(tmp_path, "plivo", enhanced, **settings)
    assert "enhanced" in [line["name"] for line in read(file).timeline]
    report = await asyncio.to_thread(replay, file)
    assert report.is_same, "\n".join(report.lines())


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_nothing_has_changed_in_the_sound_either(
    tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await recorded(
        tmp_path, provider, SCENARIOS["goes out"], flight_audio="true", flight_gzip="true"
    )
    report = await asyncio.to_thread(replay, file)
    assert report.is_same, "\n".join(report.lines())
    assert report.compared["messages sent"] > 10
    whole = Codec.encode
    monkeypatch.setattr(Codec, "encode", lambda codec, pcm: whole(codec, pcm)[::-1])
    changed = await asyncio.to_thread(replay, file)
    assert [one.what for one in changed.differences] == ["messages sent on stream 1"]
    assert max(map(len, changed.lines())) < 200


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One record of each kind of call, to be replayed many times."""
    made = {}
    for name in ("busy human", "hung up by api"):
        folder = tmp_path_factory.mktemp("flights")
        made[name] = asyncio.run(recorded(folder, PROVIDERS[0], SCENARIOS[name]))
    return made


def run(file: Path) -> Report:
    return replay(file)


def shown(report: Report) -> str:
    return "\n".join(report.lines())


def ends_badly(patch: pytest.MonkeyPatch) -> None:
    """The table of statuses takes every end for a failure."""

    def failed(call: Any, event: Any, at: Any) -> Any:
        return folding._ended(call, replace(event, status=CallStatus.FAILED), at)

    patch.setattr(folding, "FOLDS", {**folding.FOLDS, LegEnded: failed})


def has_no_tail(patch: pytest.MonkeyPatch) -> None:
    """A document without what comes behind its stream."""
    whole = deciding.stream_verbs

    async def bare(*args: Any, **kwargs: Any) -> Any:
        return [verb for verb in await whole(*args, **kwargs) if not isinstance(verb, Redirect)]

    patch.setattr(deciding, "stream_verbs", bare)


def clears_nothing(patch: pytest.MonkeyPatch) -> None:
    """A barge-in that the carrier is not told of."""
    patch.setattr(Outgoing, "clear", lambda _self, _now: None)


def hangs_up_never(patch: pytest.MonkeyPatch) -> None:
    """A hang-up that the carrier is not asked for."""

    async def nothing(*_args: Any) -> bool:
        return True

    patch.setattr(endings, "_try_end", nothing)


def writes_no_line(patch: pytest.MonkeyPatch) -> None:
    """An event that is not told any more."""
    patch.setattr("linecard.exchange.inbox.event_name", lambda _event: "something")


CHANGES: list[tuple[str, Change, str]] = [
    ("busy human", ends_badly, 'call.status\n  - "completed"\n  + "failed"'),
    ("busy human", has_no_tail, "reply to answer"),
    ("busy human", clears_nothing, "messages sent on stream 1"),
    ("busy human", writes_no_line, "the call's record, line by line"),
    ("hung up by api", hangs_up_never, "requests to the carrier"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "change", "told"), CHANGES)
def test_a_change_is_told(
    files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    scenario: str,
    change: Change,
    told: str,
) -> None:
    assert run(files[scenario]).is_same
    change(monkeypatch)
    report = run(files[scenario])
    assert not report.is_same
    assert told in shown(report)
    assert "difference" in shown(report).splitlines()[-1]


def test_the_command_says_it_and_exits_with_1(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(files["busy human"])
    same = CliRunner().invoke(app, ["replay", file])
    assert same.exit_code == 0, same.output
    assert same.output.splitlines()[-1] == "no difference"
    ends_badly(monkeypatch)
    changed = CliRunner().invoke(app, ["replay", file])
    assert changed.exit_code == 1
    assert 'call.status\n  - "completed"\n  + "failed"' in changed.output


def test_a_replay_leaves_nothing_behind_and_sends_nothing(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("socket.socket.connect", _refuse)
    monkeypatch.setattr("socket.socket.listen", _refuse)
    before = files["busy human"].read_bytes()
    assert run(files["busy human"]).is_same
    assert list(tmp_path.iterdir()) == []
    assert files["busy human"].read_bytes() == before


def _refuse(*_args: object) -> None:
    raise AssertionError("a replay uses no network")


def test_a_record_that_is_cut_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / files["busy human"].name
    shutil.copy(files["busy human"], file)
    file.write_text(file.read_text() + '{"t":99.0,"k":"cut","what":"sound","bytes":1}\n')
    assert "note: the record is cut" in shown(run(file))


def test_what_is_no_record_or_of_another_version_is_refused(
    files: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    text = files["busy human"].read_text()
    file.write_text(text.replace('"version":1', '"version":99', 1))
    with pytest.raises(InvalidField, match="version 99"):
        run(file)
    file.write_text(text.replace('"provider":"', '"provider":"un', 1))
    with pytest.raises(InvalidField, match="not installed"):
        run(file)
    file.write_text("nothing")
    with pytest.raises(InvalidField, match="no flight record"):
        run(file)
