"""Complete objects that reach sources, a list at a time. So all that their fields ask for leaves together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from graphql import FieldNode

from connectors.toolkit.evaluation import encode_json
from connectors.toolkit.loop_turns import Turn
from gateway.execution.deliveries import Deliveries, Labels
from gateway.execution.fields import (
    NULLED,
    BatchedField,
    Column,
    Completion,
    Field,
    Path,
    ProjectedField,
    ResolvedField,
    Run,
    complete,
)
from gateway.execution.located_errors import ErrorLocator
from gateway.execution.source_fields import RecordListField
from gateway.lru_cache import SharedList
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_lists import load_lists
from gateway.stitching.source_router import RoutedAsk

MAX_CACHED_FORMS = 8
"""In how many ways a value is remembered."""


class LeafCompletion:
    """Completes values that are here by one function."""

    def __init__(self, show: Callable[[Any], Any]) -> None:
        self.show = show

    def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:  # noqa: ARG002
        try:
            return [self.show(value) for value in values]
        except Exception:  # noqa: BLE001  one by one, so that it costs its own value only
            return [self._alone(value) for value in values]

    def _alone(self, value: Any) -> Any:
        try:
            return self.show(value)
        except Exception as error:  # noqa: BLE001  the field that gave the value places it
            return error


class CachedCompletion(LeafCompletion):
    """Complete as `LeafCompletion`, and encode a value that requests share once."""

    def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:
        column = [value.shown.get(self) if type(value) is SharedList else None for value in values]
        if None not in column:
            return column
        return [self._kept(value, shown) for value, shown in zip(values, super().complete(run, values, paths), strict=True)]

    def _kept(self, value: Any, shown: Any) -> Any:
        if type(value) is not SharedList or isinstance(shown, Exception) or len(value.shown) >= MAX_CACHED_FORMS:
            return shown
        shown = value.shown[self] = msgspec.Raw(encode_json(shown))
        return shown


class ObjectCompletion:
    """Completes live objects of one type.

    `assemble` puts an object together from itself and what its fields that are not projected show, in the order of `others`;
    `one_by_one` does so from a list of all its fields' values. `only` is the only one of `others`, where it is resolved.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        assemble: Callable[[Any, Sequence[Any]], Any],
        one_by_one: Callable[..., Any],
    ) -> None:
        self.fields = fields
        self._assemble = assemble
        self._one_by_one = one_by_one
        self.list_fields = [field for field in fields if isinstance(field, RecordListField)]
        self._resolved = [field for field in fields if isinstance(field, ResolvedField)]
        self.early = [field for field in fields if isinstance(field, RecordListField | BatchedField)]
        self._others = [field for field in fields if not isinstance(field, ProjectedField)]
        self.only = self._resolved[0] if len(self._resolved) == len(self._others) == 1 else None
        self.deferred: Sequence[tuple[Labels, ObjectCompletion]] = ()
        """The parts that leave later, where a request wants them."""

    def defer(self, parts: Sequence[tuple[Labels, ObjectCompletion]]) -> None:
        """Have parts of the objects leave later. What they ask for by ids alone is asked for as early."""
        self.deferred, self.only = parts, None
        self.early += [field for _, part in parts for field in part.early]

    def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column | Awaitable[Column]:
        if self.deferred and run.deliveries is not None:
            for labels, part in self.deferred:
                run.deliveries.begin(run, labels, paths, partial(_complete_late, part, values, paths))
        if self._others:
            return self._completed(run, values, paths)
        return self.assembled(run, values, paths, [()] * len(values))

    async def _completed(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:
        if self.only is None:
            rows: list[Sequence[Any]] = [*zip(*await self._columns(run, values, paths), strict=True)]
        else:
            column = self.only.at_hand(run, values) or await self.only.column(run, values, paths)
            rows = [column] if len(column) == 1 else [(shown,) for shown in column]
        return self.assembled(run, values, paths, rows)

    def assembled(self, run: Run, values: Sequence[Any], paths: Sequence[Path], rows: Sequence[Sequence[Any]]) -> Column:
        """Assemble each object from the row of its values."""
        if not run.nulled:
            try:
                return [*map(self._assemble, values, rows)] if len(values) > 1 else [self._assemble(values[0], rows[0])]
            except Exception:  # noqa: BLE001  one by one, so that it costs its own field only
                if len(values) == 1:
                    return [self._field_by_field(run, values[0], paths[0], rows[0])]
        return [self._one_assembled(run, value, path, row) for value, path, row in zip(values, paths, rows, strict=True)]

    async def _columns(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> list[Column]:
        """Complete all fields that are not projected, in the order of `others`."""
        if not self._resolved:
            return await self._list(run, values, paths)
        by_field: dict[Field, Column] = {
            field: column for field in self._resolved if (column := field.at_hand(run, values)) is not None
        }
        waiting = [field for field in self._resolved if field not in by_field]
        if waiting:
            columns = [field.column(run, values, paths) for field in waiting]
            *completed, listed = await asyncio.gather(*columns, self._list(run, values, paths))
            by_field.update(zip(waiting, completed, strict=True))
        else:
            listed = await self._list(run, values, paths)
        by_field.update(zip(self.list_fields, listed, strict=True))
        return [by_field[field] for field in self._others]

    async def _list(self, run: Run, customers: Sequence[StitchedCustomer], paths: Sequence[Path]) -> list[Column]:
        if not self.list_fields:
            return []
        asks = [field.asked_or_error(run) for field in self.list_fields]
        loaded = iter(await load_lists([ask for ask in asks if isinstance(ask, RoutedAsk)], customers, reports=run.reports))
        lists = [next(loaded) if isinstance(ask, RoutedAsk) else ask for ask in asks]
        if len(lists) == 1:
            return [await self.list_fields[0].column(run, lists[0], paths)]
        columns, turn = list[Column](), Turn()
        for field, own in zip(self.list_fields, lists, strict=True):
            columns.append(await field.column(run, own, paths))
            await turn.end_if_long()
        return columns

    def _one_assembled(self, run: Run, value: Any, path: Path, row: Sequence[Any]) -> Any:
        if run.nulled and any(value is NULLED for value in row):
            return NULLED
        try:
            return self._assemble(value, row)
        except Exception:  # noqa: BLE001  the field that raised it is found
            return self._field_by_field(run, value, path, row)

    def _field_by_field(self, run: Run, value: Any, path: Path, row: Sequence[Any]) -> Any:
        others = iter(row)
        shown = [field.alone(run, value, path) if isinstance(field, ProjectedField) else next(others) for field in self.fields]
        return NULLED if any(value is NULLED for value in shown) else self._one_by_one(*shown)


class ListCompletion:
    """Completes lists, all of their objects together. An exception in a list is an error in its place."""

    def __init__(
        self, inner: Completion, nodes: list[FieldNode], *, nullable: bool, streamed: tuple[str | None, int] | None = None
    ) -> None:
        """`streamed` are the label of a list whose items leave later, and how many of them do not."""
        self.inner = inner
        self._streamed = streamed
        self._place = ErrorLocator(nodes)
        self._nullable = nullable

    async def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:
        lists = [[*value] for value in values]
        if self._streamed is not None and run.deliveries is not None:
            self._stream(run, run.deliveries, lists, paths, *self._streamed)
        return await self._completed(run, lists, paths, [0] * len(lists))

    def _stream(
        self, run: Run, deliveries: Deliveries, lists: list[list[Any]], paths: Sequence[Path], label: str | None, count: int
    ) -> None:
        """Leave the first items in the lists, and begin a part of the others."""
        places = [place for place, items in enumerate(lists) if len(items) > count]
        if not places:
            return
        rest, starts = [lists[place][count:] for place in places], [count] * len(places)
        own = [paths[place] for place in places]
        for place in places:
            del lists[place][count:]
        deliveries.begin(run, [label], own, partial(self._completed, lists=rest, paths=own, starts=starts), starts)

    async def _completed(self, run: Run, lists: Sequence[list[Any]], paths: Sequence[Path], starts: Sequence[int]) -> Column:
        here: list[Any] = []
        inner: list[Path] = []
        for items, path, start in zip(lists, paths, starts, strict=True):
            if not _has_gaps(items):
                here += items
                inner += [(*path, place) for place in range(start, start + len(items))]
                continue
            for index, item in enumerate(items):
                place = start + index
                if isinstance(item, Exception):
                    run.errors.append(self._place.failure(item, [*path, place]))
                    items[index] = NULLED
                elif item is not None:
                    here.append(item)
                    inner.append((*path, place))
        completed = iter(await complete(self.inner, run, here, inner) if here else ())
        return [
            self._checked(run, [item if item is None or item is NULLED else next(completed) for item in items])
            for items in lists
        ]

    def _checked(self, run: Run, shown: list[Any]) -> Any:
        if NULLED not in shown:
            return shown
        if self._nullable or not run.propagates:
            return [None if item is NULLED else item for item in shown]
        run.nulled = True
        return NULLED


class AbstractCompletion:
    """Completes objects of several types, each by the completion of its own."""

    def __init__(self, possible: Sequence[tuple[Callable[[Any], bool], Completion]]) -> None:
        self.possible = possible

    async def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:
        shown: Column = [None] * len(values)
        for is_one, completion in self.possible:
            places = [place for place, value in enumerate(values) if is_one(value)]
            if places:
                own, their = [values[place] for place in places], [paths[place] for place in places]
                for place, item in zip(places, await complete(completion, run, own, their), strict=True):
                    shown[place] = item
        return shown


async def _complete_late(completion: ObjectCompletion, values: Sequence[Any], paths: Sequence[Path], run: Run) -> Column:
    return await complete(completion, run, values, paths)


def cache_completion(completion: Completion) -> Completion:
    """Cache the completion where all its values are shared ones."""
    return CachedCompletion(completion.show) if isinstance(completion, LeafCompletion) else completion


def _has_gaps(items: Sequence[Any]) -> bool:
    """Tell whether a list has nulls or exceptions in it."""
    return any(kind is type(None) or issubclass(kind, Exception) for kind in set(map(type, items)))
