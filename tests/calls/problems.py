"""What every error of the API must look like."""

from __future__ import annotations

from typing import Any

import httpx2


def refused(answer: httpx2.Response, status: int, *fields: str) -> dict[str, Any]:
    """The problem document of a refusal, which names these fields."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert [error["field"] for error in body.get("errors", [])] == list(fields), body
    assert all(error["message"] for error in body.get("errors", []))
    return body
