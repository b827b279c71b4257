"""What may go wrong at a simulated carrier: one knob each, 0 never to 1 always, from one seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields

NOT_KNOBS = frozenset({"seed", "seconds", "rest", "happened", "tell"})


@dataclass(slots=True, kw_only=True)
class Faults:
    """Probabilities by name. `seconds` is the length of every delay and stall, on the carrier's clock.

    REST, where `METHOD /path` fits the pattern `rest`: `slow_answer`, `too_many_requests`, `error_before` (500, nothing done), `error_after`
    (done, then 500), `drop_answer` (done, then the connection is cut), `malformed_answer` (done,
    then HTML). `stale_lookup`: a call that is there is not found.
    Webhooks: `callback_drop`, `callback_twice`, `callback_delay`, `callback_shuffle` (sent after the
    next one), `bad_signature`, `replay` (the very same request again), `answer_twice`,
    `ring_after_answer`.
    Calls: `line_busy`, `no_answer`, `rejected`, `early_hang_up`, `queue_delay`.
    Socket, each try: `socket_refused` (no connection), `socket_no_start`; each frame:
    `socket_garbage`, `socket_wrong_id`, `socket_lost_frame`, `socket_twice`, `socket_stall` (held
    back, then in a burst), `socket_reset`.
    Recordings: `recording_late`, `recording_lost` (no callback), `recording_twice`.
    """

    seed: int = 0
    seconds: float = 3.0
    rest: str = ""
    slow_answer: float = 0
    too_many_requests: float = 0
    error_before: float = 0
    error_after: float = 0
    drop_answer: float = 0
    malformed_answer: float = 0
    stale_lookup: float = 0
    callback_drop: float = 0
    callback_twice: float = 0
    callback_delay: float = 0
    callback_shuffle: float = 0
    bad_signature: float = 0
    replay: float = 0
    answer_twice: float = 0
    ring_after_answer: float = 0
    line_busy: float = 0
    no_answer: float = 0
    rejected: float = 0
    early_hang_up: float = 0
    queue_delay: float = 0
    socket_refused: float = 0
    socket_no_start: float = 0
    socket_garbage: float = 0
    socket_wrong_id: float = 0
    socket_lost_frame: float = 0
    socket_twice: float = 0
    socket_stall: float = 0
    socket_reset: float = 0
    recording_late: float = 0
    recording_lost: float = 0
    recording_twice: float = 0
    happened: Counter[str] = field(default_factory=Counter)
    tell: Callable[[str], None] | None = None
    _dice: dict[str, random.Random] = field(default_factory=dict)

    def happens(self, name: str) -> bool:
        """Whether this fault happens now; counted. Raises ValueError for a name that is no knob."""
        if name not in KNOBS:
            raise ValueError(f"no fault is called {name!r}; there are {', '.join(sorted(KNOBS))}")
        chance: float = getattr(self, name)
        if chance <= 0 or self._die(name).random() >= chance:
            return False
        self.happened[name] += 1
        if self.tell:
            self.tell(name)
        return True

    def _die(self, name: str) -> random.Random:
        # A die for each knob: turning one leaves the sequence of the others alone.
        if name not in self._dice:
            self._dice[name] = random.Random(f"{self.seed}:{name}")
        return self._dice[name]


KNOBS = frozenset(
    knob.name
    for knob in fields(Faults)
    if knob.name not in NOT_KNOBS and not knob.name.startswith("_")
)
"""The names that `happens` knows."""
