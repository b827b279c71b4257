"""The floor of answer webhooks: a route of Starlette's under uvicorn that checks a signature, and no database.

`python -m benchmarks.bare_answers PORT` answers every POST with the same document until killed.
"""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import parse_qsl

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.server import HOST, PLIVO_ID, PLIVO_TOKEN
from linecard.settings import Secret
from linecard.webhook import CarrierRequest
from linecard_plivo.settings import PlivoSettings
from linecard_plivo.signature import prove

DOCUMENT = b"<Response><Stream>wss://voice.example.com/ws/plivo/token</Stream></Response>"
SETTINGS = PlivoSettings(auth_id=PLIVO_ID, auth_token=Secret(PLIVO_TOKEN))


async def answer(request: Request) -> Response:
    """The same for everybody whose signature is right."""
    body = await request.body()
    asked = CarrierRequest(
        method=request.method,
        url=str(request.url),
        headers=dict(request.headers),
        body=body,
        pairs=tuple(parse_qsl(body.decode(), keep_blank_values=True)),
    )
    prove(SETTINGS, "main", asked)
    return Response(DOCUMENT, media_type="application/xml")


def main() -> None:
    """Serve."""
    app = Starlette(routes=[Route("/{provider}/answer", answer, methods=["POST"])])
    config = uvicorn.Config(app, host=HOST, port=int(sys.argv[1]), log_config=None)
    uvloop.run(asyncio.wait_for(uvicorn.Server(config).serve(), None))


if __name__ == "__main__":
    main()
