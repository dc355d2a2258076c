"""DuckDB's way of writing JSON, times and decimals. Sessions are in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Double,
    Numeric,
    Text,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    try_cast,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect
from sqlalchemy.sql.elements import ColumnClause, TryCast
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from connectors.sql.dialect import Dialect, Expression

TIME = DateTime(timezone=True)
NUMBER = Numeric(38, 10)
TYPES: dict[str, TypeEngine[Any]] = {"VARCHAR": Text(), "DOUBLE": Double(), "FLOAT": Double(), "JSON": JSON()}


class _Compiler(PGCompiler):
    def visit_try_cast(self, element: TryCast[Any], **words: Any) -> str:
        return f"TRY_CAST({self.process(element.clause, **words)} AS {self.process(element.typeclause, **words)})"


class Spelling(PGDialect):
    """DuckDB writes most things as PostgreSQL does."""

    statement_compiler = _Compiler
    supports_statement_cache = True


class Duckdb(Dialect):
    object_function = "json_object"
    array_function = "json_array"

    def column(self, name: str, type_code: Any) -> ColumnClause[Any]:
        return column(name, TYPES.get(str(type_code)))

    def ordered(self, text: Expression) -> Expression:
        return cast(text, Text)  # by code points, unless a query says otherwise

    def embedded(self, text: Expression) -> Expression:
        return cast(text, JSON)

    def json_list(self, item: Expression, table: FromClause, parent: Expression, order: Sequence[Expression]) -> Expression:
        items = func.to_json(func.list(aggregate_order_by(item, *order) if order else item))
        found = func.coalesce(items, cast(literal_column("'[]'"), JSON))
        return select(found).select_from(table).where(parent).correlate_except(table).scalar_subquery()

    def quoted(self, text: Expression) -> Expression:
        return func.to_json(text)

    def json_text(self, value: Expression) -> Expression:
        # Lists and structs of JSON and Parquet files are values here. What is no JSON becomes a string, so that one record is
        # malformed and not the whole batch.
        text = cast(func.to_json(value), Text)
        return case((func.json_valid(value), value), else_=text) if isinstance(value.type, Text) else text

    def boolean(self, value: Expression) -> Expression:
        text = func.lower(cast(value, Text))
        return case((text.in_(["1", "1.0", "true", "t"]), "true"), (text.is_not(None), "false"))

    def position(self, value: Expression) -> Expression:
        # Numbers of text as numbers, and what is none behind them, as it is.
        digits = func.lpad(cast(try_cast(value, BigInteger), Text), 20, "0")
        return func.coalesce(digits, value) if isinstance(value.type, Text) else value

    def plain(self, value: Expression) -> Expression:
        return try_cast(value, Double) if isinstance(value.type, Text) else value

    def plain_json(self, value: Expression) -> Expression:
        # A file of CSV has nothing but text. What is no number stays one, so that its record is malformed.
        if not isinstance(value.type, Text):
            return value
        return func.coalesce(cast(try_cast(value, BigInteger), JSON), cast(try_cast(value, Double), JSON), func.to_json(value))

    def time(self, value: Expression) -> Expression:
        return try_cast(value, TIME)

    def time_text(self, time: Expression) -> Expression:
        return func.replace(func.strftime(time, "%Y-%m-%dT%H:%M:%S.%fZ"), ".000000Z", "Z", type_=Text)

    def time_parameter(self, name: str) -> Expression:
        return cast(bindparam(name, type_=Text()), TIME)

    def time_value(self, time: datetime) -> str:
        return time.isoformat()

    def decimal_text(self, value: Expression) -> Expression:
        # Fifteen digits are what a binary number holds for certain; noise begins after them.
        text = func.printf("%.15g", try_cast(value, Double)) if isinstance(value.type, Double) else cast(value, Text)
        short = func.rtrim(text, "0", type_=Text)
        return case(
            (func.regexp_full_match(text, "-?[0-9]+"), text.concat(".00")),
            (func.regexp_full_match(text, "-?[0-9]*[.]0*"), short.concat("00")),
            (func.regexp_full_match(text, "-?[0-9]*[.][0-9]0*"), short.concat("0")),
            (func.regexp_full_match(text, "-?[0-9]*[.][0-9]+"), short),
            else_=text,
        )

    def number(self, decimal: Expression) -> Expression:
        return try_cast(decimal, NUMBER)

    def total(self, decimal: Expression) -> Expression:
        return func.sum(decimal)

    def one_of(self, value: Expression, name: str, type_: TypeEngine[Any]) -> Expression:
        # A column may have been read as another type than its key has, such as a number of digits only.
        own = try_cast(value, BigInteger) if isinstance(type_, BigInteger) else cast(value, Text)
        return own.in_(select(func.unnest(bindparam(name, type_=Text()))).scalar_subquery())

    def elements(self, json: Expression) -> FromClause:
        return func.unnest(func.json_extract_string(cast(json, JSON), "$[*]")).table_valued("value").render_derived()
