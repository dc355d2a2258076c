"""Parts of an answer that leave when they are ready: of deferred fragments, and the later items of streamed lists.

A part is completed as all of a plan is, over the loaders and by the deadline of its request. It begins when its objects are
here, and leaves after the part that they are in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from graphql import ExecutionResult, GraphQLError

from connectors.toolkit.evaluation import encode_json
from gateway.context import RequestContext
from gateway.execution.fields import NULLED, Column, Path, Run
from gateway.execution.source_extension import Reported, add_reported

Owned = TypeVar("Owned", GraphQLError, Reported)

Labels = Sequence[str | None]
"""The labels of the fragments that a part is of."""


class LatePart(msgspec.Struct, eq=False):
    """A part that is under way, of one or several objects, or lists, each with its path.

    With `starts` it has items of lists, from these places on. `parent` is the part that its objects are in, None where they are
    in the first payload. `dropped` are the places of those that became null there. `results` are there once it has left.
    """

    labels: Labels
    paths: Sequence[Path]
    run: Run
    parent: LatePart | None
    work: asyncio.Task[Column]
    starts: Sequence[int] | None = None
    dropped: set[int] = set()
    results: list[tuple[int, ExecutionResult]] = []
    has_left: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it can leave now."""
        return self.work.done() and (self.parent is None or self.parent.has_left)


class Deliveries:
    """The late parts of one answer. `completions` are applied to the result of each object, `ends` run when all have left.

    `last_extensions` are what the last payload says beside its parts.
    """

    def __init__(self, context: RequestContext) -> None:
        self.completions: list[Callable[[ExecutionResult], None]] = []
        self.ends: list[Callable[[], None]] = []
        self.last_extensions: dict[str, Any] = {}
        self._context = context
        self._parts: list[LatePart] = []
        self._is_ended = False
        self.is_whole = False
        """Whether all parts had left when it was ended."""

    def begin(
        self,
        run: Run,
        labels: Labels,
        paths: Sequence[Path],
        complete: Callable[[Run], Awaitable[Column]],
        starts: Sequence[int] | None = None,
    ) -> None:
        """Begin a part of objects at these paths, which a run of its own completes."""
        own = Run(run.context, run.variables, run.reports, known=run.known, given=run.given, propagates=run.propagates)
        own.deliveries = self
        work = asyncio.create_task(_completed(own, paths, complete))
        part = own.part = LatePart(labels, paths, own, run.part, work, starts)
        self._parts.append(part)

    def list_parts(self, parent: LatePart | None = None) -> list[LatePart]:
        """List the parts that are of objects in the first payload, or in another part."""
        return [part for part in self._parts if part.parent is parent]

    @property
    def has_more(self) -> bool:
        """Whether a part has not left yet."""
        return bool(self._parts)

    async def wait_ready(self) -> list[LatePart]:
        """Wait for the next parts that can leave: all that are ready in one turn of the loop. None where there are none."""
        while self._parts:
            await asyncio.sleep(0)
            if ready := [*self._take_ready()]:
                return ready
            if waiting := [part.work for part in self._parts if not part.work.done()]:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return []

    def drop_nulled(self, parent: LatePart | None, shown: Mapping[Path, Any], depth: int = 0, start: int = 0) -> None:
        """Drop parts of objects below a null.

        `shown` is what the objects of the parent show, by their paths of so many steps, or their lists from `start` on.
        """
        decoded = {path: None if data is None else msgspec.json.decode(encode_json(data)) for path, data in shown.items()}
        for part in self.list_parts(parent):
            for place, path in enumerate(part.paths):
                if not _is_there(decoded.get(path[:depth]), path[depth:], start):
                    part.dropped.add(place)
            if len(part.dropped) == len(part.paths):
                self._drop(part)

    def end(self) -> None:
        """End what is under way, and settle what the answer cost. It may be called again."""
        if self._is_ended:
            return
        self._is_ended = True
        self.is_whole = not self._parts
        if any(not part.work.done() for part in self._parts):
            self._context.stitcher.leave()
        while self._parts:
            self._drop(self._parts[0])
        for settle in self.ends:
            settle()

    def _take_ready(self) -> Iterator[LatePart]:
        """Take parts in an order in which they may leave: a part, then those in it."""
        while (part := next((part for part in self._parts if part.is_ready), None)) is not None:
            self._parts.remove(part)
            self._read(part)
            part.has_left = True
            yield part

    def _read(self, part: LatePart) -> None:
        """Make the results of a part: one for each object, with its own errors and reports."""
        column, run = part.work.result(), part.run
        depth = len(part.paths[0])  # of all its objects, which one field of the plan shows
        errors = _group_below(run.errors, depth)
        reported = _group_below(run.reported, depth)
        for place, (value, path) in enumerate(zip(column, part.paths, strict=True)):
            if place in part.dropped:
                continue
            data = None if value is NULLED else value
            result = ExecutionResult(data, errors.get(path))
            add_reported(result, reported.get(path, ()))
            for complete in self.completions:
                complete(result)
            part.results.append((place, result))
        if (run.nulled or part.dropped) and self.list_parts(part):
            shown = {part.paths[place]: result.data for place, result in part.results}
            self.drop_nulled(part, shown, depth, 0 if part.starts is None else part.starts[0])

    def _drop(self, part: LatePart) -> None:
        for inner in self.list_parts(part):
            self._drop(inner)
        part.work.cancel()
        self._parts.remove(part)


class IncrementalResult(ExecutionResult):
    """The first payload of an answer that has late parts."""

    __slots__ = ("deliveries",)

    def __init__(self, data: Any, errors: list[GraphQLError] | None, deliveries: Deliveries) -> None:
        super().__init__(data, errors)
        self.deliveries = deliveries


async def _completed(run: Run, paths: Sequence[Path], complete: Callable[[Run], Awaitable[Column]]) -> Column:
    """Complete a part. What is raised by mistake costs this part alone."""
    try:
        return await complete(run)
    except Exception as error:  # noqa: BLE001  the answer says it, and its log has it
        run.errors += [GraphQLError("", path=[*path], original_error=error) for path in paths]
        return [NULLED] * len(paths)


def _group_below(owned: Iterable[Owned], depth: int) -> dict[Path, list[Owned]]:
    """Group errors or reports by the object that they are of. Each is looked at once, however many objects there are."""
    groups: dict[Path, list[Owned]] = {}
    for one in owned:
        groups.setdefault(tuple(one.path or ())[:depth], []).append(one)
    return groups


def _is_there(data: Any, path: Path, start: int) -> bool:
    """Tell whether no null stands on a path. A list at its begin has items from `start` on."""
    for number, step in enumerate(path):
        if data is None:
            return False
        if isinstance(step, int):
            step -= 0 if number else start
        data = data[step] if isinstance(step, int) or step in data else None
    return data is not None
