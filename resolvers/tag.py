"""Tags, and what they were computed from."""

from datetime import datetime

import strawberry

from gateway.errors import InvalidArgumentError
from gateway.tags.definitions import Pack
from gateway.tags.definitions import TagDefinition as Definition
from gateway.tags.model import FactValue, RuleUsed
from gateway.tags.service import TagAnswer
from resolvers.enums import Freshness, TagCategory
from resolvers.fields import computed, field
from resolvers.scalars import JSON

Answer = strawberry.Parent[TagAnswer]


@strawberry.type(description="The rule that gave a tag its value.")
class Rule:
    version: int = field("Its version; a newer one makes older values stale.")
    expression: str = field("What was computed, in the Common Expression Language over the facts.")
    words: str = field("What it says, in words.")


@strawberry.type(description="From when to when records counted.")
class Window:
    since: datetime = field("Records at this time or later.")
    until: datetime = field("Records before this time.")


@strawberry.type(description="A fact that a tag was computed from.")
class Fact:
    name: str = field("Its name in the rule.")
    label: str = field("What it is, in words.")
    value: JSON | None = field("Its value; null when there was nothing to measure or the source could not be asked.")
    sources: list[str] = field("The sources that it came from.")
    as_of: datetime | None = field("When they were asked.")
    partial: bool = field("Whether something is known to be left out.")
    missing: str | None = field("The error code of a source that could not be asked.")

    @computed("From when to when records counted; null for all time.")
    def window(fact: strawberry.Parent[FactValue]) -> Window | None:  # noqa: N805
        return Window(since=fact.since, until=fact.until) if fact.since and fact.until else None


@strawberry.type(description="A computed statement about a customer that says what it was computed from.")
class Tag:
    @computed("The tag's key, stable.")
    def key(answer: Answer) -> str:  # noqa: N805
        return answer.definition.key

    @computed("The tag's name, for people.")
    def label(answer: Answer) -> str:  # noqa: N805
        return answer.definition.label

    @computed("What the tag speaks about.")
    def category(answer: Answer) -> TagCategory:  # noqa: N805
        return answer.definition.category

    @computed("The value; null when the rule gives this customer none. The evidence says why.")
    def value(answer: Answer) -> str | None:  # noqa: N805
        return answer.tag.value

    @computed("Whether the value is within its time to live and of the rule in force.")
    def freshness(answer: Answer) -> Freshness:  # noqa: N805
        return answer.freshness

    @computed("When it was computed.")
    def computed_at(answer: Answer) -> datetime:  # noqa: N805
        return answer.tag.computed_at

    @computed("Until when it is fresh.")
    def expires_at(answer: Answer) -> datetime:  # noqa: N805
        return answer.tag.expires_at

    @computed("Whether it was computed without something that it should have known.")
    def partial(answer: Answer) -> bool:  # noqa: N805
        return answer.tag.partial

    @computed("The rule that gave the value.", graphql_type=Rule)
    def rule(answer: Answer) -> RuleUsed:  # noqa: N805
        return answer.tag.rule

    @computed("The facts that the rule saw.", graphql_type=list[Fact])
    def evidence(answer: Answer) -> list[FactValue]:  # noqa: N805
        return answer.tag.evidence


@strawberry.type(description="A tag as its owner defined it.")
class TagDefinition:
    key: str = field("The tag's key, stable.")
    label: str = field("The tag's name, for people.")
    description: str = field("What the tag says.")
    category: TagCategory = field("What the tag speaks about.")
    owner: str = field("Who answers for the definition.")
    version: int = field("The version of the rule.")
    words: str = field("The rule in words.")
    expression: str = field("The rule in the Common Expression Language over facts.")
    values: list[str] = field("The values it can have; empty when they are not a closed list.")

    @computed("How long a value stays fresh, in seconds.")
    def ttl_seconds(definition: strawberry.Parent[Definition]) -> int:  # noqa: N805
        return int(definition.ttl.total_seconds())

    @computed("The names of the facts that it is computed from.")
    def facts(definition: strawberry.Parent[Definition]) -> list[str]:  # noqa: N805
        return list(definition.fact_names)


def checked_keys(pack: Pack, argument: str, keys: list[str]) -> None:
    """Raises `InvalidArgumentError` for a key that is not defined."""
    unknown = sorted(set(keys) - set(pack.tags))
    if unknown:
        named = ", ".join(key[:40] for key in unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        raise InvalidArgumentError(f"{argument}: no tag is called {named}; tagDefinitions lists them")


def chosen_keys(pack: Pack, keys: list[str] | None, categories: list[TagCategory] | None) -> list[str]:
    """The keys of the tags asked for, in the order of their definition.

    Raises `InvalidArgumentError` for a key that is not defined.
    """
    checked_keys(pack, "keys", keys or [])
    return [
        key
        for key, definition in pack.tags.items()
        if (keys is None or key in keys) and (categories is None or definition.category in categories)
    ]
