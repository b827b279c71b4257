"""What a pod serves: the media sockets of its call, and whether it lives."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from linecard.http.media import media_endpoint
from linecard.media_process.streams import judge

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from linecard.media_process.pod import Pod


def media_app(pod: Pod) -> Starlette:
    """`/ws/{provider}/{token}`, `/healthz` and `/readyz`; its `state.media` is the pod, for plugins."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        is_linked = pod.link is not None and not pod.link.is_lost
        state = {"status": "ready" if is_linked else "no server", "used": pod.is_used}
        return JSONResponse(state, 200 if is_linked else 503)

    routes = [
        WebSocketRoute("/ws/{provider}/{token}", media_endpoint(partial(judge, pod))),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
    ]
    app = Starlette(routes=routes)
    app.state.media, app.state.linecard = pod, None
    return app
