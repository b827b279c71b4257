"""What of linecard.toml is kept in the database: brought in line with the file at every start."""

from __future__ import annotations

from linecard.errors import ConfigurationError
from linecard.exchange.context import Exchange
from linecard.http.configured_blocklist import apply_blocklist
from linecard.http.configured_numbers import apply_numbers


async def apply_file(exchange: Exchange) -> None:
    """Numbers and blocklist as the settings have them. Raises ConfigurationError with every fault."""
    problems = [*await apply_blocklist(exchange), *await apply_numbers(exchange)]
    if problems:
        raise ConfigurationError("settings are wrong:\n" + "\n".join(f"- {it}" for it in problems))
