"""What clients subscribe to. Each change is answered by the selection, as the caller may see it then."""

from typing import Annotated

import strawberry

from gateway.context import context_of
from gateway.deltas.subscriptions import MAX_IDS, answer_turn
from gateway.deltas.told_changes import ToldChange
from gateway.tags.segment_keys import segment_tag
from resolvers.customer import Info
from resolvers.customer_change import CustomerChange
from resolvers.fields import root

Ids = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description=f"Of these customers, at most {MAX_IDS}; without them of all, for callers who may know."),
]
Since = Annotated[
    str | None,
    strawberry.argument(description="The `cursor` of the last change that was heard of: what came after it is told first."),
]


@strawberry.type(description="What clients subscribe to, at `/graphql/stream` or over WebSockets.")
class Subscription:
    @root("Whatever changes of customers.", graphql_type=CustomerChange | None)
    async def customer_changed(self, info: Info, ids: Ids = None, since: Since = None) -> ToldChange | None:
        return await answer_turn(context_of(info), "customerChanged", since, ids)

    @root("Changes of these tags.", graphql_type=CustomerChange | None)
    async def tag_changed(
        self,
        info: Info,
        keys: Annotated[list[str], strawberry.argument(description="The keys of the tags.")],
        ids: Ids = None,
        since: Since = None,
    ) -> ToldChange | None:
        return await answer_turn(context_of(info), "tagChanged", since, ids, keys)

    @root("Who comes into a segment, or leaves it. Uploaded lists tell nothing.", graphql_type=CustomerChange | None)
    async def segment_changed(
        self,
        info: Info,
        key: Annotated[str, strawberry.argument(description="The segment's key.")],
        since: Since = None,
    ) -> ToldChange | None:
        return await answer_turn(context_of(info), "segmentChanged", since, tags=[segment_tag(key)])
