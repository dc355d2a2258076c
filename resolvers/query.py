"""Where queries begin."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from connectors import records
from connectors.records import Record
from gateway.changes.customer_change import ChangePage
from gateway.context import context_of
from gateway.deltas.change_pages import MAX_FIRST, read_changes
from gateway.erasure.erasure import find_receipt
from gateway.errors import InvalidArgumentError
from gateway.execution.field_metadata import CustomerFinder
from gateway.execution.required_fields import selection_of, selections_of
from gateway.execution.schema_types import name_type
from gateway.identity.erasure_receipt import ErasureReceipt as Receipt
from gateway.lookups.source_counts import SourceActivity as ReportedActivity
from gateway.lookups.sources import Source as ConfiguredSource
from gateway.stitching.admitted_customers import (
    AdmittedCustomer,
    FoundAdmitted,
    find_admitted,
    find_admitted_by_id,
    find_all_admitted,
    find_all_admitted_by_id,
)
from gateway.stitching.customer_find import MAX_MATCHES, MAX_RECORDS, FoundCustomers, find_matches
from gateway.stitching.customer_linker import PastIdentity as Past
from gateway.stitching.customer_search import search_customers
from gateway.stitching.record_finder import Selections, find_node, find_record
from gateway.stitching.record_list import RecordPage
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher
from gateway.tags.definitions import TagDefinition as Definition
from gateway.tags.tag_report import SAMPLE
from gateway.tags.tag_report import TagReport as ReportedTag
from resolvers.account import Account
from resolvers.connection import DEFAULT_FIRST, Connection
from resolvers.customer import Customer, Info
from resolvers.customer_change import Changes
from resolvers.customer_key import MAX_KEYS, CustomerKey, key_of
from resolvers.customers_change import PastIdentity
from resolvers.erasure_receipt import ErasureReceipt
from resolvers.fields import FIGURES_WEIGHT, LIST_WEIGHT, root
from resolvers.find import DEFAULT_MATCHES, FindResult
from resolvers.list_arguments import After, First, ask_of
from resolvers.node import Node
from resolvers.order import Order
from resolvers.segment import NamedSegment, Segment, name_segments
from resolvers.source import Source
from resolvers.source_activity import SourceActivity, read_activity
from resolvers.tag import TagDefinition
from resolvers.tag_report import TagReport, read_report
from resolvers.ticket import Ticket
from resolvers.viewer import Viewer, describe_viewer

KEY_WORDS = {"ids": "ids", "by": "keys"}

NODE_TYPES: dict[str, type[Record]] = {name_type(record): record for record in records.RECORDS.values()}
"""The types of nodes. An id that records of several types have is of the first of them that the caller expects."""


def _customer(stitcher: Stitcher, selection: Selection, by: CustomerKey) -> Awaitable[AdmittedCustomer | None]:
    if by.id is not None:
        return find_admitted_by_id(stitcher, by.id.value, selection)
    return find_admitted(stitcher, key_of(by), selection)


def _customers(
    stitcher: Stitcher, selection: Selection, ids: Sequence[str] | None = None, by: Sequence[CustomerKey] | None = None
) -> Awaitable[Sequence[FoundAdmitted]]:
    # An exception in a list is an error in its place: the others are given.
    if ids is not None and by is None:
        _require_at_most("ids", ids)
        return find_all_admitted_by_id(stitcher, ids, selection)
    if by is not None and ids is None:
        _require_at_most("by", by)
        return find_all_admitted(stitcher, [*map(key_of, by)], selection)
    raise InvalidArgumentError("customers: give either ids or by")


def _require_at_most(name: str, values: Sequence[Any]) -> None:
    if len(values) > MAX_KEYS:
        raise InvalidArgumentError(f"{name}: {len(values)} {KEY_WORDS[name]} are more than {MAX_KEYS}; ask in parts")


def _ids_of(ids: Sequence[str] | None = None, by: Sequence[CustomerKey] | None = None) -> Sequence[str]:
    return (ids or [key.id.value for key in by or () if key.id is not None])[:MAX_KEYS]


def _order(stitcher: Stitcher, selection: Selection, id: str) -> Awaitable[SourcedRecord | None]:  # noqa: A002
    return find_record(stitcher, records.Order, id, selection)


def _ticket(stitcher: Stitcher, selection: Selection, id: str) -> Awaitable[SourcedRecord | None]:  # noqa: A002
    return find_record(stitcher, records.Ticket, id, selection)


def _account(stitcher: Stitcher, selection: Selection, id: str) -> Awaitable[SourcedRecord | None]:  # noqa: A002
    return find_record(stitcher, records.Account, id, selection)


def _node(stitcher: Stitcher, selections: Selections, id: str) -> Awaitable[SourcedRecord | None]:  # noqa: A002
    return find_node(stitcher, selections, id)


BY_KEY = CustomerFinder(_customer, ids=lambda by: [by.id.value] if by.id is not None else [])
BY_KEYS = CustomerFinder(_customers, ids=_ids_of)
BY_NODE = CustomerFinder(_node, ids=lambda id: [id], types=NODE_TYPES)  # noqa: A006
BY_ORDER_ID = CustomerFinder(_order, types={"Order": records.Order})
BY_TICKET_ID = CustomerFinder(_ticket, types={"Ticket": records.Ticket})

BY_ACCOUNT_ID = CustomerFinder(_account, types={"Account": records.Account})


@strawberry.type(description="Everything that can be asked.")
class Query:
    @root("The customer with this key; null when nobody has it.", graphql_type=Customer | None, finds=BY_KEY)
    async def customer(
        self, info: Info, by: Annotated[CustomerKey, strawberry.argument(description="Exactly one key.")]
    ) -> AdmittedCustomer | None:
        return await BY_KEY.find(context_of(info).stitcher, _selection(info), by)  # type: ignore[no-any-return]

    @root(
        "Customers by ids, or by keys of any kinds: in their order, null for those that nobody has.",
        graphql_type=list[Customer | None],
        finds=BY_KEYS,
    )
    async def customers(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description=f"At most {MAX_KEYS} ids, with or without their source."),
        ] = None,
        by: Annotated[
            list[CustomerKey] | None, strawberry.argument(description=f"At most {MAX_KEYS} keys, in the place of ids.")
        ] = None,
    ) -> list[FoundAdmitted]:
        return await BY_KEYS.find(context_of(info).stitcher, _selection(info), ids, by)  # type: ignore[no-any-return]

    @root(
        "Customers by what somebody has typed: each key that the text may be, and its words in any order, also nearly right.",
        graphql_type=FindResult,
        searches=True,
        tries_keys=True,
    )
    async def find(
        self,
        info: Info,
        text: Annotated[
            str,
            strawberry.argument(
                description="A name, an address, a telephone, member, order or ticket number, or an id, as it is known."
            ),
        ],
        first: Annotated[
            int, strawberry.argument(description=f"How many customers at most, from 1 to {MAX_MATCHES}.")
        ] = DEFAULT_MATCHES,
    ) -> FoundCustomers:
        context = context_of(info)
        return await find_matches(context.stitcher, text, first, _selection(info), context.find_rights)

    @root(
        f"Those whom `find` finds, as pages, of {MAX_RECORDS} at most.",
        graphql_type=Connection[Customer] | None,
        searches=True,
        tries_keys=True,
        deprecation_reason="Use find: it says what was matched, and where nobody could look.",
    )
    async def search_customers(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="As for `find`.")],
        first: First = DEFAULT_FIRST,
        after: After = None,
    ) -> RecordPage:
        selection, context = _selection(info), context_of(info)
        ask = ask_of(records.Customer, selection, first=first, after=after)
        return await search_customers(context.stitcher, text, ask, selection, context.find_rights)

    @root(
        "A customer or another record by its id; null when nothing has it. Without a source, it is a customer's.",
        graphql_type=Node | None,
        finds=BY_NODE,
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002
    ) -> SourcedRecord | None:
        return await BY_NODE.find(context_of(info).stitcher, selections_of(info, NODE_TYPES), id)  # type: ignore[no-any-return]

    @root("The order with this id; null when there is none.", graphql_type=Order | None, finds=BY_ORDER_ID)
    async def order(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id, `SOURCE:ID`.")],  # noqa: A002
    ) -> SourcedRecord | None:
        selection = selection_of(info, records.Order)
        return await BY_ORDER_ID.find(context_of(info).stitcher, selection, id)  # type: ignore[no-any-return]

    @root("The ticket with this id; null when there is none.", graphql_type=Ticket | None, finds=BY_TICKET_ID)
    async def ticket(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id, `SOURCE:ID`.")],  # noqa: A002
    ) -> SourcedRecord | None:
        selection = selection_of(info, records.Ticket)
        return await BY_TICKET_ID.find(context_of(info).stitcher, selection, id)  # type: ignore[no-any-return]

    @root("The company account with this id; null when there is none.", graphql_type=Account | None, finds=BY_ACCOUNT_ID)
    async def account(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id, `SOURCE:ID`.")],  # noqa: A002
    ) -> SourcedRecord | None:
        selection = selection_of(info, records.Account)
        return await BY_ACCOUNT_ID.find(context_of(info).stitcher, selection, id)  # type: ignore[no-any-return]

    @root(
        "Which records were a customer by the links and cuts of a time, for operators; null when nothing has the id.",
        graphql_type=PastIdentity | None,
    )
    async def identity_as_of(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a record.")],  # noqa: A002
        at: Annotated[datetime, strawberry.argument(description="The time.")],
    ) -> Past | None:
        context = context_of(info)
        context.require_operator()
        return await context.stitcher.linker.as_of(id, at)

    @root("The receipt of an erasure, for operators; null when there is none with this id.", graphql_type=ErasureReceipt | None)
    async def erasure_receipt(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id that `eraseCustomer` gave.")],  # noqa: A002
    ) -> Receipt | None:
        context = context_of(info)
        context.require_operator()
        return await find_receipt(context.services.eraser, id)

    @root(
        "What is known of each tag on the whole: who asks for it, what it says of customers. For callers who may read that.",
        graphql_type=list[TagReport] | None,
        weight=SAMPLE,
    )
    async def tag_report(
        self,
        info: Info,
        days: Annotated[int, strawberry.argument(description="Of how many days, at most 400.")] = 30,
    ) -> Sequence[ReportedTag]:
        return await read_report(context_of(info), days)

    @root("The tags that are defined, in the order of their definition.", graphql_type=list[TagDefinition])
    def tag_definitions(self, info: Info) -> list[Definition]:
        return list(context_of(info).services.tags.pack.own_tags.values())

    @root("The segment with this key; null when there is none.", graphql_type=Segment | None)
    def segment(
        self, info: Info, key: Annotated[str, strawberry.argument(description="The segment's key.")]
    ) -> NamedSegment | None:
        return next(iter(name_segments(context_of(info), key)), None)

    @root("The segments that are defined, in the order of their definition.", graphql_type=list[Segment])
    def segments(self, info: Info) -> list[NamedSegment]:
        return name_segments(context_of(info))

    @root(
        "Which customers have changed since a caller asked last. For callers who may read that.",
        graphql_type=Changes | None,
        weight=LIST_WEIGHT,
    )
    async def changes(
        self,
        info: Info,
        since: Annotated[
            str | None,
            strawberry.argument(
                description="The `cursor` of the last answer; without it only a cursor is given, to begin with."
            ),
        ] = None,
        first: Annotated[int, strawberry.argument(description=f"How many at most, from 1 to {MAX_FIRST}.")] = MAX_FIRST,
    ) -> ChangePage:
        return await read_changes(context_of(info), since, first)

    @root("Who asks, and what they may ask for. It needs no purpose where nothing else is asked for.", graphql_type=Viewer)
    def viewer(self, info: Info) -> Viewer:
        return describe_viewer(context_of(info))

    @root(
        "How the sources are: calls, latencies, errors, what cannot be read. For callers who operate them.",
        graphql_type=SourceActivity | None,
        weight=FIGURES_WEIGHT,
    )
    def source_activity(self, info: Info) -> ReportedActivity:
        return read_activity(context_of(info))

    @root("The sources that are configured.", graphql_type=list[Source])
    def sources(self, info: Info) -> list[ConfiguredSource]:
        return context_of(info).stitcher.router.sources.all


def _selection(info: Info) -> Selection:
    return selection_of(info, records.Customer)
