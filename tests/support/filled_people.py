"""People of whom everything is known, in a source each record of which has every field.

Texts say where they stand, so that they are found wherever they come out. Each class of fields can be told in another way.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from connectors import records as r
from connectors.contract import KeyKind
from connectors.record_fields import LIST, FieldInfo, fields_of
from connectors.records import FieldClass
from connectors.testing import MemoryConnector
from tests.support.page_links import add_links

START = datetime(2026, 5, 1, tzinfo=UTC)
EMAIL, NUMBER = "ana@example.com", "m"
FORMED = {
    "locale": ("de-DE", "fr-FR"),
    "country": ("DE", "FR"),
    "currency": ("EUR", "EUR"),
    "birth_date": ("1985-03-12", "1991-11-30"),
    "phone": ("+4915112345678", "+4915187654321"),
}
ENUMS = {"state": ("GRANTED", "DENIED")}
IDS = {
    "order": ("orders", "oc1"),
    "ticket": ("support", "t"),
    "event": ("behaviour", "e"),
    "deal": ("sales", "d"),
    "subscription": ("sales", "s"),
    "survey": ("sales", "n"),
}
"""The sources of records, and how their ids begin."""
KEYS = {"Customer.id", "Customer.email", "Customer.member_number", "Account.id", "Company.account"}
"""What records are found by, which is the same in all worlds."""


class Otherwise(NamedTuple):
    """The classes whose fields have other values, or with `are_absent` none where one need not be."""

    classes: Collection[FieldClass] = ()
    are_absent: bool = False


AS_USUAL = Otherwise()


def filled(record: type[r.Record], number: int, otherwise: Otherwise = AS_USUAL, /, **given: Any) -> Any:
    """A record with all its fields."""
    return msgspec.convert(_values(record, f"{number}", otherwise, None) | given, record)


def _values(struct: type[msgspec.Struct], number: str, otherwise: Otherwise, holder: FieldInfo | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields_of(struct).values():
        where = f"{struct.__name__}.{field.name}"
        own = field.field_class or (holder.field_class if holder is not None else None)
        is_other = own in otherwise.classes and where not in KEYS
        if is_other and otherwise.are_absent and (not field.required or holder is not None):
            continue
        if field.struct is not None:
            inner = [_values(field.struct, f"{number}-{place}", otherwise, field) for place in range(2)]
            if _is_whole(field.struct, inner[0]):
                values[field.json_name] = inner if field.form == LIST else inner[0]
        else:
            value = _value(field, where, number, own, is_other=is_other)
            values[field.json_name] = [value, f"{value}~2"] if field.form == LIST else value
    return values


def _is_whole(struct: type[msgspec.Struct], values: Mapping[str, Any]) -> bool:
    """Whether a part has all that it needs, and something that is not of its source alone."""
    own = fields_of(struct).values()
    told = [field for field in own if field.field_class is not FieldClass.TECHNICAL]
    needed = all(field.json_name in values for field in own if field.required)
    return needed and any(field.json_name in values for field in told)


def _value(field: FieldInfo, where: str, number: str, own: FieldClass | None, *, is_other: bool) -> Any:
    if field.name in FORMED:
        return FORMED[field.name][is_other]
    chance = int.from_bytes(blake2b(f"{where}{number}{is_other}".encode(), digest_size=2).digest())
    if field.leaf is str:
        end = "@example.com" if field.name == "email" else ""
        return f"{own}~{where}~{number}~{'B' if is_other else 'A'}{end}"
    if field.leaf is int:
        return 1 + chance % 4
    if field.leaf is bool:
        return is_other
    if field.leaf is datetime:
        return START + timedelta(minutes=chance % 40_000)
    if field.leaf is Decimal or field.name in ("quantity", "score"):
        return Decimal(chance) / 100
    if field.leaf is dict:
        return {"free": f"{own}~{where}~{number}~{'B' if is_other else 'A'}"}
    words = [word for word in field.leaf.__members__ if word != "UNKNOWN"]  # type: ignore[union-attr]
    return words[(is_other + (where == "ContactPoint.kind")) % len(words)]


def sources_of_everything(otherwise: Otherwise = AS_USUAL) -> list[MemoryConnector]:
    """Sources that know one customer, with records of all types, his account, and its members. One knows his address alone."""
    keys = {"email": EMAIL, "memberNumber": NUMBER}
    company = _values(r.Company, "1", otherwise, None) | {"account": "a1"}
    points = [
        {"kind": "EMAIL", "value": EMAIL, "primary": True},
        {"kind": "PHONE", "value": FORMED["phone"][0], "primary": False},
    ]
    words = {**keys, "id": "c1", "company": company, "contactPoints": points}
    customer = filled(r.Customer, 1, otherwise, **words)
    parent = filled(r.Account, 2, otherwise, id="a0", parentId=None)
    account = filled(r.Account, 1, otherwise, id="a1", parentId="a0")
    part = filled(r.Account, 3, otherwise, id="a2", parentId="a1")
    member = r.Customer(id="m1", email=EMAIL)
    own: dict[Any, Any] = {
        (r.Customer, KeyKind.CUSTOMER_ID): {"c1": [customer]},
        (r.Customer, KeyKind.EMAIL): {EMAIL: [customer]},
        (r.Customer, KeyKind.MEMBER_NUMBER): {NUMBER: [customer]},
        (r.Customer, KeyKind.TEXT): {"customer": [customer]},
        (r.Customer, KeyKind.ACCOUNT): {"a1": [customer]},
        (r.Account, KeyKind.ACCOUNT): {"a1": [account], "a0": [parent], "a2": [part]},
        (r.Account, KeyKind.PARENT_ACCOUNT): {"a0": [account], "a1": [part]},
    }
    club: dict[Any, Any] = {(r.Customer, KeyKind.CUSTOMER_ID): {"m1": [member]}, (r.Customer, KeyKind.EMAIL): {EMAIL: [member]}}
    served: dict[str, dict[Any, Any]] = {"crm": own, "club": club}
    for name, (source, start) in IDS.items():
        record = r.RECORDS[name]
        found = [filled(record, number, otherwise, id=f"{start}{number}", customerId="c1") for number in (1, 2, 3)]
        if otherwise.are_absent and record.time_field and fields_of(record)[record.time_field].field_class in otherwise.classes:
            found = []
        records = served.setdefault(source, {})
        records[record, KeyKind.CUSTOMER_ID] = {"c1": found}
        records[record, KeyKind(f"{name}_id")] = {one.id: [one] for one in found}
        if record in (r.Order, r.Ticket, r.Subscription):
            records[record, KeyKind.ACCOUNT] = {"a1": found}
    sources = [MemoryConnector(source, records) for source, records in served.items()]
    add_links(sources)
    return sources
