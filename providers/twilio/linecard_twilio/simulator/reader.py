"""Reads TwiML as strictly as Twilio does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from linecard.simulator.attributes import Shape
from linecard_twilio.simulator.schema import SHAPES, VERBS

MAX_BYTES = 64 * 1024
TOO_LARGE, NOT_TWIML, BAD_SCHEMA = 11750, 12100, 12200
MOST_PARAMETER = 500


class InvalidTwiml(Exception):
    """Twilio would not run this document; `code` is its error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Element:
    """One verb or noun with every attribute of its shape."""

    tag: str
    values: Mapping[str, Any]
    text: str = ""
    children: tuple[Element, ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True, slots=True)
class Document:
    """The verbs in order, and what Twilio's debugger would warn of (12200)."""

    verbs: tuple[Element, ...]
    warnings: tuple[str, ...] = ()


def read_document(body: bytes, *, is_strict: bool = True) -> Document:
    """A document. Names are case-sensitive. Raises InvalidTwiml.

    An unknown attribute is a warning; an unknown verb or a bad value is one too where not `is_strict`.
    """
    root = _root(body)
    if root.tag != "Response":
        raise InvalidTwiml(NOT_TWIML, f"the root is <{root.tag}>, not <Response>")
    reader = _Reader(is_strict)
    return Document(reader.children(root, VERBS), tuple(reader.warnings))


def _root(body: bytes) -> etree._Element:
    if not body.strip():
        raise InvalidTwiml(NOT_TWIML, "the document is empty")
    if len(body) > MAX_BYTES:
        raise InvalidTwiml(
            TOO_LARGE, f"the document has {len(body)} bytes; {MAX_BYTES} are the most"
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body.strip(), parser)
    except etree.XMLSyntaxError as error:
        raise InvalidTwiml(NOT_TWIML, f"not well-formed: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise InvalidTwiml(NOT_TWIML, "a document type is not allowed")
    return root


class _Reader:
    def __init__(self, is_strict: bool) -> None:
        self.warnings: list[str] = []
        self._is_strict = is_strict

    def children(self, parent: etree._Element, allowed: frozenset[str]) -> tuple[Element, ...]:
        nodes = [child for child in parent if isinstance(child.tag, str)]
        return tuple(self._element(node) for node in nodes if self._is_known(node, allowed))

    def _is_known(self, node: etree._Element, allowed: frozenset[str]) -> bool:
        if node.tag in allowed:
            return True
        self._fault(f"<{node.tag}> may not stand here")
        return False

    def _fault(self, text: str) -> None:
        if self._is_strict:
            raise InvalidTwiml(BAD_SCHEMA, text)
        self.warnings.append(text)

    def _element(self, node: etree._Element) -> Element:
        tag = str(node.tag)
        shape = SHAPES[tag]
        children = () if shape.takes_markup else self.children(node, shape.children)
        element = Element(tag, self._values(node, shape), _text(node, shape), children)
        self._check(element, shape)
        return element

    def _values(self, node: etree._Element, shape: Shape) -> dict[str, Any]:
        values = {name: attribute.default for name, attribute in shape.attributes.items()}
        for name, given in node.attrib.items():
            attribute = shape.attributes.get(str(name))
            if attribute is None:
                self.warnings.append(f"unknown attribute {name} of <{node.tag}>")
                continue
            try:
                values[str(name)] = attribute.kind(str(given))
            except ValueError as error:
                self._fault(f"<{node.tag} {name}={given!r}>: {error}")
        return values

    def _check(self, element: Element, shape: Shape) -> None:
        if shape.needs_text and not element.text:
            self._fault(f"<{element.tag}> is empty")
        if element.tag in CHECKS:
            fault = CHECKS[element.tag](element)
            if fault:
                self._fault(fault)


def _text(node: etree._Element, shape: Shape) -> str:
    if shape.takes_markup:
        return " ".join("".join(node.itertext()).split())
    return "".join(str(part) for part in node.xpath("text()")).strip()


def _one_noun(element: Element) -> str:
    if len(element.children) != 1:
        return f"<{element.tag}> needs one noun"
    noun = element.children[0]
    lacks_url = noun.tag == "Stream" and element.tag != "Stop" and not noun["url"]
    return "<Stream> needs a url" if lacks_url else ""


def _stream(element: Element) -> str:
    names = [child["name"] for child in element.children]
    if len(names) != len(set(names)):
        return "<Stream>: two parameters of one name"
    return ""


def _parameter(element: Element) -> str:
    if not element["name"]:
        return "<Parameter> needs a name"
    size = len(element["name"]) + len(element["value"])
    return "" if size < MOST_PARAMETER else f"<Parameter>: {size} characters; 499 are the most"


def _dial(element: Element) -> str:
    if not element.children and not element.text:
        return "<Dial> names nobody to dial"
    rooms = [child for child in element.children if child.tag == "Conference"]
    return "<Dial>: a conference stands alone" if rooms and len(element.children) > 1 else ""


def _play(element: Element) -> str:
    return "" if element.text or element["digits"] else "<Play> is empty"


CHECKS = {
    "Connect": _one_noun,
    "Start": _one_noun,
    "Stop": _one_noun,
    "Stream": _stream,
    "Parameter": _parameter,
    "Dial": _dial,
    "Play": _play,
}
