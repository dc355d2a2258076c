"""Define tags and their evidence."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from gateway.context import RequestContext
from gateway.errors import InvalidArgumentError, WithheldError
from gateway.execution.field_metadata import BatchResolver
from gateway.lru_cache import SharedList
from gateway.stitching.customer import StitchedCustomer, report_contributions
from gateway.tags.computed_tag import FactValue, RuleUsed
from gateway.tags.definitions import Pack
from gateway.tags.definitions import TagDefinition as Definition
from gateway.tags.languages import fact_label, label_of_value, tell_facts, words_in
from gateway.tags.service import Keys, TagAnswer, TagService
from gateway.tags.tag_values import value_texts
from resolvers.enums import Freshness, TagCategory, TagReason, TagType
from resolvers.fields import computed, field, own
from resolvers.scalars import JSON
from resolvers.tag_history import TagChange, history_field
from resolvers.why_not import WhyNot, why_not_field

Language = Annotated[
    str | None,
    strawberry.argument(description="Such as `zh` or `pt-BR`. Without it, and for what it lacks, the first of the file."),
]


@strawberry.type(description="A constant that rules read by its name.")
class Threshold:
    name: str = field("Its name in the rule.")
    value: JSON = field("Its value: a number, or a text.")


@strawberry.type(description="The rule that gave a tag its value.")
class Rule:
    version: int = field("Its version; a newer one makes older values stale.")
    expression: str = field("What was computed, in the Common Expression Language over the facts.")
    words: str = field("What it says, in words.")

    @computed("The constants that it reads by name, as they were.")
    def thresholds(rule: strawberry.Parent[RuleUsed]) -> list[Threshold]:  # noqa: N805
        return [Threshold(name=name, value=JSON(value)) for name, value in sorted(rule.thresholds.items())]


@strawberry.type(description="From when to when records counted.")
class Window:
    since: datetime = field("Records at this time or later.")
    until: datetime = field("Records before this time.")


@strawberry.type(description="A fact about a customer, or a score: what was measured of the records, or worked out from that.")
class Fact:
    name: str = field("Its name in the rule.")

    @computed("What it is, in words.")
    def label(fact: strawberry.Parent[FactValue], language: Language = None) -> str:  # noqa: N805
        return fact_label(fact, language)

    value: JSON | None = field("Its value; null when there was nothing to measure or the source could not be asked.")
    sources: list[str] = field("The sources that it came from.")
    as_of: datetime | None = field("When they were asked.")
    partial: bool = field("Whether something is known to be left out.")
    changes_at: datetime | None = field(
        "When time alone changes it next: a record leaves the window, a day or a month is over; null where nothing does."
    )
    missing: str | None = field(
        "The error code of a source that could not be asked; or NOT_CONFIGURED, NOT_GIVEN: no source has it; "
        "or why there is no score, such as NOT_CALIBRATED."
    )

    calibration: str | None = field("Of a score: the version of the calibration that it was computed with; else null.")
    reasons: list[str] = field("Of a score of a scorecard: the points that facts have added, the most first; else empty.")

    @computed("From when to when records counted; null for all time.")
    def window(fact: strawberry.Parent[FactValue]) -> Window | None:  # noqa: N805
        return Window(since=fact.since, until=fact.until) if fact.since and fact.until else None


@strawberry.type(description="A computed statement about a customer that says what it was computed from.")
class Tag:
    key: str = own("The tag's key, stable.", "tag")

    @computed("The tag's name, for people.")
    def label(answer: strawberry.Parent[TagAnswer], language: Language = None) -> str:  # noqa: N805
        return words_in(answer.definition, language).label or ""

    category: TagCategory = own("What the tag speaks about.", "definition")
    type: TagType = own("What its value is.", "definition")
    value: str | None = own("The value; null when this customer has none. `reason` and the evidence say why.", "tag")
    reason: TagReason = own("Why it has this value, or none.", "tag")
    freshness: Freshness = field("Whether the value is within its time to live and of the rule in force.")
    computed_at: datetime = own("When it was computed.", "tag")
    expires_at: datetime = own("Until when it is fresh.", "tag")
    partial: bool = own("Whether it was computed without something that it should have known.", "tag")
    rule: Rule = own("The rule that gave the value.", "tag")

    @computed("The facts that the rule saw.", graphql_type=list[Fact])
    def evidence(answer: strawberry.Parent[TagAnswer]) -> Sequence[FactValue]:  # noqa: N805
        return tell_facts(answer.tag.evidence, answer.definition.fact_labels)

    why_not: list[WhyNot] = why_not_field

    @computed("The value, for people; itself where it has no label, and null where there is none.")
    def value_label(answer: strawberry.Parent[TagAnswer], language: Language = None) -> str | None:  # noqa: N805
        value = answer.tag.value
        return None if value is None else label_of_value(answer.definition, value, language)

    @computed("The texts of a value that is a list; null for one of another type.")
    def values(answer: strawberry.Parent[TagAnswer]) -> list[str] | None:  # noqa: N805
        value = answer.tag.value
        return value_texts(value) if value is not None and answer.definition.type is TagType.LIST else None

    history: list[TagChange] = history_field

    @computed("The sources that its facts came from.")
    def sources(answer: strawberry.Parent[TagAnswer]) -> list[str]:  # noqa: N805
        return sorted({name for fact in answer.tag.evidence for name in fact.sources})


@strawberry.type(description="What a value of a tag is called.")
class ValueLabel:
    value: str = field("The value.")
    label: str = field("Its name, for people.")


@strawberry.type(description="A tag as its owner defined it.")
class TagDefinition:
    key: str = field("The tag's key, stable.")

    @computed("The tag's name, for people.")
    def label(definition: strawberry.Parent[Definition], language: Language = None) -> str:  # noqa: N805
        return words_in(definition, language).label or ""

    @computed("What the tag says.")
    def description(definition: strawberry.Parent[Definition], language: Language = None) -> str:  # noqa: N805
        return words_in(definition, language).description or ""

    category: TagCategory = field("What the tag speaks about.")
    owner: str = field("Who answers for the definition.")
    version: int = field("The version of the rule.")

    @computed("The rule in words.")
    def words(definition: strawberry.Parent[Definition], language: Language = None) -> str:  # noqa: N805
        return words_in(definition, language).words or ""

    expression: str = field("The rule in the Common Expression Language over facts.")
    type: TagType = field("What its value is.")
    values: list[str] = field("The values it can have; empty when they are not a closed list.")

    thresholds: list[Threshold] = field("The constants that the rule reads by name.")

    @computed("What its values are called, for people: those that have a label.")
    def value_labels(definition: strawberry.Parent[Definition], language: Language = None) -> list[ValueLabel]:  # noqa: N805
        return [ValueLabel(value=value, label=label) for value, label in words_in(definition, language).values.items()]

    @computed("The day by which the owner looks at the rule again, as ISO 8601; null where nobody has said.")
    def review(definition: strawberry.Parent[Definition]) -> str | None:  # noqa: N805
        return None if definition.review is None else definition.review.isoformat()

    @computed("How long a value stays fresh, in seconds.")
    def ttl_seconds(definition: strawberry.Parent[Definition]) -> int:  # noqa: N805
        return int(definition.ttl.total_seconds())

    @computed("The names of the facts that it is computed from.")
    def facts(definition: strawberry.Parent[Definition]) -> list[str]:  # noqa: N805
        return list(definition.fact_names)


def checked_keys(pack: Pack, argument: str, keys: list[str]) -> None:
    """Raises `InvalidArgumentError` for a key that is not defined."""
    unknown = sorted(set(keys) - set(pack.own_tags))
    if unknown:
        named = ", ".join(key[:40] for key in unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        raise InvalidArgumentError(f"{argument}: no tag is called {named}; tagDefinitions lists them")


def chosen_keys(
    tags: TagService, keys: list[str] | None, categories: list[TagCategory] | None, hidden: Collection[str] = ()
) -> Keys:
    """Choose the keys of the asked tags, in defined order, but for the hidden ones.

    Raises `InvalidArgumentError` for a key that is not defined.
    """
    if keys is None and categories is None and not hidden:
        return tags.own_keys
    checked_keys(tags.pack, "keys", keys or [])
    return tuple(
        key
        for key, definition in tags.pack.own_tags.items()
        if key not in hidden and (keys is None or key in keys) and (categories is None or definition.category in categories)
    )


async def given_tags(
    context: RequestContext,
    customers: Sequence[StitchedCustomer],
    keys: list[str] | None = None,
    categories: list[TagCategory] | None = None,
) -> Sequence[list[TagAnswer]]:
    """Load each customer's given tags. A tag that is wanting for lack of a source is among them."""
    tags = context.services.tags
    chosen = chosen_keys(tags, keys, categories, context.hidden_tags)
    context.services.tag_usage.add(context.caller.name, chosen, len(customers))
    with report_contributions(customers):
        return await tags.load_all([customer.tagged for customer in customers], chosen, context.expected_tags, given_only=True)


def tags_at_hand(
    context: RequestContext,
    customers: Sequence[StitchedCustomer],
    keys: list[str] | None = None,
    categories: list[TagCategory] | None = None,
) -> Sequence[SharedList[TagAnswer]] | None:
    """Answer `given_tags` where all of it is here."""
    tags = context.services.tags
    chosen = chosen_keys(tags, keys, categories, context.hidden_tags)
    tagged = [customer.tagged for customer in customers]
    answers = tags.at_hand(tagged, chosen, context.expected_tags, given_only=True)
    if answers is not None:
        context.services.tag_usage.add(context.caller.name, chosen, len(customers))
    return answers


async def one_tag(context: RequestContext, customers: Sequence[StitchedCustomer], key: str) -> list[TagAnswer]:
    """One tag of each customer."""
    checked_keys(context.services.tags.pack, "key", [key])
    if key in context.hidden_tags:
        raise WithheldError(f"Customer.tag: `{key}` is withheld from this caller")
    context.services.tag_usage.add(context.caller.name, (key,), len(customers))
    with report_contributions(customers):
        tagged = [customer.tagged for customer in customers]
        return [answer for (answer,) in await context.services.tags.load_all(tagged, (key,), context.expected_tags)]


def expect_tags(context: RequestContext, ids: Sequence[str], **_: Any) -> None:
    """Have the store read for customers who are being found, unless it is the finding that tells whose tags are meant."""
    if context.expected_tags is None and not context.stitcher.has_several_sources:
        context.expected_tags = context.services.tags.expect(ids)


GIVEN_TAGS = BatchResolver(given_tags, expect_tags, tags_at_hand)
ONE_TAG = BatchResolver(one_tag, expect_tags)
