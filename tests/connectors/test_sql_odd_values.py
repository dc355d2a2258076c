"""Values and keys of databases and files as they come in the wild: each is read alike everywhere, or costs itself alone."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.contract import Ask, Condition, Measure, MeasureOp, Page, Position
from connectors.errors import SourceProtocolError
from connectors.record_fields import Fields
from connectors.records import Customer, Order, Record, Ticket
from tests.support.sql_shop import Shop, connector_at, day, decoded, ids, shop_at

pytestmark = pytest.mark.cases

REAL = {"sqlite": "REAL", "postgresql": "DOUBLE PRECISION", "mysql": "DOUBLE", "files": "DOUBLE"}
TEXT = {"sqlite": "TEXT", "postgresql": "TEXT", "mysql": "CHAR(40)", "files": "VARCHAR"}
WHOLE = {"sqlite": "INTEGER", "postgresql": "BIGINT", "mysql": "SIGNED", "files": "BIGINT"}
DECIMAL = {"sqlite": "DECIMAL(20, 4)", "postgresql": "DECIMAL(20, 4)", "mysql": "DECIMAL(20, 4)", "files": "DECIMAL(20, 4)"}
TYPES = {"real": REAL, "text": TEXT, "whole": WHOLE, "decimal": DECIMAL}


def of_type(shop: Shop, type_: str, value: Any) -> str:
    """A value in SQL, of a type of the database's own."""
    return f"CAST({'NULL' if value is None else repr(str(value))} AS {TYPES[type_][shop.backend]})"


def rows(*values: dict[str, str]) -> str:
    """A query of these rows, each of columns with their SQL."""
    return " UNION ALL ".join("SELECT " + ", ".join(f"{sql} AS {name}" for name, sql in row.items()) for row in values)


async def asks(shop: Shop, record: str, query: str, keys: Any = "customer", **lists: str) -> None:
    """Let the shop's connector have one record, of this query."""
    await shop.connector.aclose()
    own = {"query": query, "keys": {"customer_id": keys}, "lists": {name: {"query": sql} for name, sql in lists.items()}}
    tables: dict[str, Any] = {"tables": {}} if shop.backend == "files" else {}
    shop.connector = connector_at(shop.url, records={record: own}, **tables)
    await shop.connector.open()


async def measured(shop: Shop, record: type[Record], *measures: Measure, key: str = "c1") -> Any:
    return (await shop.aggregate(record).measure([key], measures))[key]


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("decimal", "2.0000", 2),
        ("real", "2.0", 2),
        ("text", "2", 2),
        ("text", "2.00", 2),
        ("text", " 2 ", 2),
        ("whole", "2", 2),
        ("decimal", "0.5", "0.5"),
        ("decimal", "1.2345", "1.2345"),
        ("real", "1.5", "1.5"),
        ("text", "1.5", "1.5"),
        ("text", "-0.125", "-0.125"),
        ("decimal", "-3.0000", -3),
    ],
)
async def test_a_number_of_an_item_comes_as_it_is(shop: Shop, type_: str, value: str, expected: Any) -> None:
    """Whole numbers are whole whatever column they are in, and no digit of another one is lost."""
    order = {"id": "'o1'", "customer": "'c1'", "placed_at": "'2026-06-01'"}
    item = {"parent": "'o1'", "quantity": of_type(shop, type_, value)}
    await asks(shop, "order", rows(order), items=rows(item))
    ((found,),) = [own["items"] for own in (await shop.fetch(Order, ["c1"]))["c1"]]
    quantity = found["quantity"]
    assert quantity == expected if isinstance(expected, int) else float(quantity) == float(expected)
    assert isinstance(quantity, int) or not isinstance(expected, int)
    if isinstance(quantity, str):
        assert quantity.rstrip("0") == expected
    if isinstance(quantity, int):
        where = (Condition("items.quantity", (str(quantity),)),)
        assert ids(await shop.fetch(Order, ["c1"], where=where)) == {"c1": ["o1"]}


@pytest.mark.parametrize("word", ["many", "1,5", "--2", "2x"])
async def test_what_is_no_number_stays_as_it_is(shop: Shop, word: str) -> None:
    """It is neither rounded nor guessed, and the rows beside it are read."""
    query = rows(
        {"id": "'t1'", "customer": "'c1'", "created_at": "'2026-06-01'", "satisfaction": f"'{word}'"},
        {"id": "'t2'", "customer": "'c1'", "created_at": "'2026-06-02'", "satisfaction": "'4.0'"},
        {"id": "'t3'", "customer": "'c1'", "created_at": "'2026-06-03'", "satisfaction": "''"},
    )
    await asks(shop, "ticket", query)
    found = (await shop.fetch(Ticket, ["c1"], fields=Fields.from_paths("id", "satisfaction")))["c1"]
    assert [own["satisfaction"] for own in found] == [None, 4, word]


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "2026-06-30": "2026-06-30T00:00:00Z",
        "2026-06-30 12:00": "2026-06-30T12:00:00Z",
        "2026-06-30T12:00Z": "2026-06-30T12:00:00Z",
        "2026-06-30t12:00:00z": "2026-06-30T12:00:00Z",
        "2026-06-30 12:00:00+00": "2026-06-30T12:00:00Z",
        "2026-06-30 12:00:00+0200": "2026-06-30T10:00:00Z",
        "2026-06-30 12:00:00+02": "2026-06-30T10:00:00Z",
        "2026-06-30 12:00:00-03:30": "2026-06-30T15:30:00Z",
        "2026-06-30 12:00:00 +02:00": "2026-06-30T10:00:00Z",
        "2026-06-30 12:00:00.25+02": "2026-06-30T10:00:00.250000Z",
        "2026-06-30 12:00:00.123456": "2026-06-30T12:00:00.123456Z",
        "2026-06-30 12:00:00.1234569": "2026-06-30T12:00:00.123456Z",
        " 2026-06-30 12:00:00 ": "2026-06-30T12:00:00Z",
        "2028-02-29": "2028-02-29T00:00:00Z",
        "2028-02-29T23:59:59Z": "2028-02-29T23:59:59Z",
        "2026-04-30 00:00:00": "2026-04-30T00:00:00Z",
        "2026-12-31T00:00:00": "2026-12-31T00:00:00Z",
    }.items(),
)
async def test_times_of_text_are_read_alike(shop: Shop, text: str, expected: str) -> None:
    """With and without T, seconds, fractions and offsets, as a record's own time and as another one."""
    order = {"id": "'o1'", "customer": "'c1'", "placed_at": f"'{text}'", "delivered_at": f"'{text}'"}
    await asks(shop, "order", rows(order))
    (found,) = (await shop.fetch(Order, ["c1"]))["c1"]
    assert (found["placedAt"], found["deliveredAt"]) == (expected, expected)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-02-30",
        "2026-02-29 00:00:00",
        "2026-04-31T00:00:00Z",
        "2026-13-01",
        "0000-00-00",
        "2026-06-30 25:00",
        "12:00",
        "now",
        "infinity",
    ],
)
async def test_what_is_no_time_costs_itself_alone(shop: Shop, text: str) -> None:
    """It goes on as it is, comes after all others, and is in no total."""
    query = rows(
        {"id": "'o1'", "customer": "'c1'", "placed_at": "'2026-06-01'", "delivered_at": f"'{text}'"},
        {"id": "'o2'", "customer": "'c1'", "placed_at": f"'{text}'", "delivered_at": "'2026-06-02'"},
        {"id": "'o3'", "customer": "'c1'", "placed_at": "'2026-05-01'", "delivered_at": "''"},
    )
    await asks(shop, "order", query)
    ask = Ask(fields=Fields.from_paths("id", "placed_at", "delivered_at"), count=True)
    answer = await shop.lookup(Order).fetch(["c1"], ask)
    first, last, odd = decoded(answer)["c1"]
    assert first == {"id": "o1", "placedAt": "2026-06-01T00:00:00Z", "deliveredAt": text}
    assert last == {"id": "o3", "placedAt": "2026-05-01T00:00:00Z", "deliveredAt": None}
    assert odd == {"id": "o2", "placedAt": text, "deliveredAt": "2026-06-02T00:00:00Z"}
    page = answer["c1"]
    assert isinstance(page, Page)
    assert page.total == 2


async def test_a_record_without_a_time_stays_in_a_window(shop: Shop) -> None:
    """Nobody knows whether it is inside, so it is given, and dropped where it is counted."""
    query = rows(
        {"id": "'o1'", "customer": "'c1'", "placed_at": "'2018-01-03'"},
        {"id": "'o2'", "customer": "'c1'", "placed_at": "'soon'"},
        {"id": "'o3'", "customer": "'c1'", "placed_at": "'2018-01-01'"},
    )
    await asks(shop, "order", query)
    assert await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id"), since=day(2)) == {"c1": [{"id": "o1"}, None]}


@pytest.mark.parametrize("type_", ["real", "decimal", "whole", "text"])
@pytest.mark.parametrize("kind", ["integer", "text"])
async def test_keys_come_back_as_they_went_out(shop: Shop, type_: str, kind: str) -> None:
    """Whatever column they are in, where a key of that type can be compared with it."""
    if shop.backend == "postgresql" and (type_ == "text") != (kind == "text"):
        pytest.skip("PostgreSQL compares no texts with numbers, and check says so")
    if shop.backend == "sqlite" and (type_ == "text") != (kind == "text"):
        pytest.skip("without a table SQLite does not know what to compare as")
    await asks(
        shop,
        "order",
        rows(
            {"id": "1", "customer": of_type(shop, type_, "7"), "placed_at": "'2026-06-01'"},
            {"id": "2", "customer": of_type(shop, type_, "8"), "placed_at": "'2026-06-01'"},
            {"id": "3", "customer": of_type(shop, type_, None), "placed_at": "'2026-06-01'"},
        ),
        {"column": "customer", "type": kind},
    )
    assert ids(await shop.fetch(Order, ["7", "07", "+7", "7.0", "-0", "9"])) == {"7": ["1"]}
    count = Measure(op=MeasureOp.COUNT)
    assert await shop.aggregate(Order).measure(["7", "07"], [count]) == {"7": [1], "07": [0]}


@pytest.mark.parametrize("type_", ["real", "decimal", "whole", "text"])
async def test_ids_have_no_fraction(shop: Shop, type_: str) -> None:
    """An id is what it is in the list, at the cursor and in its items."""
    value = "100"
    order = {"id": of_type(shop, type_, value), "customer": "'c1'", "placed_at": "'2026-06-01'"}
    item = {"parent": of_type(shop, type_, value), "sku": of_type(shop, type_, "20")}
    await asks(shop, "order", rows(order), items=rows(item))
    (found,) = (await shop.fetch(Order, ["c1"]))["c1"]
    assert (found["id"], found["items"][0]["sku"]) == ("100", "20")


async def test_codes_are_of_upper_case(shop: Shop) -> None:
    """Of currencies and countries; an empty one is none, and another word stays."""
    query = rows(
        {"id": "'o1'", "customer": "'c1'", "placed_at": "'2026-06-04'", "total_amount": "1", "total_currency": "'eur'"},
        {"id": "'o2'", "customer": "'c1'", "placed_at": "'2026-06-03'", "total_amount": "2", "total_currency": "' '"},
        {"id": "'o3'", "customer": "'c1'", "placed_at": "'2026-06-02'", "total_amount": "3", "total_currency": "'EUR'"},
    )
    await asks(shop, "order", query)
    found = (await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "total.amount", "total.currency")))["c1"]
    assert [own["total"] for own in found] == [
        {"amount": "1.00", "currency": "EUR"},
        None,
        {"amount": "3.00", "currency": "EUR"},
    ]
    total = Measure(op=MeasureOp.SUM, field="total")
    ((money,),) = await measured(shop, Order, total)
    assert (float(money["amount"]), money["currency"]) == (4, "EUR")
    await asks(
        shop,
        "customer",
        rows(
            *(
                {"id": f"'{word or '-'}'", "address_city": "'X'", "address_country": f"'{word}'"}
                for word in ("", "br", "Brazil")
            )
        ),
        "id",
    )
    fields = Fields.from_paths("id", "address.country")
    answer = await shop.fetch(Customer, ["-", "br", "Brazil"], fields=fields)
    assert {key: own[0]["address"]["country"] for key, own in answer.items()} == {"-": None, "br": "BR", "Brazil": "BRAZIL"}


async def test_an_empty_word_is_none(shop: Shop) -> None:
    """As elsewhere, a kind of contact is what has to be there."""
    await asks(shop, "order", rows({"id": "'o1'", "customer": "'c1'", "placed_at": "'2026-06-01'", "status": "''"}))
    ((found,),) = (await shop.fetch(Order, ["c1"])).values()
    assert msgspec.convert(found, Order).status == "UNKNOWN"


def money_rows(shop: Shop, type_: str, *amounts: str) -> str:
    return rows(
        *(
            {
                "id": str(number),
                "customer": "'c1'",
                "placed_at": f"'2026-06-{number + 1:02}'",
                "total_amount": of_type(shop, type_, amount),
                "total_currency": "'EUR'",
            }
            for number, amount in enumerate(amounts)
        )
    )


@pytest.mark.parametrize("odd", ["1,5", "abc", "12.3.4"])
async def test_a_sum_with_an_amount_that_is_none_is_left_to_the_gateway(shop: Shop, odd: str) -> None:
    """It reads the records, drops what it cannot read, and says so. The list has the amount as it is."""
    await asks(shop, "order", money_rows(shop, "text", "10", odd, "20"))
    found = (await shop.fetch(Order, ["c1"], fields=Fields.from_paths("total.amount")))["c1"]
    assert [own["total"]["amount"] for own in found] == ["20.00", odd, "10.00"]
    assert isinstance(await measured(shop, Order, Measure(op=MeasureOp.SUM, field="total")), SourceProtocolError)
    assert await measured(shop, Order, Measure(op=MeasureOp.COUNT)) == [3]


@pytest.mark.parametrize("value", [("text", "-0"), ("text", "-0.00"), ("text", "-00.000"), ("real", "-0.0"), ("decimal", "-0")])
async def test_zero_has_no_sign(shop: Shop, value: tuple[str, str]) -> None:
    """Whatever it is written as."""
    await asks(shop, "order", money_rows(shop, value[0], value[1]))
    found = (await shop.fetch(Order, ["c1"], fields=Fields.from_paths("total.amount")))["c1"]
    assert [own["total"]["amount"] for own in found] == ["0.00"]


@pytest.mark.parametrize("odd", ["INTERVAL 1 DAY", "[1, 2]", "170141183460469231731687303715884105727::HUGEINT"])
async def test_amounts_of_other_types_of_files_are_left_to_the_gateway(tmp_path: Path, odd: str) -> None:
    """They were in no sum, without a word."""
    row = f"SELECT 1 AS id, 'c1' AS customer, '2026-06-01' AS placed_at, {odd} AS total_amount, 'EUR' AS total_currency"
    async with shop_at("files", f"files:{tmp_path}") as shop:
        await asks(shop, "order", row)
        assert isinstance(await measured(shop, Order, Measure(op=MeasureOp.SUM, field="total")), SourceProtocolError)


@pytest.mark.parametrize("odd", [None, "soon"])
async def test_a_figure_with_a_time_that_is_none_is_left_to_the_gateway(shop: Shop, odd: str | None) -> None:
    """Also one that is not about the time, for the list does not show that record."""
    query = rows(
        *(
            {"id": f"'t{number}'", "customer": "'c1'", "created_at": of_type(shop, "text", time)}
            for number, time in enumerate(["2026-06-01", odd])
        )
    )
    await asks(shop, "ticket", query)
    for measure in (
        Measure(op=MeasureOp.COUNT),
        Measure(op=MeasureOp.COUNT, since=day(1)),
        Measure(op=MeasureOp.TOP, field="kind"),
    ):
        assert isinstance(await measured(shop, Ticket, measure), SourceProtocolError)


async def test_a_rating_out_of_its_scale_is_left_to_the_gateway(shop: Shop) -> None:
    """As the list does not show it."""
    rating = {"id": "'t1'", "customer": "'c1'", "created_at": "'2026-06-01'"}
    for value, expected in (("4", [4]), ("0", None), ("10", None), ("4.5", None)):
        await asks(shop, "ticket", rows(rating | {"satisfaction": of_type(shop, "decimal", value)}))
        found = await measured(shop, Ticket, Measure(op=MeasureOp.SUM, field="satisfaction"))
        assert isinstance(found, SourceProtocolError) if expected is None else [float(own) for own in found] == expected


@pytest.mark.parametrize("amounts", [("0.00004", "0.00004"), ("12345678901234567.89", "0.01"), ("0.1", "0.2")])
async def test_sums_are_exact_or_left_to_the_gateway(shop: Shop, amounts: tuple[str, ...]) -> None:
    """To the last digit, of decimals that are text."""
    await asks(shop, "order", money_rows(shop, "text", *amounts))
    found = await measured(shop, Order, Measure(op=MeasureOp.SUM, field="total"))
    if shop.backend != "sqlite" or amounts[0] == "0.1":
        ((money,),) = found
        assert Decimal(money["amount"]) == sum(map(Decimal, amounts))
    else:
        assert str(found[0][0]["amount"]) == "inexact"


async def test_rows_that_are_there_twice_are_one_record(shop: Shop) -> None:
    """In lists, in pages of any size, in totals; figures are left to the gateway, which counts each record once."""
    doubled = [
        {"id": f"'o{number}'", "customer": "'c1'", "placed_at": f"'2026-06-0{number}'", "status": f"'{status}'"}
        for number in (1, 2, 3, 4, 5)
        for status in ("SHIPPED", "PENDING")
    ]
    await asks(shop, "order", rows(*doubled))
    expected = ["o5", "o4", "o3", "o2", "o1"]
    for fields in (Fields.from_paths("id", "placed_at"), Fields.from_paths("id", "placed_at", "status")):
        for count in (False, True):
            assert ids(await shop.fetch(Order, ["c1"], fields=fields, count=count)) == {"c1": expected}
            for size in range(1, 7):
                assert await walked(shop, size, fields, count=count) == expected
    answer = await shop.lookup(Order).fetch(["c1"], Ask(fields=Fields.from_paths("id"), first=2, count=True))
    page = answer["c1"]
    assert isinstance(page, Page)
    assert page.total == 5
    assert isinstance(await measured(shop, Order, Measure(op=MeasureOp.COUNT)), SourceProtocolError)


async def walked(shop: Shop, size: int, fields: Fields, *, count: bool) -> list[str]:
    found: list[str] = []
    after: Position | None = None
    while True:
        page = (await shop.fetch(Order, ["c1"], fields=fields, first=size, after=after, count=count)).get("c1", [])
        found += [own["id"] for own in page]
        if len(page) < size:
            return found
        after = Position(datetime.fromisoformat(page[-1]["placedAt"]), page[-1]["id"])


async def test_a_customer_who_is_there_twice_is_one(shop: Shop) -> None:
    """As a join with something that is there more than once makes them."""
    await asks(shop, "customer", rows(*[{"id": "'c1'", "name": "'Ann'"}] * 2, {"id": "'c2'", "name": "'Bo'"}), "id")
    assert ids(await shop.fetch(Customer, ["c1", "c2"])) == {"c1": ["c1"], "c2": ["c2"]}


async def test_columns_are_found_in_any_case(shop: Shop) -> None:
    """As the database understands them in any case."""
    if shop.backend == "postgresql":
        query = """SELECT 'o1' AS "ID", 'c1' AS "Customer", '2026-06-01' AS "PLACED_AT" """
    else:
        query = "SELECT 'o1' AS ID, 'c1' AS Customer, '2026-06-01' AS PLACED_AT"
    await asks(shop, "order", query)
    assert ids(await shop.fetch(Order, ["c1"])) == {"c1": ["o1"]}
    assert await shop.connector.check() == []
