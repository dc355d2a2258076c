"""What cannot be read costs itself, is told, and ends no list."""

from typing import Any

import msgspec
import pytest

from connectors import records as r
from connectors.contract import Answer, Ask, Connector, ConnectorSettings, KeyKind, Keys, Page, Push, lookup
from connectors.record_fields import all_fields, narrow
from gateway.lookups.source_call import decode_records
from gateway.lookups.unreadable_values import MALFORMED, MISSING, OUT_OF_RANGE
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases

ORDER = narrow(r.Order, all_fields(r.Order))
CUSTOMER = narrow(r.Customer, all_fields(r.Customer))
AT = "2026-06-03T12:00:00Z"


def read(struct: type[Any], /, **given: Any) -> tuple[Any, list[tuple[str, str]]]:
    """The record, None where it is dropped, and what could not be read."""
    found = decode_records(msgspec.json.encode([given]), struct)
    assert len(found.records) + found.dropped == 1
    return (found.records or [None])[0], [(one.path, one.reason) for one in found.unreadable]


@pytest.mark.parametrize(
    ("given", "path", "reason"),
    [
        ({"total": {"amount": "12,30 EUR", "currency": "EUR"}}, "total.amount", MALFORMED),
        ({"total": {"amount": "12.30", "currency": "Dollar"}}, "total.currency", MALFORMED),
        ({"total": {"amount": "1E+999999", "currency": "EUR"}}, "total.amount", OUT_OF_RANGE),
        ({"total": {"amount": "12.30"}}, "total.currency", MISSING),
        ({"deliveredAt": "2026-06-00T00:00:00Z"}, "deliveredAt", MALFORMED),
        ({"deliveredAt": "0001-01-01T00:00:00+14:00"}, "deliveredAt", OUT_OF_RANGE),
        ({"number": {"a": 1}}, "number", MALFORMED),
        ({"total": "12.30"}, "total", MALFORMED),
    ],
)
def test_an_optional_value_costs_itself(given: dict[str, Any], path: str, reason: str) -> None:
    order, unreadable = read(ORDER, id="1", placedAt=AT, **given)
    assert unreadable == [(path, reason)]
    assert getattr(order, {"deliveredAt": "delivered_at"}.get(next(iter(given)), next(iter(given)))) is None
    assert order.id == "1"


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"name": "x", "quantity": "many"}, "items.quantity"),
        ({"name": "x", "quantity": 2**70}, "items.quantity"),
        ("x", "items"),
    ],
)
def test_a_part_goes_with_the_value_that_it_needs(item: Any, path: str) -> None:
    order, unreadable = read(ORDER, id="1", placedAt=AT, items=[item, {"name": "y"}])
    assert [one.name for one in order.items] == ["y"]
    assert [one for one, _ in unreadable] == [path]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('"12.30"', "12.30"),
        ('" 12.30 "', "12.30"),
        ("12.30", "12.30"),
        ("12345678901234567.89", "12345678901234567.89"),
        ("0.123456789012345678", "0.123456789012345678"),
    ],
)
def test_what_another_form_says_is_read(given: str, expected: str) -> None:
    text = f'[{{"id": 1, "placedAt": "2026-06-03 12:00:00+00", "total": {{"amount": {given}, "currency": "eur"}}}}]'
    (order,), dropped, unreadable = decode_records(text.encode(), ORDER)
    assert (dropped, [*unreadable], order.id) == (0, [], "1")
    assert order.placed_at.isoformat() == "2026-06-03T12:00:00+00:00"
    assert (str(order.total.amount), order.total.currency) == (expected, "EUR")


@pytest.mark.parametrize(
    ("given", "path", "reason"),
    [
        ({"id": "1"}, "placedAt", MISSING),
        ({"id": "1", "placedAt": "soon"}, "placedAt", MALFORMED),
        ({"placedAt": AT}, "id", MISSING),
        ({"id": None, "placedAt": AT}, "id", MISSING),
        ({"id": ["1"], "placedAt": AT}, "id", MALFORMED),
    ],
)
def test_a_record_goes_with_its_id_or_its_time(given: dict[str, Any], path: str, reason: str) -> None:
    assert read(ORDER, **given) == (None, [(path, reason)])


def test_a_country_that_is_a_name_leaves_the_rest_of_the_address() -> None:
    customer, unreadable = read(CUSTOMER, id="1", name="Ana", address={"city": "Porto", "country": "Portugal"})
    assert (customer.address.city, customer.address.country) == ("Porto", None)
    assert unreadable == [("address.country", MALFORMED)]
    customer, unreadable = read(CUSTOMER, id="1", address={"city": "Porto", "country": "pt"}, kind="person")
    assert (customer.address.country, customer.kind, unreadable) == ("PT", r.CustomerKind.PERSON, [])


@pytest.mark.parametrize(("given", "expected"), [(2.0, 2), ("2.0000", 2), ("2", 2), (0.5, "0.5"), ("1.50", "1.50")])
def test_quantities_are_exact(given: Any, expected: Any) -> None:
    order, unreadable = read(ORDER, id="1", placedAt=AT, items=[{"quantity": given}])
    quantity = order.items[0].quantity
    assert (quantity if type(quantity) is int else str(quantity)) == expected
    assert unreadable == []


class RowsSettings(ConnectorSettings):
    pass


class Rows(Connector[RowsSettings]):
    """Gives rows of orders as they are, newest first, as many as it is asked for, from a position on."""

    kind = "rows"
    settings_type = RowsSettings

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__("shop", RowsSettings())
        self.rows = sorted(rows, key=lambda row: (row["placedAt"], row["id"]), reverse=True)
        self.asked: list[int | None] = []

    @lookup(r.Order, by=KeyKind.CUSTOMER_ID, pushdown={Push.FIRST, Push.AFTER, Push.COUNT, Push.ORDER})
    async def orders(self, keys: Keys, ask: Ask) -> Answer:
        self.asked.append(ask.first)
        rows = self.rows
        if ask.after is not None and ask.after.time is not None:
            last = (ask.after.time.isoformat().replace("+00:00", "Z"), ask.after.id)
            rows = [row for row in rows if (row["placedAt"], row["id"]) < last]
        total = len(self.rows) if ask.count else None
        return {key: Page(msgspec.json.encode(rows[: ask.first]), total) for key in keys}


class People(Connector[RowsSettings]):
    kind = "people"
    settings_type = RowsSettings

    def __init__(self) -> None:
        super().__init__("crm", RowsSettings())

    @lookup(r.Customer, by=KeyKind.CUSTOMER_ID)
    async def customers(self, keys: Keys, ask: Ask) -> Answer:
        return {key: [r.Customer(id=key)] for key in keys}


def rows(count: int, *, unreadable: set[int], doubled: int = 1) -> list[dict[str, Any]]:
    """Rows of orders, some of them without an id that can be read, each so many times."""
    return [
        {"id": f"{number:03}", "placedAt": f"2026-06-{1 + number // 24:02}T{number % 24:02}:00:00Z"}
        | ({"type": "x", "placedAt": f"2026-06-{1 + number // 24:02}T{number % 24:02}:61:00Z"} if number in unreadable else {})
        for number in range(count)
        for _ in range(doubled)
    ]


QUERY = """query($first: Int!, $after: String) { customer(by: {id: "1"}) { orders(first: $first, after: $after) {
    totalCount partial nodes { id } pageInfo { hasNextPage endCursor } unavailable
    sources { droppedRecords unreadableValues } } } }"""


async def walk(connector: Rows, first: int) -> list[dict[str, Any]]:
    """All pages of this size, one after another."""
    pages: list[dict[str, Any]] = []
    async with gateway_on([People(), connector]) as gateway:
        after = None
        while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
            data = await gateway.data(QUERY, {"first": first, "after": after})
            pages.append(data["customer"]["orders"])
            after = pages[-1]["pageInfo"]["endCursor"]
            assert len(pages) < 200
    return pages


def ids(pages: list[dict[str, Any]]) -> list[str]:
    return [node["id"].removeprefix("shop:") for page in pages for node in page["nodes"]]


@pytest.mark.parametrize("first", [1, 2, 3, 7, 20, 100])
@pytest.mark.parametrize("unreadable", [{45}, {*range(25, 46)}, {40, 41, 12, 13, 14, 0}, {0, 1, 2}], ids=str)
async def test_a_walk_meets_every_record_that_can_be_read(first: int, unreadable: set[int]) -> None:
    connector = Rows(rows(46, unreadable=unreadable))
    pages = await walk(connector, first)
    assert ids(pages) == [f"{number:03}" for number in reversed(range(46)) if number not in unreadable]
    assert all(page["nodes"] for page in pages)
    assert pages[0]["partial"] == bool({*range(46 - first, 46)} & unreadable) or pages[0]["partial"]
    assert any(page["partial"] for page in pages)
    assert all(page["unavailable"] == [] for page in pages)


@pytest.mark.parametrize("first", [1, 2, 5, 100])
async def test_rows_that_come_twice_are_one(first: int) -> None:
    pages = await walk(Rows(rows(11, unreadable=set(), doubled=3)), first)
    assert ids(pages) == [f"{number:03}" for number in reversed(range(11))]
    assert [len(page["nodes"]) for page in pages[:-1]] == [first] * (len(pages) - 1)
    assert pages[0]["totalCount"] == 11 or pages[0]["partial"]


async def test_what_hides_behind_very_many_unreadable_rows_is_said_to_be_missing() -> None:
    """They are read up to a bound, and no list is said to be whole that is not."""
    connector = Rows(rows(720, unreadable={*range(2, 720)}) * 2)
    (page,) = await walk(connector, 20)
    assert page["nodes"] == []
    assert page["partial"]
    assert max(asked for asked in connector.asked if asked is not None) <= 1_000


async def test_the_source_says_how_much_could_not_be_read() -> None:
    given = rows(3, unreadable={1})
    given[0] |= {"number": {}, "items": [{"quantity": "many"}, {"name": "y"}], "total": {"amount": "x", "currency": "EUR"}}
    query = QUERY.replace("nodes { id }", "nodes { id number total { amount } items { name quantity } }")
    async with gateway_on([People(), Rows(given)]) as gateway:
        data = await gateway.data(query, {"first": 10, "after": None})
    orders = data["customer"]["orders"]
    assert orders["sources"] == [{"droppedRecords": 1, "unreadableValues": 3}]
    assert orders["nodes"][-1]["items"] == [{"name": "y", "quantity": 1}]
    assert orders["nodes"][-1]["total"] is None
