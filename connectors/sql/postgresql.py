"""PostgreSQL's way of writing JSON, times and decimals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    Numeric,
    Select,
    String,
    Text,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from connectors.sql.dialect import Dialect, Expression


class Postgresql(Dialect):
    collation = "C"
    object_function = "json_build_object"
    array_function = "json_build_array"

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

    def json_text(self, value: Expression) -> Expression:
        return cast(value, Text)

    def boolean(self, value: Expression) -> Expression:
        return cast(cast(cast(value, Text), Boolean), Text)

    def time(self, value: Expression) -> Expression:
        # The connection's time zone is UTC, which a timestamp without one is taken as.
        return cast(value, DateTime(timezone=True))

    def time_text(self, time: Expression) -> Expression:
        text = func.to_char(func.timezone("UTC", time), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        return func.replace(text, ".000000Z", "Z", type_=Text)

    def time_parameter(self, name: str) -> Expression:
        return bindparam(name, type_=DateTime(timezone=True))

    def time_value(self, time: datetime) -> datetime:
        return time

    def decimal_text(self, value: Expression) -> Expression:
        number = cast(value, Numeric)
        cents = func.round(number, 2)
        return case((number == cents, cast(cents, Text)), else_=cast(func.trim_scale(number), Text))

    def number(self, decimal: Expression) -> Expression:
        return cast(decimal, Numeric)

    def total(self, decimal: Expression) -> Expression:
        return func.sum(cast(decimal, Numeric))

    def one_of(self, value: Expression, name: str, type_: TypeEngine[Any]) -> Expression:
        # One parameter, so that the server keeps one prepared statement for any number of values.
        return value == any_(bindparam(name, type_=ARRAY(type_)))

    def with_items(
        self, table: FromClause, items: FromClause, columns: Sequence[Expression], tied: Expression
    ) -> tuple[FromClause, FromClause]:
        own = self.for_each(select(*columns).select_from(items).where(tied)).lateral()
        return table.join(own, true()), own

    def for_each(self, items: Select[Any]) -> Select[Any]:
        # The planner leaves a query with an OFFSET as it is. Else it makes a join of it, and reads all of a list that groups.
        return items.offset(literal_column("0"))

    def among(self, value: Expression, found: Select[Any]) -> tuple[Expression, ...]:
        # An array is had before the query runs, so its values go where a constant would, into a query that groups, too.
        return (value == any_(func.array(found.scalar_subquery())),)

    def elements(self, json: Expression) -> FromClause:
        return func.json_array_elements_text(cast(json, JSON)).table_valued("value")
