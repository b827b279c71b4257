"""What went over the wire between the carrier and us, read from the carrier's ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from linecard.demo.report import Exchanged
from linecard.demo.story import Who
from linecard.http.webhooks import KIND_OF_ROUTE
from linecard.simulator.ledger import Entry, What
from linecard.webhook import Kind, Pairs

LONG_PART = re.compile(r"(?<=/)[^/]{16,}")


def kind_of(url: str) -> Kind | None:
    """What one of our addresses is for; None for one that is not ours."""
    parts = urlsplit(url)
    named = parse_qs(parts.query).get("k", [""])[0]
    if named in {kind.value for kind in Kind}:
        return Kind(named)
    ends = (kind for path, kind in KIND_OF_ROUTE.items() if parts.path.endswith(f"/{path}"))
    return next(ends, None)


def short_path(path: str) -> str:
    """A path in which ids are dots."""
    return LONG_PART.sub("…", path)


def exchanges(seen: Iterable[tuple[float, Entry]], speed: float) -> list[Exchanged]:
    """Every request both ways, in the order in which they began."""
    found = [READ[entry.what](at, entry, speed) for at, entry in seen if entry.what in READ]
    return sorted(found, key=lambda one: one.at)


def _webhook(at: float, entry: Entry, speed: float) -> Exchanged:
    facts = entry.facts
    ms = float(str(facts["ms"]))
    return Exchanged(
        at=at - ms / 1000 * speed,
        source=Who.CARRIER,
        target=Who.LINECARD,
        title=f"{kind_of(str(facts['url'])) or 'webhook'} · {facts['kind']}",
        method=str(facts["method"]),
        url=str(facts["url"]),
        status=_status(facts["status"]),
        ms=ms,
        fields=_pairs(facts["fields"]),
        got=str(facts["reply"]),
    )


def _request(at: float, entry: Entry, _speed: float) -> Exchanged:
    facts = entry.facts
    query = f"?{facts['query']}" if facts["query"] else ""
    return Exchanged(
        at=at,
        source=Who.LINECARD,
        target=Who.CARRIER,
        title=f"{facts['method']} {short_path(str(facts['path']))}",
        method=str(facts["method"]),
        url=f"{facts['path']}{query}",
        status=_status(facts["status"]),
        sent=_text(facts["body"]),
        got=_text(facts["reply"]),
    )


READ: Mapping[What, Callable[[float, Entry, float], Exchanged]] = MappingProxyType(
    {What.WEBHOOK: _webhook, What.REQUEST: _request}
)


def _status(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _pairs(value: object) -> Pairs:
    assert isinstance(value, tuple)
    return tuple((str(name), str(content)) for name, content in value)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
