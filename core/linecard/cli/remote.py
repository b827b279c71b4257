"""Commands that ask a running server through its API."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Annotated, Any

import httpx2
import typer

from linecard.errors import ConfigurationError, LinecardError
from linecard.settings.keys import Scope, scoped_keys
from linecard.settings.secret import Secret
from linecard.settings.sources import PREFIX, config_path, from_environment, read_file

Url = Annotated[str | None, typer.Option("--url", help="The server; default: LINECARD_PUBLIC_URL.")]
ANSWER_SECONDS = 30.0


def ask(
    method: str,
    path: str,
    url: str | None,
    body: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """The JSON answer of the server. Raises LinecardError with the server's own words."""
    settings = _settings()
    origin = (url or settings.get("public_url") or "http://127.0.0.1:8080").rstrip("/")
    key = _key(settings.get("api_key", ""))
    try:
        answer = httpx2.request(
            method,
            f"{origin}/api{path}",
            json=body,
            headers={"Authorization": f"Bearer {key}", **(headers or {})},
            timeout=ANSWER_SECONDS,
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise LinecardError(
            f"no server answers at {origin} ({error}); start it with 'linecard serve', or give --url"
        ) from error
    return _content(answer)


def read_json(text: str, option: str) -> Any:
    """An option that holds JSON. Raises BadParameter, which names it."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not JSON: {error}", param_hint=option) from error


def _content(answer: httpx2.Response) -> Any:
    try:
        content = answer.json() if answer.content else None
    except ValueError:
        content = None
    if answer.is_success and (content is not None or not answer.content):
        return content
    detail = content.get("detail") if isinstance(content, dict) else None
    raise LinecardError(f"{answer.status_code}: {detail or _first_line(answer)}")


def _first_line(answer: httpx2.Response) -> str:
    line = answer.text.strip().partition("\n")[0][:200]
    return line or f"{answer.url} is not the API of a Linecard server"


def _key(setting: str) -> str:
    """The key that may do the most; of several, the first."""
    keys = scoped_keys(Secret(setting))
    best = next((key for scope in reversed(Scope) for key in keys if key.scope is scope), None)
    if best is None:
        raise ConfigurationError("LINECARD_API_KEY is not set; it is the server's own key")
    return best.text


def _settings() -> dict[str, str]:
    """Only what a client needs; the file's values, and the environment's over them."""
    names = ("public_url", "api_key")
    file = read_file(config_path(os.environ))
    given = from_environment(os.environ, PREFIX)
    found = {name: str(file[name]) for name in names if name in file}
    return found | {name: str(given[name].value) for name in names if name in given}
