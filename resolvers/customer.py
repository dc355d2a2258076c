"""The customer: stitched on demand, each field from the source that owns it."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from connectors import records
from connectors.record_fields import fields_of
from gateway.context import context_of
from gateway.execution.batch_loader import load_in_batch
from gateway.execution.required_fields import selection_of
from gateway.stitching.accounts import account_of
from gateway.stitching.admitted_customers import AdmittedCustomer
from gateway.stitching.completeness import PART_FIELDS, completeness_of
from gateway.stitching.completeness import Completeness as ProfileCompleteness
from gateway.stitching.consents import current_consents
from gateway.stitching.customer import StitchedCustomer, report_contributions
from gateway.stitching.record_list import RecordPage
from gateway.stitching.source_reports import SourceReport
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.timeline import timeline
from gateway.tags.computed_tag import FactValue
from gateway.tags.service import TagAnswer
from resolvers.access_log import AccessLog, AccessPage, read_access_log
from resolvers.account import Account
from resolvers.completeness import Completeness, record_types
from resolvers.connection import DEFAULT_FIRST, Connection, checked_first
from resolvers.customer_facts import NAMED_FACTS
from resolvers.customer_identity import CustomerIdentity, CustomerRecord, FieldOrigin
from resolvers.customer_parts import (
    Acquisition,
    Address,
    Company,
    Consent,
    ContactPoint,
    ExternalId,
    SocialAccount,
    Touch,
)
from resolvers.customer_subscription import CustomerSubscription, CustomerSubscriptionFilter
from resolvers.deal import Deal, DealFilter
from resolvers.enums import Channel, CustomerKind, Gender, RecordType, TagCategory
from resolvers.event import Event, EventFilter
from resolvers.fields import LIST_WEIGHT, computed, own, source_field, source_id_field, stitching
from resolvers.list_arguments import After, First
from resolvers.node import Node
from resolvers.order import Order, OrderFilter
from resolvers.record_list import resolve_list
from resolvers.scalars import Locale
from resolvers.segment import MEMBERSHIPS, SegmentMembership
from resolvers.source import CustomerSource
from resolvers.statistics import STATISTICS, OrderStatistics
from resolvers.survey import Survey, SurveyFilter
from resolvers.tag import GIVEN_TAGS, ONE_TAG, Fact, Tag
from resolvers.ticket import Ticket, TicketFilter
from resolvers.timeline import ENTRIES, given_entries, timeline_asks

Parent = strawberry.Parent[AdmittedCustomer]
Info = strawberry.Info[Any, None]
ALL_RECORDS = tuple(records.RECORDS.values())
CONSENT_PATHS = tuple(f"consents.{name}" for name in fields_of(records.Consent))
TIMELINE_RECORDS = tuple(records.RECORDS[name] for name in ENTRIES)
TimelineEntry = Annotated[
    Order | Ticket | Event | Deal | CustomerSubscription | Survey,
    strawberry.union("TimelineEntry", description="Something that happened between the customer and the company."),
]


@strawberry.type(description="A person or a company, stitched on demand from the systems that know it.")
class Customer(Node):
    source: str = source_field("The source that has the customer's own record.")
    source_id: strawberry.ID = source_id_field("The customer's own id at that source.")
    kind: CustomerKind | None = own("Whether it is a person or a company.")
    name: str | None = own("The name as it is shown.")
    given_name: str | None = own("A person's given name.")
    family_name: str | None = own("A person's family name.")
    email: str | None = own("The primary e-mail address.")
    phone: str | None = own("The primary phone number, in E.164.")
    member_number: str | None = own("The number on the member card.")
    birth_date: str | None = own("The day of birth as ISO 8601, `1985-03-12`.")
    locale: Locale | None = own("The language and region that the customer prefers.")
    gender: Gender | None = own("The gender that the person gives.")
    occupation: str | None = own("What the person does for a living.")
    job_title: str | None = own("The person's position at work.")
    industry: str | None = own("The industry that the person works in.")
    education: str | None = own("The highest degree, or the school.")
    household_size: int | None = own("How many people live in the household.")
    income_band: str | None = own("The range of the income, in the words of the source.")
    life_stage: str | None = own("The stage of life, such as `student` or `young family`, in the words of the source.")
    preferred_channel: Channel | None = own("How the customer wants to be reached.")
    created_at: datetime | None = own("Since when the customer is known.")
    updated_at: datetime | None = own("When the customer's record last changed at its source.")
    address: Address | None = own("The primary postal address.")
    company: Company | None = own("The company itself, or the one that the person works for.")
    acquisition: Acquisition | None = own("How the customer was won.")
    contact_points: list[ContactPoint] | None = own("All e-mail addresses and phone numbers.")
    device_ids: list[str] | None = own("Devices on which the customer was seen.")
    external_ids: list[ExternalId] | None = own("The customer's ids at other systems.")
    social_accounts: list[SocialAccount] | None = own("The customer's accounts on social networks.")
    touches: list[Touch] | None = own("Every known contact with marketing; `acquisition` is the first.")

    orders: Connection[Order] | None = resolve_list(
        "The customer's orders; null when their source could not be asked.", records.Order, Order, OrderFilter
    )
    tickets: Connection[Ticket] | None = resolve_list(
        "The customer's support tickets; null when their source could not be asked.", records.Ticket, Ticket, TicketFilter
    )
    events: Connection[Event] | None = resolve_list(
        "What the customer did; null when the source could not be asked.", records.Event, Event, EventFilter
    )
    deals: Connection[Deal] | None = resolve_list(
        "Deals with the customer; null when their source could not be asked.", records.Deal, Deal, DealFilter
    )
    subscriptions: Connection[CustomerSubscription] | None = resolve_list(
        "What the customer pays for at intervals; null when the source could not be asked.",
        records.Subscription,
        CustomerSubscription,
        CustomerSubscriptionFilter,
    )
    surveys: Connection[Survey] | None = resolve_list(
        "What the customer answered to surveys; null when their source could not be asked.",
        records.Survey,
        Survey,
        SurveyFilter,
    )

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, StitchedCustomer)

    @stitching(
        "Figures over the customer's orders; null when their source could not be asked.", records.Order, together=STATISTICS
    )
    async def order_statistics(
        root: Parent,  # noqa: N805
        info: Info,
        filter: Annotated[OrderFilter | None, strawberry.argument(description="Which ones; all by default.")] = None,  # noqa: A002
    ) -> OrderStatistics | None:
        with report_contributions([root]):
            statistics: OrderStatistics | None = await load_in_batch(context_of(info), STATISTICS, root, filter=filter)
        return statistics

    @stitching(
        "Records of all types in one list, newest first.",
        *TIMELINE_RECORDS,
        graphql_type=Connection[TimelineEntry] | None,
    )
    async def timeline(
        root: Parent,  # noqa: N805
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        records: Annotated[
            list[RecordType] | None,
            strawberry.argument(description="Which records to merge; by default all that a source has."),
        ] = None,
    ) -> RecordPage:
        names = given_entries(root) if records is None else [record.value for record in records]
        return await timeline(root, timeline_asks(info, names, first, after), checked_first(first))

    @stitching(
        "The customer's tags. One that the rule does not give is left out, unless that is for want of a source.",
        facts=True,
        graphql_type=list[Tag] | None,
        together=GIVEN_TAGS,
    )
    async def tags(
        root: Parent,  # noqa: N805
        info: Info,
        keys: Annotated[list[str] | None, strawberry.argument(description="Only tags with these keys.")] = None,
        categories: Annotated[
            list[TagCategory] | None, strawberry.argument(description="Only tags of these categories.")
        ] = None,
    ) -> list[TagAnswer]:
        with report_contributions([root]):
            answers: list[TagAnswer] = await load_in_batch(context_of(info), GIVEN_TAGS, root, keys=keys, categories=categories)
        return answers

    @stitching(
        "One tag, also when the rule does not give it: its evidence says why not.",
        facts=True,
        graphql_type=Tag | None,
        together=ONE_TAG,
    )
    async def tag(
        root: Parent,  # noqa: N805
        info: Info,
        key: Annotated[str, strawberry.argument(description="The tag's key.")],
    ) -> TagAnswer | None:
        with report_contributions([root]):
            answer: TagAnswer = await load_in_batch(context_of(info), ONE_TAG, root, key=key)
        return answer

    @stitching(
        "In which segments the customer is, of those that are not withheld from the caller.",
        facts=True,
        members=True,
        graphql_type=list[SegmentMembership] | None,
        together=MEMBERSHIPS,
    )
    async def segments(
        root: Parent,  # noqa: N805
        info: Info,
        keys: Annotated[list[str] | None, strawberry.argument(description="Only segments with these keys.")] = None,
    ) -> list[TagAnswer]:
        with report_contributions([root]):
            answers: list[TagAnswer] = await load_in_batch(context_of(info), MEMBERSHIPS, root, keys=keys)
        return answers

    @stitching(
        "Facts by their names, as tags see them; null when one is withheld from the caller.",
        facts=True,
        graphql_type=list[Fact] | None,
        together=NAMED_FACTS,
    )
    async def facts(
        root: Parent,  # noqa: N805
        info: Info,
        names: Annotated[list[str], strawberry.argument(description="The facts' names, as `tagDefinitions` lists them.")],
    ) -> list[FactValue]:
        with report_contributions([root]):
            values: list[FactValue] = await load_in_batch(context_of(info), NAMED_FACTS, root, names=names)
        return values

    @computed(
        "What the customer said last about being written to, one for each channel and purpose.",
        paths=CONSENT_PATHS,
        graphql_type=list[Consent] | None,
    )
    def consents(root: Parent) -> list[records.Consent]:  # noqa: N805
        return current_consents(root.record.consents)

    @stitching(
        "The account of the company that the customer is, or belongs to; null when no source has it.",
        records.Account,
        graphql_type=Account | None,
        weight=LIST_WEIGHT,
    )
    async def account(root: Parent, info: Info) -> SourcedRecord | None:  # noqa: N805
        return await account_of(context_of(info).stitcher, root, selection_of(info, records.Account))

    @stitching(
        "Which parts of the profile at least one source has, and which are missing.",
        *ALL_RECORDS,
        graphql_type=Completeness,
        unseen=PART_FIELDS,
        members=True,
    )
    async def completeness(
        root: Parent,  # noqa: N805
        records: Annotated[
            list[RecordType] | None,
            strawberry.argument(description="Records to look for, too, such as orders; none by default."),
        ] = None,
    ) -> ProfileCompleteness:
        return await completeness_of(root, record_types(records or ()))

    @stitching(
        "Who was told of the customer, by the audit, the newest first; for callers who may read that.",
        members=True,
        graphql_type=AccessLog | None,
    )
    async def access_log(
        root: Parent,  # noqa: N805
        info: Info,
        first: First = DEFAULT_FIRST,
        after: Annotated[str | None, strawberry.argument(description="The `endCursor` of the page before.")] = None,
    ) -> AccessPage:
        return await read_access_log(context_of(info), root, checked_first(first), after)

    @computed("The id under which the customer is best kept: `id`, or that of the record which counts most.", members=True)
    def current_id(root: Parent) -> strawberry.ID:  # noqa: N805
        return strawberry.ID(root.current_id)

    @computed("The records that the customer is made of, one for each source that knows it.", members=True)
    def records(root: Parent) -> list[CustomerRecord]:  # noqa: N805
        return root.members  # type: ignore[return-value]

    @computed("Whose value each of the selected fields is.", members=True)
    def origins(root: Parent) -> list[FieldOrigin]:  # noqa: N805
        return root.origins()  # type: ignore[return-value]

    @computed("Why these records are one customer, and whether there may be others.", members=True)
    def identity(root: Parent) -> CustomerIdentity:  # noqa: N805
        return root.identity  # type: ignore[return-value]

    @computed(
        "What each source that was asked contributed to this answer; also in `extensions.sources`, by path.",
        reports=True,
        graphql_type=list[CustomerSource],
    )
    async def sources(root: Parent, info: Info) -> list[SourceReport]:  # noqa: N805
        if info.path is not None:
            context_of(info).reported.append(info.path.as_list())
        return await root.source_reports()
