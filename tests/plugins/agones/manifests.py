"""The manifests in deploy/kubernetes, as objects."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[3] / "deploy" / "kubernetes"


@cache
def objects() -> tuple[dict[str, Any], ...]:
    """All of them."""
    files = sorted(FOLDER.glob("*.yaml"))
    return tuple(one for file in files for one in yaml.safe_load_all(file.read_text("utf-8")))


def the(kind: str, name: str) -> dict[str, Any]:
    """The one of a kind and name."""
    (found,) = (
        one
        for one in objects()
        if (one["kind"], one.get("metadata", {}).get("name")) == (kind, name)
    )
    return found


def names(kind: str) -> set[str]:
    """The names of all of a kind."""
    return {one["metadata"]["name"] for one in objects() if one["kind"] == kind}


def kustomization() -> dict[str, Any]:
    """What is applied together."""
    (found,) = (one for one in objects() if one["kind"] == "Kustomization")
    return found


def pod(kind: str, name: str) -> dict[str, Any]:
    """The template of the pods of a Deployment or Fleet."""
    template: dict[str, Any] = the(kind, name)["spec"]["template"]
    return template["spec"]["template"] if kind == "Fleet" else template


PODS = {("Deployment", "linecard"), ("Deployment", "linecard-proxy"), ("Fleet", "linecard-media")}


def container(kind: str, name: str) -> dict[str, Any]:
    """Its only container."""
    (only,) = pod(kind, name)["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def arguments(kind: str, name: str) -> dict[str, str]:
    """The options of its command."""
    command, *options = container(kind, name)["args"]
    assert command == "serve"
    return dict(one.split("=", 1) for one in options)


def environment(kind: str, name: str) -> dict[str, Any]:
    """Its variables: a text, or where the value is from."""
    listed = container(kind, name).get("env", ())
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in listed}
