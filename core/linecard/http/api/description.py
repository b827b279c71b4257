"""The API's own description: OpenAPI, with every error as the problem document that it is."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from linecard.http.api.models import Problem
from linecard.http.api.problems import MEDIA_TYPE, TITLES


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its description; any other error has the same shape."""
    described: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": TITLES[status]} for status in statuses
    }
    return described | {"default": {"model": Problem, "description": "Another error"}}


class DescribedApi(FastAPI):
    """An application whose description names the media type of its errors."""

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
            response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
