"""Bring records of customers into the form in which they are linked and compared, by the rules of the settings."""

from __future__ import annotations

from connectors.contract import LINKING_KINDS, KeyKind
from connectors.record_fields import Fields
from connectors.records import Customer
from gateway.identity.keys import keys_of
from gateway.identity.records import Key, RecordId
from gateway.linkage.components import ResolutionRules
from gateway.linkage.linkage_table import ListedRecord
from gateway.linkage.person_row import person_row
from gateway.lookups.sources import Source
from gateway.stitching.customer_sources import CustomerSources

COMPARED_FIELDS = Fields.from_paths(
    "id", "name", "given_name", "family_name", "birth_date", "member_number", "email", "phone",
    "address.line", "address.postal_code", "address.city",
    "external_ids.source", "external_ids.id", "contact_points.kind", "contact_points.value",
)  # fmt: skip
"""What is read of each record, beside the keys that link it."""


class CustomerRecords:
    """Reads records of the configured sources. `identifier` is what is compared as one: see `person_row`."""

    def __init__(self, customers: CustomerSources, identifier: str) -> None:
        self._customers = customers
        self._identifier = identifier
        self._found_by = {source.name: _found_by(customers, source) for source in customers.all}
        self.fields = customers.fields(COMPARED_FIELDS)

    @property
    def rules(self) -> ResolutionRules:
        """Give the rules by which requests find customers."""
        return ResolutionRules(
            limits=self._customers.limits,
            max_sharers=self._customers.max_sharers,
            found_by=self._found_by,
            owners={source.name: [own.name for own in self._customers.by_id(source.name)] for source in self._customers.all},
            one_way=self._customers.one_way,
        )

    def read(self, source: str, record: Customer) -> ListedRecord:
        """Read a record that has at least `fields`."""
        id_, trusted = RecordId(source, record.id), self._customers.trusted[source]
        region = self._customers.phone_regions[source]
        keys = {kind: self._keys(record, kind, region) for kind in trusted | self._found_by[source]}
        return ListedRecord(
            id_,
            person_row(record, self._customers.blocked, region, self._identifier),
            linking=frozenset(self._customers.stated_ids(id_)).union(*(keys[kind] for kind in trusted)),
            finding=frozenset[Key]().union(*(keys[kind] for kind in self._found_by[source])),
        )

    def _keys(self, record: Customer, kind: KeyKind, region: str | None) -> set[Key]:
        keys = {Key(kind, value) for value in keys_of(record, kind, region)}
        return {key for key in keys if key not in self._customers.blocked}


def _found_by(customers: CustomerSources, source: Source) -> frozenset[KeyKind]:
    return frozenset(kind for kind in LINKING_KINDS if source in customers.asked_by(kind))
