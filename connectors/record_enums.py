"""Enums of records. A value that is not known becomes `UNKNOWN`."""

from enum import StrEnum
from typing import Self


class KnownEnum(StrEnum):
    """An enum that reads any case and reads unknown texts as `UNKNOWN`."""

    @classmethod
    def _missing_(cls, value: object) -> Self:
        name = value.strip().upper().replace(" ", "_").replace("-", "_") if isinstance(value, str) else ""
        return cls.__members__.get(name, cls.__members__["UNKNOWN"])


class CustomerKind(KnownEnum):
    PERSON = "PERSON"
    COMPANY = "COMPANY"
    UNKNOWN = "UNKNOWN"


class Gender(KnownEnum):
    FEMALE = "FEMALE"
    MALE = "MALE"
    NON_BINARY = "NON_BINARY"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class ConsentState(KnownEnum):
    GRANTED = "GRANTED"
    DENIED = "DENIED"
    WITHDRAWN = "WITHDRAWN"
    UNKNOWN = "UNKNOWN"


class AccountRole(KnownEnum):
    DECISION_MAKER = "DECISION_MAKER"
    BUYER = "BUYER"
    USER = "USER"
    BILLING = "BILLING"
    TECHNICAL = "TECHNICAL"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class ContactKind(KnownEnum):
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    UNKNOWN = "UNKNOWN"


class OrderStatus(KnownEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"
    UNKNOWN = "UNKNOWN"


class PaymentMethod(KnownEnum):
    CARD = "CARD"
    BANK_TRANSFER = "BANK_TRANSFER"
    WALLET = "WALLET"
    VOUCHER = "VOUCHER"
    INVOICE = "INVOICE"
    CASH = "CASH"
    UNKNOWN = "UNKNOWN"


class TicketStatus(KnownEnum):
    NEW = "NEW"
    OPEN = "OPEN"
    PENDING = "PENDING"
    ON_HOLD = "ON_HOLD"
    SOLVED = "SOLVED"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


class TicketKind(KnownEnum):
    QUESTION = "QUESTION"
    COMPLAINT = "COMPLAINT"
    INCIDENT = "INCIDENT"
    TASK = "TASK"
    REVIEW = "REVIEW"
    UNKNOWN = "UNKNOWN"


class TicketPriority(KnownEnum):
    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"
    UNKNOWN = "UNKNOWN"


class Channel(KnownEnum):
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    SMS = "SMS"
    PUSH = "PUSH"
    POST = "POST"
    CHAT = "CHAT"
    WEB = "WEB"
    SOCIAL = "SOCIAL"
    STORE = "STORE"
    REVIEW = "REVIEW"
    UNKNOWN = "UNKNOWN"


class MessageAuthor(KnownEnum):
    CUSTOMER = "CUSTOMER"
    AGENT = "AGENT"
    SYSTEM = "SYSTEM"
    UNKNOWN = "UNKNOWN"


class DealStage(KnownEnum):
    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"
    UNKNOWN = "UNKNOWN"


class SurveyKind(KnownEnum):
    NPS = "NPS"
    CSAT = "CSAT"
    CES = "CES"
    REVIEW = "REVIEW"
    UNKNOWN = "UNKNOWN"


class SubscriptionStatus(KnownEnum):
    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    ENDED = "ENDED"
    UNKNOWN = "UNKNOWN"


class BillingInterval(KnownEnum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"
    UNKNOWN = "UNKNOWN"
