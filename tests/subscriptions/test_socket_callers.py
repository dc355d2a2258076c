"""Who asks over a socket that is open: each operation is asked by whoever its credential shows then."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.access.key_file import KeyFile
from tests.support.caller_keys import keys_in
from tests.support.clocks import START
from tests.support.socket_clients import BEGIN, ask, closing, heard, say, socket_gateway

SEES: dict[str, Any] = {"console": {}, "storefront": {"sees": {"identifying": "shown"}}}


async def answer_of(socket: Any) -> dict[str, Any]:
    """The one message that answers the query, without what says that it is over."""
    await ask(socket)
    answer = await heard(socket)
    if answer["type"] == "next":
        assert (await heard(socket))["type"] == "complete"
    return answer


@pytest.mark.parametrize("way", ["header", "payload"])
async def test_each_caller_sees_what_he_may(tmp_path: Path, way: str):
    keys, access = await keys_in(tmp_path, SEES)
    shown = {}
    async with socket_gateway(callers=SEES, access=access) as gateway:
        for caller, key in keys.items():
            own = {"authorization": f"Bearer {key}"}
            headers, payload = (own, {}) if way == "header" else ({}, own)
            async with gateway.begun(payload, additional_headers=headers) as socket:
                shown[caller] = (await answer_of(socket))["payload"]
    assert shown["console"] == {"data": {"customer": {"name": "Ana Souza"}}}
    assert shown["storefront"]["data"] == {"customer": {"name": None}}
    assert shown["storefront"]["errors"][0]["extensions"]["code"] == "WITHHELD"


async def test_two_credentials_are_nobodys(tmp_path: Path):
    keys, access = await keys_in(tmp_path, SEES)
    header, payload = ({"authorization": f"Bearer {key}"} for key in keys.values())
    async with socket_gateway(callers=SEES, access=access) as gateway, gateway.socket(additional_headers=header) as socket:
        await say(socket, {**BEGIN, "payload": payload})
        assert (await closing(socket))[0] == 4403


async def test_a_revoked_key_asks_no_more_over_an_open_socket(tmp_path: Path):
    """The operation is refused. Then the socket is closed, that its client may begin with another key."""
    keys, access = await keys_in(tmp_path, SEES)
    payload = {"authorization": f"Bearer {keys['console']}"}
    async with socket_gateway(callers=SEES, access=access) as gateway, gateway.begun(payload) as socket:
        assert (await answer_of(socket))["type"] == "next"
        await KeyFile(tmp_path / "keys.json").end(keys["console"].split("_")[1], START)
        while (answer := await answer_of(socket))["type"] == "next":
            await asyncio.sleep(0.05)  # workers look for changes each second
        assert answer["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await closing(socket) == (4403, "Forbidden: the credential holds no more")
