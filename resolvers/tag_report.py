"""Define the report on tags, for who governs them."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from gateway.context import RequestContext
from gateway.errors import InvalidArgumentError
from gateway.tags import tag_report
from resolvers.fields import computed, field

MAX_DAYS = 400


@strawberry.type(description="How often a caller was given a tag.")
class TagCaller:
    caller: str = field("The name of the caller; empty where callers have none.")
    asked: int = field("Of how many customers it was given the tag, one counted each time.")


@strawberry.type(description="How many customers have a value of a tag.")
class TagValueCount:
    value: str = field("The value, or a text of a list.")
    count: int = field("How many of the sampled customers have it.")


@strawberry.type(description="A rule of a tag that came into force.")
class RuleChange:
    at: datetime = field("Since when it is in force, or was.")
    version: int | None = field("Its version; null where that was not noted.")
    fingerprint: str = field("What names the rule with its facts: other letters, another rule.")


@strawberry.type(description="What is known of a tag on the whole: who asks for it, and what it says of customers.")
class TagReport:
    key: str = field("The tag's key.")
    label: str = field("The tag's name, for people.")
    owner: str = field("Who answers for the rule.")
    version: int = field("The version of the rule.")
    review: str | None = field("The day by which the owner looks at the rule again, as ISO 8601.")
    changed_at: datetime | None = field("Since when the rule is in force, as workers noted it; null where none has.")
    asked: int = field("Of how many customers callers were given the tag, one counted each time.")
    callers: list[TagCaller] = field("The same by caller, the most first.")
    sampled: int = field("Of how many customers, chosen at random, the stored tag was looked at; what follows is of these.")
    given: int = field("How many have a value.")
    partial: int = field("Of how many something was left out.")
    failed: int = field("Of how many the rule could not be computed.")
    values: list[TagValueCount] = field("The most frequent values, the most first, at most 20.")

    history: list[RuleChange] = field(
        "The rules that the tag had, the one in force first, as workers noted them; new words are no new rule."
    )
    segments: list[str] = field("The keys of the segments whose conditions read the tag.")
    actions: list[str] = field("The names of the actions that its changes start.")

    @computed("Whether no caller was given the tag.")
    def never_asked(report: strawberry.Parent[tag_report.TagReport]) -> bool:  # noqa: N805
        return report.asked == 0


async def read_report(context: RequestContext, days: int) -> Sequence[tag_report.TagReport]:
    """Report on all tags, once a minute in a worker. Raises `CallerError`, and `StoreError`."""
    store = context.require_tag_report()
    if not 1 <= days <= MAX_DAYS:
        raise InvalidArgumentError(f"days: {days} is not between 1 and {MAX_DAYS}; choose a number of days between them")
    return await context.services.tag_reports.read(store.tag_usage, store.tags, days)
