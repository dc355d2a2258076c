"""What one request carries: its id, its loaders with their deadline, its stitcher, its tags."""

from typing import Any

from graphql import GraphQLResolveInfo
from strawberry.dataloader import DataLoader

from connectors.records import Record
from gateway.execution.selection import Selection, selection_of
from gateway.services import Services
from gateway.stitching.customer import StitchedCustomer
from gateway.tags.service import TagAnswer


class RequestContext:
    """One request. Nothing here outlives it."""

    def __init__(self, services: Services, request_id: str) -> None:
        self.services = services
        self.request_id = request_id
        loaders = services.loaders()
        self.stitcher = services.stitcher(loaders)
        self.tags: DataLoader[tuple[StitchedCustomer, str], TagAnswer] = DataLoader(load_fn=services.tags.load)
        self._selections: dict[tuple[int, type[Record], str | None], Selection] = {}

    def selection(self, info: GraphQLResolveInfo[Any], record: type[Record], type_name: str | None = None) -> Selection:
        """What the field being resolved selects of `record`; worked out once per field of the operation."""
        name = (id(info.field_nodes[0]), record, type_name)
        found = self._selections.get(name)
        if found is None:
            found = self._selections[name] = selection_of(info, record, type_name)
        return found


def context_of(info: Any) -> RequestContext:
    """The request that a resolver runs in."""
    context: RequestContext = info.context
    return context
