"""Canonical records: vendor-neutral facts from sources.

Field names are snake_case here and in SQL columns, camelCase in canonical JSON and in GraphQL. Times are aware and in
UTC (RFC 3339), money is a decimal with its ISO 4217 currency, countries are ISO 3166-1 alpha-2, locales BCP 47.
An enum value that is not known becomes `UNKNOWN`. A field that a source does not have is None or empty.

What has a type may still be too much to be written: see `Whole`, `MAX_DIGITS` and `MAX_NESTED`. Fields that say
something of a person are marked `Personal`.
"""

from typing import Annotated, Any, ClassVar

import msgspec

from connectors.record_enums import AccountRole as AccountRole
from connectors.record_enums import BillingInterval as BillingInterval
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
from connectors.record_enums import SubscriptionStatus as SubscriptionStatus
from connectors.record_enums import SurveyKind as SurveyKind
from connectors.record_enums import TicketKind as TicketKind
from connectors.record_enums import TicketPriority as TicketPriority
from connectors.record_enums import TicketStatus as TicketStatus
from connectors.record_parts import DAY_PATTERN as DAY_PATTERN
from connectors.record_parts import MAX_DIGITS as MAX_DIGITS
from connectors.record_parts import MAX_EXACT as MAX_EXACT
from connectors.record_parts import MAX_NESTED as MAX_NESTED
from connectors.record_parts import MAX_WHOLE as MAX_WHOLE
from connectors.record_parts import Acquisition as Acquisition
from connectors.record_parts import Address as Address
from connectors.record_parts import Behavioural, Commercial, OfPerson, Technical
from connectors.record_parts import BirthDates as BirthDates
from connectors.record_parts import Company as Company
from connectors.record_parts import Consent as Consent
from connectors.record_parts import ContactPoint as ContactPoint
from connectors.record_parts import Day as Day
from connectors.record_parts import ExactWhole as ExactWhole
from connectors.record_parts import ExternalId as ExternalId
from connectors.record_parts import ExternalOrderId as ExternalOrderId
from connectors.record_parts import FieldClass as FieldClass
from connectors.record_parts import Message as Message
from connectors.record_parts import Money as Money
from connectors.record_parts import OrderItem as OrderItem
from connectors.record_parts import Part as Part
from connectors.record_parts import Payment as Payment
from connectors.record_parts import Personal as Personal
from connectors.record_parts import Quantity as Quantity
from connectors.record_parts import SocialAccount as SocialAccount
from connectors.record_parts import Touch as Touch
from connectors.record_parts import UtcTime as UtcTime
from connectors.record_parts import Whole as Whole
from connectors.suggestions import did_you_mean


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A fact that a source owns. `time_field` orders records of one key, newest first; ties are broken by `id`."""

    time_field: ClassVar[str | None] = None

    id: str


class Customer(Record, frozen=True, kw_only=True):
    """Describe a person or company as one source knows it, with its keys. These find it in other sources."""

    id: Annotated[str, Personal.IDENTIFIER]
    kind: Technical[CustomerKind] = CustomerKind.UNKNOWN
    name: Annotated[str | None, Personal.NAME] = None
    given_name: Annotated[str | None, Personal.NAME] = None
    family_name: Annotated[str | None, Personal.NAME] = None
    email: Annotated[str | None, Personal.EMAIL] = None
    phone: Annotated[str | None, Personal.PHONE] = None
    member_number: Annotated[str | None, Personal.IDENTIFIER] = None
    birth_date: Annotated[Day | None, Personal.BIRTH_DATE] = None
    locale: OfPerson[str | None] = None
    gender: OfPerson[Gender] = Gender.UNKNOWN
    occupation: OfPerson[Annotated[str | None, Personal.TEXT]] = None
    job_title: OfPerson[Annotated[str | None, Personal.TEXT]] = None
    industry: OfPerson[str | None] = None
    education: OfPerson[Annotated[str | None, Personal.TEXT]] = None
    household_size: OfPerson[Whole | None] = None
    income_band: OfPerson[str | None] = None
    life_stage: OfPerson[str | None] = None
    preferred_channel: OfPerson[Channel] = Channel.UNKNOWN
    created_at: Technical[UtcTime | None] = None
    updated_at: Technical[UtcTime | None] = None
    address: Address | None = None
    company: Company | None = None
    acquisition: Acquisition | None = None
    contact_points: list[ContactPoint] = []
    device_ids: Annotated[list[str], Personal.IDENTIFIER] = []
    external_ids: list[ExternalId] = []
    consents: list[Consent] = []
    social_accounts: list[SocialAccount] = []
    touches: list[Touch] = []


class Account(Record, frozen=True, kw_only=True):
    """A company as one source knows it. Its id is the `company.account` of its people, and the `parent_id` of its parts."""

    id: Annotated[str, Personal.IDENTIFIER]
    name: Annotated[str | None, Personal.NAME] = None
    number: Annotated[str | None, Personal.IDENTIFIER] = None
    industry: Commercial[str | None] = None
    size: Commercial[Whole | None] = None
    website: Commercial[Annotated[str | None, Personal.LINK]] = None
    parent_id: Annotated[str | None, Personal.IDENTIFIER] = None
    created_at: Technical[UtcTime | None] = None
    updated_at: Technical[UtcTime | None] = None


CustomerId = Annotated[str | None, Personal.IDENTIFIER]
"""Whose the record is: the customer's own id, as its source has it."""

CustomerEmail = Annotated[str | None, Personal.EMAIL]
"""Whose the record is, where its source knows people by their addresses."""


class Order(Record, frozen=True, kw_only=True):
    """`total` is what the customer owes as the order stands: with tax and shipping, after discounts, before refunds."""

    time_field: ClassVar[str | None] = "placed_at"

    id: Commercial[str]
    placed_at: Commercial[UtcTime]
    updated_at: Commercial[UtcTime | None] = None
    number: Commercial[str | None] = None
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    channel: Commercial[str | None] = None
    status: Commercial[OrderStatus] = OrderStatus.UNKNOWN
    total: Commercial[Money | None] = None
    refunded: Commercial[Money | None] = None
    discount: Commercial[Money | None] = None
    shipping: Commercial[Money | None] = None
    tax: Commercial[Money | None] = None
    delivered_at: Commercial[UtcTime | None] = None
    items: list[OrderItem] = []
    payments: list[Payment] = []
    external_ids: list[ExternalOrderId] = []


class Ticket(Record, frozen=True, kw_only=True):
    time_field: ClassVar[str | None] = "created_at"

    id: Behavioural[str]
    created_at: Behavioural[UtcTime]
    updated_at: Behavioural[UtcTime | None] = None
    number: Behavioural[str | None] = None
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    assignee: Annotated[str | None, Personal.NAME] = None
    subject: Annotated[str | None, Personal.TEXT] = None
    kind: Behavioural[TicketKind] = TicketKind.UNKNOWN
    status: Behavioural[TicketStatus] = TicketStatus.UNKNOWN
    priority: Behavioural[TicketPriority] = TicketPriority.UNKNOWN
    channel: Behavioural[Channel] = Channel.UNKNOWN
    satisfaction: Behavioural[Annotated[int, msgspec.Meta(ge=1, le=5)] | None] = None
    order_id: Commercial[str | None] = None
    tags: Behavioural[list[str]] = []
    first_response_at: Behavioural[UtcTime | None] = None
    solved_at: Behavioural[UtcTime | None] = None
    messages: list[Message] = []


class Event(Record, frozen=True, kw_only=True):
    time_field: ClassVar[str | None] = "at"

    id: Behavioural[str]
    at: Behavioural[UtcTime]
    type: Behavioural[str]
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    feature: Behavioural[str | None] = None
    quantity: Behavioural[Quantity | None] = None
    page: Annotated[str | None, Personal.LINK] = None
    device_id: Annotated[str | None, Personal.IDENTIFIER] = None
    session_id: Annotated[str | None, Personal.IDENTIFIER] = None
    properties: Annotated[dict[str, Any], Personal.FREE] = {}


class Deal(Record, frozen=True, kw_only=True):
    """A sale that is being negotiated with the customer, or was. `stage_name` is the stage in the words of the source."""

    time_field: ClassVar[str | None] = "created_at"

    id: Commercial[str]
    created_at: Commercial[UtcTime]
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    name: Annotated[str | None, Personal.TEXT] = None
    pipeline: Commercial[str | None] = None
    stage: Commercial[DealStage] = DealStage.UNKNOWN
    stage_name: Commercial[str | None] = None
    segment: Commercial[str | None] = None
    amount: Commercial[Money | None] = None
    closed_at: Commercial[UtcTime | None] = None


class Subscription(Record, frozen=True, kw_only=True):
    """`amount` is due once in each period, which is `interval_count` intervals long."""

    time_field: ClassVar[str | None] = "started_at"

    id: Commercial[str]
    started_at: Commercial[UtcTime]
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    plan: Commercial[str | None] = None
    status: Commercial[SubscriptionStatus] = SubscriptionStatus.UNKNOWN
    seats: Commercial[Whole | None] = None
    amount: Commercial[Money | None] = None
    interval: Commercial[BillingInterval] = BillingInterval.UNKNOWN
    interval_count: Commercial[Whole | None] = None
    renews_at: Commercial[UtcTime | None] = None
    cancelled_at: Commercial[UtcTime | None] = None
    ends_at: Commercial[UtcTime | None] = None


class Survey(Record, frozen=True, kw_only=True):
    """An answer to a survey. `scale` is the best score that could be given."""

    time_field: ClassVar[str | None] = "at"

    id: Behavioural[str]
    at: Behavioural[UtcTime]
    customer_id: CustomerId = None
    customer_email: CustomerEmail = None
    kind: Behavioural[SurveyKind] = SurveyKind.UNKNOWN
    score: Behavioural[Quantity | None] = None
    scale: Behavioural[Whole | None] = None
    comment: Annotated[str | None, Personal.TEXT] = None
    channel: Behavioural[Channel] = Channel.UNKNOWN
    order_id: Commercial[str | None] = None
    ticket_id: Behavioural[str | None] = None


RECORDS: dict[str, type[Record]] = {
    "customer": Customer,
    "order": Order,
    "ticket": Ticket,
    "event": Event,
    "account": Account,
    "deal": Deal,
    "subscription": Subscription,
    "survey": Survey,
}
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
