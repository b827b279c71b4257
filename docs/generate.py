"""Fills the generated parts of the documentation from the code: `python -m docs.generate`.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. With `--check`
nothing is written, and the exit status is 1 where a page is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from docs.listings import LISTINGS

ROOT = Path(__file__).parents[1]
LANGUAGES = {".py": "python", ".yaml": "yaml", ".conf": "nginx", ".json": "json"}
PART = re.compile(r"<!-- generated: (?P<name>[\w./-]+) -->\n.*?<!-- end -->", re.DOTALL)


def pages() -> list[Path]:
    """Every page of the documentation."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def filled(text: str) -> str:
    """A page's text with every generated part made anew."""
    return PART.sub(_filled_part, text)


def _filled_part(found: re.Match[str]) -> str:
    name = found["name"]
    return f"<!-- generated: {name} -->\n{_part(name)}\n<!-- end -->"


def _part(name: str) -> str:
    """A listing, or a file of the repository as it stands."""
    if name in LISTINGS:
        return LISTINGS[name]().strip()
    path = ROOT / name
    language = LANGUAGES.get(path.suffix, "")
    return f"```{language}\n{path.read_text(encoding='utf-8').strip()}\n```"


def stale() -> Iterator[tuple[Path, str]]:
    """The pages that are out of date, with what they should say."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            yield page, new


def main() -> int:
    """Write what is stale, or only name it."""
    found = list(stale())
    for page, text in found:
        if "--check" not in sys.argv:
            page.write_text(text, encoding="utf-8")
        print(page.relative_to(ROOT))
    return 1 if found and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
