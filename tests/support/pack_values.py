"""The tags of everybody whom the sources of some settings list, and what a shipped pack has of its own."""

from collections.abc import AsyncIterator, Collection
from pathlib import Path

import yaml

from gateway.app import create_services, opened
from gateway.population.walk import walk_customers
from gateway.settings import load_settings
from gateway.tags.computation import compute
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.definitions import TagDefinition
from gateway.tags.pack_files import shipped_path


def own_keys(name: str) -> list[str]:
    """List the tags that stand in the file of a shipped pack itself."""
    root = yaml.safe_load(shipped_path(name).read_text("utf-8"))
    return [*root["tags"]]


async def tags_of_all(path: Path, keys: Collection[str]) -> AsyncIterator[tuple[str, TagDefinition, ComputedTag]]:
    """Give these tags of each customer: the customer's id, what the tag is, and what was computed."""
    services = create_services(load_settings(path))
    pack = services.tags.pack
    async with opened(services):
        async for batch in walk_customers(services):
            wanted = [(customer, key) for customer in batch.customers for key in keys]
            tags = await compute(pack, services.clock, services.tags.counts, wanted)
            for (customer, key), tag in tags.items():
                yield customer, pack.tags[key], tag
