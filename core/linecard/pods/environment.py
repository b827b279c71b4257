"""What a pod's process is given of the environment: all but what belongs to the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OURS = "LINECARD_"
DATABASE = "PG"
"""What PostgreSQL's own library reads: PGPASSWORD, PGHOST."""
NAME, KEY, CONTROL, MEGABYTES = (
    "LINECARD_POD",
    "LINECARD_POD_KEY",
    "LINECARD_CONTROL_URL",
    "LINECARD_POD_MEGABYTES",
)
OF_PODS = frozenset({NAME, KEY, CONTROL, MEGABYTES})


def of_server(environment: Mapping[str, str], providers: Iterable[str]) -> frozenset[str]:
    """The variables that a process which runs agents must not have: our settings, carriers' credentials."""
    prefixes = (OURS, DATABASE, *(f"{name.upper().replace('-', '_')}_" for name in providers))
    return frozenset(name for name in environment if name.startswith(prefixes)) - OF_PODS


def without_secrets(environment: Mapping[str, str], providers: Iterable[str]) -> dict[str, str]:
    """An environment for a pod, without what it is told of itself."""
    taken = of_server(environment, providers) | OF_PODS
    return {name: value for name, value in environment.items() if name not in taken}
