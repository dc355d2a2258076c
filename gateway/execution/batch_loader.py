"""Load a batched field together with the others of its request: what graphql-core needs, and plans do not."""

from typing import Any

import msgspec
from strawberry.dataloader import DataLoader

from gateway.context import RequestContext
from gateway.execution.field_metadata import BatchResolver


async def load_in_batch(context: RequestContext, resolver: BatchResolver, value: Any, **arguments: Any) -> Any:
    """Resolve a field with all asked in this turn of the loop."""
    name = resolver, msgspec.json.encode(arguments)
    loader: DataLoader[Any, Any] | None = context.cache.get(name)
    if loader is None:
        loader = context.cache[name] = DataLoader(load_fn=lambda values: resolver.resolve(context, values, **arguments))
    return await loader.load(value)
