"""Which voice speaks which language: Plivo refuses a wrong pair and drops the call (8011)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard import InvalidField, UnsupportedByProvider

WOMAN, MAN = "WOMAN", "MAN"
BOTH = (WOMAN, MAN)

PLAIN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "da-DK": (WOMAN,),
        "de-DE": BOTH,
        "en-AU": BOTH,
        "en-GB": BOTH,
        "en-US": BOTH,
        "es-ES": BOTH,
        "es-US": BOTH,
        "fr-CA": (WOMAN,),
        "fr-FR": BOTH,
        "it-IT": BOTH,
        "nl-NL": BOTH,
        "pl-PL": BOTH,
        "pt-BR": BOTH,
        "pt-PT": (MAN,),
        "ru-RU": (WOMAN,),
        "sv-SE": (WOMAN,),
    }
)
"""Plivo's own voices (XML reference, audio output)."""

POLLY: Mapping[str, str] = MappingProxyType(
    {
        "arb": "Polly.Zeina",
        "cmn-CN": "Polly.Zhiyu",
        "cy-GB": "Polly.Gwyneth",
        "en-IN": "Polly.Aditi",
        "hi-IN": "Polly.Aditi",
        "is-IS": "Polly.Dora",
        "ja-JP": "Polly.Mizuki",
        "ko-KR": "Polly.Seoyeon",
        "nb-NO": "Polly.Liv",
        "ro-RO": "Polly.Carmen",
        "tr-TR": "Polly.Filiz",
    }
)
"""A voice of Amazon Polly for the languages that Plivo's own voices lack."""


def pick_voice(language: str, voice: str | None) -> str:
    """The voice for a language: the one asked for, else one that Plivo takes.

    Raises UnsupportedByProvider for a language without a voice, InvalidField for a wrong pair.
    """
    if voice is not None and voice.startswith("Polly."):
        return voice
    taken = PLAIN.get(language) or ((POLLY[language],) if language in POLLY else ())
    if not taken:
        raise UnsupportedByProvider("plivo", f"say in {language}")
    if voice is not None and voice not in taken:
        raise InvalidField("voice", f"{language} is spoken by {', '.join(taken)} or a Polly voice")
    return voice or taken[0]
