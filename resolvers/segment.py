"""Define segments: how many customers are in them, who, and in which ones a customer is."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import strawberry

from connectors import records
from gateway.context import RequestContext, context_of
from gateway.errors import InvalidArgumentError, StoreError, WithheldError
from gateway.execution.field_metadata import BatchResolver
from gateway.execution.required_fields import selection_of
from gateway.segments.membership import find_listed
from gateway.segments.segment_page import MemberPage, read_members, read_place
from gateway.segments.segment_totals import read_totals
from gateway.stitching.customer import StitchedCustomer, report_contributions
from gateway.store.segment_counts import SegmentCount
from gateway.store.store import Store
from gateway.tags.definitions import CustomerSegment
from gateway.tags.languages import words_in
from gateway.tags.segment_keys import SEGMENT_PREFIX
from gateway.tags.service import TagAnswer
from resolvers.connection import DEFAULT_FIRST, Connection, checked_first
from resolvers.cursor import NOT_A_CURSOR, position_of
from resolvers.enums import Freshness, TagReason
from resolvers.fields import computed, field, own
from resolvers.list_arguments import After, First
from resolvers.tag import Fact, Language, expect_tags
from resolvers.tag_history import TagChange, history_field
from resolvers.why_not import WhyNot, why_not_field

if TYPE_CHECKING:
    from resolvers.customer import Customer

ACustomer = Annotated["Customer", strawberry.lazy("resolvers.customer")]
Info = strawberry.Info[Any, None]


class NamedSegment(msgspec.Struct, frozen=True):
    """A segment of the pack that was asked for, alone or with others."""

    segment: CustomerSegment
    is_alone: bool

    @property
    def key(self) -> str:
        return self.segment.key

    @property
    def owner(self) -> str:
        return self.segment.definition.owner


Parent = strawberry.Parent[NamedSegment]


@strawberry.type(description="A named group of customers. How many they are is told with of how many that is known.")
class Segment:
    key: str = field("The segment's key, stable.")

    @computed("The segment's name, for people.")
    def label(segment: Parent, language: Language = None) -> str:  # noqa: N805
        return words_in(segment.segment.definition, language).label or ""

    @computed("What the segment is for.")
    def description(segment: Parent, language: Language = None) -> str:  # noqa: N805
        return words_in(segment.segment.definition, language).description or ""

    owner: str = field("Who answers for the definition.")

    @computed("Who is in it, in words.")
    def words(segment: Parent, language: Language = None) -> str:  # noqa: N805
        return words_in(segment.segment.definition, language).words or ""

    @computed("The condition in the Common Expression Language over tags and facts; null of an uploaded list.")
    def condition(segment: Parent) -> str | None:  # noqa: N805
        return None if segment.segment.is_list else segment.segment.definition.expression

    @computed("How many customers are in it, of those of whom it is `known`; null where nobody has counted yet.")
    async def count(segment: Parent, info: Info) -> int | None:  # noqa: N805
        found = await _read_count(context_of(info), segment, "count")
        return None if found is None else found.members

    @computed("Of how many customers it is known whether they are in it.")
    async def known(segment: Parent, info: Info) -> int | None:  # noqa: N805
        found = await _read_count(context_of(info), segment, "known")
        return None if found is None else found.known

    @computed("Of how many customers it was computed and could not be told.")
    async def unknown(segment: Parent, info: Info) -> int | None:  # noqa: N805
        found = await _read_count(context_of(info), segment, "unknown")
        return None if found is None else found.unknown

    @computed("As of when they were counted; of an uploaded list, since when it is in force.")
    async def as_of(segment: Parent, info: Info) -> datetime | None:  # noqa: N805
        found = await _read_count(context_of(info), segment, "asOf")
        return None if found is None else found.as_of

    @computed(
        "The customers in it, by id. A page looks at so many, and shows those whom the caller may see.",
        lists_customers=True,
        graphql_type=Connection[ACustomer] | None,
    )
    async def customers(
        segment: Parent,  # noqa: N805
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
    ) -> MemberPage:
        if not segment.is_alone:
            raise InvalidArgumentError("Segment.customers: ask for one segment at a time, by segment(key:)")
        context = context_of(info)
        store = _store_for(context, segment, "customers")
        selection, first = selection_of(info, records.Customer), checked_first(first)
        try:
            place = read_place(position_of(after, records.Customer), segment.segment)
            return await read_members(context.stitcher, store, segment.segment, place, first, selection)
        except ValueError:
            raise InvalidArgumentError(NOT_A_CURSOR) from None


@strawberry.type(description="Whether a customer is in a segment, and what that was computed from.")
class SegmentMembership:
    @computed("The segment's key.")
    def segment(answer: strawberry.Parent[TagAnswer]) -> str:  # noqa: N805
        return answer.tag.key.removeprefix(SEGMENT_PREFIX)

    @computed("The segment's name, for people.")
    def label(answer: strawberry.Parent[TagAnswer], language: Language = None) -> str:  # noqa: N805
        return words_in(answer.definition, language).label or ""

    @computed("Whether the customer is in it; null where that cannot be told. `reason` and the evidence say why.")
    def member(answer: strawberry.Parent[TagAnswer]) -> bool | None:  # noqa: N805
        return None if answer.tag.value is None else answer.tag.value == "true"

    reason: TagReason = own("Why it is told so.", "tag")
    freshness: Freshness = field("Whether it is within its time to live and of the condition in force.")
    computed_at: datetime = own("When it was computed.", "tag")
    partial: bool = own("Whether it was computed without something that it should have known.", "tag")
    evidence: list[Fact] = own("The tags and facts that the condition saw; none of an uploaded list.", "tag")
    why_not: list[WhyNot] = why_not_field
    history: list[TagChange] = history_field


def name_segments(context: RequestContext, key: str | None = None) -> list[NamedSegment]:
    """List the segments of the pack, or the one of a key. None where there is no such one."""
    segments = context.services.tags.pack.segments
    if key is None:
        return [NamedSegment(own, len(segments) == 1) for own in segments.values()]
    return [NamedSegment(segments[key], is_alone=True)] if key in segments else []


def _store_for(context: RequestContext, segment: NamedSegment, name: str) -> Store:
    """Give the store, where the caller may be told of all that a segment reads.

    Raises `WithheldError`, and `InvalidArgumentError` where there is no store.
    """
    if segment.segment.tag_key in context.hidden_tags:
        raise WithheldError(f"Segment.{name}: `{segment.key}` is withheld from this caller")
    if context.services.store is None:
        raise InvalidArgumentError(f"Segment.{name}: nothing is counted without a store; add [mongodb] to the settings")
    return context.services.store


async def _read_count(context: RequestContext, segment: NamedSegment, name: str) -> SegmentCount | None:
    """Read the count of a segment, where the caller may be told of all customers."""
    store = _store_for(context, segment, name)
    rule = context.stitcher.rule
    if rule is not None and rule.count(1) is None:
        raise WithheldError(f"Segment.{name}: those of whom this caller may be told are not counted apart")
    counts = await _read_once(context, store)
    return counts.get(segment.key)


async def _read_once(context: RequestContext, store: Store) -> Mapping[str, SegmentCount]:
    """Read all counts, once for a request: its fields are of one moment, or fail together. Raises `StoreError`."""
    reading: asyncio.Lock = context.cache.setdefault(asyncio.Lock, asyncio.Lock())
    async with reading:
        if _read_once not in context.cache:
            try:
                context.cache[_read_once] = await read_totals(store, context.services.tags.pack.segments)
            except StoreError as error:
                context.cache[_read_once] = error
    counts: Mapping[str, SegmentCount] | StoreError = context.cache[_read_once]
    if isinstance(counts, StoreError):
        raise counts
    return counts


async def given_memberships(
    context: RequestContext, customers: Sequence[StitchedCustomer], keys: list[str] | None = None
) -> list[list[TagAnswer]]:
    """Tell of each customer in which segments it is, in the order of the file, but for those that are withheld.

    Raises `InvalidArgumentError` for a key that is not defined, and `StoreError` where lists cannot be read.
    """
    tags = context.services.tags
    segments = tags.pack.segments
    if unknown := sorted({*(keys or ())} - {*segments}):
        raise InvalidArgumentError(f"keys: no segment is called {unknown[0][:40]}; segments lists them")
    chosen = [own for key, own in segments.items() if (keys is None or key in keys) and own.tag_key not in context.hidden_tags]
    computed_keys = tuple(own.tag_key for own in chosen if not own.is_list)
    context.services.tag_usage.add(context.caller.name, computed_keys, len(customers))
    with report_contributions(customers):
        tagged = [customer.tagged for customer in customers]
        answers = await tags.load_all(tagged, computed_keys, context.expected_tags)
    lists = [own for own in chosen if own.is_list]
    listed = await find_listed(context.services.store, context.services.clock, lists, customers)
    return [
        [told[own.key] if own.is_list else by_key[own.tag_key] for own in chosen]
        for told, by_key in zip(listed, ({answer.tag.key: answer for answer in some} for some in answers), strict=True)
    ]


MEMBERSHIPS = BatchResolver(given_memberships, expect_tags)
