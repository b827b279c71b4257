"""The endpoints of numbers, applications and prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linecard.simulator.handset import plain
from linecard_plivo.simulator.directory import APPLICATION_DEFAULTS, Application, OwnNumber
from linecard_plivo.simulator.documents import is_web_address
from linecard_plivo.simulator.fields import country_code
from linecard_plivo.simulator.rates import pricing
from linecard_plivo.simulator.replies import ApiReply, ApiRequest, Refused, missing, page, said

if TYPE_CHECKING:
    from linecard_plivo.simulator.switch import Switch

NO_APPLICATION = (None, "", "null")


async def list_numbers(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Number/."""
    numbers = [_number(switch, own) for own in switch.directory.numbers.values()]
    return page(switch, request, "Number", numbers)


async def get_number(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Number/{number}/."""
    return said(switch, 200, **_number(switch, _own(switch, request)))


async def assign_number(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST /Number/{number}/: its application (moves its messages, too) and its alias."""
    own = _own(switch, request)
    if "app_id" in request.body:
        app_id = request.body["app_id"]
        if app_id not in NO_APPLICATION and app_id not in switch.directory.applications:
            raise Refused(400, "app_id parameter is invalid")
        own.app_id = None if app_id in NO_APPLICATION else str(app_id)
    own.alias = request.body.get("alias", own.alias)
    return said(switch, 202, message="changed")


def _own(switch: Switch, request: ApiRequest) -> OwnNumber:
    switch.directory.claim(request.path["number"])
    own = switch.directory.numbers.get(plain(request.path["number"]))
    if own is None:
        raise missing("number")
    return own


def _number(switch: Switch, own: OwnNumber) -> dict[str, Any]:
    account = f"/v1/Account/{switch.credentials.auth_id}"
    return {
        "added_on": "2024-01-01",
        "alias": own.alias,
        "application": f"{account}/Application/{own.app_id}/" if own.app_id else None,
        "carrier": "Plivo",
        "country": country_code(own.number),
        "monthly_rental_rate": "0.80000",
        "number": own.number,
        "number_type": "local",
        "region": "",
        "resource_uri": f"{account}/Number/{own.number}/",
        "sms_enabled": True,
        "sub_account": None,
        "voice_enabled": True,
        "voice_rate": f"{switch.rates.per_minute('inbound', own.number):f}",
    }


async def list_applications(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Application/, filtered by `app_name`."""
    name = request.query.get("app_name", "")
    found = [one for one in switch.directory.applications.values() if name in one.app_name]
    return page(switch, request, "Application", [_application(switch, one) for one in found])


async def get_application(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Application/{id}/."""
    return said(switch, 200, **_application(switch, _known(switch, request)))


async def create_application(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST /Application/: names are unique."""
    name = request.body.get("app_name")
    if not isinstance(name, str) or not name:
        raise Refused(400, "app_name is a mandatory parameter")
    if any(one.app_name == name for one in switch.directory.applications.values()):
        raise Refused(400, f"application with name {name} already exists")
    application = switch.directory.create(name, _settings(request))
    return said(switch, 201, message="created", app_id=application.app_id)


async def update_application(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST /Application/{id}/: changes what is given and leaves the rest."""
    application = _known(switch, request)
    application.settings.update(_settings(request))
    return said(switch, 202, message="changed")


async def delete_application(switch: Switch, request: ApiRequest) -> ApiReply:
    """DELETE /Application/{id}/: its numbers point at nothing."""
    application = _known(switch, request)
    del switch.directory.applications[application.app_id]
    for own in switch.directory.numbers.values():
        own.app_id = None if own.app_id == application.app_id else own.app_id
    return ApiReply(204)


def _known(switch: Switch, request: ApiRequest) -> Application:
    application = switch.directory.applications.get(request.path["id"])
    if application is None:
        raise missing("application")
    return application


def _settings(request: ApiRequest) -> dict[str, Any]:
    given = {name: request.body[name] for name in APPLICATION_DEFAULTS if name in request.body}
    for name, value in given.items():
        if name.endswith("_url") and value and not is_web_address(str(value)):
            raise Refused(400, f"{name} parameter is invalid")
        if name.endswith("_method") and value not in ("GET", "POST"):
            raise Refused(400, f"{name} parameter is invalid")
    return given


def _application(switch: Switch, application: Application) -> dict[str, Any]:
    account = f"/v1/Account/{switch.credentials.auth_id}"
    return {
        **application.settings,
        "app_id": application.app_id,
        "app_name": application.app_name,
        "default_app": application.is_default,
        "enabled": True,
        "resource_uri": f"{account}/Application/{application.app_id}/",
        "sip_uri": f"sip:{application.app_id}@app.plivo.com",
    }


async def get_pricing(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Pricing/?country_iso=."""
    prices = pricing(request.query.get("country_iso", ""))
    if prices is None:
        raise missing("pricing of this country")
    return said(switch, 200, **prices)
