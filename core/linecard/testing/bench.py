"""The ground under every check: a provider of one account, and everything it is asked with."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any, TypeVar, get_type_hints
from urllib.parse import urlencode

import pytest

from linecard.addresses import Addresses
from linecard.calls import Call, CallStatus, Direction
from linecard.media.formats import StreamProfile, outbound_profile, pick_profile
from linecard.numbers import Cleared, Number
from linecard.outbound.gate import Gate
from linecard.plugins.implemented import answered_hooks
from linecard.settings import Secret
from linecard.settings.convert import converter
from linecard.testing.case import Case
from linecard.testing.samples import MediaSamples, Sample, Words
from linecard.tokens import Tokens
from linecard.verbs import Reason, Verb
from linecard.webhook import (
    Callback,
    CarrierRequest,
    Pairs,
    Proof,
    parse_form,
    parse_multipart,
)

T = TypeVar("T")

PUBLIC_URL = "https://voice.example.com"
ACCOUNT = "main"
CALL = "c0ffee00c0ffee00c0ff"
SOCKET_URL = "wss://voice.example.com/ws/{name}/WyJ0b2tlbiJd.Zm9vYmFyYmF6"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
TOKENS = Tokens(Secret("conformance-0123456789abcdef0123456789"))


class Bench:
    """A provider under test, as its test class describes it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.provider = case.provider

    def is_signing(self) -> bool:
        """Whether the test says how the carrier signs."""
        return type(self.case).sign is not Case.sign

    def of_type(self, kind: type[T]) -> dict[str, T]:
        """The class's attributes of a type, by name, in the order they are written in."""
        found: dict[str, T] = {}
        for base in reversed(type(self.case).__mro__):
            found |= {name: one for name, one in vars(base).items() if isinstance(one, kind)}
        return found

    def samples(self) -> dict[str, Sample]:
        """The captured requests."""
        return self.of_type(Sample)

    def words(self) -> dict[str, Words]:
        """The tables of words."""
        return self.of_type(Words)

    def media_samples(self) -> dict[str, MediaSamples]:
        """The media messages, by profile or by name."""
        return self.of_type(MediaSamples)

    def hooks(self) -> frozenset[str]:
        """The hooks that the provider implements."""
        return answered_hooks(self.provider)

    def known_as(self) -> str:
        """The provider's name: given, or that of its entry point, or the class's in small letters."""
        if self.case.name:
            return self.case.name
        return _installed_as(self.provider)

    def needs(self, *hooks: str) -> None:
        """Skip the check where the provider lacks a hook."""
        for hook in hooks:
            if hook not in self.hooks():
                pytest.skip(f"{self.known_as()} does not implement {hook}")

    # --- the provider ---

    def settings_class(self) -> Any:
        """The provider's settings dataclass."""
        return self.provider.settings

    def secret_names(self) -> tuple[str, ...]:
        """The settings given here that are secrets."""
        hints = get_type_hints(self.settings_class())
        names = [field.name for field in fields(self.settings_class()) if field.init]
        return tuple(
            name for name in names if name in self.case.settings and _is_secret(hints[name])
        )

    def read_settings(self, **changes: str) -> Any:
        """The settings as core reads them from text. Raises ValueError or ConfigurationError."""
        hints = get_type_hints(self.settings_class())
        given = {**self.case.settings, **changes}
        return self.settings_class()(
            **{name: converter(hints[name])(text) for name, text in given.items()}
        )

    def make(self, account: str = ACCOUNT, **changes: str) -> Any:
        """The provider of one account."""
        return self.provider(account, self.read_settings(**changes))

    def with_settings(self, **changes: str) -> Bench:
        """This test, as if it had been written with other settings: its `sign` uses them."""
        other = copy.copy(self.case)
        other.__dict__.pop("bench", None)
        other.settings = {**self.case.settings, **changes}
        return Bench(other)

    def profiles(self) -> tuple[StreamProfile, ...]:
        """The provider's stream profiles."""
        return tuple(self.provider.stream_profiles())

    def profile(self, name: str | None = None) -> StreamProfile:
        """A stream profile; the default one."""
        return pick_profile(self.profiles(), name)

    def dialling_profile(self) -> StreamProfile:
        """The profile of a call that goes out."""
        return outbound_profile(self.profiles(), None, self.case.options)

    # --- what a provider is asked with ---

    def addresses(self, account: str = ACCOUNT) -> Addresses:
        """Our addresses."""
        return Addresses(PUBLIC_URL, self.known_as(), account, TOKENS)

    def call(self, **changes: Any) -> Call:
        """An outbound call that has just been answered."""
        given: dict[str, Any] = {
            "id": CALL,
            "provider": self.known_as(),
            "account": ACCOUNT,
            "direction": Direction.OUTBOUND,
            "from_": self.case.ours,
            "to": self.case.customer,
            "number": self.case.ours,
            "agent": "echo",
            "profile": self.profile().name,
            "status": CallStatus.IN_PROGRESS,
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            "carrier_ids": self.case.api.ids if self.case.api else {},
            "options": self.case.options,
        }
        return Call(**given | changes)

    def number(self, **changes: Any) -> Number:
        """A registered number."""
        given: dict[str, Any] = {
            "id": "n0ffee00c0ffee00c0ff",
            "number": self.case.ours,
            "provider": self.known_as(),
            "account": ACCOUNT,
            "agent": "echo",
            "options": self.case.options,
        }
        return Number(**given | changes)

    def cleared(self, address: str = "") -> Cleared:
        """A destination that has passed the gate: the customer, where none is named."""
        address = address or self.case.customer
        return Gate(frozenset({"US", "IN"}), ("+*", "sip:*")).clear_target(address, ())

    def request(self, sample: Sample) -> CarrierRequest:
        """A sample as core hands it over, with the carrier's proof."""
        return self.case.sign(self.unsigned(sample))

    def unsigned(self, sample: Sample) -> CarrierRequest:
        """A sample as core hands it over, without the carrier's proof."""
        call = CALL if sample.call else ""
        url = self.addresses().webhook(sample.kind, call, sample.reference)
        return build(
            CarrierRequest(
                method=sample.method,
                url=url,
                headers={},
                kind=sample.kind,
                call=call or None,
                reference=sample.reference or None,
                is_ours=True,
            ),
            sample,
        )

    def handshake(self) -> CarrierRequest:
        """The handshake of a media socket, with the carrier's proof."""
        return self.case.sign(self.bare_handshake())

    def bare_handshake(self) -> CarrierRequest:
        """The handshake of a media socket, without the carrier's proof."""
        url = SOCKET_URL.format(name=self.known_as())
        return CarrierRequest(method="GET", url=url, headers={})

    def assert_no_secret(self, shown: str, where: str) -> None:
        """Fail where a secret of the settings stands in a text."""
        for name in self.secret_names():
            for secret in self.case.settings[name].split(","):
                assert secret.strip() not in shown, f"{name} shows in {where}"

    # --- asking ---

    def parse(self, request: CarrierRequest, provider: Any = None) -> Callback:
        """What a request says."""
        callback: Callback = (provider or self.make()).parse_callback(request)
        return callback

    def verify(self, request: CarrierRequest, provider: Any = None) -> Proof:
        """How a request is proved."""
        proof: Proof = (provider or self.make()).verify_request(request)
        return proof

    def answer(self, *verbs: Verb, reason: Reason = Reason.ANSWER) -> Any:
        """The answer of verbs."""
        return self.make().answer(self.call(), verbs, reason)


def build(bare: CarrierRequest, sample: Sample) -> CarrierRequest:
    """A request with the sample's query and body; its pairs as core reads them."""
    query = {**sample.query, **(sample.form if sample.method == "GET" else {})}
    url = bare.url + (("&" if "?" in bare.url else "?") + urlencode(query) if query else "")
    if sample.method == "GET":
        return replace(bare, url=url, pairs=tuple(query.items()))
    body, content_type = _body(sample)
    headers = {**bare.headers, "content-type": content_type}
    return replace(bare, url=url, headers=headers, body=body, pairs=read_pairs(body, content_type))


def read_pairs(body: bytes, content_type: str) -> Pairs:
    """The fields of a body as core reads them. Raises RequestRefused."""
    if content_type == FORM:
        return parse_form(body)
    if content_type.startswith(MULTIPART):
        return parse_multipart(body, content_type)
    return ()


def _body(sample: Sample) -> tuple[bytes, str]:
    if sample.body is not None:
        return sample.body, sample.content_type or "application/octet-stream"
    if sample.json is not None:
        return json.dumps(sample.json).encode(), sample.content_type or "application/json"
    return urlencode(sample.form).encode(), FORM


@lru_cache
def _installed_as(provider: type) -> str:
    value = f"{provider.__module__}:{provider.__qualname__}"
    named = (one.name for one in entry_points(group="linecard") if one.value == value)
    return next(named, provider.__name__.lower())


def _is_secret(annotation: object) -> bool:
    return Secret in _parts(annotation)


def _parts(annotation: object) -> Iterator[object]:
    yield annotation
    yield from getattr(annotation, "__args__", ())
