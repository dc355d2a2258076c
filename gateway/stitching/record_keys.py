"""Read the keys of a customer's record, and show it to the resolution by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from connectors.contract import LINKING_KINDS, KeyKind
from connectors.records import Customer
from gateway.identity.blocked_keys import birth_date_of
from gateway.identity.keys import key_spellings, keys_of
from gateway.identity.records import IdentityRecord, Key, RecordId, stated_id
from gateway.stitching.customer_sources import CustomerSources
from gateway.stitching.origins import MemberRecord


def linking_keys(customers: CustomerSources, id_: RecordId, record: Customer) -> dict[Key, Sequence[str]]:
    """List the keys by which a record is linked, each with the forms to ask by."""
    trusted, blocked, region = customers.trusted[id_.source], customers.blocked, customers.phone_regions[id_.source]
    forms: dict[Key, Sequence[str]] = {key: (key.value,) for key in customers.stated_ids(id_)}
    for kind in LINKING_KINDS:
        for value, own_forms in key_spellings(record, kind, region).items() if kind in trusted else ():
            if Key(kind, value) not in blocked:
                forms[Key(kind, value)] = own_forms
    return forms


def find_by_stated(id_: RecordId, keys: Mapping[RecordId, AbstractSet[Key]]) -> RecordId:
    """Find the only record of a source that states an id there which no record has. The id itself where there is none."""
    if id_ in keys:
        return id_
    stating = [own for own in keys if own.source == id_.source and stated_id(id_) in keys[own]]
    return stating[0] if len(stating) == 1 else id_


def identity_record(member: MemberRecord, keys: AbstractSet[Key], unanswered: AbstractSet[Key]) -> IdentityRecord:
    """Show a record with the keys that link it; of some it is not known who else has them."""
    record = member.record
    if record is None:
        return IdentityRecord(id=member.id, keys=frozenset(keys), open_kinds=frozenset(LINKING_KINDS))
    found_by = sorted(key.value for key in keys if key.kind is KeyKind.MEMBER_NUMBER)
    numbers = keys_of(record, KeyKind.MEMBER_NUMBER) or found_by  # what it states, whatever found it
    return IdentityRecord(
        id=member.id,
        keys=frozenset(keys),
        member_number=numbers[0] if numbers else None,
        birth_date=birth_date_of(record.birth_date),
        open_kinds=frozenset(key.kind for key in keys & unanswered),
    )
