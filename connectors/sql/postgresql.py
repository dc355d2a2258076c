"""PostgreSQL's way of writing JSON, times and decimals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Double,
    Float,
    Integer,
    Numeric,
    Select,
    String,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, distinct_on
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import BindParameter, ColumnClause
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import NullType, TypeEngine

from connectors.sql import dialect
from connectors.sql.dialect import KEY_TYPES, Dialect, Expression, matches, microseconds

TYPES: dict[int, TypeEngine[Any]] = {
    16: Boolean(),
    20: BigInteger(),
    21: BigInteger(),
    23: BigInteger(),
    25: Text(),
    114: JSON(),
    700: Double(),
    701: Double(),
    1042: Text(),
    1043: Text(),
    1082: DateTime(),
    1114: DateTime(),
    1184: DateTime(),
    1700: Numeric(),
    3802: JSON(),
}
"""The types of PostgreSQL by their numbers. A column of another one is read by its text."""

FIRST_EXTENSION_TYPE = 16_384
"""The number of the first type that is not of the server itself."""

TIME = DateTime(timezone=True)


class ExtensionType(NullType):
    """A type of an extension, such as citext. It may take several texts for the same."""

    cache_ok = True


PLAIN_TIME = (
    "^[12][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    "[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z?$"
)
"""Most times of text, at a third of what the others cost."""
KEY_SETTING = "gateway.key"
"""Stands for a key where a plan is asked for."""
BY_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan", "Nested Loop", "Append"})
"""Steps of a plan that read what they give, and nothing else, for each key anew."""
JSON_STEPS = (
    (r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})', "#"),
    (r'"[^"\\\x01-\x1f]*"', '""'),
    (r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null", "0"),
    (r"[ \t\n\r]+", ""),
)
"""What makes the texts of JSON empty ones, and its other values zeros. What is none does not become any by it."""
JSON_PART = r'\[((""|0)(,(""|0))*)?\]|\{("":(""|0)(,"":(""|0))*)?\}'
"""A list or an object that holds no other."""
JSON_LEVELS = 24
"""How many lists and objects of JSON in a column of text may stand in each other."""


class _Compiler(PGCompiler_asyncpg):
    def visit_bindparam(self, bindparam: BindParameter[Any], *arguments: Any, **words: Any) -> str:
        # Only what a call gives is a parameter. A constant in the text is known to the planner, and never sent.
        words["literal_binds"] = words.get("literal_binds") or not bindparam.required
        found: str = super().visit_bindparam(bindparam, *arguments, **words)  # type: ignore[no-untyped-call]
        return found

    def render_literal_value(self, value: Any, type_: TypeEngine[Any]) -> str:
        if not isinstance(value, str):
            found: str = super().render_literal_value(value, type_)  # type: ignore[no-untyped-call]
            return found
        text = value.replace("'", "''")
        # Written so, a backslash is one however the server reads plain texts.
        return "E'" + text.replace("\\", "\\\\") + "'::TEXT" if "\\" in text else f"'{text}'::TEXT"


class PostgresqlSpelling(PGDialect_asyncpg):
    """asyncpg's way of writing statements, constants written out."""

    statement_compiler = _Compiler
    supports_statement_cache = True


class JsonObject(FunctionElement[Any]):
    """A JSON object of named values, written as a row: PostgreSQL looks at the types of a row once, of arguments each time."""

    type = JSON()
    inherit_cache = False

    def __init__(self, pairs: Sequence[tuple[str, Expression]]) -> None:
        self.names = [name for name, _ in pairs]
        super().__init__(*(value for _, value in pairs))


@compiles(JsonObject)
def _write_object(element: JsonObject, compiler: _Compiler, **words: Any) -> str:
    values = [compiler.process(value, **words) for value in element.clauses]
    columns = ", ".join(f'{value} AS "{name}"' for value, name in zip(values, element.names, strict=True))
    return f"(SELECT row_to_json(gateway_object) FROM (SELECT {columns}) AS gateway_object)"  # noqa: S608  of our own parts


class IndexScan(NamedTuple):
    """What a plan looks up in an index."""

    index_name: str
    condition: str

    def compares(self, column: str) -> bool:
        """Tell whether a column, or an expression, stands in the condition."""
        return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", self.condition) is not None


LEADING_COLUMN = (
    "SELECT pg_get_indexdef(oid, 1, true) FROM pg_class WHERE relname = $1 AND relkind IN ('i', 'I')"  # partitioned ones, too
)
"""The first column of an index, by its name."""


def index_statement(query: str, name: str, type_: str) -> str:
    """Ask for the plan that finds the rows of one key."""
    type_name = KEY_TYPES[type_].compile(dialect=PostgresqlSpelling())  # type: ignore[no-untyped-call]
    key = f"CAST(current_setting('{KEY_SETTING}', true) AS {type_name})"
    return f'EXPLAIN (FORMAT JSON) SELECT * FROM (\n{query}) AS found WHERE found."{name}" = {key}'  # noqa: S608  of the settings


def index_scans(plan: Any) -> list[IndexScan] | None:
    """List what a plan finds by indexes; None where it reads anything else, or compares the key afterwards.

    It was made for a server that avoids to read tables whole.
    """
    type_, condition = plan["Node Type"], plan.get("Index Cond", "")
    if type_ not in BY_INDEX or any(KEY_SETTING in str(plan.get(name, "")) for name in ("Filter", "Join Filter")):
        return None
    scans = [index_scans(part) for part in plan.get("Plans", ())]
    if None in scans or (type_ in ("Index Scan", "Index Only Scan") and not condition):
        return None
    own = [IndexScan(plan["Index Name"], condition)] if condition else []
    return [*own, *(scan for part in scans if part is not None for scan in part)]


class Postgresql(Dialect):
    collation = "C"
    array_function = "json_build_array"
    indexes_casts = True

    def json_object(self, pairs: Sequence[tuple[str, Expression]]) -> Expression:
        return JsonObject(pairs)

    def beginning(self, text: Expression, most: int) -> Expression:
        # This cast cuts, and leaves what is short enough as it is, where substr would count and copy it.
        return cast(text, String(most))

    def embedded(self, text: Expression) -> Expression:
        return cast(text, JSON)

    def json_list(self, item: Expression, table: FromClause, parent: Expression, order: Sequence[Expression]) -> Expression:
        items = func.json_agg(aggregate_order_by(item, *order) if order else item)
        return (
            select(func.coalesce(items, func.json_build_array()))
            .select_from(table)
            .where(parent)
            .correlate_except(table)
            .scalar_subquery()
        )

    def quoted(self, text: Expression) -> Expression:
        return func.to_json(text)

    def column(self, name: str, type_code: Any) -> ColumnClause[Any]:
        return column(name, ExtensionType() if (type_code or 0) >= FIRST_EXTENSION_TYPE else TYPES.get(type_code))

    def may_be_text(self, value: Expression) -> bool:
        return isinstance(value.type, Text)

    def may_be_odd(self, value: Expression) -> bool:
        return isinstance(value.type, Text | NullType | Numeric | Float | DateTime)

    def json_text(self, value: Expression) -> Expression:
        if isinstance(value.type, JSON):
            return cast(value, Text)
        if not isinstance(value.type, Text):
            return cast(func.to_jsonb(value), Text)
        # What is no JSON becomes a string, so that one record is malformed and not the whole batch.
        return case((_is_json(value), value), (value != "", self.as_string(value)))

    def text(self, value: Expression) -> Expression:
        if isinstance(value.type, Numeric | Float):
            whole = and_(value == func.trunc(value), func.abs(value) < literal_column("1e40"))
            return case((whole, cast(func.trunc(cast(value, Numeric)), Text)), else_=cast(value, Text))
        return cast(value, Text)

    def plain_json(self, value: Expression, default: int | None) -> Expression:
        expression: Expression = self._number_json(value)
        if default is None:
            return expression
        other: Expression = literal_column(str(default))
        return func.coalesce(expression, other if isinstance(expression.type, BigInteger) else func.to_json(other))

    def _number_json(self, value: Expression) -> Expression:
        if isinstance(value.type, BigInteger):
            return value
        if isinstance(value.type, Numeric | Float):
            whole = and_(value == func.trunc(value), func.abs(value) < literal_column("1e18"))
            return case((whole, func.to_json(func.trunc(cast(value, Numeric)))), else_=func.to_json(value))
        if not _is_read_by_text(value):
            return func.to_json(value)
        text = cast(value, Text)
        whole = matches(func.btrim(text), dialect.WHOLE)
        return case((whole, func.to_json(func.trunc(cast(text, Numeric)))), else_=func.to_json(text))

    def time(self, value: Expression) -> Expression:
        if isinstance(value.type, DateTime):
            return dialect.in_calendar(self.indexed_time(value))
        if isinstance(value.type, Numeric | Float):
            value = func.trim_scale(cast(value, Numeric), type_=Numeric)
        written = cast(value, Text)
        text = func.upper(func.btrim(written), type_=Text)
        return case(
            (matches(written, PLAIN_TIME), cast(written, TIME)),
            (matches(text, dialect.TIME), _spelt(text)),
            (
                matches(text, dialect.OTHER_TIME),
                case((matches(dialect.spelt(text), dialect.TIME), _spelt(dialect.spelt(text)))),
            ),
            (matches(text, dialect.COMPACT), _compact(text)),
            (matches(text, dialect.COUNT), _counted(cast(text, Numeric))),
        )

    def indexed_time(self, value: Expression) -> Expression:
        # The connection's time zone is UTC, which a timestamp without one is taken as.
        return cast(value, TIME) if isinstance(value.type, DateTime) else self.time(value)

    def time_text(self, time: Expression) -> Expression:
        text = func.to_char(func.timezone("UTC", time), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        return func.replace(text, ".000000Z", "Z", type_=Text)

    def time_parameter(self, name: str) -> Expression:
        # As a text: the driver takes the last time that there is for infinity.
        return cast(bindparam(name, type_=Text()), TIME)

    def time_value(self, time: datetime) -> str:
        return time.isoformat()

    def decimal_text(self, value: Expression) -> Expression:
        number = self.number(value)
        cents = func.round(number, 2)
        text = case((number == cents, cast(cents, Text)), else_=cast(func.trim_scale(number), Text))
        return func.coalesce(text, cast(value, Text)) if self.may_be_odd(value) else text

    def plain(self, value: Expression) -> Expression:
        return self.number(value) if isinstance(value.type, Text | Numeric | Float) else value

    def number(self, decimal: Expression) -> Expression:
        if isinstance(decimal.type, Numeric | Float):
            # What is endless, or no number, is not zero less itself.
            return case((decimal - decimal == 0, cast(decimal, Numeric)))
        if not _is_read_by_text(decimal):
            return cast(decimal, Numeric)
        text = func.btrim(cast(decimal, Text))
        return case((matches(text, dialect.NUMBER), cast(text, Numeric)))

    def total(self, decimal: Expression) -> Expression:
        return func.sum(cast(decimal, Numeric))

    def one_of(self, value: Expression, name: str, type_: TypeEngine[Any]) -> Expression:
        # One parameter, so that the server keeps one prepared statement for any number of values.
        if isinstance(value.type, Numeric) and isinstance(type_, BigInteger):
            type_ = Numeric()
        return value == any_(bindparam(name, type_=ARRAY(type_)))

    def exact(self, value: Expression) -> tuple[Expression, ...]:
        return (self.ordered(value),) if isinstance(value.type, NullType) else ()

    def same_id(self, column: Expression, id_: Expression) -> Expression:
        # The first finds an index, the second compares texts.
        same = column == id_
        is_of_extension = any(isinstance(own.type, ExtensionType) for own in (column, id_))
        return and_(same, self.ordered(column) == self.ordered(id_)) if is_of_extension else same

    def with_items(
        self, table: FromClause, items: FromClause, columns: Sequence[Expression], tied: Expression
    ) -> tuple[FromClause, FromClause]:
        own = self.for_each(select(*columns).select_from(items).where(tied)).lateral()
        return table.join(own, true()), own

    def for_each(self, items: Select[Any]) -> Select[Any]:
        # The planner leaves a query with an OFFSET as it is. Else it makes a join of it, and reads all of a list that groups.
        return items.offset(literal_column("0"))

    def asked_keys(self, name: str, type_: TypeEngine[Any]) -> FromClause:
        return func.unnest(bindparam(name, type_=ARRAY(type_))).table_valued(column("key_", type_)).render_derived("asked")

    def first_in_order(self, rows: Select[Any], order: Sequence[Expression], descending: bool) -> Select[Any]:
        found = rows.ext(distinct_on(*order)).order_by(*(value.desc() if descending else value for value in order))
        return found.limit(bindparam("first", type_=BigInteger()))

    def among(self, value: Expression, candidates: Select[Any]) -> tuple[Expression, ...]:
        # An array is had before the query runs, so its values go where a constant would, into a query that groups, too.
        return (value == any_(func.array(candidates.scalar_subquery())),)

    def elements(self, json: Expression) -> FromClause:
        return func.json_array_elements_text(cast(json, JSON)).table_valued("value")


def _is_read_by_text(value: Expression) -> bool:
    return isinstance(value.type, Text | NullType)


def _is_json(text: Expression) -> Expression:
    """Tell whether text is JSON. The servers' own way to ask is not known to all versions."""
    for pattern, mark in JSON_STEPS:
        text = func.regexp_replace(text, pattern, mark, "g")
    for _ in range(JSON_LEVELS):
        text = func.regexp_replace(text, JSON_PART, "0", "g", type_=Text)
    return text.in_(['""', "0"])


def _counted(count: Expression) -> Expression:
    return literal_column("TIMESTAMPTZ '1970-01-01 00:00:00+00'") + microseconds(count) * literal_column("INTERVAL '1 us'")


def _spelt(text: Expression) -> Expression:
    """Write a time in its form. Digits after the sixth would be rounded."""
    day = cast(func.substr(text, 9, 2), BigInteger)
    in_month = or_(day <= 28, day <= _days(func.substr(text, 1, 4), func.substr(text, 6, 2)))
    time = cast(func.regexp_replace(text, r"(\.\d{6})\d+", r"\1"), TIME)
    return case((in_month, dialect.in_calendar(time)))


def _compact(text: Expression) -> Expression:
    """A date of eight digits."""
    year, month, day = func.substr(text, 1, 4), func.substr(text, 5, 2), func.substr(text, 7, 2)
    return case((cast(day, BigInteger) <= _days(year, month), cast(text, TIME)))


def _days(year: Expression, month: Expression) -> Expression:
    """How many days a month has."""
    first = func.make_date(cast(func.greatest(year, "0001"), Integer), cast(month, Integer), 1)
    return func.date_part("day", first + literal_column("INTERVAL '1 month - 1 day'"))
