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
"""How many addresses, and numbers, of records are remembered with their normal form, which takes 20 microseconds to find."""

_PLAIN_EMAIL = re.compile(r"[a-z0-9]{1,30}([._+-][a-z0-9]{1,10}){0,3}@([a-z0-9]{1,60}\.){1,3}[a-z]{2,20}")
"""Addresses that are their own normal form, and most are."""

_ID, _EMAIL, _PHONE = KeyKind.CUSTOMER_ID, KeyKind.EMAIL, KeyKind.PHONE
_EMAILS, _PHONES = ContactKind.EMAIL, ContactKind.PHONE
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


def keys_of(customer: Any, kind: KeyKind, default_region: str | None = None) -> list[str]:
    """A customer record's keys of one kind in their normal form, unique, the primary one first, at most `MAX_KEYS`.

    What cannot be a key of this kind stays as it is written, without outer spaces. `customer` is a record narrowed to at
    least the `KEY_FIELDS` of the kind.
    """
    if kind is _EMAIL:
        keys = [_email_of(text) for text in _emails(customer)[:MAX_KEYS]]
    elif kind is _PHONE:
        keys = [_phone_of(text, default_region) for text in _phones(customer)[:MAX_KEYS]]
    else:
        keys = [text.strip() for text in _plain_keys(customer, kind)[:MAX_KEYS]]
    return [*dict.fromkeys(filter(None, keys))]


def leaves_out_keys(customer: Any, kind: KeyKind) -> bool:
    """Whether a customer record has more keys of one kind than `keys_of` gives."""
    if kind is _EMAIL or kind is _PHONE:
        if len(customer.contact_points) < MAX_KEYS:
            return False
        return len(_emails(customer) if kind is _EMAIL else _phones(customer)) > MAX_KEYS
    return len(_plain_keys(customer, kind)) > MAX_KEYS


def _emails(customer: Any) -> list[str]:
    """As the record writes them, each once."""
    return _unique(customer.email, [point.value for point in customer.contact_points if point.kind is _EMAILS])


def _phones(customer: Any) -> list[str]:
    return _unique(customer.phone, [point.value for point in customer.contact_points if point.kind is _PHONES])


def _unique(first: str | None, others: list[str]) -> list[str]:
    return [*dict.fromkeys(filter(None, (first, *others)))]


def _plain_keys(customer: Any, kind: KeyKind) -> list[str]:
    match kind:
        case KeyKind.CUSTOMER_ID:
            return [customer.id]
        case KeyKind.MEMBER_NUMBER:
            return [customer.member_number] if customer.member_number else []
        case KeyKind.EXTERNAL_ID:
            return _unique(None, [f"{external.source}:{external.id}" for external in customer.external_ids])
        case KeyKind.DEVICE_ID:
            return _unique(None, customer.device_ids)
    return []


@lru_cache(maxsize=KEPT_FORMS)
def _email_of(text: str) -> str:
    if _PLAIN_EMAIL.fullmatch(text):
        return text
    try:
        return normalised(KeyKind.EMAIL, text)
    except InvalidKeyError:
        return text.strip().lower()


@lru_cache(maxsize=KEPT_FORMS)
def _phone_of(text: str, default_region: str | None) -> str:
    try:
        return normalised(KeyKind.PHONE, text, default_region)
    except InvalidKeyError:
        return text.strip()
