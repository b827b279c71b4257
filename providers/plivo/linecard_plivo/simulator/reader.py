"""Reads Plivo XML as strictly as Plivo does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from linecard.simulator.attributes import Shape
from linecard_plivo.simulator.schema import BASIC_VOICES, IN_RESPONSE, SHAPES

MAX_BYTES = 100 * 1024
MAX_URL = 2048


class InvalidXml(Exception):
    """Plivo would not run this document; the message says why."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element with every attribute of its shape; `unknown` names those that it does not have."""

    tag: str
    values: Mapping[str, Any]
    text: str = ""
    children: tuple[Element, ...] = ()
    unknown: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def read_document(body: bytes) -> tuple[Element, ...]:
    """The elements of a document, in order. Raises InvalidXml."""
    root = _root(body)
    if root.tag != "Response":
        raise InvalidXml(f"the root is <{root.tag}>, not <Response>")
    return tuple(_element(child, IN_RESPONSE) for child in _elements(root))


def _root(body: bytes) -> etree._Element:
    if not body.strip():
        raise InvalidXml("the document is empty")
    if len(body) > MAX_BYTES:
        raise InvalidXml(f"the document has {len(body)} bytes; {MAX_BYTES} are the most")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body.strip(), parser)
    except etree.XMLSyntaxError as error:
        raise InvalidXml(f"not well-formed: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise InvalidXml("a document type is not allowed")
    return root


def _elements(parent: etree._Element) -> list[etree._Element]:
    return [child for child in parent if isinstance(child.tag, str)]


def _element(node: etree._Element, allowed: frozenset[str]) -> Element:
    tag = str(node.tag)
    if tag not in allowed:
        raise InvalidXml(f"<{tag}> may not stand here")
    shape = SHAPES[tag]
    element = Element(
        tag,
        _values(node, shape),
        _text(node, shape),
        () if shape.takes_markup else _children(node, shape),
        tuple(name for name in map(str, node.attrib) if name not in shape.attributes),
    )
    _check(element, shape)
    return element


def _children(node: etree._Element, shape: Shape) -> tuple[Element, ...]:
    return tuple(_element(child, shape.children) for child in _elements(node))


def _values(node: etree._Element, shape: Shape) -> dict[str, Any]:
    values = {}
    for name, attribute in shape.attributes.items():
        given = node.get(name)
        try:
            values[name] = attribute.default if given is None else attribute.kind(given)
        except ValueError as error:
            raise InvalidXml(f"<{node.tag} {name}={given!r}>: {error}") from error
    return values


def _text(node: etree._Element, shape: Shape) -> str:
    if shape.takes_markup:
        return " ".join("".join(node.itertext()).split())
    return "".join(str(part) for part in node.xpath("text()")).strip()


def _check(element: Element, shape: Shape) -> None:
    if shape.needs_text and not element.text:
        raise InvalidXml(f"<{element.tag}> is empty")
    if element.tag in CHECKS:
        CHECKS[element.tag](element)


def _check_stream(element: Element) -> None:
    if not element.text.startswith(("ws://", "wss://")) or len(element.text) > MAX_URL:
        raise InvalidXml("<Stream> needs a ws or wss address of at most 2048 characters")
    if element["bidirectional"] and element["audioTrack"] != "inbound":
        raise InvalidXml("a bidirectional <Stream> has audioTrack inbound only")


def _check_dial(element: Element) -> None:
    if not element.children:
        raise InvalidXml("<Dial> names nobody to dial")


def _check_speak(element: Element) -> None:
    voice, language = element["voice"], element["language"]
    if voice.startswith("Polly."):
        return
    if language not in BASIC_VOICES.get(voice, frozenset()):
        raise InvalidXml(f"<Speak>: voice {voice} does not speak {language}")


CHECKS = {"Stream": _check_stream, "Dial": _check_dial, "Speak": _check_speak}
