"""Check the settings of a record against its documents. Each problem names the setting and the fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from bson import Decimal128, ObjectId

from connectors.errors import SourceError
from connectors.inspection import MIN_INDEXED_ROWS, MissingIndex
from connectors.mongo.collection import Collection
from connectors.mongo.database import MongoDatabase
from connectors.mongo.document_reader import each_at
from connectors.record_fields import fields_of

SAMPLE = 100
"""How many documents are looked at, the newest ones."""
CHECK_S = 5.0
"""How long a call of the check may take, in seconds."""
_ID_TYPES: dict[type | tuple[type, ...], str] = {
    bool: "booleans",
    (int, float, Decimal128): "numbers",
    str: "texts",
    ObjectId: "ObjectIds",
    UUID: "UUIDs",
}


async def problems_of_collection(where: str, database: MongoDatabase, collection: Collection) -> list[str]:
    """Problems of a record's collection, its paths and its keys."""
    name = collection.settings.collection
    try:
        with database.within(CHECK_S):
            if name not in await database.collections():
                return [
                    f"{where}.collection: there is no {name} that may be read; correct the name, or grant the right to read"
                ]
            sample = await database.newest(name, SAMPLE)
    except SourceError as error:
        return [f"{where}.collection: {error}; run the check again"]
    if not sample:
        return [f"{where}.collection: {name} is empty, so nothing more can be said; is it the right one?"]
    return [*_path_problems(where, collection, sample), *_record_problems(where, collection, sample)]


async def indexes_missing(where: str, database: MongoDatabase, collection: Collection) -> list[MissingIndex]:
    """List the keys that no index of a large collection begins with. A view has none of its own. Raises `SourceError`."""
    settings, order = collection.settings, collection.order
    with database.within(CHECK_S):
        indexed = await database.indexed_paths(settings.collection)
        if indexed is None or await database.estimated_count(settings.collection) <= MIN_INDEXED_ROWS:
            return []
    rest = "" if order.time is None else f", {_name(order.time)}: -1, {_name(order.id)}: -1"
    return [
        MissingIndex(
            setting=f"{where}.keys.{kind.value}",
            table=settings.collection,
            statement=f"db.{settings.collection}.createIndex({{{_name(key.path)}: 1{rest}}})",
        )
        for kind, key in settings.keys.items()
        if key.path is not None and key.path not in indexed
    ]


def _path_problems(where: str, collection: Collection, sample: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The paths of the settings that no document has."""
    settings = collection.settings
    named = {f"fields.{field}": own.path for field, own in settings.fields.items() if own.path is not None}
    for kind, key in settings.keys.items():
        sample_fields = {f"keys.{kind.value}": key.path} if key.path is not None else {}
        named |= sample_fields | {f"keys.{kind.value}.paths.{path}": path for path in key.paths}
    for own, part in settings.lists.items():
        around = collection.places.list_path(own)
        named[f"lists.{own}.path"] = around
        named |= {f"lists.{own}.fields.{path}": f"{around}.{field.path}" for path, field in part.fields.items() if field.path}
        named |= {f"lists.{own}.outer.{path}": field.path for path, field in part.outer.items() if field.path}
    for setting, path in named.items():
        if not _is_there(sample, path):
            yield (
                f"{where}.{setting}: none of the {len(sample)} newest documents of {settings.collection} has {path}; "
                "correct the path"
            )


def _record_problems(where: str, collection: Collection, sample: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Report required fields that the documents lack or misshape."""
    settings, order = collection.settings, collection.order
    if settings.names == "camel" and (hint := _snake(collection, sample)) is not None:
        yield f'{where}.names: documents of {settings.collection} have {hint}; set names = "snake", or give the paths in fields'
    time = collection.record.time_field
    if time is not None and order.time is not None and not _all_dates(sample, order.time):
        if time not in settings.fields and not _is_there(sample, order.time):
            yield f"{where}.fields.{time}: no document of {settings.collection} has {order.time}; give the path of the time"
        else:
            yield (
                f"{where}.fields.{time}: {order.time} is no date in some documents of {settings.collection}, "
                "and these are not found; make dates of them ($toDate)"
            )
    if "id" not in settings.fields and not _is_there(sample, order.id):
        yield f"{where}.fields.id: no document of {settings.collection} has {order.id}; give the path of the id"
    types = {_id_type(value) for document in sample for value in each_at(document, order.id) if value is not None}
    alone = set() if settings.integer_ids or len(types) > 1 else {"UUIDs"}  # only some servers write them as text
    if others := sorted(types - {"ObjectIds", "numbers", "texts"} - alone):
        yield (
            f"{where}.fields.id: ids of {settings.collection} are {' and '.join(others)}, among which no page can begin; "
            "give the path of an id that is a text"
        )
    elif not settings.integer_ids and (len(types) > 1 or "numbers" in types):
        given = " and ".join(sorted(types))
        yield f"{where}.integer_ids: ids of {settings.collection} are {given}; set it to true, for ids are ordered as text"


def _id_type(value: Any) -> str:
    return next((name for type_, name in _ID_TYPES.items() if isinstance(value, type_)), type(value).__name__)


def _is_there(sample: Sequence[Mapping[str, Any]], path: str) -> bool:
    return any(value is not None for document in sample for value in each_at(document, path))


def _all_dates(sample: Sequence[Mapping[str, Any]], path: str) -> bool:
    return all(isinstance(value, datetime) for document in sample for value in each_at(document, path))


def _snake(collection: Collection, sample: Sequence[Mapping[str, Any]]) -> str | None:
    """Find a snake_case name in the place of a camelCase one."""
    for field in fields_of(collection.record).values():
        unset = field.name not in collection.settings.fields and field.name not in collection.settings.lists
        if unset and field.name != field.json_name and _is_there(sample, field.name) and not _is_there(sample, field.json_name):
            return field.name
    return None


def _name(path: str) -> str:
    return path if path.isidentifier() else f'"{path}"'
