"""The lean lane's own floor: picows on uvloop, sending each text back, and nothing of the product.

`python -m benchmarks.bare PORT` serves until killed.
"""

from __future__ import annotations

import asyncio
import gc
import sys

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from benchmarks.tools import HOST


class Echo(WSListener):
    """One connection."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Back it goes."""
        if frame.msg_type is WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, frame.get_payload_as_utf8_text())


def main() -> None:
    """Serve."""
    uvloop.run(_serve(int(sys.argv[1])))


async def _serve(port: int) -> None:
    def accept(_request: WSUpgradeRequest) -> Echo:
        return Echo()

    await ws_create_server(accept, HOST, port)
    gc.collect()
    gc.freeze()
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
