"""Route an ask to the sources that have its records."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache

import msgspec
import structlog

from connectors.contract import Ask, KeyKind
from connectors.record_fields import Fields
from connectors.records import RECORDS, Customer, Order, Record
from gateway.errors import InvalidKeyError
from gateway.identity.decisions import LogAction
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.keys import MAX_KEYS, words
from gateway.identity.node_ids import ID_KINDS, NodeIds
from gateway.lookups import post_filter
from gateway.lookups.fetches import RecordFetch
from gateway.lookups.sources import Source, Sources
from gateway.settings import Settings
from gateway.stitching.customer_sources import CustomerSources
from gateway.stitching.erased_customers import ErasedCustomers
from gateway.stitching.known_customers import KnownCustomers
from gateway.stitching.order_sources import OrderSources
from gateway.stitching.position import ask_of_source
from gateway.stitching.selection import Selection
from gateway.stitching.shared_log import SharedLog

log = structlog.get_logger()

CANDIDATES = 20
"""How many customers an ambiguous key names at most."""


class RoutedAsk(msgspec.Struct, frozen=True, eq=False):
    """An ask with its sources, the same for every customer.

    `by_id` is the only source with its fetch, where there is one and it finds the records by the customer's id;
    `by_member_id`, where customers have several records, by that of one of them.
    `orders` are the sources whose records are joined, where there are any: of these all records are asked for.
    `origins` are the fields that the caller sees, where he asks whose values they are.
    """

    record: type[Record]
    ask: Ask
    fetches: Sequence[tuple[Source, KeyKind, RecordFetch]]
    by_id: tuple[Source, RecordFetch] | None = None
    by_member_id: tuple[Source, RecordFetch] | None = None
    orders: OrderSources | None = None
    origins: Fields | None = None


class SourceRouter:
    """Route asks to sources. Shared by all requests.

    `node_ids` reads ids as callers give them, by the type of their record; `customer_ids` are those of customers.
    `customers` says how several sources of customers come together, `decisions` what people decided about them, `known` what
    is stored of them, if anything, `erased` who was erased, where anybody may be. `measured` are the
    records that facts of tags measure, `read_for_facts` those of them that some facts read, also where a source measures.
    `customer_fetch(kind, selection)` finds customers by a kind of key, at the first source that can or the one that is named.
    It raises `InvalidKeyError` when no source can.
    `walk_fields(selection)` are what is asked of all sources of customers.
    `route(record, ask, origins)` gives the fetches at all sources of a record type.
    `record_fetch(source, record, kind, fields)` finds records by a key of their own. Each gives the same object for the same
    words.
    """

    def __init__(
        self,
        sources: Sources,
        settings: Settings,
        decisions: SharedLog | None = None,
        measured: frozenset[type[Record]] = frozenset(),
        read_for_facts: frozenset[type[Record]] = frozenset(),
    ) -> None:
        self.sources = sources
        self._settings = settings
        self.default_region = settings.default_region
        self.customers = CustomerSources(sources, settings)
        self.decisions = decisions
        self.measured = measured
        self.read_for_facts = read_for_facts
        self.identity_changes: Counter[LogAction] = Counter()
        """How often people linked or cut customers by this worker."""
        self.orders = OrderSources(sources, settings)
        self.node_ids = {record: self._node_ids(record) for record in RECORDS.values()}
        self.customer_ids = self.node_ids[Customer]
        self.known: KnownCustomers | None = None
        self.erased: ErasedCustomers | None = None
        self.turns = asyncio.Lock()
        self._noted: set[tuple[str, KeyKind]] = set()
        self.customer_fetch = lru_cache(maxsize=1_000)(self._customer_fetch)
        self.walk_fields = lru_cache(maxsize=1_000)(self._walk_fields)
        self.route = lru_cache(maxsize=1_000)(self._route)
        self.record_fetch = lru_cache(maxsize=1_000)(self._record_fetch)

    def within(self, names: Collection[str]) -> SourceRouter:
        """Route among these sources alone. What is stored of customers is not read: it may be known by other sources."""
        router = SourceRouter(self.sources.only(names), self._settings, self.decisions, self.measured, self.read_for_facts)
        router.erased = self.erased
        return router

    def note_left_out_keys(self, source: Source, kind: KeyKind) -> None:
        """Log once that a customer has more keys than are followed."""
        if (source.name, kind) not in self._noted:
            self._noted.add((source.name, kind))
            log.warning("customer_keys_left_out", source=source.name, by=kind.value, followed=MAX_KEYS)

    def fields(self, selection: Selection) -> Fields:
        """Add the keys of stitched records to the selected fields."""
        records = selection.stitches | self.measured if selection.facts else selection.stitches
        kinds = {kind for record in records for _, kind in self.sources.for_record(record)}
        return selection.fields | Fields.from_paths("id", *(name for kind in kinds for name in KEY_KINDS[kind].fields))

    def _walk_fields(self, selection: Selection) -> Fields:
        return self._with_erased(self.customers.fields(self.fields(selection)))

    def _with_erased(self, fields: Fields) -> Fields:
        """Add the fields that tell whether a customer is erased, where anybody may be."""
        return fields if self.erased is None else fields | self.erased.fields

    def _node_ids(self, record: type[Record]) -> NodeIds:
        finders = [source.name for source in self.sources.finders(record, ID_KINDS[record])]
        if (orders := self.orders.join(record)) is not None:
            finders += [name for name in orders.rank if name not in finders and {*orders.same_ids(name)} & {*finders}]
        return NodeIds(finders, [source.name for source in self.sources.all])

    def _record_fetch(self, source: Source, record: type[Record], kind: KeyKind, fields: Fields) -> RecordFetch:
        fields = fields | Fields.from_paths("id")
        return source.records(record, kind, Ask(fields=fields, first=CANDIDATES, more=False, shown=True))

    def _route(self, record: type[Record], ask: Ask, origins: Fields | None = None) -> RoutedAsk:
        configured = self.sources.for_record(record)
        ask = msgspec.structs.replace(ask, fields=ask.fields | Fields.from_paths("id"))  # so that what comes twice is seen
        has_many_keys = self.customers.are_several or any(KEY_KINDS[kind].multiple for _, kind in configured)
        if len(configured) > 1 or has_many_keys:
            ask = msgspec.structs.replace(ask, fields=ask.fields | post_filter.position_fields(record))
        if (orders := self.orders.join(record)) is not None:
            return self._joined(ask, orders, origins)
        fetches = [
            (source, kind, source.records(record, kind, ask_of_source(ask, record, source.name))) for source, kind in configured
        ]
        by_id = [(source, fetch) for source, kind, fetch in fetches if kind is KeyKind.CUSTOMER_ID]
        one = by_id[0] if len(fetches) == len(by_id) == 1 else None
        if self.customers.are_several:
            return RoutedAsk(record, ask, fetches, by_member_id=one, origins=origins)
        return RoutedAsk(record, ask, fetches, by_id=one, origins=origins)

    def _joined(self, ask: Ask, orders: OrderSources, origins: Fields | None) -> RoutedAsk:
        """Ask sources of the same orders for all, and others as usual."""
        fetches = [
            (source, kind, orders.fetch(source, kind, ask))
            if source.name in orders.rank
            else (source, kind, source.records(Order, kind, ask_of_source(ask, Order, source.name)))
            for source, kind in self.sources.for_record(Order)
        ]
        ask = msgspec.structs.replace(ask, fields=orders.whole(ask).fields)
        return RoutedAsk(Order, ask, fetches, orders=orders, origins=origins)

    def _customer_fetch(
        self, kind: KeyKind, selection: Selection, source_name: str | None = None
    ) -> tuple[Source, RecordFetch]:
        source = self.sources.customers_by(kind) if source_name is None else self.sources.named(source_name)
        if source is None:
            raise InvalidKeyError(f"no source finds customers by {words(kind)}")
        fields = self._with_erased(self.fields(selection))
        return source, source.records(Customer, kind, Ask(fields=fields, first=CANDIDATES))
