"""`linecard campaign run`: a whole campaign from a file, and what a person sees of it."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console
from tests.plugins.campaigns.marks import queue_on_sqlite
from typer.testing import CliRunner

from linecard.cli import whole
from linecard.simulator.phone import Outcome
from linecard_campaigns.leads import LeadStatus
from linecard_campaigns.showing import Screen
from linecard_campaigns.trying import PEOPLE, _phone

LEADS = Path(__file__).parents[3] / "examples" / "leads.csv"


def test_people_are_there_in_their_shares_and_always_the_same() -> None:
    numbers = [f"+1415555{n:04}" for n in range(2000, 4000)]
    cast = [_phone(number) for number in numbers]
    assert cast == [_phone(number) for number in numbers]
    kinds = Counter("machine" if one.is_machine else str(one.outcome) for one in cast)
    shares = dict(
        zip((Outcome.ANSWER, Outcome.BUSY, Outcome.NO_ANSWER, "machine"), PEOPLE, strict=True)
    )
    for kind, (share, _) in shares.items():
        assert abs(kinds[str(kind)] / len(cast) - share) < 0.03, kind


def test_a_file_that_is_not_there_is_said_in_one_line() -> None:
    done = CliRunner().invoke(whole(), ["campaign", "run", "nowhere.csv"])
    assert done.exit_code == 2
    assert "nowhere.csv is not a file" in done.output


def test_what_is_shown_of_a_campaign() -> None:
    said = io.StringIO()
    screen = Screen(Console(file=said, width=100))
    line = {"line": 3, "result": "refused", "field": "to", "message": "not a number [x]"}
    told = {"lines": 2, "added": 1, "duplicates": 0, "refused": 1, "report": [line]}
    screen.taken(told)
    with screen.progress(1) as show:
        show(dict.fromkeys(LeadStatus, 0) | {"finished": 1})
    account = {"provider": "plivo", "account": "main", "attempts": 1, "answered": 1}
    screen.report(
        {
            "funnel": {"leads": 1, "finished": 1},
            "outcomes": {"completed": 1},
            "carriers": [account | {"minutes": 0.1, "cost": "0.006"}],
        }
    )
    assert "line 3: to not a number [x]" in said.getvalue()
    assert "plivo:main" in said.getvalue()


@pytest.mark.slow
@queue_on_sqlite
@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
def test_a_campaign_runs_to_its_end(tmp_path: Path, provider: str) -> None:
    people = LEADS.read_text(encoding="utf-8").splitlines()[:7]
    file = tmp_path / "leads.csv"
    file.write_text("\n".join([*people, "12,,"]) + "\n")
    wanted = ("campaign", "run", str(file), "--provider", provider, "--out", str(tmp_path / "out"))
    line = Path(sys.executable).with_name("linecard")
    done = subprocess.run([line, *wanted], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 lines: 6 leads added, 0 there already, 1 refused" in done.stdout
    with (tmp_path / "out" / "leads.csv").open(encoding="utf-8", newline="") as written:
        leads = list(csv.DictReader(written))
    assert len(leads) == 6
    assert {lead["status"] for lead in leads} <= {"finished", "failed"}
    assert (tmp_path / "out" / "report.svg").read_text().startswith("<svg")
