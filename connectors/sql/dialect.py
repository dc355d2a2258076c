"""What databases write differently: JSON, times, decimals, membership.

A *canonical* value is the one that stands in the record's JSON: text for times, decimals, booleans and JSON (which is
embedded), plain numbers as they are. A *comparable* time sorts as the time does and is exact to the microsecond.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Select, Text, case, cast, column, func, literal_column
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.sql.elements import ColumnClause, ColumnElement
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

Expression = ColumnElement[Any]
KEY_TYPES: dict[str, TypeEngine[Any]] = {"text": Text(), "integer": BigInteger(), "uuid": UUID(as_uuid=False)}


class Dialect(ABC):
    """The part that all share, and what each has to say."""

    collation: ClassVar[str]
    """The one that sorts by code points."""
    object_function: ClassVar[str]
    array_function: ClassVar[str]

    def column(self, name: str, type_code: Any) -> ColumnClause[Any]:  # noqa: ARG002  what the driver says of its type
        """A column of a user's query. It has a type where the same SQL means something else for it."""
        return column(name)

    def json_object(self, pairs: Sequence[tuple[str, Expression]]) -> Expression:
        # Names are identifiers of our own structs, so they may stand in the text, where they cost no parameter.
        arguments = [part for name, value in pairs for part in (literal_column(f"'{name}'"), value)]
        found: Expression = getattr(func, self.object_function)(*arguments)
        return found

    def json_array(self, values: Sequence[Expression]) -> Expression:
        return cast(getattr(func, self.array_function)(*values), Text)

    def ordered(self, text: Expression) -> Expression:
        """Text that sorts by code points, as the gateway sorts."""
        return cast(text, Text).collate(self.collation)

    def beginning(self, text: Expression, most: int) -> Expression:
        """At most so many characters of a text."""
        return func.substr(text, 1, literal_column(str(most)), type_=Text())

    def nulls_last(self, value: Expression, descending: bool = False) -> list[Expression]:
        """What orders by a value, rows without one at the end."""
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

    @abstractmethod
    def boolean(self, value: Expression) -> Expression:
        """The canonical text of a boolean: `true` or `false`."""

    def position(self, value: Expression) -> Expression:
        """What a position sorts by."""
        return value

    def plain(self, value: Expression) -> Expression:
        """A number that is no decimal, to calculate with."""
        return value

    def plain_json(self, value: Expression) -> Expression:
        """A number that is no decimal, as a value inside JSON."""
        return value

    @abstractmethod
    def time(self, value: Expression) -> Expression:
        """A comparable time."""

    @abstractmethod
    def time_text(self, time: Expression) -> Expression:
        """The canonical text of a comparable time: RFC 3339, UTC, with Z."""

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
        """A decimal to calculate with."""

    @abstractmethod
    def total(self, decimal: Expression) -> Expression:
        """The sum of decimals, free of binary noise."""

    def exact_total(self, decimal: Expression) -> Expression:
        """The sum of decimals to the last digit. What the database cannot add up so becomes a text, which is no sum."""
        return self.total(decimal)

    @abstractmethod
    def one_of(self, value: Expression, name: str, type_: TypeEngine[Any]) -> Expression:
        """Whether the value is in a list parameter."""

    def outer(self, value: Expression) -> Expression:
        """A value of few rows that many rows are looked up by."""
        return value

    def with_items(
        self,
        table: FromClause,
        items: FromClause,
        columns: Sequence[Expression],  # noqa: ARG002  most see themselves what is read
        tied: Expression,
    ) -> tuple[FromClause, FromClause]:
        """Records joined with their items, of which these columns are read: the FROM, and the items in it."""
        return table.join(items, tied), items

    def for_each(self, items: Select[Any]) -> Select[Any]:
        """A query for the items of one record, so that it is asked for each record and not for all at once."""
        return items

    def among(self, value: Expression, found: Select[Any]) -> tuple[Expression, ...]:  # noqa: ARG002  most need no hint
        """What brings the few values of a query to where a query of the user's can look them up. A join says the same."""
        return ()

    @abstractmethod
    def elements(self, json: Expression) -> FromClause:
        """The values of a JSON array of texts as rows with a column `value`."""


class TextJsonDialect(Dialect):
    """Of databases whose JSON is text."""

    def quoted(self, text: Expression) -> Expression:
        return func.json_quote(text)

    def json_text(self, value: Expression) -> Expression:
        # What is no JSON becomes a string, so that one record is malformed and not the whole batch.
        text = cast(value, Text)
        return case((func.json_valid(text) == 1, text), (text.is_not(None), func.json_quote(text)))
