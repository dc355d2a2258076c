"""The fields of objects that reach sources: how each is had for a list of objects, and what it shows of them.

A field is *settled* (an expression over what is here), a *listing* (records that the customer's keys find: the lookups of all
customers and all listings start in one turn) or *resolved* (by a call, which may wait). A failure costs its own field, with the
path and the error that graphql-core would give.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from itertools import chain, pairwise
from types import CoroutineType
from typing import Any, Protocol

import msgspec
from graphql import FieldNode, GraphQLError
from graphql.execution.values import VariableValues

from connectors.records import Record
from connectors.toolkit.evaluation import json_hook
from connectors.toolkit.loop_turns import Turn
from gateway.context import RequestContext
from gateway.execution.arguments import Arguments
from gateway.execution.field_metadata import CustomerFinder, RecordList
from gateway.execution.located_errors import ErrorLocator
from gateway.execution.source_extension import Reported
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending import PendingKeys
from gateway.lru_cache import SegmentedLru, SharedList
from gateway.stitching.customer import StitchedCustomer, merge_outcomes, page_of_one
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import RoutedAsk, SourceRouter

Path = tuple[str | int, ...]
Column = list[Any]
"""What a field shows of each object, `NULLED` where that makes the object null."""

NULLED: Any = object()
"""Stands for what is null because a field below it that may not be null is."""

MAX_ASKS = 128
_encode = msgspec.json.Encoder(enc_hook=json_hook).encode

MAX_TURN_RECORDS = 500
"""How many records are shown in one turn of the loop, about; a turn then takes a few milliseconds."""


class Run(msgspec.Struct, eq=False):
    """One run of a plan: the request, its variables, the errors that it met, what was worked out for it once.

    `reports` says that somewhere in it the sources of customers are reported on; `reported` is what was shown of them.
    """

    context: RequestContext
    variables: VariableValues
    reports: bool = False
    errors: list[GraphQLError] = []
    reported: list[Reported] = []
    known: dict[Any, Any] = {}
    nulled: bool = False


class Completion(Protocol):
    """Turns values, none of them null, into what the answer shows of them, each `NULLED` or not.

    A completion that waits for nothing gives it at once, others something to wait for.
    """

    def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column | Awaitable[Column]: ...


async def complete(completion: Completion, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:
    """What a completion gives, waited for."""
    column = completion.complete(run, values, paths)
    return column if isinstance(column, list) else await column


class Field:
    """What all kinds of fields have: the key in the answer, where it stands in the document, whether it may be null."""

    def __init__(self, name: str, key: str, nodes: list[FieldNode], *, nullable: bool) -> None:
        self.key = key
        self.name = name
        self._place = ErrorLocator(nodes)
        self._nullable = nullable

    def failed(self, run: Run, error: Exception, path: Path) -> Any:
        """What is shown in place of a value that could not be had."""
        run.errors.append(self._place.failure(error, [*path, self.key]))
        return self.null(run)

    def null(self, run: Run) -> Any:
        if self._nullable:
            return None
        run.nulled = True
        return NULLED

    def checked(self, run: Run, shown: Any, path: Path) -> Any:
        """What is shown of a value that is here and may be null."""
        if shown is None and not self._nullable:
            return self.failed(run, TypeError(f"Cannot return null for non-nullable field {self.name}."), path)
        return self.null(run) if shown is NULLED else shown


class ProjectedField(Field):
    """A field that is an expression. `make_alone` makes its function, for when another field's failure must not cost it."""

    def __init__(
        self, name: str, key: str, nodes: list[FieldNode], *, nullable: bool, make_alone: Callable[[], Callable[[Any], Any]]
    ) -> None:
        super().__init__(name, key, nodes, nullable=nullable)
        self._make_alone = make_alone

    def alone(self, run: Run, value: Any, path: Path) -> Any:
        try:
            return self.checked(run, self._make_alone()(value), path)
        except Exception as error:  # noqa: BLE001  whatever an attribute raises costs its field
            return self.failed(run, error, path)


class RecordListField(Field):
    """A field that gives records which the customer's keys find."""

    def __init__(
        self,
        name: str,
        key: str,
        nodes: list[FieldNode],
        lists: RecordList,
        selection: Selection,
        arguments: Arguments,
        show: Callable[[Any], Any],
        show_found: Callable[[Found], Any] | None,
    ) -> None:
        super().__init__(name, key, nodes, nullable=True)
        self._lists = lists
        self._selection = selection
        self._arguments = arguments
        self._show = show
        self._show_found = show_found
        self._asks: SegmentedLru[Any, RoutedAsk] = SegmentedLru(MAX_ASKS)
        self._always: tuple[SourceRouter, RoutedAsk] | None = None

    def asked(self, run: Run) -> RoutedAsk:
        """What the arguments ask of sources: the same object for the same arguments, so that requests share it.

        Raises `InvalidArgumentError`.
        """
        directory = run.context.services.directory
        if self._always is not None and self._always[0] is directory:
            return self._always[1]
        coerced = run.variables.coerced
        name = (directory, *[coerced.get(one, NULLED) for one in self._arguments.names])
        try:
            found = self._asks.get(name)
        except TypeError:  # a list cannot be remembered by
            found, name = None, None  # type: ignore[assignment]
        if found is None:
            words = self._arguments.words(run.variables)
            found = directory.asked(self._lists.record, self._lists.ask(self._selection, **words))
            if not self._arguments.names:
                self._always = directory, found
            elif name is not None:
                self._asks.put(name, found)
        return found

    def enter(self, run: Run, customers: Sequence[StitchedCustomer], parts: list[PendingKeys | Failed]) -> Any:
        """Have the records asked for, adding to `parts`; gives what `shown` needs later."""
        try:
            asked = self.asked(run)
        except Exception as error:  # noqa: BLE001  a bad argument costs this field
            return error
        bounds = [len(parts)]
        if asked.by_id is not None:
            parts.append(customers[0].loaders.enter(*asked.by_id, [customer.id for customer in customers]))
            if run.reports:
                for customer in customers:
                    customer.reports.begin()
        else:
            for customer in customers:
                parts += customer.enter(asked)
                bounds.append(len(parts))
        return asked, bounds

    async def column(
        self,
        run: Run,
        customers: Sequence[StitchedCustomer],
        paths: Sequence[Path],
        entered: Any,
        outcomes: Sequence[Sequence[Outcome]],
    ) -> Column:
        """The records of each customer, by the outcomes of all parts. Many give way to other requests between them."""
        if isinstance(entered, Exception):
            return [self.failed(run, entered, path) for path in paths]
        asked, bounds = entered
        of_each: Sequence[Sequence[Outcome]]
        if asked.by_id is None:
            of_each = [[*chain.from_iterable(outcomes[start:end])] for start, end in pairwise(bounds)]
        else:
            of_each = outcomes[bounds[0]]
        parts = 1 if asked.by_id is not None else max(map(len, of_each))
        step = max(1, MAX_TURN_RECORDS // max(1, parts * (asked.ask.first or 1)))
        if len(customers) <= step:
            return self._shown(run, customers, paths, asked, of_each)
        column: Column = []
        turn = Turn()
        for start in range(0, len(customers), step):
            some = slice(start, start + step)
            shown = self._shown(run, customers[some], paths[some], asked, of_each[some])
            # Written here, in parts: all at once, 20,000 records hold the loop for 8 ms at the end.
            column += [one if one is None or one is NULLED else msgspec.Raw(_encode(one)) for one in shown]
            await turn.end()
        return column

    def _shown(
        self, run: Run, customers: Sequence[StitchedCustomer], paths: Sequence[Path], asked: RoutedAsk, of_each: Sequence[Any]
    ) -> Column:
        """What is shown of the records of each customer, by its outcomes: a list of them, or the only one there can be."""
        if asked.by_id is not None:
            found = of_each
            if not run.reports and {Found}.issuperset(map(type, found)):
                try:
                    if self._show_found is not None:
                        return [*map(self._show_found, found)]
                    return [self._show(page_of_one(asked, one)) for one in found]
                except Exception:  # noqa: BLE001, S110  one by one, so that it costs its own customer only
                    pass
            of_each = [(one,) for one in found]
        column: Column = []
        for customer, own, path in zip(customers, of_each, paths, strict=True):
            try:
                listing = customer.listed(asked, own) if run.reports or asked.by_id is None else merge_outcomes(asked, own)
                column.append(None if listing is None else self._show(listing))
            except Exception as error:  # noqa: BLE001  whatever is raised costs this field
                column.append(self.failed(run, error, path))
        return column

    @property
    def asks_for(self) -> tuple[type[Record], Selection]:
        return self._lists.record, self._selection


class ResolvedField(Field):
    """A field whose value is had by a call, which may wait."""

    def __init__(
        self,
        name: str,
        key: str,
        nodes: list[FieldNode],
        *,
        nullable: bool,
        get: Callable[[Run, Any], Any],
        completion: Completion,
    ) -> None:
        super().__init__(name, key, nodes, nullable=nullable)
        self._get = get
        self.completion = completion

    def at_hand(self, run: Run, objects: Sequence[Any]) -> Column | None:  # noqa: ARG002
        """The column, where all of it is known already."""
        return None

    async def column(self, run: Run, objects: Sequence[Any], paths: Sequence[Path]) -> Column:
        if len(objects) != 1:
            return await self._shown(run, await self._values(run, objects), paths)
        # Most often there is one, the query or its customer: no more is called for it than has to be.
        (one,), (path,) = objects, paths
        try:
            value = self._get(run, one)
            if type(value) is CoroutineType or isawaitable(value):
                value = await value
        except Exception as error:  # noqa: BLE001  whatever a resolver raises costs its field
            value = error
        if value is not None and not isinstance(value, Exception):
            column = self.completion.complete(run, [value], [(*path, self.key)])
            (value,) = column if isinstance(column, list) else await column
        return [self._placed(run, value, path)]

    async def _shown(self, run: Run, values: list[Any], paths: Sequence[Path]) -> Column:
        """What is shown of values, or of the exceptions in their places."""
        here = [place for place, value in enumerate(values) if value is not None and not isinstance(value, Exception)]
        inner = [(*paths[place], self.key) for place in here]
        column = await complete(self.completion, run, [values[place] for place in here], inner) if here else []
        for place, value in zip(here, column, strict=True):
            values[place] = value
        return [self._placed(run, value, path) for value, path in zip(values, paths, strict=True)]

    def _placed(self, run: Run, value: Any, path: Path) -> Any:
        if value is None or value is NULLED:
            return self.checked(run, value, path)
        return self.failed(run, value, path) if isinstance(value, Exception) else value

    async def _values(self, run: Run, objects: Sequence[Any]) -> list[Any]:
        """The value of each object, or the exception in its place."""
        values: list[Any] = []
        waiting: list[int] = []
        for one in objects:
            try:
                value = self._get(run, one)
            except Exception as error:  # noqa: BLE001  as above
                value = error
            if type(value) is CoroutineType or isawaitable(value):
                waiting.append(len(values))
            values.append(value)
        found = await asyncio.gather(*(_outcome(values[place]) for place in waiting)) if waiting else []
        for place, value in zip(waiting, found, strict=True):
            values[place] = value
        return values


class ReportingField(ResolvedField):
    """A resolved field that shows the sources of customers, and notes for the run what it showed."""

    async def column(self, run: Run, objects: Sequence[Any], paths: Sequence[Path]) -> Column:
        column = await super().column(run, objects, paths)
        run.reported += [
            Reported((*path, self.key), shown) for path, shown in zip(paths, column, strict=True) if shown is not NULLED
        ]
        return column


class BatchedField(ResolvedField):
    """A resolved field whose `get` gives the values of all objects at once; what it raises costs the field on each of them.

    `expect` is told, before the objects are found, which customers they will be. `look` gives what need not be waited for.
    """

    def __init__(
        self,
        *words: Any,
        expect: Callable[[RequestContext, Sequence[str]], None],
        look: Callable[[Run, Sequence[Any]], Sequence[SharedList[Any]] | None] | None,
        **more: Any,
    ) -> None:
        super().__init__(*words, **more)
        self.expect = expect
        self._look = look

    def at_hand(self, run: Run, objects: Sequence[Any]) -> Column | None:
        if self._look is None:
            return None
        try:
            values = self._look(run, objects)
        except Exception:  # noqa: BLE001  raised again, and placed, where the values are waited for
            return None
        if values is None:
            return None
        column = [value.shown.get(self.completion) for value in values]
        return None if None in column else column

    async def column(self, run: Run, objects: Sequence[Any], paths: Sequence[Path]) -> Column:
        try:
            values = [*await self._get(run, objects)]
        except Exception as error:  # noqa: BLE001  whatever it raises costs this field
            values = [error] * len(objects)
        return await self._shown(run, values, paths)


async def _outcome(waiting: Any) -> Any:
    try:
        return await waiting
    except Exception as error:  # noqa: BLE001  as above
        return error


class CustomerField:
    """Finds the customers of a field. What its arguments name by id has its fields asked for in the same turn."""

    def __init__(
        self,
        finds: CustomerFinder,
        selection: Selection,
        arguments: Arguments,
        fields: Sequence[RecordListField | BatchedField],
    ) -> None:
        self._finds = finds
        self._selection = selection
        self._arguments = arguments
        self._fields = fields

    def __call__(self, run: Run, _source: Any) -> Any:
        words = self._arguments.words(run.variables)
        stitcher = run.context.stitcher
        ids = stitcher.own_ids(self._finds.ids(**words)) if self._fields else ()
        if ids:
            asked = []
            for field in self._fields:
                if isinstance(field, BatchedField):
                    field.expect(run.context, ids)
                    continue
                try:
                    asked.append(field.asked(run))
                except Exception:  # noqa: BLE001, S112  raised again, and placed, where the listing is
                    continue
            stitcher.prefetch(ids, asked)
        return self._finds.find(stitcher, self._selection, **words)
