"""Define the arguments of lists, and their asks."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypeVar, cast

import strawberry
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryObjectDefinition

from connectors.contract import Ask, Condition
from connectors.records import Record
from connectors.toolkit.evaluation import as_text
from gateway.errors import InvalidArgumentError
from gateway.stitching.selection import Selection
from resolvers.connection import MAX_FIRST, checked_first
from resolvers.cursor import position_of
from resolvers.enums import SortOrder
from resolvers.fields import field

First: TypeAlias = Annotated[int, strawberry.argument(description=f"How many records, from 1 to {MAX_FIRST}.")]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="The cursor of the record before the first one asked for.")
]
InOrder: TypeAlias = Annotated[SortOrder, strawberry.argument(description="In which order records come.")]
UpdatedSince: TypeAlias = Annotated[
    datetime | None,
    strawberry.argument(
        description="Only those whose `updatedAt` is this time or later, or null. Fails where their source has no such times."
    ),
]

MAX_VALUES, MAX_VALUE_LENGTH = 100, 200
"""Of each list of a filter."""

_NO_VALUES = ("since", "until", "own_values")
T = TypeVar("T")


def take_filter(resolve: Callable[..., Any], filter_type: type[Any]) -> None:
    """Give the argument `filter` of a list's resolver its type."""
    explained = strawberry.argument(description="Which ones; all by default.")
    resolve.__annotations__["filter"] = Annotated[filter_type | None, explained]


def filter_input(description: str) -> Callable[[type[T]], type[T]]:
    """Declare the filter of a list."""

    def declare(kind: type[T]) -> type[T]:
        declared = strawberry.input(description=description)(kind)
        definition: StrawberryObjectDefinition = declared.__strawberry_definition__  # type: ignore[attr-defined]
        definition.from_input = _read_filter
        return declared

    return declare


def _read_filter(kind: type, value: Mapping[str, Any], context: InputContext) -> Any:
    """Read a filter. What the class has no field for are conditions on fields of one's own, by the names of records."""
    given, left = {}, dict(value)
    for own in kind.__strawberry_definition__.fields:  # type: ignore[attr-defined]
        name = context.config.name_converter.from_field(own)
        if name in left:
            given[own.python_name] = context.convert(left.pop(name), own.resolve_type(), name)
    made = kind(**given)
    made.own_values = left
    return made


@strawberry.input(description="Which records to give.")
class Filter:
    """Base of filters. Each further field of a filter is a list of values, of which the record's field has one.

    `own_values` are those of fields of one's own.
    """

    own_values = cast(Mapping[str, Any], MappingProxyType({}))  # without annotation, so that it is no field of the class
    since: datetime | None = field("Only those at this time or later.", default=None)
    until: datetime | None = field("Only those before this time.", default=None)

    def conditions(self) -> tuple[Condition, ...]:
        """List the given values as conditions.

        Raises `InvalidArgumentError` for what is too long: what is asked is remembered with its conditions.
        """
        given = {name: value for name, value in vars(self).items() if name not in _NO_VALUES} | dict(self.own_values)
        given = {name: value for name, value in given.items() if value is not None}
        for name, values in given.items():
            longest = max(map(len, map(as_text, values)), default=0)
            if len(values) > MAX_VALUES or longest > MAX_VALUE_LENGTH:
                raise InvalidArgumentError(
                    f"filter.{name}: at most {MAX_VALUES} values of at most {MAX_VALUE_LENGTH} characters"
                )
        return tuple(Condition(name, tuple(sorted(map(as_text, values)))) for name, values in given.items())

    def bounds(self) -> dict[str, Any]:
        """As words of an ask or of a measure.

        Raises `InvalidArgumentError` for a window that ends before it begins.
        """
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InvalidArgumentError("filter: since is not before until")
        return {"since": self.since, "until": self.until, "where": self.conditions()}


def ask_of(
    record: type[Record],
    selection: Selection,
    *,
    first: int,
    after: str | None,
    order: SortOrder = SortOrder.NEWEST_FIRST,
    filter: Filter | None = None,  # noqa: A002
    updated_since: datetime | None = None,
    is_mixed: bool = False,
) -> Ask:
    """Build the ask of a list field; in a mixed list there are also other records.

    Raises `InvalidArgumentError`.
    """
    return Ask(
        fields=selection.fields,
        first=checked_first(first),
        after=position_of(after, record, is_mixed=is_mixed),
        oldest_first=order is SortOrder.OLDEST_FIRST,
        updated_since=updated_since,
        more=selection.more,
        count=selection.count,
        shown=True,
        **(filter.bounds() if filter else {}),
    )
