"""Link and cut customers by what people say, with a preview of either."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from gateway.errors import IdentityIncompleteError, InvalidArgumentError, SourceFailure, StoreError
from gateway.identity.decisions import Decisions, LogAction, LogEntry, LogRule, Pair, pair_of, pairs_of
from gateway.identity.keys import normalised
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import RecordId
from gateway.identity.resolution import Component, components_of
from gateway.lookups.loaders import Loaders
from gateway.stitching.customer_identity import LASTING_REASONS, CustomerIdentity, IdentityLink, links_of, shown_link
from gateway.stitching.customer_walk import CustomerWalk
from gateway.stitching.log_reader import LogReader
from gateway.stitching.shared_log import SharedLog
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.walk_turns import walk_all

MAX_RECORDS = 10
"""How many records are named at once."""
MAX_REASON_LENGTH = 500


class LinkedCustomer(msgspec.Struct, frozen=True):
    """A customer by its id, records and links."""

    id: str
    records: Sequence[str]
    links: Sequence[IdentityLink]
    withheld: Sequence[IdentityLink]


class PastIdentity(msgspec.Struct, frozen=True):
    """Which records were a customer by the links and cuts of a time. The records themselves are those of today."""

    id: str
    at: datetime
    identity: CustomerIdentity


class CustomersChange(msgspec.Struct, frozen=True, kw_only=True):
    """Customers before and after links or cuts. `between` are the links that are made, or those that are cut."""

    preview: bool
    before: Sequence[LinkedCustomer]
    after: Sequence[LinkedCustomer]
    between: Sequence[IdentityLink]


class CustomerLinker:
    """Links and cuts for one request. Needs several sources of customers, and the log."""

    def __init__(self, router: SourceRouter, loaders: Loaders) -> None:
        self._router = router
        self._loaders = loaders

    async def link(self, ids: Sequence[str], who: str, reason: str, *, preview: bool) -> CustomersChange:
        """Make the customers of these records one. Cuts between them are taken back.

        Raises `InvalidArgumentError`, `IdentityIncompleteError` where not all is known, or `StoreError`.
        """
        walk, named = await self._walk(self._read(ids), reason)
        if len(named) < 2:
            raise InvalidArgumentError("records: a link is between two records or more")
        before = components_of(walk.components(), named)
        pairs = pairs_of(named)
        side_of = {id_: place for place, component in enumerate(before) for id_ in component.records}
        taken_back = sorted(
            pair for pair in walk.decisions.cuts if len({side_of.get(id_) for id_ in pair} - {None}) == 2 and pair not in pairs
        )
        told = [(LogAction.LINK, pair) for pair in pairs] + [(LogAction.WITHDRAW, pair) for pair in taken_back]
        return await self._change(walk, named, told, (who, reason), preview=preview)

    async def cut(self, ids: Sequence[str], who: str, reason: str, *, preview: bool) -> CustomersChange:
        """Cut these records off the others of their customer. Raises as `link`."""
        walk, named = await self._walk(self._read(ids), reason)
        before = components_of(walk.components(), named)
        told = [
            (LogAction.CUT, pair_of(one, other))
            for component in before
            for one in component.records
            if one in named
            for other in component.records
            if other not in named
        ]
        if not told:
            raise InvalidArgumentError("records: these are all records of the customer; name those to be cut off")
        return await self._change(walk, named, told, (who, reason), preview=preview)

    async def as_of(self, id_: str, time: datetime) -> PastIdentity | None:
        """Give the records of a customer by the log up to a time. Raises `InvalidArgumentError` or `StoreError`."""
        walk = await self._walked(self._read([id_]), until=time)
        (record,) = walk.seeds
        if record not in walk.members:
            return None
        (component,) = components_of(walk.components(), [record])
        self._note(component.records)
        links, withheld = links_of(component)
        identity = CustomerIdentity(
            reason=walk.incomplete_reason(component),
            members=component.records,
            links=links,
            withheld=withheld,
        )
        return PastIdentity(walk.anchor(component).node_id, time, identity)

    def _note(self, records: Iterable[RecordId]) -> None:
        """Note the customers by all of their records, for the audit."""
        if self._loaders.notes is not None:
            self._loaders.notes.add_customers([id_.node_id for id_ in records])

    @property
    def _log(self) -> SharedLog:
        if self._router.decisions is None or not self._router.customers.are_several:
            raise InvalidArgumentError("links need a MongoDB, and several sources of customers")
        return self._router.decisions

    def _read(self, ids: Sequence[str]) -> list[RecordId]:
        """Read ids as callers give them."""
        if not 1 <= len(ids) <= MAX_RECORDS:
            raise InvalidArgumentError(f"records: name 1 to {MAX_RECORDS}")
        self._expect_sources(ids)
        read = [self._router.customer_ids.read(text) for text in ids]
        records = [
            RecordId(pair[0], normalised(KeyKind.CUSTOMER_ID, pair[1]))
            for pair in read
            if pair is not None and pair[0] is not None
        ]
        if len(records) < len(ids):
            raise InvalidArgumentError("records: an id has the form SOURCE:ID, of a source that finds customers by id")
        return sorted(set(records))

    def _expect_sources(self, ids: Sequence[str]) -> None:
        """Refuse a source in other letters. As an id without a source it would be one of the first source."""
        sources = {source.name.lower(): source.name for source in self._router.sources.all}
        for text in ids:
            meant = sources.get(text.partition(SEPARATOR)[0].strip().lower())
            if SEPARATOR in text and meant is not None and not self._router.customer_ids.names_source(text):
                raise InvalidArgumentError(f"records: an id begins with the name of its source; did you mean '{meant}:'?")

    async def _walk(self, asked: Sequence[RecordId], reason: str) -> tuple[CustomerWalk, Sequence[RecordId]]:
        """Find all records of the customers, and the ids that those which are asked for have at their sources.

        What is decided of a part may be wrong of the whole.
        """
        if not reason.strip() or len(reason) > MAX_REASON_LENGTH:
            raise InvalidArgumentError(f"reason: say why, in at most {MAX_REASON_LENGTH} characters")
        walk = await self._walked(asked)
        named = sorted(set(walk.seeds))
        if walk.failures:
            raise SourceFailure(walk.failures[0].source, walk.failures[0].error)
        if unknown := [id_.node_id for id_ in named if (own := walk.members.get(id_)) is None or own.record is None]:
            raise InvalidArgumentError(f"records: no source has {', '.join(unknown)}")
        reasons = {walk.incomplete_reason(component) for component in components_of(walk.components(), named)}
        if missing := sorted(own.value for own in reasons - LASTING_REASONS if own is not None):
            raise IdentityIncompleteError(missing[0])
        return walk, named

    async def _walked(self, records: Sequence[RecordId], until: datetime | None = None) -> CustomerWalk:
        customers = self._router.customers
        walk = CustomerWalk(customers)
        for id_ in records:
            walk.begin_with_id(id_)
        log = LogReader(self._log, [walk], until)
        await walk_all([walk], customers, customers.fields(Fields.from_paths("id")), self._loaders, log)
        if walk.is_undecided:
            raise StoreError("what people linked and cut could not be read")
        if self._router.erased is not None:
            self._router.erased.refuse_keys(walk.known_keys)
        return walk

    async def _change(
        self,
        walk: CustomerWalk,
        named: Sequence[RecordId],
        told: Sequence[tuple[LogAction, Pair]],
        why: tuple[str, str],
        *,
        preview: bool,
    ) -> CustomersChange:
        """Show what the entries change, and append them but for a preview."""
        now, (who, reason) = self._loaders.deadline.clock.now(), why
        entries = [
            LogEntry(time=now, action=action, records=pair, rule=LogRule.OPERATOR, who=who, reason=reason.strip())
            for action, pair in told
        ]
        before, after = walk.components(), walk.components(walk.decisions_with(entries))
        # The id stays with the side of the anchor, so that of the whole is stored: of a cut before it, of a link after it.
        wholes = before if told[0][0] is LogAction.CUT else after
        anchors = {id_: _anchor(walk, own, before) for own in wholes for id_ in own.records}
        entries = [msgspec.structs.replace(entry, anchor=anchors[entry.records[0]]) for entry in entries]
        if not preview:
            await self._log.append(entries)
            self._router.identity_changes[told[0][0]] += 1
            await outdate_customers(self._router, {id_ for own in (*before, *after) for id_ in own.records})
        concerned = [id_ for own in components_of(before, named) for id_ in own.records]
        self._note(concerned)
        pairs = {pair for _, pair in told}
        return CustomersChange(
            preview=preview,
            before=_shown(walk, components_of(before, named), walk.decisions),
            after=_shown(walk, components_of(after, concerned), walk.decisions_with(entries)),
            between=[shown_link(link) for own in wholes for link in own.links if link.records in pairs],
        )


async def outdate_customers(router: SourceRouter, records: Collection[RecordId]) -> None:
    """Drop what is stored of customers about whom people decided, and find them anew.

    What stays stored where that fails is evidence only: the log is read each time.
    """
    if router.known is not None:
        with suppress(StoreError):
            await router.known.drop_records(records)


def _anchor(walk: CustomerWalk, whole: Component, before: Sequence[Component]) -> RecordId:
    """Choose the record whose id a customer keeps: of those that gave one before, where it has any.

    A record that a link takes from another customer goes back without an id of its own.
    """
    givers = tuple(giver for giver in map(walk.anchor, before) if giver in whole.records)
    return walk.anchor(msgspec.structs.replace(whole, records=givers) if givers else whole)


def _shown(walk: CustomerWalk, components: Sequence[Component], decisions: Decisions) -> list[LinkedCustomer]:
    return [
        LinkedCustomer(walk.anchor(own, decisions).node_id, [id_.node_id for id_ in own.records], *links_of(own))
        for own in components
    ]
