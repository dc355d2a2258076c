"""Define the database that runs statements, or reads files like one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import Executable, Select, literal_column, select, text

from connectors.errors import SourceError
from connectors.sql.query_failures import QueryFailure, explain_failure
from connectors.sql.query_plan import TableScan
from connectors.sql.search_ways import ColumnWay, SearchWay
from connectors.sql.subqueries import Columns, escaped


class SqlDatabase(ABC):
    """Connects on first use. Every method raises `SourceError` only."""

    has_trigrams: bool = False
    """Whether it can have indexes of trigrams."""
    setting: ClassVar[str]
    """The setting that says where it is."""
    advice: ClassVar[str]
    """What to do about a query that does not run, where nobody says why."""

    @abstractmethod
    def open(self) -> None:
        """Connections may be made, on first use."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connections and make no more."""

    @abstractmethod
    async def run(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Run one statement, and read its rows. A call that is cancelled leaves nothing to the next one."""

    async def run_by_index(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Run a statement that indexes are there for, whatever the database expects of it. As `run`."""
        return await self.run(statement, parameters)

    @abstractmethod
    async def columns(self, query: str) -> Columns:
        """Read a query's columns."""

    async def reads_whole(self, query: str, column: str) -> bool:  # noqa: ARG002  most do not
        """Tell whether a query is read whole when it is joined. That is however few its rows are."""
        return False

    async def finds_by_index(self, query: str, column: str, type_: str) -> bool:  # noqa: ARG002  asked where it is of use
        """Whether an index finds the rows of a key, and nothing else is read."""
        return False

    async def search_way(self, query: str, column: str) -> ColumnWay:  # noqa: ARG002  files are read whole in any case
        """Find how words in a column of a query are found. Raises `SourceError`."""
        return ColumnWay(SearchWay.SCAN)

    async def table_scans(self, query: str, column: str) -> Sequence[TableScan]:  # noqa: ARG002  files have no indexes
        """List the tables that are read whole to find the rows of a query by a column, however few they are."""
        return ()

    @abstractmethod
    async def unreachable(self) -> str | None:
        """Say why it cannot be reached, and the fix. None if it can."""

    def explain(self, error: SourceError, query: str) -> QueryFailure:
        """Explain why a query does not run: in the database's own words, or by the advice of its kind."""
        query = self.written(query)
        return explain_failure(error, query, self.statement(query)) or QueryFailure(error.note or str(error), self.advice)

    def written(self, query: str) -> str:
        """Give the part of a query that the user has written."""
        return query

    def statement(self, query: str) -> str:
        """Give the text of the statement that learns the columns of a query."""
        return query


def learning_statement(query: str) -> Select[Any]:
    """No rows, and all columns of a user's query."""
    own = text(escaped(query)).columns().subquery("learnt")
    return select(literal_column("*")).select_from(own).limit(0)
