"""Amounts are those of the source, digit for digit, whichever way a row takes."""

import random
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bson import Decimal128

from connectors.contract import Ask, Measure, MeasureOp, Page
from connectors.graphql.lookup import GraphQLLookup
from connectors.graphql.response import read_response
from connectors.mongo.values import to_amount
from connectors.record_fields import Fields, narrow
from connectors.records import Money, Order, OrderItem
from connectors.sql import SqlConnector
from connectors.sql.settings import SqlSettings
from connectors.toolkit.evaluation import combine, evaluate_measure
from connectors.toolkit.http_client import decoded as decoded_answer
from connectors.toolkit.mapping.jmespath_expressions import getter
from gateway.lookups.source_call import decode_records
from tests.connectors.test_graphql_reading import QUICK, SLOW
from tests.connectors.test_http_quick import AMOUNT, quickly, route, row, slowly
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.shop import at

pytestmark = pytest.mark.cases

PRICES = (
    *("12.30", "0.10", "-0.50", "100.00", "1e2", "1.50E+3", "123456789012345678.90", "-123456789012345678901234567890.1230"),
    *("0.1000000000000000055511151231257827", "7", "-0", "-0.0", "12345678901234567890", "2.5e-7", "0.000000"),
)


def drawn_prices(drawing: random.Random) -> list[str]:
    """Numbers as JSON may write them: signs, trailing zeros, up to 35 digits, exponents."""
    whole, decimals = ("".join(drawing.choices("0123456789", k=drawing.randint(low, high))) for low, high in ((1, 20), (0, 15)))
    number = drawing.choice(["", "-"]) + (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")
    return [number, f"{number}e{drawing.randint(-4, 4)}"]


def written(number: str) -> str:
    """The digits of a number of JSON, without an exponent; zero has no sign."""
    return f"{Decimal(number) or Decimal(number).copy_abs():f}"


@pytest.mark.parametrize("seed", range(8))
def test_both_ways_of_a_row_give_one_amount(seed: int):
    """Drawn prices and chosen ones, as numbers and as texts: the quick way and the way row by row show the same Decimal."""
    drawing = random.Random(seed)
    for number in (*PRICES, *(price for _ in range(10) for price in drawn_prices(drawing))):
        for price in (number, f'"{number}"'):
            expected = written(number)
            for shown in (True, False):
                ask = Ask(fields=AMOUNT, shown=shown)
                (slow,) = slowly(row(price), ask)
                assert f"{slow.total.amount:f}" == expected, price
                for quick in quickly(row(price), ask) or ():
                    assert f"{Decimal(quick.total.amount):f}" == expected, price


def test_an_odd_row_of_another_customer_changes_no_amount():
    """A time that is a number sends the whole answer row by row, and 12.30 stays 12.30."""
    odd = b'[{"price":12.30,"id":"o1","placedAt":1780488000,"currency":"EUR"}]'
    assert quickly(odd, Ask(fields=AMOUNT)) is None
    assert [str(one.total.amount) for one in slowly(odd, Ask(fields=AMOUNT))] == ["12.30"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("price", "12.30"),
        ("sum([price, fee])", "12.60"),
        ("sum([price, `0.1`])", "12.40"),
        ("to_number(text)", "123456789012345678.90"),
        ("to_string(price)", "12.30"),
        ("max([price, fee])", "12.30"),
        ("abs(back)", "1234567890123456789012345678901.5"),
        ("lines[?p == `0.1`].p | [0]", "0.1"),
        ("sort_by(lines, &p)[0].p", "0.1"),
        ("ceil(fee)", "1"),
        ("not_null(none, price)", "12.30"),
        ("to_string(type(price))", None),
        ("sum([huge, price])", None),
        ("floor(huge)", None),
    ],
)
def test_what_an_expression_computes_of_amounts_is_exact(expression: str, expected: str | None):
    """Functions and comparisons of JMESPath take the numbers as they are written; what has a million digits is no value."""
    content = (
        b'[{"price":12.30,"fee":0.30,"text":"123456789012345678.90","back":-1234567890123456789012345678901.5,'
        b'"lines":[{"p":0.1},{"p":0.20}],"huge":1e999999999,"id":"o1","placedAt":1780488000,"currency":"EUR"}]'
    )
    rules: dict[str, Any] = {
        "keys": {"customer_id": {"path": "/{key}"}},
        "fields": {"total.amount": expression, "total.currency": "currency"},
    }
    found = [one.total and str(one.total.amount) for one in slowly(content, Ask(fields=AMOUNT), route(rules))]
    assert found == [expected]
    assert getter("type(price)")(decoded_answer(content)[0]) == "number"


def test_a_number_that_no_decimal_can_be_costs_its_row_alone():
    """An exponent of twenty digits is unreadable in one record, not in the answer."""
    rows = b'[{"price":1e99999999999999999999,"id":"o1","placedAt":1780488000,"currency":"EUR"},' + row("12.30")[1:]
    assert [one.total and str(one.total.amount) for one in slowly(rows, Ask(fields=AMOUNT))] == [None, "12.30"]


def test_free_json_keeps_its_numbers():
    """Numbers that are no amounts are numbers still, row by row."""
    at_events = route({"keys": {"customer_id": {"path": "/{key}"}}}, "event")
    content = b'[{"id":"e1","at":1780488000.5,"type":"view","properties":{"price":1.50,"deep":[{"n":2.0}]}}]'
    (event,) = slowly(content, Ask(fields=Fields.from_paths("id", "at", "properties")), at_events)
    assert event.properties == {"price": 1.5, "deep": [{"n": 2.0}]}
    assert event.at.microsecond == 500_000


def test_numbers_that_are_ids_or_counts_are_read_as_before():
    """Ids, counts and words of whole numbers with a point, next to exact amounts."""
    content = b'[{"price":1.10,"id":70.0,"placedAt":1780488000,"currency":"EUR","items":[{"sku":1.5,"quantity":2.0}]}]'
    fields = Fields.from_paths("id", "total.amount", "items.sku", "items.quantity")
    (order,) = slowly(content, Ask(fields=fields))
    assert (order.id, [(item.sku, item.quantity) for item in order.items]) == ("70", [("1.5", 2)])


@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("lookup", [QUICK, SLOW], ids=["quick", "slow"])
def test_amounts_of_a_graphql_server_are_exact(lookup: GraphQLLookup, price: str):
    """A price that is a number, all rows at once and row by row, in records and in their lists."""
    item = f'"price":{price},"currency":"EUR"'
    node = f'{{"id":"o1","createdAt":"2026-06-03T12:00:00Z",{item},"lines":{{"nodes":[{{{item}}}]}}}}'
    content = f'{{"data":{{"shopper":{{"orders":[{node}]}}}}}}'
    ask = Ask(fields=Fields.from_paths("id", "total.amount", "items.unit_price.amount"))
    (question,) = lookup.build_queries(["c1"], ask)
    data = read_response(content.encode(), has_amounts=True).data
    assert lookup.read_response([question], data or {}, [], ask, None) == []
    page = lookup.collect_records(question, ask)["c1"]
    assert isinstance(page, Page)
    records = page.records if isinstance(page.records, list) else decode_records(page.records, narrow(Order, ask.fields))[0]
    assert [f"{one.total.amount:f}" for one in records] == [written(price)]
    assert [f"{item.unit_price.amount:f}" for one in records for item in one.items] == [written(price)]


def order(amount: str, *items: str) -> Order:
    prices = [OrderItem(unit_price=Money(amount=Decimal(one), currency="EUR")) for one in items]
    return Order(id=amount, placed_at=at(1), total=Money(amount=Decimal(amount), currency="EUR"), items=prices)


def test_sums_of_many_digits_are_not_rounded():
    """More than the 28 digits of Python's own context: over records, and over the sums of sources."""
    orders = [order("1234567890123456789012345678901234567890.12"), order("0.00000000000000000001"), order("1E+40")]
    total = Measure(op=MeasureOp.SUM, field="total")
    expected = [{"amount": "11234567890123456789012345678901234567890.12000000000000000001", "currency": "EUR"}]
    assert evaluate_measure(Order, orders, total) == expected
    assert combine(total, [evaluate_measure(Order, [one], total) for one in orders]) == expected
    plain = Measure(op=MeasureOp.SUM, field="total.amount")
    assert str(evaluate_measure(Order, orders, plain)) == expected[0]["amount"]
    assert combine(plain, [one.total.amount for one in orders if one.total]) == Decimal(expected[0]["amount"])


def test_decimals_of_mongodb_keep_their_digits():
    """34 digits in minor units, more than Python's own context has."""
    assert to_amount(Decimal128("1234567890123456789012345678901234"), 2) == "12345678901234567890123456789012.34"


def test_sums_of_whole_numbers_are_whole():
    """A sum of quantities is an int, and of nothing it is 0."""
    counted = Measure(op=MeasureOp.SUM, field="items.quantity")
    assert [evaluate_measure(Order, orders, counted) for orders in ([order("1", "1", "2")], [])] == [2, 0]
    assert type(evaluate_measure(Order, [order("1", "1", "2")], counted)) is int
    assert msgspec.json.encode(evaluate_measure(Order, [], Measure(op=MeasureOp.SUM, field="total"))) == b"[]"


@pytest.mark.parametrize(
    ("amounts", "total", "left_to_the_gateway"),
    [
        (["12.30", "0.20"], "12.50", False),
        (["99999999999.9999"], "99999999999.9999", False),
        (["123456789012345678.90", "0.10"], "123456789012345679.00", True),
        (["0.00001", "1.10"], "1.10001", True),
        (["60000000000.00", "60000000000.01"], "120000000000.01", True),
    ],
)
async def test_sums_of_sqlite_are_exact(tmp_path: Path, amounts: list[str], total: str, left_to_the_gateway: bool):
    """What a sum of binary numbers would round is added up by the gateway; the rest by SQLite, which gives no records."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE o (id TEXT, customer_id TEXT, placed_at TEXT, total_amount TEXT, total_currency TEXT)")
        rows = [(f"o{n}", "c1", "2026-06-01T00:00:00Z", amount, "EUR") for n, amount in enumerate(amounts)]
        database.executemany("INSERT INTO o VALUES (?, ?, ?, ?, ?)", rows)
    record = {"query": "SELECT * FROM o", "keys": {"customer_id": "customer_id"}}
    settings = SqlSettings.model_validate({"url": f"sqlite+aiosqlite:///{path}", "records": {"order": record}})
    orders = SqlConnector("orders", settings)
    statements: list[str] = []
    orders.database.listeners.append(lambda text, _: statements.append(text))
    async with gateway_on([shop.crm(), orders]) as gateway:
        data = await gateway.data('{customer(by: {id: "c1"}) {orderStatistics {count total {amount} partial}}}')
    assert data["customer"]["orderStatistics"] == {"count": len(amounts), "total": [{"amount": total}], "partial": False}
    assert len([text for text in statements if "ranked" in text]) == left_to_the_gateway
