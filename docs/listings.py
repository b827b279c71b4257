"""What the documentation lists, read from the code itself."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from types import MappingProxyType
from typing import Any

import msgspec
from docs.commands import commands
from docs.tables import table

from linecard.calls import ALLOWED, ENDS, CallStatus
from linecard.doctor import CHECKS
from linecard.doctor.machine import versions
from linecard.explaining import Record, explain, written
from linecard.explaining.kinds import KINDS
from linecard.hookspecs import PluginHooks, ProviderHooks
from linecard.metrics import Metrics
from linecard.plugins import Plugins, capabilities
from linecard.plugins.steps import STEPS
from linecard.simulator.faults import KNOBS
from linecard.transfers import STEPS as TRANSFER_STEPS
from linecard.transfers import TransferState

CORE = Path(inspect.getfile(Plugins)).parents[1]
DISTRIBUTION = "linecard"
LONGEST_LINE = 100
EXPLAINED = Path(__file__).parent / "samples" / "explained"
"""Facts of calls that were recorded over a simulated carrier."""


def signature(specs: type, hook: str) -> str:
    """A hook's signature as it stands in hookspecs.py, on one line."""
    function = ast.parse(dedent(inspect.getsource(vars(specs)[hook]))).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert function.returns
    return f"{hook}({ast.unparse(function.args)}) -> {ast.unparse(function.returns)}"


def declaration(specs: type, hook: str) -> str:
    """The same as a line of Python, folded where it is too long, as the formatter would."""
    line = f"def {signature(specs, hook)}: ..."
    if len(line) <= LONGEST_LINE:
        return line
    head, arguments, tail = re.split(r"(?<=\()(.*)(?=\) ->)", line, maxsplit=1)
    return f"{head}\n    {arguments}\n{tail}"


def hook_names(specs: type) -> list[str]:
    """The hooks of a class of specifications, in their order."""
    return [name for name in vars(specs) if not name.startswith("_")]


def own_providers() -> Mapping[str, Any]:
    """The providers of this repository, by name."""
    points = entry_points(group="linecard")
    own = {point.name for point in points if point.dist and point.dist.name == DISTRIBUTION}
    found = Plugins.discover().providers
    return {name: found[name].cls for name in sorted(own & set(found))}


def provider_hooks() -> str:
    """Every hook of a provider, and who implements it."""
    offered = {
        name: frozenset[str]().union(*capabilities(cls).values())
        for name, cls in own_providers().items()
    }

    def by(hook: str) -> str:
        names = ", ".join(name for name, hooks in offered.items() if hook in hooks)
        return f"Implemented by: {names or 'nobody yet'}. {_callers(hook)}"

    return _hooks(ProviderHooks, by)


def plugin_hooks() -> str:
    """Every hook that any plugin may join in."""
    return _hooks(PluginHooks, _callers)


def _hooks(specs: type, closing: Callable[[str], str]) -> str:
    return "\n\n".join(
        f"### {hook}\n\n```python\n{declaration(specs, hook)}\n```\n\n"
        f"{inspect.getdoc(vars(specs)[hook])}\n\n{closing(hook)}"
        for hook in hook_names(specs)
    )


def _callers(hook: str) -> str:
    """Which parts of core call a hook; `plugins` only carries the calls."""
    call = re.compile(rf"(hooks|cls)\.{hook}\b|(tell|tell_and_wait|ask_\w+)\(\s*\"{hook}\"")
    parts = sorted(
        {
            path.relative_to(CORE).parts[0].removesuffix(".py")
            for path in CORE.rglob("*.py")
            if "plugins" not in path.parts and call.search(path.read_text(encoding="utf-8"))
        }
    )
    if not parts:
        return "Core does not call it yet."
    return f"Called by: {', '.join(f'`{part}`' for part in parts)}."


def step_table() -> str:
    """The steps in which a provider is written, and the hooks of each."""
    rows = [
        [f"{number}. {step}", ", ".join(f"[`{hook}`](docs/hooks.md#{hook})" for hook in hooks)]
        for number, (step, hooks) in enumerate(STEPS.items(), 1)
    ]
    return table(["step", "hooks"], rows)


def capability_table() -> str:
    """Provider by stream profile: which hooks work."""
    columns = {
        f"{name} `{profile}`": hooks
        for name, cls in own_providers().items()
        for profile, hooks in capabilities(cls).items()
    }
    rows = [
        [
            f"[`{hook}`](hooks.md#{hook})",
            *("yes" if hook in one else "-" for one in columns.values()),
        ]
        for hook in hook_names(ProviderHooks)
    ]
    return table(["hook", *columns], rows)


def profile_table() -> str:
    """The stream profiles; a provider's first is its default."""
    head = [
        "provider",
        "profile",
        "from the caller",
        "to the caller",
        "20 ms",
        "lead",
        "start within",
    ]
    rows = [
        [
            name,
            f"`{one.name}`",
            one.format.inbound,
            one.format.outbound,
            f"{one.format.inbound.frame_bytes} bytes",
            f"{one.lead_ms} ms",
            f"{one.start_seconds:g} s",
        ]
        for name, cls in own_providers().items()
        for one in cls.stream_profiles()
    ]
    return table(head, rows)


def fact_table() -> str:
    """Carriers' limits and habits."""
    facts = {name: cls.facts() for name, cls in own_providers().items()}
    names = next(iter(facts.values())).__dataclass_fields__
    rows = [
        [f"`{name}`", *(_plain(getattr(one, name)) for one in facts.values())] for name in names
    ]
    return table(["fact", *facts], rows)


def _plain(value: object) -> str:
    if isinstance(value, frozenset | tuple):
        return ", ".join(sorted(value)) or "-"
    if isinstance(value, Mapping):
        return f"{len(value)} codes" if len(value) > 4 else "; ".join(sorted(value)) or "-"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def state_diagram() -> str:
    """The allowed changes of a call's status, as a Mermaid diagram."""
    lines = [*_states(), *_arrows()]
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```"


def _states() -> Iterator[str]:
    yield from (f"  {_state(status)}" for status in CallStatus if status not in ENDS)
    yield "  state ended {"
    yield from (f"    {_state(status)}" for status in CallStatus if status in ENDS)
    yield "  }"


def _state(status: CallStatus) -> str:
    return f'state "{status}" as {status.name.lower()}'


def _arrows() -> Iterator[str]:
    """Where every end is allowed, one arrow leads to all of them."""
    for before in CallStatus:
        after = ALLOWED[before]
        single = after - ENDS if after >= ENDS else after
        names = [status.name.lower() for status in CallStatus if status in single]
        for name in [*names, *(["ended"] if after >= ENDS else [])]:
            yield f"  {before.name.lower()} --> {name}"


def state_table() -> str:
    """The same changes, row by row."""
    rows = [
        [
            f"`{before}`",
            ", ".join(f"`{one}`" for one in CallStatus if one in ALLOWED[before]) or "-",
        ]
        for before in CallStatus
    ]
    return table(["from", "to"], rows)


def transfer_diagram() -> str:
    """The steps of a transfer, as a Mermaid diagram."""
    states = [f'  state "{one}" as {one}' for one in TransferState]
    begins = [f"  [*] --> {one}" for one in (TransferState.WAITING, TransferState.CONSULTING)]
    return "```mermaid\nstateDiagram-v2\n" + "\n".join([*states, *begins, *_steps()]) + "\n```"


def _steps() -> Iterator[str]:
    """One arrow for each pair of states, with all that leads that way."""
    for before in TransferState:
        for after in TransferState:
            why = [
                str(what)
                for (state, what), to in TRANSFER_STEPS.items()
                if (state, to) == (before, after)
            ]
            if why:
                yield f"  {before} --> {after}: {' / '.join(why)}"


def transfer_table() -> str:
    """The same steps, row by row."""
    rows = [
        [f"`{state}`", what, f"`{after}`"]
        for one in TransferState
        for (state, what), after in TRANSFER_STEPS.items()
        if state is one
    ]
    return table(["state", "what happens", "then"], rows)


def metric_table() -> str:
    """Every metric, by the name that Prometheus sees."""
    found = [one for one in vars(Metrics()).values() if hasattr(one, "_labelnames")]
    rows = [
        [
            f"`{family.name}{'_total' if family.type == 'counter' else ''}`",
            family.type,
            labels,
            family.documentation,
        ]
        for family, labels in ((_family(one), _labels(one)) for one in found)
    ]
    return table(["name", "type", "labels", "what"], rows)


def _family(metric: Any) -> Any:
    return next(iter(metric.collect()))


def _labels(metric: Any) -> str:
    return ", ".join(metric._labelnames) or "-"  # noqa: SLF001  the client offers no other way


def fault_list() -> str:
    """What may be made to go wrong at a simulated carrier."""
    return ", ".join(f"`{knob}`" for knob in sorted(KNOBS)) + "."


def explained(name: str) -> str:
    """The explanation of a call that was recorded over a simulated carrier."""
    kept = (EXPLAINED / f"{name}.json").read_bytes()
    lines = written(explain(msgspec.json.decode(kept, type=Record)))
    return "```text\n" + "\n".join(line.rstrip() for line in lines) + "\n```"


EXAMPLE: Mapping[str, object] = {
    "answer": "accepted",
    "answers": True,
    "bridged": True,
    "by": "linecard",
    "carriers": "deleted",
    "do": "redirect",
    "ended_by": "caller",
    "order": "together",
    "ours": True,
    "reason": "hung up by API",
    "targets": 2,
    "when": "live",
}
"""Facts for lines whose words depend on them."""


def kind_table() -> str:
    """Every kind of line on a call's record, and what the explanation makes of it."""
    rows = [[f"`{name}`", kind.topic, _words(kind.words)] for name, kind in sorted(KINDS.items())]
    return table(["event", "topic", "in words"], rows)


def _words(words: str | Callable[[Mapping[str, object]], str]) -> str:
    """Braces are facts, and brackets what is left out without them."""
    shown = words if isinstance(words, str) else f"for example: {words(EXAMPLE)}"
    return shown.replace("|", "/")


def check_table() -> str:
    """The doctor's checks, in their order."""
    told = {"versions": versions, **CHECKS}
    first = [["`plugins`", "Plugins that could not be loaded, with the reason."]]
    first.append(["`settings`", "Whether all settings can be read, and all accounts opened."])
    rows = [[f"`{name}`", inspect.getdoc(check) or ""] for name, check in told.items()]
    return table(["check", "what"], [rows[0], *first, *rows[1:]])


LISTINGS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "provider-hooks": provider_hooks,
        "plugin-hooks": plugin_hooks,
        "steps": step_table,
        "capabilities": capability_table,
        "profiles": profile_table,
        "facts": fact_table,
        "state-diagram": state_diagram,
        "state-table": state_table,
        "transfer-diagram": transfer_diagram,
        "transfer-table": transfer_table,
        "metrics": metric_table,
        "faults": fault_list,
        "explained-never-opened": lambda: explained("stream-never-opened"),
        "explained-transfer": lambda: explained("transfer-busy"),
        "kinds": kind_table,
        "commands": commands,
        "doctor-checks": check_table,
    }
)
