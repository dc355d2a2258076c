"""Who asks over a socket that is open: each operation is asked by whoever its credential shows then."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from gateway.access.key_file import KeyFile
from gateway.subscriptions.socket_messages import SUBPROTOCOL
from tests.subscriptions.test_socket_protocol import NAME, heard, open_gateway, say
from tests.support.caller_keys import keys_in
from tests.support.clocks import START
from tests.support.node_packages import installed

SEES: dict[str, Any] = {"console": {}, "storefront": {"sees": {"identifying": "shown"}}}
NODE = Path(__file__).parents[1] / "clients" / "node"


async def answer_of(socket: Any) -> dict[str, Any]:
    """The one message that answers the query, without what says that it is over."""
    await say(socket, {"id": "1", "type": "subscribe", "payload": NAME})
    answer = await heard(socket)
    if answer["type"] == "next":
        assert (await heard(socket))["type"] == "complete"
    return answer


@pytest.mark.parametrize("way", ["header", "payload"])
async def test_each_caller_sees_what_he_may(tmp_path: Path, way: str):
    keys, access = await keys_in(tmp_path, SEES)
    shown = {}
    async with open_gateway(callers=SEES, access=access) as url:
        for caller, key in keys.items():
            own = {"authorization": f"Bearer {key}"}
            headers, payload = (own, {}) if way == "header" else ({}, own)
            async with connect(url, subprotocols=[SUBPROTOCOL], additional_headers=headers) as socket:  # type: ignore[list-item]
                await say(socket, {"type": "connection_init", "payload": payload})
                await heard(socket)
                shown[caller] = (await answer_of(socket))["payload"]
    assert shown["console"] == {"data": {"customer": {"name": "Ana Souza"}}}
    assert shown["storefront"]["data"] == {"customer": {"name": None}}
    assert shown["storefront"]["errors"][0]["extensions"]["code"] == "WITHHELD"


async def test_a_revoked_key_asks_no_more_over_an_open_socket(tmp_path: Path):
    keys, access = await keys_in(tmp_path, SEES)
    async with open_gateway(callers=SEES, access=access) as url, connect(url, subprotocols=[SUBPROTOCOL]) as socket:  # type: ignore[list-item]
        await say(socket, {"type": "connection_init", "payload": {"authorization": f"Bearer {keys['console']}"}})
        await heard(socket)
        assert (await answer_of(socket))["type"] == "next"
        await KeyFile(tmp_path / "keys.json").end(keys["console"].split("_")[1], START)
        while (answer := await answer_of(socket))["type"] == "next":
            await asyncio.sleep(0.05)  # workers look for changes each second
        assert answer["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.clients
async def test_graphql_ws_asks(tmp_path: Path):
    node = installed(NODE)
    keys, access = await keys_in(tmp_path, SEES)
    async with open_gateway(callers=SEES, access=access) as url:
        words = [node, "sockets.mjs", url, keys["console"]]
        running = await asyncio.create_subprocess_exec(*words, cwd=NODE / "app", stdout=asyncio.subprocess.PIPE)
        output, _ = await running.communicate()
    told = json.loads(output)
    assert told["answers"][:2] == [{"results": [{"customer": {"name": "Ana Souza"}}]}] * 2
    assert told["answers"][2]["results"] == []
    assert told["answers"][2]["error"]
    assert told["nobody"] == {"results": [], "error": 4403}
