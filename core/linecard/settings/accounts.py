"""Accounts: each provider's own settings class, filled from variables and from [accounts.NAME]."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, get_type_hints

from linecard.errors import ConfigurationError
from linecard.settings.convert import converter
from linecard.settings.sources import Given, from_environment, from_table
from linecard.settings.values import ACCOUNT_DEFAULT, AccountSettings


@dataclass(frozen=True, slots=True)
class _Draft:
    """An account before its values are checked; `write` is how a missing field is called."""

    provider: str
    name: str
    given: Mapping[str, Given]
    write: str


def read_accounts(
    environment: Mapping[str, str],
    tables: Any,
    providers: Mapping[str, type],
    problems: list[str],
) -> Mapping[str, tuple[AccountSettings, ...]]:
    """The accounts by provider. An account exists when anything of it is set."""
    drafts = _from_file(tables, providers, problems)
    for provider, cls in providers.items():
        _add_variables(drafts, provider, cls, environment)
    accounts: dict[str, tuple[AccountSettings, ...]] = {}
    for draft in drafts.values():
        account = _check(draft, _settings_class(providers[draft.provider]), problems)
        if account is not None:
            accounts[draft.provider] = (*accounts.get(draft.provider, ()), account)
    return accounts


def _add_variables(
    drafts: dict[tuple[str, str], _Draft],
    provider: str,
    cls: type,
    environment: Mapping[str, str],
) -> None:
    """Variables describe the account `main` and win over a table of it; foreign ones are left alone."""
    prefix = f"{provider.upper().replace('-', '_')}_"
    known = {field.name for field in _fields(_settings_class(cls))}
    found = from_environment(environment, prefix)
    mine = {key: given for key, given in found.items() if key in known}
    if not mine:
        return
    place = (provider, ACCOUNT_DEFAULT)
    before = drafts[place].given if place in drafts else {}
    drafts[place] = _Draft(provider, ACCOUNT_DEFAULT, {**before, **mine}, prefix)


def _from_file(
    tables: Any, providers: Mapping[str, type], problems: list[str]
) -> dict[tuple[str, str], _Draft]:
    if not isinstance(tables, Mapping):
        problems.append("accounts must be tables: [accounts.NAME]")
        return {}
    drafts = {}
    for name, table in tables.items():
        draft = _draft(name, table, providers, problems)
        if draft is not None:
            drafts[draft.provider, name] = draft
    return drafts


def _draft(
    name: str, table: Any, providers: Mapping[str, type], problems: list[str]
) -> _Draft | None:
    where = f"accounts.{name}"
    provider = table.get("provider") if isinstance(table, Mapping) else None
    if not isinstance(provider, str) or provider not in providers:
        installed = ", ".join(sorted(providers)) or "none"
        problems.append(f"{where}.provider must name an installed provider ({installed})")
        return None
    given = from_table({k: v for k, v in table.items() if k != "provider"}, f"{where}.")
    known = {field.name for field in _fields(_settings_class(providers[provider]))}
    problems += [
        f"{where}.{key} is not a setting of {provider}: {', '.join(sorted(known))}"
        for key in sorted(given.keys() - known)
    ]
    return _Draft(provider, name, {k: v for k, v in given.items() if k in known}, f"{where}.")


def _check(draft: _Draft, settings: type, problems: list[str]) -> AccountSettings | None:
    before = len(problems)
    problems += _missing(draft, settings)
    values = dict(_converted(draft, settings, problems))
    if len(problems) > before:
        return None
    try:
        made = settings(**values)
    except ConfigurationError as error:
        problems.append(f"account {draft.provider}:{draft.name}: {error}")
        return None
    return AccountSettings(provider=draft.provider, name=draft.name, values=made)


def _missing(draft: _Draft, settings: type) -> Iterator[str]:
    for field in _fields(settings):
        required = field.default is MISSING and field.default_factory is MISSING
        if required and field.name not in draft.given:
            name = _written(draft, field.name)
            others = ", ".join(sorted(given.name for given in draft.given.values()))
            yield f"{name} is not set" + (
                f", but {others} is; set both or neither" if others else ""
            )


def _written(draft: _Draft, field: str) -> str:
    """The name of a setting that is not there: a variable's name, or a key of the table."""
    return draft.write + (field.upper() if draft.write.endswith("_") else field)


def _converted(draft: _Draft, settings: type, problems: list[str]) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(settings)
    for name, given in draft.given.items():
        try:
            yield name, converter(hints[name])(given.value)
        except ValueError as error:
            problems.append(f"{given.name} {error}")


def _settings_class(provider: type) -> type:
    settings: type = provider.settings  # type: ignore[attr-defined]
    return settings


def _fields(settings: type) -> tuple[Field[Any], ...]:
    return tuple(field for field in fields(settings) if field.init)
