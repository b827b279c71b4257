"""A strict reader of custom resource definitions: what is not in the schema is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
META = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """The schema of every kind that we have."""
    read: dict[str, dict[str, Any]] = {}
    for name in ("crds.yaml", "kubernetes.yaml"):
        read.update(yaml.safe_load((HERE / name).read_text(encoding="utf-8")))
    server = read["Fleet"]["properties"]["spec"]["properties"]["template"]["properties"]["spec"]
    pod = server["properties"]["template"]
    read["Deployment"]["properties"]["spec"]["properties"]["template"] = pod
    return read


def faults(manifest: Mapping[str, Any]) -> list[str]:
    """All that is wrong with an object of Kubernetes."""
    known = schemas()
    kind = str(manifest.get("kind"))
    if kind not in known:
        return [f"unknown kind {kind}"]
    schema = known[kind]
    body = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    meta = body.pop("metadata", None)
    found = list(_faults(body, schema, kind))
    if kind != "Kustomization":
        found += _faults(meta, META, f"{kind}.metadata")
    if manifest.get("apiVersion") != schema["x-api"]:
        found.append(f"{kind}: apiVersion is {schema['x-api']}")
    return found


def _faults(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    if value is None:
        if not schema.get("nullable"):
            yield f"{where}: must not be null"
        return
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, bool) or not isinstance(value, int | str):
            yield f"{where}: {value!r} is neither number nor text"
        return
    if not _is_of_type(value, schema.get("type")):
        yield f"{where}: {value!r} is no {schema.get('type')}"
        return
    yield from _out_of_bounds(value, schema, where)
    if isinstance(value, dict):
        yield from _faults_of_object(value, schema, where)
    elif isinstance(value, list):
        for n, one in enumerate(value):
            yield from _faults(one, schema["items"], f"{where}[{n}]")


def _is_of_type(value: Any, kind: str | None) -> bool:
    if kind is None or (isinstance(value, bool) and kind != "boolean"):
        return kind is None
    return isinstance(value, TYPES[kind])


def _out_of_bounds(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} does not fit {schema['pattern']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{where}: {value} is less than {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        yield f"{where}: {value} is more than {schema['maximum']}"
    if len(str(value)) > schema.get("maxLength", len(str(value))):
        yield f"{where}: {value!r} is too long"


def _faults_of_object(
    value: Mapping[str, Any], schema: Mapping[str, Any], where: str
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}.{name} is missing"
    known = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name, one in value.items():
        if name in known:
            yield from _faults(one, known[name], f"{where}.{name}")
        elif isinstance(others, dict):
            yield from _faults(one, others, f"{where}.{name}")
        elif not schema.get("x-kubernetes-preserve-unknown-fields"):
            yield f"{where}.{name} is unknown"
