"""MySQL's and MariaDB's way of writing JSON, times and decimals: what both understand.

A session is in UTC and its texts are compared by code points (`connectors.sql.sessions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Double,
    Float,
    LargeBinary,
    Numeric,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from connectors.sql.dialect import Expression, TextJsonDialect

TIME = DATETIME(fsp=6)
NUMBER = Numeric(65, 20)
"""Room for every decimal that a record may have, and for sums of them."""

TYPES: dict[int, TypeEngine[Any]] = {
    4: Float(),
    5: Double(),
    7: TIME,
    10: TIME,
    12: TIME,
    252: Text(),
    253: Text(),
    254: Text(),
}
"""The types of the protocol by their numbers. Whole numbers, decimals and the rest need none."""

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
UTC_TIME = f"^{_DATE}([T ]{_CLOCK})?Z?$"
OFFSET_TIME = f"^{_DATE}[T ]{_CLOCK}[+-][0-9]{{2}}:[0-9]{{2}}$"
PLAIN_NUMBER = "^-?[0-9]+([.][0-9]*)?$"


class Mysql(TextJsonDialect):
    object_function = "json_object"
    array_function = "json_array"

    def column(self, name: str, type_code: Any) -> ColumnClause[Any]:
        return column(name, TYPES.get(type_code))

    def ordered(self, text: Expression) -> Expression:
        return cast(text, Text)  # which takes the collation of the session

    def nulls_last(self, value: Expression, descending: bool = False) -> list[Expression]:
        # Null is the least value here.
        return [value.desc()] if descending else [value.is_(None), value]

    def embedded(self, text: Expression) -> Expression:
        # MariaDB has no type of JSON, but knows that what this function gives is some.
        return func.json_extract(text, "$")

    def json_list(self, item: Expression, table: FromClause, parent: Expression, order: Sequence[Expression]) -> Expression:
        # The aggregate for JSON knows no order in MySQL; how long this one may get, the session says.
        items = func.aggregate_strings(cast(item, Text), ",")
        array = func.concat("[", func.coalesce(items.aggregate_order_by(*order) if order else items, ""), "]")
        return self.embedded(select(array).select_from(table).where(parent).correlate_except(table).scalar_subquery())

    def boolean(self, value: Expression) -> Expression:
        text = func.lower(cast(value, Text))
        return case((text.in_(["1", "true", "t", "\x01"]), "true"), (text.is_not(None), "false"))

    def time(self, value: Expression) -> Expression:
        if isinstance(value.type, DATETIME):
            return cast(value, TIME)
        # MariaDB reads no offsets, MySQL rounds digits after the sixth, and either takes a wrong text for some time.
        text = cast(value, Text)
        local = func.left(text, func.char_length(text) - 6)
        offset = func.trim(func.replace(func.right(text, 6), "+", " "))
        return case(
            (text.regexp_match(UTC_TIME), cast(func.replace(func.left(text, 26), "Z", ""), TIME)),
            (text.regexp_match(OFFSET_TIME), cast(func.subtime(cast(func.left(local, 26), TIME), offset), TIME)),
        )

    def time_text(self, time: Expression) -> Expression:
        return func.replace(func.date_format(time, "%Y-%m-%dT%H:%i:%s.%fZ"), ".000000Z", "Z", type_=Text)

    def time_parameter(self, name: str) -> Expression:
        return cast(bindparam(name, type_=Text()), TIME)

    def time_value(self, time: datetime) -> str:
        return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ", timespec="microseconds")

    def decimal_text(self, value: Expression) -> Expression:
        number = value if _is_exact(value) else self.number(value)
        cents = cast(number, Numeric(65, 2))
        every = func.trim(literal_column("TRAILING '0'").op("FROM")(cast(number, Text)))
        text = case((number == cents, cast(cents, Text)), else_=every)
        return case((_is_number(value), text), else_=value) if isinstance(value.type, Text) else text

    def number(self, decimal: Expression) -> Expression:
        if isinstance(decimal.type, Double):
            # Fifteen digits are what a binary number holds for certain; noise begins after them.
            places = 14 - func.floor(func.log10(func.abs(decimal)))
            return cast(cast(func.coalesce(func.round(decimal, places), decimal), Text), NUMBER)
        if isinstance(decimal.type, Float):
            return cast(cast(decimal, Text), NUMBER)
        if isinstance(decimal.type, Text):
            return case((_is_number(decimal), cast(decimal, NUMBER)))
        return cast(decimal, NUMBER)

    def total(self, decimal: Expression) -> Expression:
        return func.sum(decimal)

    def one_of(self, value: Expression, name: str, type_: TypeEngine[Any]) -> Expression:
        # The first finds an index of any collation, which may know no case; the second one compares every byte.
        asked = bindparam(name, type_=type_, expanding=True)
        found = value.in_(asked)
        return and_(found, cast(cast(value, Text), LargeBinary).in_(asked)) if isinstance(type_, Text) else found

    def elements(self, json: Expression) -> FromClause:
        columns: Expression = literal_column("'$[*]' COLUMNS (value LONGTEXT PATH '$')")
        return func.json_table(json, columns).table_valued("value")


def _is_exact(value: Expression) -> bool:
    return not isinstance(value.type, Float | Text)


def _is_number(value: Expression) -> Expression:
    return value.regexp_match(PLAIN_NUMBER)
