"""Define the parts of a customer's own record."""

from datetime import datetime

import strawberry

from resolvers.enums import AccountRole, Channel, ConsentState, ContactKind
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
    account: str | None = field("The id of its account.")
    industry: str | None = field("What it does.")
    size: int | None = field("How many people work there.")
    role: AccountRole | None = field("What the person does there; null when the source does not say.")
    role_name: str | None = field("The person's role there, in the words of the source.")


@strawberry.type(description="First touch: how a customer was won.")
class Acquisition:
    source: str | None = field("Where the customer came from, such as `google`.")
    medium: str | None = field("By which means, such as `cpc` or `email`.")
    campaign: str | None = field("The campaign that brought the customer.")
    landing_page: str | None = field("The first page seen.")
    lead_id: strawberry.ID | None = field("The lead's id at its source.")
    at: datetime | None = field("When first contact was made.")


@strawberry.type(description="One contact of a customer with marketing.")
class Touch:
    channel: str | None = field("The marketing channel, such as `paid_search`.")
    source: str | None = field("Where the customer came from, such as `google`.")
    medium: str | None = field("By which means, such as `cpc` or `email`.")
    campaign: str | None = field("The campaign.")
    at: datetime | None = field("When it was.")


@strawberry.type(description="What a customer said about being written to.")
class Consent:
    channel: Channel = field("The way of writing or calling that it is about.")
    purpose: str | None = field("What for, such as `marketing`.")
    state: ConsentState = field("What the customer said.")
    source: str | None = field("Where it was said, such as `checkout`.")
    at: datetime | None = field("When it was said.")


@strawberry.type(description="An account of a customer on a social network.")
class SocialAccount:
    platform: str = field("The network, such as `instagram`.")
    handle: str = field("The customer's name there.")
    followers: int | None = field("How many follow it.")


@strawberry.type(description="The customer's id at another system.")
class ExternalId:
    source: str = field("The system.")
    id: strawberry.ID = field("The id there.")
