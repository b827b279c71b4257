"""One pod of Kubernetes for each call: allocated from a fleet of Agones, and never used twice."""

from linecard_agones.plugin import Agones

__all__ = ["Agones"]
