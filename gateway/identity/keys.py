"""Keys: their normal form, and which of a customer's fields hold them."""

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
"""How many keys of a kind are followed for a customer. Shared and test accounts have thousands, and each is asked for."""

MAX_REMEMBERED = 10_000
"""Numbers and unusual addresses whose normal form is remembered: to find it takes 30 microseconds."""

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

    `customer` is a record narrowed to at least the `KEY_FIELDS` of the kind. What has no normal form stays as it is written.
    """
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
            found = [_email_as_read(text) for text in (customer.email, *_contacts(customer, ContactKind.EMAIL)) if text]
        case KeyKind.PHONE:
            written = [customer.phone, *_contacts(customer, ContactKind.PHONE)]
            found = [_phone_as_read(text, default_region) for text in written if text]
        case KeyKind.TEXT:
            found = []
    return list(dict.fromkeys(key for key in found if key))[:MAX_KEYS]


def _contacts(customer: Any, kind: ContactKind) -> list[str]:
    return [point.value for point in customer.contact_points if point.kind is kind]


def _email_as_read(text: str) -> str:
    """The normal form of an address that a source wrote, which for nearly all is lower case."""
    return text.strip().lower() if text.isascii() and "xn--" not in text.lower() else _unusual_email(text.strip())


@lru_cache(maxsize=MAX_REMEMBERED)
def _unusual_email(text: str) -> str:
    try:
        return _email(text)
    except InvalidKeyError:
        return text.lower()


@lru_cache(maxsize=MAX_REMEMBERED)
def _phone_as_read(text: str, default_region: str | None) -> str:
    try:
        return _phone(text.strip(), default_region)
    except InvalidKeyError:
        return text.strip()
