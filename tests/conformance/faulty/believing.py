"""Faults in whom they believe."""

from __future__ import annotations

import hmac
from base64 import b64decode
from dataclasses import replace
from typing import Any

from linecard import CarrierRequest, Proof, RequestRefused, hookimpl
from linecard.testing import add_headers
from tests.conformance.faulty.registry import caught_by
from tests.conformance.tin import Tin

FORGED = "no_forged_request_is_believed"


@caught_by(FORGED)
class BelievesEverybody(Tin):
    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        return Proof("signature", self.account, 3)


@caught_by(FORGED)
class IgnoresTheBody(Tin):
    def mac(self, secret: str, request: CarrierRequest) -> str:
        return super().mac(secret, replace(request, body=b'{"call": "c-10", "state": "rings"}'))


def sign_the_path(case: Any, request: CarrierRequest) -> CarrierRequest:
    """A carrier that signs no query: nothing tells one of our addresses from another."""
    path = request.url.partition("?")[0]
    text = f"{request.method}\n{path}\n".encode() + request.body
    mac = hmac.new(case.settings["secret"].encode(), text, "sha256")
    return add_headers(request, {"x-tin-signature": mac.hexdigest()})


@caught_by(FORGED, sign=sign_the_path)
class IgnoresTheQuery(Tin):
    def mac(self, secret: str, request: CarrierRequest) -> str:
        return super().mac(secret, replace(request, url=request.url.partition("?")[0]))


@caught_by(FORGED)
class IgnoresTheMethod(Tin):
    def mac(self, secret: str, request: CarrierRequest) -> str:
        method = "GET" if request.url.startswith("ws") else "POST"
        return super().mac(secret, replace(request, method=method))


@caught_by(FORGED)
class NeedsTheHeader(Tin):
    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        assert request.headers["x-tin-signature"]
        return super().verify_request(request)


@caught_by(FORGED)
class ComparesTexts(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        secrets = self._settings.secret.values()
        return any(hmac.compare_digest(self.mac(one, request), given) for one in secrets)


@caught_by(FORGED)
class ComparesBeginnings(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        secrets = self._settings.secret.values()
        return any(self.mac(one, request).startswith(given.lower()) for one in secrets)


@caught_by(FORGED)
class ForgivesTheLastSign(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        secrets = self._settings.secret.values()
        return any(self.mac(one, request)[:-1] == given[:-1] for one in secrets)


@caught_by(FORGED)
class DecodesWhatComes(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        b64decode(given, validate=True)
        return super().proves(request, given)


@caught_by(FORGED)
class KnowsADefaultSecret(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        return super().proves(request, given) or given == self.mac("changeme", request)


@caught_by("no_forged_handshake_is_believed")
class TakesAnySocket(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        return request.url.startswith("wss") or super().proves(request, given)


@caught_by("our_own_token_does_not_prove_a_carrier_that_signs")
class TakesOurTokenForAProof(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        return request.is_ours or super().proves(request, given)


@caught_by("either_of_two_live_secrets_is_believed")
class KnowsTheFirstSecretOnly(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        return self.mac(self._settings.secret.values()[0], request) == given


@caught_by("an_empty_secret_believes_nobody")
class TakesAnEmptySecret(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        return super().proves(request, given) or (
            self.mac(self._settings.secret.reveal(), request) == given
        )


@caught_by("refusals_are_403")
class RefusesWith400(Tin):
    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        try:
            return super().verify_request(request)
        except RequestRefused as refused:
            raise RequestRefused(refused.reason, status=400) from None


@caught_by("refusals_show_no_secret_and_no_right_signature")
class TellsTheRightSignature(Tin):
    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        try:
            return super().verify_request(request)
        except RequestRefused:
            right = self.mac(self._settings.secret.values()[0], request)
            raise RequestRefused(f"expected {right}") from None


@caught_by("a_proof_names_the_account_that_was_asked")
class AlwaysMain(Tin):
    @hookimpl
    def verify_request(self, request: CarrierRequest) -> Proof:
        return replace(super().verify_request(request), account="main")


@caught_by("a_genuine_request_is_believed")
class BelievesNobody(Tin):
    def proves(self, request: CarrierRequest, given: str) -> bool:
        return False


@caught_by("another_accounts_secret_is_not_believed")
class OneSecretForAll(Tin):
    def mac(self, secret: str, request: CarrierRequest) -> str:
        return super().mac("secret-0123456789-tin", request)
