"""Whether what takes the noise out of the numbers' calls is installed here."""

from __future__ import annotations

from linecard.doctor.findings import Finding, failed, ok, unknown
from linecard.doctor.patient import Patient
from linecard.enhancing import enhancers
from linecard.errors import InvalidField

NO_NUMBERS = unknown("the database cannot be read, so its numbers are not known")
NOBODY_ASKS = ok("no number asks for any")
DO = "install what it lacks, or give the number another enhancer, or none: see docs/noise.md"


async def noise(patient: Patient) -> list[Finding]:
    """Whether what takes the noise out of the numbers' calls is installed; a licence is not looked at."""
    if patient.numbers is None:
        return [NO_NUMBERS]
    asking = [number for number in patient.numbers if number.enhance is not None]
    return [_of(patient, number.enhance).of(number.number) for number in asking] or [NOBODY_ASKS]


def _of(patient: Patient, name: str | None) -> Finding:
    try:
        enhancers.check(patient.plugins, name)
    except InvalidField as error:
        return failed(f"its calls keep their noise: {error.message}", DO)
    return ok(f"the noise of its calls is taken out by {name}")
