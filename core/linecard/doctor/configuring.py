"""Settings that work, and may hurt: rotation, fallback, the list for transfers; and who reaches what."""

from __future__ import annotations

from urllib.parse import urlsplit

from linecard.doctor.asking import Fetched
from linecard.doctor.findings import Finding, failed, ok, unknown, warning
from linecard.doctor.patient import Patient

API, METRICS = "/api/numbers", "/metrics"
ROTATION = {
    "secret": "connect the numbers again, wait until no call is live that began before, take the old one away",
    "api_key": "let every client change, then take the old one away",
}
OK, UNAUTHORIZED = 200, 401


async def public_address(patient: Patient) -> list[Finding]:
    """Whether a server answers at LINECARD_PUBLIC_URL at all."""
    url, seen = patient.settings.public_url, patient.healthz
    if seen.status == OK and '"ok"' in seen.text:
        return [_reached(patient, url)]
    says = seen.trouble or f"{seen.url} answers {seen.status}"
    return [
        failed(
            f"no Linecard server answers at {url}: {says}",
            "start 'linecard serve', and let the proxy or tunnel of LINECARD_PUBLIC_URL lead there",
        )
    ]


def _reached(patient: Patient, url: str) -> Finding:
    if patient.settings.on_loopback:
        return warning(
            f"a server answers at {url}, which is this machine's own: no carrier reaches it",
            "set LINECARD_PUBLIC_URL to an https address that leads here, once carriers are to call",
        )
    return ok(f"a server answers at {url}")


async def exposure(patient: Patient) -> list[Finding]:
    """Whether the API and the metrics can be reached at the public URL."""
    return [_api(patient.opened[API]), *_metrics(patient.opened[METRICS])]


def _api(seen: Fetched) -> Finding:
    if seen.status is None:
        return unknown(f"{seen.url} does not answer: {seen.trouble}")
    if seen.status in (OK, UNAUTHORIZED):
        return warning(
            f"the API can be reached from outside: {seen.url} answers {seen.status}",
            "serve it with --admin-port, or let the proxy refuse /api; its key is all that guards it now",
        )
    return ok("the API cannot be reached at the public URL")


def _metrics(seen: Fetched) -> list[Finding]:
    if seen.status != OK or "linecard_" not in seen.text:
        return []
    return [failed(f"anybody can read the metrics at {seen.url}", "let the proxy refuse /metrics")]


async def secrets(patient: Patient) -> list[Finding]:
    """Secrets of which two are live."""
    values = {"secret": patient.settings.secret, "api_key": patient.settings.api_key}
    return [
        warning(
            f"LINECARD_{name.upper()} holds {len(one.values())} values: a rotation", ROTATION[name]
        )
        for name, one in values.items()
        if len(one.values()) > 1
    ] or [ok("no rotation is under way")]


async def fallback(patient: Patient) -> list[Finding]:
    """What carriers are given for when this server does not answer."""
    url = patient.settings.fallback_url
    write = "'linecard fallback write DIR' writes documents; put one elsewhere and set LINECARD_FALLBACK_URL"
    if url is None:
        return [
            warning("LINECARD_FALLBACK_URL is not set: when this server is down, calls end", write)
        ]
    if urlsplit(url).hostname == urlsplit(patient.settings.public_url).hostname:
        return [
            warning("LINECARD_FALLBACK_URL is on the same host: it is down together with it", write)
        ]
    return [ok(f"a document elsewhere: {url}")]


async def transfers(patient: Patient) -> list[Finding]:
    """Where calls may be transferred to."""
    allowed = patient.settings.transfer_allow
    if not allowed:
        return [
            warning(
                "LINECARD_TRANSFER_ALLOW is empty: every transfer is refused",
                "list the numbers and SIP addresses that agents may transfer to, if they are to",
            )
        ]
    return [ok(f"transfers may go to {len(allowed)} targets or patterns")]


async def signatures(patient: Patient) -> list[Finding]:
    """Carriers' requests that the running server has not believed."""
    arrivals = [one.arrival for one in patient.answered.values() if one.arrival]
    if not arrivals:
        return [unknown("no server told what it has refused")]
    seen = arrivals[0]
    if seen.misfit:
        url = seen.misfit.fits
        return [
            failed(
                f"requests of {seen.misfit.provider}, {seen.misfit.count} by now, were signed for {url}, "
                f"not for {seen.public_url}",
                f"set LINECARD_PUBLIC_URL to {url}, or run 'linecard numbers connect' for its numbers",
            )
        ]
    if seen.refused:
        return [
            warning(
                f"{seen.refused} requests were not believed since the server's start",
                "its log says why: strangers, other credentials, or a proxy that changes addresses",
            )
        ]
    return [ok("every request of a carrier was believed since the server's start")]
