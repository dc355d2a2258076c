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
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from connectors.sql.dialect import Expression, TextJsonDialect
from connectors.sql.rows import escaped

INEXACT = "inexact"
_JOINED = "gateway_joined"


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

    def boolean(self, value: Expression) -> Expression:
        text = func.lower(cast(value, Text))
        return case((text.in_(["1", "1.0", "true", "t"]), "true"), (text.is_not(None), "false"))

    def time(self, value: Expression) -> Expression:
        # SQLite's own time functions know milliseconds only and round them up, so the fraction goes around them.
        text = cast(value, Text)
        dot = func.instr(text, ".")
        offset = func.ltrim(func.substr(text, dot + 1), "0123456789")
        whole = case((dot > 0, func.substr(text, 1, dot - 1).concat(offset)), else_=text)
        fraction = func.substr(func.printf("%.6f", cast(func.substr(text, dot, 7), Double)), 2)
        return (
            func.strftime("%Y-%m-%dT%H:%M:%S", whole, type_=Text).concat(case((dot > 0, fraction), else_=".000000")).concat("Z")
        )

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
            (or_(_glob(value, "*[^0-9.-]*"), not_(_glob(value, "*[0-9]*"))), cast(value, Text)),
            (not_(_glob(value, "*.*")), cast(value, Text).concat(".00")),
            (_glob(short, "*."), short.concat("00")),
            (_glob(short, "*.?"), short.concat("0")),
            else_=short,
        )
        kind = func.typeof(value)
        return case((kind == "real", real), (kind == "integer", cast(value, Text).concat(".00")), else_=text)

    def number(self, decimal: Expression) -> Expression:
        return cast(decimal, Double)

    def total(self, decimal: Expression) -> Expression:
        # ISO 4217 knows at most four decimals; whole numbers add up exactly.
        units = cast(func.round(cast(decimal, Double) * 10_000), BigInteger)
        return func.sum(units) / literal(10_000.0, Double)

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

    def elements(self, json: Expression) -> FromClause:
        return func.json_each(json).table_valued("value")


def plan_statement(query: str, column: str) -> TextClause:
    """The plan for rows of a user's query that are looked up by a column."""
    joined = f"SELECT (SELECT count(*) FROM (\n{query}) AS {_JOINED} WHERE {_JOINED}.{column} = +ids.id)"  # noqa: S608  a query of the settings
    return text(f"EXPLAIN QUERY PLAN {escaped(joined)} FROM (SELECT 1 AS id UNION ALL SELECT 2) AS ids")


def keeps_apart(plan: Iterable[Any]) -> bool:
    """Whether a plan computes a user's query by itself. One that is a part of what is around it has no name any more."""
    return any(_JOINED in step.detail for step in plan)


def _glob(text: Expression, pattern: str) -> Expression:
    return text.op("GLOB", is_comparison=True)(pattern)
