"""What is asked over a socket: whatever may be by POST, as it came, with its parts and its changes as results of their own."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection

from connectors.errors import SourceUnavailableError
from gateway.access.key_file import KeyFile
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.changing_shop import CHANGED, HOOKS
from tests.support.clocks import START
from tests.support.gateway_server import Gateway
from tests.support.socket_clients import ANA, NAME, SocketGateway, ask, closing, heard, say, socket_gateway, until
from tests.support.webhook_requests import of, sources_with, tell

DEFERRED = {"query": '{ customer(by: {id: "c1"}) { name ... @defer { orders { nodes { id } } } } }'}
FORMS = {
    "incrementalSpec=v0.2": {"pending", "incremental", "completed"},
    "deferSpec=20220824": {"incremental"},
}


async def results_of(socket: ClientConnection, payload: Any) -> list[dict[str, Any]]:
    """The payloads of the messages that answer, without what says that it is over."""
    await ask(socket, payload=payload)
    results = []
    while (message := await heard(socket))["type"] == "next":
        results.append(message["payload"])
    assert message == {"id": "1", "type": "complete"}
    return results


async def test_variables_and_the_name_of_an_operation_are_passed_on():
    query = "query Other { sources { name } } query Name($id: ID!) { customer(by: {id: $id}) { name } }"
    payload = {"query": query, "operationName": "Name", "variables": {"id": "c1"}}
    async with socket_gateway() as gateway, gateway.begun() as socket:
        assert [own["data"] for own in await results_of(socket, payload)] == [ANA]


@pytest.mark.parametrize(("on_error", "data"), [("NULL", ANA | {"order": None}), ("HALT", None)])
async def test_on_error_is_passed_on(on_error: str, data: Any):
    """It says that one field takes all with it, or itself alone."""
    connectors = [shop.crm(), shop.orders()]
    connectors[1].failure = SourceUnavailableError()
    query = '{ customer(by: {id: "c1"}) { name } order(id: "orders:o1") { id } }'
    async with socket_gateway(connectors) as gateway, gateway.begun() as socket:
        (result,) = await results_of(socket, {"query": query, "onError": on_error})
        assert result["data"] == data
        assert result["errors"][0]["path"] == ["order"]


@pytest.mark.parametrize("way", ["documentId", "doc_id"])
async def test_documents_are_asked_by_their_id(tmp_path: Path, way: str):
    (tmp_path / "Name.graphql").write_text(NAME["query"])
    name = f"sha256:{hashlib.sha256(NAME['query'].encode()).hexdigest()}"
    documents = {"trusted": str(tmp_path), "mode": "require"}
    async with socket_gateway(documents=documents) as gateway, gateway.begun() as socket:
        assert [own["data"] for own in await results_of(socket, {way: name})] == [ANA]
        await ask(socket, payload={"query": "{ sources { name } }"})
        assert (await heard(socket))["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_hashes_of_documents_are_learnt():
    """By their extension, as Apollo Client sends it."""
    known = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(NAME["query"].encode()).hexdigest()}}
    async with socket_gateway() as gateway, gateway.begun() as socket:
        (unknown,) = await results_of(
            socket, {"extensions": known}
        )  # a result, as by POST: so clients learn that they have to teach
        assert unknown["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        for payload in ({**NAME, "extensions": known}, {"extensions": known}):
            assert [own["data"] for own in await results_of(socket, payload)] == [ANA]


@pytest.mark.parametrize("payload", [{}, {"query": 1}, {"query": "{ x }", "variables": []}, {"query": "{"}])
async def test_what_cannot_be_asked_is_an_error_of_the_operation(payload: dict[str, Any]):
    async with socket_gateway() as gateway, gateway.begun() as socket:
        await ask(socket, payload=payload)
        answer = await heard(socket)
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"]
        assert len(await results_of(socket, NAME)) == 1


async def test_parts_are_one_result_where_nobody_asks_for_them():
    async with socket_gateway([shop.crm(), shop.orders()]) as gateway, gateway.begun() as socket:
        (result,) = await results_of(socket, DEFERRED)
        assert result["data"]["customer"]["orders"]["nodes"]
        assert "hasNext" not in result


@pytest.mark.parametrize("way", ["payload", "header"])
@pytest.mark.parametrize("form", FORMS)
async def test_parts_are_results_of_their_own_where_they_are_asked_for(form: str, way: str):
    accept = {"accept": f"multipart/mixed;{form}, application/json"}
    payload, headers = (accept, {}) if way == "payload" else ({}, accept)
    connectors = [shop.crm(), shop.orders()]
    async with socket_gateway(connectors) as gateway, gateway.begun(payload, additional_headers=headers) as socket:
        first, *later = await results_of(socket, DEFERRED)
        assert (first["data"], first["hasNext"]) == (ANA, True)
        assert [own["hasNext"] for own in later] == [True] * (len(later) - 1) + [False]
        assert FORMS[form] <= {name for own in [first, *later] for name in own}
        assert [own["data"] for own in await results_of(socket, NAME)] == [ANA]  # what has no parts is one as before


async def test_a_purpose_and_a_deadline_come_by_the_first_message():
    purposes = {"advice": {"basis": "contract"}}
    query = {"query": "{ viewer { purpose } }"}
    words: dict[str, Any] = {"purposes": purposes, "callers": {"all": {"purposes": ["advice"]}}, "access": {"anonymous": "all"}}
    async with socket_gateway(**words) as gateway:
        async with gateway.begun({"X-Purpose": "advice", "x-deadline-ms": "5000"}) as socket:
            assert [own["data"] for own in await results_of(socket, query)] == [{"viewer": {"purpose": "advice"}}]
        async with gateway.begun({"x-purpose": "another"}) as socket:
            await ask(socket, payload=NAME)
            assert "FORBIDDEN" in str(await heard(socket))
        async with gateway.begun({"x-deadline-ms": "soon"}) as socket:
            await ask(socket, payload=NAME)
            assert "X-Deadline-Ms" in str(await heard(socket))


async def test_to_end_an_operation_ends_what_it_asks(monkeypatch: pytest.MonkeyPatch):
    """It is observed as one whose caller has gone. So are those of a client who has gone."""
    async with socket_gateway() as gateway:
        asked, never = asyncio.Event(), asyncio.Event()

        async def wait(*_: Any) -> Any:
            asked.set()
            await never.wait()

        monkeypatch.setattr(gateway.app.endpoint, "execute", wait)
        for ends in ("by a message", "by leaving"):
            async with gateway.begun() as socket:
                asked.clear()
                await ask(socket)
                await asked.wait()
                if ends == "by a message":
                    await say(socket, {"id": "1", "type": "complete"})
                    await until(lambda: gateway.codes() == {"ABANDONED"})
        await until(lambda: gateway.counts() == {"ABANDONED": 2})


@asynccontextmanager
async def changing_gateway(**words: Any) -> AsyncIterator[tuple[SocketGateway, Gateway]]:
    """A gateway whose sources tell of changes, and a client that tells of them."""
    connectors = [shop.crm(), shop.orders(), shop.support()]
    words |= {"sources": sources_with(HOOKS), "changes": {}}
    async with socket_gateway(connectors, **words) as gateway, httpx2.AsyncClient(base_url=gateway.http_url) as client:
        yield gateway, Gateway(client)


async def follow(gateway: SocketGateway, socket: ClientConnection, since: str | None = None) -> None:
    """Ask for changes of Ana until it has begun."""
    feeds = len(gateway.app.sockets.streams._feeds)
    await ask(socket, payload={"query": CHANGED, "variables": {"ids": ["crm:c1"], "since": since}})
    await until(lambda: len(gateway.app.sockets.streams._feeds) > feeds)


async def test_changes_are_results_until_they_are_not_wanted():
    """Who comes back with the last `cursor` hears first of what was between."""
    async with changing_gateway() as (gateway, teller):
        async with gateway.begun() as socket:
            await follow(gateway, socket)
            await tell(teller, "crm", of("c2"))
            await tell(teller, "crm", of("c1"))
            first = await heard(socket)
            assert (first["id"], first["type"]) == ("1", "next")
            change = first["payload"]["data"]["customerChanged"]
            assert change["customer"] == {"id": "crm:c1", "name": "Ana Souza"}
            await say(socket, {"id": "1", "type": "complete"})
            await until(lambda: not gateway.app.sockets.streams._feeds)
            await tell(teller, "orders", of("c1"))
            await follow(gateway, socket, change["cursor"])
            second = await heard(socket)
            assert second["payload"]["data"]["customerChanged"]["records"] == ["Order"]
        await until(lambda: not gateway.app.sockets.streams._feeds)  # who has gone follows no more


async def test_a_subscription_of_a_revoked_key_ends_with_the_next_change(tmp_path: Path):
    """Nothing is told of that, and the socket is closed."""
    callers: dict[str, Any] = {"partner": {"changes": True}}
    keys, access = await keys_in(tmp_path, callers)
    payload = {"authorization": f"Bearer {keys['partner']}"}
    async with changing_gateway(callers=callers, access=access) as (gateway, teller), gateway.begun(payload) as socket:
        await follow(gateway, socket)
        await KeyFile(tmp_path / "keys.json").end(keys["partner"].split("_")[1], START)
        await tell(teller, "crm", of("c1"))
        while (message := await heard(socket))["type"] == "next":
            await asyncio.sleep(0.05)  # workers look for changes each second
            await tell(teller, "crm", of("c1"))
        assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert "Ana" not in str(message)
        assert (await closing(socket))[0] == 4403
