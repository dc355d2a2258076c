"""What the fast way leaves out, it leaves out where nobody can tell: amounts, words, order, and lists that come as shown."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.contract import Ask, KeyKind
from connectors.http.lookup import HttpLookup
from connectors.http.settings import HttpSettings
from connectors.record_fields import Fields, narrow
from connectors.records import Event, Money, Order, OrderStatus
from connectors.toolkit.http_client import decoded as decoded_answer
from connectors.toolkit.mapping.enum_decoding import MAX_WORDS
from gateway.lookups.source_call import decode_records

AMOUNT = Fields.from_paths("id", "total.amount")
RULES: dict[str, Any] = {
    "order": "newest_first",
    "keys": {"customer_id": {"path": "/{key}?n={first}"}},
    "fields": {"total.amount": "price", "total.currency": "currency"},
    "lists": {"payments": {"fields": {"amount.amount": "paid"}, "outer": {"amount.currency": "currency"}}},
}


def route(rules: Any = RULES, name: str = "order") -> HttpLookup:
    settings = HttpSettings.model_validate({"base_url": "http://source", "records": {name: rules}})
    found = settings.records[name]
    return HttpLookup(name, found, KeyKind.CUSTOMER_ID, found.keys[KeyKind.CUSTOMER_ID], settings)


def row(price: str, **more: Any) -> bytes:
    """A row whose price is this text of JSON."""
    whole = {"id": "o1", "placedAt": "2026-06-03T12:00:00Z", "currency": "EUR"} | more
    return b'[{"price":' + price.encode() + b"," + msgspec.json.encode(whole)[1:] + b"]"


def quickly(content: bytes, ask: Ask, at: HttpLookup | None = None) -> list[Any] | None:
    """As an answer to fields that came before."""
    at = at or route()
    at._seen.add((ask.fields, ask.shown))
    pages = at.read(content, ["c1"], ask)
    if pages is None:
        return None
    records = pages["c1"].records
    assert isinstance(records, list)
    return records


def slowly(content: bytes, ask: Ask, at: HttpLookup | None = None) -> list[Any]:
    """Row by row, without the malformed ones."""
    at, rows = at or route(), {}
    at.add_rows(decoded_answer(content), ["c1"], rows)
    records = at.page(rows["c1"], ask, None).records
    assert isinstance(records, bytes)
    return decode_records(records, narrow(at.record, ask.fields))[0]


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        ("97.0", "97.0"),
        ("195.27", "195.27"),
        ("-0.0", "0.0"),
        ("97", "97"),
        ("-3", "-3"),
        ("1" + 39 * "0", "1" + 39 * "0"),
        ('"007.50"', "7.50"),
        ('"0.5"', "0.5"),
        ('"5."', "5"),
        ('"12.30"', "12.30"),
        ('"1E+2"', "100"),
        ('" 12 "', "12"),
        ("1e22", "1" + 22 * "0"),
        ("1.5E-7", "0.00000015"),
        ("0.000001", "0.000001"),
        ("0.0000001", "0.0000001"),
        ("19.990000000000002", "19.990000000000002"),
        ('"12345678901234567890123456789012345678.9"', "12345678901234567890123456789012345678.9"),
    ],
)
def test_an_amount_is_shown_in_its_own_digits(price: str, shown: str):
    """A number of JSON, with a point, an exponent or neither, and a text: the answer has its digits, without an exponent."""
    (record,) = quickly(row(price), Ask(fields=AMOUNT, shown=True))
    assert msgspec.json.encode(record) == f'{{"id":"o1","total":{{"amount":"{shown}"}}}}'.encode()
    for plain in quickly(row(price), Ask(fields=AMOUNT)) or slowly(row(price), Ask(fields=AMOUNT)):
        assert f"{plain.total.amount:f}" == shown


@pytest.mark.parametrize("price", ["null", "12.5", "97", '"1E+2"', "1e22", "-0.0", "0.0001"])
def test_shown_amounts_are_those_of_the_way_row_by_row(price: str):
    """Whether amounts are only shown or not, and whichever way rows are read, the JSON is the same."""
    for fields in (AMOUNT, Fields.from_paths("id", "total.amount", "total.currency"), Fields.from_paths("total.currency")):
        slow = msgspec.json.encode(slowly(row(price), Ask(fields=fields)))
        for shown in (True, False):
            quick = quickly(row(price), Ask(fields=fields, shown=shown))
            assert quick is None or msgspec.json.encode(quick) == slow


@pytest.mark.parametrize(
    "price",
    [
        "1e41",
        "1e999999",
        "-1.5e-60",
        "12345678901234567890123456789012345678901234.5",
        '"NaN"',
        '"Infinity"',
        '"12 EUR"',
        '""',
        "true",
        "[1.5]",
        '{"value":1.5}',
    ],
)
def test_what_is_no_sound_amount_is_not_read_quickly(price: str):
    """Shown or not: such rows are mapped one by one, which drops those that are malformed."""
    assert quickly(row(price), Ask(fields=AMOUNT, shown=True)) is None
    assert quickly(row(price), Ask(fields=AMOUNT)) is None


@pytest.mark.parametrize("shown", [False, True])
def test_a_constant_that_is_no_sound_amount_is_not_read_quickly(shown: bool):
    """A mapping may hold an amount that stands for all: it is looked at as those of rows are."""
    ask = Ask(fields=AMOUNT, shown=shown)
    for constant, is_read in (("12.50", True), ("1E+50", False)):
        at = route({**RULES, "fields": {"total.amount": f'`"{constant}"`', "total.currency": "currency"}})
        assert [one.total is not None for one in slowly(row("1"), ask, at)] == [is_read]
        assert (quickly(row("1"), ask, at) is not None) == is_read


def test_one_odd_amount_among_plain_ones_costs_them_nothing():
    """Amounts of every kind in one answer, in records and in their lists, each as its own Decimal is written."""
    prices = ["1.10", "2e3", '"3.30"', "4", "null", "6.60"]
    rows = [
        msgspec.json.decode(
            row(price, id=f"o{n}", payments=[{"paid": n + 0.5}, {"paid": n}], placedAt=f"2026-06-0{9 - n}T00:00:00Z")
        )[0]
        | {"price": msgspec.Raw(price.encode())}
        for n, price in enumerate(prices)
    ]
    fields = Fields.from_paths("total.amount", "payments.amount.amount", "payments.amount.currency")
    records = quickly(msgspec.json.encode(rows), Ask(fields=fields, shown=True))
    assert [one.total and one.total.amount for one in records] == ["1.10", "2000", "3.30", "4", None, "6.60"]
    assert [[part.amount.amount for part in one.payments] for one in records] == [[f"{n}.5", str(n)] for n in range(6)]
    assert {part.amount.currency for one in records for part in one.payments} == {"EUR"}


def test_amounts_that_are_computed_with_are_decimals():
    """Only an ask that says so gets text."""
    (record,) = quickly(row("12.50"), Ask(fields=AMOUNT))
    assert record.total.amount == Decimal("12.50")
    assert isinstance(record.total.amount, Decimal)
    (shown,) = quickly(row("12.50"), Ask(fields=AMOUNT, shown=True))
    assert shown.total == narrow(Money, Fields.from_paths("amount"))("12.50")
    assert type(shown) is type(record) is narrow(Order, AMOUNT)


def test_words_are_learnt_by_meeting_them():
    """A word means the same when it is met first and when it is known, however many there are."""
    at = route({**RULES, "values": {"status": {"on its way": "SHIPPED"}}})
    ask = Ask(fields=Fields.from_paths("status"))
    for _ in range(4):
        for word, status in [("on its way", "SHIPPED"), ("delivered", "DELIVERED"), ("On-Hold", "UNKNOWN"), ("", "UNKNOWN")]:
            (record,) = quickly(row("1", status=word), ask, at)
            assert record.status is OrderStatus[status]
        (record,) = quickly(row("1", status=None), ask, at)
        assert record.status is OrderStatus.UNKNOWN
    strange = [{"id": "x", "placedAt": "2026-06-03T12:00:00Z", "status": f"w{n}"} for n in range(2 * MAX_WORDS)]
    for _ in range(3):
        records = quickly(msgspec.json.encode([*strange, *msgspec.json.decode(row("1", status="delivered"))]), ask, at)
        assert {one.status for one in records} == {OrderStatus.UNKNOWN, OrderStatus.DELIVERED}


def test_a_word_may_mean_two_things():
    """Two fields that are read from one text each have their own meaning of it."""
    rules = {
        "keys": {"customer_id": {"path": "/{key}"}},
        "fields": {"kind": "topic", "priority": "topic"},
        "values": {"kind": {"fire": "INCIDENT"}, "priority": {"fire": "URGENT"}},
    }
    at = route(rules, "ticket")
    content = msgspec.json.encode([{"topic": "fire"}, {"topic": "task"}])
    for _ in range(3):
        records = quickly(content, Ask(fields=Fields.from_paths("kind", "priority")), at)
        assert [(one.kind, one.priority) for one in records] == [("INCIDENT", "URGENT"), ("TASK", "UNKNOWN")]


def test_a_word_without_a_meaning_does_not_fit_where_it_is_read():
    """A currency that is none costs nothing where the amount is null, else the answer is mapped row by row."""
    ask = Ask(fields=Fields.from_paths("id", "total.amount", "total.currency"))
    for _ in range(3):
        assert quickly(row("null", currency=""), ask)[0].total is None
        assert quickly(row("1.5", currency="euro"), ask) is None


@pytest.mark.parametrize("oldest_first", [False, True])
def test_rows_are_put_in_order(oldest_first: bool):
    """By time, then id, however they come: in order, the other way round, with equal times."""
    rows = [{"id": f"o{n}", "placedAt": f"2026-06-0{day}T12:00:00Z"} for n, day in enumerate([1, 2, 2, 3, 4, 4])]
    ask = Ask(fields=Fields.from_paths("id"), oldest_first=oldest_first)
    expected = [f"o{n}" for n in (range(6) if oldest_first else reversed(range(6)))]
    for given in (rows, rows[::-1], rows[3:] + rows[:3], [rows[0], rows[2], rows[1], *rows[3:]]):
        assert [one.id for one in quickly(msgspec.json.encode(given), ask)] == expected


def test_lists_are_taken_as_they_come_unless_a_default_stands_for_a_null():
    """Items under their own names are those of the answer; a null where there is a default is still read quickly."""
    ask = Ask(fields=Fields.from_paths("items.sku", "items.quantity"))
    items = [{"sku": "a", "quantity": 2}, {"sku": None}]
    (record,) = quickly(row("1", items=items), ask)
    assert [(one.sku, one.quantity) for one in record.items] == [("a", 2), (None, 1)]
    (record,) = quickly(row("1", items=[*items, {"sku": "c", "quantity": None}]), ask)
    assert [(one.sku, one.quantity) for one in record.items] == [("a", 2), (None, 1), ("c", 1)]
    assert quickly(row("1"), ask)[0].items == quickly(row("1", items=None), ask)[0].items == []


def test_numbers_in_free_json_stay_numbers():
    """That amounts are only shown does not touch what is no amount."""
    at = route({"keys": {"customer_id": {"path": "/{key}"}}}, "event")
    content = b'[{"id":"e1","at":"2026-06-03T12:00:00Z","type":"view","properties":{"price":1.50}}]'
    (record,) = quickly(content, Ask(fields=Fields.from_paths("properties"), shown=True), at)
    assert record == narrow(Event, Fields.from_paths("properties"))(properties={"price": 1.5})


def test_an_answer_to_new_fields_is_read_row_by_row():
    """What reads them at once is made when they come again; so nothing is made for fields that never do."""
    at, ask = route(), Ask(fields=Fields.from_paths("id", "total.amount"))
    pages = [at.read(row("1.50"), ["c1"], ask) for _ in range(2)]
    assert [page is not None for page in pages] == [False, True]
