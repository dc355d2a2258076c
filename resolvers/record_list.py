"""Lists of records that a customer's keys find: one declaration, which says all that an executor has to know."""

from functools import partial
from typing import Any

import strawberry

from connectors.record_fields import fields_of
from connectors.records import Record
from gateway.execution.field_metadata import METADATA_KEY, FieldMetadata, RecordList, RequiredFields
from gateway.execution.required_fields import selection_of
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.record_list import RecordPage
from resolvers.connection import DEFAULT_FIRST, Connection
from resolvers.enums import SortOrder
from resolvers.fields import LIST_WEIGHT
from resolvers.list_arguments import After, Filter, First, InOrder, UpdatedSince, ask_of, take_filter


def resolve_list(description: str, record: type[Record], shown_as: type[Any], filter_type: type[Filter]) -> Any:
    """A field that pages through records of one type."""
    lists = RecordList(record=record, ask=partial(ask_of, record))

    async def resolve(
        root: strawberry.Parent[StitchedCustomer],
        info: strawberry.Info[Any, None],
        first: First = DEFAULT_FIRST,
        after: After = None,
        filter: Any = None,  # noqa: A002  its type is set below
        order: InOrder = SortOrder.NEWEST_FIRST,
    ) -> RecordPage | None:
        selection = selection_of(info, record)
        ask = lists.ask(selection, first=first, after=after, filter=filter, order=order)
        return await root.records(record, ask, selection.origins)

    async def resolve_updated(
        root: strawberry.Parent[StitchedCustomer],
        info: strawberry.Info[Any, None],
        first: First = DEFAULT_FIRST,
        after: After = None,
        filter: Any = None,  # noqa: A002  its type is set below
        order: InOrder = SortOrder.NEWEST_FIRST,
        updated_since: UpdatedSince = None,
    ) -> RecordPage | None:
        selection = selection_of(info, record)
        words = dict(first=first, after=after, filter=filter, order=order, updated_since=updated_since)
        return await root.records(record, lists.ask(selection, **words), selection.origins)

    resolver: Any = resolve_updated if "updated_at" in fields_of(record) else resolve
    take_filter(resolver, filter_type)
    metadata = {METADATA_KEY: FieldMetadata(reads=RequiredFields(stitches=(record,)), lists=lists, weight=LIST_WEIGHT)}
    graphql_type = Connection[shown_as] | None  # type: ignore[valid-type]
    return strawberry.field(resolver=resolver, description=description, graphql_type=graphql_type, metadata=metadata)
