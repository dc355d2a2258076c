"""Facts in a file: what each setting becomes, and what is said about one that does not fit."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.contract import Condition, MeasureOp
from connectors.errors import ConfigurationError
from gateway.tags.definitions import DerivedMeasure, Fact, ItemWeight, fingerprint_of
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.fact_types import fact_types
from gateway.tags.pack import load_pack, read_sound_facts

FILE = """\
{head}facts:
  own:
    label: Own
    record: {record}
    {settings}
tags:
  tag:
    label: Tag
    description: A tag.
    owner: crm-team
    category: BEHAVIOUR
    ttl: 6h
    version: 1
    words: What it is.
    expression: "own == null ? null : string(own)"
"""
DAY = timedelta(days=1)
RETURNED = (Condition(field="status", values=("RETURNED",)),)
BOOKS = (Condition(field="items.category", values=("books",)),)


def load(folder: Path, settings: str, record: str = "order", head: str = "") -> Fact:
    return read_sound_facts(written(folder, settings, record, head))["own"]


def written(folder: Path, settings: str, record: str, head: str) -> Path:
    path = folder / "tags.yaml"
    path.write_text(FILE.format(settings=settings.replace("; ", "\n    "), record=record, head=head), encoding="utf-8")
    return path


def problems(folder: Path, settings: str, record: str = "order", head: str = "") -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_pack(written(folder, settings, record, head))
    return [problem.partition(": facts.own.")[2] or problem for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("measure: count; window: {from: 180d, to: 90d}", {"window": 180 * DAY, "window_to": 90 * DAY}),
        ("measure: count; window: {months: 3}", {"months": 3, "timezone": "Europe/Berlin"}),
        ("measure: count; window: {months: this}", {"months": 0, "timezone": "Europe/Berlin"}),
        ("measure: count; window: {since_first: 90d}", {"since_first": 90 * DAY}),
        ("measure: average; field: total; currency: EUR", {"measure": MeasureOp.AVERAGE, "field": "total", "currency": "EUR"}),
        ("measure: distinct; field: items.sku", {"measure": DerivedMeasure.DISTINCT, "field": "items.sku"}),
        ("measure: interval", {"measure": DerivedMeasure.INTERVAL, "field": "placed_at"}),
        ("measure: share; share_of: {status: RETURNED}", {"measure": DerivedMeasure.SHARE, "share_of": RETURNED}),
        ("measure: trend; window: 90d", {"measure": DerivedMeasure.TREND, "window": 90 * DAY}),
        (
            "measure: trend; window: {months: 6}; field: items.quantity",
            {"measure": DerivedMeasure.TREND, "months": 6, "field": "items.quantity", "timezone": "Europe/Berlin"},
        ),
        (
            "measure: spread; field: total; currency: EUR; rates: {BRL: 6}",
            {"measure": DerivedMeasure.SPREAD, "field": "total", "currency": "EUR", "rates": (("BRL", Decimal(6)),)},
        ),
        ("measure: streak", {"measure": DerivedMeasure.STREAK, "timezone": "Europe/Berlin"}),
        (
            "measure: streak; window: {months: 12}",
            {"measure": DerivedMeasure.STREAK, "months": 12, "timezone": "Europe/Berlin"},
        ),
        ("measure: top; field: items.category; by: lines", {"measure": MeasureOp.TOP, "field": "items.category"}),
        (
            "measure: top; field: items.category; by: pieces",
            {"measure": MeasureOp.TOP, "field": "items.category", "weight": ItemWeight.PIECES},
        ),
        (
            "measure: top; field: items.category; by: money; currency: EUR",
            {"measure": MeasureOp.TOP, "field": "items.category", "weight": ItemWeight.MONEY, "currency": "EUR"},
        ),
        (
            "measure: sum; field: items.quantity; parts: {items.category: books}",
            {"measure": MeasureOp.SUM, "field": "items.quantity", "part_where": BOOKS},
        ),
    ],
)
def test_settings_become_a_fact(tmp_path: Path, settings: str, expected: dict[str, Any]) -> None:
    """What is not written has its default; calendar months are those of the file's zone."""
    found = load(tmp_path, settings, head="timezone: Europe/Berlin\n")
    defaults = {field.name: field.default for field in msgspec.structs.fields(Fact)} | {"measure": MeasureOp.COUNT}
    own = {name: value for name, value in msgspec.structs.asdict(found).items() if name not in ("name", "label", "record")}
    assert own == {name: expected.get(name, defaults[name]) for name in own}


@pytest.mark.parametrize(
    ("settings", "inactivity", "by_device"),
    [
        ("measure: sessions", timedelta(minutes=30), False),
        ("measure: session_length; inactivity: 15m; by: device", timedelta(minutes=15), True),
        ("measure: sessions; by: customer", timedelta(minutes=30), False),
    ],
)
def test_sessions_end_after_half_an_hour_unless_it_is_said(
    tmp_path: Path, settings: str, inactivity: timedelta, by_device: bool
) -> None:
    """Of events alone."""
    found = load(tmp_path, settings, "event")
    assert (found.inactivity, found.by_device, found.field) == (inactivity, by_device, None)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("measure: values; field: status", "measure: unknown word 'values'"),
        ("measure: records", "measure: unknown word 'records'"),
        ("measure: interval; field: status", "field: measure 'interval' needs a time, and 'status' is one of several words"),
        ("measure: spread", "field: is missing; measure 'spread' needs one"),
        ("measure: spread; field: number", "field: measure 'spread' needs a number or money, and 'number' is text"),
        ("measure: distinct; field: total", "field: measure 'distinct' does not fit money; money can be summed"),
        ("measure: share", "share_of: is missing; say which records the share is of, such as {status: [RETURNED]}"),
        (
            "measure: share; share_of: {status: RETURNED}; field: total",
            "field: measure 'share' counts records; remove the field, or choose another measure",
        ),
        ("measure: count; share_of: {status: SHIPPED}", "share_of: only measure 'share' has it; remove it, or write 'where'"),
        (
            "measure: trend",
            "window: is missing; a trend compares the later with the earlier half of its window, such as 180d or {months: 6}",
        ),
        (
            "measure: trend; window: {months: 3}",
            "window: a trend needs an even number of months, to compare the later with the earlier half",
        ),
        (
            "measure: streak; window: 90d",
            "window: a streak counts whole months; write how far it looks back, such as {months: 12}, or remove it",
        ),
        (
            "measure: count; window: {from: 90d}",
            "window: is no window; write one of 90d, {from: 180d, to: 90d}, {months: 3}, {months: this} or {since_first: 90d}",
        ),
        ("measure: count; window: {from: 90d, to: 90d}", "window.from: must be longer ago than 'to'; exchange them"),
        (
            "measure: count; window: {months: 0}",
            "window.months: must be a whole number from 1 to 120, or 'this' for the present month",
        ),
        ("measure: count; window: {months: '3'}", "window.months: must be a whole number without quotes; write `months: 3`"),
        (
            "measure: count; window: {since_first: soon}",
            "window.since_first: 'soon' is not a span of time; write a number and m, h, d or w, such as 6h or 90d",
        ),
        ("measure: count; by: lines", "by: only 'top' and sessions have it; remove it"),
        (
            "measure: top; field: status; by: pieces",
            "by: 'status' is in no list of parts that have quantity; write a field such as items.category",
        ),
        ("measure: top; field: items.category; by: money", "currency: is missing; money is counted in one currency"),
        ("measure: count; inactivity: 30m", "inactivity: only sessions have it; remove it"),
        ("measure: sessions", "record: sessions are of events; write 'event'"),
        (
            "measure: sum; field: total; currency: EUR; parts: {items.category: books}",
            "parts: needs a measured field in a list, such as items.quantity; 'where' chooses records",
        ),
        (
            "measure: sum; field: items.quantity; parts: {payments.method: CARD}",
            "parts: 'payments.method' is not in items, the measured list; 'where' chooses records",
        ),
        (
            "measure: sum; field: items.quantity; parts: {items.categry: x}",
            "parts.items.categry: the record has no field 'items.categry'; did you mean 'items.category'?",
        ),
        (
            "measure: share; share_of: {status: SHIPED}",
            "share_of.status: 'SHIPED' is not one of its values; did you mean 'SHIPPED'?",
        ),
        ("measure: share; share_of: {}", "share_of: is empty; give at least one field with its values, or remove it"),
        (
            "measure: sum; field: items.quantity; parts: {}",
            "parts: is empty; give at least one field with its values, or remove it",
        ),
        ("measure: count; currency: EUR", "currency: only money has a currency; remove it"),
        ("measure: streak; rates: {USD: 2}", "rates: only money has a currency; remove it"),
        ("measure: trend; window: 90d; currency: EUR", "currency: only money has a currency; remove it"),
        (
            "measure: trend; window: 90d; as: days_ago",
            "as: 'days_ago' needs a field that is a time; remove it, or choose another field",
        ),
        (
            "measure: share; share_of: {status: SHIPPED}; as: days_ago",
            "as: 'days_ago' needs a field that is a time; remove it, or choose another field",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_its_fix(tmp_path: Path, settings: str, expected: str) -> None:
    """One mistake in a good file is told at its setting."""
    assert expected in problems(tmp_path, settings)


@pytest.mark.parametrize("measure", ["streak", "trend"])
def test_records_without_a_time_have_no_months(tmp_path: Path, measure: str) -> None:
    """Each of them would be in every month."""
    expected = f"measure: these records have no time of their own, which {measure} needs; choose another record"
    assert expected in problems(tmp_path, f"measure: {measure}", "customer")


def test_a_zone_must_be_known(tmp_path: Path) -> None:
    """A misspelt time zone is told at its line; without one months are of UTC."""
    expected = "tags.yaml:1: timezone: 'Europe/Berln' is no time zone that is known here; write one such as Europe/Berlin"
    assert problems(tmp_path, "measure: streak", head="timezone: Europe/Berln\n")[0] == expected
    assert problems(tmp_path, "measure: streak", head="timezone: ../../etc/passwd\n") != []
    assert load(tmp_path, "measure: streak").timezone is None


@pytest.mark.parametrize(
    ("settings", "record", "expected"),
    [
        ("measure: distinct; field: items.sku", "order", FactType(type=ValueType.WHOLE, nullable=False, minimum=0)),
        ("measure: streak", "order", FactType(type=ValueType.WHOLE, nullable=False, minimum=0)),
        ("measure: sessions", "event", FactType(type=ValueType.WHOLE, nullable=False, minimum=0)),
        ("measure: session_length", "event", FactType(type=ValueType.FRACTION, nullable=True, minimum=0)),
        ("measure: interval", "order", FactType(type=ValueType.FRACTION, nullable=True, minimum=0)),
        ("measure: share; share_of: {status: SHIPPED}", "order", FactType(type=ValueType.FRACTION, nullable=True, minimum=0)),
        ("measure: trend; window: 90d", "order", FactType(type=ValueType.FRACTION, nullable=True)),
        ("measure: spread; field: items.quantity", "order", FactType(type=ValueType.FRACTION, nullable=True, minimum=0)),
        ("measure: average; field: total; currency: EUR", "order", FactType(type=ValueType.FRACTION, nullable=True)),
        (
            "measure: top; field: items.category; by: money; currency: EUR",
            "order",
            FactType(type=ValueType.TEXT, nullable=True),
        ),
    ],
)
def test_expressions_know_the_type_of_each_measure(tmp_path: Path, settings: str, record: str, expected: FactType) -> None:
    """So `2` and `2.0` are told apart before any customer meets the rule, and nulls are asked for."""
    assert fact_types({"own": load(tmp_path, settings, record)})["own"] == expected


def test_a_last_order_is_known_where_orders_are_counted_in_its_window(tmp_path: Path) -> None:
    """A count of all time, or of a part of it, says that there was a last one; a count of other times does not."""
    last = load(tmp_path, "measure: last; field: placed_at; window: {months: 3}")
    count = load(tmp_path, "measure: count; window: {months: 3}")
    others = [load(tmp_path, f"measure: count; window: {window}") for window in ("90d", "{months: 2}", "{since_first: 90d}")]
    ever = msgspec.structs.replace(last, months=None)

    def sure(fact: Fact, own: Fact) -> bool:
        named = {"fact": msgspec.structs.replace(fact, name="fact"), "count": msgspec.structs.replace(own, name="count")}
        return fact_types(named)["fact"].null_without == {"count"}

    assert sure(last, count)
    assert not any(sure(last, other) for other in others)
    assert all(sure(ever, other) for other in (count, *others))
    assert not sure(ever, msgspec.structs.replace(count, where=RETURNED)), "a last one of any kind, but of others"
    assert not sure(msgspec.structs.replace(ever, where=RETURNED), count)


def test_settings_that_came_later_leave_the_names_of_stored_tags(tmp_path: Path) -> None:
    """The fingerprint of a fact without them is that of before there were any; with one it is another."""
    plain = load(tmp_path, "measure: count; window: 90d")
    assert fingerprint_of(1, "own", (), [plain]) == "ac0a41a63588"
    later = msgspec.structs.replace(plain, window_to=30 * DAY)
    assert fingerprint_of(1, "own", (), [later]) != fingerprint_of(1, "own", (), [plain])
