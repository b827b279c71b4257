"""A second provider, which carries no calls: one stream profile that is built, one that is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from linecard import (
    AudioFormat,
    CarrierRequest,
    ChunkRule,
    Encoding,
    Facts,
    Proof,
    RecordAt,
    RequestRefused,
    StreamProfile,
    hookimpl,
    same_both_ways,
)
from linecard.plugins import Plugins

FORMAT = same_both_ways(AudioFormat(Encoding.PCMU, 8000))
CHUNK = ChunkRule(160, 160, 1600)


@dataclass(frozen=True)
class AcmeSettings:
    key: str


class Acme:
    settings = AcmeSettings

    def __init__(self, account: str, settings: AcmeSettings) -> None:
        pass

    @staticmethod
    @hookimpl
    def facts() -> Facts:
        return Facts(
            calls_per_second=1,
            above_limit="refused",
            max_call_seconds=600,
            max_ring_seconds=60,
            record_outbound=RecordAt.THEIRS,
            record_inbound=RecordAt.THEIRS,
        )

    @staticmethod
    @hookimpl
    def stream_profiles() -> Sequence[StreamProfile]:
        return (
            StreamProfile(name="narrow", format=FORMAT, chunk=CHUNK),
            StreamProfile(name="dialled", format=FORMAT, chunk=CHUNK, transport="websocket-out"),
        )

    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        raise RequestRefused("nobody calls here")


def with_acme() -> Plugins:
    """What is installed, and this provider."""
    mine = EntryPoint("acme", "tests.calls.acme:Acme", "linecard")
    return Plugins.discover([*entry_points(group="linecard"), mine])
