"""How a customer's tag changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from gateway.context import RequestContext, context_of
from gateway.execution.batch_loader import load_in_batch
from gateway.execution.field_metadata import METADATA_KEY, BatchResolver, FieldMetadata
from gateway.tags.computation import Pair
from gateway.tags.service import TagAnswer
from gateway.tags.tag_history import MAX_CHANGES
from gateway.tags.tag_history import TagChange as Change
from resolvers.connection import MAX_FIRST, checked_first
from resolvers.enums import ChangeCause
from resolvers.fields import FIGURES_WEIGHT, field


@strawberry.type(description="A change of a tag's value.")
class TagChange:
    at: datetime = field("When the new value was computed.")
    before: str | None = field("The value before; null where there was none.", name="from")
    value: str | None = field("The value since; null for none.", name="to")
    cause: ChangeCause = field("Why it changed.")


async def _read_pairs(context: RequestContext, pairs: Sequence[Pair], first: int = MAX_CHANGES) -> list[Sequence[Change]]:
    count = checked_first(first)
    return [changes[:count] for changes in await context.services.tags.read_history(pairs)]


async def read_history(
    context: RequestContext, answers: Sequence[TagAnswer], first: int = MAX_CHANGES
) -> list[Sequence[Change]]:
    """Read the changes of tags, the newest first. Raises `InvalidArgumentError` and `StoreError`."""
    return await _read_pairs(context, [_pair(answer) for answer in answers], first)


def _pair(answer: TagAnswer) -> Pair:
    return answer.customer, answer.tag.key


def _expect_nothing(context: RequestContext, ids: Sequence[str], **_: Any) -> None:
    """Read nothing ahead: it is not known yet whose tags these are."""


HISTORY, OF_PAIRS = BatchResolver(read_history, _expect_nothing), BatchResolver(_read_pairs, _expect_nothing)


async def _history(
    answer: strawberry.Parent[TagAnswer],
    info: strawberry.Info,
    first: Annotated[
        int, strawberry.argument(description=f"How many changes, from 1 to {MAX_FIRST}; {MAX_CHANGES} are stored.")
    ] = MAX_CHANGES,
) -> list[Change]:
    changes: list[Change] = await load_in_batch(context_of(info), OF_PAIRS, _pair(answer), first=first)
    return changes


history_field: Any = strawberry.field(
    resolver=_history,
    description="How its value changed, the newest change first; empty where tags are not stored.",
    metadata={METADATA_KEY: FieldMetadata(together=HISTORY, aside=True, weight=FIGURES_WEIGHT)},
    graphql_type=list[TagChange],
)
