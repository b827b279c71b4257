"""A pod whose server was killed: it ends, instead of waiting for ever for one that does not come back."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from linecard.agents import Agents
from linecard.media_process.linking import stay_linked
from linecard.media_process.pod import Place, Pod
from linecard.plugins import Plugins
from linecard.settings import Secret


def _pod(control: str) -> Pod:
    return Pod(Place("pod-1", Secret("k"), control), Plugins(), Agents([]))


@pytest.mark.parametrize("leaves_its_file", [True, False])
async def test_of_this_machine_it_ends(tmp_path: Path, leaves_its_file: bool) -> None:
    path = tmp_path / "control"
    if leaves_its_file:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    pod = _pod(f"unix:{path}")
    async with asyncio.timeout(5):
        await stay_linked(pod)
    assert pod.done.is_set()


async def test_of_another_machine_it_waits_for_the_server_to_come_back() -> None:
    pod = _pod("127.0.0.1:1")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await stay_linked(pod)
    assert not pod.done.is_set()
