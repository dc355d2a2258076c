"""Canonical records: vendor-neutral facts from sources.

Field names are snake_case here and in SQL columns, camelCase in canonical JSON and in GraphQL. Times are aware and in
UTC (RFC 3339), money is a decimal with its ISO 4217 currency, countries are ISO 3166-1 alpha-2, locales BCP 47.
An enum value that is not known becomes `UNKNOWN`. A field that a source does not have is None or empty.

What has a type may still be too much to be written: see `Whole`, `MAX_DIGITS` and `MAX_NESTED`. Fields that say
something of a person are marked `Personal`.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import msgspec

from connectors.record_enums import AccountRole as AccountRole
from connectors.record_enums import Channel as Channel
from connectors.record_enums import ConsentState as ConsentState
from connectors.record_enums import ContactKind as ContactKind
from connectors.record_enums import CustomerKind as CustomerKind
from connectors.record_enums import DealStage as DealStage
from connectors.record_enums import Gender as Gender
from connectors.record_enums import KnownEnum as KnownEnum
from connectors.record_enums import MessageAuthor as MessageAuthor
from connectors.record_enums import OrderStatus as OrderStatus
from connectors.record_enums import PaymentMethod as PaymentMethod
from connectors.record_enums import TicketKind as TicketKind
from connectors.record_enums import TicketPriority as TicketPriority
from connectors.record_enums import TicketStatus as TicketStatus
from connectors.suggestions import did_you_mean

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


class BirthDates(StrEnum):
    """Say how a source writes days of birth that can be read in two ways."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A value inside a record."""


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A fact that a source owns. `time_field` orders records of one key, newest first; ties are broken by `id`."""

    time_field: ClassVar[str | None] = None

    id: str


class Money(Part, frozen=True, kw_only=True):
    amount: Decimal
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]


class Address(Part, frozen=True, kw_only=True):
    line: Annotated[str | None, Personal.ADDRESS] = None
    postal_code: Annotated[str | None, Personal.ADDRESS] = None
    city: Annotated[str | None, Personal.ADDRESS] = None
    region: str | None = None
    country: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")] | None = None


class ContactPoint(Part, frozen=True, kw_only=True):
    kind: ContactKind
    value: Annotated[str, Personal.CONTACT]
    primary: bool = False


class Company(Part, frozen=True, kw_only=True):
    """The company itself, or the one that a person belongs to.

    `account` is the id of its `Account`. `role` is the person's there, `role_name` that in the words of the source.
    """

    name: Annotated[str | None, Personal.NAME] = None
    account: Annotated[str | None, Personal.IDENTIFIER] = None
    industry: str | None = None
    size: Whole | None = None
    role: AccountRole | None = None
    role_name: str | None = None


class Acquisition(Part, frozen=True, kw_only=True):
    """First touch: how the customer was won."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    landing_page: Annotated[str | None, Personal.LINK] = None
    lead_id: Annotated[str | None, Personal.IDENTIFIER] = None
    at: UtcTime | None = None


class Touch(Part, frozen=True, kw_only=True):
    """One contact with marketing on the way to becoming a customer, or later."""

    channel: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    at: UtcTime | None = None


class Consent(Part, frozen=True, kw_only=True):
    """What the customer said about being written to. `source` is where, such as `checkout`; `at` is when."""

    channel: Channel = Channel.UNKNOWN
    purpose: str | None = None
    state: ConsentState = ConsentState.UNKNOWN
    source: str | None = None
    at: UtcTime | None = None


class SocialAccount(Part, frozen=True, kw_only=True):
    platform: str
    handle: Annotated[str, Personal.IDENTIFIER]
    followers: Whole | None = None


class Deal(Part, frozen=True, kw_only=True):
    id: str
    stage: DealStage = DealStage.UNKNOWN
    segment: str | None = None
    closed_at: UtcTime | None = None


class ExternalId(Part, frozen=True, kw_only=True):
    source: str
    id: Annotated[str, Personal.IDENTIFIER]


class Customer(Record, frozen=True, kw_only=True):
    """Describe a person or company as one source knows it, with its keys. These find it in other sources."""

    id: Annotated[str, Personal.IDENTIFIER]
    kind: CustomerKind = CustomerKind.UNKNOWN
    name: Annotated[str | None, Personal.NAME] = None
    given_name: Annotated[str | None, Personal.NAME] = None
    family_name: Annotated[str | None, Personal.NAME] = None
    email: Annotated[str | None, Personal.EMAIL] = None
    phone: Annotated[str | None, Personal.PHONE] = None
    member_number: Annotated[str | None, Personal.IDENTIFIER] = None
    birth_date: Annotated[Day | None, Personal.BIRTH_DATE] = None
    locale: str | None = None
    gender: Gender = Gender.UNKNOWN
    occupation: Annotated[str | None, Personal.TEXT] = None
    job_title: Annotated[str | None, Personal.TEXT] = None
    industry: str | None = None
    education: Annotated[str | None, Personal.TEXT] = None
    household_size: Whole | None = None
    income_band: str | None = None
    life_stage: str | None = None
    preferred_channel: Channel = Channel.UNKNOWN
    created_at: UtcTime | None = None
    updated_at: UtcTime | None = None
    address: Address | None = None
    company: Company | None = None
    acquisition: Acquisition | None = None
    contact_points: list[ContactPoint] = []
    device_ids: Annotated[list[str], Personal.IDENTIFIER] = []
    external_ids: list[ExternalId] = []
    deals: list[Deal] = []
    consents: list[Consent] = []
    social_accounts: list[SocialAccount] = []
    touches: list[Touch] = []


class Account(Record, frozen=True, kw_only=True):
    """A company as one source knows it. Its id is the `company.account` of its people, and the `parent_id` of its parts."""

    id: Annotated[str, Personal.IDENTIFIER]
    name: Annotated[str | None, Personal.NAME] = None
    number: Annotated[str | None, Personal.IDENTIFIER] = None
    industry: str | None = None
    size: Whole | None = None
    website: Annotated[str | None, Personal.LINK] = None
    parent_id: Annotated[str | None, Personal.IDENTIFIER] = None
    created_at: UtcTime | None = None
    updated_at: UtcTime | None = None


CustomerId = Annotated[str | None, Personal.IDENTIFIER]
"""Whose the record is: the customer's own id, as its source has it."""

CustomerEmail = Annotated[str | None, Personal.EMAIL]
"""Whose the record is, where its source knows people by their addresses."""


class OrderItem(Part, frozen=True, kw_only=True):
    sku: str | None = None
    product_id: str | None = None
    name: str | None = None
    brand: str | None = None
    category: str | None = None
    quantity: Quantity = 1
    unit_price: Money | None = None
    discount: Money | None = None
    total: Money | None = None


class Payment(Part, frozen=True, kw_only=True):
    method: PaymentMethod = PaymentMethod.UNKNOWN
    amount: Money | None = None
    installments: Whole | None = None


class ExternalOrderId(Part, frozen=True, kw_only=True):
    """The id of the same order at another system."""

    source: str
    id: str


class Order(Record, frozen=True, kw_only=True):
    """`total` is what the customer owes as the order stands: with tax and shipping, after discounts, before refunds."""

    time_field: ClassVar[str | None] = "placed_at"

    placed_at: UtcTime
    number: str | None = None
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    channel: str | None = None
    status: OrderStatus = OrderStatus.UNKNOWN
    total: Money | None = None
    refunded: Money | None = None
    discount: Money | None = None
    shipping: Money | None = None
    tax: Money | None = None
    delivered_at: UtcTime | None = None
    items: list[OrderItem] = []
    payments: list[Payment] = []
    external_ids: list[ExternalOrderId] = []


class Message(Part, frozen=True, kw_only=True):
    author: MessageAuthor = MessageAuthor.UNKNOWN
    body: Annotated[str | None, Personal.TEXT] = None
    at: UtcTime | None = None


class Ticket(Record, frozen=True, kw_only=True):
    time_field: ClassVar[str | None] = "created_at"

    created_at: UtcTime
    number: str | None = None
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    subject: Annotated[str | None, Personal.TEXT] = None
    kind: TicketKind = TicketKind.UNKNOWN
    status: TicketStatus = TicketStatus.UNKNOWN
    priority: TicketPriority = TicketPriority.UNKNOWN
    channel: Channel = Channel.UNKNOWN
    satisfaction: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    order_id: str | None = None
    solved_at: UtcTime | None = None
    messages: list[Message] = []


class Event(Record, frozen=True, kw_only=True):
    time_field: ClassVar[str | None] = "at"

    at: UtcTime
    type: str
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    page: Annotated[str | None, Personal.LINK] = None
    device_id: Annotated[str | None, Personal.IDENTIFIER] = None
    session_id: Annotated[str | None, Personal.IDENTIFIER] = None
    properties: Annotated[dict[str, Any], Personal.FREE] = {}


RECORDS: dict[str, type[Record]] = {"customer": Customer, "order": Order, "ticket": Ticket, "event": Event, "account": Account}
"""Record types by the name that configuration and tags use."""


def known_record(name: str) -> str:
    """The name of a record, as settings give it. Raises `ValueError` for another."""
    if name not in RECORDS:
        raise ValueError(unknown_record(name))
    return name


def unknown_record(name: str) -> str:
    """Say that there is no record of this name."""
    return f"'{name}' is no record{did_you_mean(name, RECORDS)}"


RECORD_NAMES: dict[type[Record], str] = {record: name for name, record in RECORDS.items()}
