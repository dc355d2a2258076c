"""How complete a customer's profile is."""

from collections.abc import Iterable

import strawberry

from connectors.records import RECORDS, Customer, Record
from gateway.errors import InvalidArgumentError
from resolvers.enums import PartState, RecordType
from resolvers.fields import field


@strawberry.type(description="A part of a customer's profile.")
class ProfilePart:
    name: str = field("The field of the customer, such as `birthDate`.")
    state: PartState = field("Whether it is known.")


@strawberry.type(description="How much of a customer's profile the sources know.")
class Completeness:
    share: float | None = field(
        "The share of the parts that are known, from 0 to 1, of those of which it can be said; null where that is none."
    )
    missing: list[str] = field("The names of the parts that no source has.")
    parts: list[ProfilePart] = field("All parts.")


def record_types(names: Iterable[RecordType]) -> list[type[Record]]:
    """List the types of records that a customer has.

    Raises `InvalidArgumentError` for what no customer has.
    """
    types = [RECORDS[name.value] for name in names]
    if Customer in types:
        raise InvalidArgumentError("records: a customer has no records of CUSTOMER; leave it out")
    return types
