"""Tell which parts of a customer's profile are known: what at least one source has, and what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.record_fields import Fields, all_fields, fields_of
from connectors.records import RECORD_NAMES, Customer, CustomerKind, Record
from gateway.errors import SourceFailure
from gateway.identity.key_kinds import KEY_KINDS
from gateway.stitching.customer import MissingRecord, StitchedCustomer, unheard_of
from gateway.stitching.origins import is_empty

PARTS: dict[str, tuple[str, ...]] = {
    "name": ("name", "given_name", "family_name"),
    "email": ("email", "contact_points"),
    "phone": ("phone", "contact_points"),
    "address": ("address",),
    "locale": ("locale",),
    "birth_date": ("birth_date",),
    "gender": ("gender",),
    "occupation": ("occupation", "job_title"),
    "industry": ("industry",),
    "education": ("education",),
    "household_size": ("household_size",),
    "income_band": ("income_band",),
    "life_stage": ("life_stage",),
    "preferred_channel": ("preferred_channel",),
    "company": ("company",),
    "acquisition": ("acquisition",),
    "consents": ("consents",),
    "social_accounts": ("social_accounts",),
}
"""The parts of a customer's own record, each with the fields of which any makes it known."""

OF_PEOPLE = frozenset(["birth_date", "gender", "occupation", "education", "household_size", "income_band", "life_stage"])
"""The parts that a company has not."""

_CONTACTS = {"email": KeyKind.EMAIL, "phone": KeyKind.PHONE}
_OWN = fields_of(Customer)
PART_FIELDS = Fields(
    tuple(
        (name, all_fields(part) if (part := _OWN[name].struct) else Fields())
        for name in dict.fromkeys(["kind", *(name for names in PARTS.values() for name in names)])
    )
)
"""The fields of a customer's record that say which parts are known."""

_ANY = Ask(fields=Fields.from_paths("id"), first=1, more=False)


class PartState(StrEnum):
    PRESENT = "PRESENT"
    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"
    NOT_CONFIGURED = "NOT_CONFIGURED"


class ProfilePart(msgspec.Struct, frozen=True):
    """A part of the profile, under the name of its field, and whether it is known."""

    name: str
    state: PartState


class Completeness(msgspec.Struct, frozen=True):
    """The parts of a profile. Those of which nothing can be said count neither way."""

    parts: Sequence[ProfilePart]

    @property
    def missing(self) -> list[str]:
        return [part.name for part in self.parts if part.state is PartState.MISSING]

    @property
    def share(self) -> float | None:
        present = sum(part.state is PartState.PRESENT for part in self.parts)
        counted = present + len(self.missing)
        return present / counted if counted else None


async def completeness_of(customer: StitchedCustomer, records: Sequence[type[Record]] = ()) -> Completeness:
    """Tell which parts are known, and whether there are such records. Without `records` no source is asked for it."""
    states = await asyncio.gather(*(_state_of_records(customer, record) for record in dict.fromkeys(records)))
    found = [
        ProfilePart(f"{RECORD_NAMES[record]}s", state) for record, state in zip(dict.fromkeys(records), states, strict=True)
    ]
    return Completeness([*_own_parts(customer), *found])


def _own_parts(customer: StitchedCustomer) -> list[ProfilePart]:
    record = None if isinstance(customer.record, MissingRecord) else customer.record
    left_out: Collection[str] = OF_PEOPLE if record is not None and record.kind is CustomerKind.COMPANY else ()
    parts = ((name, fields) for name, fields in PARTS.items() if name not in left_out)
    return [ProfilePart(_OWN[name].json_name, _state(customer, record, name, fields)) for name, fields in parts]


def _state(customer: StitchedCustomer, record: Any, name: str, fields: Sequence[str]) -> PartState:
    if record is not None and _is_known(record, name, fields):
        return PartState.PRESENT
    givers = customer.givers(fields)
    if not givers:
        return PartState.NOT_CONFIGURED
    return PartState.MISSING if givers.isdisjoint(customer.unheard) else PartState.UNKNOWN


def _is_known(record: Any, name: str, fields: Sequence[str]) -> bool:
    if name in _CONTACTS:
        return any(not is_empty(value) for value in KEY_KINDS[_CONTACTS[name]].read(record))
    return any(not is_empty(getattr(record, field)) for field in fields)


async def _state_of_records(customer: StitchedCustomer, record: type[Record]) -> PartState:
    try:
        page = await customer.records(record, _ANY)
    except SourceFailure:
        return PartState.UNKNOWN
    if page is None:
        return PartState.NOT_CONFIGURED
    if page.records:
        return PartState.PRESENT
    old_keys = any(customer.stale_keys(kind) is not None for _, kind in customer.configured(record))
    is_unsure = page.unavailable or page.partial or old_keys or unheard_of(outcome for _, outcome in page.contributions)
    return PartState.UNKNOWN if is_unsure else PartState.MISSING
