"""Find customers whom several sources may know."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from connectors.contract import KeyKind
from gateway.errors import AmbiguousIdentityError, CallerError, InvalidKeyError, SourceFailure
from gateway.identity.keys import normalised, words
from gateway.identity.records import Key, RecordId
from gateway.identity.resolution import Component, components_of
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed
from gateway.stitching.customer import MissingRecord
from gateway.stitching.customer_identity import CustomerIdentity, links_of
from gateway.stitching.customer_sources import CustomerSources
from gateway.stitching.customer_walk import CustomerWalk
from gateway.stitching.log_reader import LogReader
from gateway.stitching.merged_customer import MergedCustomer
from gateway.stitching.merged_record import merge_records
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.walk_turns import walk_all

MAX_CANDIDATES = 20
"""How many records of a source a caller's key names at most, when it is ambiguous."""

FoundById = MergedCustomer | CallerError | None
"""A customer, or the reason why an id can be none."""

FoundByKey = MergedCustomer | CallerError | SourceFailure | None
"""A customer, or the reason why a key finds none."""


class IdentityLookup:
    """Finds customers for one request, with all their records."""

    def __init__(self, router: SourceRouter, loaders: Loaders) -> None:
        self._router = router
        self._loaders = loaders

    @property
    def _customers(self) -> CustomerSources:
        return self._router.customers

    async def find(
        self, ids: Sequence[RecordId | None], keys: Sequence[Key], selection: Selection, *, as_asked: bool = False
    ) -> tuple[list[FoundById], list[FoundByKey]]:
        """Find customers by their ids at sources, and by keys, in order: in one walk. None for those that nobody has.

        In the place of an id that cannot be one stands the reason. `as_asked` shows customers under these ids.
        In the place of a key stands the reason why it finds none: `InvalidKeyError`, `AmbiguousIdentityError` when it leads to
        several, or `SourceFailure` when a source that could not be asked may have it.
        """
        normal_ids, normal_keys = [*map(_normal_id, ids)], [*map(self._normal_key, keys)]
        by_id = {id_: self._new_walk() for id_ in normal_ids if isinstance(id_, RecordId)}
        for id_, walk in by_id.items():
            walk.begin_with_id(id_)
        by_key = {key: self._new_walk() for key in normal_keys if isinstance(key, Key)}
        for key, walk in by_key.items():
            walk.begin_with_key(*key)
        await self._walk([*by_id.values(), *by_key.values()], selection, MAX_CANDIDATES if by_key else 0)
        of_id = {id_: self._of_id(walk, id_, selection, as_asked=as_asked) for id_, walk in by_id.items()}
        of_key = {key: self._of_key(walk, key.kind, selection) for key, walk in by_key.items()}
        return (
            [of_id[id_] if isinstance(id_, RecordId) else id_ for id_ in normal_ids],
            [of_key[key] if isinstance(key, Key) else key for key in normal_keys],
        )

    def _normal_key(self, key: Key) -> Key | InvalidKeyError:
        if not self._customers.asked_by(key.kind):
            return InvalidKeyError(f"no source finds customers by {words(key.kind)}")
        try:
            return Key(key.kind, normalised(key.kind, key.value, self._router.default_region))
        except InvalidKeyError as error:
            return error

    def _of_key(self, walk: CustomerWalk, kind: KeyKind, selection: Selection) -> FoundByKey:
        if not walk.seeds:
            return SourceFailure(walk.failures[0].source, walk.failures[0].error) if walk.failures else None
        components = [] if walk.is_shared else components_of(walk.components(), walk.seeds)
        if len(components) == 1:
            return self._merged(walk, components[0], selection, None)
        candidates = walk.seeds if walk.is_shared else [walk.anchor(component) for component in components]
        missing = dict.fromkeys(failure.source for failure in walk.failures)
        return AmbiguousIdentityError(
            words(kind), [id_.node_id for id_ in candidates], [id_.id for id_ in candidates], [*missing]
        )

    def _new_walk(self) -> CustomerWalk:
        return CustomerWalk(self._customers)

    async def _walk(self, walks: Sequence[CustomerWalk], selection: Selection, candidates: int = 0) -> None:
        fields, known = self._router.walk_fields(selection), self._router.known
        log = LogReader(self._router.decisions, walks)
        await walk_all(walks, self._customers, fields, self._loaders, log, candidates, known)
        if known is not None:
            await known.shared_keys.recall(walks, self._loaders.deadline.remaining_s())
            known.note(walks)

    def _of_id(self, walk: CustomerWalk, id_: RecordId, selection: Selection, *, as_asked: bool) -> MergedCustomer | None:
        if walk.seeds[0] not in walk.members:
            return None
        (component,) = components_of(walk.components(), walk.seeds)
        return self._merged(walk, component, selection, id_ if as_asked else None)

    def _merged(
        self, walk: CustomerWalk, component: Component, selection: Selection, shown_as: RecordId | None
    ) -> MergedCustomer:
        before, show = walk.concluded, partial(_shown, walk, component, self._customers)
        identity, anchor = show() if before is None else before.show(component, show)
        members = [walk.members[id_] for id_ in identity.members]
        reason = identity.reason
        shown = shown_as or anchor
        known = [member for member in members if member.record is not None]
        merge = merge_records if before is None else before.merge
        own = walk.members[anchor].outcome
        record = MissingRecord(own) if isinstance(own, Failed) and not known else merge(known, self._customers.rules, shown.id)
        return MergedCustomer(
            record,
            shown.source,
            shown.id,
            self._loaders,
            walk.members[anchor].outcome,
            self._router,
            selected=selection.shown,
            anchor=anchor,
            members=members,
            identity=identity,
            outcomes=walk.outcomes,
            failures=walk.failures,
            error=None if reason is None else walk.error(reason),
        )


def _shown(walk: CustomerWalk, component: Component, customers: CustomerSources) -> tuple[CustomerIdentity, RecordId]:
    """Show who a customer is, and the record whose id is theirs."""
    members = customers.rules.in_order([walk.members[id_] for id_ in component.records])
    links, withheld = links_of(component)
    reason = walk.incomplete_reason(component)
    identity = CustomerIdentity(reason=reason, members=[own.id for own in members], links=links, withheld=withheld)
    return identity, walk.anchor(component)


def _normal_id(id_: RecordId | None) -> RecordId | CallerError | None:
    try:
        return id_ and RecordId(id_.source, normalised(KeyKind.CUSTOMER_ID, id_.id))
    except CallerError as error:
        return error
