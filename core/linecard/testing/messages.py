"""Media messages from templates, and the kit's own reader of what a provider writes."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from linecard.testing.samples import (
    ANY,
    AUDIO,
    DIGIT,
    MARK,
    STREAM,
    Fill,
    MediaSamples,
    Template,
    Written,
)

VALUE_OF = {"play": AUDIO, "mark": MARK, "digits": DIGIT}
"""Where the value of what is written stands."""


def filled(template: Template, fill: Fill) -> str | bytes:
    """A media message of the carrier."""
    if callable(template):
        return template(fill)
    texts = {
        STREAM: fill.stream,
        AUDIO: b64encode(fill.audio).decode(),
        DIGIT: fill.digit,
        MARK: fill.mark,
    }
    if isinstance(template, Mapping):
        return json.dumps(_fill(template, texts))
    if isinstance(template, str):
        for place, text in texts.items():
            template = template.replace(place, text)
    return template


def _fill(tree: object, texts: Mapping[str, str]) -> object:
    if isinstance(tree, Mapping):
        return {name: _fill(child, texts) for name, child in tree.items()}
    if isinstance(tree, list | tuple):
        return [_fill(child, texts) for child in tree]
    return texts.get(tree, tree) if isinstance(tree, str) else tree


def read(samples: MediaSamples, message: str | bytes, stream: str) -> Written:
    """What a message of the provider says. Raises AssertionError where it is none of the samples'."""
    if samples.read_back is not None:
        return samples.read_back(message)
    said = json.loads(message)
    for what, template in samples.writes.items():
        held: dict[str, Any] = {}
        if _fits(template, said, held) and held.get(STREAM, stream) == stream:
            return _written(what, held)
    raise AssertionError(f"the provider wrote {message[:300]!r}, which is none of `writes`")


def _fits(template: object, said: object, held: dict[str, Any]) -> bool:
    if isinstance(template, str) and template in (STREAM, AUDIO, DIGIT, MARK, ANY):
        held[template] = said
        return template == ANY or isinstance(said, str)
    if isinstance(template, Mapping):
        return (
            isinstance(said, Mapping)
            and template.keys() == said.keys()
            and all(_fits(child, said[name], held) for name, child in template.items())
        )
    return type(template) is type(said) and template == said


def _written(what: str, held: Mapping[str, Any]) -> Written:
    value = held.get(VALUE_OF.get(what, ""))
    return Written(what, b64decode(str(value), validate=True) if what == "play" else value)


def names_stream(template: Template) -> bool:
    """Whether a message says of which stream it is."""
    return filled(template, Fill(stream="one")) != filled(template, Fill(stream="other"))
