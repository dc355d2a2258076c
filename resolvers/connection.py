"""Relay connections: pages of records that stay put while records come in."""

from typing import Any, Generic, TypeVar

import strawberry

from gateway.errors import InvalidArgumentError
from gateway.stitching.record_list import RecordPage
from gateway.stitching.source_reports import SourceReport, reports_of
from resolvers.cursor import cursor_of
from resolvers.fields import apart, computed, nodes_field
from resolvers.source import CustomerSource

DEFAULT_FIRST = 20
MAX_FIRST = 100

T = TypeVar("T")


@strawberry.type(description="Where a page begins and ends, and whether there are more.")
class PageInfo:
    page: strawberry.Private[RecordPage]
    has_next_page: bool = apart("Whether there are records after this page.", more=True)
    has_previous_page: bool = apart("Whether this page was asked for with `after`.")

    @computed("Cursor of the first record of this page.", position=True)
    def start_cursor(self) -> str | None:
        return cursor_of(self.page.position(0)) if self.page.records else None

    @computed("Cursor of the last record of this page: give it as `after` for the next page.", position=True)
    def end_cursor(self) -> str | None:
        last = self.page.last
        return None if last is None else cursor_of(last)


@strawberry.type(description="A record in its list.")
class Edge(Generic[T]):
    node: T = nodes_field("The record.")

    @computed("Where this record stands in the list.", position=True)
    def cursor(edge: strawberry.Parent[Any]) -> str:  # noqa: N805
        return cursor_of(edge.node.position)


@strawberry.type(description="A page of records.")
class Connection(Generic[T]):
    nodes: list[T] = nodes_field("The records of this page.")
    total: int | None = apart(
        "How many records match in all; null where a source does not count or could not be asked, or where records of several "
        "sources may be of fewer customers.",
        count=True,
        name="totalCount",
    )
    unavailable: list[str] = apart("Sources whose records are missing from this list, because they could not be asked.")

    partial: bool = apart(
        "Whether records are known to be missing: they cannot be read, their source has more than is read of it, or one of the "
        "sources that know the same orders or customers could not be asked."
    )

    @computed("What each source contributed to this list.", graphql_type=list[CustomerSource])
    def sources(page: strawberry.Parent[RecordPage]) -> list[SourceReport]:  # noqa: N805
        return reports_of(page.contributions)

    @computed("Where this page begins and ends.", inside=True)
    def page_info(page: strawberry.Parent[RecordPage]) -> PageInfo:  # noqa: N805
        return PageInfo(page=page, has_next_page=page.has_more, has_previous_page=page.has_previous)

    @computed("The records of this page with their cursors.", inside=True)
    def edges(page: strawberry.Parent[RecordPage]) -> list[Edge[T]]:  # noqa: N805
        return [Edge(node=node) for node in page.nodes]


def checked_first(first: int) -> int:
    """Raises `InvalidArgumentError` outside 1 to `MAX_FIRST`."""
    if not 1 <= first <= MAX_FIRST:
        raise InvalidArgumentError(f"first: {first} is not from 1 to {MAX_FIRST}; ask for more with after")
    return first
