"""Faults in what is declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from linecard import (
    AudioFormat,
    CallLookup,
    ChunkRule,
    ConfigurationError,
    Encoding,
    Facts,
    Number,
    RecordAt,
    Secret,
    StreamFormat,
    StreamProfile,
    hookimpl,
    same_both_ways,
)
from tests.conformance.faulty.registry import caught_by
from tests.conformance.tin import FACTS, PROFILE, Tin


def profiles(*given: StreamProfile) -> Any:
    def stream_profiles() -> Sequence[StreamProfile]:
        return given

    return staticmethod(hookimpl(stream_profiles))


def facts(**changes: Any) -> Any:
    def changed() -> Facts:
        return replace(FACTS, **changes)

    return staticmethod(hookimpl(changed, specname="facts"))


@caught_by("static_hooks_are_asked_without_an_account")
class FactsOfAnInstance(Tin):
    @hookimpl
    def facts(self) -> Facts:  # type: ignore[override]
        return FACTS


@caught_by("settings_are_a_frozen_dataclass")
class SettingsThatChange(Tin):
    @dataclass
    class settings:  # noqa: N801
        account: str
        secret: Secret


@caught_by("what_looks_like_a_credential_is_a_secret")
class SecretAsText(Tin):
    @dataclass(frozen=True)
    class settings:  # noqa: N801
        account: str
        secret: str


@caught_by("secrets_print_nowhere")
class PrintsItsSecret(Tin):
    def __repr__(self) -> str:
        return f"Tin({self._settings.secret.reveal()})"


@caught_by("complaints_about_settings_show_no_secret")
class ComplainsAloud(Tin):
    def __init__(self, account: str, settings: Any) -> None:
        super().__init__(account, settings)
        if len(settings.secret.reveal()) < 10:
            raise ConfigurationError(f"{settings.secret.reveal()!r} is too short")


@caught_by("two_accounts_are_two_instances")
class AllAccountsAreEqual(Tin):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tin)

    def __hash__(self) -> int:
        return 1


@caught_by("a_profiles_chunks_are_legal_for_its_codec")
class ChunksCutSamples(Tin):
    stream_profiles = profiles(
        replace(
            PROFILE,
            format=same_both_ways(AudioFormat(Encoding.L16, 8000)),
            chunk=ChunkRule(161, 161, 8050),
        )
    )


@caught_by("a_profiles_chunks_are_legal_for_its_codec")
class ChunksOfNoSize(Tin):
    stream_profiles = profiles(replace(PROFILE, chunk=ChunkRule(160, 8000, 160)))


@caught_by("a_profile_sends_ahead_by_at_least_a_chunk")
class SendsLate(Tin):
    stream_profiles = profiles(replace(PROFILE, lead_ms=10))


@caught_by("there_is_a_profile_and_their_names_differ")
class OneNameTwice(Tin):
    stream_profiles = profiles(PROFILE, PROFILE)


@caught_by("what_a_profile_lacks_are_hooks_that_the_provider_has")
class LacksWhatIsNoHook(Tin):
    stream_profiles = profiles(replace(PROFILE, lacks=frozenset({"hangup"})))


@caught_by("a_profile_names_a_transport_that_is_known")
class ByPigeon(Tin):
    stream_profiles = profiles(replace(PROFILE, transport="pigeon"))


@caught_by("facts_are_plausible")
class NoCallsPerSecond(Tin):
    facts = facts(calls_per_second=0)


@caught_by("facts_are_plausible")
class DetectsWhatNobodyAsks(Tin):
    facts = facts(machine_detection=frozenset({"async"}))


@caught_by("recording_is_asked_for_where_the_hooks_can_ask")
class RecordsWithoutTheHook(Tin):
    facts = facts(record_outbound=RecordAt.LIVE)


@caught_by("consultation_comes_with_transfer")
class ConsultsWithoutTransfer(Tin):
    facts = facts(consults=True)


@caught_by("the_format_of_a_number_is_that_of_its_profile")
class AnotherFormat(Tin):
    @staticmethod
    @hookimpl
    def stream_format(number: Number, profile: str) -> StreamFormat:
        return same_both_ways(AudioFormat(Encoding.PCMA, 8000))


@caught_by("a_hook_is_async_exactly_where_it_is_awaited")
class AnswersLater(Tin):
    @hookimpl
    async def parse_callback(self, request: Any) -> Any:  # type: ignore[override]
        return super().parse_callback(request)


@caught_by("its_public_methods_are_hooks_of_the_contract")
class ForgetsTheMark(Tin):
    async def search_calls(self, from_: str, to: Any, since: float) -> Sequence[CallLookup]:
        return ()


@caught_by("linecard_takes_it_as_a_plugin")
class HookThatIsNone(Tin):
    @hookimpl
    async def hangup_call(self, call: Any) -> None:
        """A name of another contract."""


@caught_by("every_hook_takes_exactly_the_arguments_of_the_contract")
class OwnArguments(Tin):
    @hookimpl
    async def hang_up(self, call: Any, force: bool) -> Any:  # type: ignore[override]
        return await super().hang_up(call)
