"""One plan per operation: what graphql-core would do, worked out once.

A plan is a tree of completions whose leaves are generated code. `planner` makes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from graphql import ExecutionResult
from graphql.execution.values import VariableValues

from connectors.toolkit.evaluation import encode_json
from gateway.context import RequestContext, Selections
from gateway.documents.error_behavior import ErrorBehavior
from gateway.execution.completion import ObjectCompletion
from gateway.execution.cost import CostModel
from gateway.execution.deliveries import Deliveries, IncrementalResult
from gateway.execution.field_visibility import WithheldFields
from gateway.execution.fields import NULLED, Run, complete
from gateway.execution.given_records import GivenRecords
from gateway.execution.source_extension import Reported, add_reported, reported_at

_NULL = ErrorBehavior.NULL


class Plan:
    """A compiled operation.

    `sources` are the generated functions, for people to read; `token_count` says how large the operation was, `cost` what
    it costs. `reports` says
    that one of its fields reports on the sources of customers. `withheld` tells of what its caller does not see.
    """

    def __init__(
        self,
        root: ObjectCompletion,
        sources: Sequence[str],
        token_count: int,
        cost: CostModel,
        *,
        reports: bool,
        withheld: WithheldFields | None = None,
        is_incremental: bool = False,
    ) -> None:
        self.root = root
        self.sources = sources
        self.token_count = token_count
        self.cost = cost
        self._reports = reports
        self._withheld = withheld
        self._is_incremental = is_incremental
        self._selections: Selections = {}

    async def run(
        self, context: RequestContext, variables: VariableValues, given: GivenRecords | None = None
    ) -> ExecutionResult:
        """Run for one request. The data is a struct that encodes to the answer. What is `given` is counted."""
        context.selections = self._selections
        run = Run(context, variables, self._reports, given=given)
        if context.error_behavior is _NULL:
            run.propagates = False
        if self._is_incremental:
            return await self._run_incrementally(run)
        root, only = self.root, self.root.only
        try:
            if only is None:
                (data,) = await complete(root, run, [None], [()])
            else:  # as most queries are: what its field shows is all that is to be put together
                (data,) = root.assembled(run, [None], [()], [await only.column(run, [None], [()])])
        except asyncio.CancelledError:
            context.stitcher.leave()
            raise
        if self._withheld is None and not run.errors and not run.reported:  # a call less, which is 0.3 % of the smallest query
            return ExecutionResult(None if data is NULLED else data, None)
        return self._complete_result(run, ExecutionResult(None if data is NULLED else data, None))

    async def _run_incrementally(self, run: Run) -> ExecutionResult:
        """Run with parts that leave later, if any are begun."""
        deliveries = run.deliveries = Deliveries(run.context)
        try:
            (data,) = await complete(self.root, run, [None], [()])
        except asyncio.CancelledError:
            deliveries.end()
            run.context.stitcher.leave()
            raise
        data = None if data is NULLED else data
        if run.nulled:
            deliveries.drop_nulled(None, {(): data})
        if not deliveries.has_more:
            return self._complete_result(run, ExecutionResult(data, None))
        return self._complete_result(run, IncrementalResult(data, None, deliveries))

    def _complete_result(self, run: Run, result: ExecutionResult) -> ExecutionResult:
        """Add errors, and what is told beside the data."""
        if self._withheld is not None:
            run.errors += self._withheld.errors()
        result.errors = run.errors or None
        if run.reported:
            add_reported(result, _reported(run, result.data))
        return result


def _reported(run: Run, data: Any) -> list[Reported]:
    """List the sources that were shown. Left out is what is null because of a field beside or below it."""
    if not run.nulled:
        return run.reported
    return reported_at(msgspec.json.decode(encode_json(data)), [report.path for report in run.reported])
