"""Define what `check` learns from a source by looking at its data: keys to try, and indexes that are missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

MIN_INDEXED_ROWS = 5_000
"""A table of fewer rows is read whole as fast as by an index, so nothing is said of it."""


class SampledKey(msgspec.Struct, frozen=True):
    """A key as the source has it: how many rows it finds, and of how many ids. Of more rows than ids, some come twice."""

    key: str
    rows: int
    ids: int


class Sample(msgspec.Struct, frozen=True):
    """Hold keys as the source has them.

    `unmapped` counts texts that no member of an enum is meant by, by the path of the field: those that the connector itself
    turns into `UNKNOWN`. Texts that it passes on as they are, the gateway counts.
    """

    keys: Sequence[SampledKey]
    unmapped: Mapping[str, Mapping[str, int]] = {}


SampleFunction = Callable[[int], Awaitable[Sample]]
"""Samples so many rows of a lookup at most, and gives their keys. It raises `SourceError` only."""


class MissingIndex(msgspec.Struct, frozen=True, kw_only=True):
    """A table that is read whole for each call, however few of its rows are asked for.

    `setting` is the part of the source's settings that asks so, such as `records.order.keys.email`. `statement` makes the
    index, None where the column is not known.
    """

    setting: str
    table: str
    statement: str | None


class PoolUsage(NamedTuple):
    """The connections of a connector: in use, kept idle, and the most that there may be."""

    used: int
    idle: int
    limit: int
