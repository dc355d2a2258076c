"""Every form in which a source may write a value is read alike by every kind, whichever way a row takes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from bson import Decimal128, decode, encode
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Ask, KeyKind, Page
from connectors.graphql.lookup import lookups_of
from connectors.graphql.response import read_response
from connectors.graphql.settings import GraphQLSettings
from connectors.http.lookup import HttpLookup
from connectors.http.settings import HttpSettings
from connectors.mongo.document_reader import reader
from connectors.mongo.field_paths import record_paths
from connectors.mongo.settings import MongoSourceSettings
from connectors.mongo.values import encoded
from connectors.record_fields import Fields
from connectors.records import RECORDS
from connectors.testing.fetches import json_of
from connectors.toolkit.converters import has_fine_times, has_odd_decimals
from connectors.toolkit.http_client import decoded as decoded_answer

pytestmark = pytest.mark.cases

NONE = object()
"""No value: the field is absent, or has its default."""
LEFT = object()
"""What cannot be read: it is passed on as it is."""

WIDE, ARABIC = "\uff11\uff12", "\u0661" * 10
"""Digits of other scripts."""
NOON = "2026-06-30T12:00:00Z"
TIMES: list[tuple[Any, Any]] = [
    *((text, NOON) for text in ("2026-06-30T12:00:00Z", "2026-06-30T12:00Z", "2026-06-30T12:00", "2026-06-30t12:00:00z")),
    *((text, NOON) for text in ("2026-06-30 12:00:00", "2026-06-30 12:00:00+00", "2026-06-30 14:00:00+0200", "2026-06-30T12Z")),
    *((text, NOON) for text in ("2026-06-30T14:00+02:00", "2026-06-30 14:00:00 +0200", "2026-06-30 12:00:00 UTC")),
    *((text, NOON) for text in ("20260630T120000Z", "1782820800", "1782820800000", "1782820800000000", " 2026-06-30T12:00Z ")),
    *((number, NOON) for number in (1782820800, 1782820800000, 1782820800000000, 1782820800.0)),
    ("2026-06-30T12:00:00,5Z", "2026-06-30T12:00:00.500000Z"),
    ("1701012301230", "2023-11-26T15:25:01.230000Z"),
    ("2026-06-30", "2026-06-30T00:00:00Z"),
    ("20260630", "2026-06-30T00:00:00Z"),
    (20260630, "2026-06-30T00:00:00Z"),
    *((value, "2026-06-30T23:59:59.999999Z") for value in ("2026-06-30T23:59:59.9999999Z", "2026-06-30 23:59:59,99999999")),
    *((value, "2026-06-30T12:00:00.123456Z") for value in ("2026-06-30T14:00:00.1234567+02:00", "1782820800.1234569")),
    (1782820800123456789, "2026-06-30T12:00:00.123456Z"),
    (-100000000.5, "1966-10-31T14:13:19.500000Z"),
    *((value, NONE) for value in (0, 0.0, "0")),
    *((value, LEFT) for value in (1, -1.5, 46000.5, 2026, 2451545, 2451545.0, 99_999_999, "1_782_820_800", ARABIC)),
    *((text, NONE) for text in ("", "  ", "0000-00-00", "0000-00-00 00:00:00", "0000-00-00T00:00:00Z", None)),
    *((text, LEFT) for text in ("2026-W23-3", "2026-W23-3T00:00:00Z", "2026-06-00", "2026-13-01T00:00:00Z", "abcdefghijTklZ")),
    *((text, LEFT) for text in ("2026", "20260630120000", "2026-06-30T25:00:00Z", "2026-02-30T00:00:00Z", "06/30/2026")),
    *((value, LEFT) for value in (20260630120000, 10**30, True, ["2026-06-30"], {"at": 1})),
]  # fmt: skip
AMOUNTS: list[tuple[Any, Any]] = [
    ("12.30", "12.30"), (" 12.30 ", "12.30"), ("1e2", "100"), ("1.50E+3", "1500"), ("0.0000001", "0.0000001"), ("-0.0", "0.0"),
    ("12345678901234567.89", "12345678901234567.89"), ("0.123456789012345678", "0.123456789012345678"), ("+7", "7"),
    (100, "100"), (-3, "-3"), (12.5, "12.5"),
    (Decimal("12.30"), "12.30"), (Decimal("12345678901234567.89"), "12345678901234567.89"), (Decimal("1E+2"), "100"),
    (Decimal("1E-7"), "0.0000001"), (Decimal("-0.0"), "0.0"), (Decimal("0.123456789012345678"), "0.123456789012345678"),
    ("", NONE), (" ", NONE), (None, NONE), ("NaN", NONE),
    *((value, LEFT) for value in ("1,5", "12 EUR", "abc", "Infinity", True, [1], {"a": 1})),
    *((value, LEFT) for value in ("1_000", "1_0.5", WIDE, ARABIC, f"1.{WIDE}", "0x10", "1 000")),
    ("1e-9", "0.000000001"), ("-0.00", "0.00"), ("-0", "0"), (Decimal("-0"), "0"), (Decimal("1E-9"), "0.000000001"),
]  # fmt: skip
WHOLE: list[tuple[Any, Any]] = [
    *((value, 2) for value in (2, 2.0, "2", "2.00", " 2 ", Decimal("2.0000"), "2e0")), ("", NONE), (None, NONE),
    *((value, LEFT) for value in ("two", "1.5", "1_0", WIDE, Decimal("1.5"), True, [2])),
]  # fmt: skip
COUNTRIES: list[tuple[Any, Any]] = [
    *((value, "BR") for value in ("BR", "br", " bR ")), ("", NONE), (" ", NONE), (None, NONE), ("Brazil", LEFT), ("B1", LEFT),
]  # fmt: skip
CURRENCIES: list[tuple[Any, Any]] = [
    *((value, "EUR") for value in ("EUR", "eur", " Eur ")), ("", NONE), (" ", NONE), (None, NONE), ("euro", LEFT), ("€", LEFT),
]  # fmt: skip
STATUSES: list[tuple[Any, Any]] = [
    *((value, "SHIPPED") for value in ("SHIPPED", "shipped", " Shipped ", "gone", 3)), ("", NONE), (" ", NONE), (None, NONE),
    ("lost", "UNKNOWN"), (7, "UNKNOWN"), ([], LEFT), ({"name": "x"}, LEFT),
]  # fmt: skip
TEXTS: list[tuple[Any, Any]] = [
    ("x", "x"), ("", ""), (70, "70"), (70.0, "70"), (Decimal("1.50"), "1.50"),
    (Decimal("12345678901234567.5"), "12345678901234567.5"),
    (True, "true"), (None, NONE), ([1], LEFT), ({"a": 1}, LEFT),
]  # fmt: skip
LISTS: list[tuple[Any, Any]] = [
    *((value, NONE) for value in (None, "", False)), ([], []), (["d1", None, 2], ["d1", "2"]), ("d1", LEFT),
    ({"a": 1}, LEFT), ({}, NONE),
]  # fmt: skip
FREE: list[tuple[Any, Any]] = [
    ({"a": [1]}, {"a": [1]}),
    ({}, {}),
    (None, NONE),
    ("", NONE),
    ([], NONE),
    (False, NONE),
    ([1], LEFT),
]

FORMS = [
    *(("order", "delivered_at", "deliveredAt", *form) for form in TIMES),
    *(("order", "total.amount", "amount", *form) for form in AMOUNTS),
    *(("order", "total.currency", "currency", *form) for form in CURRENCIES),
    *(("order", "status", "status", *form) for form in STATUSES),
    *(("ticket", "satisfaction", "satisfaction", *form) for form in WHOLE),
    *(("ticket", "subject", "subject", *form) for form in TEXTS),
    *(("customer", "address.country", "country", *form) for form in COUNTRIES),
    *(("customer", "device_ids", "deviceIds", *form) for form in LISTS),
    *(("event", "properties", "properties", *form) for form in FREE),
]
"""Record, field, its name in a row, what a source writes there, and what comes of it."""

FIELDS = {
    "order": {"total.amount": "amount", "total.currency": "currency"},
    "customer": {"address.country": "country"},
}
VALUES = {"order": {"status": {"gone": "SHIPPED", "3": "SHIPPED"}}}
ROWS = {"order": {"id": "r1", "amount": 1, "currency": "EUR"}}

Read = Callable[[str, str, dict[str, Any]], dict[str, Any]]
"""(record, field, row) -> the canonical record, with the id and this field."""


def by_http(record: str, path: str, row: dict[str, Any], *, shown: bool = False, **more: Any) -> dict[str, Any]:
    rules = {
        "fields": FIELDS.get(record, {}),
        "values": VALUES.get(record, {}),
        "list": "rows",
        "keys": {"customer_id": {"path": "/{key}"} | more},
    }
    source = HttpSettings.model_validate({"base_url": "http://source", "records": {record: rules}})
    found = source.records[record]
    route = HttpLookup(record, found, KeyKind.CUSTOMER_ID, found.keys[KeyKind.CUSTOMER_ID], source)
    content = b'{"rows":[' + written(row) + b"]}"
    ask = Ask(fields=asked(path), shown=shown)
    pages = route.read(content, ["c1"], ask)
    if pages is None:
        rows: dict[str, Any] = {}
        route.add_rows(decoded_answer(content), ["c1"], rows)
        pages = {"c1": route.page(rows["c1"], ask, None)}
    return one_of(pages["c1"])


def by_graphql(record: str, path: str, row: dict[str, Any], *, slowly: bool = False) -> dict[str, Any]:
    own = {path: name_in_json(path)} | FIELDS.get(record, {})
    time = {name: "id" for name in [RECORDS[record].time_field] if name}
    if slowly:
        own = {name: f"@.{expression}" for name, expression in own.items()}
    rules = {
        "fields": own | time | ({"type": "id"} if record == "event" else {}),
        "values": VALUES.get(record, {}),
        "keys": {"customer_id": {"query": "{ one(id: $key) { rows { ...fields } } }"}},
    }
    (lookup,) = lookups_of(GraphQLSettings.model_validate({"base_url": "http://source", "records": {record: rules}}))
    ask = Ask(fields=asked(path))
    (question,) = lookup.build_queries(["c1"], ask)
    content = b'{"data":{"one":{"rows":[' + written(row) + b"]}}}"
    question.needs_care = has_fine_times(content) or has_odd_decimals(content)
    data = read_response(content, has_amounts=True).data
    assert lookup.read_response([question], data or {}, [], ask, None) == []
    page = lookup.collect_records(question, ask)["c1"]
    assert isinstance(page, Page)
    return one_of(page)


def by_mongo(record: str, path: str, row: dict[str, Any]) -> dict[str, Any]:
    rules = {
        "collection": "rows",
        "fields": {name: {"path": at} for name, at in FIELDS.get(record, {}).items()},
        "values": VALUES.get(record, {}),
        "keys": {"customer_id": "customer"},
    }
    found = MongoSourceSettings.model_validate({"url": "mongodb://host", "database": "x", "records": {record: rules}})
    document = decode(encode({name: bson(value) for name, value in row.items()} | {"_id": row["id"]}))
    read = reader(record_paths(record, found.records[record]), asked(path))
    return one_of(Page(encoded([read(document, document)])))


KINDS: dict[str, Read] = {
    "http": by_http,
    "http shown": lambda *words: by_http(*words, shown=True),
    "http slow": lambda *words: by_http(*words, next="next"),
    "graphql": by_graphql,
    "graphql slow": lambda *words: by_graphql(*words, slowly=True),
    "mongo": by_mongo,
}


def asked(path: str) -> Fields:
    """The id and a field; money is asked for whole."""
    return Fields.from_paths("id", path, *(FIELDS["order"] if path in FIELDS["order"] else ()))


def bson(value: Any) -> Any:
    """A value as a document may hold it."""
    if isinstance(value, Decimal):
        return Decimal128(value)
    return str(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def written(row: dict[str, Any]) -> bytes:
    """A row as JSON, decimals as numbers."""
    return msgspec.json.Encoder(decimal_format="number").encode(row)


def one_of(page: Page) -> dict[str, Any]:
    (record,) = json.loads(json_of(page))
    return dict(record)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("record", "path", "name", "given_", "expected"), FORMS)
def test_a_form_is_read_alike_by_every_kind(kind: str, record: str, path: str, name: str, given_: Any, expected: Any) -> None:
    """What a value means, that it is none, or that it is passed on as it is."""
    found: Any = KINDS[kind](record, path, ROWS.get(record, {"id": "r1"}) | {name: given_})
    for step in name_in_json(path).split("."):
        found = (found or {}).get(step)
    if expected is NONE:
        assert found in (None, "UNKNOWN", [], {})
    elif expected is LEFT:
        assert str(found) == str(json.loads(written({"value": given_}))["value"])
    else:
        assert found == expected


def name_in_json(path: str) -> str:
    first, *others = path.split("_")
    return first + "".join(word.title() for word in others)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(10**8, 7 * 10**9).flatmap(
    lambda seconds: st.integers(0, 10**6 - 1).map(lambda parts: EPOCH + timedelta(seconds=seconds, microseconds=parts))
)
OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@settings(max_examples=150, deadline=None)
@given(INSTANTS, OFFSETS, st.data())
def test_an_instant_is_the_same_in_every_form_and_kind(instant: datetime, offset: timezone, data: st.DataObject) -> None:
    """Separators, offsets, fractions and counts, drawn: every kind reads the instant that was written."""
    form = data.draw(st.sampled_from(["text", "minute", "basic", "seconds", "milliseconds", "microseconds"]))
    if form == "minute":
        instant = instant.replace(second=0, microsecond=0)
    if form in ("basic", "seconds"):
        instant = instant.replace(microsecond=0)
    if form == "milliseconds":
        instant = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    local = instant.astimezone(offset)
    behind = f"{local:%z}"
    zones = [behind, f"{behind[:3]}:{behind[3:]}", f" {behind}"] + ([behind[:3]] if behind.endswith("00") else [])
    zone = data.draw(st.sampled_from(zones + (["Z", "z", " UTC", ""] if behind == "+0000" else [])))
    since = (instant - EPOCH) // timedelta(microseconds=1)
    value: Any = {
        "text": f"{local.replace(tzinfo=None).isoformat(sep=data.draw(st.sampled_from('T ')))}{zone}",
        "minute": f"{local:%Y-%m-%d}{data.draw(st.sampled_from('T '))}{local:%H:%M}{zone}",
        "basic": f"{local:%Y%m%dT%H%M%S}{zone}",
        "seconds": since // 10**6,
        "milliseconds": since // 1000,
        "microseconds": since,
    }[form]
    for kind, read in KINDS.items():
        found = read("order", "delivered_at", ROWS["order"] | {"deliveredAt": value})["deliveredAt"]
        assert datetime.fromisoformat(found) == instant, (kind, value)


@settings(max_examples=150, deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=9),
    st.integers(-6, 6),
    st.data(),
)
def test_an_amount_has_its_digits_in_every_kind(number: Decimal, exponent: int, data: st.DataObject) -> None:
    """With and without an exponent, as a number and as a text."""
    text = data.draw(st.sampled_from([f"{number:f}", f"{number:f}e{exponent}"]))
    expected = f"{Decimal(text) or Decimal(text).copy_abs():f}"
    for value in (Decimal(text), text):
        for kind, read in KINDS.items():
            found = read("order", "total.amount", ROWS["order"] | {"amount": value})["total"]["amount"]
            assert f"{Decimal(found):f}" == expected, (kind, text)
