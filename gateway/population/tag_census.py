"""Count the customers of each tag and value, by the tags that are stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from gateway.app import opened
from gateway.population.refresh import tag_store
from gateway.services import Services
from gateway.store.tag_pages import read_tag_pages
from gateway.tags.computed_tag import TagHead, TagReason
from gateway.tags.definitions import Pack, TagDefinition

MAX_VALUES = 1_000
"""How many values of a tag are counted one by one."""

_decoder = msgspec.json.Decoder(TagHead)


class TagCensus(msgspec.Struct, kw_only=True, rename="camel"):
    """The customers of one tag by value. Each customer of whom anything is stored is counted once.

    `values` are those that the rule gave, `other_values` those beyond the first thousand. To the others it gave none: by the
    rule (`not_given`), for want of a fact (`unknown`), or because it failed (`failed`). `never` are those of whom it was not
    computed, by the rule in force and since the time that was asked for. `partial` are among the others.
    """

    key: str
    values: dict[str, int]
    other_values: int = 0
    not_given: int = 0
    unknown: int = 0
    failed: int = 0
    never: int = 0
    partial: int = 0


async def count_tags(
    services: Services, since: datetime | None, progress: Callable[[int], None]
) -> tuple[int, list[TagCensus]]:
    """Count the customers of whom tags are stored, and those of each tag in force by value.

    Raises `ConfigurationError` without a store, `StoreError`.
    """
    store, pack = tag_store(services), services.tags.pack
    counts = {key: Counter[tuple[str | None, TagReason]]() for key in pack.tags}
    partial, others, customers = Counter[str](), Counter[str](), 0
    async with opened(services):
        async for page in read_tag_pages(store.mongo):
            customers += len(page)
            for texts in page:
                for tag in _tags_of(texts, pack, since):
                    own, found = counts[tag.key], (tag.value, tag.reason)
                    if found in own or len(own) < MAX_VALUES:
                        own[found] += 1
                    else:
                        others[tag.key] += 1
                    partial[tag.key] += tag.partial
            progress(customers)
    return customers, [
        _census(definition, counts[key], others[key], partial[key], customers) for key, definition in pack.tags.items()
    ]


def _tags_of(texts: Mapping[str, str], pack: Pack, since: datetime | None) -> list[TagHead]:
    """Read a customer's tags that are of the rules in force, and of a time."""
    tags = []
    for key, definition in pack.tags.items():
        try:
            tag = _decoder.decode(texts[key])
        except (KeyError, msgspec.DecodeError):
            continue
        if tag.fingerprint == definition.fingerprint and (since is None or tag.computed_at >= since):
            tags.append(tag)
    return tags


def _census(
    definition: TagDefinition, counts: Counter[tuple[str | None, TagReason]], others: int, partial: int, customers: int
) -> TagCensus:
    given: dict[str, int] = dict.fromkeys(definition.values, 0)
    given |= {value: count for (value, _), count in counts.most_common() if value is not None}
    none = Counter({reason: count for (value, reason), count in counts.items() if value is None})
    return TagCensus(
        key=definition.key,
        values=given,
        other_values=others,
        unknown=none.pop(TagReason.UNKNOWN, 0),
        failed=none.pop(TagReason.FAILED, 0),
        not_given=none.total(),
        never=customers - counts.total() - others,
        partial=partial,
    )
