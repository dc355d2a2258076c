"""Read the catalogue of a MongoDB database: how its newest and oldest documents look, and its indexes. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.catalogue import (
    MAX_SAMPLED_ROWS,
    STATEMENT_S,
    Catalogue,
    CatalogueIndex,
    CatalogueTable,
    ForeignKey,
    skip_reason,
)
from connectors.errors import SourceError, SourceProtocolError, SourceTimeoutError
from connectors.mongo.database import MongoDatabase
from connectors.mongo.document_columns import PARENT, SampledRows, items_at, sample_tables, to_bson, value_at
from connectors.mongo.settings import MongoSourceSettings

MAX_COLLECTIONS = 500
FEWER = 50
"""So many documents are sampled of a collection whose documents are too large for more."""


class MongoCatalogueReader:
    """Read a database at an URL of MongoDB. A collection is a table, an array of objects in it another one."""

    def __init__(self, url: str, database: str) -> None:
        self._name = database
        self._database = MongoDatabase(MongoSourceSettings.model_construct(url=url, database=database, pool_size=2, records={}))
        self._tables: dict[str, CatalogueTable] = {}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._database.aclose()

    async def read_catalogue(self) -> Catalogue:
        """Read collections with the paths, types, indexes and samples of their documents."""
        self._database.open()
        with self._in_time():
            names = sorted(await self._database.collections())
        skipped: dict[str, list[str]] = {}
        tables: list[CatalogueTable] = []
        number = 0
        for name in (name for name in names if not name.startswith("system.")):
            reason = skip_reason(name) or (f"more than {MAX_COLLECTIONS} collections" if number >= MAX_COLLECTIONS else None)
            if reason is not None:
                skipped.setdefault(reason, []).append(name)
                continue
            number += 1
            tables += await self._collection(name)
        self._tables = {table.name: table for table in tables}
        return Catalogue(kind="mongo", dialect="mongodb", name=self._name, tables=tables, skipped=skipped)

    async def read_rows(
        self, table: str, columns: Sequence[str], by: str, values: Sequence[Any], limit: int = MAX_SAMPLED_ROWS
    ) -> Sequence[tuple[Any, ...]]:
        """Read paths of at most `limit` documents, or items of an array, where `by` has one of the values."""
        if not values:
            return []
        collection, path = self._place(table)
        wanted = list(values)
        pipeline: list[Mapping[str, Any]] = [{"$match": _among(_full_path(path, by), values)}, {"$limit": limit}]
        with self._in_time():
            documents = await self._database.aggregate(collection, pipeline)
        rows = [row for document in documents for row in _rows(document, path)]
        found = [row for row in rows if _has_any(_value(row, by), wanted)]
        return [tuple(_value(row, name) for name in columns) for row in found[:limit]]

    async def count_rows(self, table: str, by: str, values: Sequence[Any]) -> Mapping[Any, int]:
        """Count the documents, or items of an array, for each of the values that `by` has."""
        if not values:
            return {}
        collection, path = self._place(table)
        full = _full_path(path, by)
        unwound = [{"$unwind": f"${path}"}] if path else []
        pipeline: list[Mapping[str, Any]] = [
            {"$match": _among(full, values)},
            *unwound,
            *([{"$unwind": f"${full}"}] if self._is_list(table, by) else []),
            {"$match": _among(full, values)},
            {"$group": {"_id": f"${full}", "rows": {"$sum": 1}}},
        ]
        with self._in_time():
            counted = await self._database.aggregate(collection, pipeline)
        return {value_at(row, "_id"): row["rows"] for row in counted}

    async def _collection(self, name: str) -> list[CatalogueTable]:
        with self._in_time():
            indexes = await self._database.indexes(name)
        try:
            with self._in_time():
                rows = await self._database.estimated_count(name)
        except SourceError:  # of a view nothing is estimated
            rows = None
        documents = await self._documents(name)
        is_whole = documents is not None and len(documents) < MAX_SAMPLED_ROWS and (rows is None or rows <= len(documents))
        found = [CatalogueIndex(columns=paths, is_unique=unique) for paths, unique in indexes or ()]
        tables: list[CatalogueTable] = []
        for path, own in sample_tables(documents or ()).items():
            tables.append(
                CatalogueTable(
                    name=f"{name}.{path}" if path else name,
                    quoted=name,
                    columns=own.columns,
                    primary_key=() if path else ("_id",),
                    foreign_keys=[ForeignKey(columns=(PARENT,), target=name, target_columns=("_id",))] if path else (),
                    indexes=[index for index in (_inside(index, path) for index in found) if index is not None],
                    rows=_count(own, rows, is_whole, path),
                    is_view=indexes is None,
                    is_whole=is_whole,
                    embedded_in=name if path else None,
                    path=path or None,
                )
            )
        return tables

    async def _documents(self, name: str) -> list[dict[str, Any]] | None:
        """Sample the newest and the oldest documents, for their form changes over the years. What takes too long gives None."""
        for most in (MAX_SAMPLED_ROWS, FEWER):
            oldest: list[Mapping[str, Any]] = [{"$sort": {"_id": 1}}, {"$limit": most // 2}]
            try:
                with self._in_time():
                    newest = await self._database.newest(name, most - most // 2)
                    others = await self._database.aggregate(name, oldest) if len(newest) == most - most // 2 else []
            except (SourceTimeoutError, SourceProtocolError):
                continue
            documents = {repr(document.get("_id")): document for document in [*others, *reversed(newest)]}
            return list(documents.values())
        return None

    def _place(self, table: str) -> tuple[str, str]:
        own = self._tables[table]
        return (own.embedded_in, own.path or "") if own.embedded_in else (own.name, "")

    def _is_list(self, table: str, by: str) -> bool:
        column = self._tables[table].column(by)
        return column is not None and column.is_list

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        with self._database.within(STATEMENT_S):
            yield


def _count(own: SampledRows, rows: int | None, is_whole: bool, path: str) -> int | None:
    return len(own.rows) if is_whole else None if path else rows


def _inside(index: CatalogueIndex, path: str) -> CatalogueIndex | None:
    """See an index from a table: that of an array has those alone that begin inside it, and none that is unique for items."""
    if not path:
        return index
    if not index.columns[0].startswith(f"{path}."):
        return CatalogueIndex(columns=(PARENT,)) if index.columns == ("_id",) else None
    return CatalogueIndex(columns=tuple(column.removeprefix(f"{path}.") for column in index.columns))


def _full_path(path: str, by: str) -> str:
    if not path:
        return by
    return "_id" if by == PARENT else f"{path}.{by}"


def _among(path: str, values: Sequence[Any]) -> dict[str, Any]:
    return {path: {"$in": [to_bson(value) for value in values]}}


def _rows(document: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    return [{**item, PARENT: document.get("_id")} for item in items_at(document, path)] if path else [document]


def _value(row: Mapping[str, Any], name: str) -> Any:
    return value_at(row, name)


def _has_any(value: Any, wanted: Sequence[Any]) -> bool:
    return any(item in wanted for item in value) if isinstance(value, list) else value in wanted
