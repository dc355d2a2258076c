"""Define the fields of a plan, and those that need no source: projected, resolved and batched ones.

A failure costs its own field, with the path and the error that graphql-core would give.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from graphql import FieldNode, GraphQLError
from graphql.execution.values import VariableValues

from gateway.context import RequestContext
from gateway.execution.given_records import GivenRecords
from gateway.execution.located_errors import ErrorLocator
from gateway.execution.source_extension import Reported
from gateway.lru_cache import SharedList

if TYPE_CHECKING:
    from gateway.execution.deliveries import Deliveries, LatePart

Path = tuple[str | int, ...]
Column = list[Any]
"""What a field shows of each object, `NULLED` where that makes the object null."""

NULLED: Any = object()
"""Stands for what is null because a field below it that may not be null is."""


class Run(msgspec.Struct, eq=False):
    """One run of a plan: the request, its variables, the errors that it met, what was worked out for it once.

    `reports` says that somewhere in it the sources of customers are reported on; `reported` is what was shown of them. `given`
    counts the records that each priced field gave, where somebody wants to know. What fails and may not be null makes the
    object around it null, if it `propagates`. Late parts are begun in `deliveries`; `part` is the one that the run is of.
    """

    context: RequestContext
    variables: VariableValues
    reports: bool = False
    errors: list[GraphQLError] = []
    reported: list[Reported] = []
    known: dict[Any, Any] = {}
    nulled: bool = False
    propagates: bool = True
    deliveries: Deliveries | None = None
    part: LatePart | None = None
    given: GivenRecords | None = None


class Completion(Protocol):
    """Turn values that are not null into their form in the answer. Each may become `NULLED`.

    A completion that waits for nothing gives it at once, others something to wait for.
    """

    def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column | Awaitable[Column]: ...


async def complete(completion: Completion, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:
    """Wait for the result of a completion."""
    column = completion.complete(run, values, paths)
    return column if isinstance(column, list) else await column


class Field:
    """Define the interface of all kinds of fields.

    Each has its key in the answer, its place in the document, and whether it may be null. `place` is that among the priced
    fields of the operation, None for one that costs nothing.
    """

    place: int | None = None

    def __init__(self, name: str, key: str, nodes: list[FieldNode], *, nullable: bool) -> None:
        self.key = key
        self.name = name
        self._place = ErrorLocator(nodes)
        self._nullable = nullable

    def failed(self, run: Run, error: Exception, path: Path) -> Any:
        """Give the value in the answer for one that failed."""
        run.errors.append(self._place.failure(error, [*path, self.key]))
        return self.null(run)

    def count_given(self, run: Run, values: Sequence[Any]) -> None:
        """Count the records that the field gives."""
        if run.given is not None and self.place is not None:
            run.given.add(self.place, values)

    def null(self, run: Run) -> Any:
        if self._nullable or not run.propagates:
            return None
        run.nulled = True
        return NULLED

    def checked(self, run: Run, shown: Any, path: Path) -> Any:
        """Complete a value that is here and may be null."""
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


class ResolvedField(Field):
    """Show the value of a call that may wait."""

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
        (owner,), (path,) = objects, paths
        try:
            value = self._get(run, owner)
            if type(value) is CoroutineType or isawaitable(value):
                value = await value
        except Exception as error:  # noqa: BLE001  whatever a resolver raises costs its field
            value = error
        if value is not None and not isinstance(value, Exception):
            if run.given is not None:
                self.count_given(run, [value])
            column = self.completion.complete(run, [value], [(*path, self.key)])
            (value,) = column if isinstance(column, list) else await column
        return [self._placed(run, value, path)]

    async def _shown(self, run: Run, values: list[Any], paths: Sequence[Path]) -> Column:
        """Complete values, and report the exceptions in their places."""
        here = [place for place, value in enumerate(values) if value is not None and not isinstance(value, Exception)]
        if run.given is not None:
            self.count_given(run, [values[place] for place in here])
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
        """Load the value of each object, or the exception in its place."""
        values: list[Any] = []
        waiting: list[int] = []
        for owner in objects:
            try:
                value = self._get(run, owner)
            except Exception as error:  # noqa: BLE001  as above
                value = error
            if type(value) is CoroutineType or isawaitable(value):
                waiting.append(len(values))
            values.append(value)
        outcomes = await asyncio.gather(*(_outcome(values[place]) for place in waiting)) if waiting else []
        for place, value in zip(waiting, outcomes, strict=True):
            values[place] = value
        return values


class ReportingField(ResolvedField):
    """Show the sources of customers, and note them for the run."""

    async def column(self, run: Run, objects: Sequence[Any], paths: Sequence[Path]) -> Column:
        column = await super().column(run, objects, paths)
        run.reported += [
            Reported((*path, self.key), shown) for path, shown in zip(paths, column, strict=True) if shown is not NULLED
        ]
        return column


class BatchedField(ResolvedField):
    """Get the values of all objects at once. An error costs the field on each of them.

    `expect` is told, before the objects are found, which customers they will be. `look` gives what need not be waited for.
    """

    def __init__(
        self,
        *words: Any,
        expect: Callable[[Run, Sequence[str]], None],
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
