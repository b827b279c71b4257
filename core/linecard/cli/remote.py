"""Commands that ask a running server through its API."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from linecard.errors import ConfigurationError, LinecardError

Url = Annotated[str | None, typer.Option("--url", help="The server; default: LINECARD_PUBLIC_URL.")]


def ask(method: str, path: str, url: str | None, body: Mapping[str, object] | None = None) -> Any:
    """The JSON answer of the server. Raises LinecardError with the server's own words."""
    settings = _settings()
    origin = (url or settings.get("public_url") or "http://127.0.0.1:8080").rstrip("/")
    key = settings.get("api_key", "").split(",")[0].strip()
    if not key:
        raise ConfigurationError("LINECARD_API_KEY is not set; it is the server's own key")
    try:
        answer = httpx2.request(
            method,
            f"{origin}/api{path}",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )
    except httpx2.HTTPError as error:
        raise LinecardError(
            f"no server answers at {origin} ({error}); start it with 'linecard serve', or give --url"
        ) from error
    return _content(answer)


def _content(answer: httpx2.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = answer.text[:200]
    raise LinecardError(f"{answer.status_code}: {detail}")


def _settings() -> dict[str, str]:
    """Only what a client needs; the file's values, and the environment's over them."""
    path = Path(os.environ.get("LINECARD_CONFIG", "linecard.toml"))
    values = tomllib.loads(path.read_text()) if path.is_file() else {}
    found: dict[str, str] = {
        name: str(values[name]) for name in ("public_url", "api_key") if name in values
    }
    for name in ("public_url", "api_key"):
        if f"LINECARD_{name.upper()}" in os.environ:
            found[name] = os.environ[f"LINECARD_{name.upper()}"]
    return found
