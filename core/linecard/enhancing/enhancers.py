"""Which enhancers there are, and the one that a call asks for, opened beside its stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import structlog

from linecard.errors import InvalidField, LinecardError, PluginError
from linecard.media.incoming import reason_of

if TYPE_CHECKING:
    from linecard.calls import Call
    from linecard.enhancing.offers import Enhancer
    from linecard.media.formats import StreamFormat
    from linecard.media.session import StreamSession
    from linecard.plugins.registry import Plugins

log = structlog.get_logger()

OPENERS = 4
"""So many are opened at once; the next ones wait, and their calls do not."""


@dataclass(frozen=True, slots=True)
class Offered:
    """An enhancer, the plugin that opens it, and why it cannot, if it cannot."""

    name: str
    plugin: str
    lacking: str


class NotOffered(LinecardError):
    """Why a call's enhancer is not to be had."""


def offered(plugins: Plugins) -> Mapping[str, Offered]:
    """The enhancers of all plugins, by name. Raises PluginError where two offer one name."""
    found: dict[str, Offered] = {}
    for plugin, offers in plugins.ask_by_name("enhancers"):
        for offer in offers:
            first = found.setdefault(offer.name, Offered(offer.name, plugin, offer.lacking))
            if first.plugin != plugin:
                raise PluginError(
                    f"the plugins {first.plugin} and {plugin} both offer the enhancer {offer.name!r}"
                )
    return found


def check(plugins: Plugins, name: str | None, field: str = "enhance") -> None:
    """Raise InvalidField for an enhancer that this installation does not have."""
    if name is not None:
        try:
            _find(plugins, name)
        except NotOffered as error:
            raise InvalidField(field, str(error)) from error


def _find(plugins: Plugins, name: str) -> Offered:
    """The plugin that opens an enhancer. Raises NotOffered."""
    there = offered(plugins)
    if name not in there:
        skipped = (one.reason for one in plugins.skipped if one.name == name)
        why = next((f"skipped: {reason}" for reason in skipped), "no enhancer")
        raise NotOffered(f"{name!r} is {why}; there are: {', '.join(sorted(there)) or 'none'}")
    if there[name].lacking:
        raise NotOffered(f"{name} cannot be used here: {there[name].lacking}")
    return there[name]


async def enhance(
    plugins: Plugins, call: Call, format: StreamFormat, session: StreamSession
) -> None:
    """Open what the call asks for and put it into the stream's way; what fails is said on the call's record.

    The stream goes on meanwhile, and never ends for it.
    """
    name = call.enhance
    if name is None:
        return
    began = time.perf_counter()
    try:
        opening = partial(_open, plugins, call, name, format)
        enhancer = await asyncio.get_running_loop().run_in_executor(_openers(), opening)
        session.enhance(name, enhancer, (time.perf_counter() - began) * 1000)
    except Exception as error:
        why, foreseen = reason_of(error), isinstance(error, LinecardError)
        log.warning(
            "no noise enhancement; the call goes on without it",
            call=call.id,
            enhancer=name,
            reason=why,
            exc_info=not foreseen,
        )
        session.not_enhanced(name, why)


@cache
def _openers() -> ThreadPoolExecutor:
    """Threads of their own: those of the event loop write journals and commit answers, and models load slowly."""
    return ThreadPoolExecutor(OPENERS, thread_name_prefix="enhancer")


def _open(plugins: Plugins, call: Call, name: str, format: StreamFormat) -> Enhancer:
    """Raises NotOffered, or whatever the plugin does."""
    found = _find(plugins, name)
    enhancer: Enhancer | None = plugins.ask_one("enhance", found.plugin, call=call, format=format)
    if enhancer is None:
        raise NotOffered(f"the plugin {found.plugin} has no {name} for a line of {format.inbound}")
    return enhancer
