"""The one statement of a batch of measures: conditional aggregates in one pass, a part more for each that groups or ranks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from numbers import Number
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    CTE,
    CompoundSelect,
    FromClause,
    Select,
    and_,
    case,
    distinct,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)

from connectors.contract import KeyKind, Keys, Measure, Measured, MeasureOp
from connectors.errors import SourceError, SourceProtocolError
from connectors.record_fields import Fields
from connectors.records import Money
from connectors.sql.columns import POSITION, ColumnPlace, columns_for, operand_columns, place_of
from connectors.sql.dialect import Dialect, Expression
from connectors.sql.lookup_statement import bounds_of, conditions_shape, matched, record_ids, whole
from connectors.sql.ranked_measures import RowBase, comparable, counts_of, latest_of, top_of
from connectors.sql.record_query import RecordQuery
from connectors.toolkit.evaluation import ranked_counts

MAX_TOGETHER = 80
"""How many measures a part has at most: they are arguments of one function, of which PostgreSQL takes 100 and SQLite 127."""


class MeasureShape(msgspec.Struct, frozen=True):
    """Hold the part of a measure that decides the statement. The rest are parameters."""

    op: MeasureOp
    field: str | None
    since: bool
    until: bool
    where: tuple[tuple[str, bool], ...]


class MeasurePart(NamedTuple):
    """Hold one member of the statement and its measures. `per_currency`: a row for each currency; `per_value`: for each value.

    `doubts`: one value more says how many rows cannot be read, or are there twice.
    """

    measures: tuple[int, ...]
    statement: Select[Any]
    per_currency: bool = False
    per_value: bool = False
    doubts: bool = False


def measure_shape(measure: Measure) -> MeasureShape:
    field = None if measure.op is MeasureOp.COUNT else measure.field
    bounds = (measure.since is not None, measure.until is not None)
    return MeasureShape(measure.op, field, *bounds, conditions_shape(measure.where))


def measure_parameters(measures: Sequence[Measure], dialect: Dialect) -> dict[str, Any]:
    """List the values of the measures' parameters by name."""
    values: dict[str, Any] = {}
    for number, measure in enumerate(measures):
        values |= {f"m{number}_where_{i}": list(condition.values) for i, condition in enumerate(measure.where)}
        times = {"since": measure.since, "until": measure.until}
        values |= {f"m{number}_{name}": dialect.time_value(time) for name, time in times.items() if time is not None}
    return values


def measure_parts(rows: RecordQuery, kind: KeyKind, asked: Sequence[MeasureShape]) -> list[MeasurePart]:
    """Write the parts of the statement. A measure over what the configuration does not have is in none."""
    paths = _paths(asked)
    texts = rows.texts((path for measure in asked for path, _ in measure.where), rows.source)
    columns = columns_for(rows.record, Fields.from_paths(*rows.required, *paths))
    places = [place_of(rows.record, measure.field) for measure in asked if measure.field]
    matches = matched(rows, kind, columns, rows.confined(kind, paths)).add_columns(*texts, *rows.operands(places, rows.source))
    table = matches.cte("gateway_matched")
    groups = _groups(rows, table, asked)
    is_shared = _is_shared(rows, kind, table)
    parts: list[MeasurePart] = []
    for place, own in groups.ranked:
        if (base := _base(rows, table, [place])) is not None:
            parts.append(_own_part(rows, table, base, asked[own], own, place))
    for place, numbers in groups.money.items():
        if (base := _base(rows, table, [place])) is not None:
            parts += [_per_currency(rows, table, base, place, {n: asked[n] for n in own}) for own in _divided(numbers)]
    if parts or groups.plain:
        groups.plain.setdefault(None, [])
    for in_list, numbers in groups.plain.items():
        base = _base(rows, table, [place for place in places if in_list and place.in_list == in_list])
        if base is not None:
            doubts = _doubts(rows, table, base, asked, in_list, is_shared)
            parts += _plain(rows, table, base, asked, numbers, doubts)
    return parts


def _divided(numbers: Sequence[int]) -> list[Sequence[int]]:
    """Divide measures among parts. The first of them is there also where there is no measure."""
    return [numbers[start : start + MAX_TOGETHER] for start in range(0, max(1, len(numbers)), MAX_TOGETHER)]


class _Groups(NamedTuple):
    """Measures that a part has in common, by their numbers: of one list without a currency, of one field of money."""

    plain: dict[str | None, list[int]]
    money: dict[ColumnPlace, list[int]]
    ranked: list[tuple[ColumnPlace, int]]


def _groups(rows: RecordQuery, table: CTE, asked: Sequence[MeasureShape]) -> _Groups:
    groups = _Groups({}, {}, [])
    for number, measure in enumerate(asked):
        place = place_of(rows.record, measure.field) if measure.field else None
        if place is not None and place.in_list is not None and rows.items(place.in_list, table) is not None:
            groups.plain.setdefault(place.in_list, [])  # its doubts
        if place is None or (place.field.struct is None and measure.op not in _RANKED):
            groups.plain.setdefault(place.in_list if place else None, []).append(number)
        elif place.field.struct is Money and measure.op in _PER_CURRENCY:
            groups.money.setdefault(place, []).append(number)
        else:
            groups.ranked.append((place, number))
    return groups


def _plain(
    rows: RecordQuery,
    table: CTE,
    base: RowBase,
    asked: Sequence[MeasureShape],
    numbers: Sequence[int],
    doubts: Expression | None,
) -> Iterator[MeasurePart]:
    """Write the measures that need no grouping of their own. The first part has the doubts."""
    for own in _divided(numbers):
        values = [_aggregate(rows, base.items, asked[n], _condition(rows, table, asked[n], n)) for n in own]
        values += [] if doubts is None else [doubts]
        if values:
            statement = select(table.c.key_, rows.dialect.json_array(values)).select_from(base.table).group_by(table.c.key_)
            yield MeasurePart(tuple(own), statement, doubts=doubts is not None)
        doubts = None


def measure_ids(rows: RecordQuery, kind: KeyKind, asked: Sequence[MeasureShape]) -> Select[Any] | None:
    """Select the ids that the statement needs as constants. None where it needs none."""
    return record_ids(rows, kind) if rows.confined(kind, _paths(asked)) else None


def measure_statement(parts: Sequence[MeasurePart]) -> CompoundSelect[Any]:
    """Write the statement of measures. Its rows have part, key, and the values of the part's measures as a JSON array."""
    return union_all(*(part.statement.add_columns(literal_column(str(n))) for n, part in enumerate(parts)))


def answers(
    answered: Iterable[Any],
    parts: Sequence[MeasurePart],
    nothing: Sequence[Any],
    keys: Keys,
    asked: Mapping[str, Sequence[str]],
) -> Measured:
    """Put the rows of the measures' statement together. Every key has an answer, `nothing` where there is nothing.

    A key some of whose rows are in doubt has an error for an answer: the gateway then reads its records, and measures those.
    """
    measured: dict[str, Any] = {key: list(nothing) for key in keys}
    counts: dict[tuple[str, int], list[Any]] = {}
    in_doubt: dict[str, SourceError] = {}
    for text, json, number in answered:
        part, values = parts[number], msgspec.json.decode(whole(json))
        if part.doubts and values.pop():
            in_doubt |= dict.fromkeys(asked.get(text, ()), SourceProtocolError("some rows cannot be read"))
        for key in asked.get(text, ()):
            own = measured[key]
            if part.per_value:
                counts.setdefault((key, part.measures[0]), []).append(values[0])
                continue
            for measure, value in zip(part.measures, values, strict=True):
                if not part.per_currency:
                    own[measure] = value
                elif value is not None:
                    own[measure] = _by_currency(own[measure], value)
    for (key, measure), pairs in counts.items():
        measured[key][measure] = ranked_counts(dict(pairs))
    return measured | in_doubt


def nothing_of(rows: RecordQuery, measure: MeasureShape) -> Any:
    """The value of a measure when there is nothing to measure."""
    if measure.op in (MeasureOp.SUM, MeasureOp.VALUES) and measure.field:
        return [] if place_of(rows.record, measure.field).field.struct is Money else 0
    if measure.op is MeasureOp.COUNTS:
        return []
    return 0 if measure.op is MeasureOp.COUNT else None


ONE_OF_A_CUSTOMER = frozenset({KeyKind.CUSTOMER_ID, KeyKind.MEMBER_NUMBER, KeyKind.ACCOUNT, KeyKind.TEXT})
"""Kinds of which a customer has one key at most."""
_RANKED = frozenset({MeasureOp.TOP, MeasureOp.LATEST, MeasureOp.COUNTS})
_PER_CURRENCY = frozenset({MeasureOp.SUM, MeasureOp.AVERAGE, MeasureOp.VALUES})


def _paths(asked: Sequence[MeasureShape]) -> list[str]:
    return [measure.field for measure in asked if measure.field] + [path for measure in asked for path, _ in measure.where]


def _base(rows: RecordQuery, table: CTE, places: Sequence[ColumnPlace]) -> RowBase | None:
    """Find the rows of places of one list. None where the configuration has no such list. Without places: the records."""
    in_list = places[0].in_list if places else None
    if in_list is None:
        return RowBase(table, table)
    items = rows.items(in_list, table)
    if items is None:
        return None
    tied = rows.owned(in_list, items, table)
    if not tied:
        return RowBase(table.join(items, true()), items)
    own = {POSITION} | {place.column for place in places}
    parts = tuple(prefix for place in places for prefix in (f"{place.column}_", *(prefix for _, prefix in place.inside)))
    columns = [column for column in items.c if column.name in own or column.name.startswith(parts)]
    return RowBase(*rows.dialect.with_items(table, items, columns or [null().label("nothing_")], *tied))


def _condition(rows: RecordQuery, table: CTE, measure: MeasureShape, number: int) -> Expression:
    prefix = f"m{number}_"
    where = [rows.condition(path, no, f"{prefix}where_{i}", table) for i, (path, no) in enumerate(measure.where)]
    return and_(true(), *bounds_of(rows, table.c.get("time_"), measure.since, measure.until, prefix), *where)


def _aggregate(rows: RecordQuery, items: FromClause, measure: MeasureShape, condition: Expression) -> Expression:
    if measure.field is None:
        return func.count(case((condition, 1)))
    dialect, place = rows.dialect, place_of(rows.record, measure.field)
    value: Expression = case((condition, comparable(rows, place, items)))
    leaf = place.field.leaf
    if measure.op in (MeasureOp.MIN, MeasureOp.MAX):
        figure = getattr(func, measure.op.value)(value)
        return dialect.time_text(figure) if leaf is datetime else figure
    if measure.op is MeasureOp.VALUES and place.field.struct is None:
        return func.count(value)
    if leaf not in (int, float, Decimal, Number):
        raise SourceProtocolError(f"{measure.field} is no number")
    if measure.op is MeasureOp.SUM:
        return func.coalesce(dialect.exact_total(value) if leaf in (Decimal, Number) else func.sum(value), 0)
    total = dialect.total(value) if leaf in (Decimal, Number) else func.sum(value)
    return dialect.number(total) / func.nullif(func.count(value), 0)


def _is_shared(rows: RecordQuery, kind: KeyKind, table: CTE) -> Expression | None:
    """Tell whether a record is there under another key, too. None where a customer has one key of the kind.

    Of pairs the gateway knows that they may share a record. A column may as well, where the query joins something that a record
    has several of.
    """
    if kind in ONE_OF_A_CUSTOMER or rows.settings.keys[kind].column is None:
        return None
    every = table.alias("gateway_every")
    shared = select(every.c.id).group_by(every.c.id).having(func.min(every.c.key_) != func.max(every.c.key_))
    return table.c.id.in_(shared)


def _doubts(
    rows: RecordQuery,
    table: CTE,
    base: RowBase,
    asked: Sequence[MeasureShape],
    in_list: str | None,
    is_shared: Expression | None,
) -> Expression | None:
    """Count the rows that a measure may misread. They are of records or of a list's items. None where all must be."""
    doubts = []
    for number, measure in enumerate(asked):
        place = place_of(rows.record, measure.field) if measure.field else None
        if place is not None and place.in_list == in_list and (doubt := rows.doubt(place, base.items)) is not None:
            doubts.append(and_(doubt, _condition(rows, table, measure, number)))
    if in_list is None:
        doubts += [table.c[name].is_(None) for name in ("time_", *rows.required) if name in table.c]
        doubts += [] if is_shared is None else [is_shared]
    counted = func.count(case((or_(*doubts), 1))) if doubts else None
    return (
        counted if counted is None or in_list else counted + func.count() - func.count(distinct(rows.dialect.text(table.c.id)))
    )


def _own_part(
    rows: RecordQuery, table: CTE, base: RowBase, measure: MeasureShape, number: int, place: ColumnPlace
) -> MeasurePart:
    condition = _condition(rows, table, measure, number)
    if measure.op is MeasureOp.LATEST:
        return MeasurePart((number,), latest_of(rows, table, base, place, condition))
    if measure.op is MeasureOp.TOP and place.field.struct is None:
        return MeasurePart((number,), top_of(rows, table, base, place, condition))
    if measure.op is MeasureOp.COUNTS and place.field.struct is None:
        return MeasurePart((number,), counts_of(rows, table, base, place, condition), per_value=True)
    raise SourceProtocolError(f"there is no {measure.op.value} of {measure.field}")


def _per_currency(
    rows: RecordQuery, table: CTE, base: RowBase, place: ColumnPlace, measures: Mapping[int, MeasureShape]
) -> MeasurePart:
    """Write all sums and averages of one field, by one grouping. One that has nothing in a currency is null there."""
    dialect = rows.dialect
    number, currency = (rows.operand(name, field, base.items) for name, field in operand_columns(place).items())
    conditions = {n: _condition(rows, table, measure, n) for n, measure in measures.items()}
    columns = [number.label("number_"), currency.label("currency_")]
    columns += [case((condition, number)).label(f"number_{n}_") for n, condition in conditions.items() if len(measures) > 1]
    present = (number.is_not(None), currency.is_not(None), or_(*conditions.values()))
    values = select(table.c.key_, *columns).select_from(base.table).where(*present).subquery()
    totals: list[Expression] = []
    for n, measure in measures.items():
        own = values.c.number_ if len(measures) == 1 else values.c[f"number_{n}_"]
        average = func.round(dialect.total(own) / func.nullif(func.count(own), 0), 6)
        if measure.op is not MeasureOp.VALUES:
            totals.append((dialect.exact_total(own) if measure.op is MeasureOp.SUM else average).label(f"total_{n}_"))
        totals.append(func.count(own).label(f"count_{n}_"))
    # What is made of the total looks at it several times, and is not to add it up as often.
    by_currency = (
        select(values.c.key_, values.c.currency_, *totals).group_by(values.c.key_, values.c.currency_).subquery("by_currency")
    )
    figures = []
    for n, measure in measures.items():
        count = by_currency.c[f"count_{n}_"]
        is_count = measure.op is MeasureOp.VALUES
        amount = dialect.text(count) if is_count else dialect.decimal_text(by_currency.c[f"total_{n}_"])
        pairs = [("amount", amount), ("currency", by_currency.c.currency_)]
        figures.append(dialect.embedded(case((count > 0, dialect.json_object(pairs)))))
    return MeasurePart(tuple(measures), select(by_currency.c.key_, dialect.json_array(figures)), per_currency=True)


def _by_currency(sums: list[Any] | None, money: Any) -> list[Any]:
    return sorted([*(sums or ()), money], key=lambda row: row["currency"])
