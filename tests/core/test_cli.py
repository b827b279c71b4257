"""The command line as far as it needs neither server nor settings, and settings it refuses."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from linecard import cli
from linecard.plugins import Plugins

GOOD = {
    "LINECARD_PUBLIC_URL": "http://127.0.0.1:8080",
    "LINECARD_API_KEY": "k" * 16,
    "LINECARD_SECRET": "s" * 32,
}
COMMANDS = [
    "demo",
    "serve",
    "call",
    "numbers",
    "providers",
    "simulate",
    "init",
    "rates",
    "new-provider",
]
NUMBERS = ["list", "add", "show", "set", "remove", "connect", "disconnect"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """Runs a command in an empty folder with these variables alone."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("LINECARD_", "PLIVO_")):
            monkeypatch.delenv(name)

    def running(*arguments: str, **variables: str) -> tuple[int, str, str]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["linecard", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        said = capsys.readouterr()
        return int(code) if isinstance(code, int) else 0, said.out, said.err

    yield running
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "arguments", [[], *([name] for name in COMMANDS), *(["numbers", name] for name in NUMBERS)]
)
def test_every_command_explains_itself_without_settings(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments, "--help")
    assert (code, err) == (0, "")
    assert " ".join(["linecard", *arguments]) in " ".join(out.split())


def test_the_help_names_every_command(run: Run) -> None:
    _, out, _ = run("--help")
    for name in COMMANDS:
        assert re.search(rf"│ {name} ", out), name


def test_enhancers_are_listed_and_what_one_lacks_breaks_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linecard_aic.plugin.PACKAGE", "no_such_aic_sdk")
    _, out, _ = run("providers")
    assert "rnnoise  noise enhancer of rnnoise" in out
    lacking = "the package aic-sdk is not installed; pip install 'linecard[aic]'"
    assert f"aic  noise enhancer of aic, not here: {lacking}" in out
    assert Plugins.discover(strict=True).skipped == ()


def test_providers_need_no_settings(run: Run) -> None:
    code, out, err = run("providers")
    assert (code, err) == (0, "")
    assert re.search(r"^plivo  linecard ", out, re.MULTILINE)
    assert all(profile in out for profile in ("l16-8000", "l16-16000", "pcmu-8000"))
    assert re.search(r"transfer +│ yes +│ yes +│ yes", out)
    assert re.search(r"pause_recording +│ - ", out)


def test_init_writes_a_file_once(run: Run, tmp_path: Path) -> None:
    assert run("init")[0] == 0
    path = tmp_path / "linecard.toml"
    written = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    code, _, err = run("init")
    assert code == 1
    assert "linecard.toml exists already" in err
    assert path.read_text() == written
    assert run("init", "other[1].toml")[0] == 0
    assert (tmp_path / "other[1].toml").read_text() != written


def test_what_init_writes_is_accepted(run: Run) -> None:
    run("init")
    code, _, err = run("rates", "+91")
    assert (code, err) == (
        1,
        "linecard: no account is set up; 'linecard providers' shows what is installed\n",
    )


ACCOUNT = {"PLIVO_AUTH_ID": "MAXXXXXXXXXXXXXXXXXX", "PLIVO_AUTH_TOKEN": "t" * 40}
WRONG: list[tuple[dict[str, str], list[str]]] = [
    (dict.fromkeys(GOOD, ""), ["LINECARD_PUBLIC_URL", "LINECARD_API_KEY", "LINECARD_SECRET"]),
    ({"LINECARD_SECRET": "short"}, ["LINECARD_SECRET", "32"]),
    ({"LINECARD_API_KEY": "short"}, ["LINECARD_API_KEY", "16"]),
    ({"LINECARD_API_KEY": f"{'k' * 16},short"}, ["LINECARD_API_KEY", "16"]),
    ({"LINECARD_API_KEYS": "k"}, ["LINECARD_API_KEYS", "api_key"]),
    ({"LINECARD_PUBLIC_URL": "http://calls.example.com"}, ["LINECARD_PUBLIC_URL", "https"]),
    ({"LINECARD_PUBLIC_URL": "calls.example.com"}, ["LINECARD_PUBLIC_URL", "https"]),
    ({"LINECARD_PUBLIC_URL": "https://calls.example.com?a=b"}, ["LINECARD_PUBLIC_URL"]),
    ({"LINECARD_ALLOWED_COUNTRIES": "US,Mars"}, ["LINECARD_ALLOWED_COUNTRIES", "MARS"]),
    ({"LINECARD_TRANSFER_ALLOW": "anybody"}, ["LINECARD_TRANSFER_ALLOW", "anybody"]),
    ({"LINECARD_MAX_LIVE_CALLS": "many"}, ["LINECARD_MAX_LIVE_CALLS"]),
    ({"LINECARD_DATABASE_URL": "mysql://x/y"}, ["LINECARD_DATABASE_URL", "mysql"]),
    ({"LINECARD_DATABASE_URL": "sqlite://"}, ["LINECARD_DATABASE_URL", "memory"]),
    ({"LINECARD_CONFIG": "nowhere.toml"}, ["nowhere.toml"]),
    ({"PLIVO_AUTH_ID": ACCOUNT["PLIVO_AUTH_ID"]}, ["PLIVO_AUTH_TOKEN", "PLIVO_AUTH_ID"]),
    ({"PLIVO_AUTH_TOKEN": "t" * 40}, ["PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"]),
    ({**ACCOUNT, "PLIVO_AUTH_TOKEN": "t"}, ["PLIVO_AUTH_TOKEN"]),
    ({**ACCOUNT, "PLIVO_API_URL": "http://plivo.example.com"}, ["PLIVO_API_URL", "https"]),
]


@pytest.mark.parametrize(("variables", "named"), WRONG)
def test_serve_refuses_wrong_settings_and_names_them(
    run: Run, tmp_path: Path, variables: dict[str, str], named: list[str]
) -> None:
    code, out, err = run("serve", "--port", "0", **{**GOOD, **variables})
    assert (code, out) == (1, "")
    assert err.startswith("linecard: ")
    assert err.count("linecard: ") == 1
    assert "Traceback" not in err
    for name in named:
        assert name in err, err
    assert not any(value in err for value in ("k" * 16, "s" * 32, "t" * 40))
    assert list(tmp_path.iterdir()) == []


def test_everything_that_is_wrong_is_said_at_once(run: Run) -> None:
    wrong = {"LINECARD_SECRET": "short", "LINECARD_X": "1", "PLIVO_AUTH_ID": "MA"}
    _, _, err = run("serve", **{**GOOD, **wrong})
    for name in ("LINECARD_SECRET", "LINECARD_X", "PLIVO_AUTH_TOKEN"):
        assert name in err


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("publik_url = 'x'", "publik_url"),
        ("[accounts.main]\nprovider = 'nobody'", "accounts.main.provider"),
        ("[accounts.main]\nprovider = 'plivo'\nauth_id = 'MA'", "accounts.main.auth_token"),
        ("[accounts.main]\nprovider = 'plivo'\ncolour = 'red'", "accounts.main.colour"),
        ("public_url = ", "linecard.toml is not a TOML file"),
    ],
)
def test_serve_refuses_a_wrong_file(run: Run, tmp_path: Path, toml: str, named: str) -> None:
    (tmp_path / "linecard.toml").write_text(toml)
    code, _, err = run("serve", "--port", "0", **GOOD)
    assert code == 1
    assert named in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("agents", "named"),
    [
        (["nosuchmodule:agent"], "nosuchmodule"),
        (["os:nosuchagent"], "nosuchagent"),
        (["os:getcwd"], "neither an async function"),
        (["justaword"], "justaword"),
        (["echo=linecard.agents.greeter:greeter"], "two agents are called echo"),
        (
            ["a=linecard.agents.greeter:greeter", "a=linecard.agents.echo:Echo"],
            "two agents are called a",
        ),
    ],
)
def test_serve_refuses_agents_it_cannot_run(run: Run, agents: list[str], named: str) -> None:
    options = [part for agent in agents for part in ("--agent", agent)]
    code, _, err = run("serve", "--port", "0", *options, **GOOD)
    assert code == 1
    assert named in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["call", "+14155550123", "--from", "+14155550100", "--metadata", "{"], "--metadata"),
        (["numbers", "add", "+1", "--provider", "plivo", "--options", "x"], "--options"),
        (["numbers", "set", "+14155550100", "agent"], "agent"),
        (["serve", "--port", "70000"], "--port"),
        (["serve", "--log-format", "xml"], "--log-format"),
        (["call", "+14155550123"], "--from"),
        (["nosuchcommand"], "nosuchcommand"),
    ],
)
def test_wrong_arguments_are_named(run: Run, arguments: list[str], named: str) -> None:
    code, _, err = run(*arguments, **GOOD)
    assert code == 2
    assert named in err


def test_commands_for_a_server_say_when_there_is_none(run: Run) -> None:
    code, _, err = run("numbers", "list", "--url", "http://127.0.0.1:1", **GOOD)
    assert code == 1
    assert "no server answers at http://127.0.0.1:1" in err
    assert err.count("\n") == 1


def test_commands_for_a_server_want_its_key(run: Run) -> None:
    code, _, err = run("numbers", "list")
    assert code == 1
    assert "LINECARD_API_KEY is not set" in err


def test_the_fallback_documents_say_the_apology(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    accounts = {
        "PLIVO_AUTH_ID": "MA" + "X" * 18,
        "PLIVO_AUTH_TOKEN": "t" * 40,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "0" * 32,
        "EXOTEL_API_KEY": "key",
        "EXOTEL_API_TOKEN": "t" * 40,
        "EXOTEL_SID": "acme1",
    }
    for name, value in {**GOOD, **accounts, "LINECARD_APOLOGY": "Bye < now"}.items():
        monkeypatch.setenv(name, value)
    code, out, _ = run("fallback", "write", "documents")
    assert code == 0, out
    for name, word in (("plivo.xml", "Speak"), ("twilio.xml", "Say")):
        text = (tmp_path / "documents" / name).read_text()
        assert f"<{word}" in text
        assert "Bye &lt; now" in text
        assert "<Hangup" in text
    assert {file.name for file in (tmp_path / "documents").iterdir()} == {"plivo.xml", "twilio.xml"}
    (told,) = (line for line in out.splitlines() if line.startswith("exotel"))
    assert "set it in the carrier's flow" in told


@pytest.mark.parametrize("text", ["", "x" * 501])
def test_an_apology_that_nobody_could_say_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    for name, value in {**GOOD, "LINECARD_APOLOGY": text}.items():
        monkeypatch.setenv(name, value)
    code, out, err = run("fallback", "write", "documents")
    assert (code != 0) == bool(text), (out, err)
