"""`extensions.sources`: what an answer says of the sources of its customers, by path, for clients that keep objects by id."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from graphql import ExecutionResult

EXTENSION = "sources"


class Reported(msgspec.Struct):
    """Hold the sources of a customer that one field shows."""

    path: Any  # steps of str and int; two paths part at steps of one type, so they can be sorted
    sources: Any


def reported_at(data: Any, paths: Iterable[Sequence[str | int]]) -> list[Reported]:
    """Look up the sources that an answer shows at paths. Nulls there, or above, are left out."""
    reports = [Reported(path, _value_at(data, path)) for path in paths]
    return [report for report in reports if report.sources is not None]


def add_reported(result: ExecutionResult, reported: Iterable[Reported]) -> None:
    """Add the sources to the result's extensions, in order of paths."""
    if said := sorted(reported, key=lambda report: report.path):
        result.extensions = {**(result.extensions or {}), EXTENSION: said}


def _value_at(data: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        if data is None:
            return None
        data = data[step]
    return data
