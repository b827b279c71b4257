"""Checks that reading and writing touch nothing but their arguments."""

from __future__ import annotations

import builtins
import io
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from unittest.mock import patch

import pytest

from linecard.errors import LinecardError
from linecard.testing.case import Case
from linecard.testing.messages import filled
from linecard.testing.samples import Fill, MediaSamples, Sample
from linecard.verbs import Hangup, Reason

PLACES: tuple[tuple[Any, str], ...] = (
    (socket, "socket"),
    (socket, "create_connection"),
    (socket, "getaddrinfo"),
    (builtins, "open"),
    (io, "open"),
    (os, "open"),
    (os, "getenv"),
    (os, "system"),
    (time, "sleep"),
    (subprocess, "Popen"),
)


class Touched(AssertionError):
    """A provider did what it must not do there."""


class _NoEnvironment(dict[str, str]):
    """An environment that nobody may read."""

    def __getitem__(self, name: str) -> str:
        raise Touched(f"the environment was read: {name}")

    def get(self, name: str, *_default: Any) -> Any:
        """Refuse."""
        raise Touched(f"the environment was read: {name}")

    def __contains__(self, name: object) -> bool:
        raise Touched(f"the environment was read: {name}")


def _refuse(name: str) -> Callable[..., Any]:
    def refuse(*_args: object, **_named: object) -> Any:
        raise Touched(f"{name} was called")

    return refuse


@contextmanager
def forbidden(_case: Case | None = None) -> Iterator[None]:
    """Within the block, sockets, files, processes, sleep and the environment raise Touched."""
    with ExitStack() as stack:
        for module, name in PLACES:
            full = f"{getattr(module, '__name__', module)}.{name}"
            stack.enter_context(patch.object(module, name, _refuse(full)))
        stack.enter_context(patch.object(os, "environ", _NoEnvironment()))
        yield


class Purity(Case):
    """No I/O, no clock to wait for, no environment, outside of hooks that are awaited."""

    def test_verifying_touches_nothing(self, sample: Sample) -> None:
        self.bench.needs("verify_request")
        provider, request = self.bench.make(), self.bench.request(sample)
        self._twice(lambda: self.bench.verify(request, provider))

    def test_verifying_a_handshake_touches_nothing(self) -> None:
        self.bench.needs("verify_request")
        provider, request = self.bench.make(), self.bench.handshake()
        self._twice(lambda: self.bench.verify(request, provider))

    def test_parsing_touches_nothing(self, sample: Sample) -> None:
        self.bench.needs("parse_callback")
        provider, request = self.bench.make(), self.bench.request(sample)
        self._twice(lambda: self.bench.parse(request, provider))

    def test_answering_touches_nothing(self) -> None:
        self.bench.needs("answer")
        provider = self.bench.make()
        self._twice(lambda: provider.answer(self.bench.call(), [Hangup()], Reason.ANSWER))

    def test_reading_a_stream_touches_nothing(self, media: MediaSamples) -> None:
        self.bench.needs("open_stream")
        profile = self.bench.profile(media.profile)
        provider = self.bench.make()

        def read() -> None:
            stream = provider.open_stream(profile)
            stream.receive(filled(media.start, Fill()))
            stream.receive(filled(media.media, Fill(audio=bytes(320))))
            stream.play(bytes(profile.chunk.smallest))
            stream.mark("m")
            stream.clear()

        self._twice(read)

    def test_opening_an_account_reads_no_environment(self) -> None:
        self.bench.make()
        with forbidden():
            self.bench.make()

    def _twice(self, ask: Callable[[], object]) -> None:
        """Once freely, so that lazy imports are over; then with everything forbidden."""
        with suppress(LinecardError):
            ask()
        with forbidden(), suppress(LinecardError):
            ask()

    def test_a_sample_is_believed_whatever_the_environment_says(self) -> None:
        """Settings come to the class; nothing else decides."""
        self.bench.needs("verify_request")
        samples = self.bench.samples()
        if not samples:
            pytest.skip("the test has no samples")
        request = self.bench.request(next(iter(samples.values())))
        name = self.bench.known_as().upper()
        strange = {f"{name}_{one.upper()}": "elsewhere" for one in self.bench.case.settings}
        with patch.dict(os.environ, strange):
            self.bench.verify(request)
