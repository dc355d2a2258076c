"""Read a fact from its section, and check it against the record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Number
from typing import Any, NamedTuple

import msgspec

from connectors.contract import PLAIN_OPS, SOURCE_OPS, Condition, MeasureOp
from connectors.record_fields import LIST, FieldInfo, fields_of, leaf_field
from connectors.records import RECORDS, Event, Money, Record
from connectors.suggestions import did_you_mean
from gateway.tags.definitions import DerivedMeasure, Fact, FactMeasure, ItemWeight, TimeForm
from gateway.tags.fact_parts import PART_FIELDS
from gateway.tags.language_settings import read_label
from gateway.tags.window_settings import read_window
from gateway.tags.yaml_sections import Problems, Section

SETTINGS = (
    *("label", "record", "measure", "field", "as", "currency", "rates", "window", "where", "except"),
    *("parts", "share_of", "by", "inactivity"),
)
DAYS_AGO = "days_ago"
_FORMS = {DAYS_AGO: None, **{form.value: form for form in TimeForm}}
_OF_CLOCK = (TimeForm.HOUR, TimeForm.DAY)
_COUNTED = frozenset({MeasureOp.TOP, DerivedMeasure.DISTINCT})

FIRST, LAST = "first", "last"
MEASURES: Mapping[str, FactMeasure] = {
    **{op.value: op for op in (*MeasureOp, *DerivedMeasure) if op not in SOURCE_OPS - PLAIN_OPS and op != MeasureOp.RECORDS},
    FIRST: MeasureOp.MIN,
    LAST: MeasureOp.MAX,
}
"""The measures by the words of the file. `first` and `last` are of times."""

_WORDS: dict[type | None, str] = {
    str: "text",
    int: "a whole number",
    Decimal: "a number",
    Number: "a number",
    datetime: "a time",
    bool: "yes or no",
}
_NUMBER = (int, float, Decimal, Number)
_FITS: dict[FactMeasure, tuple[tuple[type, ...], str]] = {
    MeasureOp.SUM: (_NUMBER, "a number or money"),
    MeasureOp.AVERAGE: (_NUMBER, "a number"),
    MeasureOp.MIN: ((*_NUMBER, datetime), "a number or a time"),
    MeasureOp.MAX: ((*_NUMBER, datetime), "a number or a time"),
    MeasureOp.TOP: ((str, int), "text or a whole number"),
    MeasureOp.LATEST: ((str, datetime, *_NUMBER), "a single value"),
    DerivedMeasure.DISTINCT: ((str, int), "text or a whole number"),
    DerivedMeasure.INTERVAL: ((datetime,), "a time"),
    DerivedMeasure.NEXT: ((datetime,), "a time"),
    DerivedMeasure.TREND: (_NUMBER, "a number or money"),
    DerivedMeasure.SPREAD: (_NUMBER, "a number or money"),
}
_OF_MONEY = frozenset({MeasureOp.SUM, MeasureOp.AVERAGE, DerivedMeasure.TREND, DerivedMeasure.SPREAD})
_OF_RECORDS: Mapping[FactMeasure, str] = {
    MeasureOp.COUNT: "counts records",
    DerivedMeasure.SHARE: "counts records",
    DerivedMeasure.STREAK: "counts months with records",
    DerivedMeasure.SESSIONS: "counts sessions of events",
    DerivedMeasure.SESSION_LENGTH: "is of sessions of events",
}
"""Measures without a field, and what they do."""

_SESSIONS = frozenset({DerivedMeasure.SESSIONS, DerivedMeasure.SESSION_LENGTH})
INACTIVITY = timedelta(minutes=30)
"""After so long without an event a session is over, where the fact does not say it."""

_WEIGHTS = {weight.value: weight for weight in ItemWeight}
_OF_WHOM = {"customer": False, "device": True}
_CURRENCY = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"\d{1,9}(\.\d{1,9})?")


class ReadFact(NamedTuple):
    """A fact, None where nothing is left to measure. Problems may leave its type open, or which records it measures."""

    fact: Fact | None
    is_typed: bool
    is_chosen: bool


def read_fact(name: str, section: Section, problems: Problems, timezone: str | None = None) -> ReadFact:
    """Read the fact, and report its problems. `timezone` is that of the file's calendar months."""
    section.expect(SETTINGS)
    label, labels = read_label(section)
    before = len(problems)
    record = section.choice("record", RECORDS)
    measure = section.choice("measure", MEASURES)
    if record is None or measure is None:
        _check_unread(section)
        return ReadFact(None, is_typed=False, is_chosen=False)
    field, info = _read_field(section, record, measure)
    weight = _weight(section, measure, record, field)
    is_without_field = measure in _OF_RECORDS or (measure == DerivedMeasure.TREND and "field" not in section)
    currency = _currency(section, info, is_needed=weight is ItemWeight.MONEY, is_without_field=is_without_field)
    as_days, time_form = _time_form(section, info, is_without_field=is_without_field)
    sessions = _sessions(section, record, measure)
    typed = len(problems)
    window, where = read_window(section, record, measure), _conditions(section, record)
    part_where, share_of = _parts(section, record, field), _share_of(section, record, measure)
    chosen = len(problems)
    is_of_calendar = "months" in window or measure == DerivedMeasure.STREAK or time_form in _OF_CLOCK
    fact = Fact(
        name=name,
        label=label,
        labels=labels,
        record=record,
        measure=measure,
        field=field,
        where=where,
        currency=currency,
        rates=_rates(section, currency),
        as_days=as_days,
        timezone=timezone if is_of_calendar else None,
        part_where=part_where,
        share_of=share_of,
        weight=weight,
        time_form=time_form,
        **window,
        **sessions,
    )
    return ReadFact(fact, is_typed=typed == before, is_chosen=chosen == typed)


def _check_unread(section: Section) -> None:
    """Report what is wrong in settings whose meaning cannot be told."""
    if not section.is_mapping("window"):
        section.duration("window")
    _rates(section, None)


def _read_field(section: Section, record: type[Record], measure: FactMeasure) -> tuple[str | None, FieldInfo | None]:
    """Read the measured field. An interval without one is between the records' own times."""
    field = section.optional_text("field")
    if field is None and "field" not in section:
        if measure in (DerivedMeasure.INTERVAL, DerivedMeasure.NEXT) and record.time_field is not None:
            field = record.time_field
        elif measure == DerivedMeasure.TREND:
            return None, None
    return field, _check_field(section, record, measure, field)


def _check_field(section: Section, record: type[Record], measure: FactMeasure, field: str | None) -> FieldInfo | None:
    """Check the measured field. None without one, and when a problem was reported that makes further checks pointless."""
    word = section.text("measure")
    if measure in _OF_RECORDS:
        if "field" in section:
            section.report("field", f"measure '{word}' {_OF_RECORDS[measure]}; remove the field, or choose another measure")
        return None
    if field is None:
        section.report("field", f"is missing; measure '{word}' needs one")
        return None
    info = _shape(section, "field", record, field)
    is_clocked = MEASURES[word] in _COUNTED and section.optional_text("as") in _OF_CLOCK and info is not None
    if is_clocked and info is not None and info.leaf is datetime:
        return info
    if info and (problem := _misfit(record, word, field, info)):
        section.report("field", problem)
        return None
    return info


def _weight(section: Section, measure: FactMeasure, record: type[Record], field: str | None) -> ItemWeight:
    if "by" not in section or measure in _SESSIONS:
        return ItemWeight.LINES
    if measure != MeasureOp.TOP:
        section.report("by", "only 'top' and sessions have it; remove it")
        return ItemWeight.LINES
    weight = section.choice("by", _WEIGHTS) or ItemWeight.LINES
    parent = leaf_field(record, field.rpartition(".")[0]) if field else None
    inside = fields_of(parent.struct) if parent is not None and parent.struct is not None and parent.form == LIST else {}
    if field and not set(PART_FIELDS[weight]) <= inside.keys():
        needed = ", ".join(PART_FIELDS[weight])
        section.report("by", f"'{field}' is in no list of parts that have {needed}; write a field such as items.category")
        return ItemWeight.LINES
    return weight


def _sessions(section: Section, record: type[Record], measure: FactMeasure) -> dict[str, Any]:
    """Read how events make sessions."""
    if measure not in _SESSIONS:
        if "inactivity" in section:
            section.report("inactivity", "only sessions have it; remove it")
        return {}
    if record is not Event:
        section.report("record", "sessions are of events; write 'event'")
    by_device = bool(section.choice("by", _OF_WHOM)) if "by" in section else False
    return {"inactivity": section.duration("inactivity") or INACTIVITY, "by_device": by_device}


def _parts(section: Section, record: type[Record], field: str | None) -> tuple[Condition, ...]:
    """Read the conditions on the items of the measured list."""
    conditions = _conditions_of(section, "parts", record)
    name = field.partition(".")[0] if field and "." in field else None
    info = leaf_field(record, name) if name else None
    if "parts" in section and (info is None or info.form != LIST):
        section.report("parts", "needs a measured field in a list, such as items.quantity; 'where' chooses records")
        return ()
    for condition in conditions:
        if condition.field.partition(".")[0] != name:
            section.report("parts", f"'{condition.field}' is not in {name}, the measured list; 'where' chooses records")
    return conditions


def _share_of(section: Section, record: type[Record], measure: FactMeasure) -> tuple[Condition, ...]:
    conditions = _conditions_of(section, "share_of", record)
    is_share = measure == DerivedMeasure.SHARE
    if is_share and "share_of" not in section:
        section.report("share_of", "is missing; say which records the share is of, such as {status: [RETURNED]}")
    elif "share_of" in section and not is_share:
        section.report("share_of", "only measure 'share' has it; remove it, or write 'where'")
    return conditions


def _conditions_of(section: Section, setting: str, record: type[Record]) -> tuple[Condition, ...]:
    fields = section.section(setting)
    if fields is not None and not [*fields]:
        section.report(setting, "is empty; give at least one field with its values, or remove it")
    conditions = []
    for field in fields or ():
        assert fields is not None
        values = fields.texts(field)
        _check_values(fields, record, field, values)
        conditions.append(Condition(field=field, values=values))
    return tuple(conditions)


def _misfit(record: type[Record], word: str, field: str, info: FieldInfo) -> str | None:
    measure = MEASURES[word]
    parent = leaf_field(record, field.rpartition(".")[0])
    if info.struct is Money:
        return None if measure in _OF_MONEY else f"measure '{word}' does not fit money; money can be summed"
    if info.struct is not None:
        return f"'{field}' has fields of its own; name one, such as '{field}.{next(iter(fields_of(info.struct)))}'"
    if parent and parent.struct is Money and info.leaf is Decimal:
        return f"an amount means nothing without its currency; use measure 'sum' of '{field.rpartition('.')[0]}'"
    if measure is MeasureOp.LATEST and _repeats(record, field):
        return f"measure 'latest' needs a single value in each record, and '{field}' is in a list; 'top' fits lists"
    fitting, needed = ((datetime,), "a time") if word in (FIRST, LAST) else _FITS[measure]
    fits = info.leaf is not None and info.leaf is not bool and issubclass(info.leaf, fitting)
    hint = "; 'latest' gives the value of the newest record" if word == LAST else ""
    return None if fits else f"measure '{word}' needs {needed}, and '{field}' is {_in_words(info.leaf)}{hint}"


def _time_form(section: Section, field: FieldInfo | None, *, is_without_field: bool) -> tuple[bool, TimeForm | None]:
    """Read what a time is turned into: whole days before the reference time, or another form."""
    if "as" not in section:
        return False, None
    form = section.choice("as", _FORMS)
    named, word = section.optional_text("as"), section.text("measure")
    is_age = word in (FIRST, LAST, MeasureOp.LATEST, MeasureOp.MIN, MeasureOp.MAX)
    if form in _OF_CLOCK and MEASURES[word] not in _COUNTED:
        section.report("as", f"'{named}' goes with measure 'top' or 'distinct'; choose one of them, or remove it")
    elif (form not in _OF_CLOCK and not is_age and (field or is_without_field)) or (field and field.leaf is not datetime):
        section.report("as", f"'{named}' needs a field that is a time; remove it, or choose another field")
    elif field and word == MeasureOp.MIN:
        section.report("measure", f"'{word}' of a time is the earliest, so the most days ago; write '{FIRST}'")
    elif field and word == MeasureOp.MAX:
        section.report("measure", f"'{word}' of a time is the latest, so the fewest days ago; write '{LAST}'")
    return named not in {own.value for own in TimeForm}, form


def _currency(section: Section, field: FieldInfo | None, *, is_needed: bool, is_without_field: bool) -> str | None:
    currency = section.optional_text("currency")
    is_money = is_needed or (field is not None and field.struct is Money)
    if currency and not _CURRENCY.fullmatch(currency):
        section.report("currency", f"'{currency}' is no currency; write three capital letters, such as EUR")
    if is_money and "currency" not in section:
        section.report("currency", "is missing; money is counted in one currency")
    for name in ("currency", "rates"):
        if not is_money and (field or is_without_field) and name in section:
            section.report(name, "only money has a currency; remove it")
    return currency


def _rates(section: Section, own: str | None) -> tuple[tuple[str, Decimal], ...]:
    rates = section.section("rates")
    if rates is None:
        return ()
    decimals: dict[str, Decimal] = {}
    for currency in rates:
        text = rates.text(currency)
        if not _CURRENCY.fullmatch(currency):
            rates.report(currency, f"'{currency}' is no currency; write three capital letters, such as EUR")
        if text and not (_RATE.fullmatch(text) and Decimal(text)):
            rates.report(
                currency, f"'{text}' is no rate; write how much of {currency} is one of the fact's currency, such as 1.25"
            )
        elif text:
            rates.refuse_quotes(currency, "a number")
            decimals[currency] = Decimal(text)
            if currency == own and decimals[currency] != 1:
                rates.report(currency, f"{own} is the fact's own currency, of which one is 1; remove it")
    return tuple(sorted(decimals.items()))


def _conditions(section: Section, record: type[Record]) -> tuple[Condition, ...]:
    conditions: list[Condition] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for setting in ("where", "except"):
        fields = section.section(setting)
        for field in fields or ():
            assert fields is not None
            values = fields.texts(field)
            _check_values(fields, record, field, values)
            both = [value for value in values if value in chosen.get(field, ())]
            if both:
                fields.report(field, f"{_quoted(both)} in 'where' too, so no such record is measured; keep one of the two")
            chosen |= {field: values} if setting == "where" else {}
            conditions.append(Condition(field=field, values=values, negated=setting == "except"))
    return tuple(conditions)


def _quoted(words: Sequence[str]) -> str:
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"{quoted} {'is' if len(words) == 1 else 'are'}"


def _check_values(fields: Section, record: type[Record], field: str, values: tuple[str, ...]) -> None:
    info = _shape(fields, field, record, field)
    if info is None:
        return
    leaf = info.leaf
    if leaf is None or leaf is bool or not (leaf is Number or issubclass(leaf, str | int)):
        fields.report(field, "cannot be compared; use a field that is text, a whole number or one of several words")
    elif issubclass(leaf, Enum):
        words = [member.value for member in leaf]
        for value in values:
            if value not in words:
                fields.report(field, f"'{value}' is not one of its values{did_you_mean(value, words)}")
    elif leaf is Number or issubclass(leaf, int):
        wrong = [value for value in values if not re.fullmatch(r"-?\d+", value)]
        for value in wrong:
            fields.report(field, f"'{value}' is not a whole number; write it in digits")
        if not wrong:
            fields.refuse_quotes(field, "a whole number")


def _shape(section: Section, setting: str, record: type[Record], path: str) -> FieldInfo | None:
    field = leaf_field(record, path)
    if field is None:
        section.report(setting, f"the record has no field '{path}'{did_you_mean(path, list(_paths(record)))}")
    return field


def _paths(struct: type[msgspec.Struct]) -> Iterator[str]:
    for name, field in fields_of(struct).items():
        yield name
        if field.struct is not None:
            yield from (f"{name}.{inner}" for inner in _paths(field.struct))


def _repeats(record: type[Record], path: str) -> bool:
    names = path.split(".")
    prefixes = (".".join(names[: end + 1]) for end in range(len(names)))
    return any(field.form == LIST for prefix in prefixes if (field := leaf_field(record, prefix)))


def _in_words(leaf: type | None) -> str:
    if leaf is not None and issubclass(leaf, Enum):
        return "one of several words"
    return _WORDS.get(leaf, "an object")
