"""The sources of customers: which are asked by what, whose value counts, which fields need others. Settled by the settings."""

import json
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter

import msgspec

from connectors.contract import CUSTOMER_KEYS, LINKING_KINDS, Ask, KeyKind
from connectors.record_fields import Fields, all_fields, fields_of
from connectors.records import Customer
from gateway.identity.blocked_keys import BlockedKeys
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.keys import normalised_or_plain
from gateway.identity.records import IdentityLimits, Key, RecordId, stated_id
from gateway.lookups.fetches import RecordFetch
from gateway.lookups.sources import Source, Sources
from gateway.settings import Settings
from gateway.stitching.merged_record import NAME_FIELDS, FieldRules
from gateway.stitching.selection import Selection

PROOF = Fields.from_paths("id", "member_number", "birth_date", "updated_at")
"""Fields that tell people apart, and when a record changed."""


class CustomerSources:
    """The configured sources that find customers, the one whose value counts most first."""

    def __init__(self, sources: Sources, settings: Settings) -> None:
        finders = [source for source in sources.all if _kinds(source)]
        names = [source.name for source in finders]
        named = [*(name for name in settings.customer.priority if name in names), *names]
        self.rank = {name: place for place, name in enumerate(dict.fromkeys(named))}
        self.all = sorted(finders, key=lambda source: self.rank[source.name])
        searched = sources.finders(Customer, KeyKind.TEXT)
        self.searched = sorted(searched, key=lambda source: self.rank.get(source.name, len(self.rank)))
        self.rules = FieldRules(self.rank, dict(settings.customer.fields))
        identity = settings.identity
        self.limits = IdentityLimits(
            records_per_source=identity.records_per_source, keys_per_kind=identity.keys_per_kind, records=identity.records
        )
        self.phone_regions = settings.phone_regions
        self.max_sharers = identity.max_sharers
        self.max_turns = identity.max_turns
        regions = {settings.default_region, *self.phone_regions.values()}
        values = {
            kind: {normalised_or_plain(kind, value, region) for value in blocked for region in regions}
            for kind, blocked in identity.blocked.items()
        }
        self.blocked = BlockedKeys(values=values, roles=identity.block_role_addresses)
        self.trusted = {
            source.name: frozenset(identity.trusts.get(source.name, _kinds(source) & set(LINKING_KINDS))) for source in finders
        }
        self._by_id = {source.name: source for source in finders if KeyKind.CUSTOMER_ID in _kinds(source)}
        self._usual = next(iter(self._by_id), None)
        self._ids_of = {name: block.customer_ids_of for name, block in settings.sources.items()}
        # Where it is not of the source, an id is of another source's customer: one that is not asked here.
        self.are_several = len(finders) > 1 or any(space not in self._by_id for space in self._ids_of.values() if space)
        self._by_id_space = {
            name: [
                source for source in finders if source.name in self._by_id and name in (source.name, self.id_space(source.name))
            ]
            for name in self._by_id
        }
        self._finders: dict[KeyKind, Sequence[Source]] = {
            kind: self._asked_by(kind) for kind in CUSTOMER_KEYS if kind is not KeyKind.CUSTOMER_ID
        }
        kinds = {source.name: self.trusted[source.name] - _kinds(source) - {KeyKind.DEVICE_ID} for source in self.all}
        self.one_way = {name: one_way for name, one_way in kinds.items() if one_way}
        self.proof_of = attrgetter("birth_date", *self._linking_fields())
        self.fields = lru_cache(maxsize=1_000)(self._fields)

    @property
    def fingerprint(self) -> str:
        """Write down all settings on which it depends what is found from a key."""
        lists = {
            source.name: [sorted(_kinds(source)), sorted(self.trusted[source.name]), self.phone_regions[source.name]]
            for source in self.all
        }
        blocked = {kind: sorted(values) for kind, values in self.blocked.values.items()}
        limits = [msgspec.structs.astuple(self.limits), self.max_sharers, self.blocked.roles]
        return json.dumps([lists, self._ids_of, blocked, limits], sort_keys=True)

    def asked_by(self, kind: KeyKind) -> Sequence[Source]:
        """List the sources to ask by a kind of key."""
        return self._finders.get(kind, ())

    def asked_for(self, key: Key) -> list[Source]:
        """List the sources that are asked for a key in its normal form."""
        owner = key.value.partition(":")[0] if key.kind is KeyKind.EXTERNAL_ID else ""
        return [*self.asked_by(key.kind), *self.by_id(owner)]

    def named(self, name: str) -> Source | None:
        """Give the source of this name if it finds customers by id."""
        return self._by_id.get(name)

    def finds_ids(self, name: str) -> bool:
        """Tell whether the source of this name finds customers by id."""
        return name in self._by_id

    def finds_stated(self, name: str) -> bool:
        """Tell whether the source of this name finds customers by ids that they state."""
        return self.named(name) in self.asked_by(KeyKind.EXTERNAL_ID)

    def by_id(self, name: str) -> Sequence[Source]:
        """List the sources that find customers by the ids of a source."""
        return self._by_id_space.get(name, ())

    def may_state(self, members: Sequence[RecordId]) -> bool:
        """Tell whether a source may have a record that no key of these records finds: it links by keys it is not found by."""
        return not self.one_way.keys() <= {member.source for member in members}

    def id_space(self, name: str) -> str | None:
        """Name the source whose customer ids a source knows. In its own records they are ids of customers there, too."""
        return self._ids_of.get(name) or (name if name in self._by_id else self._usual)

    def stated_ids(self, record: RecordId) -> list[Key]:
        """List the keys by which others state the id of a record: under its own source, and under that whose ids it knows."""
        space = self.id_space(record.source) if record.source in self._by_id else record.source
        return [stated_id(own) for own in dict.fromkeys([record, RecordId(space or record.source, record.id)])]

    def is_enough(self, name: str, selection: Selection) -> bool:
        """Tell whether a source alone gives all that is selected of a customer who is asked for by his id there."""
        if (
            selection.stitches
            or selection.facts
            or selection.members
            or self.rank.get(name) != 0
            or self.limits.records_per_source > 1
        ):
            return False
        return all(field == "id" or self.rules.only_source(field) == name for field, _ in selection.fields)

    def givers(self, fields: Sequence[str]) -> frozenset[str]:
        """Name the sources that may give any of these fields of a customer's record."""
        return frozenset(
            source.name
            for source in self.all
            for field in fields
            if self.rules.is_given_by(field, source.name) and field not in source.connector.absent_fields(Customer)
        )

    def fetch(self, source: Source, kind: KeyKind, fields: Fields, first: int) -> RecordFetch:
        """Fetch records of customers with the fields that a walk needs."""
        return source.records(Customer, kind, Ask(fields=fields, first=first, more=False))

    def _linking_fields(self) -> list[str]:
        """List the fields of a record by which it is linked."""
        kinds = frozenset[KeyKind]().union(*self.trusted.values()) | {KeyKind.MEMBER_NUMBER}
        return list(
            dict.fromkeys(path.partition(".")[0] for kind in LINKING_KINDS if kind in kinds for path in KEY_KINDS[kind].fields)
        )

    def _fields(self, fields: Fields) -> Fields:
        """Add the fields that link records, and those that are taken together with selected ones."""
        own = fields_of(Customer)
        kinds = frozenset[KeyKind]().union(*self.trusted.values())
        paths = [path for kind in LINKING_KINDS if kind in kinds for path in KEY_KINDS[kind].fields]
        whole = [(name, all_fields(part)) for name, _ in fields if (part := own[name].struct) is not None]
        names = [(name, Fields()) for name in NAME_FIELDS] if any(name in fields for name in NAME_FIELDS) else []
        return fields | Fields((*whole, *names)) | Fields.from_paths(*paths) | PROOF

    def _asked_by(self, kind: KeyKind) -> Sequence[Source]:
        finders = [source for source in self.all if kind in _kinds(source)]
        return [source for source in finders if kind in self.trusted[source.name]] or finders


def _kinds(source: Source) -> set[KeyKind]:
    return {kind for record, kind in source.lookups if record is Customer and kind is not KeyKind.TEXT}
