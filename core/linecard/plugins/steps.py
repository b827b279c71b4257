"""The steps in which a provider is written, and the hooks of each, as ADDING_A_PROVIDER.md tells them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard.plugins.specs import PROVIDER

ACT = "Act"
_EARLIER: Mapping[str, tuple[str, ...]] = {
    "Declare": ("facts", "stream_profiles", "stream_format"),
    "Believe": ("verify_request",),
    "Understand": ("parse_callback", "normalise_number"),
    "Answer and talk": ("answer", "format_number", "open_stream", "setup_steps"),
}
_TOLD = frozenset(hook for hooks in _EARLIER.values() for hook in hooks)

STEPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**_EARLIER, ACT: tuple(hook for hook in PROVIDER if hook not in _TOLD)}
)
"""By the step's name, in their order; a hook that no earlier step names is of the last."""


def step_of(hook: str) -> str:
    """The step of a hook, with its number: `5, Act`."""
    for number, (name, hooks) in enumerate(STEPS.items(), 1):
        if hook in hooks:
            return f"{number}, {name}"
    raise KeyError(hook)
