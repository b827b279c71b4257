from __future__ import annotations

from linecard.live.found import Found


def test_an_enhancer_that_is_not_to_be_had_is_told_once_in_a_call() -> None:
    told: list[tuple[str, dict[str, object]]] = []
    found = Found(lambda name, facts: told.append((name, facts)))
    for stream in (1, 2):
        found.note("enhancer-failed", {"stream": stream})
        found.note("audio-doubtful", {"stream": stream})
    assert told == [
        ("enhancer-failed", {"stream": 1}),
        ("audio-doubtful", {"stream": 1}),
        ("audio-doubtful", {"stream": 2}),
    ]
