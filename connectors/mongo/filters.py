"""Write the filter of an ask for MongoDB. Pure.

MongoDB has times to the millisecond, so a bound between two of them is the same as the later one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from numbers import Number
from typing import Any

from bson import Decimal128, Regex

from connectors.contract import Ask, Condition, Measure, Position
from connectors.mongo.enum_filters import meaning
from connectors.mongo.field_paths import FieldPath, FieldPaths, FieldSource
from connectors.mongo.values import INTEGERS, cents_text, texts_of, to_text
from connectors.record_fields import LIST
from connectors.records import Record
from connectors.toolkit.converters import NO, YES, code_pattern
from connectors.toolkit.evaluation import EXACT, as_time
from connectors.toolkit.ratings import ABOVE, BELOW, BEST, WORST, Scale

Match = dict[str, Any]
NOTHING: Match = {"_id": {"$in": []}}
IS_DATE = {"$type": "date"}
NO_DATE = {"$type": ["string", "number"]}
"""A time of another type, which MongoDB compares with no date."""
HAS_ID = {"$nin": [None, "", Regex(r"^\s+$")]}


def all_of(parts: Iterable[Match]) -> Match:
    """Match every part."""
    filled = [part for part in parts if part]
    return filled[0] if len(filled) == 1 else {"$and": filled} if filled else {}


def match_ask(places: FieldPaths, record: type[Record], asked: Ask | Measure) -> Iterator[Match]:
    """Match the bounds on the record's time, and the conditions. An ask matches times of other types as well, to say so."""
    if record.time_field is not None:
        bounds = {"$gte": asked.since, "$lt": asked.until}
        time = {word: ceiling(bound) for word, bound in bounds.items() if bound is not None}
        path = str(places.spot(record.time_field).path)
        if time:
            yield {"$or": [{path: time}, {path: NO_DATE}]} if isinstance(asked, Ask) else {path: time}
    if isinstance(asked, Ask) and asked.updated_since is not None:
        # What has no date there is compared by the gateway.
        path = str(places.spot("updated_at").path)
        yield {"$or": [{path: {"$gte": ceiling(asked.updated_since)}}, {path: {"$not": IS_DATE}}]}
    for part in asked.where:
        match = condition(places, part)
        yield {"$nor": [match]} if part.negated else match


def later(position: Position, time: str | None, id_: str, *, as_text: bool, oldest_first: bool) -> Match:
    """Match the records after a position. `as_text`: the id at that path is text, however documents have it.

    An empty id is before all ids, of whatever type: a text is compared with no other type.
    """
    ids = [position.id] if as_text else list(texts_of(position.id))
    up = time is None or oldest_first
    beyond = {"$or": [{id_: {"$gt" if up else "$lt": own}} for own in ids]}
    if time is None or position.time is None:
        return beyond
    end = ceiling(position.time)
    same = [{"$and": [{time: end}, beyond]}] if end == position.time and position.id else []
    if not oldest_first:
        return {"$or": [{time: {"$lt": end}}, *same, {time: {"$not": IS_DATE}}]}  # what has no date comes last
    return {"$or": [{time: {"$gt": end} if same else {"$gte": end}}, *same]}


def condition(places: FieldPaths, asked: Condition) -> Match:
    """Match a condition, before it is negated. In a list of objects one of its items must."""
    place = places.place(asked.field)
    inner, outer, possible = _tests(place, asked.values)
    if not possible:
        return NOTHING
    if place.in_list is None:
        return all_of([inner])
    there = {place.in_list: {"$elemMatch": inner}} if inner else {f"{place.in_list}.0": {"$exists": True}}
    return all_of([there, outer])


def present(spot: FieldSource) -> dict[str, Any]:
    """Match a value that is there."""
    return {} if spot.path is None else {spot.path: {"$ne": None}}


def through(path: str) -> Any:
    """Write a path's expression, an array where it passes arrays.

    MongoDB goes through them for `$a.b` too; not everything that speaks its protocol does.
    """
    first, *rest = path.split(".")
    expression: Any = f"${first}"
    for name in rest:
        each = {"$map": {"input": "$$outer", "as": "one", "in": f"$$one.{name}"}}
        expression = {
            "$let": {"vars": {"outer": expression}, "in": {"$cond": [{"$isArray": "$$outer"}, each, f"$$outer.{name}"]}}
        }
    return expression


def as_decimal(value: Any) -> Any:
    """Convert a value to a decimal, null if it is no number."""
    return {"$convert": {"input": value, "to": "decimal", "onError": None, "onNull": None}}


def on_scale(number: Any, scale: Scale) -> Any:
    """Bring a number onto the scale of ratings, as `rating_of`."""
    worst, best = scale
    place = {"$divide": [{"$multiply": [{"$subtract": ["$$rated", worst]}, BEST - WORST]}, best - worst]}
    nearest = {"$floor": {"$add": [place, Decimal128("0.5"), WORST]}}
    not_above = {"$cond": [{"$gt": ["$$rated", max(scale)]}, ABOVE, nearest]}
    rated = {"$cond": [{"$lt": ["$$rated", min(scale)]}, BELOW, not_above]}
    return {"$let": {"vars": {"rated": number}, "in": {"$cond": [{"$eq": ["$$rated", None]}, None, rated]}}}


def ceiling(time: datetime) -> datetime:
    """The first millisecond that is not before the time."""
    over = time.microsecond % 1000
    try:
        return time + timedelta(microseconds=1000 - over) if over else time
    except OverflowError:
        return time


def _tests(place: FieldPath, values: Sequence[str]) -> tuple[Match, Match, bool]:
    """Split a test into the item's and the outer document's. It says whether it can hold, too."""
    spot = place.spot
    inner: Match = {}
    outer: Match = {}
    for needed in place.needed:
        if needed.path is not None:
            (outer if needed.outer else inner)[needed.path] = {"$ne": None}
    if spot.path is None:
        constant = spot.convert(spot.constant)
        return inner, outer, constant is not None and str(constant) in values
    if spot.rating_scale is not None:
        asked = [int(value) for value in values if value.isdecimal()]
        return {"$expr": {"$in": [on_scale(as_decimal(f"${spot.path}"), spot.rating_scale), asked]}}, outer, bool(asked)
    test = _test(spot, values)
    (outer if spot.outer else inner)[spot.path] = test
    return inner, outer, test != {"$in": []}


def _test(spot: FieldSource, values: Sequence[str]) -> dict[str, Any]:
    leaf, default = spot.field.leaf, spot.default
    if leaf is not None and issubclass(leaf, Enum) and spot.field.form != LIST:
        return meaning(leaf, spot.words, values, default)
    tests = [written for value in values for written in _written(leaf, spot, value)]
    if default is not None and to_text(default) in values:
        tests.append(None)
    return {"$in": tests}


def _written(leaf: type | None, spot: FieldSource, value: str) -> Iterator[Any]:
    """The values of a document that become this one."""
    if code_pattern(spot.field) is not None:
        yield Regex(rf"^\s*{re.escape(value)}\s*$", "i")
    if leaf is str:
        for word in (value, *(word for word, meant in spot.words.items() if meant == value)):
            if spot.words.get(word, word) == value:
                yield from texts_of(word)
    elif leaf is bool and value in ("true", "false"):
        words = map(re.escape, YES if value == "true" else NO)
        yield from (value == "true", int(value == "true"), Regex(rf"^\s*({'|'.join(words)})\s*$", "i"))
    elif leaf in (int, Decimal, Number):
        yield from _numbers(value, spot.scale)
    elif leaf is datetime:
        try:
            time = as_time(value)
        except (ValueError, OverflowError):
            return
        if ceiling(time) == time:
            yield time


def _numbers(value: str, scale: int) -> Iterator[Any]:
    try:
        number = Decimal(value).scaleb(scale, EXACT)
        yield Decimal128(number)
    except (InvalidOperation, ValueError):
        return
    yield from (float(number), f"{number:f}", cents_text(number), f"{number.normalize(EXACT):f}")
    if number == number.to_integral_value() and int(number) in INTEGERS:
        yield int(number)
