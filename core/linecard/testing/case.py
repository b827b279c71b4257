"""What a provider's test declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from linecard.testing.samples import ApiSamples
from linecard.webhook import CarrierRequest

if TYPE_CHECKING:
    from linecard.testing.bench import Bench


class Case:
    """A provider under test. `ProviderConformance` adds the checks; a test class fills this in.

    `provider` is the class, `settings` one account's as text, as the environment gives them.
    `documents` is `xml` or `json`, or None where an answer has no document that the kit could read.
    `forgets` names fields of verbs (`Say.voice`) that the carrier has no place for.
    `api` is what the carrier's API answers. `options` are those of the number and call.
    `ours` and `customer` are the numbers of calls, where the carrier serves one country.
    `signs_sockets`: False where the handshake of the media socket carries no signature.
    `signs_address`: False where the proof covers the body alone; core's token still binds the address.
    `signs_port`: False where the carrier signs the address with or without its port.
    `public`: settings that look like credentials and are none: the names that go with a secret.
    Every `Sample`, `Words` and `MediaSamples` among the class's attributes is checked, by its name.
    """

    provider: ClassVar[Any]
    settings: Mapping[str, str] = {}
    name: ClassVar[str] = ""
    documents: ClassVar[str | None] = None
    forgets: ClassVar[frozenset[str]] = frozenset()
    api: ClassVar[ApiSamples | None] = None
    options: ClassVar[Mapping[str, object]] = {}
    signs_sockets: ClassVar[bool] = True
    signs_address: ClassVar[bool] = True
    signs_port: ClassVar[bool] = True
    public: ClassVar[frozenset[str]] = frozenset()
    ours: ClassVar[str] = "+14155550100"
    customer: ClassVar[str] = "+14155550123"

    def sign(self, request: CarrierRequest) -> CarrierRequest:
        """The request with the carrier's proof, made from `self.settings`; add only headers it needs."""
        return request

    @cached_property
    def bench(self) -> Bench:
        """The provider on the bench."""
        from linecard.testing.bench import Bench

        return Bench(self)


def add_headers(request: CarrierRequest, headers: Mapping[str, str]) -> CarrierRequest:
    """The request with more headers; their names in small letters."""
    more = {name.lower(): value for name, value in headers.items()}
    return replace(request, headers={**request.headers, **more})
