"""What is still to be written in a provider: one failing test for each hook, which says what to do.

A hook is to do while it stands in the class under `linecard.to_do`. It is done under
`linecard.hookimpl`; where the carrier cannot do it, it is deleted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from linecard.hookspecs import ProviderHooks
from linecard.plugins.implemented import answered_hooks, hooks_to_do
from linecard.plugins.specs import PROVIDER
from linecard.plugins.steps import STEPS, step_of

HOOKS = tuple(hook for hooks in STEPS.values() for hook in hooks)
"""Every hook of a provider, in the order in which they are written."""
FIRST = frozenset({"facts", "stream_profiles"})
"""What core asks of every provider; the kit has nothing to check before they are there."""


def is_begun(provider: type) -> bool:
    """Whether the provider has what the kit's own checks begin with."""
    return answered_hooks(provider) >= FIRST


def check_written(provider: type, hook: str) -> None:
    """Fail with what is to do for a hook; skip where the provider leaves it out."""
    if hook in hooks_to_do(provider):
        pytest.fail(_task(provider, hook), pytrace=False)
    if hook not in answered_hooks(provider):
        pytest.skip(f"{provider.__name__} leaves out {hook}")


def _task(provider: type, hook: str) -> str:
    spec = vars(ProviderHooks)[hook]
    arguments = PROVIDER[hook]
    return "\n".join(
        line.rstrip()
        for line in (
            f"to do: {hook} (step {step_of(hook)})",
            f"  {hook}{_plain(arguments)}",
            *(f"  {line}" for line in (inspect.getdoc(spec) or "").splitlines()),
            f"  Its contract: linecard.hookspecs.ProviderHooks.{hook}, {_place(spec)}",
            f"  Write it in {_place(getattr(provider, hook))}, under @linecard.hookimpl instead of @linecard.to_do;",
            "  or delete it, if the carrier cannot do it.",
        )
    )


def _plain(signature: inspect.Signature) -> str:
    """A signature whose annotations are texts, as the source has it."""
    return str(signature).replace("'", "")


def _place(function: Callable[..., Any]) -> str:
    return f"{inspect.getsourcefile(function)}:{inspect.getsourcelines(function)[1]}"
