"""Find large tables that lookups read whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from connectors.contract import Connector
from connectors.errors import SourceError
from connectors.inspection import MIN_INDEXED_ROWS, MissingIndex
from gateway.check.problems import Problem


async def find_missing_indexes(connectors: Sequence[Connector[Any]]) -> list[Problem]:
    """Name the index to make for each table that is read whole. A source that cannot say has none missing."""
    found = await asyncio.gather(*map(_ask, connectors))
    return [problem for problems in found for problem in problems]


async def _ask(connector: Connector[Any]) -> list[Problem]:
    try:
        missing = await connector.missing_indexes()
    except SourceError:
        return []  # why it does not answer, its check says
    return [_problem(connector.name, own) for own in missing]


def _problem(source: str, missing: MissingIndex) -> Problem:
    message = f"{missing.table} has more than {MIN_INDEXED_ROWS:,} rows, and each call reads all of them"
    fix = missing.statement or "make an index over what the rows are found by, or a table with that as a column"
    return Problem(None, None, f"sources.{source}.{missing.setting}", message, fix)
