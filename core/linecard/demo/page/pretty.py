"""Documents made readable: markup indented, JSON indented, everything else as it came."""

from __future__ import annotations

import json
import re

PIECES = re.compile(r"<[^>]*>|[^<]+|<")
INDENT = "  "


def pretty(body: str) -> str:
    """A body for reading. It is text, never markup: whoever shows it escapes it."""
    text = body.strip()
    if text.startswith("<"):
        return indented(text)
    if text[:1] in ("{", "["):
        return _json(text)
    return text


def _json(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def indented(markup: str) -> str:
    """Markup with one tag a line; an element that holds only text stays on one line."""
    lines: list[str] = []
    depth = 0
    for piece in (found.group().strip() for found in PIECES.finditer(markup)):
        if not piece:
            continue
        depth -= piece.startswith("</")
        if lines and _continues(lines[-1], piece):
            lines[-1] += piece
        else:
            lines.append(INDENT * max(0, depth) + piece)
        depth += _opens(piece)
    return "\n".join(lines)


def _opens(piece: str) -> bool:
    return piece.startswith("<") and piece[1:2] not in "/?!" and not piece.endswith("/>")


def _continues(line: str, piece: str) -> bool:
    """Whether a piece belongs on the line before: text behind its tag, and the closing tag behind that."""
    if not piece.startswith("<"):
        return True
    name = line.strip().partition(" ")[0].partition(">")[0].removeprefix("<")
    return piece == f"</{name}>"


def elements(markup: str) -> list[str]:
    """The names of the elements right below the root, in their order and in lower case."""
    lines = indented(markup.strip()).splitlines()
    direct = (line.strip() for line in lines if line.startswith(INDENT + "<"))
    names = (re.match(r"<(\w+)", tag) for tag in direct)
    return [found.group(1).lower() for found in names if found]
