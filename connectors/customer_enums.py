"""Enums of customers' records. `connectors.records` has those of the others."""

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
