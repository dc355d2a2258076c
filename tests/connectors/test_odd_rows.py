"""Odd rows are answered alike by every kind of source: in lists, in pages of any size, in totals and in figures."""

import os
import random
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.toolkit.times import is_no_time, read_time
from tests.support.every_source import Filled, filled
from tests.support.gateway_server import Gateway

pytestmark = pytest.mark.cases
__all__ = ["filled"]

PAGE = """query($first: Int!, $after: String) { customer(by: {id: "c1"}) { orders(first: $first, after: $after) {
    totalCount partial nodes { id placedAt total { amount currency } } pageInfo { hasNextPage endCursor } unavailable
    sources { droppedRecords unreadableValues } } } }"""
FIGURES = '{ customer(by: {id: "c1"}) { orderStatistics { count partial total { amount } } } }'
WIDE = "\uff11\uff12"


def at(day: int) -> str:
    return f"2026-06-{day:02}T10:00:00Z"


async def walked(gateway: Gateway, first: int = 100) -> list[dict[str, Any]]:
    """All pages of the list."""
    pages: list[dict[str, Any]] = []
    after = None
    while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
        pages.append((await gateway.data(PAGE, {"first": first, "after": after}))["customer"]["orders"])
        after = pages[-1]["pageInfo"]["endCursor"]
        assert len(pages) < 50
        assert pages[-1]["unavailable"] == []
    return pages


def ids(pages: list[dict[str, Any]]) -> list[str]:
    return [node["id"] for page in pages for node in page["nodes"]]


async def figures(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = (await gateway.data(FIGURES))["customer"]["orderStatistics"]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("1e2", "100"), ("1E+2", "100"), ("-0", "0"), ("-0.00", "0.00"), ("0.0000001", "0.0000001"), ("1e-9", "0.000000001")),
        *(("12.3", "12.3"), ("0.0000000", "0.00"), ("-0.5", "-0.5"), (" 7.00 ", "7.00"), ("+3", "3"), ("1e20", f"1{'0' * 20}")),
        *((text, None) for text in ("1e400", "1e-400", "1_000", WIDE, "\u0661\u0662", "1,5", "0x10", "Infinity", "1e99999999")),
    ],
)
async def test_amounts_are_plain_decimals(filled: Filled, text: str, expected: str | None) -> None:
    """Never with an exponent, or a zero below zero, in lists and in figures; what is no number costs itself."""
    async with filled([("o1", at(1), text, "EUR"), ("o2", at(2), "10.00", "EUR")]) as gateway:
        (page,) = await walked(gateway)
        (page,) = await walked(gateway)
        told = await figures(gateway)
    amounts = [node["total"] and node["total"]["amount"] for node in page["nodes"]]
    (total,) = [one["amount"] for one in told["total"]]
    assert (page["totalCount"], told["count"]) == (2, 2)
    for amount in (*filter(None, amounts), total):
        assert not set(amount) - set("0123456789.-")
        assert Decimal(amount) or not amount.startswith("-")
        assert len(amount) < 60
    if expected is None:
        assert amounts[1] is None
        assert page["sources"] == [{"droppedRecords": 0, "unreadableValues": 1}]
        assert told["partial"] or text == "1e-400"  # which is 0 for some databases
        assert Decimal(total) == 10
    else:
        assert Decimal(amounts[1]) == Decimal(expected)
        assert (page["partial"], told["partial"]) == (False, False)
        assert Decimal(total) == Decimal(expected) + 10


@pytest.mark.parametrize("first", [1, 2, 100])
@pytest.mark.parametrize("id_", ["", " ", "   ", None])
async def test_a_record_without_an_id_is_none(filled: Filled, id_: str | None, first: int) -> None:
    """Nobody could ask for it. It is dropped and counted, and in no total."""
    rows = [("o1", at(1), "1", "EUR"), (id_, at(2), "2", "EUR"), (id_, at(3), "4", "EUR"), ("o4", at(4), "8", "EUR")]
    async with filled(rows) as gateway:
        pages = await walked(gateway, first)
        told = await figures(gateway)
    assert ids(pages) == ["shop:o4", "shop:o1"]
    assert any(page["partial"] for page in pages)
    assert all(page["totalCount"] in (2, None) or page["partial"] for page in pages)
    assert all((page["totalCount"] or 2) >= len(page["nodes"]) for page in pages)
    assert told["partial"]
    assert told["count"] == 2
    assert [Decimal(one["amount"]) for one in told["total"]] == [9]
    if first == 100:
        assert pages[0]["sources"][0]["droppedRecords"] >= 1


@pytest.mark.parametrize("first", [1, 2, 100])
@pytest.mark.parametrize("odd", ["soon", None, "2026-13-01T00:00:00Z"])
async def test_of_two_rows_the_one_that_can_be_read_is_the_record(filled: Filled, odd: str | None, first: int) -> None:
    """The other one counts as dropped."""
    async with filled([("o1", odd, "1", "EUR"), ("o1", at(1), "2", "EUR"), ("o2", at(2), "4", "EUR")]) as gateway:
        pages = await walked(gateway, first)
        told = await figures(gateway)
    assert ids(pages) == ["shop:o2", "shop:o1"]
    assert pages[-1]["nodes"][-1]["total"]["amount"].startswith("2")
    assert any(page["partial"] for page in pages)
    assert told == {"count": 2, "partial": True, "total": [{"amount": told["total"][0]["amount"]}]}
    assert Decimal(told["total"][0]["amount"]) == 6
    if first == 100:
        assert pages[0]["sources"][0]["droppedRecords"] == 1


async def test_rows_of_one_id_and_several_times_are_one_record(filled: Filled) -> None:
    """The newest of them; list and figures say that they may be wrong."""
    rows = [("o1", at(1), "1", "EUR"), ("o2", at(2), "2", "EUR"), ("o1", at(3), "4", "EUR")]
    async with filled(rows) as gateway:
        (page,) = await walked(gateway)
        told = await figures(gateway)
    assert ids([page]) == ["shop:o1", "shop:o2"]
    assert page["nodes"][0]["placedAt"] == at(3)
    assert page["partial"]
    assert page["totalCount"] in (2, 3)
    assert (told["count"], told["partial"]) == (2, True)
    assert [Decimal(one["amount"]) for one in told["total"]] == [6]


@pytest.mark.parametrize(
    "text",
    [
        *("20260603T100000Z", "2026-06-03T10Z", "2026-06-03T10:00:00,0Z", "1780480800.5", "1780480800", "2026-06-03 10:00 UTC"),
        *("20260603", "2026-06-03T100000Z", "20260603T1000Z", "2026-06-03T10:00:00.1234567Z", "2026-06-03T12:00:00 +02"),
    ],
)
@pytest.mark.parametrize("first", [1, 100])
async def test_a_time_is_read_alike_or_by_none(filled: Filled, text: str, first: int) -> None:
    """It is in its place among the others, and counted with them."""
    rows = [("o1", at(1), "1", "EUR"), ("o2", text, "2", "EUR"), ("o3", at(5), "4", "EUR")]
    async with filled(rows) as gateway:
        pages = await walked(gateway, first)
        told = await figures(gateway)
    assert ids(pages) == ["shop:o3", "shop:o2", "shop:o1"]
    assert {page["totalCount"] for page in pages} == {3}
    assert (told["count"], told["partial"]) == (3, False)


@pytest.mark.parametrize("text", ["2451545.0", "2451545", "1_780_480_800", "46176.4", "1", WIDE * 5])
async def test_what_may_count_anything_is_no_time(filled: Filled, text: str) -> None:
    """Such as the days of a calendar."""
    async with filled([("o1", at(1), "1", "EUR"), ("o2", text, "2", "EUR")]) as gateway:
        (page,) = await walked(gateway)
        told = await figures(gateway)
    assert ids([page]) == ["shop:o1"]
    assert page["sources"][0]["droppedRecords"] == 1
    assert (told["count"], told["partial"]) == (1, True)


ODD_IDS = (
    *(
        "shop:x",
        "x:y",
        ":",
        "a b",
        " lead",
        "trail ",
        "50%",
        "%25",
        "o'1",
        'q"x',
        "a\\b",
        "../x",
        "a,b",
        "a;b",
        "{}",
        "#",
        "?a=b&c",
    ),
    *("\u00e9", "e\u0301", "\u65e5\u672c", "\U0001f600", "\u00df", "ss", "\u0130", "\u00a0z", "\tq", "id\nl"),
    *("A", "a", "x" * 180, "1", "01", "1.0", "-1", "1e2", "_1", "_", "null", "true", "NaN"),
)


@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("are_alike", [True, False], ids=["one time", "several times"])
async def test_any_text_may_be_an_id(filled: Filled, first: int, are_alike: bool) -> None:
    """It stands in its place in pages of any size."""
    rows = [(id_, at(1 if are_alike else 1 + number % 5), "1", "EUR") for number, id_ in enumerate(ODD_IDS)]
    async with filled(rows) as gateway:
        pages, (whole,) = await walked(gateway, first), await walked(gateway)
        told = await figures(gateway)
    assert sorted(ids([whole])) == sorted(f"shop:{id_}" for id_ in ODD_IDS)
    assert ids(pages) == ids([whole])
    assert {page["totalCount"] for page in pages} == {len(ODD_IDS)}
    assert not any(page["partial"] for page in pages)
    assert (told["count"], told["partial"]) == (len(ODD_IDS), False)


CASES = int(os.environ.get("RANDOM_ROWS", "6"))
DRAWN_IDS = ("a", "b", "c", "d", "e", "f", "g", "", " ", None)
DRAWN_TIMES = (
    *("2026-06-01T10:00:00Z", "2026-06-01T10:00:00.1234567Z", "2026-06-01T10:00:00.123456Z", "2026-06-01T10:00:00.1234569Z"),
    *(
        "2026-06-02",
        "2026-06-01T10",
        "20260601T100000.9999999Z",
        "2026-06-01 12:00:00+02",
        "2026-06-01T10:00:00+15:59",
        "1780308000",
    ),
    *("1969-07-20T20:17:40Z", "-100000001", "9999-12-31T23:59:59.9999999Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00Z", "10000-01-01", "2451545.0"),
    *("2026-02-30", "2026-06-03T24:00:00Z", "2026-06-03T23:59:60Z", "2026-06-01T10:00:00.Z", f"{WIDE}26-06-01"),
    *("soon", "", "0000-00-00", "0", None),
)
DRAWN_AMOUNTS = (
    *("1", "1e2", "-0.00", "0.0000001", "12345678901234567.89", "+5", ".5", "5.", "00012.50", "0." + "1" * 60, "9" * 41),
    *("1_0", WIDE, "abc", "inf", "-Infinity", "sNaN", "1e400", "0x1F", "1,000.00", "--1", "1 0", "1e-41", "1e41"),
    *("NaN", "", " ", None),
)
FILTERED = """query($filter: OrderFilter) { customer(by: {id: "c1"}) {
    orders(first: 100, filter: $filter) { nodes { id placedAt } } orderStatistics(filter: $filter) { count } } }"""


def is_record(id_: str | None, time: str | None) -> bool:
    if not (id_ and id_.strip() and time) or is_no_time(time):
        return False
    try:
        return bool(read_time(time))
    except (ValueError, OverflowError):
        return False


@pytest.mark.parametrize("seed", range(CASES))
async def test_whatever_rows_there_are_lists_totals_and_figures_agree(filled: Filled, seed: int) -> None:
    """Or say that they are partial. Pages of every size meet the same records, and a window has those of its times."""
    drawing = random.Random(seed)
    rows = [
        tuple(map(drawing.choice, (DRAWN_IDS, DRAWN_TIMES, DRAWN_AMOUNTS, ("EUR", "eur", " EUR ", "euro", "", None, "EU"))))
        for _ in range(drawing.randint(1, 12))
    ]
    records = [id_ for id_, time, *_ in rows if is_record(id_, time)]
    is_whole, are_single = len(records) == len(rows), len(records) == len(set(records))
    since, until = (datetime.fromisoformat(f"2026-06-{day}+00:00") for day in ("01T10:00:00.123456", "03T00:00:00"))
    async with filled(rows) as gateway:
        walks = {first: await walked(gateway, first) for first in (1, 2, 3, 100)}
        told = await figures(gateway)
        filter_ = {"since": since.isoformat(), "until": until.isoformat()}
        window = (await gateway.data(FILTERED, {"filter": filter_}))["customer"]
    whole = ids(walks[100])
    assert sorted(whole) == sorted({f"shop:{id_}" for id_ in records}), rows
    for first, pages in walks.items():
        assert ids(pages) == whole if are_single else set(ids(pages)) == set(whole), (first, rows)
        assert is_whole or any(page["partial"] for page in pages), (first, rows)
        for page in pages:
            assert page["totalCount"] is None or page["totalCount"] >= len(page["nodes"]), rows
            assert page["totalCount"] in (None, len(whole)) or page["partial"] or not are_single, rows
            times = [datetime.fromisoformat(node["placedAt"]) for node in page["nodes"]]
            assert times == sorted(times, reverse=True), rows
            for amount in (node["total"]["amount"] for node in page["nodes"] if node["total"]):
                assert not set(amount) - set("0123456789.-"), rows
                assert Decimal(amount) or not amount.startswith("-"), rows
    assert told["count"] == len(whole), rows
    assert is_whole or told["partial"], rows
    inside = [datetime.fromisoformat(node["placedAt"]) for node in window["orders"]["nodes"]]
    assert all(since <= time < until for time in inside), rows
    assert window["orderStatistics"]["count"] == len(inside), rows
