"""Documents and request bodies, read independently of whoever wrote them: every text in its order, and the shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import phonenumbers
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

OURS = frozenset("ackxt")
"""The fields of our own query, which nobody may add to an address."""
NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in a document: `texts` in their order, and `shape`, the names around them."""

    texts: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()

    def __add__(self, other: Document) -> Document:
        return Document(self.texts + other.texts, self.shape + other.shape)

    def holds(self, text: str) -> bool:
        """Whether a text stands there as it is, or as XML can hold it."""
        return any(held in (text, in_xml(text)) for held in self.texts)

    def holds_address(self, url: str) -> bool:
        """Whether an address stands there byte for byte; a fragment, which nobody signs, may follow."""
        return any(held == url or held.partition("#")[0] == url for held in self.texts)

    def holds_leg_address(self, url: str) -> bool:
        """The same, where fields of the provider's own, which say which leg it is, may follow."""
        start = f"{url}{'&' if '?' in url else '?'}"
        longer = [held.removeprefix(start) for held in self.texts if held.startswith(start)]
        own = [{name for name, _ in parse_qsl(more.partition("#")[0])} for more in longer]
        return self.holds_address(url) or any(names and not names & OURS for names in own)

    def holds_number(self, address: str) -> bool:
        """Whether a telephone number stands there in any writing, or a SIP address as it is."""
        if address.startswith("sip:"):
            return any(address in held for held in self.texts)
        return any(re.sub(r"[^0-9]", "", held) in writings(address) for held in self.texts)


def writings(number: str) -> frozenset[str]:
    """The digits of a number: international, and national where a 0 before them says that it is."""
    parsed = phonenumbers.parse(number)
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = [re.sub(r"[^0-9]", "", text) for text in (number, written)]
    return frozenset(one for one in digits if one == digits[0] or one.startswith("0"))


def in_xml(text: str) -> str:
    """A text without what XML 1.0 cannot hold, with line ends as a parser gives them back."""
    return NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def read_xml(body: bytes) -> Document:
    """An XML document. Raises AssertionError for one that is not well formed, or has a DTD."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise AssertionError(f"the document is no XML: {error}: {body[:300]!r}") from error
    assert not root.getroottree().docinfo.doctype, "the document has a DTD"
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    texts = tuple(text for one in elements for text in _of_element(one))
    return Document(texts, tuple(f"{one.tag}[{','.join(sorted(one.attrib))}]" for one in elements))


def _of_element(element: Any) -> Iterator[str]:
    yield from element.attrib.values()
    if element.text and element.text.strip():
        yield element.text


def read_json(body: bytes) -> Document:
    """A JSON document. Raises AssertionError for one that is none."""
    try:
        tree = json.loads(body)
    except ValueError as error:
        raise AssertionError(f"the document is no JSON: {error}: {body[:300]!r}") from error
    found = list(_walk(tree, ""))
    return Document(tuple(text for _, text in found), tuple(path for path, _ in found))


def _walk(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _walk(child, f"{path}.{name}")
    elif isinstance(value, list):
        for child in value:
            yield from _walk(child, f"{path}[]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)


def read_any(body: bytes, content_type: str, target: str = "") -> Document:
    """The body of a request, JSON or form, and the query of its target."""
    query = _fields(target.partition("?")[2])
    path = Document((target.partition("?")[0],), ("path",))
    if not body:
        return path + query
    is_json = "json" in content_type
    return path + query + (read_json(body) if is_json else _fields(body.decode("utf-8", "replace")))


def _fields(text: str) -> Document:
    pairs = parse_qsl(text, keep_blank_values=True)
    return Document(tuple(value for _, value in pairs), tuple(name for name, _ in pairs))


READERS = {"xml": read_xml, "json": read_json}
