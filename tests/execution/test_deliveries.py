"""Late parts of many objects at once."""

import asyncio
from typing import Any, cast

from graphql import GraphQLError

from gateway.context import RequestContext
from gateway.execution.deliveries import Deliveries
from gateway.execution.fields import Column, Path, Run


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
