"""What one request carries: its id, its loaders with their deadline, its stitcher, what it asks together."""

from typing import Any

import msgspec
from graphql import GraphQLResolveInfo
from strawberry.dataloader import DataLoader

from connectors.records import Record
from gateway.execution.field_metadata import BatchResolver
from gateway.execution.required_fields import selection_of
from gateway.services import Services
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.tags.service import Expected

Selections = dict[tuple[tuple[int, ...], type[Record], str | None], Selection]
"""By the nodes of a field, which fragments can merge in one place and not in another."""


class RequestContext(msgspec.Struct, eq=False):
    """One request. Nothing here outlives it, except `selections` where a plan lends its own.

    `reported` are the paths of the fields that show sources of customers, where graphql-core runs the request.
    """

    services: Services
    request_id: str
    stitcher: Stitcher
    selections: Selections = {}
    expected_tags: Expected | None = None
    reported: list[list[str | int]] = []
    _together: dict[tuple[BatchResolver, bytes], DataLoader[Any, Any]] = {}

    async def together(self, together: BatchResolver, one: Any, **words: Any) -> Any:
        """A field's value for one object, had together with those that are asked for in the same turn of the loop."""
        name = together, msgspec.json.encode(words)
        loader = self._together.get(name)
        if loader is None:
            loader = self._together[name] = DataLoader(load_fn=lambda objects: together.give(self, objects, **words))
        return await loader.load(one)

    def selection(self, info: Any, record: type[Record], type_name: str | None = None) -> Selection:
        """What the field being resolved selects of `record`; worked out once per field of the operation."""
        raw: GraphQLResolveInfo[Any] = info._raw_info  # noqa: SLF001  Strawberry has no public way to the nodes
        name = (tuple(map(id, raw.field_nodes)), record, type_name)
        found = self.selections.get(name)
        if found is None:
            found = self.selections[name] = selection_of(raw, record, type_name)
        return found


def context_of(info: Any) -> RequestContext:
    """The request that a resolver runs in."""
    context: RequestContext = info.context
    return context
