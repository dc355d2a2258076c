"""The arguments that lists share, and what they ask of sources."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any, TypeAlias

import strawberry

from connectors.contract import Ask, Condition
from connectors.records import Record
from gateway.context import context_of
from gateway.errors import InvalidArgumentError
from resolvers.connection import checked_first
from resolvers.cursor import position_of
from resolvers.enums import SortOrder

First: TypeAlias = Annotated[int, strawberry.argument(description="How many records, from 1 to 100.")]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="The cursor of the record before the first one asked for.")
]
Order: TypeAlias = Annotated[SortOrder, strawberry.argument(description="In which order records come.")]


def ask_for(
    info: Any,
    record: type[Record],
    first: int,
    after: str | None,
    order: SortOrder = SortOrder.NEWEST_FIRST,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    where: tuple[Condition, ...] = (),
    type_name: str | None = None,
) -> Ask:
    """What a list field asks of sources.

    Raises `InvalidArgumentError`.
    """
    if since is not None and until is not None and since >= until:
        raise InvalidArgumentError("filter: since is not before until")
    selection = context_of(info).selection(info._raw_info, record, type_name)  # noqa: SLF001  no public way to the nodes
    return Ask(
        fields=selection.fields,
        first=checked_first(first),
        after=position_of(after),
        since=since,
        until=until,
        where=where,
        oldest_first=order is SortOrder.OLDEST_FIRST,
        count=selection.count,
    )


def one_of(field: str, values: list[Any] | None) -> tuple[Condition, ...]:
    """A condition that a field has one of the values; none when there are no values."""
    if not values:
        return ()
    return (Condition(field, tuple(sorted({value.value if isinstance(value, Enum) else value for value in values}))),)
