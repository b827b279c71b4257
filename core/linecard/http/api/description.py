"""The API's own description: OpenAPI, with every error as the problem document that it is."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

from linecard.http.api.models import Problem
from linecard.http.api.problems import MEDIA_TYPE, TITLES

PROBLEM = MappingProxyType({"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}})
"""What stands for an error that a plugin's route has described by its words alone."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its description; any other error has the same shape."""
    described: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": TITLES[status]} for status in statuses
    }
    return described | {"default": {"model": Problem, "description": "Another error"}}


def described_api(version: str, place: str) -> FastAPI:
    """An application without routes of its own yet, described at `docs`; `place` is its public path."""
    # No redirects: behind a proxy they would lead to plain http, and take the key along.
    api = _DescribedApi(
        title="Linecard",
        version=version,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": place}],
        root_path_in_servers=False,
    )

    @api.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return get_swagger_ui_html(openapi_url="openapi.json", title="Linecard")

    return api


class _DescribedApi(FastAPI):
    """Names the media type of its errors."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            document = super().openapi()
            for path in document["paths"].values():
                for operation in path.values():
                    _name_media_type(operation["responses"])
        return super().openapi()


def _name_media_type(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status == "default" or status >= "400":
            described = response.get("content", {}).get("application/json")
            response["content"] = {MEDIA_TYPE: described or dict(PROBLEM)}
