"""Recordings by API: of a live call, and where a file is."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import urlsplit

from linecard import Call, CarrierEvent, CarrierRefused, Download, RecordingOrder
from linecard_twilio.calls import recording_wish, require_id
from linecard_twilio.failures import NAME, NOT_IN_PROGRESS
from linecard_twilio.readings import BOTH_SIDES, recording_failed, recording_ready, with_channels
from linecard_twilio.replies import Done, Named, Recording, whole
from linecard_twilio.rest import Rest
from linecard_twilio.settings import TWILIO_API, TwilioSettings

CURRENT = "Twilio.CURRENT"
"""Twilio's name of the recording that runs."""
LOST = frozenset({"absent", "failed"})
RUNNING = frozenset({"in-progress", "paused"})
TWILIO_HOST = "api.twilio.com"
TWILIO_DOMAIN = ".twilio.com"
TOO_EARLY = 409
WAV = ".wav"


async def start(rest: Rest, call: Call, order: RecordingOrder) -> str:
    """Record a live call. A call that is not in progress yet is a CarrierRefused of 409: try again."""
    sid, wish = require_id(call), recording_wish(call, order)
    try:
        started = await rest.ask(
            lambda client: client.calls(sid).recordings.create_async(**wish), Named
        )
    except CarrierRefused as refused:
        if refused.code != NOT_IN_PROGRESS:
            raise
        raise CarrierRefused(
            NAME, refused.message, status=TOO_EARLY, code=refused.code
        ) from refused
    return started.sid


async def stop(rest: Rest, call: Call, recording: str | None) -> None:
    """Stop one recording, or all that run. None running is success."""
    sid = require_id(call)
    for name in [recording] if recording else await _running(rest, sid):
        await _update(rest, sid, name, "stopped")


async def _running(rest: Rest, sid: str) -> list[str]:
    known = await rest.ask(
        lambda client: client.calls(sid).recordings.list_async(), list[Recording], tries=2
    )
    return [one.sid for one in known if one.status in RUNNING]


async def pause(rest: Rest, call: Call, recording: str | None, resume: bool) -> None:
    """Pause, with silence in the file for as long, or go on. Raises CarrierRefused where none runs."""
    sid, name = require_id(call), recording or CURRENT
    if not await _update(rest, sid, name, "in-progress" if resume else "paused"):
        raise CarrierRefused(NAME, f"no recording of call {call.id} runs", status=404)


async def _update(rest: Rest, sid: str, name: str, status: str) -> bool:
    done = await rest.find(
        lambda client: client.calls(sid).recordings(name).update_async(status=status), Done
    )
    return done is not None


async def delete(rest: Rest, recording: str) -> None:
    """Delete the file; none there is success."""
    await rest.find(lambda client: client.recordings(recording).delete_async(), Done)


async def fetch(rest: Rest, recording: str, url: str | None) -> Download:
    """Where the file is; without an address Twilio is asked, whose record names a storage of the account's own."""
    if url is None:
        kept = await rest.ask(
            lambda client: client.recordings(recording).fetch_async(), Recording, tries=2
        )
        url = with_channels(kept.media_url or _own_address(rest.settings, recording), kept.channels)
    return where_it_is(rest.settings, url)


def where_it_is(settings: TwilioSettings, url: str) -> Download:
    """Credentials go to Twilio alone, and not to the account's own storage.

    A file that is neither at Twilio nor at a host of `recording_hosts` is external: the account has a
    storage of its own, and has not opened it to us (Twilio: external storage).
    """
    where = urlsplit(url)
    if where.netloc in settings.recording_hosts:
        url = where.geturl().removesuffix(BOTH_SIDES)
        return Download(url=url, hosts=frozenset({where.netloc}))
    hosts = _hosts(settings, where.netloc)
    if where.netloc not in hosts:
        return Download(url=url, hosts=frozenset(), external=True)
    return Download(
        url=where.geturl() if _has_type(where.path) else _as_wav(where.geturl()),
        hosts=hosts,
        authorization=_basic(settings),
    )


def of_recording(settings: TwilioSettings, one: Recording) -> CarrierEvent | None:
    """What a recording's own record says, with the keys that a callback of the same fact has."""
    if one.status in LOST:
        code = str(one.error_code or "")
        return recording_failed(one.sid, one.status, code)
    if one.status != "completed":
        return None
    return recording_ready(
        one.sid, one.media_url or _own_address(settings, one.sid), whole(one.duration), one.channels
    )


def _own_address(settings: TwilioSettings, recording: str) -> str:
    account = settings.account_sid
    return f"{settings.api_url.rstrip('/')}/2010-04-01/Accounts/{account}/Recordings/{recording}"


def _has_type(path: str) -> bool:
    return path.endswith((WAV, ".mp3"))


def _as_wav(url: str) -> str:
    """The address that Twilio reports is that of the file without its type."""
    address, mark, query = url.partition("?")
    return f"{address}{WAV}{mark}{query}"


def _hosts(settings: TwilioSettings, host: str) -> frozenset[str]:
    """Twilio's API host, its regions (`api.dublin.ie1.twilio.com`), and what stands in for it in tests."""
    region = {host} if host.startswith("api.") and host.endswith(TWILIO_DOMAIN) else set()
    stands_in = {settings.api_host} if settings.api_url != TWILIO_API else set()
    return frozenset({TWILIO_HOST, *region, *stands_in})


def _basic(settings: TwilioSettings) -> str:
    name, password = settings.credentials
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode('ascii')}"
