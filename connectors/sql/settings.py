"""Settings of the `sql` kind: a database, and for each record a query with its keys and nested lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from connectors.contract import ConnectorSettings, KeyKind, RecordName, misplaced_keys
from connectors.records import RECORD_NAMES, Record
from connectors.sql.columns import lists_of
from connectors.suggestions import suggest
from connectors.toolkit.ratings import RatingScale, scale_problems
from connectors.toolkit.record_settings import NamedSettings, check_names, check_searches

DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg", "mysql+asyncmy", "mariadb+asyncmy")


def _cleaned(query: str) -> str:
    """Write the query so that it can stand in parentheses. The line end closes a comment on the last line."""
    return query.strip().rstrip(";").rstrip() + "\n"


Query = Annotated[str, Field(min_length=1), BeforeValidator(lambda value: _cleaned(value) if isinstance(value, str) else value)]


class KeySettings(ConnectorSettings):
    """How a kind of key finds records: `column` of the query, a `query` of (id, key) pairs, or `columns` to search for text.

    Keys are compared as the database compares them. One that cannot be of `type` is not found.
    """

    column: str | None = None
    query: Query | None = None
    columns: tuple[str, ...] = ()
    type: Literal["text", "integer", "uuid"] = "text"

    @model_validator(mode="before")
    @classmethod
    def _column_alone(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_way(self) -> KeySettings:
        if [self.column is not None, self.query is not None, bool(self.columns)].count(True) != 1:
            raise ValueError("says nothing, or two things; give exactly one of column, query, columns")
        return self


class ListSettings(ConnectorSettings):
    """A nested list: one row per item, `parent` is the record's id, an optional `position` orders them."""

    query: Query


class RecordSettings(NamedSettings):
    """A record: `query` has the record's fields in snake_case as columns, objects flattened (`total_amount`)."""

    query: Query
    keys: Annotated[dict[KeyKind, KeySettings], Field(min_length=1)]
    lists: dict[str, ListSettings] = {}
    rating_scale: RatingScale | None = None
    changed: str | None = None
    """A column of the query that says when the row changed last. It need not be a field."""

    def problems(self, record: type[Record]) -> Iterator[str]:
        """List lists and a scale that the record does not have."""
        allowed, name = lists_of(record), RECORD_NAMES[record]
        for own in sorted(self.lists.keys() - allowed):
            yield f"lists.{own}: {name} has no such list; use {', '.join(allowed) or 'none'}"
        yield from scale_problems(record, self.rating_scale)
        yield from misplaced_keys(name, self.keys)

    def names_any(self, tables: Collection[str]) -> bool:
        """Tell whether a query names one of these tables."""
        queries = [self.query, *(own.query or "" for own in self.keys.values()), *(own.query for own in self.lists.values())]
        return any(re.search(rf"\b{name}\b", query, re.IGNORECASE) for name in tables for query in queries)

    @field_validator("keys")
    @classmethod
    def _text_searches(cls, keys: dict[KeyKind, KeySettings]) -> dict[KeyKind, KeySettings]:
        check_searches({kind: bool(key.columns) for kind, key in keys.items()}, "column")
        return keys


Records = Annotated[dict[RecordName, RecordSettings], Field(min_length=1), check_names(RecordSettings)]


def _explain_driver(name: str) -> str:
    """Say which drivers there are, and which one is for the same database."""
    of_database = next((own for own in DRIVERS if own.partition("+")[0] == name.partition("+")[0]), name)
    return f"the driver must be one of {', '.join(DRIVERS)}{suggest(of_database, DRIVERS, 'choose one')}"


class SqlSettings(ConnectorSettings):
    """A database and its records. `url` is an SQLAlchemy URL; it may hold a password, so it is never shown."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[str, Field(repr=False)]
    max_batch: Annotated[int, Field(ge=1, le=10_000)] = 500
    pool_size: Annotated[int, Field(ge=1, le=100)] = 5
    records: Records

    @field_validator("url")
    @classmethod
    def _known_driver(cls, value: str) -> str:
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            raise ValueError(
                "is no URL of SQLAlchemy; write one such as postgresql+asyncpg://user:password@host/database"
            ) from None
        if url.drivername not in DRIVERS:
            raise ValueError(_explain_driver(url.drivername))
        if url.get_driver_name() == "asyncmy" and find_spec("asyncmy") is None:
            raise ValueError("MySQL needs an extra; install customer-profile-gateway[mysql]")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError(
                "names no file, and a database in memory is another one for each connection; "
                "name a file, as in sqlite+aiosqlite:///shop.db"
            )
        try:
            url.get_dialect()().create_connect_args(url)
        except (ArgumentError, ValueError):  # they repeat what is written
            raise ValueError("has a part or an option that its driver cannot read; correct it, or take it out") from None
        return value
