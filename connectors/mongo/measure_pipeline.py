"""The one pipeline of a batch of measures: documents are read once, each measure is a facet over them.

A facet gives what a few documents can tell (sums, counts of each word, the newest value), never the records. Words become
enums here, and sums the numbers of the contract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from numbers import Number
from typing import Any

from bson import Decimal128

from connectors.contract import MAX_COUNTS, Keys, Measure, MeasureOp
from connectors.errors import SourceError, SourceProtocolError
from connectors.mongo.field_paths import FieldPath, FieldPaths, FieldSource, projection
from connectors.mongo.filters import IS_DATE, all_of, as_decimal, match_ask, on_scale, present, through
from connectors.mongo.keys import Asked, grouping, keys_of, match_of
from connectors.mongo.lookup_pipeline import SortKeys
from connectors.mongo.record_settings import KeySettings
from connectors.mongo.values import cents_text, to_decimal
from connectors.record_fields import LIST, limits
from connectors.records import MAX_DIGITS, Money, Record
from connectors.toolkit.evaluation import EXACT, ranked_counts, rfc3339, sums_by_currency
from connectors.toolkit.ratings import rating_of

Stages = list[dict[str, Any]]
KEY, INDEX, DOUBTS = "gateway_key", "gateway_index", "doubts"
_MAX_PLACES = 6
"""Decimals of an average that has more."""
_NUMBERS = (int, float, Decimal, Number)
_LEAST, _GREATEST = (Decimal128(f"{sign}1E+{MAX_DIGITS}") for sign in "-+")
"""Numbers beyond these, and what is none, are in no record either."""


_ADDED = (MeasureOp.SUM, MeasureOp.AVERAGE)
_PER_CURRENCY = (*_ADDED, MeasureOp.VALUES)
_BY_VALUE = (MeasureOp.TOP, MeasureOp.COUNTS)

MAX_PAIR_BYTES = 6_000_000
"""How large the values of all keys may be that COUNTS gives, for all facets are one document, of 16 MiB at most."""
_PAIR_BYTES = 100
"""What a value takes beside its text, with room to spare."""


def measure_stages(
    places: FieldPaths, record: type[Record], order: SortKeys, key: KeySettings, asked: Asked, measures: Sequence[Measure]
) -> Stages:
    """Write one document with each measure: `m0`, `m1` and so on."""
    read = [path for measure in measures for path in _paths(places, measure)]
    counting = sum(measure.op is MeasureOp.COUNTS for measure in measures)
    budget = MAX_PAIR_BYTES // max(1, counting * sum(map(len, asked.values())))
    projected = projection([KEY, order.id_name, *([order.time] if order.time else []), *read])
    return [
        {"$match": match_of(key, asked)},
        *order.prepared(),
        *grouping(key, asked),
        {"$project": projected},
        {
            "$facet": {f"m{number}": _facet(places, record, order, measure, budget) for number, measure in enumerate(measures)}
            | {DOUBTS: _doubts(places, order, measures)}
        },
    ]


def nothing_of(places: FieldPaths, measure: Measure) -> Any:
    """The value of a measure when there is nothing to measure."""
    if measure.op in (MeasureOp.SUM, MeasureOp.VALUES) and measure.field:
        return [] if _is_money(places.place(measure.field)) else 0
    if measure.op is MeasureOp.COUNTS:
        return []
    return 0 if measure.op is MeasureOp.COUNT else None


def answers(
    places: FieldPaths,
    measures: Sequence[Measure],
    document: Mapping[str, Any],
    nothing: Sequence[Any],
    keys: Keys,
    asked: Asked,
) -> dict[str, list[Any] | SourceError]:
    """Put the facets together. Every key has an answer, `nothing` where there is nothing.

    A key some of whose documents are in doubt has an error for an answer: the gateway then measures its records.
    """
    values = {key: list(nothing) for key in keys}
    too_many: set[str] = set()
    for number, measure in enumerate(measures):
        rows: dict[str, list[Any]] = {}
        for row in document.get(f"m{number}", ()):
            for own in keys_of(row["_id"][KEY], asked):
                rows.setdefault(own, []).append(row)
        for own, mine in rows.items():
            values[own][number] = _value(places, measure, mine)
            if any(row.get("is_cut", False) for row in mine):
                too_many.add(own)
    in_doubt = [row for row in document.get(DOUBTS, ()) if row["odd"] or row["ids"] < row["all"]]
    error = SourceProtocolError("some documents cannot be read")
    doubtful = {*too_many, *(own for row in in_doubt for own in keys_of(row["_id"][KEY], asked))}
    return values | dict.fromkeys(doubtful, error)


def _doubts(places: FieldPaths, order: SortKeys, measures: Sequence[Measure]) -> Stages:
    """Count a key's documents that a measure may misread. Also count documents by their ids."""
    id_text = {"$convert": {"input": f"${order.id_name}", "to": "string", "onError": "-", "onNull": ""}}
    odd: list[Any] = [{"$eq": [{"$trim": {"input": id_text}}, ""]}]
    if order.time is not None:
        odd.append({"$ne": [{"$type": f"${order.time}"}, "date"]})
    for place in (places.place(measure.field) for measure in measures if measure.field and measure.op is not MeasureOp.COUNT):
        odd += [_has_odd(place, spot) for spot in (place.spot, *place.needed) if spot.field.leaf in _NUMBERS]
    group = {"_id": {KEY: f"${KEY}"}, "odd": {"$sum": {"$cond": [{"$or": odd}, 1, 0]}}, "all": {"$sum": 1}}
    if order.id_name == "_id":
        return [{"$group": group}, {"$addFields": {"ids": "$all"}}]
    group["ids"] = {"$addToSet": f"${order.id_name}"}
    return [{"$group": group}, {"$addFields": {"ids": {"$size": "$ids"}}}]


def _has_odd(place: FieldPath, spot: FieldSource) -> Any:
    """Test whether a document's or item's value is no number."""
    if place.in_list is None or spot.outer or spot.path is None:
        value = _raw(place, spot)
        return _is_odd(value, _number(spot, value))
    value = {"$ifNull": [f"$$item.{spot.path}", None]}
    items = {"$cond": [{"$isArray": "$$items"}, "$$items", ["$$items"]]}
    odd_items = {"$map": {"input": items, "as": "item", "in": _is_odd(value, _number(spot, value))}}
    return {"$let": {"vars": {"items": through(place.in_list)}, "in": {"$anyElementTrue": [odd_items]}}}


def _is_odd(value: Any, number: Any) -> Any:
    """Whether a value that is there is no number. A blank text is none that is there."""
    there = {"$not": [{"$in": [value, [None, ""]]}]}
    return {"$and": [there, {"$eq": [number, None]}]}


def _paths(places: FieldPaths, measure: Measure) -> Iterable[str]:
    fields = [] if measure.field is None or measure.op is MeasureOp.COUNT else [measure.field]
    for name in (*fields, *(condition.field for condition in measure.where)):
        place = places.place(name)
        for spot in (place.spot, *place.needed):
            if spot.path is not None:
                yield _full(place, spot)
        if place.in_list is not None and place.spot.outer:
            yield place.in_list


def _facet(places: FieldPaths, record: type[Record], order: SortKeys, measure: Measure, budget: int) -> Stages:
    stages: Stages = []
    match = all_of(match_ask(places, record, measure))
    if match:
        stages.append({"$match": match})
    if measure.field is None or measure.op is MeasureOp.COUNT:
        return [*stages, {"$group": {"_id": {KEY: f"${KEY}"}, "count": {"$sum": 1}}}]
    place = places.place(measure.field)
    if place.in_list is not None:
        stages.append({"$unwind": {"path": f"${place.in_list}", "includeArrayIndex": INDEX}})
    return stages + _grouped(place, order, measure, budget)


def _grouped(place: FieldPath, order: SortKeys, measure: Measure, budget: int) -> Stages:
    is_money, op, spot = _is_money(place), measure.op, place.spot
    there = all_of(present(spot._replace(path=_full(place, spot))) for spot in place.needed if spot.path is not None)
    stages: Stages = [{"$match": there}] if there else []
    number = spot.field.leaf in _NUMBERS
    if is_money and op in _PER_CURRENCY:
        amount, currency = place.needed
        group = {KEY: f"${KEY}", "currency": _raw(place, currency)}
        return [*stages, {"$group": {"_id": group, **_sums(_number_or_default(place, amount))}}]
    if op is MeasureOp.LATEST and (is_money or spot.field.struct is None):
        return [*stages, *_latest(place, order, is_money)]
    if spot.field.struct is not None or (op in _ADDED and not number):
        raise SourceProtocolError(f"there is no {op.value} of {measure.field}")
    value = _number_or_default(place, spot) if number else _raw(place, spot)
    if number and op not in _BY_VALUE:
        extreme = {} if op in (*_ADDED, MeasureOp.VALUES) else {"value": {f"${op.value}": value}}
        return [*stages, {"$group": {"_id": {KEY: f"${KEY}"}, **(extreme or _sums(value))}}]
    stages.append({"$project": {KEY: 1, "value": value}})
    if spot.field.form == LIST:
        stages.append({"$unwind": "$value"})
    if spot.default is None:
        stages.append({"$match": {"value": IS_DATE if spot.field.leaf is datetime else {"$ne": None}}})
    if op is MeasureOp.VALUES and not _by_word(spot):
        return [*stages, {"$group": {"_id": {KEY: f"${KEY}"}, "count": {"$sum": 1}}}]
    if op in (MeasureOp.MIN, MeasureOp.MAX) and spot.field.leaf is datetime:
        return [*stages, {"$group": {"_id": {KEY: f"${KEY}"}, "value": {f"${op.value}": "$value"}}}]
    stages.append({"$group": {"_id": {KEY: f"${KEY}", "value": "$value"}, "count": {"$sum": 1}}})
    if _by_word(spot):
        return stages
    return [*stages, *(_pairs_of_keys(budget) if op is MeasureOp.COUNTS else _first(op, number))]


def _latest(place: FieldPath, order: SortKeys, is_money: bool) -> Stages:
    """Give the newest value. Of a list that of the first item that has one."""
    spot = place.spot
    amount, currency = place.needed if is_money else (spot, spot)
    value = {"amount": _raw(place, amount), "currency": _raw(place, currency)} if is_money else _raw(place, spot)
    names = [name for name in (order.time, order.id_name, INDEX if place.in_list else None) if name]
    columns: dict[str, Any] = {KEY: 1, "value": value, **dict.fromkeys(names, 1)}
    stages: Stages = [{"$project": columns}]
    if spot.field.form == LIST:
        stages.append({"$unwind": {"path": "$value", "includeArrayIndex": INDEX}})
    if spot.default is None:
        stages.append({"$match": {"value": {"$ne": None}}})
    stages.append({"$sort": order.sort() | ({INDEX: 1} if place.in_list or spot.field.form == LIST else {})})
    return [*stages, {"$group": {"_id": {KEY: f"${KEY}"}, "value": {"$first": "$value"}}}]


def _pairs_of_keys(budget: int) -> Stages:
    """Of the values with their counts one document for each key, empty where they are larger than the budget of a key."""
    text = {"$convert": {"input": "$_id.value", "to": "string", "onError": "", "onNull": ""}}
    pairs = {"$push": {"value": "$_id.value", "count": "$count"}}
    size = {"$sum": {"$add": [{"$strLenBytes": text}, _PAIR_BYTES]}}
    is_cut = {"$gt": ["$size", budget]}
    return [
        {"$group": {"_id": {KEY: f"$_id.{KEY}"}, "pairs": pairs, "size": size}},
        {"$project": {"is_cut": is_cut, "pairs": {"$cond": [is_cut, [], "$pairs"]}}},
    ]


def _first(op: MeasureOp, number: bool) -> Stages:
    """Of the values with their counts one for each key: the most frequent, the least or the greatest, texts by code points."""
    up = -1 if op is MeasureOp.MAX else 1
    by = {"count": -1} if op is MeasureOp.TOP else {}
    text = {"$convert": {"input": "$_id.value", "to": "string", "onError": None, "onNull": None}}
    return [
        *([] if number else [{"$addFields": {"text": text}}]),
        {"$sort": {**by, **({} if number else {"text": up}), "_id.value": up}},
        {"$group": {"_id": {KEY: f"$_id.{KEY}"}, "value": {"$first": "$_id.value"}}},
    ]


def _value(places: FieldPaths, measure: Measure, rows: Sequence[Mapping[str, Any]]) -> Any:
    (first, *_) = rows
    if measure.field is None or measure.op is MeasureOp.COUNT:
        return sum(row["count"] for row in rows)
    place = places.place(measure.field)
    if _is_money(place):
        return _money(place, measure.op, rows)
    spot = place.spot
    if measure.op is MeasureOp.VALUES and not _by_word(spot):
        return sum(row["count"] for row in rows)
    if measure.op is MeasureOp.COUNTS and not _by_word(spot):
        return _pairs(spot, rows)
    if "sum" in first:
        total, count = _decimal(first["sum"]), first["count"]
        if measure.op is MeasureOp.SUM:
            return _plain(spot, total)
        return _rounded(total / count) if count else None
    if _by_word(spot) and "count" in first:
        return _of_words(spot, measure.op, rows)
    return _single(spot, first.get("value"), is_scaled=measure.op is not MeasureOp.LATEST)


def _single(spot: FieldSource, value: Any, *, is_scaled: bool = True) -> Any:
    """Convert a value as the pipeline gave it. A number has its scale already, unless it is as documents have it."""
    if spot.field.leaf in _NUMBERS:
        number = to_decimal(value)
        return spot.default if number is None else _plain(spot, number if is_scaled else _scaled(spot, number))
    converted = spot.convert(value)
    if isinstance(converted, datetime):
        return rfc3339(converted)
    return spot.default if converted is None else converted


def _pairs(spot: FieldSource, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    counts: Counter[Any] = Counter()
    for row in rows:
        for pair in row["pairs"]:
            value = _single(spot, pair.get("value"))
            if value is not None:
                counts[value] += pair["count"]
    return ranked_counts(counts)[: MAX_COUNTS + 1]


def _of_words(spot: FieldSource, op: MeasureOp, rows: Sequence[Mapping[str, Any]]) -> Any:
    counts: Counter[Any] = Counter()
    for row in rows:
        value = spot.convert(row["_id"].get("value"))
        value = spot.default if value is None else value
        if value is not None:
            counts[value] += row["count"]
    match op:
        case MeasureOp.TOP:
            return min(counts, key=lambda value: (-counts[value], value), default=None)
        case MeasureOp.MIN:
            return min(counts, default=None)
        case MeasureOp.COUNTS:
            return ranked_counts(counts)
        case MeasureOp.VALUES:
            return counts.total()
    return max(counts, default=None)


def _money(place: FieldPath, op: MeasureOp, rows: Sequence[Mapping[str, Any]]) -> Any:
    amount, currency = place.needed
    if op is MeasureOp.LATEST:
        value = rows[0]["value"]
        return {"amount": amount.convert(value["amount"]), "currency": currency.convert(value["currency"])}
    parts = []
    for row in rows:
        total, count = _decimal(row["sum"]), row["count"]
        if count:
            own = Decimal(count) if op is MeasureOp.VALUES else _rounded(total / count) if op is MeasureOp.AVERAGE else total
            parts.append((own, currency.convert(row["_id"].get("currency"))))
    sums = sums_by_currency((amount, code) for amount, code in parts if code is not None)
    if op is MeasureOp.VALUES:
        return sums
    return [{"amount": cents_text(Decimal(total["amount"])), "currency": total["currency"]} for total in sums] or None


def _is_money(place: FieldPath) -> bool:
    return place.spot.field.struct is Money and place.spot.field.form != LIST


def _by_word(spot: FieldSource) -> bool:
    """Tell whether several values mean one of the record. They are few, so they are counted together here."""
    leaf = spot.field.leaf
    return bool(spot.words) or leaf is bool or (leaf is not None and issubclass(leaf, Enum))


def _sums(value: Any) -> dict[str, Any]:
    is_there = {"$cond": [{"$eq": [value, None]}, 0, 1]}
    return {"sum": {"$sum": value}, "count": {"$sum": is_there}}


def _full(place: FieldPath, spot: FieldSource) -> str:
    return f"{place.in_list}.{spot.path}" if place.in_list is not None and not spot.outer else str(spot.path)


def _raw(place: FieldPath, spot: FieldSource) -> Any:
    """The value as documents have it, null where there is none."""
    if spot.path is None:
        return {"$literal": spot.constant}
    path = _full(place, spot)
    return {"$ifNull": [through(path) if spot.field.form == LIST else f"${path}", None]}


def _number(spot: FieldSource, value: Any) -> Any:
    """Read a decimal, null where there is none. Sums of decimals are exact."""
    decimal = as_decimal(value)
    if spot.rating_scale is not None:
        decimal = on_scale(decimal, spot.rating_scale)
    bounds = [{"$gt": ["$$number", _LEAST]}, {"$lt": ["$$number", _GREATEST]}]
    if spot.field.leaf is int:
        least, most = limits(spot.field.type)
        bounds += [{"$gte": ["$$number", least]}] if least is not None else []
        bounds += [{"$lte": ["$$number", most]}] if most is not None else []
        bounds.append({"$eq": [{"$floor": "$$number"}, "$$number"]})
    number: Any = {"$let": {"vars": {"number": decimal}, "in": {"$cond": [{"$and": bounds}, "$$number", None]}}}
    return {"$divide": [number, Decimal128(Decimal(10) ** spot.scale)]} if spot.scale else number


def _number_or_default(place: FieldPath, spot: FieldSource) -> Any:
    number = _number(spot, _raw(place, spot))
    return number if spot.default is None else {"$ifNull": [number, spot.default]}


def _decimal(value: Any) -> Decimal:
    return to_decimal(value) or Decimal()


def _scaled(spot: FieldSource, number: Decimal) -> Decimal:
    if spot.rating_scale is not None:
        return Decimal(rating_of(number, spot.rating_scale))
    return number.scaleb(-spot.scale, EXACT)


def _plain(spot: FieldSource, number: Decimal) -> Any:
    return int(number) if spot.field.leaf is int and number == number.to_integral_value() else Decimal(cents_text(number))


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-_MAX_PLACES)).normalize() if number.is_finite() else number
