"""Settings of the mongo kind: what is refused at once, and what the database finds wrong with them."""

from typing import Any
from uuid import UUID

import pytest
from bson import Binary, Decimal128, ObjectId
from pydantic import ValidationError

from connectors.inspection import MIN_INDEXED_ROWS, MissingIndex, Sample, SampledKey
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.record_fields import Fields
from connectors.records import Customer, Order
from tests.support.mongo_shop import RECORDS, MongoShop, settings
from tests.support.sql_shop import day

ORDER = RECORDS["order"]
URL = "mongodb://localhost"


def order(changes: dict[str, Any]) -> dict[str, Any]:
    """Settings of orders alone, with something changed."""
    return {"records": {"order": ORDER | changes}}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"url": "postgresql://u:secret@h/d"}, "is no connection string; write one such as mongodb://user:"),
        ({"url": "mongodb://u:secret@h:port"}, "is no connection string; write one such as mongodb://user:"),
        ({"database": ""}, "database"),
        ({"database": "a b"}, "database"),
        ({"records": {}}, "records"),
        ({"records": {"ordr": ORDER}}, "'ordr' is no record; did you mean 'order'?"),
        (order({"collection": ""}), "records.order.collection"),
        (order({"names": "kebab"}), "'camel' or 'snake'"),
        (order({"keys": {}}), "records.order.keys"),
        (order({"keys": {"mail": "x"}}), "'customer_id', 'external_id', 'member_number', 'email', 'phone'"),
        (order({"keys": {"email": {"type": "text"}}}), "give exactly one of path, paths"),
        (order({"keys": {"email": {"path": "a", "paths": ["b"]}}}), "give exactly one of path, paths"),
        (order({"keys": {"email": {"paths": ["a"]}}}), "email: paths is for text"),
        (order({"keys": {"text": "a"}}), "text: has no paths; give those to search in"),
        (order({"keys": {"email": {"path": "a", "type": "date"}}}), "'objectid' or 'uuid'"),
        (order({"keys": {"email": "a..b"}}), "a path is names with dots between them"),
        (order({"keys": {"email": "$a"}}), "a path is names with dots between them"),
        (order({"keys": {"email": "items.0.mail"}}), "a path is names with dots between them"),
        (order({"fields": {"status": {"path": "a", "value": "b"}}}), "give exactly one of path, value"),
        (order({"fields": {"statsu": "a"}}), "order.fields: `statsu` is no such field of Order; did you mean 'status'?"),
        (order({"fields": {"total": {"amont": "a"}}}), "`total.amont` is no such field of Order; did you mean 'total.amount'?"),
        (order({"fields": {"items.sku": "a"}}), "`items.sku` is a list or inside one; set `sku` in lists.items"),
        (order({"fields": {"items": "a"}}), "`items` is a list or inside one; use lists.items"),
        (order({"fields": {"total": {"value": "a"}}}), "order.fields.total: is no single value; give a path"),
        (order({"fields": {"id": {"value": "a"}}}), "order.fields.id: differs from document to document"),
        (order({"fields": {"status": {"path": "a", "scale": 2}}}), "order.fields.status: scale is for amounts"),
        (order({"values": {"status": {"x": "GONE"}}}), "order.values.status: `GONE` is none of PENDING, "),
        (order({"values": {"placed_at": {"x": "y"}}}), "order.values: `placed_at` is no such field"),
        (order({"lists": {"itms": {}}}), "order.lists: `itms` is no list of objects; use items, payments"),
        ({"records": {"event": ORDER}}, "event.lists: `items` is no list of objects; use none"),
        (order({"lists": {"items": {"outer": {"skuu": "a"}}}}), "order.lists.items.outer: `skuu` is no such field"),
        ({"pool_sise": 3}, "pool_sise"),
        ({"pool_size": 0}, "pool_size"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_the_allowed_values(document: dict[str, Any], words: str) -> None:
    """Names are checked before anything connects; a password never stands in the message."""
    with pytest.raises(ValidationError) as caught:
        MongoSourceSettings.model_validate({"url": URL, "database": "shop", "records": RECORDS} | document)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["mongodb", "mongodb+srv"])
def test_a_password_is_not_shown(scheme: str) -> None:
    """Settings may be printed; hosts of a service record are looked up later."""
    assert "secret" not in repr(settings(f"{scheme}://u:secret@h.example.com/"))


def test_short_forms_mean_paths() -> None:
    """A text is a path, and a table inside a field names the fields inside of it."""
    order = settings(URL).records["order"]
    assert [(kind.value, own.path, own.type) for kind, own in order.keys.items()] == [("customer_id", "customer", "text")]
    assert {path: field.path for path, field in order.fields.items()} == {
        "placed_at": "placed", "total.amount": "total", "total.currency": "currency",
    }  # fmt: skip


REST = "placed: -1, _id: -1"
NO_PAGE = "among which no page can begin; give the path of an id that is a text"
GOOD_ORDER = {"_id": "1", "customer": "c1", "placed": day(1), "total": 1, "currency": "EUR", "lines": [{"cents": 5}]}


async def check(shop: MongoShop, **changes: Any) -> list[str]:
    """Problems of the orders' settings with something changed."""
    connector = MongoConnector("shop", settings(shop.url, shop.name, records={"order": ORDER | changes}))
    try:
        return await connector.check()
    finally:
        await connector.aclose()


@pytest.mark.mongodb
async def test_a_good_configuration_has_no_problems(mongo_shop: MongoShop) -> None:
    """Every path is in a document."""
    await mongo_shop.fill(orders=[GOOD_ORDER])
    assert await check(mongo_shop) == []


NO_DATE = (
    ".fields.placed_at: placed is no date in some documents of orders, and these are not found; make dates of them ($toDate)"
)


@pytest.mark.mongodb
@pytest.mark.parametrize(
    ("documents", "changes", "expected"),
    [
        ([GOOD_ORDER], {"collection": "ordrs"},
         [".collection: there is no ordrs that may be read; correct the name, or grant the right to read"]),
        ([], {}, [".collection: orders is empty, so nothing more can be said; is it the right one?"]),
        ([GOOD_ORDER], {"keys": {"email": "a.mail", "text": {"paths": ["name"]}, "customer_id": "_id"}}, [
            ".keys.email: none of the 1 newest documents of orders has a.mail; correct the path",
            ".keys.text.paths.name: none of the 1 newest documents of orders has name; correct the path",
        ]),
        ([GOOD_ORDER], {"fields": ORDER["fields"] | {"status": "state", "id": "number"}, "keys": {"customer_id": "_id"}}, [
            ".fields.status: none of the 1 newest documents of orders has state; correct the path",
            ".fields.id: none of the 1 newest documents of orders has number; correct the path",
        ]),
        ([GOOD_ORDER], {"fields": {}, "lists": {"items": {"path": "rows", "outer": {"unit_price.currency": "money"}}},
                        "keys": {"customer_id": "_id"}}, [
            ".lists.items.path: none of the 1 newest documents of orders has rows; correct the path",
            ".lists.items.outer.unit_price.currency: none of the 1 newest documents of orders has money; correct the path",
            ".fields.placed_at: no document of orders has placedAt; give the path of the time",
        ]),
        ([GOOD_ORDER, {"_id": "2", "placed": "2018-01-01"}], {"keys": {"customer_id": "_id"}}, [
            NO_DATE,
        ]),
        ([GOOD_ORDER | {"_id": 7}], {"keys": {"customer_id": "_id"}}, [
            ".integer_ids: ids of orders are numbers; set it to true, for ids are ordered as text",
        ]),
        ([GOOD_ORDER, GOOD_ORDER | {"_id": ObjectId("64b7f0c2a1d3e4f5a6b7c8d9")}], {}, [
            ".integer_ids: ids of orders are ObjectIds and texts; set it to true, for ids are ordered as text",
        ]),
        ([GOOD_ORDER | {"_id": Binary(b"ab", 3)}, GOOD_ORDER | {"_id": day(2)}], {}, [
            ".fields.id: ids of orders are Binary and datetime, " + NO_PAGE,
        ]),
        ([GOOD_ORDER, GOOD_ORDER | {"_id": UUID(int=5)}], {"integer_ids": True}, [
            ".fields.id: ids of orders are UUIDs, " + NO_PAGE,
        ]),
        ([GOOD_ORDER | {"_id": UUID(int=5)}, GOOD_ORDER | {"_id": UUID(int=6)}], {}, []),
        ([GOOD_ORDER | {"delivered_at": day(2)}], {"keys": {"customer_id": "_id"}}, [
            '.names: documents of orders have delivered_at; set names = "snake", or give the paths in fields',
        ]),
    ],
)  # fmt: skip
async def test_the_check_names_every_setting_and_its_fix(
    mongo_shop: MongoShop, documents: list[Any], changes: dict[str, Any], expected: list[str]
) -> None:
    """All problems of a record at once."""
    await mongo_shop.database.create_collection("orders")
    await mongo_shop.fill(orders=documents)
    assert await check(mongo_shop, **changes) == ["sources.shop.records.order" + problem for problem in expected]


@pytest.mark.mongodb
async def test_a_view_is_a_collection_too(mongo_shop: MongoShop) -> None:
    """What paths cannot say, a view of the database can; its documents are read as any other's."""
    await mongo_shop.fill(people=[{"_id": "c1", "first": "Ann", "last": "Lee", "n": Decimal128("1")}])
    full = {"name": {"$concat": ["$first", " ", "$last"]}}
    await mongo_shop.database.command("create", "customers", viewOn="people", pipeline=[{"$project": full}])
    await mongo_shop.configured(records={"customer": {"collection": "customers", "keys": {"customer_id": "_id"}}})
    found = await mongo_shop.fetch(Customer, ["c1", "c2"], fields=Fields.from_paths("id", "name"))
    assert found == {"c1": [{"id": "c1", "name": "Ann Lee"}]}
    assert await mongo_shop.connector.check() == []


@pytest.mark.mongodb
async def test_the_check_of_snake_case_documents_has_nothing_to_say(mongo_shop: MongoShop) -> None:
    """`names = "snake"` reads every field under its own name."""
    await mongo_shop.fill(customers=[{"_id": "c1", "given_name": "Ann", "home": {"postal_code": "1"}, "device_ids": ["d"]}])
    rules = {"collection": "customers", "names": "snake", "fields": {"address": "home"}, "keys": {"customer_id": "_id"}}
    await mongo_shop.configured(records={"customer": rules})
    fields = Fields.from_paths("given_name", "address.postal_code", "device_ids")
    assert await mongo_shop.fetch(Customer, ["c1"], fields=fields) == {
        "c1": [{"givenName": "Ann", "address": {"postalCode": "1"}, "deviceIds": ["d"]}]
    }
    assert await mongo_shop.connector.check() == []


@pytest.mark.mongodb
async def test_a_large_collection_without_an_index_is_named_with_the_index_to_make(mongo_shop: MongoShop) -> None:
    """An index may go on after the key. Small collections need none."""
    records = {"order": ORDER | {"keys": {"customer_id": "customer", "email": "a.mail"}}}
    await mongo_shop.configured(records=records)
    await mongo_shop.fill(orders=[{"_id": str(number), "customer": "c"} for number in range(MIN_INDEXED_ROWS)])
    assert await mongo_shop.connector.missing_indexes() == []
    await mongo_shop.fill(orders=[{"_id": "one more"}])
    assert await mongo_shop.connector.missing_indexes() == [
        MissingIndex(
            setting=f"records.order.keys.{kind}", table="orders", statement=f"db.orders.createIndex({{{path}: 1, {REST}}})"
        )
        for kind, path in (("customer_id", "customer"), ("email", '"a.mail"'))
    ]
    await mongo_shop.database.orders.create_index([("customer", 1), ("placed", -1), ("_id", -1)])
    assert [own.setting for own in await mongo_shop.connector.missing_indexes()] == ["records.order.keys.email"]


@pytest.mark.mongodb
async def test_a_sample_counts_rows_ids_and_words_that_nobody_mapped(mongo_shop: MongoShop) -> None:
    """Words of the settings are mapped, so are the names of members and what is said to be unknown."""
    words = ["gone", "pending", "7", "Shipped", "lost", "lost", 8, None, " "]
    await mongo_shop.fill(
        orders=[
            {"_id": str(number), "customer": "c1", "number": str(number % 8), "status": word}
            for number, word in enumerate(words)
        ]
    )
    await mongo_shop.configured(records={"order": ORDER | {"fields": ORDER["fields"] | {"id": "number"}}})
    lookup = mongo_shop.lookup(Order)
    assert lookup.sample is not None
    sample = await lookup.sample(100)
    assert sample == Sample([SampledKey("c1", 9, 8)], {"status": {"lost": 2, "8": 1}})
