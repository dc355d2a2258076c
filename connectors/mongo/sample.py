"""Sample the keys of a collection, and the texts in it that no member of an enum is meant by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from connectors.inspection import Sample, SampledKey
from connectors.mongo.collection import Collection
from connectors.mongo.database import MongoDatabase
from connectors.mongo.document_reader import each_at
from connectors.mongo.enum_filters import UNKNOWN
from connectors.mongo.field_paths import FieldPaths
from connectors.mongo.filters import HAS_ID
from connectors.mongo.keys import Asked, asked_for, grouping, keys_of, match_of
from connectors.mongo.record_settings import KeySettings
from connectors.mongo.values import to_text
from connectors.record_fields import leaves_of
from connectors.toolkit.converters import is_blank

SAMPLE_S = 30.0
"""How long a sample may take, in seconds."""


async def sample_keys(database: MongoDatabase, collection: Collection, key: KeySettings, count: int) -> Sample:
    """Sample the keys of the newest documents."""
    assert key.path is not None
    name = collection.settings.collection
    with database.within(SAMPLE_S):
        documents = await database.newest(name, count, {key.path: {"$ne": None}})
        texts = [to_text(value) for document in documents for value in each_at(document, key.path)]
        written = dict.fromkeys(f"{key.prefix}{text}" for text in texts if isinstance(text, str) and text.strip())
        asked = asked_for(key, list(written)[:count])
        rows = await database.aggregate(name, _counting(key, asked, collection.order.id)) if asked else []
    counts = {own: (row["rows"], row["ids"]) for row in rows for own in keys_of(row["_id"], asked)}
    keys = [SampledKey(own, *counts.get(own, (0, 0))) for names in asked.values() for own in names]
    return Sample(keys, unmapped_texts(collection.places, documents))


def _counting(key: KeySettings, asked: Asked, id_path: str) -> list[dict[str, Any]]:
    """Write the stages that count the documents and the ids of each key."""
    return [
        {"$match": {"$and": [match_of(key, list(asked)), {id_path: HAS_ID}]}},
        *grouping(key, asked),
        {"$group": {"_id": {"key": "$gateway_key", "id": f"${id_path}"}, "rows": {"$sum": 1}}},
        {"$group": {"_id": "$_id.key", "rows": {"$sum": "$rows"}, "ids": {"$sum": 1}}},
    ]


def unmapped_texts(places: FieldPaths, documents: Sequence[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """Count the texts that become `UNKNOWN`, and are not said to by the settings, by the path of the field."""
    unmapped: dict[str, Counter[str]] = {}
    for path, field in leaves_of(places.struct).items():
        if field.leaf is None or not issubclass(field.leaf, Enum):
            continue
        place = places.place(path)
        if place.spot.path is None:
            continue
        inside = place.in_list is not None and not place.spot.outer
        written = f"{place.in_list}.{place.spot.path}" if inside else place.spot.path
        found = (to_text(value) for document in documents for value in each_at(document, written) if not is_blank(value))
        texts = Counter(str(text) for text in found if _is_unmapped(text, field.leaf, place.spot.words))
        if texts:
            unmapped[path] = texts
    return unmapped


def _is_unmapped(text: Any, leaf: type[Enum], words: Mapping[str, str]) -> bool:
    return isinstance(text, str) and text not in words and text.strip().upper() != UNKNOWN and leaf(text).value == UNKNOWN
