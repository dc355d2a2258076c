"""A tombstone ends by a record that a source made after it, or by an operator; and it covers nobody else."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from tests.erasure.erased_people import any_driver, code_of, documents, erase, gateway_of, people
from tests.support import shop
from tests.support.gateway_server import Gateway
from tests.support.known_people import knowing, person
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]


def add(source: MemoryConnector, customer: r.Customer) -> None:
    """Have a source make a record."""
    for lookup, found in knowing(source.name, [customer]).records.items():
        for key, records in found.items():
            source.records.setdefault(lookup, {}).setdefault(key, []).extend(records)


async def until_shown(gateway: Gateway, by: dict[str, str]) -> None:
    async with asyncio.timeout(30):
        while await code_of(gateway, by) is not None:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("made", "code"),
    [(timedelta(seconds=5), None), (timedelta(days=-1), "ERASED"), (timedelta(hours=1), "ERASED"), (None, "ERASED")],
    ids=["after", "before", "in the future", "unknown"],
)
async def test_a_record_that_was_made_after_it_ends_a_tombstone(
    mongodb_settings: MongoSettings, made: timedelta | None, code: str | None
):
    """Another one does not: of before, of a clock that is wrong, or of nobody knows when."""
    connectors = people()
    async with gateway_of(connectors, mongodb_settings) as gateway, store_of(mongodb_settings) as store:
        await erase(gateway)
        made_at = None if made is None else datetime.now(UTC) + made
        add(connectors[1], person("50", name="Ana S.", email="ana@example.com", created_at=made_at))
        assert await code_of(gateway, {"id": "shop:50"}) == code
        if code is None:
            await until_shown(gateway, {"id": "crm:7"})
        (tombstone,) = (await documents(store))["tombstones"]
    assert tombstone.get("endedBy") == ("RECORD" if code is None else None)


async def test_a_key_that_somebody_else_has_too_is_not_hers_alone(mongodb_settings: MongoSettings):
    """Her husband has her number, in another source: he is shown, by his id and by it."""
    number = "+442079460000"
    crm = knowing(
        "crm", [person("7", name="Ana", email="ana@example.com", phone=number), person("9", name="Rui", phone=number)]
    )
    async with gateway_of([crm, people()[2]], mongodb_settings) as gateway:
        await erase(gateway)
        assert await code_of(gateway, {"id": "crm:7"}) == "ERASED"
        assert await code_of(gateway, {"email": "ana@example.com"}) == "ERASED"
        assert await code_of(gateway, {"id": "crm:9"}) is None


async def test_where_one_source_has_customers_a_record_is_a_customer(mongodb_settings: MongoSettings):
    """Ids have no source in the store there. Who has the same address is found by it, as she is not."""
    crm = knowing(
        "crm", [person("7", email="ana@example.com"), person("8", email="ana@example.com"), person("9", phone="+442079460001")]
    )
    web = MemoryConnector("web", {(r.Order, KeyKind.CUSTOMER_ID): {"7": [r.Order(id="o", placed_at=shop.at(3))]}})
    async with gateway_of([crm, web], mongodb_settings) as gateway, store_of(mongodb_settings) as store:
        assert await code_of(gateway, {"id": "7"}) is None
        await erase(gateway, "7")
        codes = [await code_of(gateway, by) for by in ({"id": "7"}, {"id": "crm:7"}, {"id": "8"}, {"email": "ana@example.com"})]
        assert codes == ["ERASED", "ERASED", None, None]
        await erase(gateway, "crm:9")
        assert await code_of(gateway, {"phone": "+442079460001"}) == "ERASED"
        names = [own["_id"] for own in (await documents(store)).get("tags", ())]
    assert "7" not in names


async def test_lists_and_totals_of_others_stay(mongodb_settings: MongoSettings):
    """A search leaves her out. It counts nobody, before and after, for not all sources search."""
    crm, web, desk = people()
    found = [person("7", name="Ana Souza", email="ana@example.com"), person("8", name="Andrea Li")]
    crm.records[r.Customer, KeyKind.TEXT] = {"an": found}
    query = '{ searchCustomers(text: "an") { totalCount partial nodes { id } } }'
    finding = '{ find(text: "an") { matches { customer { id } } } }'
    async with gateway_of([crm, web, desk], mongodb_settings) as gateway:
        assert (await gateway.data(finding))["find"]["matches"] == [{"customer": {"id": id_}} for id_ in ("crm:7", "crm:8")]
        before: dict[str, Any] = (await gateway.data(query))["searchCustomers"]
        await erase(gateway)
        after = (await gateway.data(query))["searchCustomers"]
        assert (await gateway.data(finding))["find"]["matches"] == [{"customer": {"id": "crm:8"}}]
    assert [own["id"] for own in before["nodes"]] == ["crm:7", "crm:8"]
    assert [own["id"] for own in after["nodes"]] == ["crm:8"]
    assert [(page["totalCount"], page["partial"]) for page in (before, after)] == [(None, True)] * 2


async def test_who_is_like_an_erased_customer_is_found(mongodb_settings: MongoSettings):
    """As if she were not there: that she has the words keeps nobody from being looked for who has nearly these."""
    own, like = person("7", name="Ana Souza", email="ana@example.com"), person("8", name="Ana Sousa")
    crm = knowing("crm", [own, like])
    crm.records[r.Customer, KeyKind.TEXT] = {"ana souza": [own], "sou": [like]}
    finding = '{ find(text: "ana souza") { matches { customer { id } } } }'
    async with gateway_of([crm], mongodb_settings) as gateway:
        assert (await gateway.data(finding))["find"]["matches"] == [{"customer": {"id": "crm:7"}}]
        await erase(gateway)
        assert (await gateway.data(finding))["find"]["matches"] == [{"customer": {"id": "crm:8"}}]
