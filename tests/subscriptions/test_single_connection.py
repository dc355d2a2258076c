"""Server-sent events with one connection for all operations of a client, as graphql-sse documents them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.access.api_keys import new_key
from gateway.access.key_file import KeyFile
from gateway.subscriptions.event_stream_endpoint import ACCEPTANCE_S
from gateway.subscriptions.event_stream_registry import KEEP_ALIVE_S, RESERVED_S
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.changing_shop import CHANGED
from tests.support.clocks import START
from tests.support.event_stream_client import (
    ANA,
    EVENTS,
    NAME,
    TOKEN,
    Event,
    PausedClock,
    StreamingShop,
    code_of,
    streaming_shop,
)
from tests.support.people_session import SECRET, sign_in

OF_ANA = {"ids": ["c1"]}
UNKNOWN = (404, "BAD_REQUEST")


async def test_results_of_all_operations_leave_by_one_connection():
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        async with gateway.open(headers={TOKEN: token}) as events:
            for id_ in ("one", "two"):
                answer = await gateway.begin(token, id_)
                assert (answer.status_code, answer.content) == (202, b"")
                assert await events.next() == Event("next", {"id": id_, "payload": ANA})
                assert await events.next() == Event("complete", {"id": id_})
            assert (await gateway.begin(token, "three", CHANGED, variables=OF_ANA)).status_code == 202
            await gateway.tell("crm")
            event = await events.next()
            assert event is not None
            told = event.data["payload"]["data"]["customerChanged"]
            assert (event.data["id"], told["records"], event.id) == ("three", ["Customer"], told["cursor"])


async def test_a_token_and_an_operation_may_stand_in_the_url():
    """As a native EventSource has to send them."""
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        async with gateway.open(params={"token": token}) as events:
            params = {"token": token, "query": NAME, "extensions": json.dumps({"operationId": "ä"})}
            assert (await gateway.send("GET", params=params)).status_code == 202
            assert [await events.next(), await events.next()] == [
                Event("next", {"id": "ä", "payload": ANA}),
                Event("complete", {"id": "ä"}),
            ]


async def test_what_is_written_before_the_stream_is_opened_waits():
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        assert (await gateway.begin(token, "early")).status_code == 202
        async with gateway.open(headers={TOKEN: token}) as events:
            assert (await events.data())["id"] == "early"


async def test_an_operation_is_ended_by_its_name():
    """Nothing more is said of it, also not that it is complete. One that has ended is ended again."""
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        async with gateway.open(headers={TOKEN: token}) as events:
            for id_ in ("one", "two"):
                await gateway.begin(token, id_, CHANGED, variables=OF_ANA)
            for _ in range(2):
                ended = await gateway.send("DELETE", params={"operationId": "one"}, headers={TOKEN: token})
                assert (ended.status_code, ended.content) == (200, b"")
            await gateway.wait_followers(1)
            await gateway.tell("crm")
            assert (await events.data())["id"] == "two"
            assert (await gateway.begin(token, "one")).status_code == 202
            assert (await events.data())["id"] == "one"
            answer = await gateway.send("DELETE", headers={TOKEN: token})
            assert code_of(answer) == (400, "BAD_REQUEST")
            assert "operationId" in answer.text


async def test_a_stream_is_opened_once():
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        async with gateway.open(headers={TOKEN: token}) as events:
            again = await gateway.send("GET", headers=EVENTS | {TOKEN: token})
            assert code_of(again) == (409, "BAD_REQUEST")
            await gateway.begin(token, "one")
            assert (await events.data())["id"] == "one"
        await gateway.wait_until(0)
        assert code_of(await gateway.send("GET", headers=EVENTS | {TOKEN: token})) == UNKNOWN


async def test_a_client_that_leaves_ends_all_of_its_operations():
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        async with gateway.open(headers={TOKEN: token}):
            for id_ in ("one", "two", "three"):
                await gateway.begin(token, id_, CHANGED, variables=OF_ANA)
            await gateway.wait_followers(3)
        await gateway.wait_followers(0)
        await gateway.wait_until(0)


async def list_uses(gateway: StreamingShop, token: str, headers: dict[str, str]) -> list[tuple[int, str]]:
    """How everything is refused that can be done with a token."""
    sent = {TOKEN: token} | headers
    return [
        code_of(await gateway.send("GET", headers=EVENTS | sent)),
        code_of(await gateway.send("GET", params={"token": token}, headers=EVENTS | headers)),
        code_of(await gateway.begin(token, "one", headers=headers)),
        code_of(await gateway.send("DELETE", params={"operationId": "one"}, headers=sent)),
    ]


@pytest.mark.parametrize("token", ["unknown", "x" * 5_000])
async def test_a_token_that_nobody_reserved_is_unknown(token: str):
    async with streaming_shop() as gateway:
        assert await list_uses(gateway, token, {}) == [UNKNOWN] * 4


@asynccontextmanager
async def called_shop(folder: Path) -> AsyncIterator[tuple[StreamingShop, dict[str, str], dict[str, str]]]:
    """A gateway with two callers, and the headers of each."""
    keys, access = await keys_in(folder, ["owner", "other"])
    async with streaming_shop(access=access, callers={"owner": {"changes": True}, "other": {"changes": True}}) as gateway:
        owner, other = ({"authorization": f"Bearer {keys[name]}"} for name in ("owner", "other"))
        yield gateway, owner, other


async def test_a_token_is_of_the_caller_who_reserved_it(tmp_path: Path):
    """To another one it is unknown, and nobody without a credential has it. The stream goes on."""
    async with called_shop(tmp_path) as (gateway, owner, other):
        token = await gateway.reserve(**owner)
        assert await list_uses(gateway, token, other) == [UNKNOWN] * 4
        assert await list_uses(gateway, token, {}) == [(401, "UNAUTHENTICATED")] * 4
        async with gateway.open(headers={TOKEN: token} | owner) as events:
            assert await list_uses(gateway, token, other) == [UNKNOWN] * 4
            assert (await gateway.begin(token, "one", headers=owner)).status_code == 202
            assert (await events.data())["payload"] == ANA


async def test_a_session_asks_with_its_cookie_and_the_header_that_no_other_site_sends(tmp_path: Path):
    """A token is of the person: another one who is signed in for the same caller does not have it."""
    keys, access = await keys_in(tmp_path, ["console"])
    text, second = new_key("console", access["keys"]["secret"], START)
    await KeyFile(tmp_path / "keys.json").add(second)
    words = {"access": access, "callers": {"console": {}}, "pages": {"enabled": True, "secret": SECRET}}
    async with streaming_shop(**words) as gateway:
        ana, ben = [await sign_in(gateway, key) for key in (keys["console"], text)]
        token = await gateway.reserve(**ana)
        forged = {"cookie": ana["cookie"]}
        assert await list_uses(gateway, token, forged) == [(403, "CSRF_HEADER_MISSING")] * 4
        assert code_of(await gateway.send("PUT", headers=forged)) == (403, "CSRF_HEADER_MISSING")
        assert await list_uses(gateway, token, ben) == [UNKNOWN] * 4
        async with gateway.open(headers={TOKEN: token} | ana) as events:
            await gateway.begin(token, "one", headers=ana)
            assert (await events.data())["payload"] == ANA


async def test_what_is_wrong_with_an_operation_is_the_status_of_its_request():
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        async with gateway.open(headers={TOKEN: token}) as events:
            refused = [
                code_of(await gateway.begin(token, "one", "{ nothing }")),
                code_of(await gateway.begin(token, "")),
                code_of(await gateway.begin(token, 7)),
                code_of(await gateway.begin(token, "x" * 201)),
                code_of(await gateway.send("POST", json={"query": NAME}, headers={TOKEN: token})),
                code_of(await gateway.send("POST", content=b"{", headers={TOKEN: token, "content-type": "application/json"})),
                code_of(await gateway.send("POST", content=b"{}", headers={TOKEN: token, "content-type": "text/plain"})),
                code_of(await gateway.send("GET", headers={TOKEN: token})),
                code_of(await gateway.send("DELETE", params={"operationId": "one"})),
            ]
            assert refused == [
                (400, "GRAPHQL_VALIDATION_FAILED"),
                *[(400, "BAD_REQUEST")] * 5,
                (415, "BAD_REQUEST"),
                (406, "BAD_REQUEST"),
                (400, "BAD_REQUEST"),
            ]
            link = 'mutation { linkCustomers(records: ["crm:c1", "crm:c2"], reason: "a test") { __typename } }'
            params = {"token": token, "query": link, "extensions": json.dumps({"operationId": "one"})}
            assert code_of(await gateway.send("GET", params=params)) == (405, "BAD_REQUEST")
            await gateway.begin(token, "one")  # and nothing of all these is in the stream
            assert (await events.data())["payload"] == ANA


async def test_a_name_is_taken_while_its_operation_goes_on():
    async with streaming_shop() as gateway:
        token = await gateway.reserve()
        await gateway.begin(token, "one", CHANGED, variables=OF_ANA)
        assert code_of(await gateway.begin(token, "one")) == (409, "BAD_REQUEST")
        await gateway.tell("crm")
        async with gateway.open(headers={TOKEN: token}) as events:
            assert "customerChanged" in (await events.data())["payload"]["data"]


async def test_an_operation_that_takes_long_is_accepted_before_it_has_a_result():
    """A browser has six connections: one must not wait for a source that hangs."""
    clock, connectors = PausedClock(), [shop.crm(), shop.orders(), shop.support()]
    let_go = connectors[0].hang = asyncio.Event()
    async with streaming_shop(clock, connectors=connectors) as gateway:
        token = await gateway.reserve()
        async with gateway.open(headers={TOKEN: token}) as events:
            asking = asyncio.create_task(gateway.begin(token, "slow"))
            await clock.wait_sleepers(ACCEPTANCE_S)
            assert not asking.done()
            await clock.advance(ACCEPTANCE_S)
            assert (await asking).status_code == 202
            let_go.set()
            assert await events.data() == {"id": "slow", "payload": ANA}


async def test_a_reservation_expires_that_nobody_opens():
    """Its operations end with it. One that is open does not expire."""
    clock = PausedClock()
    async with streaming_shop(clock) as gateway:
        opened, unopened = await gateway.reserve(), await gateway.reserve()
        await gateway.begin(unopened, "one", CHANGED, variables=OF_ANA)
        async with gateway.open(headers={TOKEN: opened}) as events:
            await gateway.wait_followers(1)
            for _ in range(int(RESERVED_S / KEEP_ALIVE_S)):
                await clock.wait_sleepers(KEEP_ALIVE_S)
                await clock.advance(KEEP_ALIVE_S)
            await gateway.wait_followers(0)
            await gateway.wait_until(1)
            assert await list_uses(gateway, unopened, {}) == [UNKNOWN] * 4
            await gateway.begin(opened, "two")
            assert (await events.data())["id"] == "two"


async def test_a_token_is_unknown_at_the_moment_when_it_expires():
    clock = PausedClock()
    async with streaming_shop(clock) as gateway:
        token = await gateway.reserve()
        await clock.advance(RESERVED_S - 0.1)
        assert (await gateway.begin(token, "one")).status_code == 202
        await clock.advance(0.1)
        assert code_of(await gateway.begin(token, "two")) == UNKNOWN


async def test_a_stream_of_a_revoked_key_tells_nothing_more(tmp_path: Path):
    """Each result asks who the caller is. The last one says what refused it."""
    async with called_shop(tmp_path) as (gateway, owner, _):
        token = await gateway.reserve(**owner)
        async with gateway.open(headers={TOKEN: token} | owner) as events:
            await gateway.begin(token, "one", CHANGED, variables=OF_ANA, headers=owner)
            await gateway.tell("crm")
            assert "customerChanged" in (await events.data())["payload"]["data"]
            file, table = KeyFile(tmp_path / "keys.json"), gateway.app.revision.services.callers.keys
            (key,) = [own for own in await file.read() if own.caller == "owner"]
            await file.end(key.id, START, is_revoked=True)
            assert table is not None
            await table.look()
            await gateway.tell("orders")
            payload = (await events.data())["payload"]
            assert payload["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert "data" not in payload
            assert await events.next() == Event("complete", {"id": "one"})
