"""Aggregates of the mongo kind: every measure of a batch in one call, and documents stay where they are."""

from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128

from connectors.contract import Condition, KeyKind, Measure, MeasureOp
from connectors.errors import SourceProtocolError
from connectors.mongo import measure_pipeline
from connectors.records import Customer, Order
from tests.support.mongo_shop import RECORDS, MongoShop
from tests.support.sql_shop import day

pytestmark = pytest.mark.mongodb

COUNT, SUM, AVERAGE, MIN, MAX, TOP, LATEST, VALUES, COUNTS, _ = MeasureOp
ORDERS = [
    {"_id": "1", "customer": "c1", "status": "delivered", "placed": day(1, hour=10), "deliveredAt": day(5), "total": 10.1,
     "currency": "EUR", "lines": [{"category": "books", "quantity": 2, "cents": 500}, {"category": "toys", "quantity": 1,
                                                                                      "cents": 10}]},
    {"_id": "2", "customer": "c1", "status": "Delivered", "placed": day(2, hour=10), "total": "20.20", "currency": "EUR",
     "lines": [{"category": "books", "cents": 2020}, {"category": "art", "quantity": 3.0, "cents": 20}]},
    {"_id": "3", "customer": "c1", "status": "gone", "placed": day(3, hour=10), "currency": "EUR"},
    {"_id": "4", "customer": "c1", "status": "lost", "placed": day(3, hour=10), "total": Decimal128("40.25"), "currency": "BRL",
     "lines": [{"quantity": 1, "cents": 4025}]},
    {"_id": "5", "customer": "c2", "status": "shipped", "placed": day(4, hour=10, microsecond=500_000), "total": 50,
     "currency": "EUR", "lines": [{"category": "toys", "quantity": 1, "cents": 100}, {"category": "art", "quantity": 1,
                                                                                     "cents": 200}]},
    {"_id": "6", "customer": "c3", "status": "shipped", "placed": day(4, hour=10)},
    {"_id": "9", "customer": "other", "status": "shipped", "placed": day(1), "total": 1000, "currency": "EUR"},
]  # fmt: skip
DELIVERED = (Condition("status", ("DELIVERED",)),)
EUR, BRL = "EUR", "BRL"


def money(amount: str, currency: str = EUR) -> dict[str, str]:
    return {"amount": amount, "currency": currency}


EXPECTED: list[tuple[Measure, list[Any]]] = [
    (Measure(op=COUNT), [4, 1, 1, 0]),
    (Measure(op=COUNT, where=DELIVERED), [2, 0, 0, 0]),
    (Measure(op=COUNT, since=day(2, hour=10), until=day(3, hour=10)), [1, 0, 0, 0]),
    (Measure(op=COUNT, where=(Condition("items.category", ("books",)),)), [2, 0, 0, 0]),
    (Measure(op=COUNT, where=(Condition("items.category", ("books",), negated=True),)), [2, 1, 1, 0]),
    (Measure(op=COUNT, where=(Condition("items.unit_price.currency", ("BRL",)),)), [1, 0, 0, 0]),
    (Measure(op=SUM, field="total"), [[money("40.25", BRL), money("30.30")], [money("50.00")], [], []]),
    (Measure(op=SUM, field="total", where=DELIVERED), [[money("30.30")], [], [], []]),
    (Measure(op=AVERAGE, field="total"), [[money("40.25", BRL), money("15.15")], [money("50.00")], None, None]),
    (Measure(op=SUM, field="items.unit_price", until=day(3)), [[money("25.50")], [], [], []]),
    (Measure(op=SUM, field="items.unit_price"), [[money("40.25", BRL), money("25.50")], [money("3.00")], [], []]),
    (Measure(op=SUM, field="total.amount"), [Decimal("70.55"), 50, 0, 0]),
    (Measure(op=AVERAGE, field="total.amount", since=day(2)), [Decimal("30.225"), 50, None, None]),
    (Measure(op=MAX, field="total.amount"), [Decimal("40.25"), 50, None, None]),
    (Measure(op=MIN, field="items.unit_price.amount"), [Decimal("0.10"), 1, None, None]),
    (Measure(op=MIN, field="placed_at"), ["2018-01-01T10:00:00Z", "2018-01-04T10:00:00.500000Z", "2018-01-04T10:00:00Z", None]),
    (Measure(op=MAX, field="placed_at", where=DELIVERED), ["2018-01-02T10:00:00Z", None, None, None]),
    (Measure(op=MAX, field="status"), ["UNKNOWN", "SHIPPED", "SHIPPED", None]),
    (Measure(op=MIN, field="items.category"), ["art", "art", None, None]),
    (Measure(op=SUM, field="items.quantity"), [8, 2, 0, 0]),
    (Measure(op=AVERAGE, field="items.quantity"), [Decimal("1.6"), 1, None, None]),
    (Measure(op=MAX, field="items.quantity", where=DELIVERED), [3, None, None, None]),
    (Measure(op=TOP, field="status"), ["DELIVERED", "SHIPPED", "SHIPPED", None]),
    (Measure(op=TOP, field="items.category"), ["books", "art", None, None]),
    (Measure(op=TOP, field="items.quantity"), [1, 1, None, None]),
    (Measure(op=TOP, field="items.category", since=day(2), until=day(3)), ["art", None, None, None]),
    (Measure(op=TOP, field="delivered_at"), ["2018-01-05T00:00:00Z", None, None, None]),
    (Measure(op=LATEST, field="status"), ["UNKNOWN", "SHIPPED", "SHIPPED", None]),
    (Measure(op=LATEST, field="delivered_at"), ["2018-01-05T00:00:00Z", None, None, None]),
    (Measure(op=LATEST, field="total"), [money("40.25", BRL), money("50"), None, None]),
    (Measure(op=LATEST, field="total.amount", where=DELIVERED), [Decimal("20.20"), None, None, None]),
    (Measure(op=LATEST, field="items.category"), ["books", "toys", None, None]),
    (Measure(op=LATEST, field="items.unit_price", where=DELIVERED), [money("20.20"), None, None, None]),
    (Measure(op=LATEST, field="items.category", where=(Condition("total.currency", ("BRL",)),)), [None, None, None, None]),
    (Measure(op=TOP, field="payments.method"), [None, None, None, None]),
    (Measure(op=VALUES, field="items.quantity"), [5, 2, 0, 0]),
    (Measure(op=VALUES, field="items.category"), [4, 2, 0, 0]),
    (Measure(op=VALUES, field="delivered_at"), [1, 0, 0, 0]),
    (Measure(op=VALUES, field="status", where=DELIVERED), [2, 0, 0, 0]),
    (Measure(op=VALUES, field="total"), [[money("1", BRL), money("2")], [money("1")], [], []]),
    (Measure(op=VALUES, field="payments.method"), [0, 0, 0, 0]),
    (Measure(op=COUNTS, field="status"), [[["DELIVERED", 2], ["SHIPPED", 1], ["UNKNOWN", 1]], [["SHIPPED", 1]],
                                          [["SHIPPED", 1]], []]),
    (Measure(op=COUNTS, field="items.category"), [[["books", 2], ["art", 1], ["toys", 1]], [["art", 1], ["toys", 1]], [], []]),
    (Measure(op=COUNTS, field="items.quantity", where=DELIVERED), [[[1, 2], [2, 1], [3, 1]], [], [], []]),
    (Measure(op=COUNTS, field="delivered_at"), [[["2018-01-05T00:00:00Z", 1]], [], [], []]),
    (Measure(op=COUNTS, field="payments.method"), [[], [], [], []]),
]  # fmt: skip


async def test_every_measure_of_every_key_is_one_call(mongo_shop: MongoShop) -> None:
    """Money is per currency and exact, enums are their members, an absent key counts 0."""
    await mongo_shop.fill(orders=ORDERS)
    measures = [measure for measure, _ in EXPECTED]
    with mongo_shop.commands() as sent:
        found = await mongo_shop.aggregate(Order).measure(["c1", "c2", "c3", "none"], measures)
    assert [command["aggregate"] for command in sent] == ["orders"]
    assert list(found) == ["c1", "c2", "c3", "none"]
    by_measure = zip(*found.values(), strict=True)
    assert [(measure, list(values)) for measure, values in zip(measures, by_measure, strict=True)] == EXPECTED


async def test_a_key_with_too_many_values_is_left_to_the_gateway(
    mongo_shop: MongoShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its records are read then. The counts of other keys are had."""
    monkeypatch.setattr(measure_pipeline, "MAX_PAIR_BYTES", 2 * measure_pipeline._PAIR_BYTES + 20)
    await mongo_shop.fill(orders=ORDERS)
    found = await mongo_shop.aggregate(Order).measure(["c1", "c3"], [Measure(op=COUNTS, field="items.category")])
    assert isinstance(found["c1"], SourceProtocolError)
    assert found["c3"] == [[]]


async def test_large_values_of_some_cost_others_nothing(mongo_shop: MongoShop) -> None:
    """Twenty megabytes of values would be more than a document may have: those of the customers with very many are read."""
    texts = [f"{n}".ljust(10_000, "x") for n in range(100)]
    lines = [
        {"_id": f"b{n}", "customer": f"b{n}", "placed": day(1), "lines": [{"category": t} for t in texts]} for n in range(20)
    ]
    await mongo_shop.fill(orders=[*ORDERS, *lines])
    keys = ["c1", *(f"b{n}" for n in range(20))]
    found = await mongo_shop.aggregate(Order).measure(keys, [Measure(op=COUNTS, field="items.category")])
    assert found["c1"] == [[["books", 2], ["art", 1], ["toys", 1]]]
    assert {type(found[key]) for key in keys[1:]} == {SourceProtocolError}


async def test_what_leaves_is_the_keys_and_the_fields_that_are_measured(mongo_shop: MongoShop) -> None:
    """One match that an index serves, nothing of a document but what is measured, a facet for each measure."""
    with mongo_shop.commands() as sent:
        await mongo_shop.aggregate(Order).measure(
            ["c1", "c2"], [Measure(op=SUM, field="total", since=day(1)), Measure(op=COUNT)]
        )
    ((match, _, _, _, project, facet),) = (command["pipeline"] for command in sent)
    assert match == {"$match": {"customer": {"$in": ["c1", "c2"]}}}
    assert project == {"$project": {"_id": 1, "currency": 1, "gateway_key": 1, "placed": 1, "total": 1}}
    assert list(facet["$facet"]) == ["m0", "m1", "doubts"]
    assert facet["$facet"]["m0"][0] == {"$match": {"placed": {"$gte": day(1)}}}


async def test_money_sums_are_free_of_binary_noise(mongo_shop: MongoShop) -> None:
    """A thousand times 0.10 is 100.00."""
    await mongo_shop.fill(
        orders=[{"_id": n, "customer": "c1", "placed": day(1), "total": 0.1, "currency": "EUR"} for n in range(1000)]
    )
    measures = [Measure(op=SUM, field="total"), Measure(op=SUM, field="total.amount"), Measure(op=AVERAGE, field="total")]
    assert await mongo_shop.aggregate(Order).measure(["c1"], measures) == {"c1": [[money("100.00")], 100, [money("0.10")]]}


@pytest.mark.cases
@pytest.mark.parametrize(
    "odd",
    [
        *(
            {"total": one}
            for one in ("three", " 2 ", float("inf"), Decimal128("-Infinity"), Decimal128("1E+6000"), [4], {"a": 5})
        ),
        *({"placed": one} for one in (None, "2018-01-01", 1514764800)),
        *({"_id": one} for one in ("", " ")),
    ],
    ids=str,
)
async def test_figures_in_doubt_are_left_to_the_gateway(mongo_shop: MongoShop, odd: dict[str, Any]) -> None:
    """It reads the documents, and says what it could not read. The figures of other keys are had."""
    good = {"placed": day(1), "total": 1, "currency": "EUR"}
    orders = [
        {"_id": "1", "customer": "c1"} | good,
        {"_id": "2", "customer": "c1"} | good | odd,
        {"_id": "3", "customer": "c2"} | good,
    ]
    await mongo_shop.fill(orders=orders)
    found = await mongo_shop.aggregate(Order).measure(["c1", "c2", "c3"], [Measure(op=SUM, field="total")])
    assert isinstance(found["c1"], SourceProtocolError)
    assert (found["c2"], found["c3"]) == ([[money("1.00")]], [[]])


@pytest.mark.cases
@pytest.mark.parametrize(
    "items",
    [[{"quantity": "many"}], [{"quantity": 1}, {"quantity": [2]}], [{"quantity": 1.5e300, "cents": 1}]],
    ids=str,
)
async def test_items_in_doubt_are_left_to_the_gateway(mongo_shop: MongoShop, items: Any) -> None:
    """Items without a number, and lists that are not there, put nothing in doubt."""
    fine = [[], None, [None, {"quantity": None}, {"quantity": 2}], [{"cents": 1}]]
    orders = [{"_id": str(n), "customer": "c2", "placed": day(1), "lines": lines} for n, lines in enumerate(fine)]
    odd = {"_id": "odd", "customer": "c1", "placed": day(1), "lines": items}
    await mongo_shop.fill(orders=[*orders, odd, {"_id": "none", "customer": "c2", "placed": day(1)}])
    found = await mongo_shop.aggregate(Order).measure(["c1", "c2"], [Measure(op=SUM, field="items.quantity")])
    assert isinstance(found["c1"], SourceProtocolError)
    assert found["c2"] == [4]


async def test_numbers_in_text_are_numbers(mongo_shop: MongoShop) -> None:
    """And none is no doubt."""
    amounts = [1, "2.50", "", None]
    await mongo_shop.fill(
        orders=[
            {"_id": n, "customer": "c1", "placed": day(1), "total": one, "currency": "EUR"} for n, one in enumerate(amounts)
        ]
    )
    measures = [
        Measure(op=SUM, field="total"),
        Measure(op=MAX, field="total.amount"),
        Measure(op=AVERAGE, field="total.amount"),
    ]
    found = await mongo_shop.aggregate(Order).measure(["c1"], measures)
    assert found == {"c1": [[money("3.50")], Decimal("2.50"), Decimal("1.75")]}


async def test_customers_are_measured_by_each_kind_of_key(mongo_shop: MongoShop) -> None:
    """A document counts once for a key that it has twice, and for no key that was not asked for."""
    await mongo_shop.fill(
        customers=[
            {"_id": "c2", "name": "B", "member": 7, "devices": [{"id": "d1"}, {"id": "d2"}]},
            {"_id": "c1", "name": "A", "member": 7, "devices": [{"id": "d2"}],
             "contact": {"points": [{"kind": "EMAIL", "value": "b@x.example"}, {"value": "b@x.example"},
                                     {"value": "c@x.example"}]}},
            {"_id": "$name", "name": "dollar"},
        ]
    )  # fmt: skip
    measures = [Measure(op=COUNT), Measure(op=LATEST, field="name"), Measure(op=TOP, field="device_ids")]
    by_number = await mongo_shop.aggregate(Customer, KeyKind.MEMBER_NUMBER).measure(["7", "seven", "07"], measures)
    assert by_number == {"7": [2, "A", "d2"], "seven": [0, None, None], "07": [0, None, None]}
    by_email = await mongo_shop.aggregate(Customer, KeyKind.EMAIL).measure(["b@x.example", "nobody"], measures)
    assert by_email == {"b@x.example": [1, "A", "d2"], "nobody": [0, None, None]}
    by_id = await mongo_shop.aggregate(Customer).measure(["$name", "c1"], measures)
    assert by_id == {"$name": [1, "dollar", None], "c1": [1, "A", "d2"]}
    stated = (Condition("external_ids.source", ("WON",)),)
    absent = [
        Measure(op=TOP, field="external_ids.source"),
        Measure(op=COUNT, where=stated),
        Measure(op=MAX, field="locale"),
        Measure(op=TOP, field="contact_points.primary"),
        Measure(op=LATEST, field="address.country"),
    ]
    assert await mongo_shop.aggregate(Customer, KeyKind.MEMBER_NUMBER).measure(["7"], absent) == {
        "7": [None, 0, None, False, "IT"]
    }


async def test_ids_that_are_numbers_are_latest_as_text(mongo_shop: MongoShop) -> None:
    """Of two orders at the same time the one whose id is greater as text is the newest: 9, not 10."""
    await mongo_shop.configured(records={"order": RECORDS["order"] | {"integer_ids": True}})
    await mongo_shop.fill(
        orders=[{"_id": n, "customer": "c1", "placed": day(1), "status": s} for n, s in [(10, "NEW"), (9, "gone")]]
    )
    assert await mongo_shop.aggregate(Order).measure(["c1"], [Measure(op=LATEST, field="status")]) == {"c1": ["SHIPPED"]}


@pytest.mark.parametrize(
    "measure",
    [
        Measure(op=SUM, field="status"),
        Measure(op=TOP, field="total"),
        Measure(op=MAX, field="total"),
        Measure(op=SUM, field="nothing"),
        Measure(op=COUNT, where=(Condition("nothing", ("x",)),)),
    ],
)
async def test_a_measure_without_a_meaning_is_an_error(mongo_shop: MongoShop, measure: Measure) -> None:
    """There is no sum of statuses and no greatest money."""
    with pytest.raises(SourceProtocolError):
        await mongo_shop.aggregate(Order).measure(["c1"], [measure])
