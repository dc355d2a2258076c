"""Define what a customer is made of: records, the links between them, and whose value each field is."""

from datetime import datetime

import strawberry

from connectors import records
from resolvers.enums import IncompleteReason, LinkBasis, OriginRule, WithheldReason
from resolvers.fields import field
from resolvers.record_link import link_field
from resolvers.scalars import JSON


@strawberry.type(description="A record that one source has of a customer.")
class CustomerRecord:
    source: str = field("The source.")
    source_id: strawberry.ID = field("The record's own id at that source.")
    link: str | None = link_field(records.Customer, "source_id")
    as_of: datetime | None = field("When the source gave it; null where only its id is known.")


@strawberry.type(description="What another source says of a field.")
class OtherValue:
    source: str = field("The source.")
    value: JSON = field("Its value.")


@strawberry.type(description="Whose value a field of a customer or an order is.")
class FieldOrigin:
    name: str = field("The name of the field.", name="field")
    source: str | None = field("The source whose value it is, of a list the first one; null where no source has one.")
    as_of: datetime | None = field("When the source gave it.")
    rule: OriginRule = field("Why its value counts.")
    others: list[OtherValue] = field("What the other sources say, the same or something else.")


@strawberry.type(
    description="Why two records are one customer: the kind of key that they have in common, or what people decided."
)
class IdentityLink:
    by: LinkBasis = field("The reason. Values of keys are not told.")
    records: list[strawberry.ID] = field("The ids of the records.")


@strawberry.type(description="A link that does not make two records one customer.")
class WithheldLink:
    by: LinkBasis = field("The reason that they might be.")
    records: list[strawberry.ID] = field("The ids of the records; one where those that share the key are many.")
    reason: WithheldReason = field("Why it does not.")


@strawberry.type(description="Why records are one customer.")
class CustomerIdentity:
    complete: bool = field("Whether no source has another record of the customer.")
    reason: IncompleteReason | None = field("Why there may be another one.")
    records: list[strawberry.ID] = field("The ids of its records, that of the one which counts most first.")
    links: list[IdentityLink] = field("The links between the records.")
    withheld: list[WithheldLink] = field("Links to records that are not the customer's.")
