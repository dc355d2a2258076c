"""The parts of the statement of measures that rank: the most frequent value, each value with its count, the newest one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from numbers import Number
from typing import Any, NamedTuple

from sqlalchemy import CTE, FromClause, Select, func, null, select

from connectors.contract import MAX_COUNTS
from connectors.sql.columns import ColumnPlace
from connectors.sql.dialect import Expression
from connectors.sql.lookup_statement import order_of
from connectors.sql.record_query import RecordQuery


class RowBase(NamedTuple):
    """Hold the rows that a measure goes over: a FROM, and the rows in it that have the field."""

    table: FromClause
    items: FromClause


def top_of(rows: RecordQuery, table: CTE, base: RowBase, place: ColumnPlace, condition: Expression) -> Select[Any]:
    groups = _values_with_counts(rows, table, base, place, condition)
    return _first_of(rows, groups, place, [groups.c.count_.desc(), groups.c.value_])


def counts_of(rows: RecordQuery, table: CTE, base: RowBase, place: ColumnPlace, condition: Expression) -> Select[Any]:
    """Write a row for each value of a key, with how often it is there."""
    groups = _values_with_counts(rows, table, base, place, condition)
    order = [groups.c.count_.desc(), groups.c.value_]
    number = func.row_number().over(partition_by=groups.c.key_, order_by=order).label("number_")
    ranked = select(groups.c.key_, groups.c.value_, groups.c.count_, number).subquery()
    pair = rows.dialect.json_array([_written(rows, place, ranked.c.value_), ranked.c.count_])
    return select(ranked.c.key_, rows.dialect.json_array([rows.dialect.embedded(pair)])).where(
        ranked.c.number_ <= MAX_COUNTS + 1
    )


def _values_with_counts(rows: RecordQuery, table: CTE, base: RowBase, place: ColumnPlace, condition: Expression) -> FromClause:
    value = comparable(rows, place, base.items).label("value_")
    values = select(table.c.key_, value).select_from(base.table).where(condition).subquery()
    counted = select(values.c.key_, values.c.value_, func.count().label("count_")).where(values.c.value_.is_not(None))
    return counted.group_by(values.c.key_, values.c.value_).subquery()


def latest_of(rows: RecordQuery, table: CTE, base: RowBase, place: ColumnPlace, condition: Expression) -> Select[Any]:
    value = comparable(rows, place, base.items) if place.field.struct is None else rows.field(place, base.items)
    position = rows.position(base.items) if place.in_list else None
    columns = [table.c[name] for name in ("key_", "id", "time_") if name in table.c]
    columns += [value.label("value_"), (null() if position is None else position).label("position_")]
    values = select(*columns).select_from(base.table).where(condition).subquery()
    return _first_of(rows, values, place, [*order_of(rows, values), values.c.position_])


def _first_of(rows: RecordQuery, values: FromClause, place: ColumnPlace, order: Sequence[Expression]) -> Select[Any]:
    number = func.row_number().over(partition_by=values.c.key_, order_by=order).label("number_")
    ranked = select(values.c.key_, values.c.value_, number).where(values.c.value_.is_not(None)).subquery()
    value = _written(rows, place, ranked.c.value_)
    return select(ranked.c.key_, rows.dialect.json_array([value])).where(ranked.c.number_ == 1)


def _written(rows: RecordQuery, place: ColumnPlace, value: Expression) -> Expression:
    """Write a comparable value as JSON has it."""
    if place.field.leaf is datetime:
        return rows.dialect.time_text(value)
    is_json = place.field.leaf is bool or place.field.struct is not None
    return rows.dialect.embedded(value) if is_json else value


def comparable(rows: RecordQuery, place: ColumnPlace, items: FromClause) -> Expression:
    """A leaf that sorts as its decoded value does."""
    column, leaf = rows.read(place.column, place.field, items), place.field.leaf
    if leaf is datetime:
        own = place.in_list is None and place.column == rows.record.time_field
        return items.c.time_ if own else rows.leaf(place, items, rows.dialect.time(column))
    if leaf is Decimal:
        return rows.leaf(place, items, rows.operand(place.column, place.field, items))
    if leaf is Number:
        return rows.leaf(place, items, func.coalesce(rows.dialect.number(column), 1))
    if leaf in (int, float):
        return rows.leaf(place, items, rows.plain(place.field, column))
    return rows.dialect.ordered(rows.text(place, items))
