"""The report of a campaign as a picture: an SVG with the funnel, the tries and the hours, and nothing in it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from linecard_campaigns.reports import Report

WIDTH, MARGIN, ROW, BAR = 720, 24, 26, 16
LABEL = 150
COLUMNS_HIGH = 140
MOST_COLUMNS = 24 * 7
DARK, LIGHT, INK = "#1f5f8b", "#c9dbe8", "#222222"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `dark` is the part of `whole` that counts."""

    label: str
    dark: int
    whole: int


def plot(name: str, report: Report) -> str:
    """The picture, as a document of its own."""
    sections = (
        ("Leads", _rows(_funnel(report))),
        ("Attempts answered, by try", _rows(_tries(report))),
        ("Attempts answered, by hour", _columns(_hours(report))),
    )
    top, drawn = MARGIN + ROW, []
    for title, (height, shapes) in sections:
        drawn += [_text(MARGIN, top, title, bold=True), f'<g transform="translate(0 {top + 10})">']
        drawn += [*shapes, "</g>"]
        top += height + 2 * ROW
    heading = _text(
        MARGIN,
        MARGIN,
        f"{name}: {report.attempts} attempts, {report.minutes} minutes, {report.cost:.2f} USD",
        bold=True,
    )
    return "\n".join([_head(top), heading, *drawn, "</svg>", ""])


def _funnel(report: Report) -> list[Bar]:
    funnel = report.funnel
    names = ("leads", "called", "answered", "reached", "finished")
    return [Bar(name, getattr(funnel, name), funnel.leads) for name in names]


def _tries(report: Report) -> list[Bar]:
    return [Bar(f"try {one.n}", one.answered, one.attempts) for one in report.tries]


def _hours(report: Report) -> list[Bar]:
    hours = report.hours[-MOST_COLUMNS:]
    return [Bar(f"{one.hour:%m-%d %H:%M}", one.answered, one.attempts) for one in hours]


def _rows(bars: Sequence[Bar]) -> tuple[int, list[str]]:
    most = max((bar.whole for bar in bars), default=0) or 1
    room = WIDTH - 2 * MARGIN - LABEL - 90
    shapes = [
        shape for place, bar in enumerate(bars) for shape in _row(bar, place * ROW, room / most)
    ]
    return len(bars) * ROW, shapes


def _row(bar: Bar, top: int, scale: float) -> Iterator[str]:
    left = MARGIN + LABEL
    yield _text(MARGIN, top + BAR - 3, bar.label)
    yield _box(left, top, bar.whole * scale, BAR, LIGHT)
    yield _box(left, top, bar.dark * scale, BAR, DARK)
    share = f" of {bar.whole}" if bar.whole != bar.dark else ""
    yield _text(left + bar.whole * scale + 6, top + BAR - 3, f"{bar.dark}{share}")


def _columns(bars: Sequence[Bar]) -> tuple[int, list[str]]:
    most = max((bar.whole for bar in bars), default=0) or 1
    step = min(24.0, (WIDTH - 2 * MARGIN) / max(1, len(bars)))
    shapes = [
        _box(
            MARGIN + place * step,
            COLUMNS_HIGH * (1 - part / most),
            step * 0.8,
            COLUMNS_HIGH * part / most,
            colour,
        )
        for place, bar in enumerate(bars)
        for part, colour in ((bar.whole, LIGHT), (bar.dark, DARK))
    ]
    if bars:
        ends = f"{bars[0].label} to {bars[-1].label} UTC, at most {most} in an hour"
        shapes.append(_text(MARGIN, COLUMNS_HIGH + BAR, ends))
    return COLUMNS_HIGH + ROW, shapes


def _head(height: float) -> str:
    size = f'width="{WIDTH}" height="{height:g}" viewBox="0 0 {WIDTH} {height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">'
    )


def _text(left: float, top: float, words: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{left:.1f}" y="{top:g}" fill="{INK}"{weight}>{_plain(words)}</text>'


def _box(left: float, top: float, width: float, height: float, colour: str) -> str:
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}"/>'


def _plain(words: str) -> str:
    """Without what XML cannot hold: a campaign's name is whatever its owner typed."""
    return escape("".join(letter for letter in words if letter.isprintable()))
