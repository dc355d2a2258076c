"""DuckDB's way of writing JSON, times and decimals. Sessions are in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect
from sqlalchemy.sql.elements import ColumnClause, TryCast
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import NullType, TypeEngine

from connectors.records import MAX_EXACT
from connectors.sql import dialect
from connectors.sql.dialect import Dialect, Expression, microseconds

TIME = DateTime(timezone=True)
NUMBER = Numeric(38, 10)
FITTING = "^[+-]?([0-9]{1,28}([.][0-9]{0,10}0*)?|[.][0-9]{1,10}0*)$"
TYPES: dict[str, TypeEngine[Any]] = {
    "VARCHAR": Text(),
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"), BigInteger()),
    "DOUBLE": Double(),
    "FLOAT": Double(),
    "JSON": JSON(),
    "DATE": DateTime(),
    "TIMESTAMP": DateTime(),
    "TIMESTAMP WITH TIME ZONE": DateTime(),
    "TIMESTAMP_S": DateTime(),
    "TIMESTAMP_MS": DateTime(),
    "TIMESTAMP_NS": DateTime(),
}


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

    integers = range(-(2**127), 2**127)

    def column(self, name: str, type_code: Any) -> ColumnClause[Any]:
        type_name = str(type_code)
        return column(name, Numeric() if type_name.startswith("DECIMAL") else TYPES.get(type_name))

    def may_be_text(self, value: Expression) -> bool:
        return isinstance(value.type, Text | JSON)

    def may_be_odd(self, value: Expression) -> bool:
        return isinstance(value.type, Text | JSON | DateTime | Double | NullType)

    def text(self, value: Expression) -> Expression:
        text = _text(value)
        if isinstance(value.type, Double):
            text = case((func.abs(value) <= MAX_EXACT, text))
        return _without_fraction(text) if isinstance(value.type, Numeric | Double) else text

    def key(self, value: Expression, type_: TypeEngine[Any]) -> Expression:
        return _without_fraction(_text(value)) if isinstance(type_, BigInteger) else self.text(value)

    def ordered(self, value: Expression) -> Expression:
        return self.text(value)  # by code points, unless a query says otherwise

    def listed_by(self, id_: Expression) -> Expression:
        return self.ordered(id_)  # a file has no index, and its columns may have another type tomorrow

    def embedded(self, text: Expression) -> Expression:
        return cast(text, JSON)

    def json_list(self, item: Expression, table: FromClause, parent: Expression, order: Sequence[Expression]) -> Expression:
        items = func.to_json(func.list(aggregate_order_by(item, *order) if order else item))
        expression = func.coalesce(items, cast(literal_column("'[]'"), JSON))
        return select(expression).select_from(table).where(parent).correlate_except(table).scalar_subquery()

    def quoted(self, text: Expression) -> Expression:
        return func.to_json(text)

    def json_text(self, value: Expression) -> Expression:
        # Lists and structs of JSON and Parquet files are values here. What is no JSON becomes a string, so that one record is
        # malformed and not the whole batch.
        text = cast(func.to_json(value), Text)
        return case((func.json_valid(value), value), (value != "", text)) if isinstance(value.type, Text) else text

    def given(self, value: Expression) -> Expression:
        return super().given(_text(value)) if self.may_be_text(value) else value

    def position(self, value: Expression) -> Expression:
        # Numbers of text as numbers, and what is none behind them, as it is.
        digits = func.lpad(cast(try_cast(value, BigInteger), Text), 20, "0")
        return func.coalesce(digits, value) if isinstance(value.type, Text) else value

    def plain(self, value: Expression) -> Expression:
        return try_cast(value, Double) if isinstance(value.type, Text) else value

    def plain_json(self, value: Expression, default: int | None) -> Expression:
        expression = self._number_json(value)
        return expression if default is None else func.coalesce(expression, default)

    def _number_json(self, value: Expression) -> Expression:
        # A file of CSV has nothing but text. What is no number stays one, so that it alone is malformed.
        if not isinstance(value.type, Text | JSON | Numeric | Double):
            return value
        text = func.trim(_text(value), type_=Text)
        whole = cast(cast(_without_fraction(text), BigInteger), JSON)
        other = value if isinstance(value.type, Double) else text
        return case((_matches(text, dialect.WHOLE), whole), else_=func.to_json(other))

    def time(self, value: Expression) -> Expression:
        if isinstance(value.type, DateTime):
            time = try_cast(value, TIME)
            return dialect.in_calendar(time)
        text = func.upper(func.trim(_text(value)), type_=Text)
        counted = func.make_timestamptz(cast(microseconds(cast(text, Numeric(38, 9))), BigInteger))
        return case(
            (_matches(text, dialect.TIME), _spelt(text)),
            (
                _matches(text, dialect.OTHER_TIME),
                case((_matches(dialect.spelt(text), dialect.TIME), _spelt(dialect.spelt(text)))),
            ),
            (_matches(text, dialect.COUNT), counted),
            (_matches(text, dialect.COMPACT), cast(func.try_strptime(text, "%Y%m%d"), TIME)),
        )

    def time_text(self, time: Expression) -> Expression:
        return func.replace(func.strftime(time, "%Y-%m-%dT%H:%M:%S.%fZ"), ".000000Z", "Z", type_=Text)

    def time_parameter(self, name: str) -> Expression:
        return cast(bindparam(name, type_=Text()), TIME)

    def time_value(self, time: datetime) -> str:
        return time.isoformat()

    def decimal_text(self, value: Expression) -> Expression:
        text = _digits(value)
        short = func.rtrim(text, "0", type_=Text)
        return case(
            (func.regexp_full_match(text, "-(0+[.]?0*|[.]0+)"), "0.00"),
            (func.regexp_full_match(text, "-?[0-9]+"), text.concat(".00")),
            (func.regexp_full_match(text, "-?[0-9]*[.]0*"), short.concat("00")),
            (func.regexp_full_match(text, "-?[0-9]*[.][0-9]0*"), short.concat("0")),
            (func.regexp_full_match(text, "-?[0-9]*[.][0-9]+"), short),
            else_=text,
        )

    def number(self, decimal: Expression) -> Expression:
        # What has more digits than a number has room for would be rounded.
        text = func.trim(_digits(decimal), type_=Text)
        return case((_matches(text, FITTING), try_cast(text, NUMBER)))

    def total(self, decimal: Expression) -> Expression:
        return func.sum(decimal)

    def one_of(self, value: Expression, name: str, type_: TypeEngine[Any]) -> Expression:
        # A column may have been read as another type than its key has, such as a number of digits only.
        own = self.key(value, type_)
        return own.in_(select(func.unnest(cast(bindparam(name, type_=Text()), ARRAY(Text)))).scalar_subquery())

    def same_id(self, column: Expression, id_: Expression) -> Expression:
        # Files may have one as text and the other as numbers; DuckDB would take '07' for 7, and fail for other texts.
        if isinstance(id_.type, Text | BigInteger) and isinstance(column.type, type(id_.type)):
            return column == id_
        return self._id_text(column) == self._id_text(id_)

    def _id_text(self, id_: Expression) -> Expression:
        """The text of an id. The columns of pairs have no type before they are read."""
        text = self.text(id_)
        is_number = _matches(func.typeof(id_), "^(DOUBLE|FLOAT|DECIMAL)")
        return case((is_number, _without_fraction(text)), else_=text) if isinstance(id_.type, NullType) else text

    def elements(self, json: Expression) -> FromClause:
        return func.unnest(func.json_extract_string(cast(json, JSON), "$[*]")).table_valued("value").render_derived()


def _matches(text: Expression, pattern: str) -> Expression:
    return func.regexp_matches(text, pattern, type_=Boolean)


def _spelt(text: Expression) -> Expression:
    """Write a time in its form, without space before its offset."""
    return try_cast(func.regexp_replace(text, " ([Z+-])", r"\1"), TIME)


def _text(value: Expression) -> Expression:
    """The text of a value, of JSON the text that it holds."""
    return func.json_extract_string(value, "$", type_=Text) if isinstance(value.type, JSON) else cast(value, Text)


def _without_fraction(text: Expression) -> Expression:
    return func.regexp_replace(text, "^([+-]?[0-9]+)[.]0*$", r"\1", type_=Text)


def _digits(value: Expression) -> Expression:
    """The digits of a number. Fifteen are what a binary one holds for certain; noise begins after them.

    A binary number so large that it has lost digits before the point becomes a text that is no number.
    """
    text = _text(value)
    if not isinstance(value.type, Double):
        return text
    size, short = func.abs(value), func.printf("%.15g", value, type_=Text)
    whole = func.concat("about ", text, type_=Text)
    return case((func.isnan(value), short), (size < 10**15, short), (size <= MAX_EXACT, _without_fraction(text)), else_=whole)
