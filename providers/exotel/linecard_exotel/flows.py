"""What a person builds by hand in Exotel's App Bazaar: the flow that carries calls to this server.

The order is that of the flow. Without the second Voicebot a caller whom nobody answered has nowhere
to go, and the call ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linecard import Kind, Number, SetupStep
from linecard_exotel.settings import ExotelSettings

RECORDED = (
    "tick Record: calls that come in are recorded by the applet alone, from their first second; "
    "nothing can be asked or played before"
)
NOT_RECORDED = "leave Record unticked: this number is not recorded"
WITH_USER = (
    " The address holds the user and password of EXOTEL_WEBHOOK_USER; where the applet has its own "
    "fields for them, put them there instead"
)


def setup_steps(
    settings: ExotelSettings, number: Number, addresses: Mapping[Kind, str]
) -> Sequence[SetupStep]:
    """The steps, each with the address to paste where there is one."""
    paste = {kind: settings.with_user(url) for kind, url in addresses.items()}
    auth = WITH_USER if settings.webhook_authorizations else ""
    record = RECORDED if number.record else NOT_RECORDED
    return (
        SetupStep(
            do="have Exotel support (hello@exotel.com) switch on the Voicebot applet and the Answered "
            "event of the Connect applet for the account"
        ),
        SetupStep(do="Exotel dashboard, App Bazaar: create a flow"),
        SetupStep(
            do=f"first applet, Voicebot: this URL, sample rate 8000; {record}.{auth}",
            paste=paste[Kind.ANSWER],
        ),
        SetupStep(
            do="behind the Voicebot, Passthru: this URL, Make Passthru Async unticked; 200 leads to "
            f"branch A, 302 to branch B.{auth}",
            paste=paste[Kind.NEXT],
        ),
        SetupStep(
            do="branch A, Connect: configure parameters dynamically with this primary URL. Its "
            "transition after a conversation leads to a Hangup applet, or stays empty." + auth,
            paste=paste[Kind.DIAL],
        ),
        SetupStep(
            do="Connect, if nobody answers and if nobody is dialled: a second Voicebot with this URL, "
            f"sample rate 8000; {record}. It brings the caller back.{auth}",
            paste=paste[Kind.RETURN],
        ),
        SetupStep(
            do="behind the second Voicebot: a second Passthru, like the first and with its URL, so that "
            "the end of the call is told and a caller who is back may be transferred again",
            paste=paste[Kind.NEXT],
        ),
        SetupStep(
            do="branch A of the second Passthru: a second Connect, like the first and with its URL; "
            "Hangup applets behind it",
            paste=paste[Kind.DIAL],
        ),
        SetupStep(do="branch B of both Passthrus: a Hangup applet"),
        SetupStep(do=f"Exotel dashboard, ExoPhones, {number.number}: choose this flow"),
        SetupStep(
            do="for calls that go out through the flow: write the digits of its address into the "
            "number's option flow_id"
        ),
    )
