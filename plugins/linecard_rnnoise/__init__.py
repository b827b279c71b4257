"""RNNoise, a free noise suppressor, behind the hook `enhance`."""

from linecard_rnnoise.plugin import RNNoise

__all__ = ["RNNoise"]
