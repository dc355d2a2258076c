"""Write users' queries as subqueries of a statement, and find their columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import FromClause, Select, Subquery, TextualSelect, select, text

from connectors.errors import SourceProtocolError
from connectors.sql.dialect import Dialect, Expression
from connectors.toolkit.ratings import RATING, Scale

Columns = Mapping[str, Any]
"""The columns of a query, each with what the driver says of its type."""


def escaped(query: str) -> str:
    """Escape a user's query for `text()`, where a colon begins a parameter."""
    return query.replace(":", "\\:")


def as_subquery(dialect: Dialect, query: str, columns: Columns, name: str) -> Subquery:
    """Write a user's query out as part of a statement.

    Databases bring keys into it there. In a common table expression that is used twice, SQLite and MySQL do not.
    """
    own: TextualSelect | Select[Any] = text(escaped(query)).columns(
        *(dialect.column(name, code) for name, code in columns.items())
    )
    if any(name != known(name, columns) for name in columns):
        own = select(*(column.label(known(column.name, columns)) for column in own.subquery().c))
    return own.subquery(f"gateway_{name}")


def rated(dialect: Dialect, source: Subquery, scale: Scale) -> Subquery:
    """Select a record's rows, with ratings on its own scale."""
    columns = (dialect.rating(column, scale).label(RATING) if column.name == RATING else column for column in source.c)
    return select(*columns).subquery(source.name)


def known(name: str, columns: Collection[str]) -> str:
    """Name a column for look-ups: in lower case, unless several differ in nothing else."""
    return name.lower() if [own.lower() for own in columns].count(name.lower()) == 1 else name


def required(table: FromClause, name: str) -> Expression:
    """Find a column that a query must have. Raises `SourceProtocolError` where there is none."""
    column = table.c.get(name, table.c.get(name.lower()))
    if column is None:
        raise SourceProtocolError(f"a query has no column {name}")
    return column
