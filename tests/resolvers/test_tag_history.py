"""`Tag.history`: how the value of a customer's tag changed, and why."""

from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from gateway.settings import MongoSettings
from tests.support import shop
from tests.support.fixtures_mongodb import commands_to
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.tag_shop import TTL, ShopClock, is_fresh, sources_by_id, until_tag

pytestmark = pytest.mark.mongodb

HISTORY = """query ($id: ID!, $first: Int) { customer(by: {id: $id}) { tag(key: "activity") {
    value history(first: $first) { at from to cause } } } }"""
DEFAULT = '{ customer(by: {id: "c1"}) { tag(key: "activity") { history { from to cause } value label } } }'
MANY = """{ customers(ids: ["c1", "c2"]) { tags(keys: ["activity", "lifecycle_stage"]) {
    key category rule { version } sources history { to cause } evidence { name } } } }"""
UNPLANNED = " __schema { queryType { name } } }"


@pytest.fixture
def words(mongodb_uri: str, mongodb_database: str) -> dict[str, Any]:
    mongodb = MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)
    return {"with_clock": ShopClock(), "mongodb": mongodb.model_dump(), "deadline_ms": 20_000}


async def changed(gateway: Gateway, sources: Any, clock: ShopClock) -> None:
    """Have the tag go from HIGH to MEDIUM."""
    await until_tag(is_fresh, gateway)
    sources[1].records[r.Order, KeyKind.CUSTOMER_ID]["c1"] = [shop.order(1, "c1", 3)]
    clock.advance(TTL)
    await until_tag(lambda tag: is_fresh(tag) and tag["value"] == "MEDIUM", gateway)


@pytest.mark.parametrize("end", ["}", UNPLANNED])
async def test_a_tag_tells_how_it_changed(words: dict[str, Any], end: str):
    """The newest change first, as many as are asked for, by plan and without."""
    sources, clock = sources_by_id(), words["with_clock"]
    async with gateway_on(sources, **words) as gateway:
        began = clock.now()
        await changed(gateway, sources, clock)
        whole = await gateway.data(DEFAULT[:-1] + end)
        one = await gateway.data(HISTORY[:-1] + end, {"id": "c1", "first": 1})
        refused = await gateway.ask(HISTORY[:-1] + end, {"id": "c1", "first": 101})
    assert whole["customer"]["tag"] == {
        "history": [
            {"from": "HIGH", "to": "MEDIUM", "cause": "FACTS"},
            {"from": None, "to": "HIGH", "cause": "FIRST"},
        ],
        "value": "MEDIUM",
        "label": "Activity",
    }
    (change,) = one["customer"]["tag"]["history"]
    at = (began + TTL).replace(microsecond=(began + TTL).microsecond // 1000 * 1000)
    assert change["at"] == at.isoformat().replace("+00:00", "Z")
    assert refused["errors"][0]["message"] == "first: 101 is not from 1 to 100; ask for more with after"


async def test_the_history_of_many_tags_is_one_read(words: dict[str, Any]):
    """Of two customers with two tags each; by a plan, where other fields of the tags are beside it."""
    sources = sources_by_id()
    words["tags"] = {"cache_s": 600}  # else the tags are read again where the machine is slow
    async with gateway_on(sources, **words) as gateway:
        await gateway.data(MANY)
        plain = await gateway.data(MANY.replace("history { to cause }", ""))
        with commands_to(words["mongodb"]["database"]) as commands:
            found = await gateway.data(MANY)
    assert commands == ["find"]
    tags = [tag for customer in found["customers"] for tag in customer["tags"]]
    assert [len(tag.pop("history")) for tag in tags] == [1] * 4
    assert tags == [tag for customer in plain["customers"] for tag in customer["tags"]]


async def test_without_a_store_there_is_no_history():
    """The tag is computed for each request, and nobody knows what it was."""
    async with gateway_on(sources_by_id(), with_clock=ShopClock()) as gateway:
        answer = await gateway.data(DEFAULT)
    assert answer["customer"]["tag"]["history"] == []
