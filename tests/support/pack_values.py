"""The tags of everybody whom the sources of some settings list."""

from collections.abc import AsyncIterator
from pathlib import Path

from gateway.app import create_services, opened
from gateway.population.walk import walk_customers
from gateway.settings import load_settings
from gateway.tags.computation import compute
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.definitions import TagDefinition


async def tags_of_all(path: Path) -> AsyncIterator[tuple[str, TagDefinition, ComputedTag]]:
    """Give each tag of the pack for each customer: the customer's id, what the tag is, and what was computed."""
    services = create_services(load_settings(path))
    pack = services.tags.pack
    async with opened(services):
        async for batch in walk_customers(services):
            wanted = [(customer, key) for customer in batch.customers for key in pack.tags]
            tags = await compute(pack, services.clock, services.tags.counts, wanted)
            for (customer, key), tag in tags.items():
                yield customer, pack.tags[key], tag
