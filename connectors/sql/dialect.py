"""Define the parts that each database writes its own way: JSON, times, decimals, membership.

A *canonical* value is the one that stands in the record's JSON: text for times, decimals, booleans and JSON (which is
embedded), plain numbers as they are. A *comparable* time sorts as the time does and is exact to the microsecond.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Select, Text, and_, case, cast, column, func, literal_column, null
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.sql.elements import ColumnClause, ColumnElement
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from connectors.toolkit.converters import NO, YES
from connectors.toolkit.ratings import ABOVE, BELOW, BEST, WORST, Scale

Expression = ColumnElement[Any]
KEY_TYPES: dict[str, TypeEngine[Any]] = {"text": Text(), "integer": BigInteger(), "uuid": UUID(as_uuid=False)}


DIGITS = tuple("0123456789")
TRUE = (*YES, "\x01")

DATE = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
OFFSET = " ?(Z|UTC|GMT|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)"
TIME = f"^{DATE}([T ]{CLOCK}({OFFSET})?)?$"
"""A time in upper case, for databases that read more than times as such, or fail. The day may be too late for its month."""
COUNT = "^-?[0-9]{9,19}([.][0-9]+)?$"
"""What is counted since 1970."""
COMPACT = "^[12][0-9]{3}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$"
"""A date of eight digits."""
OTHER_TIME = (
    f"^[0-9]{{4}}(-[0-9]{{2}}-|[0-9]{{2}})[0-9]{{2}}[T ][0-9]{{2}}(:[0-9]{{2}}(:[0-9]{{2}}([.,][0-9]+)?)?"
    f"|[0-9]{{2}}([0-9]{{2}}([.,][0-9]+)?)?)?({OFFSET})?$"
)
"""A time in upper case that is written in another way; `spelt` writes it as above."""
NUMBER = "^[+-]?([0-9]{1,40}([.][0-9]{0,20})?|[.][0-9]{1,20})$"
WHOLE = "^[+-]?[0-9]{1,18}([.]0*)?$"


def matches(text: Expression, pattern: str) -> Expression:
    """Tell whether a text matches one of the patterns above. It stands in the statement, so that a planner knows it, too."""
    return text.regexp_match(literal_column(f"'{pattern}'"))


def spelt(text: Expression) -> Expression:
    """Write a time like `OTHER_TIME` as `TIME` has it. It is in upper case."""
    has_dashes = func.substr(text, 5, 1) == "-"
    year, month, day = func.substr(text, 1, 4, type_=Text), func.substr(text, 5, 2), func.substr(text, 7, 2)
    date = case((has_dashes, func.substr(text, 1, 10)), else_=year.concat("-").concat(month).concat("-").concat(day))
    hour = case((has_dashes, func.substr(text, 11, 3)), else_=func.substr(text, 9, 3))
    after = case((has_dashes, func.substr(text, 14)), else_=func.substr(text, 12))
    minute, second = func.substr(after, 1, 2, type_=Text), func.substr(after, 3, type_=Text)
    colon = literal_column("':'", Text)
    clock = case(
        (func.substr(after, 1, 1) == ":", after),
        (func.substr(after, 4, 1).in_(DIGITS), colon.concat(minute).concat(":").concat(second)),
        (func.substr(after, 2, 1).in_(DIGITS), colon.concat(after)),
        else_=colon.concat("00").concat(after),
    )
    return func.replace(cast(date, Text).concat(hour).concat(clock), ",", ".", type_=Text)


def microseconds(count: Expression) -> Expression:
    """Convert a count of seconds to microseconds since 1970.

    Its size says of which parts of a second it is. A small one counts nothing.
    """
    size = func.abs(count)
    expression = case(
        (size < _power(8), null()),
        (size < _power(11), count * _power(6)),
        (size < _power(13), count * _power(3)),
        (and_(size >= _power(14), size < _power(16)), count),
        (and_(size >= _power(17), size < _power(19)), count / _power(3)),
    )
    return func.floor(expression)


def _power(of_ten: int) -> ColumnClause[Any]:
    return literal_column(str(10**of_ten))


def in_calendar(time: Expression) -> Expression:
    """A time that others have as well: neither an endless one, nor one whose offset leads into a year that is none."""
    first: Expression = literal_column("TIMESTAMPTZ '0001-01-01 00:00:00+00'")
    end: Expression = literal_column("TIMESTAMPTZ '10000-01-01 00:00:00+00'")
    return case((and_(time >= first, time < end), time))


class Dialect(ABC):
    """The shared part of all dialects, and the part that each defines."""

    collation: ClassVar[str]
    """The one that sorts by code points."""
    object_function: ClassVar[str]
    array_function: ClassVar[str]
    indexes_casts: ClassVar[bool] = False
    """Whether an index on a text finds it where it is cast to one."""
    false: ClassVar[tuple[str, ...]] = NO
    integers: ClassVar[range] = range(-(2**63), 2**63)
    """The whole numbers that a key may be."""

    def column(self, name: str, type_code: Any) -> ColumnClause[Any]:  # noqa: ARG002  what the driver says of its type
        """A column of a user's query. It has a type where the same SQL means something else for it."""
        return column(name)

    def json_object(self, pairs: Sequence[tuple[str, Expression]]) -> Expression:
        # Names are identifiers of our own structs, so they may stand in the text, where they cost no parameter.
        arguments = [part for name, value in pairs for part in (literal_column(f"'{name}'"), value)]
        expression: Expression = getattr(func, self.object_function)(*arguments)
        return expression

    def json_array(self, values: Sequence[Expression]) -> Expression:
        return cast(getattr(func, self.array_function)(*values), Text)

    def text(self, value: Expression) -> Expression:
        """The canonical text of a column of any type. A whole number has no fraction, whatever its column may hold."""
        return cast(value, Text)

    def key(self, value: Expression, type_: TypeEngine[Any]) -> Expression:  # noqa: ARG002  most have columns of a key's type
        """Write the canonical text of a column of keys."""
        return self.text(value)

    def ordered(self, value: Expression) -> Expression:
        """Canonical text that sorts by code points, as the gateway sorts."""
        return self.text(value).collate(self.collation)

    def listed_by(self, id_: Expression) -> Expression:
        """What records are listed by: the id as it is, by the rule of its own column, so that an index serves."""
        return id_

    def given(self, value: Expression) -> Expression:
        """A number, a time, a code: null for a blank text."""
        return case((func.trim(value) != "", value)) if self.may_be_text(value) else value

    def may_be_text(self, value: Expression) -> bool:
        """Whether a column may hold text, as far as its type says."""
        return isinstance(value.type, Text)

    def may_be_odd(self, value: Expression) -> bool:
        """Whether a column of numbers or times may hold what is none, as far as its type says."""
        return self.may_be_text(value)

    def beginning(self, text: Expression, most: int) -> Expression:
        """At most so many characters of a text."""
        return func.substr(text, 1, literal_column(str(most)), type_=Text())

    def nulls_last(self, value: Expression, descending: bool = False) -> list[Expression]:
        """Sort by a value, rows without one at the end."""
        return [(value.desc() if descending else value).nulls_last()]

    @abstractmethod
    def embedded(self, text: Expression) -> Expression:
        """JSON text as a value inside JSON."""

    @abstractmethod
    def quoted(self, text: Expression) -> Expression:
        """Text as an item of a JSON list."""

    @abstractmethod
    def json_list(self, item: Expression, table: FromClause, parent: Expression, order: Sequence[Expression]) -> Expression:
        """The items of one record as a JSON array: a correlated subquery."""

    @abstractmethod
    def json_text(self, value: Expression) -> Expression:
        """The canonical text of a column that holds JSON."""

    def boolean(self, value: Expression) -> Expression:
        """Write a boolean as `true` or `false`; anything else as JSON text."""
        text = func.lower(func.trim(cast(value, Text)), type_=Text)
        given = func.nullif(text, "").is_not(None)
        return case((text.in_(TRUE), "true"), (text.in_(self.false), "false"), (given, self.as_string(text)))

    def as_string(self, text: Expression) -> Expression:
        """The JSON text of a string."""
        return cast(self.quoted(text), Text)

    def position(self, value: Expression) -> Expression:
        """Sort by a position."""
        return value

    def plain(self, value: Expression) -> Expression:
        """Read a number other than a decimal to calculate with. Null if it is none."""
        return self.number(value) if self.may_be_text(value) else value

    @abstractmethod
    def plain_json(self, value: Expression, default: int | None) -> Expression:
        """Write a number other than an amount into JSON: whole ones plain, others as written."""

    @abstractmethod
    def time(self, value: Expression) -> Expression:
        """Read a comparable time; null if it is none."""

    def indexed_time(self, value: Expression) -> Expression:
        """The same by the column itself, so that its index serves. It may be beyond the calendar."""
        return self.time(value)

    @abstractmethod
    def time_text(self, time: Expression) -> Expression:
        """The canonical text of a comparable time: RFC 3339, UTC, with Z."""

    def time_json(self, value: Expression, time: Expression) -> Expression:
        """Write a comparable time in canonical text. A value that is none stays as it is."""
        text, written = self.time_text(time), cast(self.given(value), Text)
        if self.may_be_text(value):
            return func.coalesce(text, written)
        # A time that is null for another reason, such as that there is no id, stays null.
        return func.coalesce(text, case((self.time(value).is_(None), written))) if self.may_be_odd(value) else text

    @abstractmethod
    def time_parameter(self, name: str) -> Expression: ...

    @abstractmethod
    def time_value(self, time: datetime) -> Any:
        """The value of a time parameter."""

    @abstractmethod
    def decimal_text(self, value: Expression) -> Expression:
        """The canonical text of a decimal: two decimals when that is exact, else all of them."""

    @abstractmethod
    def number(self, decimal: Expression) -> Expression:
        """Read a decimal to calculate with; null if it is none."""

    def rating(self, value: Expression, scale: Scale) -> Expression:
        """A rating of the source's scale on that of records, as `rating_of`. What is no number stays as it is."""
        if isinstance(value.type, Boolean):
            return value
        worst, best = scale
        number = self.number(value)
        steps: Expression = literal_column(f"{BEST - WORST}.0")
        place = (number - literal_column(str(worst))) * steps / literal_column(str(best - worst))
        rating = case(
            (number < literal_column(str(min(scale))), BELOW),
            (number > literal_column(str(max(scale))), ABOVE),
            else_=cast(func.round(place + literal_column(str(WORST))), BigInteger),
        )
        if not self.may_be_text(value):
            return rating
        return case((number.is_(None), value), else_=cast(rating, Text) if isinstance(value.type, Text) else rating)

    @abstractmethod
    def total(self, decimal: Expression) -> Expression:
        """The sum of decimals, free of binary noise."""

    def exact_total(self, decimal: Expression) -> Expression:
        """The sum of decimals to the last digit. What the database cannot add up so becomes a text, which is no sum."""
        return self.total(decimal)

    @abstractmethod
    def one_of(self, value: Expression, name: str, type_: TypeEngine[Any]) -> Expression:
        """Tell whether the value is in a list parameter."""

    def outer(self, value: Expression) -> Expression:
        """A value of few rows that many rows are looked up by."""
        return value

    def exact(self, value: Expression) -> tuple[Expression, ...]:  # noqa: ARG002  most take no two values for the same
        """Tell values apart that a collation takes for the same. Nothing where none does."""
        return ()

    def same_id(self, column: Expression, id_: Expression) -> Expression:
        """Compare a column that refers to records with their id. An index serves, and no other spelling is the same."""
        return column == id_

    def with_items(
        self,
        table: FromClause,
        items: FromClause,
        columns: Sequence[Expression],  # noqa: ARG002  most see themselves what is read
        tied: Expression,
    ) -> tuple[FromClause, FromClause]:
        """Join records with these columns of their items: the FROM, and the items in it."""
        return table.join(items, tied), items

    def for_each(self, items: Select[Any]) -> Select[Any]:
        """Query the items of one record at a time. So they are not read for all records at once."""
        return items

    def asked_keys(self, name: str, type_: TypeEngine[Any]) -> FromClause:
        """The values of a list parameter as rows with a column `key_`. Asked for where keys are found by an index."""
        raise NotImplementedError

    def first_in_order(self, rows: Select[Any], order: Sequence[Expression], descending: bool) -> Select[Any]:
        """The first rows in an order, each place in it once. Asked for where keys are found by an index."""
        raise NotImplementedError

    def among(self, value: Expression, candidates: Select[Any]) -> tuple[Expression, ...]:  # noqa: ARG002  most need no hint
        """Bring a few values to the lookup inside a user's query. A join says the same."""
        return ()

    @abstractmethod
    def elements(self, json: Expression) -> FromClause:
        """List a JSON array's texts as rows of a column `value`."""


class TextJsonDialect(Dialect):
    """The base for databases that store JSON as text."""

    def quoted(self, text: Expression) -> Expression:
        return func.json_quote(text)

    def json_text(self, value: Expression) -> Expression:
        # What is no JSON becomes a string, so that one record is malformed and not the whole batch.
        text = cast(value, Text)
        return case((func.json_valid(text) == 1, text), (func.nullif(text, "").is_not(None), func.json_quote(text)))

    def as_string(self, text: Expression) -> Expression:
        return cast(func.json_quote(text), Text)
