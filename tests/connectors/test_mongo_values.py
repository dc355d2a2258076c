"""From BSON to canonical JSON: every type that a document may have, and documents that are no records."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, ObjectId, Regex, Timestamp, decode, encode
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS

from connectors.contract import Ask, Condition, Measure, MeasureOp, Page
from connectors.mongo.document_reader import reader
from connectors.mongo.field_paths import record_paths
from connectors.mongo.values import encoded
from connectors.record_fields import Fields, all_fields, narrow
from connectors.records import Event, Order
from gateway.lookups.source_call import decode_records
from tests.support.mongo_shop import MongoShop, settings
from tests.support.sql_shop import day

pytestmark = pytest.mark.mongodb

REF = "64b7f0c2a1d3e4f5a6b7c8d9"
TOKEN = "0e984725-c51c-4bf4-9960-e1c80e27aba0"
ABSENT = object()


async def given(shop: MongoShop, record: type[Any], **fields: Any) -> dict[str, Any]:
    """The canonical JSON of one document."""
    base = {"_id": "1", "customer": "c1", "placed": day(1), "at": day(1), "what": "view"}
    document = {name: value for name, value in (base | fields).items() if value is not ABSENT}
    await shop.fill(**{"orders" if record is Order else "events": [document]})
    ((found,),) = (await shop.fetch(record, ["c1"])).values()
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"), ("", ""), (5, "5"), (Int64(2**40), "1099511627776"), (5.0, "5"), (1.5, "1.5"), (True, "true"),
        (ObjectId(REF), REF), (UUID(TOKEN), TOKEN), (Decimal128("1.50"), "1.50"), (day(1), "2018-01-01T00:00:00Z"),
        (None, ABSENT), (ABSENT, ABSENT), ([1], [1]), ({"a": 1}, {"a": 1}), (Regex("x"), None), (MaxKey(), None),
        (Code("x"), "x"),
    ],
)  # fmt: skip
async def test_text_comes_from_every_type_that_ids_have(mongo_shop: MongoShop, value: Any, expected: Any) -> None:
    """What is no text goes on as it is, or as null where JSON has no such thing: the record's own check decides."""
    found = await given(mongo_shop, Event, page=value)
    assert found.get("page", ABSENT) == expected


async def test_code_in_the_place_of_a_word_is_a_word(mongo_shop: MongoShop) -> None:
    """It is a text that cannot be looked up in a table."""
    found = await given(mongo_shop, Order, status=Code("gone"))
    assert found["status"] == "SHIPPED"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, "12"), (12.5, "12.5"), (0.1 + 0.2, "0.3"), (Decimal128("0.125"), "0.125"), (Decimal128("7.000"), "7.000"),
        (" 3.50 ", "3.50"), (Int64(3), "3"), (-1.005, "-1.005"), (1e21, "1000000000000000000000"), (Decimal128("1E+2"), "100"),
        (Decimal128("1E-7"), "0.0000001"), ("1e2", "100"), ("much", "much"), ("1,5", "1,5"),
        (Decimal128("Infinity"), "Infinity"),
        ("", None), (" ", None), (float("nan"), None), (None, None), (ABSENT, None),
    ],
)  # fmt: skip
async def test_amounts_are_exact(mongo_shop: MongoShop, value: Any, expected: str | None) -> None:
    """The digits of the document, binary noise is cut, no amount is no money, and what cannot be read is passed on."""
    found = await given(mongo_shop, Order, total=value, currency="EUR")
    assert found.get("total") == (None if expected is None else {"amount": expected, "currency": "EUR"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2018, 1, 1, 12, 30, 0, 250_000, tzinfo=UTC), "2018-01-01T12:30:00.250000Z"),
        (datetime(1950, 1, 1, tzinfo=UTC), "1950-01-01T00:00:00Z"),
        ("2018-01-01T02:00:00+02:00", "2018-01-01T00:00:00Z"), ("2018-01-01", "2018-01-01T00:00:00Z"),
        (Timestamp(1514764800, 1), "2018-01-01T00:00:00Z"), ("", ABSENT), ("soon", "soon"),
        (1514764800, "2018-01-01T00:00:00Z"), (1514764800000, "2018-01-01T00:00:00Z"), (1514764800.0, "2018-01-01T00:00:00Z"),
    ],
)  # fmt: skip
async def test_times_are_in_utc(mongo_shop: MongoShop, value: Any, expected: Any) -> None:
    """Dates and the texts that are common in JSON are read; other values are given as they are."""
    found = await given(mongo_shop, Order, deliveredAt=value)
    assert found.get("deliveredAt", ABSENT) == expected


async def test_free_json_has_what_json_has(mongo_shop: MongoShop) -> None:
    """Anything may stand in properties, in any depth."""
    properties = {
        "a": [1, Int64(2**40), 1.5, None, True, "é", {"b": {"c": []}}], "id": ObjectId(REF), "uuid": UUID(TOKEN), "at": day(1),
        "exact": Decimal128("1.10"), "raw": Binary(b"ab", 5), "code": Code("x"), "ref": DBRef("a", 1), "nan": float("nan"),
    }  # fmt: skip
    found = await given(mongo_shop, Event, properties=properties)
    assert found["properties"] == {
        "a": [1, 2**40, 1.5, None, True, "é", {"b": {"c": []}}], "id": REF, "uuid": TOKEN, "at": "2018-01-01T00:00:00Z",
        "exact": "1.10", "raw": "YWI=", "code": None, "ref": None, "nan": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "strange",
    [
        {"placed": None}, {"placed": "2018-01-01T00:00:00Z"}, {"placed": 1514764800}, {"placed": [day(1), day(2)]},
        {"lines": {"0": {}}}, {"lines": [["x"]]}, {"status": ["delivered"]},
        {"status": {"name": "x"}}, {"lines": [{"quantity": "many"}]}, {"lines": [{"quantity": 2**60}]},
        {"lines": [{"sku": ["a", "b"]}]}, {"total": [1, 2], "currency": ["EUR"]}, {"total": 1, "currency": "euro"},
        {"total": Decimal128("1E+6000"), "currency": "EUR"}, {"deliveredAt": "soon"}, {"deliveredAt": {"$x": 1}},
    ],
)  # fmt: skip
async def test_a_malformed_document_costs_itself(mongo_shop: MongoShop, strange: dict[str, Any]) -> None:
    """It is dropped where its time cannot be read, and else given without what cannot be, by a page and by the whole list."""
    good = {"customer": "c1", "placed": day(3), "currency": "EUR"}
    await mongo_shop.fill(orders=[good | {"_id": "1"}, good | {"_id": "x"} | strange, good | {"_id": "3"}])
    for words in ({}, {"first": 5}, {"first": 5, "oldest_first": True}, {"count": True}):
        kept, dropped, unreadable = await gateways_view(mongo_shop, **words)
        if "placed" in strange:
            assert sorted(kept) == ["1", "3"]
            assert dropped == (0 if type(strange["placed"]) is not list and "oldest_first" in words else 1)
        else:
            assert (sorted(kept), dropped) == (["1", "3", "x"], 0)
            assert unreadable == 1


def test_a_date_beyond_the_calendar_costs_its_own_record_only() -> None:
    """MongoDB has dates that Python and RFC 3339 do not have: such a one is passed on, and no error of its batch."""
    far = encode(
        {"_id": "1", "customer": "c1", "placed": DatetimeMS(10**16), "deliveredAt": DatetimeMS(10**16), "status": "NEW"}
    )
    document = decode(far, CodecOptions(tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO))
    rules = settings("mongodb://localhost").records["order"]
    read = reader(record_paths("order", rules), all_fields(Order))
    assert msgspec.json.decode(encoded([read(document, document)])) == [
        {"id": "1", "status": "UNKNOWN", "deliveredAt": f"Date({10**16})"}
    ]


async def test_scalars_in_the_place_of_a_list_are_no_items(mongo_shop: MongoShop) -> None:
    """The server leaves them out where fields of the items are selected, so there are none."""
    good = {"customer": "c1", "placed": day(3)}
    await mongo_shop.fill(orders=[good | {"_id": "1", "lines": "none"}, good | {"_id": "2", "lines": [1, {"sku": "s"}]}])
    found = await mongo_shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "items.sku"))
    assert found == {"c1": [{"id": "2", "items": [{"sku": "s"}]}, {"id": "1"}]}


async def gateways_view(shop: MongoShop, **words: Any) -> tuple[list[str], int, int]:
    """The ids of the records that the gateway takes, how many it drops, how many values of the others it cannot read."""
    ask = Ask(fields=all_fields(Order), **words)
    page = (await shop.lookup(Order).fetch(["c1"], ask))["c1"]
    assert isinstance(page, Page)
    assert isinstance(page.records, bytes)
    records, dropped, unreadable = decode_records(page.records, narrow(Order, ask.fields))
    return [msgspec.to_builtins(one)["id"] for one in records], dropped, len(unreadable) - dropped


async def test_a_selection_of_an_object_has_only_what_is_selected(mongo_shop: MongoShop) -> None:
    """An amount alone is read with its currency and given alone."""
    await mongo_shop.fill(orders=[{"_id": "1", "customer": "c1", "placed": day(1), "total": 1, "currency": "EUR"}])
    found = await mongo_shop.fetch(Order, ["c1"], fields=Fields.from_paths("total.amount", "items.unit_price.currency"))
    assert found == {"c1": [{"total": {"amount": "1"}}]}


@pytest.mark.cases
async def test_a_filter_finds_codes_and_words_as_they_are_read(mongo_shop: MongoShop) -> None:
    """A currency in lower case is that currency, and a blank word is the field's default, for filters as for records."""
    base = {"customer": "c1", "placed": day(1), "total": 1}
    codes = [("1", "EUR", "delivered"), ("2", " eur", " "), ("3", "USD", ""), ("4", "euro", " Delivered ")]
    await mongo_shop.fill(orders=[base | {"_id": key, "currency": code, "status": word} for key, code, word in codes])

    async def ids(field: str, value: str) -> set[str]:
        where = (Condition(field, (value,)),)
        found = await mongo_shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "status", "total.currency"), where=where)
        return {one["id"] for one in found.get("c1", [])}

    assert await ids("total.currency", "EUR") == {"1", "2"}
    assert await ids("status", "DELIVERED") == {"1", "4"}
    assert await ids("status", "UNKNOWN") == {"2", "3"}


@pytest.mark.cases
async def test_sums_are_by_the_currency_that_is_read(mongo_shop: MongoShop) -> None:
    """Lower case is no currency of its own, and what has none is in no sum."""
    base = {"customer": "c1", "placed": day(1)}
    rows = [("1", "EUR", Decimal128("1.10")), ("2", "eur ", "2.20"), ("3", "", 4), ("4", None, 8)]
    await mongo_shop.fill(orders=[base | {"_id": key, "currency": code, "total": total} for key, code, total in rows])
    found = await mongo_shop.aggregate(Order).measure(["c1"], [Measure(op=MeasureOp.SUM, field="total")])
    assert found == {"c1": [[{"amount": "3.30", "currency": "EUR"}]]}


@pytest.mark.cases
@pytest.mark.parametrize("nothing", [None, [], "", False])
async def test_what_says_nothing_is_no_list(mongo_shop: MongoShop, nothing: Any) -> None:
    """The order is there, without items."""
    found = await given(mongo_shop, Order, lines=nothing)
    assert not found.get("items")
