"""Lookups of the mongo kind: which records, in which order, and what is sent for them."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from bson import ObjectId

from connectors.contract import LINKING_KINDS, Ask, Condition, KeyKind, Page, Position, Push
from connectors.record_fields import Fields
from connectors.records import Customer, Event, Order
from tests.support.mongo_shop import RECORDS, MongoShop
from tests.support.sql_shop import day, ids

pytestmark = pytest.mark.mongodb

ID = Fields.from_paths("id")
TOKEN = "0e984725-c51c-4bf4-9960-e1c80e27aba0"
REF = "64b7f0c2a1d3e4f5a6b7c8d9"
ORDERS = [
    {"_id": "1", "customer": "c1", "status": "delivered", "placed": day(1, hour=10), "total": 10.5, "currency": "EUR",
     "deliveredAt": day(5),
     "lines": [{"sku": "s1", "category": "books", "quantity": 2, "cents": 500}, {"sku": "s2", "cents": 50}],
     "payments": [{"method": "card", "amount": {"amount": "10.5", "currency": "EUR"}, "installments": 3.0}]},
    {"_id": "2", "customer": "c1", "status": "gone", "placed": day(2, hour=10), "total": 20, "currency": "EUR",
     "lines": [{"sku": "s1", "category": "books", "cents": 2000}]},
    {"_id": "3", "customer": "c1", "status": "pending", "placed": day(3, hour=10), "total": None, "currency": "EUR"},
    {"_id": "4", "customer": "c1", "status": "On-Hold ", "placed": day(3, hour=10), "total": 40.25, "currency": "BRL",
     "lines": [{"sku": "s3", "quantity": 1, "cents": 4025}]},
    {"_id": "5", "customer": "c2", "status": 7, "placed": day(4, hour=10), "total": 50, "currency": "EUR"},
]  # fmt: skip


async def test_a_whole_order_has_every_field_in_its_canonical_form(mongo_shop: MongoShop) -> None:
    """Paths lead to fields, cents are amounts, a currency around the list is that of its items, what is missing is absent."""
    await mongo_shop.fill(orders=ORDERS)
    found = await mongo_shop.fetch(Order, ["c1"], until=day(2))
    assert found == {
        "c1": [
            {
                "id": "1",
                "status": "DELIVERED",
                "placedAt": "2018-01-01T10:00:00Z",
                "deliveredAt": "2018-01-05T00:00:00Z",
                "total": {"amount": "10.5", "currency": "EUR"},
                "items": [
                    {"sku": "s1", "category": "books", "quantity": 2, "unitPrice": {"amount": "5.00", "currency": "EUR"}},
                    {"sku": "s2", "unitPrice": {"amount": "0.50", "currency": "EUR"}},
                ],
                "payments": [{"method": "CARD", "amount": {"amount": "10.5", "currency": "EUR"}, "installments": 3}],
            }
        ]
    }
    statuses = {one["id"]: one["status"] for own in (await mongo_shop.fetch(Order, ["c1", "c2"])).values() for one in own}
    assert statuses == {"1": "DELIVERED", "2": "SHIPPED", "3": "UNKNOWN", "4": "UNKNOWN", "5": "CANCELLED"}


CUSTOMERS = [
    {"_id": "c1", "name": "Joanna", "token": UUID(TOKEN), "member": 7, "ref": ObjectId(REF),
     "devices": [{"id": "d1"}, {"id": "d2"}], "home": {"city": "Turin"}, "contact": {"email": "a@x.example", "points": [
        {"kind": "EMAIL", "value": "a@x.example", "main": True}, {"kind": "EMAIL", "value": "shared@x.example"},
        {"kind": "PHONE", "value": "a@x.example"}]}},
    {"_id": "c2", "name": "100% xzy $1.0", "member": 8.0, "devices": [{"id": "d2"}, {"name": "nameless"}], "contact": {
        "email": "b@x.example", "points": [{"kind": "EMAIL", "value": "shared@x.example"}]}},
    {"_id": "$name", "name": "dollar"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("by", "keys", "expected"),
    [
        (KeyKind.CUSTOMER_ID, ["c1", "none", "c\0", "\ud800", "$name"], {"c1": ["c1"], "$name": ["$name"]}),
        (KeyKind.MEMBER_NUMBER, ["7", "8", "seven", "7.0", "9" * 19, "9" * 30], {"7": ["c1"], "8": ["c2"]}),
        (KeyKind.MEMBER_NUMBER, ["7", "007", "-0"], {"7": ["c1"]}),
        (KeyKind.EXTERNAL_ID, [TOKEN.upper(), "no uuid"], {TOKEN.upper(): ["c1"]}),
        (KeyKind.PHONE, [f"+{REF}", REF, "+39"], {f"+{REF}": ["c1"]}),
        (KeyKind.EMAIL, ["a@x.example", "shared@x.example"], {"a@x.example": ["c1"], "shared@x.example": ["c1", "c2"]}),
        (KeyKind.DEVICE_ID, ["d1", "d2", "d3"], {"d1": ["c1"], "d2": ["c1", "c2"]}),
        (
            KeyKind.TEXT,
            ["ANN", "100%", "$1.0", "x_y", "1.0", "10.", "example", "\\", "(", "\0", "a" * 2000],
            {"ANN": ["c1"], "100%": ["c2"], "$1.0": ["c2"], "1.0": ["c2"], "example": ["c1", "c2"]},
        ),
    ],
)
async def test_each_kind_of_key_finds_its_records(
    mongo_shop: MongoShop, by: KeyKind, keys: list[str], expected: dict[str, Any]
) -> None:
    """Values of each type, in arrays too, and searches; a key that cannot be of the type finds nothing, alone or in a batch."""
    await mongo_shop.fill(customers=CUSTOMERS)
    assert ids(await mongo_shop.fetch(Customer, keys, by, fields=ID)) == expected
    assert ids(await mongo_shop.fetch(Customer, keys, by, fields=ID, first=5)) == expected
    for key in keys:
        found = ids(await mongo_shop.fetch(Customer, [key], by, fields=ID))
        assert found == ({key: expected[key]} if key in expected else {})


async def test_other_letters_beside_a_key_are_another_key(mongo_shop: MongoShop) -> None:
    """Who asks for the device abc does not get the customer with ABC, whom another key of the batch finds."""
    await mongo_shop.fill(customers=[{"_id": "c1", "devices": [{"id": "ABC"}, {"id": "x1"}]}])
    assert ids(await mongo_shop.fetch(Customer, ["abc", "x1"], KeyKind.DEVICE_ID, fields=ID)) == {"x1": ["c1"]}
    assert ids(await mongo_shop.fetch(Customer, ["ABC", "x1"], KeyKind.DEVICE_ID, fields=ID)) == {"ABC": ["c1"], "x1": ["c1"]}


@pytest.mark.parametrize(
    "own", [[ObjectId("0" * 24), ObjectId("f" * 24)], [1, 2], [1.5, 2.5], ["1", "x"], [UUID(int=1), UUID(int=2)]]
)
async def test_ids_of_any_type_come_after_another_sources_record_of_their_time(mongo_shop: MongoShop, own: list[Any]) -> None:
    """Its id is empty: oldest first all of that time are still to come, newest first none."""
    await mongo_shop.fill(orders=[{"_id": id_, "customer": "c1", "placed": day(1)} for id_ in own])
    place = Position(day(1), "")
    found = await mongo_shop.fetch(Order, ["c1"], fields=ID, oldest_first=True, after=place, first=5)
    assert ids(found) == {"c1": [str(id_) for id_ in own]}
    assert await mongo_shop.fetch(Order, ["c1"], fields=ID, after=place, first=5) == {}


async def test_keys_that_can_be_none_of_the_type_cost_no_call(mongo_shop: MongoShop) -> None:
    """Nothing is asked when nothing can be found, and every key of a measure has its answer all the same."""
    with mongo_shop.commands() as sent:
        assert await mongo_shop.fetch(Customer, ["x", "y"], KeyKind.MEMBER_NUMBER) == {}
        assert await mongo_shop.aggregate(Customer, KeyKind.MEMBER_NUMBER).measure(["x"], []) == {"x": []}
    assert sent == []


WINDOWS: list[tuple[dict[str, Any], list[str] | None]] = [
    ({}, ["4", "3", "2", "1"]),
    ({"oldest_first": True}, ["1", "2", "3", "4"]),
    ({"first": 2}, ["4", "3"]),
    ({"first": 2, "oldest_first": True}, ["1", "2"]),
    ({"first": 0}, None),
    ({"after": Position(day(3, hour=10), "4")}, ["3", "2", "1"]),
    ({"after": Position(day(3, hour=10), "4"), "first": 1}, ["3"]),
    ({"after": Position(day(3, hour=10), "3"), "oldest_first": True}, ["4"]),
    ({"since": day(2, hour=10)}, ["4", "3", "2"]),
    ({"until": day(2, hour=10)}, ["1"]),
    ({"since": day(2, hour=10), "until": day(3), "first": 5}, ["2"]),
    ({"since": day(2, hour=10, microsecond=1)}, ["4", "3"]),
    ({"until": day(2, hour=10, microsecond=1)}, ["2", "1"]),
    ({"where": (Condition("status", ("DELIVERED", "SHIPPED")),)}, ["2", "1"]),
    ({"where": (Condition("status", ("UNKNOWN",)),)}, ["4", "3"]),
    ({"where": (Condition("status", ("UNKNOWN", "SHIPPED")),)}, ["4", "3", "2"]),
    ({"where": (Condition("status", ("PENDING",)),)}, None),
    ({"where": (Condition("status", ("DELIVERED",), negated=True),)}, ["4", "3", "2"]),
    ({"where": (Condition("total.currency", ("EUR",)), Condition("total.amount", ("20.00", "40.25")))}, ["2"]),
    ({"where": (Condition("total.amount", ("20.00",), negated=True),)}, ["4", "3", "1"]),
    ({"where": (Condition("delivered_at", ("2018-01-05T00:00:00Z",)),)}, ["1"]),
    ({"where": (Condition("items.category", ("books", "x")),)}, ["2", "1"]),
    ({"where": (Condition("items.category", ("books",), negated=True),)}, ["4", "3"]),
    ({"where": (Condition("items.unit_price.currency", ("BRL",)),), "first": 1}, ["4"]),
    ({"where": (Condition("items.unit_price.amount", ("20.00", "0.50")),)}, ["2", "1"]),
    ({"where": (Condition("items.quantity", ("1",)),)}, ["4", "2", "1"]),
    ({"where": (Condition("items.quantity", ("2", "one")),)}, ["1"]),
    ({"where": (Condition("payments.method", ("CARD",)),)}, ["1"]),
    ({"where": (Condition("payments.method", ("UNKNOWN",)),)}, None),
    ({"where": (Condition("payments.amount.amount", ("10.50",)),)}, ["1"]),
]


@pytest.mark.parametrize(("words", "expected"), WINDOWS)
async def test_the_window_the_filter_and_the_order_are_applied(
    mongo_shop: MongoShop, words: dict[str, Any], expected: list[str] | None
) -> None:
    """Everything that can be pushed down is, by one command, oldest first by one more that looks for what has no date.

    What is in no document is not in a negated set either.
    """
    await mongo_shop.fill(orders=ORDERS)
    with mongo_shop.commands() as sent:
        found = ids(await mongo_shop.fetch(Order, ["c1"], fields=ID, **words))
    assert found == ({} if expected is None else {"c1": expected})
    commands = (words.get("first") != 0) + words.get("oldest_first", False)
    assert [command["aggregate"] for command in sent] == ["orders"] * commands


@pytest.mark.parametrize(
    ("words", "expected", "counts"),
    [
        ({}, {"c1": (["4", "3", "2", "1"], 4), "c2": (["5"], 1)}, 0),
        ({"first": 2}, {"c1": (["4", "3"], 4), "c2": (["5"], 1)}, 1),
        ({"first": 0}, {"c1": ([], 4), "c2": ([], 1)}, 3),
        ({"first": 1, "after": Position(day(3, hour=10), "4")}, {"c1": (["3"], 4), "c2": ([], 1)}, 3),
        ({"after": Position(day(1), "0")}, {"c1": ([], 4), "c2": ([], 1)}, 3),
        ({"after": Position(day(3, hour=10), "3"), "oldest_first": True}, {"c1": (["4"], 4), "c2": (["5"], 1)}, 6),
        ({"first": 1, "where": (Condition("status", ("DELIVERED",)),)}, {"c1": (["1"], 1)}, 1),
    ],
)
async def test_the_total_counts_what_matches_whatever_the_page(
    mongo_shop: MongoShop, words: dict[str, Any], expected: dict[str, Any], counts: int
) -> None:
    """The count knows the filter but neither `first` nor `after`; a page that was not cut has been counted already.

    Oldest first, what has no date is counted as well.
    """
    await mongo_shop.fill(orders=ORDERS)
    with mongo_shop.commands() as sent:
        answer = await mongo_shop.lookup(Order).fetch(["c1", "c2", "c3"], Ask(fields=ID, count=True, **words))
    assert {key: page.total for key, page in answer.items() if isinstance(page, Page)} == {
        k: t for k, (_, t) in expected.items()
    }
    assert len([command for command in sent if "$group" in command["pipeline"][-1]]) == counts
    assert ids(await mongo_shop.fetch(Order, ["c1", "c2", "c3"], fields=ID, count=True, **words)) == {
        k: i for k, (i, _) in expected.items()
    }


async def test_ids_that_are_numbers_are_put_in_order_as_text(mongo_shop: MongoShop) -> None:
    """`integer_ids` says so: 10 comes before 9, in a page and after a cursor."""
    await mongo_shop.configured(records={"customer": RECORDS["customer"] | {"integer_ids": True}})
    await mongo_shop.fill(customers=[{"_id": number, "member": 1} for number in (9, 10, 1, 100)])
    by = KeyKind.MEMBER_NUMBER
    assert ids(await mongo_shop.fetch(Customer, ["1"], by, fields=ID)) == {"1": ["1", "10", "100", "9"]}
    assert ids(await mongo_shop.fetch(Customer, ["1"], by, fields=ID, after=Position(None, "10"), first=1)) == {"1": ["100"]}


async def test_object_ids_are_text_that_a_cursor_continues_after(mongo_shop: MongoShop) -> None:
    """The id in a position is compared as what it is in the documents."""
    own = [ObjectId(f"{number:024x}") for number in (3, 12, 1)]
    await mongo_shop.fill(orders=[{"_id": one, "customer": "c1", "placed": day(1)} for one in own])
    newest, middle, oldest = (f"{number:024x}" for number in (12, 3, 1))
    assert ids(await mongo_shop.fetch(Order, ["c1"], fields=ID)) == {"c1": [newest, middle, oldest]}
    assert ids(await mongo_shop.fetch(Order, ["c1"], fields=ID, after=Position(day(1), newest), first=1)) == {"c1": [middle]}
    assert ids(await mongo_shop.fetch(Order, ["c1"], fields=ID, where=(Condition("id", (oldest,)),))) == {"c1": [oldest]}


NO_DATE = {"$type": ["string", "number"]}
"""Times that no date is compared with: they are read to be counted as dropped."""


def stages(command: Mapping[str, Any]) -> dict[str, Any]:
    """The stages of a pipeline that has each once."""
    return {name: content for stage in command["pipeline"] for name, content in stage.items()}


async def test_a_page_is_cut_and_put_in_order_at_the_source(mongo_shop: MongoShop) -> None:
    """What leaves for one key: the key, the window and the cursor in one match that an index serves, the order, the limit."""
    await mongo_shop.fill(orders=ORDERS)
    with mongo_shop.commands() as sent:
        await mongo_shop.fetch(Order, ["c1"], fields=ID, first=3, since=day(1), after=Position(day(3, hour=10), "4"))
    (command,) = sent
    later = {"$or": [{"_id": {"$lt": "4"}}, {"_id": {"$lt": 4}}]}
    bound = day(3, hour=10)
    assert command["pipeline"] == [
        {
            "$match": {
                "$and": [
                    {"$and": [{"customer": "c1"}, {"$or": [{"placed": {"$gte": day(1)}}, {"placed": NO_DATE}]}]},
                    {
                        "$or": [
                            {"placed": {"$lt": bound}},
                            {"$and": [{"placed": bound}, later]},
                            {"placed": {"$not": {"$type": "date"}}},
                        ]
                    },
                ]
            }
        },
        {"$sort": {"placed": -1, "_id": -1}},
        {"$limit": 3},
        {"$project": {"_id": 1, "placed": 1}},
    ]


async def test_fifty_customers_are_one_call_and_a_cut_is_one_small_call_for_each(mongo_shop: MongoShop) -> None:
    """Without `first` one call for all keys; with it each call reads so many documents of its customer and no more."""
    customers = [f"c{number}" for number in range(50)]
    await mongo_shop.fill(orders=[{"_id": n, "customer": f"c{n % 50}", "placed": day(1)} for n in range(200)])
    with mongo_shop.commands() as sent:
        found = await mongo_shop.fetch(Order, customers, fields=ID)
    assert [len(found[key]) for key in customers] == [4] * 50
    assert [stages(command)["$match"] for command in sent] == [{"customer": {"$in": customers}}]
    with mongo_shop.commands() as sent:
        found = await mongo_shop.fetch(Order, customers, fields=ID, first=2)
    assert [len(found[key]) for key in customers] == [2] * 50
    assert sorted(stages(command)["$match"]["customer"] for command in sent) == sorted(customers)
    assert {stages(command)["$limit"] for command in sent} == {2}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("id",), {"_id": 1}),
        (("status",), {"_id": 0, "status": 1}),
        (("total.amount",), {"_id": 0, "total": 1, "currency": 1}),
        (("items.sku",), {"_id": 0, "lines.sku": 1}),
        (("items.unit_price.currency",), {"_id": 0, "lines.cents": 1, "currency": 1}),
        (("payments.method", "payments.installments"), {"_id": 0, "payments.method": 1, "payments.installments": 1}),
    ],
)
async def test_only_selected_fields_are_read(mongo_shop: MongoShop, fields: tuple[str, ...], expected: dict[str, int]) -> None:
    """What a query does not name does not leave the server, but for the time, without which a document is no record.

    Money also reads what decides whether it is there.
    """
    await mongo_shop.fill(orders=ORDERS)
    with mongo_shop.commands() as sent:
        await mongo_shop.fetch(Order, ["c1"], fields=Fields.from_paths(*fields))
    assert stages(sent[0])["$project"] == expected | {"placed": 1}


async def test_a_search_is_for_escaped_text(mongo_shop: MongoShop) -> None:
    """Each search is a call of its own, cut at the source."""
    with mongo_shop.commands() as sent:
        await mongo_shop.fetch(Customer, ["a.b*", "c"], KeyKind.TEXT, fields=ID, first=10)
    asked = [[next(iter(one.values())) for one in stages(command)["$match"]["$or"]] for command in sent]
    assert sorted((regex.pattern, regex.flags) for own in asked for regex in own) == [
        (r"a\.b\*", re.IGNORECASE), (r"a\.b\*", re.IGNORECASE), ("c", re.IGNORECASE), ("c", re.IGNORECASE),
    ]  # fmt: skip


async def test_lookups_are_what_the_settings_say(mongo_shop: MongoShop) -> None:
    """One for each record and kind of key, with everything pushed down; a search is not measured."""
    lookups = mongo_shop.connector.lookups()
    assert [(own.record, own.by) for own in lookups] == [
        *((Customer, kind) for kind in (KeyKind.CUSTOMER_ID, *LINKING_KINDS, KeyKind.TEXT)),
        (Order, KeyKind.CUSTOMER_ID),
        (Event, KeyKind.CUSTOMER_ID),
    ]
    assert {own.pushdown for own in lookups} == {frozenset(Push)}
    assert {own.max_batch for own in lookups} == {100}
    assert [own.by for own in mongo_shop.connector.aggregates() if own.record is Customer] == [
        KeyKind.CUSTOMER_ID,
        *LINKING_KINDS,
    ]
