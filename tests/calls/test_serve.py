"""`linecard serve` as a process of its own, from its environment alone to its last signal."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

import httpx2

from linecard.clock import Clock
from linecard.listening import free_port
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.simulator.serving import running
from linecard_plivo.simulator import SimulatedPlivo
from tests.calls.shell import linecard, served
from tests.calls.telephone import CUSTOMER, KEY, OURS

SECRET = "secret-0123456789-0123456789-0123456789"
CALLER = Phone(ring_seconds=0.2, script=(Wait(0.5),), hangs_up=True)


def environment(public_url: str, **more: str) -> dict[str, str]:
    return {
        "LINECARD_PUBLIC_URL": public_url,
        "LINECARD_API_KEY": KEY,
        "LINECARD_SECRET": SECRET,
        **more,
    }


def client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)


async def test_a_server_lives_from_its_environment_alone(tmp_path: Path) -> None:
    env = environment("http://127.0.0.1:8080")
    async with served("--port", "0", env=env, cwd=tmp_path) as (server, (url,)):
        assert (tmp_path / "linecard.db").is_file()
        async with client(url) as api:
            assert (await api.get("/healthz")).json() == {"status": "ok"}
            ready = (await api.get("/readyz")).json()
            assert (ready["status"], ready["accounts"]) == ("ready", [])
            assert (await api.get("/api/numbers")).json() == {"items": [], "next": None}
        server.process.send_signal(signal.SIGTERM)
        assert await server.stop() == 0
    assert [line["event"] for line in server.log] == ["serving", "stopping"]
    async with served("--port", "0", env=env, cwd=tmp_path) as (server, _):
        server.process.send_signal(signal.SIGINT)
        assert await server.stop() == 0


async def test_an_admin_port_takes_the_api_away_from_the_public_one(tmp_path: Path) -> None:
    env = environment("http://127.0.0.1:8080")
    options = ("--port", "0", "--admin-port", "0")
    async with served(*options, env=env, cwd=tmp_path) as (server, (public, admin)):
        async with client(public) as api:
            assert (await api.get("/api/numbers")).status_code == 404
            assert (await api.get("/metrics")).status_code == 404
            assert (await api.get("/readyz")).status_code == 200
        async with client(admin) as api:
            assert (await api.get("/api/numbers")).status_code == 200
            assert (await api.get("/metrics")).status_code == 200
        assert await server.stop() == 0


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        env = environment("http://127.0.0.1:8080")
        ended = await linecard("serve", "--port", port, env=env, cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"linecard: cannot listen on --host 127.0.0.1 with --port {port}: Address already in use\n"
    )


async def test_a_database_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "linecard.db").write_bytes(b"no database at all" * 1000)
    env = environment("http://127.0.0.1:8080")
    ended = await linecard("serve", "--port", "0", env=env, cwd=tmp_path)
    assert ended.code == 1
    assert "LINECARD_DATABASE_URL" in ended.err
    assert ended.err.count("\n") == 1


async def test_what_init_writes_is_served(tmp_path: Path) -> None:
    assert (await linecard("init", env={}, cwd=tmp_path)).code == 0
    path = tmp_path / "linecard.toml"
    account = '[accounts.main]\nprovider = "plivo"\nauth_id = "MAXXXXXXXXXXXXXXXXXX"\n'
    path.write_text(f'{path.read_text()}\n{account}auth_token = "{"t" * 40}"\n')
    async with served("--port", "0", env={}, cwd=tmp_path) as (server, (url,)):
        async with client(url) as stranger:
            assert (await stranger.get("/api/numbers")).status_code == 401
            (account_shown,) = (await stranger.get("/readyz")).json()["accounts"]
            assert account_shown == {"provider": "plivo", "account": "main", "api": "carrier"}
        listed = await linecard("numbers", "list", "--url", url, env={}, cwd=tmp_path)
        assert (listed.code, listed.err) == (0, "")
        assert await server.stop() == 0


async def test_a_whole_call_leaves_no_secret_and_no_number_in_the_log(tmp_path: Path) -> None:
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    carrier = SimulatedPlivo(public_url, clock=Clock())
    carrier.phones[CUSTOMER] = CALLER
    async with running(carrier, public_url) as carrier_url:
        account = carrier.environment(carrier_url)
        env = environment(public_url, **account)
        async with served("--port", str(port), env=env, cwd=tmp_path) as (server, (url,)):
            call = await _one_call(url)
            (answer,) = carrier.ledger.all(What.WEBHOOK, kind="document answer")
            await _knock_with_what_was_seen(url, str(answer.facts["reply"]))
            assert await server.stop() == 0
    assert call["status"] == "completed"
    _check_log(server.text, account)
    assert any(line["event"] == "media socket refused" for line in server.log)


async def _one_call(url: str) -> dict[str, object]:
    async with client(url) as api:
        body = {"number": OURS, "provider": "plivo", "agent": "echo"}
        assert (await api.post("/api/numbers", json=body)).status_code == 201
        placed = (await api.post("/api/calls", json={"from": OURS, "to": CUSTOMER})).json()
        while (call := (await api.get(f"/api/calls/{placed['id']}")).json())["ended_at"] is None:
            await asyncio.sleep(0.1)
        await api.post("/api/calls", json={"from": OURS, "to": "+442079460000"})
        return dict(call)


async def _knock_with_what_was_seen(url: str, document: str) -> None:
    """Use addresses that were given out once more, unsigned: every door must stay shut."""
    addresses = re.findall(r"(?:http|ws)://[^<\"]+", document)
    assert any("/ws/plivo/" in address for address in addresses)
    async with httpx2.AsyncClient() as stranger:
        for address in addresses:
            http = address.replace("ws://", "http://").replace("&amp;", "&")
            upgrade = {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            }
            headers = upgrade if "/ws/" in address else {}
            answer = await stranger.request("GET" if headers else "POST", http, headers=headers)
            assert answer.status_code == 403, address


def _check_log(text: str, account: Mapping[str, str]) -> None:
    assert text
    for line in text.splitlines():
        assert json.loads(line)["timestamp"]
    secrets = [KEY, SECRET, account["PLIVO_AUTH_TOKEN"], CUSTOMER[1:], OURS[1:], "442079460000"]
    for private in secrets:
        assert private not in text, private
    assert not re.search(r"/ws/plivo/[A-Za-z0-9]", text)
    assert not re.search(r"[?&]t=[A-Za-z0-9]", text)
