"""Is this place fit to take calls: settings, database, plugins, carriers, and the way from the public URL to us."""

from linecard.doctor.checks import CHECKS
from linecard.doctor.findings import Finding, Outcome
from linecard.doctor.running import examine

__all__ = ["CHECKS", "Finding", "Outcome", "examine"]
