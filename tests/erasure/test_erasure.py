"""Who is erased is not shown and not stored, whoever asks and by whatever; the receipt says what was removed."""

import pytest

from gateway.app import create_services
from gateway.errors import ErasedError
from gateway.explain import explained
from gateway.settings import MongoSettings
from tests.erasure.erased_people import (
    ERASE,
    OPERATOR,
    SETTINGS,
    WHO,
    any_driver,
    code_of,
    documents,
    erase,
    gateway_of,
    people,
    stored_of_both,
    values_in,
)
from tests.support.gateway_server import settings_for
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]
KEYS: list[dict[str, str]] = [
    {"id": "crm:7"},
    {"id": "7"},
    {"id": "shop:42"},
    {"id": "desk:u1"},
    {"email": "ana@example.com"},
    {"email": " ANA.Work@Example.ORG "},
    {"phone": "+44 20 7946 0000"},
]


async def test_an_erased_customer_is_refused_by_all_keys(mongodb_settings: MongoSettings):
    """By each id and key, in any spelling; others are shown as before."""
    async with gateway_of(people(), mongodb_settings) as gateway:
        assert [await code_of(gateway, by) for by in KEYS] == [None] * len(KEYS)
        receipt = await erase(gateway)
        assert [await code_of(gateway, by) for by in KEYS] == ["ERASED"] * len(KEYS)
        assert await code_of(gateway, {"id": "crm:8"}) is None
    assert receipt["state"] == "COMPLETE"
    assert receipt["sourcesStillHold"] == [{"source": name, "records": 1} for name in ("crm", "desk", "shop")]
    assert receipt["recipientsKnown"] is False


async def test_nothing_is_stored_of_an_erased_customer(mongodb_settings: MongoSettings):
    """Not after the erasure, and not when he is asked for again; the receipt and the tombstone say nothing of him."""
    async with gateway_of(people(), mongodb_settings) as gateway, store_of(mongodb_settings) as store:
        await stored_of_both(gateway, store)
        receipt = await erase(gateway)
        for by in KEYS:
            await code_of(gateway, by)
    async with store_of(mongodb_settings) as store:
        kept = await documents(store)
    assert values_in(kept) == []
    removed = {own["name"]: own["removed"] for own in receipt["stores"]}
    assert removed["tags"] == removed["identity_log"] == removed["identity_components"] == 1
    assert len(kept["tombstones"]) == len(kept["erasures"]) == 1
    assert [own["_id"] for own in kept["tags"]] == ["crm:8"]


async def test_lists_leave_an_erased_customer_out(mongodb_settings: MongoSettings):
    """Of several each has its own error; a search is partial, and his order is refused by its id."""
    query = "query ($ids: [ID!]!) { customers(ids: $ids) { id } }"
    async with gateway_of(people(), mongodb_settings) as gateway:
        await erase(gateway)
        several = await gateway.ask(query, {"ids": ["crm:7", "crm:8", "shop:42"]})
        order = await gateway.ask('{ order(id: "shop:o-shop") { id } }')
        node = await gateway.ask('{ node(id: "crm:7") { id } }')
    assert several["data"] == {"customers": [None, {"id": "crm:8"}, None]}
    assert [error["path"][1] for error in several["errors"]] == [0, 2]
    for answer in (several, order, node):
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"ERASED"}
    assert order["data"] == {"order": None}
    assert node["data"] == {"node": None}


async def test_every_worker_acknowledges(mongodb_settings: MongoSettings):
    """The receipt waits for both, and the second one refuses the customer from then on, too."""
    connectors = people()
    async with gateway_of(connectors, mongodb_settings) as one, gateway_of(people(), mongodb_settings) as other:
        assert await code_of(other, {"id": "shop:42"}) is None
        receipt = await erase(one)
        assert await code_of(other, {"id": "shop:42"}) == "ERASED"
    async with store_of(mongodb_settings) as store:
        (kept,) = (await documents(store))["erasures"]
    assert receipt["state"] == kept["state"] == "COMPLETE"
    assert len(kept["workers"]) == 2
    assert "pending" not in kept


async def test_only_operators_erase(mongodb_settings: MongoSettings):
    """Without a key, without [erasure], and of what is no id, nothing is erased and the error says why."""
    query = 'mutation { eraseCustomer(id: "crm:7", reason: "x") { id } }'
    async with gateway_of(people(), mongodb_settings) as gateway:
        refused = await gateway.ask(query)
        no_id = await gateway.ask(query.replace("crm:7", "orders:"), **OPERATOR)
        assert await code_of(gateway, {"id": "crm:7"}) is None
    async with gateway_of(people(), mongodb_settings, erasure=None) as gateway:
        unset = await gateway.ask(query, **OPERATOR)
    codes = [answer["errors"][0]["extensions"]["code"] for answer in (refused, no_id, unset)]
    assert codes == ["OPERATOR_REQUIRED", "INVALID_ARGUMENT", "INVALID_ARGUMENT"]
    assert "[erasure]" in unset["errors"][0]["message"]


async def test_callers_with_rights_are_told_as_much_as_they_may_be(mongodb_settings: MongoSettings):
    """Whose customer she was is told that she was erased; to another one she is nobody. A report shows her to nobody."""
    callers = {"all": {}, "hers": {"customers": ["crm:7"]}, "other": {"customers": ["crm:8"]}}
    for name, expected in (("all", ["ERASED"]), ("hers", ["ERASED"]), ("other", [])):
        for mode in ("enforce", "report"):
            words = {"callers": callers, "access": {"anonymous": name, "mode": mode}}
            async with gateway_of(people(), mongodb_settings, **words) as gateway:
                await erase(gateway)
                answer = await gateway.ask(WHO, {"by": {"id": "crm:7"}})
                by_order = await gateway.ask('{ order(id: "shop:o-shop") { id } }')
            assert answer["data"] == {"customer": None}, (name, mode)
            assert by_order["data"] == {"order": None}, (name, mode)
            codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
            assert codes == (["ERASED"] if mode == "report" else expected), (name, mode)


async def test_tags_of_an_erased_customer_are_not_explained(mongodb_settings: MongoSettings):
    """Not to operators on a terminal, either."""
    connectors = people()
    settings = settings_for(connectors, mongodb=mongodb_settings.model_dump(), **SETTINGS)
    async with gateway_of(people(), mongodb_settings) as gateway:
        await erase(gateway)
    with pytest.raises(ErasedError):
        await explained(create_services(settings, connectors=connectors), "crm:7")


async def test_operators_read_a_receipt(mongodb_settings: MongoSettings):
    """By its id, with the same fields as the mutation gave; null where there is none, and to nobody else."""
    query = ERASE.partition("reason")[2].partition(")")[2].strip().removesuffix("}").strip()
    asked = f"query ($id: ID!) {{ erasureReceipt(id: $id) {query} }}"
    async with gateway_of(people(), mongodb_settings) as gateway:
        receipt = await erase(gateway)
        assert receipt["state"] == "COMPLETE"
        read = await gateway.ask(asked, {"id": receipt["id"]}, **OPERATOR)
        assert read == {"data": {"erasureReceipt": receipt}}
        assert values_in(read) == []
        assert await gateway.ask(asked, {"id": "nothing"}, **OPERATOR) == {"data": {"erasureReceipt": None}}
        refused = await gateway.ask(asked, {"id": receipt["id"]})
    async with gateway_of(people(), mongodb_settings, erasure=None) as gateway:
        unset = await gateway.ask(asked, {"id": receipt["id"]}, **OPERATOR)
    for answer, code in ((refused, "OPERATOR_REQUIRED"), (unset, "INVALID_ARGUMENT")):
        assert (answer["data"], answer["errors"][0]["extensions"]["code"]) == ({"erasureReceipt": None}, code)
