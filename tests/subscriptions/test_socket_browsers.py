"""Sockets that pages open: a session asks for the gateway's own page alone, whatever another page sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

from gateway.http.origins import OriginPolicy
from gateway.settings.proxy_settings import TAKEN_HEADERS
from gateway.subscriptions.socket_session import FROM_PAYLOAD
from tests.support.caller_keys import keys_in
from tests.support.people_session import CSRF, SECRET, WHO
from tests.support.socket_clients import BEGIN, SocketGateway, ask, closing, heard, say, socket_gateway

CONSOLE = "https://console.example"
CALLERS: dict[str, Any] = {"console": {}, "public": {"sees": {"identifying": "shown"}}}
CORS = {"origins": [CONSOLE], "credentials": True}


@asynccontextmanager
async def gateway_with_session(folder: Path, anonymous: str | None = None) -> AsyncIterator[tuple[SocketGateway, str, str]]:
    """A gateway where somebody is signed in, his cookie, and his key."""
    keys, access = await keys_in(folder, CALLERS)
    access |= {} if anonymous is None else {"anonymous": anonymous}
    words: dict[str, Any] = {"access": access, "callers": CALLERS, "cors": CORS, "pages": {"enabled": True, "secret": SECRET}}
    async with socket_gateway(**words) as gateway, httpx2.AsyncClient(base_url=gateway.http_url) as client:
        answer = await client.post("/session", headers={"authorization": f"Bearer {keys['console']}", **CSRF})
        yield gateway, answer.headers["set-cookie"].partition(";")[0], keys["console"]


async def who_asks(gateway: SocketGateway, headers: dict[str, str], payload: dict[str, Any] | None = None) -> Any:
    """Who asks over a socket, or the code that it is closed with."""
    async with gateway.socket(additional_headers=headers) as socket:
        await say(socket, {**BEGIN, "payload": payload})
        try:
            assert await heard(socket) == {"type": "connection_ack"}
        except ConnectionClosed:
            return (await closing(socket))[0]
        await ask(socket, payload={"query": WHO})
        return (await heard(socket))["payload"]["data"]["viewer"]["caller"]


def own(gateway: SocketGateway) -> dict[str, str]:
    """What a browser says of the gateway's own page."""
    return {"origin": gateway.http_url}


async def test_the_own_page_asks_by_its_session(tmp_path: Path):
    async with gateway_with_session(tmp_path) as (gateway, cookie, _):
        assert await who_asks(gateway, {"cookie": cookie, **own(gateway)}) == "console"
        same = {"sec-fetch-site": "same-origin", "origin": "https://behind.a.proxy"}
        assert await who_asks(gateway, {"cookie": cookie, **same}) == "console"


@pytest.mark.parametrize("payload", [{}, {"x-csrf": "1"}, {"X-CSRF": "1", "origin": "null", "Sec-Fetch-Site": "same-origin"}])
async def test_other_pages_do_not_ask_by_a_session(tmp_path: Path, payload: dict[str, Any]):
    """Not those that may ask and read, either, whatever their first message has. Others open no socket at all."""
    async with gateway_with_session(tmp_path) as (gateway, cookie, _):
        assert await who_asks(gateway, {"cookie": cookie, "origin": CONSOLE}, payload) == 4403
        assert await who_asks(gateway, {"cookie": cookie, "origin": CONSOLE, "sec-fetch-site": "cross-site"}, payload) == 4403
        assert gateway.codes() - {"OK"} == {"CSRF_HEADER_MISSING"}


async def test_a_cookie_without_an_origin_is_not_enough(tmp_path: Path):
    """Of what is no browser. As by POST, a header says that no page has it sent."""
    async with gateway_with_session(tmp_path) as (gateway, cookie, _):
        assert await who_asks(gateway, {"cookie": cookie}) == 4403
        assert await who_asks(gateway, {"cookie": cookie}, {"x-csrf": "1"}) == 4403
        assert await who_asks(gateway, {"cookie": cookie, **CSRF}) == "console"


async def test_a_page_of_another_origin_asks_by_its_key(tmp_path: Path):
    """Also where its browser sends a cookie along."""
    async with gateway_with_session(tmp_path) as (gateway, cookie, key):
        payload = {"authorization": f"Bearer {key}"}
        for headers in ({"origin": CONSOLE}, {"origin": CONSOLE, "cookie": cookie}):
            assert await who_asks(gateway, headers, payload) == "console"


async def test_an_own_page_without_a_session_is_anonymous(tmp_path: Path):
    """As by POST: nothing is added of which it is not known that it is needed."""
    async with gateway_with_session(tmp_path, "public") as (gateway, cookie, _):
        assert await who_asks(gateway, {"cookie": "theme=dark", **own(gateway)}) == "public"
        assert await who_asks(gateway, {"cookie": cookie, "origin": CONSOLE}) == 4403


async def test_an_origin_that_is_taken_out_asks_no_more():
    """Over sockets that are open: each operation is a request of its own."""
    page = {"origin": CONSOLE}
    async with socket_gateway(cors={"origins": [CONSOLE]}) as gateway, gateway.begun(additional_headers=page) as socket:
        await ask(socket)
        assert [(await heard(socket))["type"] for _ in range(2)] == ["next", "complete"]
        gateway.app.endpoint.origins = OriginPolicy()
        await ask(socket)
        assert (await heard(socket))["payload"][0]["extensions"]["code"] == "CROSS_ORIGIN_REFUSED"


def test_the_payload_names_nobody_as_a_proxy_does():
    """What it may have is no header by which proxies name callers, and none that says where a request comes from."""
    assert {*FROM_PAYLOAD} <= {*TAKEN_HEADERS}
    assert {*FROM_PAYLOAD}.isdisjoint({"cookie", "host", "origin", "sec-fetch-site", "x-csrf"})


@pytest.mark.parametrize("value", [1, None, ["x"], "a\nb", "é", "x" * 9_000], ids=repr)
async def test_what_is_no_header_is_4400(value: Any):
    async with socket_gateway() as gateway, gateway.socket() as socket:
        await say(socket, {**BEGIN, "payload": {"X-Purpose": value}})
        assert (await closing(socket))[0] == 4400
