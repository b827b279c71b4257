"""Where settings stand: the environment and linecard.toml, and how each is called in a complaint."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linecard.errors import ConfigurationError

PREFIX = "LINECARD_"
CONFIG_VARIABLE = "LINECARD_CONFIG"
CONFIG_FILE = "linecard.toml"


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody wrote it; `name` says where, so that a complaint can be acted on."""

    name: str
    value: Any


def read_file(path: str | None) -> Mapping[str, Any]:
    """The contents of a configuration file; empty without one. Raises ConfigurationError."""
    if path is None:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} is not a TOML file: {error}") from error


def config_path(environment: Mapping[str, str]) -> str | None:
    """The file to read: LINECARD_CONFIG, else linecard.toml where it lies here, else none."""
    named = environment.get(CONFIG_VARIABLE)
    if named:
        return named
    return CONFIG_FILE if Path(CONFIG_FILE).is_file() else None


def from_environment(environment: Mapping[str, str], prefix: str) -> dict[str, Given]:
    """The variables with a prefix, by the rest of their names in lower case; empty ones do not count."""
    return {
        name.removeprefix(prefix).lower(): Given(name, value)
        for name, value in environment.items()
        if name.startswith(prefix) and value.strip()
    }


def from_table(table: Mapping[str, Any], where: str) -> dict[str, Given]:
    """The keys of a TOML table by their names; `where` is put before them in a complaint."""
    return {key: Given(f"{where}{key}", value) for key, value in table.items()}
