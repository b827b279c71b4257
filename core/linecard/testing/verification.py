"""Checks of whom a provider believes: the carrier, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from linecard.errors import ConfigurationError, RequestRefused
from linecard.plugins.implemented import hooks_to_do
from linecard.settings import Secret
from linecard.testing.bench import Bench
from linecard.testing.case import Case
from linecard.testing.equality import meaning, without_port
from linecard.testing.forging import FAMILIES, OF_FIELDS, OF_HEADERS, OF_SOCKETS, Genuine, genuine
from linecard.testing.samples import Sample
from linecard.webhook import Callback, CarrierRequest, Proof

PROOFS = {"signature", "token", "address", "connection"}
STRONGEST = 3
FORBIDDEN = 403
ENOUGH = 10_000


class Verification(Case):
    """Genuine requests are believed; ten thousand forged ones are refused, with RequestRefused alone."""

    def test_a_genuine_request_is_believed(self, sample: Sample) -> None:
        self.bench.needs("verify_request")
        proof = self.bench.verify(self.bench.request(sample))
        assert isinstance(proof, Proof)
        assert proof.kind in PROOFS, f"a proof of the kind {proof.kind!r}"
        assert 1 <= proof.strength <= STRONGEST, f"a proof of strength {proof.strength}"

    def test_a_proof_names_the_account_that_was_asked(self, sample: Sample) -> None:
        self.bench.needs("verify_request")
        request = self.bench.request(sample)
        for account in ("main", "second"):
            assert self.bench.verify(request, self.bench.make(account)).account == account

    def test_a_genuine_handshake_is_believed(self) -> None:
        self.bench.needs("verify_request", "open_stream")
        assert self.bench.verify(self.bench.handshake()).strength >= 1

    def test_a_repeat_is_believed_as_the_first(self, sample: Sample) -> None:
        """Carriers repeat requests; that nothing happens twice is core's affair."""
        self.bench.needs("verify_request")
        provider, request = self.bench.make(), self.bench.request(sample)
        assert self.bench.verify(request, provider) == self.bench.verify(request, provider)

    def test_a_carrier_that_signs_is_not_called_unsigned(self) -> None:
        if "verify_request" in hooks_to_do(self.bench.provider):
            pytest.skip("verify_request is still to do")
        is_unsigned = self.bench.provider.facts().unsigned
        if not self.bench.is_signing():
            assert is_unsigned, "the test has no `sign`, and facts.unsigned is false"

    @pytest.mark.parametrize("family", list(FAMILIES))
    def test_no_forged_request_is_believed(self, family: str, sample: Sample) -> None:
        _require_signing(self.bench, family)
        real = genuine(self.bench, sample)
        if self.bench.provider.facts().unsigned and not real.proofs:
            pytest.skip("`sign` leaves the request as it is: our token alone proves it")
        forged = _forged(self, real, FAMILIES[family](self.bench, real))
        believed = first_believed(self.bench, real, forged, may_repeat=family in OF_FIELDS)
        assert believed is None, f"believed: {_shown(real.request, believed)}"

    def test_no_forged_handshake_is_believed(self) -> None:
        self.bench.needs("verify_request", "open_stream")
        if not self.bench.is_signing() or not self.bench.case.signs_sockets:
            pytest.skip("the carrier does not sign the handshake")
        real = Genuine(self.bench.bare_handshake(), self.bench.handshake())
        for family in OF_SOCKETS:
            forged = _forged(self, real, family(self.bench, real))
            believed = first_believed(self.bench, real, forged)
            assert believed is None, f"believed: {_shown(real.request, believed)}"

    def test_ten_thousand_forged_requests_are_refused(self) -> None:
        _require_signing(self.bench, "")
        if self.bench.provider.facts().unsigned:
            pytest.skip("the carrier's proof covers neither address nor body")
        _first(self.bench)
        real = (genuine(self.bench, one) for one in self.bench.samples().values())
        forged = (one for each in real for one in _everything(self.bench, each))
        tried = sum(1 for _ in islice(forged, ENOUGH))
        assert tried == ENOUGH, f"the samples give only {tried} forged requests"

    def test_our_own_token_does_not_prove_a_carrier_that_signs(self, sample: Sample) -> None:
        _require_signing(self.bench, "")
        if self.bench.provider.facts().unsigned:
            pytest.skip("facts.unsigned: the token is the proof")
        assert not is_believed(self.bench, self.bench.make(), self.bench.unsigned(sample))

    def test_an_unsigned_carriers_request_without_our_token_is_refused(
        self, sample: Sample
    ) -> None:
        self.bench.needs("verify_request")
        if not self.bench.provider.facts().unsigned:
            pytest.skip("facts.unsigned is false")
        stranger = replace(self.bench.unsigned(sample), is_ours=False)
        assert not is_believed(self.bench, self.bench.make(), stranger)

    def test_refusals_are_403(self, sample: Sample) -> None:
        _require_signing(self.bench, "")
        bare = replace(self.bench.unsigned(sample), is_ours=False)
        with pytest.raises(RequestRefused) as refused:
            self.bench.verify(bare)
        assert refused.value.status == FORBIDDEN, refused.value.status
        assert refused.value.reason.strip(), "the refusal gives no reason"

    def test_refusals_show_no_secret_and_no_right_signature(self, sample: Sample) -> None:
        _require_signing(self.bench, "")
        real = genuine(self.bench, sample)
        for name, text in real.proofs.items():
            wrong = replace(real.request, headers={**real.request.headers, name: text[::-1]})
            with pytest.raises(RequestRefused) as refused:
                self.bench.verify(wrong)
            self.bench.assert_no_secret(str(refused.value), "a refusal")
            assert len(text) < 16 or text not in str(refused.value), "the refusal tells the proof"

    def test_either_of_two_live_secrets_is_believed(self) -> None:
        _require_signing(self.bench, "")
        request = self.bench.request(_first(self.bench))
        for name in _deciding(self.bench):
            live = self.bench.case.settings[name]
            for rotated in (f"{another(live)},{live}", f"{live},{another(live)}"):
                provider = self.bench.make(**{name: rotated})
                assert is_believed(self.bench, provider, request), (
                    f"of two values of {name}, only one is believed"
                )

    def test_another_accounts_secret_is_not_believed(self) -> None:
        _require_signing(self.bench, "")
        request = self.bench.request(_first(self.bench))
        assert _deciding(self.bench) or self.bench.secret_names() == (), (
            "the request is believed whatever the secrets are"
        )
        for name in _deciding(self.bench):
            provider = self.bench.make(**{name: another(self.bench.case.settings[name])})
            assert not is_believed(self.bench, provider, request)

    def test_an_empty_secret_believes_nobody(self) -> None:
        """Both checks of published SDKs take an empty secret for a right one."""
        _require_signing(self.bench, "")
        sample = _first(self.bench)
        for name in _deciding(self.bench):
            for empty in ("", " "):
                signed = _signed(self.bench.with_settings(**{name: empty}), sample)
                for provider in _unsafe(self.bench, name, empty):
                    assert not is_believed(self.bench, provider, signed), f"{name}={empty!r}"


def _forged(case: Case, real: Genuine, tried: Iterable[CarrierRequest]) -> Iterator[CarrierRequest]:
    """Without those that differ only in what the proof does not cover: the address, or its port."""
    covers = case.signs_address and not case.bench.provider.facts().unsigned
    for request in tried:
        is_moved_only = (request.body, request.headers) == (real.request.body, real.request.headers)
        is_covered = covers and (case.signs_port or not _is_other_port(request, real))
        if is_covered or not is_moved_only:
            yield request


def _is_other_port(request: CarrierRequest, real: Genuine) -> bool:
    """Whether the address differs from the genuine one in its port, and nothing else does."""
    same = request.method == real.request.method and request.url != real.request.url
    return same and without_port(request.url) == without_port(real.request.url)


def is_believed(bench: Bench, provider: Any, request: CarrierRequest) -> bool:
    """Whether a request is verified and can be read; RequestRefused is the one way to refuse it."""
    return said_by(bench, provider, request) is not None


def said_by(bench: Bench, provider: Any, request: CarrierRequest) -> Callback | None:
    """What a request says that is believed; None where it is refused."""
    try:
        provider.verify_request(request)
        is_webhook = not request.url.startswith("ws") and "parse_callback" in bench.hooks()
        return provider.parse_callback(request) if is_webhook else Callback(events=())
    except RequestRefused:
        return None


def first_believed(
    bench: Bench, real: Genuine, forged: Iterable[CarrierRequest], may_repeat: bool = False
) -> CarrierRequest | None:
    """The first forged request that gets through and is not the genuine one in other writing.

    `may_repeat`: one that says exactly what the genuine one says does no harm.
    """
    provider, original = bench.make(), meaning(real.request)
    harmless = _effect(said_by(bench, provider, real.request)) if may_repeat else None
    for request in forged:
        if meaning(request) == original and request.headers == real.request.headers:
            continue
        said = said_by(bench, provider, request)
        if said is not None and _effect(said) != harmless:
            return request
    return None


def _effect(said: Callback | None) -> object:
    return said and (said.events, said.wants, dict(said.call_ids), said.our_call)


def another(secret: str) -> str:
    """A secret of the same make."""
    turned = secret[::-1]
    return turned if turned != secret else ("A" if secret[0] != "A" else "B") + secret[1:]


def _require_signing(bench: Bench, family: str) -> None:
    bench.needs("verify_request")
    if not bench.is_signing():
        pytest.skip("the test has no `sign`: the carrier signs nothing")
    if bench.provider.facts().unsigned and family and family not in OF_HEADERS:
        pytest.skip("the carrier's proof covers neither address nor body")


def _everything(bench: Bench, real: Genuine) -> Iterator[CarrierRequest]:
    for family in FAMILIES.values():
        yield from family(bench, real)


def _first(bench: Bench) -> Sample:
    """The first sample; of an unsigned carrier, the first that carries a proof beside our token."""
    samples = list(bench.samples().values())
    if not samples:
        pytest.skip("the test has no Sample")
    return next((one for one in samples if genuine(bench, one).proofs), samples[0])


def _deciding(bench: Bench) -> list[str]:
    """The secrets without which the genuine request is not believed."""
    request = bench.request(_first(bench))
    found = []
    for name in bench.secret_names():
        try:
            provider = bench.make(**{name: another(bench.case.settings[name])})
        except (ValueError, ConfigurationError):
            continue
        if not is_believed(bench, provider, request):
            found.append(name)
    return found


def _signed(bench: Bench, sample: Sample) -> CarrierRequest:
    return bench.request(sample)


def _unsafe(bench: Bench, name: str, text: str) -> Iterator[Any]:
    """The provider with a secret that core would not let in, where its settings allow that."""
    try:
        settings = replace(bench.read_settings(), **{name: Secret(text)})
    except ConfigurationError:
        return
    yield bench.provider("main", settings)


def _shown(real: CarrierRequest, forged: CarrierRequest | None) -> str:
    if forged is None:
        return "nothing"
    names = ("method", "url", "headers", "pairs", "body")
    changed = (name for name in names if getattr(real, name) != getattr(forged, name))
    return "; ".join(f"{name} {getattr(forged, name)!r}"[:400] for name in changed)
