"""A customer of several sources: a merged record, and the records that it is made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from connectors.contract import KeyKind
from connectors.errors import SourceError
from connectors.records import Customer
from gateway.identity.keys import asked_keys, leaves_out_keys
from gateway.identity.records import Key, RecordId
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.sources import Source
from gateway.stitching.customer import StitchedCustomer, unheard_of
from gateway.stitching.customer_identity import CustomerIdentity
from gateway.stitching.origins import MemberRecord
from gateway.stitching.position import RecordPosition
from gateway.stitching.source_reports import ContributionReports

SET_SEPARATOR = "\n"
"""Stands between the ids of a member set."""

INCOMPLETE = "?"
"""Stands in the place of the records that are not known."""


class MergedCustomer(StitchedCustomer, eq=False, kw_only=True):
    """One customer of one request, of whom several sources may have a record.

    `members` are its records in order of rank; the id of its `anchor` is the customer's. `source` and `id` are
    those under which it is shown. `outcomes` are all answers of the walk, `failures` those that failed.
    """

    anchor: RecordId
    members: Sequence[MemberRecord]
    identity: CustomerIdentity
    outcomes: Sequence[Outcome]
    failures: Sequence[Failed]
    error: SourceError | None
    """Why the customer may have more records."""
    _own_ids: dict[str | None, list[str]] = {}
    found_at: RecordPosition | None = None
    """The position of the record by which the customer was found, in a list of such records."""

    @property
    def position(self) -> RecordPosition:
        return self.found_at or super().position

    @property
    def reports(self) -> ContributionReports:
        if self._reports is None:
            self._reports = ContributionReports([(Customer, outcome) for outcome in self.outcomes], len(self.outcomes))
        return self._reports

    @property
    def current_id(self) -> str:
        return self.anchor.node_id

    def keys(self, source: Source, kind: KeyKind) -> Sequence[str] | Failed:
        """List the keys to ask a source by: of ids those that it knows, of other keys those of all records."""
        if kind is KeyKind.CUSTOMER_ID:
            space = self._router.customers.id_space(source.name)
            keys = self._ids_in(space)
            missing = [failure for failure in self.failures if failure.source == space]
        else:
            keys, missing = self._own_keys(source, kind), [*self.failures]
        return missing[0] if missing and not keys else keys

    def _ids_in(self, space: str | None) -> list[str]:
        """List the ids that a source knows. Most sources know the same ones, and each list asks for them."""
        ids = self._own_ids.get(space)
        if ids is None:
            id_space = self._router.customers.id_space
            known = [own.source_id for own in self.members if space in (own.source, id_space(own.source))]
            ids = self._own_ids[space] = [*dict.fromkeys(known)]
        return ids

    def _own_keys(self, source: Source, kind: KeyKind) -> list[str]:
        """List the keys of all records. Their own ids are such keys, too, as others state them."""
        customers, as_written = self._router.customers, not source.connector.any_case
        keys: list[str] = []
        if kind is KeyKind.EXTERNAL_ID:
            keys += [key.value for member in self.members for key in customers.stated_ids(member.id)]
        for member in self.members:
            if member.record is not None:
                keys += asked_keys(member.record, kind, customers.phone_regions[member.source], as_written=as_written)
        return [key for key in dict.fromkeys(keys) if Key(kind, key) not in customers.blocked]

    def stale_keys(self, kind: KeyKind) -> SourceError | None:  # noqa: ARG002  records may be missing whatever the kind
        return self.error or self.stale

    @property
    def stale(self) -> SourceError | None:
        outcomes = [member.outcome for member in self.members]
        return next((own.stale for own in outcomes if isinstance(own, Found) and own.stale is not None), None)

    @property
    def is_whole(self) -> bool:
        return self.error is None and self.stale is None

    @property
    def consulted(self) -> Collection[str]:
        return self._router.customers.rank

    @property
    def unheard(self) -> Collection[str]:
        if self.error is not None and not self.failures:
            return self._router.customers.rank
        return unheard_of([*self.outcomes, *self.failures])

    def leaves_out_keys(self, source: Source, kind: KeyKind) -> bool:
        records = [member.record for member in self.members if member.record is not None]
        if kind is KeyKind.CUSTOMER_ID or not any(leaves_out_keys(record, kind) for record in records):
            return False
        self._router.note_left_out_keys(source, kind)
        return True

    @property
    def is_short(self) -> bool:
        return self.error is not None

    def on(self, loaders: Loaders) -> MergedCustomer:
        return msgspec.structs.replace(self, loaders=loaders, _reports=None)

    @property
    def tagged(self) -> MergedCustomer:
        """Give the customer under the id of its member set: tags are of all its records, so of no other set.

        The records of one that is not complete may be the set of somebody else, or its own of before: it has an id by which
        nothing is stored.
        """
        self.reports.begin()  # they are shared with the copy
        self.reports.end()
        names = sorted(member.id.node_id for member in self.members)
        if self.error is not None:
            names.append(INCOMPLETE)
        return msgspec.structs.replace(self, id=SET_SEPARATOR.join(names))
