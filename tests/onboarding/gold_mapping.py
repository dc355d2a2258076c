"""Gold mappings: what someone who knows a published database maps of it, written before `init` has seen it.

A mapping is an expression for each field, of the database's own SQL, or several that are equally right. `optional` fields are
right and not needed. `scrubbed` ones can only be told by the names of their columns, for their publisher hashed the values. A
record that fits `may_drop` may be left out; of fields that `may_differ`, a customer has several values.
"""

import os
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from shutil import copyfile
from typing import Any

import msgspec
import pytest

from connectors.record_fields import LIST, fields_of, leaves_of
from connectors.records import RECORDS
from tests.support.paths import ROOT
from tests.support.published_data import FOLDER

GOLD = Path(__file__).parent / "gold"
STRANGERS = Path(os.environ.get("GATEWAY_TEST_STRANGER_DATA", ROOT.parent / "shared" / "data" / "strangers"))
"""The folder of Chinook, Northwind and Pagila, as `data` in each mapping names their files."""

Expressions = str | list[str]


class GoldList(msgspec.Struct, frozen=True, rename={"source": "from"}):
    source: str
    parent: str
    fields: dict[str, Expressions]
    optional: dict[str, Expressions] = {}

    def expressions(self) -> dict[str, list[str]]:
        return _listed(self.fields | self.optional)


class GoldRecord(msgspec.Struct, frozen=True, rename={"source": "from"}, kw_only=True):
    """`keys` are expressions by kind, or a query of (id, key). `optional_keys` are right and not needed."""

    source: str
    keys: dict[str, str | dict[str, str]]
    fields: dict[str, Expressions]
    scrubbed: dict[str, Expressions] = {}
    optional_fields: dict[str, Expressions] = {}
    optional_keys: list[str] = []
    lists: dict[str, GoldList] = {}
    may_drop: str | None = None
    may_differ: list[str] = []
    is_optional: bool = False

    def expressions(self) -> dict[str, list[str]]:
        return _listed(self.fields | self.scrubbed | self.optional_fields)


class Gold(msgspec.Struct, frozen=True, kw_only=True):
    """One database: where it is from, what is told to `init`, its tables (of files, by name), and its records."""

    name: str
    title: str
    kind: str
    repository: str
    commit: str
    licence: str
    data: str
    records: dict[str, GoldRecord]
    never: dict[str, list[str]]
    file: str | None = None
    arguments: dict[str, str] = {}
    files: tuple[str, ...] = ("*",)
    without: list[str] = []
    tables: dict[str, str] = {}

    def paths(self, name: str) -> dict[str, str]:
        """Give the group of each path of a record: `needed`, `scrubbed` or `optional`."""
        record = self.records[name]
        groups = {"needed": record.fields, "scrubbed": record.scrubbed, "optional": record.optional_fields}
        paths = {_path(RECORDS[name], column): group for group, columns in groups.items() for column in columns}
        for list_name, own in record.lists.items():
            for group, columns in (("needed", own.fields), ("optional", own.optional)):
                paths |= {_list_path(name, list_name, column): group for column in columns}
        return paths

    def source(self, variant: int, url: str, *, without_dropped: bool = False) -> dict[str, Any]:
        """Write the mapping as the settings of a source. Of equally right expressions it takes the one of this number."""
        records = {name: self._record(record, variant, without_dropped) for name, record in self.records.items()}
        if self.kind == "files":
            return {"kind": "files", "path": url, "tables": self.tables, "records": records}
        return {"kind": "sql", "url": url, "records": records}

    @property
    def variants(self) -> int:
        every = [
            *(record.expressions() for record in self.records.values()),
            *(own.expressions() for record in self.records.values() for own in record.lists.values()),
        ]
        return max(len(expressions) for columns in every for expressions in columns.values())

    def _record(self, record: GoldRecord, variant: int, without_dropped: bool) -> dict[str, Any]:
        columns = _columns(record.expressions(), variant)
        keys: dict[str, Any] = {}
        for kind, key in record.keys.items():
            if isinstance(key, str):
                columns.append(f"CAST({key} AS TEXT) AS gold_{kind}")
                keys[kind] = f"gold_{kind}"
            else:
                keys[kind] = key
        condition = f" WHERE coalesce(NOT ({record.may_drop}), true)" if without_dropped and record.may_drop else ""
        lists = {
            name: {
                "query": f"SELECT {own.parent} AS parent, {', '.join(_columns(own.expressions(), variant))} FROM {own.source}"
            }
            for name, own in record.lists.items()
        }
        return {"query": f"SELECT {', '.join(columns)} FROM {record.source}{condition}", "keys": keys, "lists": lists}


def _columns(expressions: dict[str, list[str]], variant: int) -> list[str]:
    return [f"{choice[min(variant, len(choice) - 1)].strip()} AS {column}" for column, choice in expressions.items()]


def _listed(fields: dict[str, Expressions]) -> dict[str, list[str]]:
    return {column: [own] if isinstance(own, str) else own for column, own in fields.items()}


def _path(struct: type[msgspec.Struct], column: str) -> str:
    """Find the dotted path that a column is called by."""
    return next(path for path in leaves_of(struct) if path.replace(".", "_") == column)


def _list_path(record: str, name: str, column: str) -> str:
    own = fields_of(RECORDS[record])[name]
    assert own.form == LIST
    return f"{name}.{_path(own.struct, column)}" if own.struct else name


def read_gold(name: str) -> Gold:
    """Read a mapping of the folder beside this module."""
    document = tomllib.loads((GOLD / f"{name}.toml").read_text("utf-8"))
    for record in document["records"].values():
        record["is_optional"] = record.get("optional") is True
        record["optional_fields"] = {} if record["is_optional"] else record.get("optional", {})
        record.pop("optional", None)
    return msgspec.convert(document | {"name": name}, Gold)


def gold_names() -> list[str]:
    """List the mappings that are there."""
    return sorted(path.stem for path in GOLD.glob("*.toml"))


def database_path(gold: Gold) -> Path:
    """Find the published database, or skip the test."""
    folder, variable = (
        (FOLDER, "GATEWAY_TEST_OLIST_DATA") if gold.kind == "files" else (STRANGERS, "GATEWAY_TEST_STRANGER_DATA")
    )
    path = folder / gold.data
    if not path.exists():
        pytest.skip(f"{gold.data} is not here: name the folder of {gold.title} in {variable}")
    return path


def copy_files(gold: Gold, folder: Path) -> Path:
    """Copy the files that belong together into a folder. Gives the folder."""
    for path in sorted(database_path(gold).iterdir()):
        chosen = any(fnmatch(path.name, own) for own in gold.files)
        if chosen and not any(fnmatch(path.name, own) for own in gold.without) and "LICEN" not in path.name:
            copyfile(path, folder / path.name)
    return folder
