"""Media messages that no carrier should send: each must be survived by every reader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random

from linecard.testing.messages import filled
from linecard.testing.rewriting import HOSTILE_JSON, every_path, put_at
from linecard.testing.samples import Fill, MediaSamples, Template

DEEP = 100_000
BAD_FRAMES: Mapping[str, str | bytes] = {
    "nothing": "",
    "a space": " ",
    "null": "null",
    "true": "true",
    "a number": "7",
    "a huge number": "9" * 5000,
    "a text": '"x"',
    "an empty list": "[]",
    "a list of null": "[null]",
    "an empty object": "{}",
    "an object cut off": '{"event":',
    "a key twice": '{"event":"media","event":"stop"}',
    "no event": '{"media":{"payload":"AAAA"}}',
    "event null": '{"event":null}',
    "event a list": '{"event":["media"]}',
    "event unknown": '{"event":"xyzzy"}',
    "media null": '{"event":"media","media":null}',
    "media a list": '{"event":"media","media":[]}',
    "media a text": '{"event":"media","media":"AAAA"}',
    "no payload": '{"event":"media","media":{}}',
    "payload null": '{"event":"media","media":{"payload":null}}',
    "payload a number": '{"event":"media","media":{"payload":7}}',
    "payload no base64": '{"event":"media","media":{"payload":"!!!!"}}',
    "payload cut off": '{"event":"media","media":{"payload":"AAA"}}',
    "payload not ASCII": '{"event":"media","media":{"payload":"\u00e9\u2603"}}',
    "NaN": '{"event":"media","media":{"payload":NaN}}',
    "Infinity": '{"event":"start","start":Infinity}',
    "a lone surrogate": '{"event":"\\ud800"}',
    "a NUL": "\x00",
    "lists in lists": "[" * DEEP,
    "objects in objects": '{"a":' * DEEP,
    "not UTF-8": b"\xff\xfe\xfd",
    "binary nothing": b"",
    "binary JSON": b'{"event":"media"}',
    "binary noise": bytes(range(256)),
    "start null": '{"event":"start","start":null}',
    "dtmf null": '{"event":"dtmf","dtmf":null}',
    "mark null": '{"event":"mark","mark":null}',
    "a BOM": "\ufeff{}",
}


def templates(samples: MediaSamples) -> Iterator[tuple[str, Template]]:
    """The carrier's messages, by name."""
    for name in ("start", "media", "dtmf", "mark", "stop"):
        template = getattr(samples, name)
        if template is not None:
            yield name, template


def damaged(samples: MediaSamples) -> Iterator[str | bytes]:
    """Every message of the carrier with one thing in it replaced, removed, or the end cut off."""
    fill = Fill(audio=bytes(range(160)) * 2, digit="5", mark="m")
    for _, template in templates(samples):
        whole = filled(template, fill)
        yield from (whole[:cut] for cut in range(0, len(whole), 3))
        if isinstance(whole, str) and whole.startswith("{"):
            yield from _replaced(whole)


def _replaced(whole: str) -> Iterator[str]:
    tree = json.loads(whole)
    for path in every_path(tree):
        yield json.dumps(put_at(tree, path))
        for value in HOSTILE_JSON:
            yield json.dumps(put_at(tree, path, value))


def noise(samples: MediaSamples, count: int) -> Iterator[str | bytes]:
    """Messages with a few characters changed, the same in every run."""
    random = Random(20_260_102)  # noqa: S311  a repeatable choice, and no secret
    whole = [filled(template, Fill(audio=bytes(64))) for _, template in templates(samples)]
    for _ in range(count):
        message = bytearray(_bytes(random.choice(whole)))
        for _ in range(random.randint(1, 4)):
            message[random.randrange(len(message))] = random.randrange(256)
        yield bytes(message).decode("utf-8", "replace") if random.random() < 0.9 else bytes(message)


def _bytes(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message
