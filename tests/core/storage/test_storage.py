"""Our storage of recordings: a folder, addresses that fsspec knows, and what a sound file is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.calls.files import mp3, sound

from linecard.errors import ConfigurationError
from linecard.storage import open_storage
from linecard.storage.sounds import Broken, Sound, inspect


async def test_a_file_is_put_whole_read_in_parts_and_deleted(tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path / "deep" / "down"))
    assert storage is not None
    body = bytes(range(256)) * 4096
    async with storage.draft() as draft:
        assert draft.stat().st_mode & 0o077 == 0
        draft.write_bytes(body)
        await storage.put(draft, "2026/11/a.wav")
    assert not draft.exists()
    assert await storage.size("2026/11/a.wav") == len(body)
    assert b"".join([part async for part in storage.read("2026/11/a.wav")]) == body
    await storage.delete("2026/11/a.wav")
    await storage.delete("2026/11/a.wav")
    with pytest.raises(FileNotFoundError):
        await storage.size("2026/11/a.wav")


@pytest.fixture(params=["memory://recordings/calls", "file"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Addresses that fsspec knows without further packages."""
    pytest.importorskip("fsspec", reason="fsspec comes with the extra s3, which is not installed")
    return f"file://{tmp_path}/far/away" if request.param == "file" else str(request.param)


async def test_fsspec_keeps_a_file_whole_and_gives_it_back_in_parts(address: str) -> None:
    storage = open_storage(address)
    assert storage is not None
    body = bytes(range(256)) * 8192
    for _ in range(2):  # another of that name is replaced
        async with storage.draft() as draft:
            assert draft.stat().st_mode & 0o077 == 0
            draft.write_bytes(body)
            await storage.put(draft, "2026/11/a.wav")
        assert not draft.exists()
    again = open_storage(address)
    assert again is not None
    assert await again.size("2026/11/a.wav") == len(body)
    assert b"".join([part async for part in again.read("2026/11/a.wav")]) == body
    await again.delete("2026/11/a.wav")
    await again.delete("2026/11/a.wav")
    with pytest.raises(FileNotFoundError):
        await storage.size("2026/11/a.wav")


async def test_a_storage_that_keeps_less_than_it_was_sent_fails_and_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("fsspec", reason="fsspec comes with the extra s3, which is not installed")
    storage = open_storage("memory://torn")
    files = storage._files  # type: ignore[union-attr]
    assert storage is not None

    def torn(source: str, target: str) -> None:
        files.pipe_file(target, Path(source).read_bytes()[:-1])

    monkeypatch.setattr(files, "put_file", torn)
    async with storage.draft() as draft:
        draft.write_bytes(sound())
        with pytest.raises(OSError, match="bytes of"):
            await storage.put(draft, "a.wav")
    with pytest.raises(FileNotFoundError):
        await storage.size("a.wav")


async def test_whatever_a_storage_raises_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec", reason="fsspec comes with the extra s3, which is not installed")
    storage = open_storage("memory://denied")
    assert storage is not None

    def refused(*_: object) -> None:
        raise RuntimeError("AccessDenied, key AKIA")

    monkeypatch.setattr(storage._files, "put_file", refused)  # type: ignore[attr-defined]
    async with storage.draft() as draft:
        with pytest.raises(OSError, match="RuntimeError") as failed:
            await storage.put(draft, "a.wav")
        assert "AKIA" not in str(failed.value)


async def test_a_draft_that_was_not_put_leaves_nothing(tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path))
    assert storage is not None
    with pytest.raises(RuntimeError):
        async with storage.draft():
            raise RuntimeError
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_off_is_no_storage() -> None:
    assert open_storage("off") is None


def test_an_address_without_fsspec_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ConfigurationError, match=r'pip install "linecard\[s3\]"'):
        open_storage("s3://bucket/recordings")


def test_a_folder_needs_no_fsspec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert open_storage(str(tmp_path)) is not None


def test_a_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for body, media_type, found in (
        (sound(channels=2), "audio/mpeg", Sound("wav", 2, 1.0)),
        (b"ID3\x04" + bytes(6) + mp3(1), "", Sound("mp3", 1, 0.072)),
        (mp3(2), "application/octet-stream", Sound("mp3", 1, 0.144)),
        (b"OggS", "audio/ogg", Sound("bin")),
    ):
        path.write_bytes(body)
        assert inspect(path, media_type) == found


def test_a_writer_that_did_not_know_the_end_is_believed(tmp_path: Path) -> None:
    wav = bytearray(sound())
    wav[4:8] = wav[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "x").write_bytes(wav)
    assert inspect(tmp_path / "x", "") == Sound("wav", 1, 1.0)


@pytest.mark.parametrize("cut", [12, 20, 43, 44, 100, -1])
def test_a_torn_wav_is_seen(tmp_path: Path, cut: int) -> None:
    (tmp_path / "x").write_bytes(sound()[:cut])
    with pytest.raises(Broken):
        inspect(tmp_path / "x", "audio/wav")


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}"])
def test_what_is_no_sound_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x").write_bytes(body)
    with pytest.raises(Broken):
        inspect(tmp_path / "x", "text/html")
