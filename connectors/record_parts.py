"""The values that stand inside records, and the types of their fields."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

from connectors.record_enums import AccountRole, Channel, ConsentState, ContactKind, MessageAuthor, PaymentMethod

UtcTime = Annotated[datetime, msgspec.Meta(tz=True)]

DAY_PATTERN = r"^\d{4}-(?!02-3|(?:0[469]|11)-31)(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z"
Day = Annotated[str, msgspec.Meta(pattern=DAY_PATTERN)]
"""A day of the calendar as ISO 8601, `1985-03-12`."""

MAX_WHOLE = 2**31 - 1
Whole = Annotated[int, msgspec.Meta(ge=-MAX_WHOLE - 1, le=MAX_WHOLE)]
"""A whole number as GraphQL has it, of 32 bits."""

MAX_EXACT = 2**53 - 1
ExactWhole = Annotated[int, msgspec.Meta(ge=-MAX_EXACT, le=MAX_EXACT)]
Quantity = ExactWhole | Decimal
"""An exact number: a whole one as an int, which every reader of JSON takes for what it is, any other as a Decimal."""

MAX_DIGITS = 40
"""How many places before or behind the point a decimal's first digit may stand: `1E+999999` would be written with a million."""

MAX_NESTED = 100
"""How many lists and objects of free JSON may stand in each other."""


class Personal(StrEnum):
    """Mark a field as personal, once for all who must hide it.

    A field without a mark is not personal by itself: times, amounts, goods, states, countries, ids of orders and tickets.
    """

    NAME = "name"
    """A name, or a part of one, of a person or a company."""
    EMAIL = "email"
    PHONE = "phone"
    CONTACT = "contact"
    """An e-mail address or a phone number; its form says which."""
    ADDRESS = "address"
    """What of a postal address is narrower than a region."""
    BIRTH_DATE = "birth_date"
    IDENTIFIER = "identifier"
    """An id that finds a person, a device or a visit, here or in another system."""
    TEXT = "text"
    """What people wrote."""
    LINK = "link"
    """A page's address, whose parameters may hold anything."""
    FREE = "free"
    """JSON in which anything may stand."""


class FieldClass(StrEnum):
    """Say what a field tells of a person. Each field of a record has one, by which callers see it or do not.

    The first four are personal.
    """

    IDENTIFYING = "identifying"
    """Ids that find a person, a device or a visit."""
    CONTACT = "contact"
    """Where a person is reached: e-mail address, phone number, postal address."""
    PERSONAL = "personal"
    """What a person is called, is and has said: name, day of birth, household, consents."""
    FREE_TEXT = "free_text"
    """What people wrote, in which anything may stand."""
    BEHAVIOURAL = "behavioural"
    """What a person did: visits, tickets, surveys, how they were won."""
    COMMERCIAL = "commercial"
    """What a person buys: orders, deals, subscriptions, amounts."""
    TECHNICAL = "technical"
    """What says nothing of a person: kinds, sources, times of records."""


T = TypeVar("T")
OfPerson = Annotated[T, FieldClass.PERSONAL]
Behavioural = Annotated[T, FieldClass.BEHAVIOURAL]
Commercial = Annotated[T, FieldClass.COMMERCIAL]
Technical = Annotated[T, FieldClass.TECHNICAL]

MARKED_CLASSES: Mapping[Personal, FieldClass] = {
    Personal.NAME: FieldClass.PERSONAL,
    Personal.EMAIL: FieldClass.CONTACT,
    Personal.PHONE: FieldClass.CONTACT,
    Personal.CONTACT: FieldClass.CONTACT,
    Personal.ADDRESS: FieldClass.CONTACT,
    Personal.BIRTH_DATE: FieldClass.PERSONAL,
    Personal.IDENTIFIER: FieldClass.IDENTIFYING,
    Personal.TEXT: FieldClass.FREE_TEXT,
    Personal.LINK: FieldClass.BEHAVIOURAL,
    Personal.FREE: FieldClass.FREE_TEXT,
}
"""The classes of marked fields that name no other one."""


class BirthDates(StrEnum):
    """Say how a source writes days of birth that can be read in two ways."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A value inside a record."""


class Money(Part, frozen=True, kw_only=True):
    amount: Decimal
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]


class Address(Part, frozen=True, kw_only=True):
    line: Annotated[str | None, Personal.ADDRESS] = None
    postal_code: Annotated[str | None, Personal.ADDRESS] = None
    city: Annotated[str | None, Personal.ADDRESS] = None
    region: OfPerson[str | None] = None
    country: OfPerson[Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")] | None] = None


class ContactPoint(Part, frozen=True, kw_only=True):
    kind: Technical[ContactKind]
    value: Annotated[str, Personal.CONTACT]
    primary: Technical[bool] = False


class Company(Part, frozen=True, kw_only=True):
    """The company itself, or the one that a person belongs to.

    `account` is the id of its `Account`. `role` is the person's there, `role_name` that in the words of the source.
    """

    name: Annotated[str | None, Personal.NAME] = None
    account: Annotated[str | None, Personal.IDENTIFIER] = None
    industry: Commercial[str | None] = None
    size: Commercial[Whole | None] = None
    role: OfPerson[AccountRole | None] = None
    role_name: OfPerson[str | None] = None


class Acquisition(Part, frozen=True, kw_only=True):
    """First touch: how the customer was won."""

    source: Behavioural[str | None] = None
    medium: Behavioural[str | None] = None
    campaign: Behavioural[str | None] = None
    landing_page: Annotated[str | None, Personal.LINK] = None
    lead_id: Annotated[str | None, Personal.IDENTIFIER] = None
    at: Behavioural[UtcTime | None] = None


class Touch(Part, frozen=True, kw_only=True):
    """One contact with marketing on the way to becoming a customer, or later."""

    channel: Behavioural[str | None] = None
    source: Behavioural[str | None] = None
    medium: Behavioural[str | None] = None
    campaign: Behavioural[str | None] = None
    at: Behavioural[UtcTime | None] = None


class Consent(Part, frozen=True, kw_only=True):
    """What the customer said about being written to. `source` is where, such as `checkout`; `at` is when."""

    channel: OfPerson[Channel] = Channel.UNKNOWN
    purpose: OfPerson[str | None] = None
    state: OfPerson[ConsentState] = ConsentState.UNKNOWN
    source: OfPerson[str | None] = None
    at: OfPerson[UtcTime | None] = None


class SocialAccount(Part, frozen=True, kw_only=True):
    platform: OfPerson[str]
    handle: Annotated[str, Personal.IDENTIFIER]
    followers: OfPerson[Whole | None] = None


class ExternalId(Part, frozen=True, kw_only=True):
    source: Technical[str]
    id: Annotated[str, Personal.IDENTIFIER]


class OrderItem(Part, frozen=True, kw_only=True):
    sku: Commercial[str | None] = None
    product_id: Commercial[str | None] = None
    name: Commercial[str | None] = None
    brand: Commercial[str | None] = None
    category: Commercial[str | None] = None
    quantity: Commercial[Quantity] = 1
    unit_price: Commercial[Money | None] = None
    discount: Commercial[Money | None] = None
    total: Commercial[Money | None] = None


class Payment(Part, frozen=True, kw_only=True):
    method: Commercial[PaymentMethod] = PaymentMethod.UNKNOWN
    amount: Commercial[Money | None] = None
    installments: Commercial[Whole | None] = None


class ExternalOrderId(Part, frozen=True, kw_only=True):
    """The id of the same order at another system."""

    source: Technical[str]
    id: Commercial[str]


class Message(Part, frozen=True, kw_only=True):
    author: Behavioural[MessageAuthor] = MessageAuthor.UNKNOWN
    body: Annotated[str | None, Personal.TEXT] = None
    at: Behavioural[UtcTime | None] = None
