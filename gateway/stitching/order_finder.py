"""Find an order by the id of any of its records: the same one that lists of its customer have."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.records import Order
from gateway.errors import CallerError, SourceFailure
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_finder import OWNER_FIELDS, find_owners, owner_of
from gateway.stitching.customer_notes import note_result
from gateway.stitching.order_sources import OrderId, OrderSources
from gateway.stitching.record_list import RecordPage, merge_outcomes
from gateway.stitching.record_loader import ask_by_own_keys
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher

MAX_TURNS = 4
"""How often ids are followed that an order of nobody states."""

MAX_IDS = 50
"""How many ids of an order of nobody are asked for."""


class OrderFinder:
    """Finds orders that several sources know."""

    def __init__(self, stitcher: Stitcher, orders: OrderSources, selection: Selection) -> None:
        asked = stitcher.router.route(Order, Ask(fields=selection.fields, shown=True), selection.shown)
        fetches = [fetch for fetch in asked.fetches if fetch[0].name in orders.rank]
        self._stitcher = stitcher
        self._orders = orders
        self._asked = msgspec.structs.replace(asked, fetches=fetches)
        self._fields = asked.ask.fields | OWNER_FIELDS

    async def find(self, order_id: OrderId, *, as_asked: bool) -> SourcedRecord | None:
        """Find the order that has this id, or has a record with it. `as_asked` shows it under this id.

        Where the source cannot be asked, those are that know its ids. Raises `SourceFailure` when they do not know it.
        """
        outcomes = await self._load([order_id])
        if all(isinstance(outcome, Failed) for outcome in outcomes):
            source, own_id = order_id
            outcomes += await self._load([(name, own_id) for name in self._orders.same_ids(source)[1:]])
        failed = next((outcome for outcome in outcomes if isinstance(outcome, Failed)), None)
        found = [outcome for outcome in outcomes if isinstance(outcome, Found) and outcome.records]
        order = await self._joined(found, order_id) if found else None
        if order is None and failed is not None:
            raise SourceFailure(failed.source, failed.error)
        if order is None or not as_asked:
            return order
        return SourcedRecord(msgspec.structs.replace(order.record, id=order_id[1]), order_id[0])

    async def _joined(self, found: Sequence[Found], order_id: OrderId) -> SourcedRecord | None:
        """Join the records with all orders of their customer, and choose the order of an id."""
        customer = await self._customer(found[0])
        page: RecordPage | None
        if isinstance(customer, StitchedCustomer):
            parts = await self._stitcher.loaders.wait_all(customer.enqueue(self._asked))
            page = customer.listed(self._asked, [*found, *chain.from_iterable(parts)])
        else:
            failed = [] if customer is None else [customer]
            page = merge_outcomes(self._asked, [*await self._followed(found), *failed])
        nodes = [] if page is None else page.nodes
        return next((node for node in nodes if order_id in node.record.trace.ids), None)

    async def _customer(self, found: Found) -> StitchedCustomer | Failed | None:
        """Find the customer of a record; None of a record that is nobody's, or may be of several.

        Orders that his id finds are asked for in the same turn.
        """
        stitcher = self._stitcher
        owner = owner_of(SourcedRecord(found.records[0], found.source), stitcher.router)
        if owner is None:
            return None
        if owner.kind is KeyKind.CUSTOMER_ID:
            stitcher.prefetch(stitcher.own_ids([owner.value]), [self._asked])
        result = (await find_owners(stitcher, [owner], Selection(stitches=frozenset({Order}))))[owner]
        if stitcher.loaders.notes is not None:
            note_result(stitcher, stitcher.loaders.notes, owner, result)
        if isinstance(result, SourceFailure):
            source = stitcher.router.sources.named(result.source_name)
            assert source is not None
            return source.not_asked(result.error)
        return None if isinstance(result, CallerError) else result

    async def _followed(self, found: Sequence[Outcome]) -> list[Outcome]:
        """Load the records whose ids are stated, turn by turn. No list has those of an order that is nobody's."""
        outcomes, asked = [*found], set[OrderId]()
        for _ in range(MAX_TURNS):
            asked |= {(own.source, record.id) for own in outcomes if isinstance(own, Found) for record in own.records}
            new = [id_ for id_ in self._stated(outcomes) if id_ not in asked][: MAX_IDS - len(asked)]
            if not new:
                break
            asked |= {*new}
            outcomes += await self._load(new)
        return outcomes

    def _stated(self, outcomes: Sequence[Outcome]) -> list[OrderId]:
        """List the ids that records state, at all sources that have them."""
        ids = (
            (name, own_id)
            for outcome in outcomes
            if isinstance(outcome, Found)
            for record in outcome.records
            for source, own_id in self._orders.ids(outcome.source, record)
            for name in self._orders.same_ids(source)
        )
        return [*dict.fromkeys(ids)]

    async def _load(self, ids: Sequence[OrderId]) -> list[Outcome]:
        """Load records from those of the sources that find orders by id."""
        finders = {source.name: source for source in self._stitcher.router.sources.finders(Order, KeyKind.ORDER_ID)}
        keys = [(finders[name], own_id) for name, own_id in ids if name in finders and name in self._orders.rank]
        return await ask_by_own_keys(self._stitcher, keys, Order, KeyKind.ORDER_ID, self._fields, leads=True)
