"""ai-coustics' speech enhancement, behind the hook `enhance`."""

from linecard_aic.plugin import Aic

__all__ = ["Aic"]
