"""Every faulty provider is caught by the check that is there for its fault, and the correct one is not."""

from __future__ import annotations

import pytest

from linecard.testing.parametrising import runs
from tests.conformance.faulty import believing, calling, declaring, reading, writing
from tests.conformance.faulty.registry import FAULTS, Fault
from tests.conformance.test_tin import TestTin as Certification

MODULES = (believing, calling, declaring, reading, writing)


def failure(case: type[Certification], check: str) -> str | None:
    """Why a check fails; None where it passes. A check that is skipped has checked nothing."""
    passed = False
    for name, run in runs(case, check):
        try:
            run()
        except pytest.skip.Exception:
            continue
        except (Exception, pytest.fail.Exception) as fault:  # noqa: BLE001  a provider may raise anything
            return f"{name}: {fault!r}"
        passed = True
    assert passed or check not in dir(Certification), f"{check} was skipped altogether"
    return None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.provider.__name__)
def test_a_fault_is_caught_by_its_check(fault: Fault) -> None:
    case = type(
        "Faulty", (Certification,), {**fault.case, "provider": fault.provider, "name": "tin"}
    )
    assert failure(case, fault.check) is not None, f"{fault.check} passes"


def test_there_are_many_faults_and_none_twice() -> None:
    names = [fault.provider.__name__ for fault in FAULTS]
    assert len(names) >= 30
    assert len(set(names)) == len(names)
