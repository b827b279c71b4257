"""What the SDK complains of, and what to do about it, by the name of its exception."""

from __future__ import annotations

from collections.abc import Mapping

from linecard_aic.settings import LICENCE, MODEL

KEY = f"see {LICENCE} and your account at developers.ai-coustics.com"
FILE = f"see {MODEL}: it is the path of a model's file (.aicmodel)"
VERSION = "it must be made for the installed aic-sdk (aic_sdk.get_compatible_model_version())"

TO_DO: Mapping[str, str] = {
    "LicenseFormatInvalidError": KEY,
    "LicenseExpiredError": KEY,
    "LicenseVersionUnsupportedError": KEY,
    "TokenUnsupportedError": KEY,
    "ProcessingNotAllowedError": KEY,
    "FileSystemError": FILE,
    "FilePathInvalidError": FILE,
    "ModelInvalidError": FILE,
    "ModelDataUnalignedError": FILE,
    "ModelTypeUnsupportedError": f"{FILE}, of a model that enhances",
    "ModelVersionUnsupportedError": f"{FILE}; {VERSION}",
    "ImportError": "install the package again: pip install 'linecard[aic]'",
    "ModuleNotFoundError": "install the package: pip install 'linecard[aic]'",
}


def in_words(error: BaseException) -> str:
    """The SDK's own words, with what to do where that is known."""
    name = type(error).__name__
    said = str(error).strip() or name
    todo = TO_DO.get(name)
    return f"{name}: {said}" + (f" ({todo})" if todo else "")
