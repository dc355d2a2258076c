"""Define what links and cuts by people change."""

from datetime import datetime

import strawberry

from gateway.stitching.customer_linker import PastIdentity as Past
from resolvers.customer_identity import CustomerIdentity, IdentityLink, WithheldLink
from resolvers.fields import computed, field

OF_TODAY = "Links and cuts are those of that time; the records, their keys and their values are those of today."


@strawberry.type(description="A customer, by what makes it one.")
class LinkedCustomer:
    id: strawberry.ID = field("Its id.")
    records: list[strawberry.ID] = field("The ids of its records.")
    links: list[IdentityLink] = field("The links between the records.")
    withheld: list[WithheldLink] = field("Links to records that are not the customer's.")


@strawberry.type(description="Customers before and after a link or a cut.")
class CustomersChange:
    preview: bool = field("Whether nothing was changed.")
    before: list[LinkedCustomer] = field("The customers of the records that were named.")
    after: list[LinkedCustomer] = field("Those of all records of these customers.")
    between: list[IdentityLink] = field("The links that are made; of a cut every link that joins the two sides.")


@strawberry.type(description="Which records were a customer by the links and cuts of a time.")
class PastIdentity:
    id: strawberry.ID = field("The customer's id then.")
    at: datetime = field("The time.")
    identity: CustomerIdentity = field("The records, and why they were one customer.")

    @computed("What is of that time, and what is of today.")
    def note(root: strawberry.Parent[Past]) -> str:  # noqa: N805
        return OF_TODAY
