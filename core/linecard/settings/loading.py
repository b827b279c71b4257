"""Reading every setting; all that is wrong is said in one error."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from linecard.errors import ConfigurationError
from linecard.settings.accounts import read_accounts
from linecard.settings.rules import REQUIRED, RULES
from linecard.settings.sources import (
    CONFIG_VARIABLE,
    PREFIX,
    Given,
    config_path,
    from_environment,
    from_table,
    read_file,
)
from linecard.settings.values import AccountSettings, Settings


def from_here(providers: Mapping[str, type]) -> Settings:
    """The settings that stand here: the environment, and linecard.toml or LINECARD_CONFIG."""
    return load_settings(os.environ, providers, config_path(os.environ))


def load_settings(
    environment: Mapping[str, str],
    providers: Mapping[str, type],
    config_path: str | None,
) -> Settings:
    """Settings from variables and a file; a variable wins over the file.

    `providers` are the installed provider classes by name: each declares its `settings` dataclass.
    Raises ConfigurationError that names every setting which is missing, unknown or wrong.
    """
    problems: list[str] = []
    file = read_file(config_path)
    own = _own(environment, file, config_path, problems)
    accounts = read_accounts(environment, file.get("accounts", {}), providers, problems)
    problems += _limits_of_nobody(own, accounts)
    if problems:
        raise ConfigurationError("settings are wrong:\n" + "\n".join(f"- {it}" for it in problems))
    return Settings(**own, accounts=accounts)


def _own(
    environment: Mapping[str, str],
    file: Mapping[str, Any],
    path: str | None,
    problems: list[str],
) -> dict[str, Any]:
    variables = from_environment(environment, PREFIX)
    variables.pop(CONFIG_VARIABLE.removeprefix(PREFIX).lower(), None)
    table = {key: value for key, value in file.items() if key != "accounts"}
    given = {**from_table(table, f"{path}: "), **variables}
    problems += [_unknown(one, key) for key, one in given.items() if key not in RULES]
    problems += [
        f"{PREFIX}{key.upper()} is not set: {hint}"
        for key, hint in REQUIRED.items()
        if key not in given
    ]
    return dict(_ruled(given, problems))


def _ruled(given: Mapping[str, Given], problems: list[str]) -> Iterable[tuple[str, Any]]:
    for key in (key for key in RULES if key in given):
        try:
            yield key, RULES[key](given[key].value)
        except ValueError as error:
            problems.append(f"{given[key].name} {error}")


def _limits_of_nobody(
    own: Mapping[str, Any], accounts: Mapping[str, Iterable[AccountSettings]]
) -> Iterable[str]:
    known = {f"{one.provider}:{one.name}" for listed in accounts.values() for one in listed}
    for account in own.get("limits", {}):
        if account not in known:
            shown = ", ".join(sorted(known)) or "none"
            yield f'limits."{account}" is of no account; there are: {shown}'


def _unknown(given: Given, key: str) -> str:
    close = get_close_matches(key, RULES, n=1)
    hint = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(RULES)}"
    return f"{given.name} is not a setting{hint}"
