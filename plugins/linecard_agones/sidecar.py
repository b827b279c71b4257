"""The sidecar that Agones puts into every pod: its SDK by REST, on this machine alone.

Answers have proto names (`object_meta`), and `/watch/gameserver` is one JSON object a line: the game server as
it is now, and again whenever it changes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import TypeVar

import httpx2
import msgspec

from linecard import trusted
from linecard_agones.faults import SidecarUnavailable

SECONDS = 3.0
"""For one request."""
FOREVER = httpx2.Timeout(SECONDS, read=None)
"""Nothing is sent while nothing changes."""


class Meta(msgspec.Struct):
    """Of a game server."""

    name: str = ""
    annotations: dict[str, str] | None = None


class Status(msgspec.Struct):
    """Of a game server; `state` in Agones' words: `Ready`, `Allocated`, `Shutdown`."""

    state: str = ""


class GameServer(msgspec.Struct):
    """This pod as Agones knows it."""

    object_meta: Meta | None = None
    status: Status | None = None

    @property
    def name(self) -> str:
        """Its name, which is the pod's."""
        return self.object_meta.name if self.object_meta else ""

    @property
    def state(self) -> str:
        """Empty where Agones has none yet."""
        return self.status.state if self.status else ""

    def annotation(self, key: str) -> str | None:
        """What was noted on it."""
        return ((self.object_meta and self.object_meta.annotations) or {}).get(key)


Shape = TypeVar("Shape", bound=msgspec.Struct)


class _Watched(msgspec.Struct):
    result: GameServer | None = None


class Sidecar:
    """The sidecar at an address, `http://HOST:PORT`. All of it raises SidecarUnavailable."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url, verify=trusted(), trust_env=False, timeout=SECONDS
        )

    async def __aenter__(self) -> Sidecar:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def ready(self) -> None:
        """This pod can take a call."""
        await self._post("/ready")

    async def health(self) -> None:
        """This process lives. Agones kills a pod that is not heard of."""
        await self._post("/health")

    async def shut_down(self) -> None:
        """This pod has had its call: it is to go, and the fleet makes another. Safe to repeat."""
        await self._post("/shutdown")

    async def game_server(self) -> GameServer:
        """This pod as it stands."""
        return _read(await self._asked("GET", "/gameserver"), GameServer)

    async def watch(self) -> AsyncGenerator[GameServer, None]:
        """This pod as it stands, and whenever it changes, until the stream ends."""
        try:
            async with self._client.stream("GET", "/watch/gameserver", timeout=FOREVER) as stream:
                _check(stream)
                async for line in stream.aiter_lines():
                    seen = _read(line.encode(), _Watched).result if line.strip() else None
                    if seen is not None:
                        yield seen
        except httpx2.HTTPError as error:
            raise SidecarUnavailable(_why(error)) from error

    async def _post(self, path: str) -> None:
        await self._asked("POST", path)

    async def _asked(self, method: str, path: str) -> bytes:
        body: dict[str, str] | None = {} if method == "POST" else None
        try:
            answer = await self._client.request(method, path, json=body)
        except httpx2.HTTPError as error:
            raise SidecarUnavailable(_why(error)) from error
        _check(answer)
        return answer.content


def _check(answer: httpx2.Response) -> None:
    if answer.status_code != httpx2.codes.OK:
        raise SidecarUnavailable(f"the sidecar said {answer.status_code} to {answer.url.path}")


def _read(body: bytes, kind: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SidecarUnavailable(f"the sidecar's answer cannot be read: {error}") from error


def _why(error: httpx2.HTTPError) -> str:
    return f"the sidecar does not answer: {str(error) or type(error).__name__}"
