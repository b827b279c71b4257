"""The page of a call: one self-contained HTML file that asks for nothing from outside.

All text from outside is escaped by the template engine. Style and script stand in the page and are
allowed by their hashes alone (Content Security Policy level 3), so that nothing else can run.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from linecard.demo.page.pretty import pretty
from linecard.demo.page.score import score
from linecard.demo.page.sequence import lane_names, sequence
from linecard.demo.report import Report, Sound
from linecard.demo.wav import stereo_wav

POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
    "img-src data:; media-src data:; base-uri 'none'; form-action 'none'"
)


def render(report: Report) -> str:
    """The page of a call."""
    style, script = _own("page.css"), _own("page.js")
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            score=score(report),
            rows=sequence(report),
            lanes=lane_names(),
            audio=_data_url(report.sound),
            style=Markup(style),  # noqa: S704 - ours, and hashed
            script=Markup(script),  # noqa: S704 - ours, and hashed
            policy=POLICY.format(style=_hash(style), script=_hash(script)),
            version=version("linecard"),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("linecard.demo.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pretty"] = pretty
    return environment


def _own(name: str) -> str:
    return files("linecard.demo.page").joinpath("templates", name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data_url(sound: Sound | None) -> str:
    if sound is None:
        return ""
    wav = stereo_wav(sound.caller, sound.agent, sound.rate)
    return "data:audio/wav;base64," + base64.b64encode(wav).decode()
