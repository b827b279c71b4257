"""An address of S3, against a storage on loopback that checks signatures: what is sent, and what is told when it fails."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest
from tests.s3.serving import ADDRESS, BUCKET, KEY, SECRET, Store, storing
from tests.s3.signing import Asked, Wrong, check

from linecard.listening import free_port
from linecard.storage import Storage, open_storage

NAME = "2026/11/24/a call-1.wav"
AT = f"/{BUCKET}/recordings/2026/11/24/a%20call-1.wav"


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    async with storing(monkeypatch) as running:
        yield running


def opened() -> Storage:
    storage = open_storage(ADDRESS)
    assert storage is not None
    return storage


async def put(storage: Storage, body: bytes, name: str = NAME) -> None:
    async with storage.draft() as draft:
        await asyncio.to_thread(draft.write_bytes, body)
        await storage.put(draft, name)


async def test_a_file_is_put_whole_read_in_parts_and_deleted(store: Store) -> None:
    storage, body = opened(), os.urandom(3_000_000)
    await put(storage, body)
    assert store.files == {f"recordings/{NAME}": body}
    assert store.asked == [f"PUT {AT}", f"HEAD {AT}"], "no right on the bucket itself is needed"
    assert await storage.size(NAME) == len(body)
    assert b"".join([part async for part in storage.read(NAME)]) == body
    await storage.delete(NAME)
    await storage.delete(NAME)
    assert store.files == {}
    assert store.refused == []
    with pytest.raises(FileNotFoundError):
        await storage.size(NAME)


@pytest.mark.slow
async def test_a_large_file_goes_in_parts(store: Store) -> None:
    storage, size = opened(), (110 << 20) + 1
    async with storage.draft() as draft:
        with draft.open("wb") as file:
            file.truncate(size)
        await storage.put(draft, NAME)
    assert len(store.files[f"recordings/{NAME}"]) == size
    assert store.asked.count(f"POST {AT}") == 2
    assert store.buckets.uploads == {}
    read = [len(part) async for part in storage.read(NAME)]
    assert (sum(read), max(read)) == (size, 1 << 20)
    assert store.refused == []


def unknown_key(store: Store) -> None:
    store.secrets = {"AKIDOTHER": SECRET}


def other_secret(store: Store) -> None:
    store.secrets = {KEY: "of somebody else"}


def no_bucket(store: Store) -> None:
    del store.buckets.objects[BUCKET]


WRONGS: dict[str, tuple[Callable[[Store], None], str]] = {
    "key": (unknown_key, "Access Key Id you provided does not exist"),
    "secret": (other_secret, "signature we calculated does not match"),
    "bucket": (no_bucket, "bucket does not exist"),
}


@pytest.mark.parametrize("wrong", WRONGS)
async def test_what_is_wrong_is_told_and_nothing_is_made(store: Store, wrong: str) -> None:
    """A bucket that is missing is a name that is wrong, and is not made by us."""
    change, told = WRONGS[wrong]
    change(store)
    storage = opened()
    with pytest.raises(OSError, match=told):
        await put(storage, b"abc")
    with pytest.raises(OSError, match=told):
        await storage.delete(NAME)
    with pytest.raises(OSError, match=r"Forbidden|bucket does not exist"):
        await storage.size(NAME)
    assert not any(store.buckets.objects.values())
    assert (BUCKET in store.buckets.objects) is (wrong != "bucket")


async def test_an_address_that_refuses_the_connection_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setitem(fsspec.config.conf["s3"], "endpoint_url", url)
    with pytest.raises(OSError, match="nobody answers at its address"):
        await put(opened(), b"abc")


async def test_missing_credentials_are_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(OSError, match=r"no credentials were found|credentials are not complete"):
        await put(opened(), b"abc")


async def test_a_storage_that_is_busy_for_a_moment_is_asked_again(store: Store) -> None:
    store.busy = 1
    await put(opened(), b"abc")
    assert list(store.files.values()) == [b"abc"]
    assert store.refused == ["SlowDown"]


async def test_a_storage_that_keeps_less_than_it_was_sent_keeps_nothing(store: Store) -> None:
    store.keeps = 2
    with pytest.raises(OSError, match="2 bytes of 3"):
        await put(opened(), b"abc")
    assert store.files == {}


async def test_a_slow_storage_holds_neither_the_loop_nor_the_threads_of_others(
    store: Store,
) -> None:
    """More files than the loop's own threads, each of them waiting for a second and more: whoever had to wait for
    one of them would have a turn or two in all."""
    storage, store.delay = opened(), 1.0
    work = [asyncio.create_task(put(storage, b"abc", f"{n}.wav")) for n in range(12)]
    turns, began = 0, time.monotonic()
    while not all(task.done() for task in work):
        await asyncio.to_thread(os.getpid)
        await asyncio.sleep(0.01)
        turns += 1
    await asyncio.gather(*work)
    assert len(store.files) == 12
    assert time.monotonic() - began > 2.0
    assert turns > 20


async def test_the_environment_alone_says_where_it_is_and_who_we_are(
    store: Store, tmp_path: Path
) -> None:
    """As an operator sets it, in a process of its own."""
    script = (
        "import asyncio, sys\n"
        "from linecard.storage import open_storage\n"
        "async def main():\n"
        "    storage = open_storage(sys.argv[1])\n"
        "    async with storage.draft() as draft:\n"
        "        draft.write_bytes(b'abc')\n"
        "        await storage.put(draft, 'a.wav')\n"
        "asyncio.run(main())\n"
    )
    url = fsspec.config.conf["s3"]["endpoint_url"]
    environment = {**os.environ, "FSSPEC_S3_ENDPOINT_URL": url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, ADDRESS, env=environment, cwd=tmp_path
    )
    assert await process.wait() == 0
    assert store.files == {"recordings/a.wav": b"abc"}


EXAMPLE = Asked(
    "GET",
    "/test.txt",
    "",
    {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-amz-date": "20130524T000000Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
    b"",
)
"""AWS' own example of a GET, with the signature that its documentation works out."""
KNOWN = {"AKIAIOSFODNN7EXAMPLE": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
THEN = datetime(2013, 5, 24, tzinfo=UTC)


def test_the_storage_checks_signatures_as_aws_documents_them() -> None:
    check(EXAMPLE, KNOWN, "us-east-1", THEN)
    for changed in (
        Asked("GET", "/test.txt?", "", EXAMPLE.headers, b""),
        Asked("PUT", "/test.txt", "", EXAMPLE.headers, b""),
        Asked("GET", "/test.txt", "acl", EXAMPLE.headers, b""),
        Asked("GET", "/test.txt", "", {**EXAMPLE.headers, "range": "bytes=0-10"}, b""),
        Asked("GET", "/test.txt", "", EXAMPLE.headers, b"more"),
    ):
        with pytest.raises(Wrong):
            check(changed, KNOWN, "us-east-1", THEN)
    with pytest.raises(Wrong):
        check(EXAMPLE, KNOWN, "us-east-1", THEN.replace(hour=1))
    with pytest.raises(Wrong):
        check(EXAMPLE, KNOWN, "eu-west-1", THEN)
