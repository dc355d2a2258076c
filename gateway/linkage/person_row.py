"""Bring what a record says of a person into the forms that are compared."""

import re
from collections.abc import Collection
from typing import NamedTuple
from unicodedata import combining, normalize

from connectors.contract import KeyKind
from connectors.records import Customer
from gateway.identity.blocked_keys import BlockedKeys, birth_date_of
from gateway.identity.keys import keys_of
from gateway.identity.records import Key

MEMBER_NUMBER = "member_number"
"""The field that is compared as an identifier, unless the settings name a system of external ids."""

_SIGNS = re.compile(r"[^\w]+")


class PersonRow(NamedTuple):
    """The compared values of one record: small letters without accents, None where the record has none."""

    given_name: str | None
    family_name: str | None
    birth_date: str | None
    street: str | None
    postcode: str | None
    city: str | None
    email: str | None
    phone: str | None
    identifier: str | None


def person_row(record: Customer, blocked: BlockedKeys, region: str | None, identifier: str) -> PersonRow:
    """Read a record that is whole. `identifier` is `member_number`, or the system whose external ids are compared."""
    given, family = _names(record)
    address = record.address
    return PersonRow(
        given_name=given,
        family_name=family,
        birth_date=birth_date_of(record.birth_date),
        street=plain_text(address.line) if address else None,
        postcode=plain_text(address.postal_code, " ") if address else None,
        city=plain_text(address.city) if address else None,
        email=_first(record, KeyKind.EMAIL, blocked, region),
        phone=_first(record, KeyKind.PHONE, blocked, region),
        identifier=_identifier(record, identifier, blocked),
    )


def plain_text(text: str | None, without: str = "") -> str | None:
    """Write a text in small letters without accents and signs, and without the letters of `without`. None for an empty one."""
    if not text:
        return None
    letters = "".join(letter for letter in normalize("NFKD", text.casefold()) if not combining(letter))
    words = " ".join(_SIGNS.sub(" ", letters).split())
    for letter in without:
        words = words.replace(letter, "")
    return words or None


def _names(record: Customer) -> tuple[str | None, str | None]:
    """Read the given and the family name. Of a whole name the last word is the family's, or what is before a comma."""
    given, family = plain_text(record.given_name), plain_text(record.family_name)
    if given or family or not record.name:
        return given, family
    before, comma, after = record.name.partition(",")
    if comma:
        return plain_text(after), plain_text(before)
    first, _, last = (plain_text(record.name) or "").rpartition(" ")
    return first or None, last or None


def _first(record: Customer, kind: KeyKind, blocked: BlockedKeys, region: str | None) -> str | None:
    return next((value for value in keys_of(record, kind, region) if Key(kind, value) not in blocked), None)


def _identifier(record: Customer, name: str, blocked: BlockedKeys) -> str | None:
    if name == MEMBER_NUMBER:
        value, kind = record.member_number, KeyKind.MEMBER_NUMBER
    else:
        value, kind = next((own.id for own in record.external_ids if own.source == name), None), KeyKind.EXTERNAL_ID
    text = plain_text(value, " ")
    return None if text is None or Key(kind, text) in blocked else text


PERSON_FIELDS: Collection[str] = PersonRow._fields
