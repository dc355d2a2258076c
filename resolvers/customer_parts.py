"""Define the parts of a customer's own record."""

from datetime import datetime

import strawberry

from resolvers.enums import ContactKind, DealStage
from resolvers.fields import field
from resolvers.scalars import CountryCode


@strawberry.type(description="A postal address.")
class Address:
    line: str | None = field("Street and number.")
    postal_code: str | None = field("Postal code.")
    city: str | None = field("City.")
    region: str | None = field("State or province.")
    country: CountryCode | None = field("Country.")


@strawberry.type(description="An e-mail address or a phone number of a customer.")
class ContactPoint:
    kind: ContactKind = field("What kind of address it is.")
    value: str = field("The address: an e-mail address, or a phone number in E.164.")
    primary: bool = field("Whether it is the one to use.")


@strawberry.type(description="A company.")
class Company:
    name: str | None = field("Its name.")
    account: str | None = field("Its account number here.")
    industry: str | None = field("What it does.")


@strawberry.type(description="First touch: how a customer was won.")
class Acquisition:
    source: str | None = field("Where the customer came from, such as `google`.")
    campaign: str | None = field("The campaign that brought the customer.")
    landing_page: str | None = field("The first page seen.")
    lead_id: strawberry.ID | None = field("The lead's id at its source.")
    at: datetime | None = field("When first contact was made.")


@strawberry.type(description="A deal with a customer.")
class Deal:
    id: strawberry.ID = field("The deal's id at its source.")
    stage: DealStage = field("How far it has come.")
    segment: str | None = field("The business segment.")
    closed_at: datetime | None = field("When it was closed.")


@strawberry.type(description="The customer's id at another system.")
class ExternalId:
    source: str = field("The system.")
    id: strawberry.ID = field("The id there.")
