"""Keys: their normal form, and which of a customer's fields hold them."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from connectors.contract import KeyKind
from connectors.records import ContactKind
from gateway.errors import InvalidKeyError

KEY_FIELDS: dict[KeyKind, tuple[str, ...]] = {
    KeyKind.CUSTOMER_ID: ("id",),
    KeyKind.EXTERNAL_ID: ("external_ids.source", "external_ids.id"),
    KeyKind.MEMBER_NUMBER: ("member_number",),
    KeyKind.EMAIL: ("email", "contact_points.kind", "contact_points.value"),
    KeyKind.PHONE: ("phone", "contact_points.kind", "contact_points.value"),
    KeyKind.DEVICE_ID: ("device_ids",),
}
"""The fields of a customer record that hold keys of a kind."""

MULTIPLE = frozenset({KeyKind.EXTERNAL_ID, KeyKind.EMAIL, KeyKind.PHONE, KeyKind.DEVICE_ID})
"""Kinds of which one customer can have several keys."""

MAX_KEY_LENGTH = 320
MAX_KEYS = 50
"""How many keys of one kind of one customer are followed. A record may hold any number, and each costs its calls."""

KEPT_FORMS = 10_000
"""How many addresses and numbers of records are remembered with their normal form, which takes 20 microseconds to find."""

_READ = frozenset({KeyKind.EMAIL, KeyKind.PHONE})
"""Kinds whose normal form has to be worked out."""
_PLAIN_EMAIL = re.compile(r"[a-z0-9]{1,30}([._+-][a-z0-9]{1,10}){0,3}@([a-z0-9]{1,60}\.){1,3}[a-z]{2,20}")
"""Addresses that are their own normal form, and most are."""

_ID = KeyKind.CUSTOMER_ID
"""To read a member of an enum takes as long as to look at a key."""


def normalised(kind: KeyKind, value: str, default_region: str | None = None) -> str:
    """The form in which keys are compared: E.164 phones, lower-case e-mail addresses, the rest without outer spaces.

    Raises `InvalidKeyError` for what cannot be a key of this kind.
    """
    if kind is _ID and value.isalnum() and len(value) <= MAX_KEY_LENGTH:
        return value  # as most are
    text = value.strip()
    if not text:
        raise InvalidKeyError(f"the {kind.value.replace('_', ' ')} is empty")
    if len(text) > MAX_KEY_LENGTH:
        raise InvalidKeyError(f"the {kind.value.replace('_', ' ')} is longer than {MAX_KEY_LENGTH} characters")
    if kind is KeyKind.EMAIL:
        return _email(text)
    if kind is KeyKind.PHONE:
        return _phone(text, default_region)
    return text


def are_normal_ids(values: Sequence[str]) -> bool:
    """Whether all of these are customer ids in their normal form, as seen at a glance."""
    return all(map(str.isalnum, values)) and max(map(len, values), default=0) <= MAX_KEY_LENGTH


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, globally_deliverable=False).normalized.lower()
    except EmailNotValidError:
        raise InvalidKeyError("this is not an e-mail address; it has the form name@domain") from None


def _phone(text: str, default_region: str | None) -> str:
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException:
        raise InvalidKeyError("this is not a phone number; write it with its country code, such as +44 20 7946 0000") from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidKeyError("this phone number has too few or too many digits for its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def keys_of(customer: Any, kind: KeyKind, default_region: str | None = None) -> Sequence[str]:
    """A customer record's keys of one kind in their normal form, unique, the primary one first, at most `MAX_KEYS`.

    What cannot be a key of this kind stays as it is written, without outer spaces. `customer` is a record narrowed to at
    least the `KEY_FIELDS` of the kind.
    """
    written = _written(customer, kind)
    if kind in _READ:
        written = [_normal_or_written(kind, text, default_region) for text in written[:MAX_KEYS]]
    else:
        written = [text.strip() for text in written[:MAX_KEYS]]
    return list(dict.fromkeys(key for key in written if key))


def leaves_out_keys(customer: Any, kind: KeyKind) -> bool:
    """Whether a customer record has more keys of one kind than `keys_of` gives."""
    many = {KeyKind.EXTERNAL_ID: "external_ids", KeyKind.DEVICE_ID: "device_ids"}
    name = many.get(kind, "contact_points" if kind in _READ else None)
    return name is not None and len(getattr(customer, name)) >= MAX_KEYS and len(_written(customer, kind)) > MAX_KEYS


def _written(customer: Any, kind: KeyKind) -> list[str]:
    """The keys as the source writes them, each once."""
    match kind:
        case KeyKind.CUSTOMER_ID:
            found = [customer.id]
        case KeyKind.MEMBER_NUMBER:
            found = [customer.member_number]
        case KeyKind.EXTERNAL_ID:
            found = [f"{external.source}:{external.id}" for external in customer.external_ids]
        case KeyKind.DEVICE_ID:
            found = list(customer.device_ids)
        case KeyKind.EMAIL:
            found = [customer.email, *_contacts(customer, ContactKind.EMAIL)]
        case KeyKind.PHONE:
            found = [customer.phone, *_contacts(customer, ContactKind.PHONE)]
        case KeyKind.TEXT:
            found = []
    return list(dict.fromkeys(filter(None, found)))


def _contacts(customer: Any, kind: ContactKind) -> list[str]:
    return [point.value for point in customer.contact_points if point.kind is kind]


@lru_cache(maxsize=KEPT_FORMS)
def _normal_or_written(kind: KeyKind, text: str, default_region: str | None) -> str:
    if kind is KeyKind.EMAIL and _PLAIN_EMAIL.fullmatch(text):
        return text
    try:
        return normalised(kind, text, default_region)
    except InvalidKeyError:
        return text.strip().lower() if kind is KeyKind.EMAIL else text.strip()
