"""Drop decoded records whose values cannot be compared, added up or written.

Times are put into UTC. A record is unsound when one of its times has no UTC (the year 0 or 10000), one of its decimals is not
finite or has an exponent out of all proportion, or its free JSON is nested too deeply. A quantity that is whole becomes an int,
and any decimal is written without an exponent.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from numbers import Number
from typing import Any

import msgspec

from connectors.record_fields import LEAF, LIST, OBJECT, fields_of
from connectors.records import MAX_DIGITS, MAX_NESTED
from connectors.toolkit.code_generation import CodeWriter, indented
from connectors.toolkit.evaluation import is_sound, plain

Look = Callable[[list[Any]], list[Any]]


def is_deep(free: Any, levels: int = MAX_NESTED) -> bool:
    """Tell whether free JSON is nested in too many levels."""
    for value in free.values() if type(free) is dict else free:
        if (type(value) is dict or type(value) is list) and (levels == 1 or is_deep(value, levels - 1)):
            return True
    return False


_DOUBTS: dict[type | None, str] = {
    datetime: "{0}.tzinfo is not UTC",
    Decimal: f"not ({{0}}.is_finite() and -6 <= {{0}}.adjusted() <= {MAX_DIGITS} and ({{0}} or not {{0}}.is_signed()))",
    Number: "type({0}) is not int",
    dict: "not plain(map(type, {0}.values())) and is_deep({0})",
}
"""When a value of a type needs to be looked at, as an expression."""

_NAMES = {"UTC": UTC, "plain": frozenset([str, int, float, bool, type(None)]).issuperset, "is_deep": is_deep}


_ODD = {Decimal: r'"%s" ?:(?! ?"-?[0-9][0-9.]*")', Number: r'"%s" ?: ?"(?!-?[0-9][0-9.]*")'}
"""Decimals that are written as few are. Python reads texts such as `1_000`, which are no numbers, and knows `1e2` from 100."""


def is_odd(records: bytes, kind: type[msgspec.Struct]) -> bool:
    """Tell whether decimals need a look before the records are decoded."""
    return any(search(records) for search in _odd_numbers(kind))


@lru_cache(maxsize=1024)
def _odd_numbers(kind: type[msgspec.Struct]) -> list[Callable[[bytes], Any]]:
    """Functions that find them, each of one name."""
    return [re.compile(pattern.encode()).search for pattern in sorted(_patterns(kind))]


def _patterns(kind: type[msgspec.Struct]) -> set[str]:
    own = {_ODD[field.leaf] % field.json_name for field in fields_of(kind).values() if field.leaf in _ODD}
    return own.union(*(_patterns(field.struct) for field in fields_of(kind).values() if field.struct is not None))


def has_id(record: Any) -> bool:
    """Tell whether an id, where it is selected, is not blank."""
    return not isinstance(record, msgspec.Struct) or bool(getattr(record, "id", "-").strip())


def drop_invalid(records: list[Any], kind: type[msgspec.Struct]) -> list[Any]:
    """Drop unsound records of one type; the others keep their order."""
    doubtful = _look(kind)(records)
    if not doubtful:
        return records
    unsound = {id(record) for record in doubtful if not _is_sound_in_utc(record) or not has_id(record)}
    return [record for record in records if id(record) not in unsound]


@lru_cache(maxsize=1024)
def _look(kind: type[msgspec.Struct]) -> Look:
    """Write a function that finds the records to look at: in one pass, over nothing but the fields that can be in doubt.

    To settle each record instead takes six times as long as to decode it (decision 39).
    """
    lines = _lines(LIST, None, kind, "records", 0)
    if "id" in fields_of(kind):
        lines = [*(lines or ["for v0 in records:"]), "  if not v0.id.strip():", "    found.append(v0)"]
    return CodeWriter(**_NAMES).function("records", ["found = []", *lines, "return found"])


def _lines(form: str, leaf: type | None, struct: type[msgspec.Struct] | None, source: str, depth: int) -> list[str]:
    """Write the statements that check one value.

    None are needed where nothing in it can be in doubt. The variable `v0` is the record.
    """
    name = f"v{depth}"
    if form == LIST:
        inner = _lines(LEAF if struct is None else OBJECT, leaf, struct, name, depth + 1)
        return [f"for {name} in {source}:", *indented(inner)] if inner else []
    if struct is None:
        doubt = _DOUBTS.get(leaf)
        test = doubt and f"if {name} is not None and {doubt.format(name)}:"
        return [f"{name} = {source}", test, "  found.append(v0)"] if test else []
    inner = [
        line
        for field in fields_of(struct).values()
        for line in _lines(field.form, field.leaf, field.struct, f"{name}.{field.name}", depth + 1)
    ]
    return [f"{name} = {source}", f"if {name} is not None:", *indented(inner)] if inner else []


def _is_sound_in_utc(record: msgspec.Struct) -> bool:
    """Whether a record is sound, now that its times are in UTC."""
    try:
        return all(_settle(record, name) for name in record.__struct_fields__)
    except OverflowError:
        return False


def _settle(owner: msgspec.Struct, name: str) -> bool:
    match getattr(owner, name):
        case msgspec.Struct() as part:
            return _is_sound_in_utc(part)
        case list() as items:
            return all(_is_sound_in_utc(item) for item in items if isinstance(item, msgspec.Struct))
        case value:
            normal = normalise_value(value, fields_of(type(owner))[name].leaf)
            if normal is not value:
                msgspec.structs.force_setattr(owner, name, normal)
    return True


def normalise_value(value: Any, leaf: type | None) -> Any:
    """Normalise a value of a leaf: times in UTC, whole quantities as ints. Raises `OverflowError` for an unsound one."""
    match value:
        case datetime():
            return value if value.tzinfo is UTC else value.astimezone(UTC)
        case Decimal():
            if not is_sound(value):
                raise OverflowError
            if leaf is Number and value == value.to_integral_value():
                return int(value)
            return plain(value)
        case dict() if is_deep(value):
            raise OverflowError
    return value
