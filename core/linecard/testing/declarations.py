"""Checks of what a provider declares, without an account."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any, get_type_hints

import pytest

from linecard.calls import Machine
from linecard.carrier import Facts, RecordAt
from linecard.errors import ConfigurationError
from linecard.hookspecs import ProviderHooks
from linecard.media.chunks import chunk_size
from linecard.media.formats import Encoding, StreamFormat, StreamProfile
from linecard.plugins.implemented import capabilities, faults, hooks_to_do
from linecard.plugins.specs import PROVIDER, STATIC, may_be_async
from linecard.settings import Secret
from linecard.testing.case import Case

LOOKS_SECRET = ("token", "secret", "password", "api_key", "auth_key", "private")
TRANSPORTS = {"websocket-in", "websocket-out", "tcp-in"}
LONGEST_CALL = 48 * 3600
SHORTEST_CALL = 30
LONGEST_RING = 900
SHORTEST_RING = 5
MOST_CALLS_PER_SECOND = 1000
LONGEST_LEAD_MS = 5000
RATES = {8000, 16000, 24000, 48000}


class Declarations(Case):
    """Settings, facts, stream profiles and the set of hooks."""

    def test_linecard_takes_it_as_a_plugin(self) -> None:
        wrong = faults(self.bench.provider)
        assert not wrong, "; ".join(wrong)

    @pytest.mark.parametrize("hook", ["facts", "stream_profiles"])
    def test_it_has_a_hook_that_every_provider_needs(self, hook: str) -> None:
        assert hook in self.bench.hooks(), f"{hook} is not implemented"

    def test_static_hooks_are_asked_without_an_account(self) -> None:
        for hook in sorted(STATIC & self.bench.hooks()):
            declared = inspect.getattr_static(self.bench.provider, hook)
            assert isinstance(declared, staticmethod | classmethod), f"{hook} needs an instance"

    def test_facts_and_profiles_are_the_same_each_time(self) -> None:
        assert self.bench.provider.facts() == self.bench.provider.facts()
        assert tuple(self.bench.provider.stream_profiles()) == tuple(
            self.bench.provider.stream_profiles()
        )

    def test_every_hook_takes_exactly_the_arguments_of_the_contract(self, hook: str) -> None:
        declared = inspect.signature(getattr(self.bench.provider, hook)).parameters
        taken = [name for name in declared if name != "self"]
        known = list(PROVIDER[hook].parameters)
        assert set(taken) <= set(known), f"{hook} takes {taken}, the contract has {known}"
        ordered = [name for name in known if name in taken]
        assert taken == ordered, f"{hook} has its arguments in another order than {known}"

    def test_a_hook_is_async_exactly_where_it_is_awaited(self, hook: str) -> None:
        is_async = inspect.iscoroutinefunction(getattr(self.bench.provider, hook))
        assert not is_async or may_be_async(hook), f"{hook} is async, and nobody awaits it"

    def test_its_public_methods_are_hooks_of_the_contract(self) -> None:
        known = set(PROVIDER) | {name for name in vars(ProviderHooks) if not name.startswith("_")}
        known -= hooks_to_do(self.bench.provider)
        for name, value in vars(self.bench.provider).items():
            looks_like = callable(value) or isinstance(value, staticmethod | classmethod)
            if looks_like and not name.startswith("_") and not isinstance(value, type):
                assert name not in known or name in self.bench.hooks(), (
                    f"{name} lacks its @hookimpl"
                )

    # --- settings ---

    def test_settings_are_a_frozen_dataclass(self) -> None:
        settings = self.bench.settings_class()
        assert is_dataclass(settings), f"{settings} is not a dataclass"
        made = self.bench.read_settings()
        first = fields(settings)[0].name
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
            setattr(made, first, getattr(made, first))

    def test_what_looks_like_a_credential_is_a_secret(self) -> None:
        hints = get_type_hints(self.bench.settings_class())
        unknown = self.bench.case.public - set(hints)
        assert not unknown, f"`public` names no setting: {sorted(unknown)}"
        for field in fields(self.bench.settings_class()):
            is_public = "public" in field.name or field.name.endswith("_url")
            is_public |= field.name in self.bench.case.public
            if not is_public and any(word in field.name for word in LOOKS_SECRET):
                known = (hints[field.name], *getattr(hints[field.name], "__args__", ()))
                assert Secret in known, f"{field.name} is a {hints[field.name]}, not a Secret"

    def test_an_account_opens_with_settings_from_text(self) -> None:
        assert self.bench.make() is not None

    def test_secrets_print_nowhere(self) -> None:
        settings = self.bench.read_settings()
        shown = " ".join(
            write(thing)
            for thing in (settings, self.bench.make())
            for write in (repr, str, _details)
        )
        self.bench.assert_no_secret(shown, "repr or str")

    def test_two_accounts_are_two_instances(self) -> None:
        first, second = self.bench.make("one"), self.bench.make("two")
        assert first is not second
        assert len({first, second}) == 2, "two accounts are equal: one would answer for the other"

    @pytest.mark.parametrize("given", ["", "   ", ",", " , "], ids=repr)
    def test_a_secret_without_text_opens_no_account(self, given: str) -> None:
        for name in self.bench.secret_names() or _skip("no setting of the test is a Secret"):
            with pytest.raises((ValueError, ConfigurationError)):
                self.bench.make(**{name: given})

    def test_complaints_about_settings_show_no_secret(self) -> None:
        for name in self.bench.secret_names() or _skip("no setting of the test is a Secret"):
            for wrong in (f"{self.bench.case.settings[name]} zq", "Zq9"):
                try:
                    self.bench.make(**{name: wrong})
                except (ValueError, ConfigurationError) as complaint:
                    assert wrong not in str(complaint), f"the complaint about {name} shows it"

    # --- facts ---

    def test_facts_are_plausible(self) -> None:
        facts: Facts = self.bench.provider.facts()
        assert isinstance(facts, Facts)
        assert 0 < facts.calls_per_second <= MOST_CALLS_PER_SECOND, facts.calls_per_second
        assert facts.above_limit.strip(), "above_limit says nothing"
        assert SHORTEST_CALL <= facts.max_call_seconds <= LONGEST_CALL, facts.max_call_seconds
        assert SHORTEST_RING <= facts.max_ring_seconds <= LONGEST_RING, facts.max_ring_seconds
        assert facts.cost_seconds >= 0, facts.cost_seconds
        known = {machine.value for machine in Machine}
        assert facts.machine_detection <= known, f"{facts.machine_detection - known} is no Machine"

    @pytest.mark.parametrize("side", ["record_outbound", "record_inbound"])
    def test_recording_is_asked_for_where_the_hooks_can_ask(self, side: str) -> None:
        where = getattr(self.bench.provider.facts(), side)
        if where is RecordAt.LIVE:
            assert "start_recording" in self.bench.hooks(), (
                f"{side} is live without start_recording"
            )
        if where is RecordAt.DOCUMENT:
            assert "answer" in self.bench.hooks(), f"{side} is document, and there is no answer"
        if where is RecordAt.DIAL:
            assert "place_call" in self.bench.hooks(), f"{side} is dial without place_call"

    def test_consultation_comes_with_transfer(self) -> None:
        if not self.bench.provider.facts().consults:
            pytest.skip("facts.consults is false")
        assert "transfer" in self.bench.hooks(), "facts.consults without the hook transfer"

    def test_an_end_that_nobody_reports_can_be_looked_up(self) -> None:
        facts = self.bench.provider.facts()
        if facts.reports_ends and not facts.cost_seconds:
            pytest.skip("it reports every end, with its cost")
        assert "find_call" in self.bench.hooks(), (
            "the end or its cost must be looked up by find_call"
        )

    def test_an_unsigned_carrier_tells_what_to_paste(self) -> None:
        if not self.bench.provider.facts().unsigned:
            pytest.skip("facts.unsigned is false")
        assert "setup_steps" in self.bench.hooks(), "facts.unsigned without the hook setup_steps"

    # --- stream profiles ---

    def test_there_is_a_profile_and_their_names_differ(self) -> None:
        names = [profile.name for profile in self.bench.profiles()]
        assert names, "no stream profile"
        assert len(set(names)) == len(names), f"two stream profiles of one name: {names}"

    def test_a_profile_has_a_codec_that_exists(self, profile: StreamProfile) -> None:
        for audio in (profile.format.inbound, profile.format.outbound):
            assert audio.encoding in Encoding, audio
            assert audio.rate in RATES, f"{audio.rate} Hz"
            assert audio.byte_order in ("little", "big"), audio.byte_order
            narrow = audio.encoding is Encoding.L16 or audio.rate <= 16000
            assert narrow, f"{audio} is no codec of telephones"

    def test_a_profiles_chunks_are_legal_for_its_codec(self, profile: StreamProfile) -> None:
        rule, audio = profile.chunk, profile.format.outbound
        assert rule.multiple >= 1, f"{profile.name}: chunks in multiples of {rule.multiple}"
        assert rule.multiple % audio.sample_bytes == 0, f"{profile.name}: a chunk cuts a sample"
        assert 0 < rule.smallest <= rule.largest, f"{profile.name}: {rule}"
        size = chunk_size(profile, audio)
        assert rule.smallest <= size <= rule.largest
        assert size % rule.multiple == 0

    def test_a_profile_sends_ahead_by_at_least_a_chunk(self, profile: StreamProfile) -> None:
        audio = profile.format.outbound
        chunk_ms = chunk_size(profile, audio) * 20 / audio.frame_bytes
        assert chunk_ms <= profile.lead_ms <= LONGEST_LEAD_MS, (
            f"{profile.name}: lead {profile.lead_ms} ms, chunk {chunk_ms} ms"
        )
        # A socket that is opened with the dial waits for its start as long as it may ring.
        ringing = self.bench.provider.facts().max_ring_seconds if profile.at_dial else 0
        assert 0 < profile.start_seconds <= 120 + ringing, profile.start_seconds

    def test_what_a_profile_lacks_are_hooks_that_the_provider_has(
        self, profile: StreamProfile
    ) -> None:
        unknown = profile.lacks - set(PROVIDER)
        assert not unknown, f"{profile.name} lacks what is no hook: {sorted(unknown)}"
        idle = profile.lacks - self.bench.hooks()
        assert not idle, f"{profile.name} lacks what the provider has not: {sorted(idle)}"

    def test_a_profile_names_a_transport_that_is_known(self, profile: StreamProfile) -> None:
        assert profile.transport in TRANSPORTS, profile.transport

    def test_a_profile_carries_some_calls(self) -> None:
        assert any(profile.inbound for profile in self.bench.profiles()), (
            "no profile takes calls in"
        )

    def test_the_format_of_a_number_is_that_of_its_profile(self, profile: StreamProfile) -> None:
        self.bench.needs("stream_format")
        made: Any = self.bench.provider.stream_format(self.bench.number(), profile.name)
        assert isinstance(made, StreamFormat)
        assert made == profile.format, f"stream_format says {made}, the profile {profile.format}"

    def test_the_capability_table_is_what_the_class_implements(self) -> None:
        table = capabilities(self.bench.provider)
        assert set(table) == {profile.name for profile in self.bench.profiles()}
        assert frozenset().union(*table.values()) <= self.bench.hooks()

    def test_loading_the_class_opens_no_socket_and_no_account(self) -> None:
        from linecard.testing.purity import forbidden

        with forbidden(self):
            self.bench.provider.facts()
            self.bench.provider.stream_profiles()


def _details(thing: object) -> str:
    """What a debugger or a log of all fields would show of a value."""
    slots = [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ())]
    names = [*slots, *getattr(thing, "__dict__", {})]
    return " ".join(f"{name}={getattr(thing, name, None)!r}" for name in names)


def _skip(reason: str) -> tuple[str, ...]:
    pytest.skip(reason)
