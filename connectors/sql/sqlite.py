"""SQLite's way of writing JSON, times and decimals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Double,
    Text,
    TextClause,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    text,
)
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from connectors.sql import sqlite_functions
from connectors.sql.dialect import Expression, TextJsonDialect
from connectors.sql.subqueries import escaped

INEXACT = "inexact"
_JOINED = "gateway_joined"

NO_NUMBER = ("*[^0-9.-]*", "*.*.*", "?*-*")


class Sqlite(TextJsonDialect):
    collation = "BINARY"
    object_function = "json_object"
    array_function = "json_array"

    def embedded(self, text: Expression) -> Expression:
        # Subqueries and CASE lose SQLite's note that a text is JSON.
        return func.json(text)

    def json_list(self, item: Expression, table: FromClause, parent: Expression, order: Sequence[Expression]) -> Expression:
        rows = select(item.label("item")).select_from(table).where(parent).order_by(*order).correlate_except(table).subquery()
        return func.json(select(func.json_group_array(func.json(rows.c.item))).scalar_subquery())

    def may_be_text(self, value: Expression) -> bool:  # noqa: ARG002  any column may
        return True

    def given(self, value: Expression) -> Expression:
        return case((and_(func.typeof(value) == "text", func.trim(value) == ""), null()), else_=value)

    def text(self, value: Expression) -> Expression:
        if isinstance(value.type, Text):
            return value
        whole = cast(value, BigInteger)
        return case((and_(func.typeof(value) == "real", value == whole), cast(whole, Text)), else_=cast(value, Text))

    def plain_json(self, value: Expression, default: int | None) -> Expression:
        whole, kind = cast(value, BigInteger), func.typeof(value)
        expression = case(
            (kind == "text", _own(sqlite_functions.WHOLE, value)), (and_(kind == "real", value == whole), whole), else_=value
        )
        return expression if default is None else func.coalesce(expression, default)

    def time(self, value: Expression) -> Expression:
        seconds = func.substr(value, 1, 19, type_=Text)
        # A time that SQLite writes as it reads it costs no call of a function of ours. Its days are those of the calendar once
        # it has added to them. Year 0 is none of Python's.
        written = func.datetime(value, literal_column("'+0 days'")) == func.replace(seconds, "T", " ")
        plain = and_(written, func.length(value) <= 20, value >= "0001")
        text = func.replace(seconds, " ", "T", type_=Text).concat(".000000Z")
        return case((plain, text), (value.is_not(None), _own(sqlite_functions.TIME, value, Text)))

    def time_text(self, time: Expression) -> Expression:
        return func.replace(time, ".000000Z", "Z", type_=Text)

    def time_parameter(self, name: str) -> Expression:
        return bindparam(name, type_=Text())

    def time_value(self, time: datetime) -> str:
        return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def decimal_text(self, value: Expression) -> Expression:
        # Fifteen digits are what a binary number holds for certain; noise begins after them.
        cents, digits = func.printf("%.2f", value, type_=Text), func.printf("%.15g", value, type_=Text)
        real = case((cast(cents, Double) == cast(digits, Double), cents), else_=digits)
        short = func.rtrim(value, "0", type_=Text)
        text = case(
            (or_(*(_glob(value, odd) for odd in NO_NUMBER), not_(_glob(value, "*[0-9]*"))), cast(value, Text)),
            (and_(_glob(value, "-*"), not_(_glob(value, "*[1-9]*"))), "0.00"),
            (not_(_glob(value, "*.*")), cast(value, Text).concat(".00")),
            (_glob(short, "*."), short.concat("00")),
            (_glob(short, "*.?"), short.concat("0")),
            else_=short,
        )
        kind = func.typeof(value)
        return case((kind == "real", real), (kind == "integer", cast(value, Text).concat(".00")), else_=text)

    def number(self, decimal: Expression) -> Expression:
        is_number = func.typeof(decimal).in_(["real", "integer"])
        return case((is_number, decimal), (decimal.is_not(None), _own(sqlite_functions.NUMBER, decimal, Double)))

    def total(self, decimal: Expression) -> Expression:
        # ISO 4217 knows at most four decimals; whole numbers add up exactly.
        return func.total(func.round(cast(decimal, Double) * 10_000)) / literal(10_000.0, Double)

    def exact_total(self, decimal: Expression) -> Expression:
        # SQLite adds binary numbers. Fifteen digits hold eleven before four decimals; a sum of more is left to the gateway.
        number = cast(decimal, Double)
        units = number * 10_000
        noise = func.abs(units - func.round(units)) - func.abs(number) * 2e-12
        fits = and_(func.max(func.abs(number)) * func.count(number) < 1e11, func.max(noise) < 1e-6)
        return case((or_(func.count(number) == 0, fits), self.total(decimal)), else_=literal(INEXACT, Text))

    def one_of(self, value: Expression, name: str, type_: TypeEngine[Any]) -> Expression:  # noqa: ARG002  SQLite converts
        return value.in_(bindparam(name, expanding=True))

    def outer(self, value: Expression) -> Expression:
        # Without an estimate SQLite would read the whole other table and build an index on these few rows.
        return UnaryExpression(value, operator=custom_op("+"))

    def exact(self, value: Expression) -> tuple[Expression, ...]:
        return (value.collate(self.collation),)

    def same_id(self, column: Expression, id_: Expression) -> Expression:
        # A collation may know no case, and beside a column of numbers '07' is 7. Most values are the same as they are,
        # without what their columns say; texts are made for a number beside a text alone.
        as_they_are = self.outer(column) == self.outer(id_).collate(self.collation)
        return and_(column == id_, or_(as_they_are, self.ordered(column) == self.ordered(id_)))

    def elements(self, json: Expression) -> FromClause:
        return func.json_each(json).table_valued("value")


def _own(name: str, value: Expression, type_: type[TypeEngine[Any]] | None = None) -> Expression:
    expression: Expression = getattr(func, name)(value, type_=type_)
    return expression


def plan_statement(query: str, column: str) -> TextClause:
    """Explain rows of a user's query that a column looks up."""
    joined = f"SELECT (SELECT count(*) FROM (\n{query}) AS {_JOINED} WHERE {_JOINED}.{column} = +ids.id)"  # noqa: S608  a query of the settings
    return text(f"EXPLAIN QUERY PLAN {escaped(joined)} FROM (SELECT 1 AS id UNION ALL SELECT 2) AS ids")


def keeps_apart(plan: Iterable[Any]) -> bool:
    """Tell whether a plan computes a user's query by itself. One that is a part of what is around it has no name any more."""
    return any(_JOINED in detail for *_, detail in plan)


def _glob(text: Expression, pattern: str) -> Expression:
    return text.op("GLOB", is_comparison=True)(pattern)
