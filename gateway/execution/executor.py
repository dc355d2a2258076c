"""Run a prepared operation: as a plan, or on graphql-core where no plan can."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from functools import lru_cache, partial
from inspect import isawaitable
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute
from graphql.execution.values import VariableValues
from strawberry import Schema

from gateway.clock import Clock
from gateway.context import RequestContext
from gateway.errors import QueryTooExpensiveError
from gateway.execution.collect_fields import FieldCollector, deciding_variables, fragments_of
from gateway.execution.cost import max_records, sizes_of, sizing_variables
from gateway.execution.field_visibility import WithheldFields, restrict_resolver
from gateway.execution.plan import Plan
from gateway.execution.planner import UnplannedError, compile_plan
from gateway.execution.schema_types import core_schema
from gateway.execution.source_extension import add_reported, reported_at
from gateway.execution.variables import Variables
from gateway.log import SeldomLog
from gateway.lru_cache import SegmentedLru
from gateway.operations import Operation, entries_taken
from gateway.preparation_thread import LARGE_TOKENS, PreparationThread

MAX_PLANS = 1_000
MAX_COSTS = 256
MAX_RECORDS = 20_000
"""What one operation may give: 100 customers with a page of 100 orders each are half of it."""
MAX_UNPLANNED_RECORDS = 1_000
"""What an operation without a plan may give: graphql-core completes a list in one turn of the loop."""

log = structlog.get_logger()


class _Known:
    """Hold the parts of an operation that are worked out once.

    Its variables, which of them select or say how many, what it costs at most.

    `plan` is the only one there is where no variable selects; `is_within_limit` is said where none says how many. It goes with
    its operation, so neither it nor a plan holds that: only the garbage collector would free them.
    """

    def __init__(self, schema: GraphQLSchema, operation: Operation) -> None:
        definition, document = operation.definition, operation.document
        self.variables = Variables(schema, operation.definition)
        self.deciding = deciding_variables(operation.document)
        self.sizing = sizing_variables(operation.document)
        self.plan: Plan | UnplannedError | None = None
        self.is_within_limit = False
        self.max_records = lru_cache(maxsize=MAX_COSTS)(
            lambda sizes: max_records(schema, definition, fragments_of(document), dict(sizes))
        )


class Executor:
    """Runs operations on one schema. Plans are kept with their operation, or per values of the variables that select.

    Errors are in the result, each with its path; with `suggestions` they name near words of the schema. `unplanned` counts the
    runs without a plan by their reason; with `explain` the answer says it, too.
    """

    def __init__(
        self, schema: Schema, *, suggestions: bool, explain: bool = False, limit: int = MAX_RECORDS, clock: Clock | None = None
    ) -> None:
        self._limit = limit
        self._typed = schema
        self._schema = core_schema(schema)
        self._suggestions = suggestions
        self._explain = explain
        self._plans: SegmentedLru[tuple[Any, ...], Plan | UnplannedError] = SegmentedLru(MAX_PLANS, _weight)
        self.unplanned: Counter[str] = Counter()
        self._seldom = SeldomLog(clock or Clock())
        self.preparation: PreparationThread | None = None
        """Where plans of large new operations are made."""

    def run(self, operation: Operation, variables: dict[str, Any], context: RequestContext) -> Awaitable[ExecutionResult]:
        """Run for one request. It begins when it is waited for. Raises `QueryTooExpensiveError`."""
        known: _Known | None = operation.known.get(self)
        if known is None or operation.lifted is not None:
            return self._run_first(operation, variables, context)
        coerced = known.variables.coerced(variables)
        if isinstance(coerced, list):
            again = known.variables.coerced(variables, suggests=True) if self._suggests(context) else coerced
            return _refused(again if isinstance(again, list) else coerced)
        if not known.is_within_limit:
            self._check_cost(known, coerced)
        plan = known.plan or self.plan(operation, coerced)
        if isinstance(plan, Plan):
            return plan.run(context, coerced)
        self._check_unplanned_cost(operation, known, coerced)
        return self._run_without(str(plan), operation, variables, context)

    async def _run_first(self, operation: Operation, variables: dict[str, Any], context: RequestContext) -> ExecutionResult:
        """Run an operation that is new here, or has lifted literals."""
        if self not in operation.known:
            if context.row is not None and self.preparation is not None and operation.document.token_count > LARGE_TOKENS:
                await self.preparation.run(partial(self._plan_first, operation, variables), context.row)
            else:
                # A document has just been validated, and its plan takes as long: others come in between.
                await asyncio.sleep(0)
            self._known(operation)
        lifted = operation.lifted
        if lifted is None:
            return await self.run(operation, variables, context)
        shared = replace(operation, lifted=None)
        result = await self.run(shared, {**variables, **lifted.variables}, context)
        for error in result.errors or ():
            lifted.put_right(error)
        return result

    def _plan_first(self, operation: Operation, variables: dict[str, Any]) -> None:
        """Make what takes long of a large operation, in a thread of its own, where it is the same for all variables."""
        known = _Known(self._schema, operation)
        given = variables if operation.lifted is None else {**variables, **operation.lifted.variables}
        coerced = known.variables.coerced(given)
        if not isinstance(coerced, list):
            known.max_records(sizes_of(coerced.coerced, known.sizing))
            if not known.deciding:
                known.plan = self._planned(replace(operation, lifted=None), coerced)
        operation.known.setdefault(self, known)

    async def _run_without(
        self, reason: str, operation: Operation, variables: dict[str, Any], context: RequestContext
    ) -> ExecutionResult:
        self.unplanned[reason] += 1
        result = await self.run_unplanned(operation, variables, context)
        if self._explain:
            result.extensions = {**(result.extensions or {}), "execution": {"planned": False, "reason": reason}}
        return result

    def _check_cost(self, known: _Known, variables: VariableValues) -> None:
        records = known.max_records(sizes_of(variables.coerced, known.sizing))
        if records > self._limit:
            raise QueryTooExpensiveError(
                f"the operation may give {records:,} records, and {self._limit:,} are the most; ask for smaller pages"
            )
        known.is_within_limit = not known.sizing

    def _check_unplanned_cost(self, operation: Operation, known: _Known, variables: VariableValues) -> None:
        sizes, fragments = dict(sizes_of(variables.coerced, known.sizing)), fragments_of(operation.document)
        records = max_records(self._schema, operation.definition, fragments, sizes, introspection=False)
        if records > MAX_UNPLANNED_RECORDS:
            raise QueryTooExpensiveError(
                f"the operation may give {records:,} records, and {MAX_UNPLANNED_RECORDS:,} are the most beside introspection; "
                "ask for smaller pages, or for the schema in another operation"
            )

    def _suggests(self, context: RequestContext) -> bool:
        return self._suggestions and context.suggests

    def coerced(self, operation: Operation, variables: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """Coerce the variables to their declared types, or list their problems."""
        return self._known(operation).variables.coerced(variables, suggests=self._suggestions)

    def _known(self, operation: Operation) -> _Known:
        known: _Known | None = operation.known.get(self)
        if known is None:
            known = operation.known[self] = _Known(self._schema, operation)
        return known

    async def run_unplanned(self, operation: Operation, variables: dict[str, Any], context: RequestContext) -> ExecutionResult:
        """Run on graphql-core, over the same loaders."""
        name = operation.definition.name
        result = execute(
            self._schema,
            operation.document,
            context_value=context,
            variable_values=variables,
            operation_name=name.value if name else None,
            hide_suggestions=not self._suggests(context),
            middleware=None if operation.restriction is None else [restrict_resolver(operation.restriction)],
        )
        try:
            result = await result if isawaitable(result) else result
        except asyncio.CancelledError:
            context.stitcher.leave()
            raise
        if operation.restriction is not None:
            self._tell_withheld(result, operation, variables)
        add_reported(result, reported_at(result.data, context.reported))
        return result

    def _tell_withheld(self, result: ExecutionResult, operation: Operation, variables: dict[str, Any]) -> None:
        coerced = self.coerced(operation, variables)
        if isinstance(coerced, list):
            return
        collector = FieldCollector(self._schema, fragments_of(operation.document), coerced)
        withheld = WithheldFields(self._schema, collector, operation.definition)
        others = [error for error in result.errors or () if not withheld.is_about_one(error)]
        result.errors = [*others, *withheld.errors()] or None

    def plan(self, operation: Operation, variables: VariableValues) -> Plan | UnplannedError:
        """Plan the operation, or say why it has no plan."""
        known = self._known(operation)
        if not known.deciding:
            known.plan = known.plan or self._planned(operation, variables)
            return known.plan
        name = (known, *(variables.coerced.get(name) for name in known.deciding))
        known_plan = self._plans.get(name)
        if known_plan is None:
            known_plan = self._planned(operation, variables)
            if operation.recurs:
                self._plans.add(name, known_plan)
        return known_plan

    def _planned(self, operation: Operation, variables: VariableValues) -> Plan | UnplannedError:
        try:
            return compile_plan(self._typed, operation, variables)
        except UnplannedError as error:
            reason = str(error)
        except GraphQLError:
            reason = "value"  # graphql-core finds the field that an argument or a directive costs
        except Exception as error:  # noqa: BLE001  a mistake of ours, which graphql-core does not make
            reason = "failure"
            if self._seldom.is_due("plan_failed"):
                log.error("plan_failed", error=type(error).__name__)
        if self._seldom.is_due(reason):
            log.info("operation_not_planned", reason=reason)
        return UnplannedError(reason)  # without the traceback, which would keep all that was being made


def _weight(plan: Plan | UnplannedError) -> float:
    """Large plans take the room of several."""
    return entries_taken(plan.token_count) if isinstance(plan, Plan) else 1


async def _refused(errors: list[GraphQLError]) -> ExecutionResult:
    return ExecutionResult(data=None, errors=errors)
