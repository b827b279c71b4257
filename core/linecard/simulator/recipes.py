"""Phones described in JSON or by a word: for command lines and for other programs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from linecard.errors import InvalidField
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, SILENT, Outcome, Phone, fax
from linecard.simulator.phone import human as human_phone
from linecard.simulator.phone import voicemail as voicemail_phone
from linecard.simulator.script import (
    Echo,
    HangUp,
    Press,
    Speak,
    Step,
    Wait,
    WaitForSilence,
    WaitForSound,
)
from linecard.simulator.speech import spoken

WORDS: Mapping[str, Phone] = MappingProxyType(
    {
        "silent": SILENT,
        "busy": BUSY,
        "no-answer": NO_ANSWER,
        "rejects": REJECTS,
        "human": human_phone("hello this is the service desk"),
        "fax": fax(),
        "voicemail": voicemail_phone("please leave a message after the tone"),
    }
)
NUMBERS = ("ring_seconds", "hang_up_after", "patience")
FLAGS = ("hangs_up", "is_machine", "is_fax", "is_puzzling")


async def phone_from(recipe: object, say: str | None = None) -> Phone:
    """A phone from a word (`busy`), or from `{"ring_seconds": 2, "script": [{"say": "hello"}, ...]}`.

    `say`, a text or the path of a WAV file, is said once the other side has spoken and fallen
    silent. Raises InvalidField.
    """
    phone = await _described(recipe)
    if say is None:
        return phone
    script = (*phone.script, WaitForSound(), WaitForSilence(), await _say(say))
    return Phone(ring_seconds=phone.ring_seconds, script=script, hang_up_after=phone.hang_up_after)


async def _described(recipe: object) -> Phone:
    if recipe is None:
        return SILENT
    if isinstance(recipe, str) and recipe in WORDS:
        return WORDS[recipe]
    if not isinstance(recipe, Mapping):
        raise InvalidField("phone", f"one of {', '.join(WORDS)}, or an object with a script")
    _refuse_unknown(recipe)
    return Phone(**await _parts(recipe))


def _refuse_unknown(recipe: Mapping[Any, Any]) -> None:
    for name in recipe:
        if name not in (*NUMBERS, *FLAGS, "outcome", "script", "code"):
            raise InvalidField(f"phone.{name}", "a phone has nothing of that name")


async def _parts(recipe: Mapping[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {name: bool(recipe[name]) for name in FLAGS if name in recipe}
    parts |= {name: _number(f"phone.{name}", recipe[name]) for name in NUMBERS if name in recipe}
    if "outcome" in recipe:
        parts["outcome"] = _outcome(recipe["outcome"])
    if "code" in recipe:
        parts["code"] = str(recipe["code"])
    parts["script"] = await _script(recipe.get("script", ()))
    return parts


def _outcome(text: object) -> Outcome:
    try:
        return Outcome(str(text))
    except ValueError as error:
        raise InvalidField("phone.outcome", f"one of {', '.join(Outcome)}") from error


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise InvalidField(field, f"{value!r} is not a number of seconds")
    return float(value)


async def _script(steps: object) -> tuple[Step, ...]:
    if not isinstance(steps, Sequence) or isinstance(steps, str):
        raise InvalidField("phone.script", "a list of steps")
    return tuple([await _step(step) for step in steps])


async def _step(step: object) -> Step:
    if not isinstance(step, Mapping) or len(step) != 1:
        raise InvalidField("phone.script", 'a step is an object such as {"wait": 1}')
    ((name, value),) = step.items()
    if name not in STEPS:
        raise InvalidField("phone.script", f"no step {name!r}; there are {', '.join(STEPS)}")
    return await STEPS[name](value)


async def _say(text: object) -> Step:
    said = str(text)
    if not said.lower().endswith(".wav"):
        return Speak(await spoken(said))
    try:
        return await asyncio.to_thread(Speak, said)
    except (OSError, ValueError) as error:
        raise InvalidField("say", f"{said}: {error}") from error


async def _wait(value: object) -> Step:
    return Wait(_number("phone.script.wait", value))


async def _press(value: object) -> Step:
    return Press(str(value))


async def _hear(value: object) -> Step:
    return WaitForSound()


async def _silence(value: object) -> Step:
    return WaitForSilence(_number("phone.script.silence", value))


async def _echo(value: object) -> Step:
    return Echo(_number("phone.script.echo", value))


async def _hang_up(value: object) -> Step:
    return HangUp()


STEPS: Mapping[str, Callable[[object], Awaitable[Step]]] = MappingProxyType(
    {
        "wait": _wait,
        "say": _say,
        "press": _press,
        "hear": _hear,
        "silence": _silence,
        "echo": _echo,
        "hang_up": _hang_up,
    }
)
"""What a script may hold, and how its value is read."""
