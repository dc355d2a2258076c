"""Settings of the `files` kind: a folder, names for its files, and for each record a query with its keys and nested lists."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from connectors.contract import ConnectorSettings
from connectors.sql.settings import Records, RecordSettings

CSV = (
    "read_csv('{}', header = true, all_varchar = true, union_by_name = true,"
    """ quote = '"', escape = '"', comment = '', buffer_size = 8000000)"""
)
PARQUET = "read_parquet('{}', union_by_name = true)"
JSON = "read_json('{}', union_by_name = true)"
READERS = {"csv": CSV, "tsv": CSV, "parquet": PARQUET, "json": JSON, "jsonl": JSON, "ndjson": JSON}
"""How files are read, by their ending, which `.gz` or `.zst` may follow."""

ENDING = rf"\.(?:{'|'.join(READERS)})(?:\.(?:gz|zst))?"
FILE = re.compile(rf"(\b(?:from|join)\s+(?='[^']*{ENDING}')|\bread_\w+\(\s*)'([^'/][^']*)'", re.IGNORECASE)
"""A relative name of a file where a query reads it. DuckDB may read below a folder only by whole names."""

_BEGIN = " FROM (\n"
"""What stands between the tables that a query names and the query."""


class FilesSettings(ConnectorSettings):
    """A folder of files, its tables and records. `tables` are names for files in it, which queries may use."""

    path: Path
    tables: dict[str, str] = {}
    max_batch: Annotated[int, Field(ge=1, le=10_000)] = 500
    pool_size: Annotated[int, Field(ge=1, le=100)] = 4
    memory_mb: Annotated[int, Field(ge=64)] = 1024
    records: Records

    @model_validator(mode="before")
    @classmethod
    def _can_be_read(cls, document: Any) -> Any:
        if find_spec("duckdb") is None:
            raise ValueError("files need an extra; install customer-profile-gateway[files]")
        return document

    @field_validator("tables")
    @classmethod
    def _plain_names(cls, tables: dict[str, str]) -> dict[str, str]:
        for name, pattern in tables.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"{name}: a name has letters, digits and _ only")
            if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts or "'" in pattern:
                raise ValueError(f"{name}: is no file below path; give one, such as orders-*.csv")
            if _ending(pattern) not in READERS:
                raise ValueError(f"{name}: the file must end in one of {', '.join(READERS)}")
        return tables

    def named(self) -> dict[str, RecordSettings]:
        """Put the whole names of files into the records' queries. Gives them with the tables that they name."""
        return {name: self._named(record) for name, record in self.records.items()}

    def csv_readers(self) -> dict[str, str]:
        """Write the readers of tables that are CSV, by file."""
        tables = [pattern for pattern in self.tables.values() if READERS[_ending(pattern)] == CSV]
        return {self._reader(pattern): f"{self.path.resolve()}/{pattern}" for pattern in tables}

    def _reader(self, pattern: str) -> str:
        return table_reader(self.path, pattern)

    def _named(self, record: RecordSettings) -> RecordSettings:
        keys = {
            kind: key.model_copy(update={"query": self._whole(key.query)}) if key.query else key
            for kind, key in record.keys.items()
        }
        lists = {name: own.model_copy(update={"query": self._whole(own.query)}) for name, own in record.lists.items()}
        return record.model_copy(update={"query": self._whole(record.query), "keys": keys, "lists": lists})

    def _whole(self, query: str) -> str:
        folder = str(self.path.resolve()).replace("'", "''")
        query = FILE.sub(lambda match: f"{match[1]}'{folder}/{match[2]}'", query)
        # As with views, but what the files hold is looked at by each statement anew.
        tables = [
            f"{name} AS NOT MATERIALIZED (FROM {self._reader(pattern)})"
            for name, pattern in self.tables.items()
            if re.search(rf"\b{name}\b", query, re.IGNORECASE)
        ]
        return f"WITH {', '.join(tables)}{_BEGIN}{query})\n" if tables else query

    def written(self, query: str) -> str:
        """Take the user's part out of a query with tables."""
        before, begin, own = query.partition(_BEGIN)
        return own.removesuffix(")\n") if begin and before.startswith("WITH ") else query


def table_reader(path: Path, pattern: str) -> str:
    """Write what reads the files of a table, as a query names it."""
    folder = str(path.resolve()).replace("'", "''")
    return READERS[_ending(pattern)].format(f"{folder}/{pattern}")


def _ending(pattern: str) -> str:
    return re.sub(r"\.(gz|zst)$", "", pattern).rpartition(".")[2].lower()
