"""Aggregates of the sql kind: every measure of a batch in one statement."""

from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Condition, KeyKind, Measure, MeasureOp
from connectors.errors import SourceProtocolError
from connectors.records import Customer, Order, Ticket
from connectors.sql import ranked_measures
from tests.support.sql_shop import Shop, connector_at, day, shop_at, sqlite_url, written_for

ORDERS = [
    (1, "c1", "delivered", "2018-01-01T10:00:00Z", "2018-01-05T00:00:00Z", 10.1, "EUR"),
    (2, "c1", "Delivered", "2018-01-02T10:00:00Z", None, 20.2, "EUR"),
    (3, "c1", "shipped", "2018-01-03T10:00:00Z", None, None, "EUR"),
    (4, "c1", "lost", "2018-01-03T10:00:00Z", None, 40.25, "BRL"),
    (5, "c2", "shipped", "2018-01-04T10:00:00.5Z", None, 50, "EUR"),
    (6, "c3", "shipped", "2018-01-04T10:00:00Z", None, None, None),
    (7, "c4", "shipped", None, None, 1000, "EUR"),
]
ITEMS = [
    (1, 2, "s2", "toys", 1, 0.1, "EUR"),
    (1, 1, "s1", "books", 2, 5, "EUR"),
    (2, 1, "s1", "books", None, 20.2, "EUR"),
    (2, 2, "s4", "art", 3, 0.2, "EUR"),
    (4, 1, "s3", None, 1, 40.25, "BRL"),
    (5, 1, "s5", "toys", 1, 1, "EUR"),
    (5, 2, "s5", "art", 1, 2, "EUR"),
]
COUNT, SUM, AVERAGE, MIN, MAX, TOP, LATEST, VALUES, COUNTS, _ = MeasureOp
DELIVERED = (Condition("status", ("DELIVERED",)),)
EXPECTED: list[tuple[Measure, list[Any]]] = [
    (Measure(op=COUNT), [4, 1, 1, 0]),
    (Measure(op=COUNT, where=DELIVERED), [2, 0, 0, 0]),
    (Measure(op=COUNT, since=day(2, hour=10), until=day(3, hour=10)), [1, 0, 0, 0]),
    (Measure(op=COUNT, where=(Condition("items.category", ("books",)),)), [2, 0, 0, 0]),
    (Measure(op=COUNT, where=(Condition("items.category", ("books",), negated=True),)), [2, 1, 1, 0]),
    (Measure(op=SUM, field="total"), [[{"amount": "40.25", "currency": "BRL"}, {"amount": "30.30", "currency": "EUR"}],
                                      [{"amount": "50.00", "currency": "EUR"}], [], []]),
    (Measure(op=SUM, field="total", where=DELIVERED), [[{"amount": "30.30", "currency": "EUR"}], [], [], []]),
    (Measure(op=AVERAGE, field="total"), [[{"amount": "40.25", "currency": "BRL"}, {"amount": "15.15", "currency": "EUR"}],
                                          [{"amount": "50.00", "currency": "EUR"}], None, None]),
    (Measure(op=SUM, field="items.unit_price", until=day(3)), [[{"amount": "25.50", "currency": "EUR"}], [], [], []]),
    (Measure(op=SUM, field="total.amount"), [70.55, 50, 0, 0]),
    (Measure(op=AVERAGE, field="total.amount", since=day(2)), [30.225, 50, None, None]),
    (Measure(op=MAX, field="total.amount"), [40.25, 50, None, None]),
    (Measure(op=MIN, field="placed_at"), ["2018-01-01T10:00:00Z", "2018-01-04T10:00:00.500000Z", "2018-01-04T10:00:00Z", None]),
    (Measure(op=MAX, field="placed_at", where=DELIVERED), ["2018-01-02T10:00:00Z", None, None, None]),
    (Measure(op=MAX, field="status"), ["UNKNOWN", "SHIPPED", "SHIPPED", None]),
    (Measure(op=SUM, field="items.quantity"), [8, 2, 0, 0]),
    (Measure(op=AVERAGE, field="items.quantity"), [1.6, 1, None, None]),
    (Measure(op=MAX, field="items.quantity", where=DELIVERED), [3, None, None, None]),
    (Measure(op=TOP, field="status"), ["DELIVERED", "SHIPPED", "SHIPPED", None]),
    (Measure(op=TOP, field="items.category"), ["books", "art", None, None]),
    (Measure(op=TOP, field="items.quantity"), [1, 1, None, None]),
    (Measure(op=TOP, field="items.category", since=day(2), until=day(3)), ["art", None, None, None]),
    (Measure(op=LATEST, field="status"), ["UNKNOWN", "SHIPPED", "SHIPPED", None]),
    (Measure(op=LATEST, field="delivered_at"), ["2018-01-05T00:00:00Z", None, None, None]),
    (Measure(op=LATEST, field="total"), [{"amount": "40.25", "currency": "BRL"},
                                         {"amount": "50.00", "currency": "EUR"}, None, None]),
    (Measure(op=LATEST, field="total.amount", where=DELIVERED), [20.2, None, None, None]),
    (Measure(op=LATEST, field="items.category"), ["books", "toys", None, None]),
    (Measure(op=LATEST, field="items.category", where=(Condition("total.currency", ("BRL",)),)), [None, None, None, None]),
    (Measure(op=TOP, field="payments.method"), [None, None, None, None]),
    (Measure(op=VALUES, field="items.quantity"), [5, 2, 0, 0]),
    (Measure(op=VALUES, field="delivered_at"), [1, 0, 0, 0]),
    (Measure(op=VALUES, field="status", where=DELIVERED), [2, 0, 0, 0]),
    (Measure(op=VALUES, field="total"), [[{"amount": "1", "currency": "BRL"}, {"amount": "2", "currency": "EUR"}],
                                         [{"amount": "1", "currency": "EUR"}], [], []]),
    (Measure(op=VALUES, field="payments.method"), [0, 0, 0, 0]),
    (Measure(op=COUNTS, field="status"), [[["DELIVERED", 2], ["SHIPPED", 1], ["UNKNOWN", 1]], [["SHIPPED", 1]],
                                          [["SHIPPED", 1]], []]),
    (Measure(op=COUNTS, field="items.category"), [[["books", 2], ["art", 1], ["toys", 1]], [["art", 1], ["toys", 1]], [], []]),
    (Measure(op=COUNTS, field="items.quantity", where=DELIVERED), [[[1, 2], [2, 1], [3, 1]], [], [], []]),
    (Measure(op=COUNTS, field="payments.method"), [[], [], [], []]),
]  # fmt: skip


async def test_every_measure_of_every_key_is_one_statement(shop: Shop) -> None:
    """Money is per currency and exact, enums are their members, an absent key counts 0.

    Orders one of which has no time are left to the gateway.
    """
    await shop.fill(orders=ORDERS, order_items=ITEMS)
    await shop.fetch(Order, ["c1"])
    measures = [measure for measure, _ in EXPECTED]
    with shop.statements() as seen:
        found = dict(await shop.aggregate(Order).measure(["c1", "c2", "c3", "c4", "none"], measures))
    assert len(seen) == 1
    assert isinstance(found.pop("c4"), SourceProtocolError)
    assert list(found) == ["c1", "c2", "c3", "none"]
    by_measure = zip(*found.values(), strict=True)
    assert [(measure, list(values)) for measure, values in zip(measures, by_measure, strict=True)] == EXPECTED


async def test_money_sums_are_free_of_binary_noise(shop: Shop) -> None:
    """A thousand times 0.10 is 100.00."""
    await shop.fill(orders=[(n, "c1", "NEW", "2018-01-01T00:00:00Z", None, 0.1, "EUR") for n in range(1000)])
    measures = [Measure(op=SUM, field="total"), Measure(op=SUM, field="total.amount"), Measure(op=AVERAGE, field="total")]
    found = await shop.aggregate(Order).measure(["c1"], measures)
    assert found == {"c1": [[{"amount": "100.00", "currency": "EUR"}], 100, [{"amount": "0.10", "currency": "EUR"}]]}


async def test_customers_are_measured_by_each_kind_of_key(shop: Shop) -> None:
    """Records without a time are latest in their own order; what is not there or of no type has an answer too."""
    await shop.fill(
        customers=[("c2", "B", None, None, None, None, None, 7), ("c1", "A", None, None, None, None, None, 7)],
        points=[("c1", "EMAIL", "a@x.example", None), ("c1", "EMAIL", "b@x.example", None)],
        devices=[("c2", "d1"), ("c1", "d2"), ("c2", "d2")],
    )
    measures = [Measure(op=COUNT), Measure(op=LATEST, field="name"), Measure(op=TOP, field="device_ids")]
    by_number = await shop.aggregate(Customer, KeyKind.MEMBER_NUMBER).measure(["7", "seven"], measures)
    assert by_number == {"7": [2, "A", "d2"], "seven": [0, None, None]}
    stated = (Condition("external_ids.source", ("WON",)),)
    absent = [Measure(op=TOP, field="external_ids.source"), Measure(op=COUNT, where=stated), Measure(op=MAX, field="locale")]
    assert await shop.aggregate(Customer, KeyKind.MEMBER_NUMBER).measure(["7"], absent) == {"7": [None, 0, None]}
    by_email = await shop.aggregate(Customer, KeyKind.EMAIL).measure(["b@x.example"], measures)
    assert by_email == {"b@x.example": [1, "A", "d2"]}


async def test_more_values_than_are_told_apart_show_that_there_are_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many values the most frequent are given, one more than are counted; other keys have all of theirs."""
    monkeypatch.setattr(ranked_measures, "MAX_COUNTS", 3)
    rows = [(n, "c1", "NEW", "2018-01-01T00:00:00Z", None, 1 + n // 2, "EUR") for n in range(11)]
    await shop.fill(orders=[*rows, (99, "c2", "NEW", "2018-01-01T00:00:00Z", None, 7, "EUR")])
    measure = Measure(op=COUNTS, field="total.amount")
    found = await shop.aggregate(Order).measure(["c1", "c2"], [measure])
    assert found == {"c1": [[[1, 2], [2, 2], [3, 2], [4, 2]]], "c2": [[[7, 1]]]}


@pytest.mark.parametrize(
    "measure",
    [
        Measure(op=SUM, field="status"),
        Measure(op=TOP, field="total"),
        Measure(op=COUNTS, field="total"),
        Measure(op=MAX, field="total"),
        Measure(op=SUM, field="nothing"),
    ],
)
async def test_a_measure_without_a_meaning_is_an_error(shop: Shop, measure: Measure) -> None:
    """There is no sum of statuses and no greatest money."""
    await shop.fill()
    with pytest.raises(SourceProtocolError):
        await shop.aggregate(Order).measure(["c1"], [measure])


async def test_sqlite_reads_the_items_of_the_asked_orders_only(tmp_path: Path) -> None:
    """With an index on the parent no other order's items are read, however the rest of the statement looks."""
    async with shop_at("sqlite", sqlite_url(tmp_path)) as shop:
        await shop.fill()
        await shop.execute("CREATE INDEX by_customer ON orders (customer)", "CREATE INDEX by_order ON order_items (order_id)")
        sent: list[Any] = []
        engine = shop.connector.engine
        shop.connector.database.listeners.append(lambda *seen: sent.append(seen))
        await shop.aggregate(Order).measure(
            ["c1"], [Measure(op=TOP, field="items.category"), Measure(op=SUM, field="items.quantity")]
        )
        statement, parameters = sent[-1]
        async with engine.connect() as connection:
            plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
    steps = [row.detail for row in plan]
    assert [
        step
        for step in steps
        if step.startswith(("SCAN orders", "SCAN order_items", "SCAN gateway_order", "SCAN gateway_items"))
    ] == []
    assert steps.count("SEARCH order_items USING INDEX by_order (order_id=?)") == 2


async def test_what_has_no_column_has_no_values(shop: Shop) -> None:
    """Each measure over orders and tickets of which nothing but the time is known, in one statement: none fails the others."""
    await shop.fill(orders=ORDERS[:2])
    columns = {"order": "placed_at", "ticket": "created_at"}
    lean = {
        name: {"query": f"SELECT id, customer, placed AS {time} FROM orders", "keys": {"customer_id": "customer"}}
        for name, time in columns.items()
    }
    await shop.connector.aclose()
    shop.connector = connector_at(shop.url, records=written_for(shop.url, lean))
    await shop.connector.open()
    fields = {Order: ["total", "total.amount", "payments.installments", "items.quantity"], Ticket: ["satisfaction"]}
    for record, names in fields.items():
        every = [(name, op, since) for name in names for op in (SUM, AVERAGE, MIN, MAX, LATEST) for since in (None, day(1))]
        measures = [
            Measure(op=op, field=name, since=since) for name, op, since in every if name != "total" or op not in (MIN, MAX)
        ]
        nothing = [([] if one.field == "total" else 0) if one.op is SUM else None for one in measures]
        assert await shop.aggregate(record).measure(["c1"], measures) == {"c1": nothing}


async def test_more_measures_than_a_function_takes_arguments(shop: Shop) -> None:
    """A streak of ten years is 120 counts, and several facts of it are more than databases give a function."""
    await shop.fill(orders=[(n, "c1", "NEW", f"2018-01-{n:02}T10:00:00Z", None, 1, "EUR") for n in range(1, 29)])
    starts = [day(1 + n % 28, hour=n // 28) for n in range(140)]
    counts = [Measure(op=COUNT, since=start) for start in starts]
    sums = [Measure(op=SUM, field="total", since=start) for start in starts]
    found = await shop.aggregate(Order).measure(["c1"], [*counts, *sums])
    numbers = [28 - n % 28 for n in range(140)]
    assert found == {"c1": [*numbers, *([{"amount": f"{number}.00", "currency": "EUR"}] for number in numbers)]}
