"""Enums of records as the schema shows them. A value that a source uses and nobody mapped is `UNKNOWN`."""

from enum import Enum
from typing import Any

import strawberry

from connectors.contract import KeyKind
from connectors.records import (
    AccountRole,
    BillingInterval,
    Channel,
    ConsentState,
    ContactKind,
    CustomerKind,
    DealStage,
    Gender,
    MessageAuthor,
    OrderStatus,
    PaymentMethod,
    SubscriptionStatus,
    SurveyKind,
    TicketKind,
    TicketPriority,
    TicketStatus,
)
from gateway.identity.erasure_receipt import ErasureState
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.resolution import LinkBasis, WithheldReason
from gateway.lookups.circuit_breaker import SourceHealth
from gateway.stitching.completeness import PartState
from gateway.stitching.customer_identity import IncompleteReason
from gateway.stitching.origins import OriginRule
from gateway.stitching.source_reports import SourceState
from gateway.tags.borders import BorderKind
from gateway.tags.computed_tag import TagReason
from gateway.tags.definitions import TagCategory, TagType
from gateway.tags.service import Freshness
from gateway.tags.tag_history import ChangeCause

__all__ = [
    "AccountRole",
    "BillingInterval",
    "BorderKind",
    "ChangeCause",
    "Channel",
    "ConsentState",
    "ContactKind",
    "CustomerKind",
    "DealStage",
    "ErasureState",
    "Freshness",
    "Gender",
    "IncompleteReason",
    "KeyKind",
    "LinkBasis",
    "MessageAuthor",
    "OrderStatus",
    "OriginRule",
    "PartState",
    "PaymentMethod",
    "RecordType",
    "SortOrder",
    "SourceHealth",
    "SourceState",
    "SubscriptionStatus",
    "SurveyKind",
    "TagCategory",
    "TagReason",
    "TagType",
    "TicketKind",
    "TicketPriority",
    "TicketStatus",
    "WithheldReason",
]


class RecordType(Enum):
    """The names of `connectors.records.RECORDS`."""

    CUSTOMER = "customer"
    ORDER = "order"
    TICKET = "ticket"
    EVENT = "event"
    ACCOUNT = "account"
    DEAL = "deal"
    SUBSCRIPTION = "subscription"
    SURVEY = "survey"


class SortOrder(Enum):
    NEWEST_FIRST = "NEWEST_FIRST"
    OLDEST_FIRST = "OLDEST_FIRST"


UNKNOWN = "A value that the source uses and that nobody mapped."


def describe_enum(enum: Any, description: str, **values: str) -> None:
    """Make the enum one of the schema. `values` describe its members; UNKNOWN can be left out."""
    definition = strawberry.enum(enum, description=description).__strawberry_definition__
    for value in definition.values:
        value.description = UNKNOWN if value.name == "UNKNOWN" and value.name not in values else values.pop(value.name)


describe_enum(
    CustomerKind,
    "Whether a customer is a person or a company.",
    PERSON="A natural person.",
    COMPANY="A company or another organisation.",
)
describe_enum(
    Gender,
    "The gender that a person gives.",
    FEMALE="A woman.",
    MALE="A man.",
    NON_BINARY="Neither of both alone.",
    OTHER="Another one, or not said.",
)
describe_enum(
    AccountRole,
    "What a person does for the company that he belongs to.",
    DECISION_MAKER="Decides what is bought.",
    BUYER="Buys.",
    USER="Uses what was bought.",
    BILLING="Pays the invoices.",
    TECHNICAL="Sets up and looks after what was bought.",
    OTHER="Something else.",
)
describe_enum(
    ConsentState,
    "What a customer said about being written to.",
    GRANTED="Yes, and not taken back.",
    DENIED="No.",
    WITHDRAWN="Yes once, and taken back since.",
    UNKNOWN="Nothing that is known, such as a question that was not answered yet.",
)
describe_enum(
    ErasureState,
    "How far an erasure is.",
    RUNNING="Not every live worker has acknowledged it yet.",
    COMPLETE="Every live worker has acknowledged it, and what was stored is removed.",
)
describe_enum(
    ContactKind,
    "What kind of address a contact point is.",
    EMAIL="An e-mail address.",
    PHONE="A telephone number in E.164.",
)
describe_enum(
    OrderStatus,
    "How far an order has come.",
    PENDING="Placed, not yet paid or accepted.",
    CONFIRMED="Paid or accepted.",
    PROCESSING="Being made ready.",
    SHIPPED="On its way.",
    DELIVERED="With the customer.",
    CANCELLED="Called off before it was delivered.",
    RETURNED="Sent back by the customer.",
)
describe_enum(
    PaymentMethod,
    "How an order was paid.",
    CARD="Credit or debit card.",
    BANK_TRANSFER="Transfer or bank slip.",
    WALLET="Electronic wallet.",
    VOUCHER="Voucher or gift card.",
    INVOICE="On account.",
    CASH="In cash.",
)
describe_enum(
    TicketKind,
    "What a ticket is about.",
    QUESTION="The customer wants to know something.",
    COMPLAINT="The customer is not content.",
    INCIDENT="Something does not work.",
    TASK="Something is to be done.",
    REVIEW="The customer rated something.",
)
describe_enum(
    TicketStatus,
    "How far a ticket has come.",
    NEW="Nobody has taken it yet.",
    OPEN="Somebody works on it.",
    PENDING="It waits for the customer.",
    ON_HOLD="It waits for somebody else.",
    SOLVED="It is solved, and may be opened again.",
    CLOSED="It is over.",
)
describe_enum(
    TicketPriority,
    "How urgent a ticket is.",
    LOW="It can wait.",
    NORMAL="In its turn.",
    HIGH="Before others.",
    URGENT="At once.",
)
describe_enum(
    Channel,
    "How a customer and a company reach each other.",
    EMAIL="By e-mail.",
    PHONE="By telephone.",
    SMS="By text message.",
    PUSH="By a notification of an app or a browser.",
    POST="By letter.",
    CHAT="In a chat.",
    WEB="Through a form on the web.",
    SOCIAL="On a social network.",
    STORE="In a store.",
    REVIEW="As a published review.",
)
describe_enum(
    MessageAuthor,
    "Who wrote a message.",
    CUSTOMER="The customer.",
    AGENT="Somebody at support.",
    SYSTEM="A machine.",
)
describe_enum(
    DealStage,
    "How far a deal has come.",
    OPEN="Being negotiated.",
    WON="Closed, and won.",
    LOST="Closed, and lost.",
)
describe_enum(
    PartState,
    "Whether a part of a profile is known.",
    PRESENT="At least one source has it.",
    MISSING="No source has it.",
    UNKNOWN="A source that may have it could not be asked.",
    NOT_CONFIGURED="No source is configured to give it.",
)
describe_enum(
    SubscriptionStatus,
    "How a subscription stands.",
    TRIAL="It runs, and is not paid for yet.",
    ACTIVE="It runs, and is paid for.",
    PAST_DUE="It runs, and a payment is missing.",
    PAUSED="It rests, and may go on.",
    CANCELLED="It was called off.",
    ENDED="It is over, at its end or for want of payment.",
)
describe_enum(
    BillingInterval,
    "The unit of a period that is paid for.",
    DAY="A day.",
    WEEK="A week.",
    MONTH="A month.",
    YEAR="A year.",
)
describe_enum(
    SurveyKind,
    "What a survey asks.",
    NPS="Whether the customer would recommend the company, often from 0 to 10: Net Promoter Score.",
    CSAT="How content the customer is: customer satisfaction.",
    CES="How easy it was: customer effort score.",
    REVIEW="What the customer thinks of something bought.",
)
describe_enum(
    SourceState,
    "How a source was asked, and how that went.",
    FRESH="It was asked now.",
    STALE="An earlier answer of it was given.",
    UNAVAILABLE="It could not be asked; `errorCode` says why.",
    NOT_CONFIGURED="There is no source for these records.",
)
describe_enum(
    SourceHealth,
    "Whether a source is asked at the moment.",
    USABLE="It is asked.",
    PAUSED="It kept failing, and is left alone for a while.",
    PROBING="One call is finding out whether it is back.",
)
describe_enum(
    Freshness,
    "Whether a tag still stands.",
    FRESH="Within its time to live, and of the rule in force.",
    STALE="Past its time or of an older rule; it is being renewed.",
)
describe_enum(
    TagType,
    "What the value of a tag is.",
    BOOLEAN="`true` or `false`.",
    ENUM="One of the listed values.",
    NUMBER="A number.",
    TEXT="Any text.",
    LIST="Several texts, which `values` gives; the value is the same as JSON.",
    DATE="A day as ISO 8601, `2026-01-31`, in UTC.",
)
describe_enum(
    BorderKind,
    "How a value must stand to a border.",
    AT_LEAST="The border or more, of times later.",
    MORE_THAN="More than the border.",
    AT_MOST="The border or less.",
    LESS_THAN="Less than the border.",
    EQUAL="The border itself.",
    OTHER_THAN="Anything but the border.",
    ONE_OF="One of the border's values.",
    NONE_OF="None of the border's values.",
    PRESENT="There must be a value; there is none.",
    ABSENT="There must be no value; there is one.",
    KNOWN="The value is not known: see `missing` in the evidence.",
    CONDITION="A function must give true, or false, as `words` says.",
)
describe_enum(
    TagReason,
    "Why a tag has its value, or none.",
    RULE="The rule gave it. With a null value: the rule gives this customer none, and the facts say why.",
    NOT_LISTED="The rule gave a value that is not among the `values` of the definition. The value is null.",
    FAILED="The rule could not be computed over these facts, a mistake of its author. The value is null.",
    UNKNOWN="The rule needs a fact that is not known: see `missing` in the evidence. The value is null.",
)
describe_enum(
    ChangeCause,
    "Why the value of a tag changed.",
    FACTS="The facts are others: something happened, or time passed.",
    RULE="The rule, or a fact that it reads, is defined in another way.",
    CALIBRATION="The calibration that the rule reads is a newer one.",
    MERGE="Records that were several customers are one now.",
    FIRST="The tag was computed for the first time.",
    PARTIAL="Something was missing in the facts, or is not missing any more.",
    STALE="The facts are of answers that were kept from before.",
)
describe_enum(
    TagCategory,
    "What a tag speaks about.",
    LIFECYCLE="Where the customer stands between first contact and loss.",
    BEHAVIOUR="What the customer does.",
    VALUE="What the customer is worth.",
    PREFERENCE="What the customer likes.",
    SATISFACTION="How content the customer is.",
    SERVICE="What the customer waits for or costs.",
    ACQUISITION="How the customer was won.",
)
describe_enum(
    KeyKind,
    "What kind of value finds records.",
    **{kind.name: row.description for kind, row in KEY_KINDS.items()},
)
describe_enum(
    RecordType,
    "A type of record that sources have.",
    CUSTOMER="What the CRM knows of a customer.",
    ORDER="An order.",
    TICKET="A support ticket or review.",
    EVENT="Something that a customer did.",
    ACCOUNT="A company that customers belong to.",
    DEAL="A deal that is being negotiated, or was.",
    SUBSCRIPTION="Something that a customer pays for at intervals.",
    SURVEY="An answer to a survey, or a review.",
)
describe_enum(
    OriginRule,
    "Why the value of one source counts.",
    PRIORITY="The source comes before the others that have a value.",
    NEWEST="Its record changed last.",
)
describe_enum(
    IncompleteReason,
    "Why a customer may have more records than are known.",
    SOURCE_UNAVAILABLE="A source could not be asked.",
    TOO_MANY_RECORDS="More records have keys in common than one customer may have.",
    OUT_OF_TIME="Finding them took half of the time of the request.",
    OUT_OF_TURNS="Keys led to further keys too often.",
    ONE_WAY_KEYS="A source states ids of others, and cannot be asked by them.",
    KEY_REFUSED="A source refuses a key, such as a telephone number that it takes for none, so it may have a record with it.",
    LINKS_UNAVAILABLE="What people linked and cut lately could not be read; `sources` says as of when it is known, if ever.",
)
describe_enum(
    LinkBasis,
    "Why two records may be one customer, the strongest reason first.",
    EXTERNAL_ID="One states the id of the other, or both the same id.",
    OPERATOR="A person linked them.",
    MEMBER_NUMBER="They have the same member number.",
    EMAIL="They have the same e-mail address.",
    PROPOSAL="A proposal to link them was accepted.",
    PHONE="They have the same telephone number.",
    DEVICE_ID="They have the same device.",
)
describe_enum(
    WithheldReason,
    "Why a link does not make two records one customer.",
    CUT="A person said that they are two customers.",
    SHARED_KEY="Several records of one source have the key.",
    BIRTH_DATE="The days of birth differ.",
    MEMBER_NUMBER="The member numbers differ.",
    RECORDS_PER_SOURCE="The customer would have more records of one source than may be.",
    RECORDS_PER_CUSTOMER="The customer would have more records than may be.",
    KEYS_PER_KIND="The customer would have more keys of one kind than may be.",
    TWO_PEOPLE="A device is no reason to take two people for one.",
    UNCONFIRMED="A source that could not be asked may know better, and the key is one that people share.",
)
describe_enum(
    SortOrder,
    "In which order records come: by time and, at the same time, by id.",
    NEWEST_FIRST="The latest one first.",
    OLDEST_FIRST="The earliest one first.",
)
