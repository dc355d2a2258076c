"""Late parts of many objects at once."""

import asyncio
from typing import Any, cast

from graphql import GraphQLError

from gateway.context import RequestContext
from gateway.execution.deliveries import Deliveries
from gateway.execution.fields import NULLED, Column, Path, Run


class CountedError(GraphQLError):
    """Counts how often its place is looked at."""

    looks = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "path":
            CountedError.looks += 1
        return super().__getattribute__(name)


async def test_an_error_is_looked_at_once_however_many_objects_there_are():
    """Each object has its own errors, in their order; a part of many that all fail takes no time of their square."""
    paths: list[Path] = [("customers", place) for place in range(300)]

    async def fail(run: Run) -> Column:
        CountedError.looks = 0
        run.errors += [CountedError(name, path=[*path, name]) for path in paths for name in ("orders", "tickets")]
        CountedError.looks = 0
        return [{"orders": None, "tickets": None} for _ in paths]

    context = cast(RequestContext, None)
    deliveries, run = Deliveries(context), Run(context, cast(Any, None))
    deliveries.begin(run, [None], paths, fail)
    (part,) = await asyncio.wait_for(deliveries.wait_ready(), 10)
    assert CountedError.looks <= 2 * 2 * len(paths)
    for place, result in part.results:
        assert [error.path for error in result.errors or []] == [
            ["customers", place, "orders"],
            ["customers", place, "tickets"],
        ]
    assert [place for place, _ in part.results] == [*range(len(paths))]


async def test_what_stands_below_a_null_never_leaves():
    """Of two items of a list from its second on one became null, and of the other a field: what is late in them is dropped.

    So is what is late in that.
    """
    deliveries = Deliveries(cast(RequestContext, None))
    run = Run(cast(RequestContext, None), cast(Any, None))
    items: list[Path] = [("list", 1), ("list", 2), ("list", 3)]

    async def show(run: Run) -> Column:
        run.nulled = True
        deliveries.begin(run, ["in items"], items, show_items)
        deliveries.begin(run, ["in a field"], [(*items[2], "field")], show_field)
        return [[{"id": "1"}, None, {"id": "3", "field": None}]]

    async def show_items(run: Run) -> Column:
        deliveries.begin(run, ["in those"], [(*path, "late") for path in items], show_late)
        return [{"late": {}}, {"late": {}}, NULLED]

    async def show_late(run: Run) -> Column:
        return [{"found": path[1]} for path in items]

    async def show_field(run: Run) -> Column:
        return [{}]

    deliveries.begin(run, ["items"], [("list",)], show, starts=[1])
    left: list[tuple[str | None, Path, Any]] = []
    while parts := await asyncio.wait_for(deliveries.wait_ready(), 10):
        left += [(part.labels[0], part.paths[place], result.data) for part in parts for place, result in part.results]
    assert left == [
        ("items", ("list",), [{"id": "1"}, None, {"id": "3", "field": None}]),
        ("in items", ("list", 1), {"late": {}}),
        ("in items", ("list", 3), None),
        ("in those", ("list", 1, "late"), {"found": 1}),
    ]
