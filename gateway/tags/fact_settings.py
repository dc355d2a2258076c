"""Read a fact from its section, and check it against the record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from numbers import Number

import msgspec

from connectors.contract import Condition, MeasureOp
from connectors.record_fields import LIST, FieldInfo, fields_of, leaf_field
from connectors.records import RECORDS, Money, Record
from connectors.suggestions import did_you_mean
from gateway.tags.definitions import Fact
from gateway.tags.yaml_sections import Section

SETTINGS = ("label", "record", "measure", "field", "as", "currency", "rates", "window", "where", "except")
DAYS_AGO = "days_ago"

FIRST, LAST = "first", "last"
MEASURES = {op.value: op for op in MeasureOp} | {FIRST: MeasureOp.MIN, LAST: MeasureOp.MAX}
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
_FITS: dict[MeasureOp, tuple[tuple[type, ...], str]] = {
    MeasureOp.SUM: (_NUMBER, "a number or money"),
    MeasureOp.AVERAGE: (_NUMBER, "a number"),
    MeasureOp.MIN: ((*_NUMBER, datetime), "a number or a time"),
    MeasureOp.MAX: ((*_NUMBER, datetime), "a number or a time"),
    MeasureOp.TOP: ((str, int), "text or a whole number"),
    MeasureOp.LATEST: ((str, datetime, *_NUMBER), "a single value"),
}
_CURRENCY = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"\d{1,9}(\.\d{1,9})?")


def read_fact(name: str, section: Section) -> Fact | None:
    """Read the fact. None when a problem was reported that leaves nothing to measure."""
    section.expect(SETTINGS)
    label = section.text("label")
    record = section.choice("record", RECORDS)
    measure = section.choice("measure", MEASURES)
    window = section.duration("window")
    if record is None or measure is None:
        _rates(section)  # which says what is wrong with them
        return None
    field = section.optional_text("field")
    info = _check_field(section, record, measure, field)
    _check_window(section, record)
    return Fact(
        name=name,
        label=label,
        record=record,
        measure=measure,
        field=field,
        window=window,
        where=_conditions(section, record),
        currency=_currency(section, info),
        rates=_rates(section),
        as_days=_as_days(section, info),
    )


def _check_field(section: Section, record: type[Record], measure: MeasureOp, field: str | None) -> FieldInfo | None:
    """Check the measured field. None for COUNT, and when a problem was reported that makes further checks pointless."""
    if measure is MeasureOp.COUNT:
        if "field" in section:
            section.report("field", "measure 'count' counts records; remove the field, or choose another measure")
        return None
    word = section.text("measure")
    if field is None:
        section.report("field", f"is missing; measure '{word}' needs one")
        return None
    info = _shape(section, "field", record, field)
    if info and (problem := _misfit(record, word, field, info)):
        section.report("field", problem)
        return None
    return info


def _misfit(record: type[Record], word: str, field: str, info: FieldInfo) -> str | None:
    measure = MEASURES[word]
    parent = leaf_field(record, field.rpartition(".")[0])
    if info.struct is Money:
        return None if measure is MeasureOp.SUM else f"measure '{word}' does not fit money; money can be summed"
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


def _check_window(section: Section, record: type[Record]) -> None:
    if "window" in section and record.time_field is None:
        section.report("window", "these records have no time of their own; remove the window")


def _as_days(section: Section, field: FieldInfo | None) -> bool:
    if "as" not in section:
        return False
    section.choice("as", {DAYS_AGO: True})
    word = section.text("measure")
    if word == MeasureOp.COUNT or (field and field.leaf is not datetime):
        section.report("as", f"'{DAYS_AGO}' needs a field that is a time; remove it, or choose another field")
    elif field and word == MeasureOp.MIN:
        section.report("measure", f"'{word}' of a time is the earliest, so the most days ago; write '{FIRST}'")
    elif field and word == MeasureOp.MAX:
        section.report("measure", f"'{word}' of a time is the latest, so the fewest days ago; write '{LAST}'")
    return True


def _currency(section: Section, field: FieldInfo | None) -> str | None:
    currency = section.optional_text("currency")
    is_money = field is not None and field.struct is Money
    if currency and not _CURRENCY.fullmatch(currency):
        section.report("currency", f"'{currency}' is no currency; write three capital letters, such as EUR")
    if is_money and "currency" not in section:
        section.report("currency", "is missing; money is counted in one currency")
    for name in ("currency", "rates"):
        if not is_money and field and name in section:
            section.report(name, "only money has a currency; remove it")
    return currency


def _rates(section: Section) -> tuple[tuple[str, Decimal], ...]:
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
    return tuple(sorted(decimals.items()))


def _conditions(section: Section, record: type[Record]) -> tuple[Condition, ...]:
    conditions: list[Condition] = []
    for setting in ("where", "except"):
        fields = section.section(setting)
        for field in fields or ():
            assert fields is not None
            values = fields.texts(field)
            _check_values(fields, record, field, values)
            conditions.append(Condition(field=field, values=values, negated=setting == "except"))
    return tuple(conditions)


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
