"""Invalidate cached answers and tags when a source reports changes."""

import asyncio
from collections.abc import Collection, Iterable, Sequence

import msgspec
import structlog

from connectors.contract import Change, KeyKind
from connectors.record_fields import Fields
from connectors.records import RECORDS, Customer, Record
from gateway.changes.customer_change import ChangeKind, CustomerChange
from gateway.errors import AmbiguousIdentityError, CallerError, InvalidKeyError, SourceFailure, StoreError
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.keys import normalised, spellings
from gateway.identity.node_ids import node_id
from gateway.lookups.outcome import Failed, Found
from gateway.lookups.sources import Source
from gateway.services import Services
from gateway.stale_follower import identity_keys
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher

log = structlog.get_logger()

_NAMES: dict[type[Record], str] = {record: name for name, record in RECORDS.items()}


class Invalidated(msgspec.Struct):
    """Hold ids of customers with changed tags, the ids of the records of each customer, and why more may be."""

    ids: set[str] = set()
    failure: SourceFailure | None = None
    customers: Sequence[tuple[str, ...]] = ()


class OutdatedKeys:
    """Makes answers of a source stale, and remembers which, for the other workers."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.changes: dict[Change, None] = {}

    def outdate(self, change: Change) -> None:
        """Make cached answers stale. The key is in its normal form."""
        self.source.outdate(change)
        self.changes[change] = None


class Invalidator:
    """Apply the changes that sources report."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._read_by_tags = {Customer, *(fact.record for fact in services.tags.pack.facts.values())}
        self._warned: set[tuple[str, KeyKind]] = set()

    async def apply(self, source: Source, reported: Iterable[Change]) -> None:
        """Make cached answers and tags stale. All that can be done is done before anything is raised.

        Raises `SourceFailure` or `StoreError` when it has to be told again, `InvalidKeyError` when one of the keys is none.
        """
        changes, invalid = self._normalised(source, reported)
        told = OutdatedKeys(source)
        by_key: dict[tuple[KeyKind, str], list[Change]] = {}
        for change in changes:
            for key in spellings(change.by, change.key):
                told.outdate(msgspec.structs.replace(change, key=key))
            by_key.setdefault((change.by, change.key), []).append(change)
        unstored = await self._drop_stored(source, changes)
        stitcher = self._services.stitcher()
        results = await asyncio.gather(*(self._concerned(told, own, stitcher) for own in by_key.values()))
        ids = set[str]().union(*(result.ids for result in results))
        if ids:
            await self._services.tags.outdate(ids)
        unstored = await self._tell_workers(told, ids) or unstored
        unstored = await self._announce(source, zip(by_key.values(), results, strict=True)) or unstored
        for result in results:
            if result.failure is not None:
                raise result.failure
        if unstored is not None:
            raise unstored
        if invalid is not None:
            raise invalid

    async def _announce(self, source: Source, found: Iterable[tuple[Sequence[Change], Invalidated]]) -> StoreError | None:
        """Have those who follow customers hear of them. Gives the error when it has to be told again."""
        live = self._services.live
        if live is None:
            return None
        types: dict[tuple[str, ...], set[str]] = {}
        for changes, result in found:
            for ids in result.customers:
                types.setdefault(ids, set()).update("" if own.record is None else _NAMES[own.record] for own in changes)
        now = self._services.clock.now()
        try:
            await live.announce(
                [
                    CustomerChange(
                        ids=ids,
                        kind=ChangeKind.RECORDS,
                        at=now,
                        source=source.name,
                        records=() if "" in own else tuple(sorted(own)),
                    )
                    for ids, own in types.items()
                ]
            )
        except StoreError as error:
            return error
        return None

    async def _tell_workers(self, told: OutdatedKeys, ids: Collection[str]) -> StoreError | None:
        """Have the other workers make the same stale. Gives the error when it has to be told again."""
        if self._services.store is not None and told.changes:
            known, name = self._services.router.known, told.source.name
            keys = identity_keys(self._services.router, ((name, change) for change in told.changes)) if known else ()
            digests = [known.digest(key) for key in keys] if known else []
            try:
                await self._services.store.stale_keys.append(name, told.changes, ids, digests)
            except StoreError as error:
                return error
        return None

    async def _drop_stored(self, source: Source, changes: Iterable[Change]) -> StoreError | None:
        """Have customers found anew of whom a source tells a record or a key. Gives the error when it has to be told again."""
        known = self._services.router.known
        keys = identity_keys(self._services.router, ((source.name, change) for change in changes))
        if known is None or not keys:
            return None
        try:
            await known.drop(keys)
        except StoreError as error:
            return error
        return None

    def _normalised(self, source: Source, reported: Iterable[Change]) -> tuple[list[Change], InvalidKeyError | None]:
        changes: list[Change] = []
        invalid = None
        for change in reported:
            try:
                key = normalised(change.by, change.key, self._services.router.customers.phone_regions[source.name])
            except InvalidKeyError as error:
                invalid = error
            else:
                changes += [
                    msgspec.structs.replace(change, key=alias) for alias in (key, *self._own_ids(source, change.by, key))
                ]
        return list(dict.fromkeys(changes)), invalid

    def _own_ids(self, source: Source, kind: KeyKind, key: str) -> list[str]:
        """Cut the source off a customer's id: a source may tell the id that the gateway shows.

        One that names another source is no id of this one.
        """
        named = self._services.router.customer_ids.named(key) if kind is KeyKind.CUSTOMER_ID else None
        if named is None or named[0] not in (source.name, self._services.router.customers.id_space(source.name)):
            return []
        return [named[1]]

    async def _concerned(self, told: OutdatedKeys, changes: Sequence[Change], stitcher: Stitcher) -> Invalidated:
        """Find the customers behind the changes of one key. What is kept of them under their other keys is made stale, too."""
        source = told.source
        kind, key = changes[0].by, changes[0].key
        concern_tags, tells = self._concern_tags(changes), self._services.live is not None
        if stitcher.has_several_sources:
            return await self._concerned_sets(told, changes, stitcher, concern_tags=concern_tags)
        ids = {key} if kind is KeyKind.CUSTOMER_ID else set()
        others = (source.kept_by | {KeyKind.CUSTOMER_ID} if concern_tags or tells else source.kept_by) - {kind}
        keys: list[tuple[KeyKind, str]] = []
        failure = None
        if others and self._can_find_by(source, kind):
            keys, failure = await _keys(source, kind, key, others, stitcher)
        for other, value in keys:
            if other is KeyKind.CUSTOMER_ID:
                ids.add(value)
            for change in changes:
                told.outdate(msgspec.structs.replace(change, by=other, key=value))
        usual = stitcher.router.customer_ids.usual or source.name
        customers = [(node_id(usual, id_),) for id_ in sorted(ids)] if tells else []
        return Invalidated(ids if concern_tags else set(), failure, customers)

    async def _concerned_sets(
        self, told: OutdatedKeys, changes: Sequence[Change], stitcher: Stitcher, *, concern_tags: bool
    ) -> Invalidated:
        """Find the member sets behind the changes, where a customer may have records of several sources."""
        source = told.source
        kind, key = changes[0].by, changes[0].key
        tells = self._services.live is not None
        own = self._own_records(source, key) if tells and kind is KeyKind.CUSTOMER_ID else ()
        if not (concern_tags or tells or source.kept_by - {kind}) or not self._can_find_by(source, kind):
            return Invalidated(customers=[own] if own else [])
        customers, failure = await _customers_of_change(source, kind, key, source.kept_by, stitcher)
        for customer in customers:
            for other in source.kept_by:
                keys = customer.keys(source, other)
                for value in () if isinstance(keys, Failed) else keys:
                    for change in changes:
                        told.outdate(msgspec.structs.replace(change, by=other, key=value))
        sets = {tuple(sorted({*own, *(member.id.node_id for member in customer.members)})) for customer in customers}
        told_sets = sorted(sets or {own} - {()}) if tells else []
        return Invalidated({customer.tagged.id for customer in customers} if concern_tags else set(), failure, told_sets)

    def _own_records(self, source: Source, key: str) -> tuple[str, ...]:
        """List the ids that a customer's record has whom a source names by his id, whether it is found or not."""
        space = self._services.router.customers.id_space(source.name) or source.name
        return (node_id(space, key),)

    def _concern_tags(self, changes: Sequence[Change]) -> bool:
        records = {change.record for change in changes}
        return self._services.store is not None and (None in records or not records.isdisjoint(self._read_by_tags))

    def _can_find_by(self, source: Source, kind: KeyKind) -> bool:
        if self._services.sources.customers_by(kind) is not None:
            return True
        if (source.name, kind) not in self._warned:
            self._warned.add((source.name, kind))
            log.warning("webhook_customers_not_found", source=source.name, by=kind.value)
        return False


async def _keys(
    source: Source, kind: KeyKind, key: str, others: Collection[KeyKind], stitcher: Stitcher
) -> tuple[list[tuple[KeyKind, str]], SourceFailure | None]:
    """Find the other keys of whoever has a key: none where nobody has it, the ids alone where several have.

    With the failure for which there may be others. A record that stands in for a newer one is of before the change.
    """
    selection = Selection(fields=Fields.from_paths(*(name for other in others for name in KEY_KINDS[other].fields)))
    key, asking = stitcher.find(kind, key, selection)
    (outcome,) = await asking
    stale = outcome.stale if isinstance(outcome, Found) else None
    failure = None if stale is None else SourceFailure(outcome.source, stale)
    try:
        customer = stitcher.identified(kind, key, outcome)
    except AmbiguousIdentityError as error:
        return [(KeyKind.CUSTOMER_ID, candidate) for candidate in error.own_ids], failure
    except SourceFailure as failed:
        return [], failed
    if customer is None:
        return [], failure
    keys: list[tuple[KeyKind, str]] = []
    for other in others:
        keys_or_failure = customer.keys(source, other)
        if isinstance(keys_or_failure, Failed):
            return [], SourceFailure(keys_or_failure.source, keys_or_failure.error)
        keys += [(other, value) for value in keys_or_failure]
    return keys, failure


async def _customers_of_change(
    source: Source, kind: KeyKind, key: str, others: Collection[KeyKind], stitcher: Stitcher
) -> tuple[list[StitchedCustomer], SourceFailure | None]:
    """Find the customers with a key, with the failure for which there may be others or further records of them."""
    fields = Fields.from_paths("id", *(name for other in others for name in KEY_KINDS[other].fields))
    selection = Selection(fields=fields, members=True)
    try:
        found = [await stitcher.customer_in(source, kind, key, selection)]
    except AmbiguousIdentityError as ambiguous:
        candidates = ambiguous.extensions["candidates"]
        found = [
            customer for customer in await stitcher.customers(candidates, selection) if not isinstance(customer, CallerError)
        ]
    except SourceFailure as failed:
        return [], failed
    customers = [customer for customer in found if customer is not None]
    missing = [(customer.source, error) for customer in customers if (error := customer.stale_keys(kind)) is not None]
    return customers, next((SourceFailure(*pair) for pair in missing if pair[1].retryable), None)
