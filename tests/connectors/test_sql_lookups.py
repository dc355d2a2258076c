"""Lookups of the sql kind: which records, in which order, in one statement."""

from typing import Any

import pytest

from connectors.contract import Ask, Condition, KeyKind, Page, Position, Push
from connectors.record_fields import Fields
from connectors.records import Customer, Event, Order
from tests.support.sql_shop import Shop, day, ids

ID = Fields.from_paths("id")
ORDERS = [
    (1, "c1", "delivered", "2018-01-01T10:00:00Z", "2018-01-05T00:00:00Z", 10.5, "EUR"),
    (2, "c1", "On hold", "2018-01-02T10:00:00Z", None, 20, "EUR"),
    (3, "c1", None, "2018-01-03T10:00:00Z", None, None, "EUR"),
    (4, "c1", "shipped", "2018-01-03T10:00:00Z", None, 40.25, "BRL"),
    (5, "c2", "DELIVERED", "2018-01-04T10:00:00Z", None, 50, "EUR"),
]
ITEMS = [
    (1, 2, "s2", "toys", 1, 0.5, "EUR"),
    (1, 1, "s1", "books", 2, 5, "EUR"),
    (2, 1, "s1", "books", None, 20, "EUR"),
    (4, 1, "s3", None, 1, 40.25, "BRL"),
]


async def test_a_whole_order_has_every_field_in_its_canonical_form(shop: Shop) -> None:
    """Names are camelCase, money and times canonical, lists ordered; what the query lacks is absent, null is the default."""
    await shop.fill(orders=ORDERS, order_items=ITEMS, payments=[(1, "card", 10.5, "EUR", 3), (1, "voucher", None, "EUR", None)])
    found = await shop.fetch(Order, ["c1"], until=day(2))
    assert found == {
        "c1": [
            {
                "id": "1",
                "status": "delivered",
                "placedAt": "2018-01-01T10:00:00Z",
                "deliveredAt": "2018-01-05T00:00:00Z",
                "total": {"amount": "10.50", "currency": "EUR"},
                "items": [
                    {"sku": "s1", "category": "books", "quantity": 2, "unitPrice": {"amount": "5.00", "currency": "EUR"}},
                    {"sku": "s2", "category": "toys", "quantity": 1, "unitPrice": {"amount": "0.50", "currency": "EUR"}},
                ],
                "payments": [
                    {"method": "card", "amount": {"amount": "10.50", "currency": "EUR"}, "installments": 3},
                    {"method": "voucher", "amount": None, "installments": None},
                ],
            }
        ]
    }
    (third,) = (await shop.fetch(Order, ["c1"], first=1, after=Position(day(3, hour=10), "4")))["c1"]
    assert third["id"] == "3"
    assert (third["status"], third["total"], third["items"], third["deliveredAt"]) == ("UNKNOWN", None, [], None)


async def test_an_object_without_required_fields_is_there_when_any_of_its_columns_is(shop: Shop) -> None:
    """An address with a city alone is an address, one with nothing is null; only the selected fields are in it."""
    await shop.fill(customers=[("c1", "A", None, "Turin", None, None, None, 1), ("c2", "B", None, None, None, None, None, 2)])
    found = await shop.fetch(
        Customer, ["c1", "c2", "c3"], fields=Fields.from_paths("address.country", "address.region", "name")
    )
    assert found == {"c1": [{"address": {"country": None}, "name": "A"}], "c2": [{"address": None, "name": "B"}]}


async def test_lists_of_objects_and_of_texts_come_with_the_customer(shop: Shop) -> None:
    """Booleans are booleans, a list of texts is the column `value`, a list without rows is empty."""
    await shop.fill(
        customers=[("c1", "A", None, None, None, None, None, 1), ("c2", "B", None, None, None, None, None, 2)],
        points=[("c1", "EMAIL", "b@x.example", 0), ("c1", "EMAIL", "a@x.example", 1)]
        if shop.backend == "sqlite"
        else [("c1", "EMAIL", "b@x.example", False), ("c1", "EMAIL", "a@x.example", True)],
        devices=[("c1", "d2"), ("c1", "d1")],
    )
    fields = Fields.from_paths("id", "contact_points.value", "contact_points.primary", "device_ids")
    found = await shop.fetch(Customer, ["c1", "c2"], fields=fields)
    points = [{"value": "a@x.example", "primary": True}, {"value": "b@x.example", "primary": False}]
    assert found["c1"] == [{"id": "c1", "contactPoints": points, "deviceIds": ["d1", "d2"]}]
    assert found["c2"] == [{"id": "c2", "contactPoints": [], "deviceIds": []}]


@pytest.mark.parametrize(
    ("by", "keys", "expected"),
    [
        (KeyKind.CUSTOMER_ID, ["c1", "none", "c\0", "\ud800"], {"c1": ["c1"]}),
        (KeyKind.MEMBER_NUMBER, ["7", "8", "seven", "7.0", "9" * 19, "9" * 30], {"7": ["c1"], "8": ["c2"]}),
        (
            KeyKind.EXTERNAL_ID,
            ["0E984725-C51C-4BF4-9960-E1C80E27ABA0", "no uuid"],
            {"0E984725-C51C-4BF4-9960-E1C80E27ABA0": ["c1"]},
        ),
        (KeyKind.EMAIL, ["a@x.example", "shared@x.example"], {"a@x.example": ["c1"], "shared@x.example": ["c1", "c2"]}),
        (
            KeyKind.TEXT,
            ["ANN", "100%", "x_y", "example", "\\", "\0"],
            {"ANN": ["c1"], "100%": ["c2"], "x_y": [], "example": ["c1", "c2"]},
        ),
    ],
)
async def test_each_kind_of_key_finds_its_records(shop: Shop, by: KeyKind, keys: list[str], expected: dict[str, Any]) -> None:
    """Columns of text, integers and UUIDs, pairs and searches; a key that cannot be of the type finds nothing."""
    await shop.fill(
        customers=[
            ("c1", "Joanna", "a@x.example", None, None, None, "0e984725-c51c-4bf4-9960-e1c80e27aba0", 7),
            ("c2", "100% xzy", "b@x.example", None, None, None, None, 8),
        ],
        points=[
            ("c1", "EMAIL", "a@x.example", None),
            ("c1", "EMAIL", "a@x.example", None),
            ("c1", "EMAIL", "shared@x.example", None),
            ("c2", "EMAIL", "shared@x.example", None),
            ("c2", "PHONE", "a@x.example", None),
        ],
    )
    found = ids(await shop.fetch(Customer, keys, by, fields=ID))
    assert found == {key: own for key, own in expected.items() if own}


async def test_keys_that_can_be_none_of_the_type_cost_no_statement(shop: Shop) -> None:
    """Nothing is asked when nothing can be found."""
    await shop.fill()
    with shop.statements() as seen:
        assert await shop.fetch(Customer, ["x", "y"], KeyKind.MEMBER_NUMBER) == {}
    assert seen == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
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
        ({"where": (Condition("status", ("DELIVERED", "SHIPPED")),)}, ["4", "1"]),
        ({"where": (Condition("status", ("UNKNOWN",)),)}, ["3", "2"]),
        ({"where": (Condition("status", ("DELIVERED",), negated=True),)}, ["4", "3", "2"]),
        ({"where": (Condition("total.currency", ("EUR",)), Condition("total.amount", ("20.00", "40.25")))}, ["2"]),
        ({"where": (Condition("total.amount", ("20.00",), negated=True),)}, ["4", "3", "1"]),
        ({"where": (Condition("delivered_at", ("2018-01-05T00:00:00Z",)),)}, ["1"]),
        ({"where": (Condition("items.category", ("books", "x")),)}, ["2", "1"]),
        ({"where": (Condition("items.category", ("books",), negated=True),)}, ["4", "3"]),
        ({"where": (Condition("items.unit_price.currency", ("BRL",)),), "first": 1}, ["4"]),
        ({"where": (Condition("items.quantity", ("1",)),)}, ["4", "2", "1"]),
        ({"where": (Condition("payments.method", ("CARD",)),)}, None),
    ],
)
async def test_the_window_the_filter_and_the_order_are_applied(
    shop: Shop, words: dict[str, Any], expected: list[str] | None
) -> None:
    """Everything that can be pushed down is, by one statement; NOT IN keeps what is null."""
    await shop.fill(orders=ORDERS, order_items=ITEMS)
    await shop.fetch(Order, ["c2"])
    with shop.statements() as seen:
        found = ids(await shop.fetch(Order, ["c1"], fields=ID, **words))
    assert found == ({} if expected is None else {"c1": expected})
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, {"c1": (["4", "3", "2", "1"], 4), "c2": (["5"], 1)}),
        ({"first": 2}, {"c1": (["4", "3"], 4), "c2": (["5"], 1)}),
        ({"first": 0}, {"c1": ([], 4), "c2": ([], 1)}),
        ({"first": 1, "after": Position(day(3, hour=10), "4")}, {"c1": (["3"], 4), "c2": ([], 1)}),
        ({"after": Position(day(1), "0")}, {"c1": ([], 4), "c2": ([], 1)}),
        ({"after": Position(day(3, hour=10), "3"), "oldest_first": True}, {"c1": (["4"], 4), "c2": (["5"], 1)}),
        ({"first": 1, "where": (Condition("status", ("DELIVERED",)),)}, {"c1": (["1"], 1), "c2": (["5"], 1)}),
    ],
)
async def test_the_total_counts_what_matches_whatever_the_page(
    shop: Shop, words: dict[str, Any], expected: dict[str, Any]
) -> None:
    """The count knows the filter but neither `first` nor `after`, and is there for an empty page too."""
    await shop.fill(orders=ORDERS)
    answer = await shop.lookup(Order).fetch(["c1", "c2", "c3"], Ask(fields=ID, count=True, **words))
    assert {key: page.total for key, page in answer.items() if isinstance(page, Page)} == {
        k: t for k, (_, t) in expected.items()
    }
    assert ids(await shop.fetch(Order, ["c1", "c2", "c3"], fields=ID, count=True, **words)) == {
        k: i for k, (i, _) in expected.items()
    }


async def test_records_without_a_time_come_by_id(shop: Shop) -> None:
    """Ids sort by code points, upwards, also for a cursor."""
    await shop.fill(
        customers=[(own, "same", None, None, None, None, None, 1) for own in ("c10", "C1", "c9", "é")],
    )
    by = KeyKind.MEMBER_NUMBER
    assert ids(await shop.fetch(Customer, ["1"], by, fields=ID)) == {"1": ["C1", "c10", "c9", "é"]}
    assert ids(await shop.fetch(Customer, ["1"], by, fields=ID, after=Position(None, "c10"), first=2)) == {"1": ["c9", "é"]}
    assert ids(await shop.fetch(Customer, ["1"], by, fields=ID, after=Position(None, "C1"), first=1, count=True)) == {
        "1": ["c10"]
    }


async def test_a_selection_reads_its_columns_only(shop: Shop) -> None:
    """A query that selects two fields reads two columns, and no window is computed that was not asked for."""
    await shop.fill(orders=ORDERS)
    await shop.fetch(Order, ["c1"])
    with shop.statements() as seen:
        await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "status"))
    (statement,) = seen
    ours, _, _ = statement.partition("SELECT id, customer, ")
    assert [name for name in ("status", "placed_at", "total_amount", "total_currency", "delivered_at") if name in ours] == [
        "status",
        "placed_at",
    ]
    assert ours.split("FROM (SELECT")[0].count("placed_at") == 0
    assert [word for word in ("over", "gateway_items", "gateway_payments") if word in ours.lower()] == []


async def test_fifty_customers_with_orders_items_and_payments_are_one_statement(shop: Shop) -> None:
    """There is no statement per order and none per list."""
    customers = [f"c{number}" for number in range(50)]
    orders = [(number, f"c{number % 50}", "NEW", "2018-01-01T00:00:00Z", None, number, "EUR") for number in range(100)]
    items = [(number // 2, number % 2, "s", "k", 1, 1, "EUR") for number in range(200)]
    await shop.fill(orders=orders, order_items=items, payments=[(number, "card", 1, "EUR", 1) for number in range(100)])
    await shop.fetch(Order, customers, first=1)
    with shop.statements() as seen:
        found = await shop.fetch(Order, customers, first=10, count=True)
    assert len(seen) == 1
    assert [len(found[key]) for key in customers] == [2] * 50
    assert sum(len(order["items"]) + len(order["payments"]) for orders in found.values() for order in orders) == 300


async def test_json_columns_are_embedded(shop: Shop) -> None:
    """A mapping stays one, null is the empty default, and quotes and line ends survive."""
    await shop.fill(
        events=[
            ("e1", "c1", "2018-01-01T00:00:00.25Z", "view", '{"a": [1, "\\"x\\"\\n"], "b": null}'),
            ("e2", "c1", "2018-01-01T00:00:00.125Z", 'it\'s "quoted"\n', None),
        ]
    )
    first, second = (await shop.fetch(Event, ["c1"]))["c1"]
    assert first == {
        "id": "e1",
        "at": "2018-01-01T00:00:00.250000Z",
        "type": "view",
        "properties": {"a": [1, '"x"\n'], "b": None},
    }
    assert second == {"id": "e2", "at": "2018-01-01T00:00:00.125000Z", "type": 'it\'s "quoted"\n', "properties": {}}


async def test_lookups_are_what_the_settings_say(shop: Shop) -> None:
    """One for each record and kind of key, with everything pushed down."""
    lookups = shop.connector.lookups()
    assert [(own.record, own.by) for own in lookups] == [
        (Customer, KeyKind.CUSTOMER_ID),
        (Customer, KeyKind.EXTERNAL_ID),
        (Customer, KeyKind.MEMBER_NUMBER),
        (Customer, KeyKind.EMAIL),
        (Customer, KeyKind.TEXT),
        (Order, KeyKind.CUSTOMER_ID),
        (Event, KeyKind.CUSTOMER_ID),
    ]
    assert {own.pushdown for own in lookups} == {frozenset(Push)}
    assert {own.max_batch for own in lookups} == {500}
    assert [own.by for own in shop.connector.aggregates() if own.record is Customer] == list(KeyKind)[:4]
