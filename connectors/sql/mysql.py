"""Write JSON, times and decimals for MySQL and MariaDB alike.

A session is in UTC and its texts are compared by code points (`connectors.sql.sessions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
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

from connectors.sql import dialect
from connectors.sql.dialect import Expression, TextJsonDialect, matches, microseconds
from connectors.toolkit.converters import NO

TIME = DATETIME(fsp=6)
NUMBER = Numeric(65, 20)
"""Room for every decimal that a record may have, and for sums of them."""

TYPES: dict[int, TypeEngine[Any]] = {
    0: Numeric(),
    1: BigInteger(),
    2: BigInteger(),
    3: BigInteger(),
    4: Float(),
    5: Double(),
    7: TIME,
    8: BigInteger(),
    9: BigInteger(),
    10: TIME,
    12: TIME,
    246: Numeric(),
    252: Text(),
    253: Text(),
    254: Text(),
}
"""The types of the protocol by their numbers. The rest need none."""

OFFSET_AT_END = f"{dialect.OFFSET}$"


class Mysql(TextJsonDialect):
    integers = range(-(2**63), 2**64)
    false = (*NO, "\x00")
    object_function = "json_object"
    array_function = "json_array"

    def column(self, name: str, type_code: Any) -> ColumnClause[Any]:
        return column(name, TYPES.get(type_code))

    def ordered(self, value: Expression) -> Expression:
        return self.text(value)  # which takes the collation of the session

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

    def text(self, value: Expression) -> Expression:
        text = cast(value, Text)
        return case((value == func.floor(value), _whole(value)), else_=text) if _is_decimal(value) else text

    def key(self, value: Expression, type_: TypeEngine[Any]) -> Expression:
        if isinstance(type_, BigInteger) and isinstance(value.type, Text):
            return case((matches(value, dialect.WHOLE), _whole(value)), else_=value)
        return self.text(value)

    def plain_json(self, value: Expression, default: int | None) -> Expression:
        if isinstance(value.type, Text):
            whole: Expression = matches(func.trim(value), dialect.WHOLE)
        elif isinstance(value.type, Numeric | Float):
            whole = and_(value == func.floor(value), func.abs(value) < literal_column("1e18"))
        else:
            return value if default is None else func.coalesce(value, default)
        text = case((whole, _whole(value)), (value.is_not(None), self.as_string(cast(value, Text))))
        return self.embedded(text if default is None else func.coalesce(text, str(default)))

    def time(self, value: Expression) -> Expression:
        if isinstance(value.type, DATETIME):
            # Where nothing was known there are dates of zeros, or zeros in them.
            return case((and_(func.month(value) > 0, func.dayofmonth(value) > 0), cast(value, TIME)))
        # MariaDB reads no offsets, MySQL rounds digits after the sixth, and either takes a wrong text for some time.
        text = func.upper(func.trim(cast(value, Text)), type_=Text)
        epoch: Expression = literal_column("TIMESTAMP'1970-01-01 00:00:00'")
        counted = microseconds(cast(text, NUMBER))
        return case(
            (matches(text, dialect.TIME), _spelt(text)),
            (
                matches(text, dialect.OTHER_TIME),
                case((matches(dialect.spelt(text), dialect.TIME), _spelt(dialect.spelt(text)))),
            ),
            (matches(text, dialect.COMPACT), cast(text, TIME)),
            (matches(text, dialect.COUNT), func.timestampadd(literal_column("MICROSECOND"), counted, epoch)),
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
        match = value.in_(asked)
        return and_(match, cast(self.text(value), LargeBinary).in_(asked)) if isinstance(type_, Text) else match

    def exact(self, value: Expression) -> tuple[Expression, ...]:
        return (self.ordered(value),)

    def same_id(self, column: Expression, id_: Expression) -> Expression:
        # The first finds an index of any collation, which may know no case, and takes '07' for 7; the second compares texts.
        if all(isinstance(own.type, BigInteger | Numeric | Float) for own in (column, id_)):
            return column == id_
        both_are_texts = all(isinstance(own.type, Text) for own in (column, id_))
        text = self.ordered if both_are_texts else _without_fraction
        return and_(column == id_, text(column) == text(id_))

    def elements(self, json: Expression) -> FromClause:
        columns: Expression = literal_column("'$[*]' COLUMNS (value LONGTEXT PATH '$')")
        return func.json_table(json, columns).table_valued("value")


def _without_fraction(id_: Expression) -> Expression:
    """The text of an id. The columns of pairs have no type before they are read, and may be decimals."""
    return func.regexp_replace(cast(id_, Text), "[.]0+$", "")


def _is_decimal(value: Expression) -> bool:
    return isinstance(value.type, Numeric) and not isinstance(value.type, Float)


def _spelt(text: Expression) -> Expression:
    """Write a time in its form."""
    offset = func.regexp_substr(func.substr(text, 11), OFFSET_AT_END)
    local = cast(func.left(text, func.least(func.char_length(text) - func.char_length(offset), 26)), TIME)
    digits = func.rpad(func.replace(func.trim(offset), ":", ""), 5, "0", type_=Text)
    minutes = func.substr(digits, 2, 2) * 60 + func.substr(digits, 4, 2)
    early, late = (func.timestampadd(literal_column("MINUTE"), way * minutes, local) for way in (1, -1))
    return case((digits.like("-%"), early), (digits.like("+%"), late), else_=local)


def _whole(value: Expression) -> Expression:
    """The text of a whole number."""
    return cast(cast(value, Numeric(65, 0)), Text)


def _is_exact(value: Expression) -> bool:
    return not isinstance(value.type, Float | Text)


def _is_number(value: Expression) -> Expression:
    return matches(func.trim(value), dialect.NUMBER)
