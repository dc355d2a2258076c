"""Test that of changes nobody is told what his view withholds, also when his credential is revoked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.access.key_file import KeyFile
from tests.support.caller_keys import keys_in
from tests.support.changing_shop import CHANGED, PAGE, ChangingShop, changing_shop
from tests.support.clocks import START

ALL = dict.fromkeys(("identifying", "contact", "personal", "commercial", "behavioural", "free_text"), "shown")
CALLERS: dict[str, dict[str, Any]] = {
    "partner": {"changes": True},
    "console": {},
    "buyer": {"changes": True, "customers": ["crm:c1"]},
    "orders_only": {"changes": True, "sees": ALL | {"behavioural": "withheld"}},
    "no_orders": {"changes": True, "sees": ALL | {"commercial": "withheld"}},
    "no_support": {"changes": True, "sources": ["crm", "orders"]},
    "nameless": {"changes": True, "sees": {"commercial": "shown", "behavioural": "shown"}},
    "hashed": {"changes": True, "sees": ALL | {"identifying": "hashed"}},
}


@asynccontextmanager
async def called_shop(folder: Path) -> AsyncIterator[tuple[ChangingShop, dict[str, dict[str, str]]]]:
    """A shop with callers. Gives the headers of each."""
    keys, access = await keys_in(folder, CALLERS)
    async with changing_shop(access=access, callers=CALLERS) as shop:
        yield shop, {name: {"authorization": f"Bearer {key}"} for name, key in keys.items()}


async def heard(shop: ChangingShop, who: dict[str, str]) -> list[list[str]]:
    """Of which records a caller is told when all three sources tell of Ana, and the support of Ben, too."""
    query = "query ($since: String) { changes(since: $since) { cursor nodes { records } } }"
    since = (await shop.ask(query, **who))["data"]["changes"]["cursor"]
    for source, customer in (("crm", "c1"), ("orders", "c1"), ("support", "c1"), ("support", "c2")):
        await shop.tell(source, customer)
    page = (await shop.ask(query, {"since": since}, **who))["data"]["changes"]
    return [node["records"] for node in page["nodes"]]


async def test_pages_tell_each_caller_what_he_may_know(tmp_path: Path):
    everything = [["Customer"], ["Order"], ["Ticket"], ["Ticket"]]
    async with called_shop(tmp_path) as (shop, who):
        told = {name: await heard(shop, who[name]) for name in CALLERS if name != "console"}
    assert told == {
        "partner": everything,
        "buyer": everything[:3],
        "orders_only": [["Customer"], ["Order"]],
        "no_orders": [["Customer"], ["Ticket"], ["Ticket"]],
        "no_support": [["Customer"], ["Order"]],
        "nameless": everything,
        "hashed": everything,
    }


async def test_ids_are_withheld_and_hashed_as_others_are(tmp_path: Path):
    query = "query ($since: String) { changes(since: $since) { cursor nodes { ids customer { orders { nodes { id } } } } } }"
    async with called_shop(tmp_path) as (shop, who):
        shown = {}
        for name in ("partner", "nameless", "hashed"):
            since = (await shop.ask("{ changes { cursor } }", **who[name]))["data"]["changes"]["cursor"]
            await shop.tell("orders", "c1")
            (shown[name],) = (await shop.ask(query, {"since": since}, **who[name]))["data"]["changes"]["nodes"]
    assert shown["partner"]["ids"] == ["crm:c1"]
    assert shown["nameless"] == {"ids": None, "customer": shown["partner"]["customer"]}
    assert len(shown["hashed"]["ids"][0]) == 32


async def test_who_has_no_right_follows_customers_by_id_alone(tmp_path: Path):
    """A console that shows a customer may, without the right to know of all."""
    async with called_shop(tmp_path) as (shop, who):
        page = await shop.ask(PAGE, **who["console"])
        assert page["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        async with shop.following(CHANGED, {}, **who["console"]) as follower:
            assert (await follower.hear())["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        async with shop.following(CHANGED, {"ids": ["crm:c1"]}, **who["console"]) as follower:
            await shop.tell("orders", "c1")
            assert (await follower.hear())["data"]["customerChanged"]["ids"] == ["crm:c1"]


async def test_a_cursor_is_its_callers_own(tmp_path: Path):
    async with called_shop(tmp_path) as (shop, who):
        cursor = (await shop.ask(PAGE, **who["partner"]))["data"]["changes"]["cursor"]
        answer = await shop.ask(PAGE, {"since": cursor}, **who["buyer"])
        assert answer["errors"][0]["extensions"]["code"] == "CHANGES_MISSED"


async def test_a_subscriber_is_not_told_of_others(tmp_path: Path):
    """Neither by ids that he may not see, nor of records or sources that he may not know of."""
    async with (
        called_shop(tmp_path) as (shop, who),
        shop.following(CHANGED, {"ids": ["crm:c1", "crm:c2"]}, **who["buyer"]) as buyer,
        shop.following(CHANGED, {"ids": ["crm:c1"]}, **who["no_orders"]) as no_orders,
        shop.following(CHANGED, {"ids": ["crm:c1"]}, **who["no_support"]) as no_support,
    ):
        for source, customer in (("crm", "c2"), ("orders", "c1"), ("support", "c1"), ("crm", "c1")):
            await shop.tell(source, customer)
        told = {
            name: [(await own.hear())["data"]["customerChanged"]["records"] for _ in range(count)]
            for name, own, count in (("buyer", buyer, 3), ("no_orders", no_orders, 2), ("no_support", no_support, 2))
        }
    assert told == {
        "buyer": [["Order"], ["Ticket"], ["Customer"]],
        "no_orders": [["Ticket"], ["Customer"]],
        "no_support": [["Order"], ["Customer"]],
    }


async def test_a_revoked_key_hears_nothing_more(tmp_path: Path):
    """The next change ends the subscription with what refused it, and nothing of the change."""
    async with called_shop(tmp_path) as (shop, who):
        async with shop.following(CHANGED, {"ids": ["crm:c1"]}, **who["partner"]) as follower:
            await shop.tell("crm", "c1")
            assert "errors" not in await follower.hear()
            file = KeyFile(tmp_path / "keys.json")
            (own,) = [key for key in await file.read() if key.caller == "partner"]
            await file.end(own.id, START, is_revoked=True)
            keys = shop.app.revision.services.callers.keys
            assert keys is not None
            await keys.look()
            await shop.tell("crm", "c1")
            result = await follower.next()
            assert (result.is_refused, result.status) == (True, 401)
            assert follower.read(result).keys() == {"errors"}
            assert await follower.ends()
