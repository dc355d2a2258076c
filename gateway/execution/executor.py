"""Run a prepared operation: as a plan, or on graphql-core where no plan can."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial
from inspect import isawaitable
from typing import Any

import msgspec
import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, Undefined
from graphql.execution import experimental_execute_incrementally
from graphql.execution.executor import Executor as CoreExecutor
from graphql.execution.values import VariableValues
from strawberry import Schema

from gateway.admission.preparation_thread import LARGE_TOKENS, PreparationThread
from gateway.clock import Clock
from gateway.context import RequestContext
from gateway.documents.error_behavior import ErrorBehavior
from gateway.documents.literals import Lifted
from gateway.documents.profiles import Profile
from gateway.errors import QueryTooExpensiveError
from gateway.execution.collect_fields import FieldCollector, deciding_variables, fragments_of, is_incremental
from gateway.execution.cost import CostModel, PricingCollector
from gateway.execution.deliveries import Deliveries, IncrementalResult
from gateway.execution.field_visibility import WithheldFields, restrict_resolver
from gateway.execution.given_records import GivenRecords
from gateway.execution.introspection_cost import introspection_nodes
from gateway.execution.plan import Plan
from gateway.execution.planner import UnplannedError, compile_plan
from gateway.execution.schema_types import core_schema, varied_fields
from gateway.execution.source_extension import add_reported, reported_at
from gateway.execution.variables import Variables
from gateway.log import SeldomLog
from gateway.lookups.source_links import NO_LINKS, SourceLinks
from gateway.lru_cache import SegmentedLru
from gateway.operations import Operation, entries_taken
from gateway.quota.cost import Cost, CostLimits
from gateway.quota.meter import Meter
from gateway.stitching.source_router import SourceRouter

MAX_PLANS = 1_000
MAX_UNPLANNED_NODES = 1_200
"""What an operation without a plan may cost: graphql-core completes a list in one turn of the loop."""

log = structlog.get_logger()


class _UnpropagatedExecutor(CoreExecutor[Any]):
    """Runs on graphql-core, and leaves a null where its error is, whether it may be null or not."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.error_propagation = False


class Unplanned(msgspec.Struct, frozen=True, eq=False):
    """An operation that no plan can run, why, and what it costs."""

    reason: str
    cost: CostModel


class _Known:
    """Hold the parts of an operation that are worked out once.

    Its variables, and which of them select, or are arguments of what a plan shows. `plan` is the only one there is where none
    is. It goes with its operation, so neither it nor a plan holds that: only the garbage collector would free them.
    `introspection` is what it asks of the schema, `allowed_plan` was last within the limits of a profile at the sources of a
    router, whatever the variables are.
    """

    def __init__(self, schema: GraphQLSchema, operation: Operation) -> None:
        self.variables = Variables(schema, operation.definition)
        self.deciding = deciding_variables(operation.document, varied_fields(schema))
        is_query = operation.definition.operation is OperationType.QUERY
        self.is_incremental = is_query and is_incremental(operation.document)
        self.plan: Plan | Unplanned | None = None
        self.allowed_plan: Plan | None = None
        self.allowed_profile: Profile | None = None
        self.allowed_router: SourceRouter | None = None
        self.introspection = introspection_nodes(schema, operation.definition, fragments_of(operation.document))


class Executor:
    """Runs operations on one schema. Plans are kept with their operation, or per values of the variables that select.

    Errors are in the result, each with its path; with `suggestions` they name near words of the schema. `unplanned` counts the
    runs without a plan by their reason; with `explain` the answer says it, too. `links` lead to pages of records.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        suggestions: bool,
        explain: bool = False,
        clock: Clock | None = None,
        links: SourceLinks = NO_LINKS,
    ) -> None:
        self._typed = schema
        self._links = links
        self._schema = core_schema(schema)
        self._suggestions = suggestions
        self._explain = explain
        self._plans: SegmentedLru[tuple[Any, ...], Plan | Unplanned] = SegmentedLru(MAX_PLANS, _weight)
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
        plan = known.plan or self.plan(operation, coerced)
        if known.is_incremental and context.is_incremental:
            plan = self.plan(operation, coerced, is_incremental=True)
        stitcher, profile = context.stitcher, context.profile
        if (
            known.allowed_plan is plan
            and known.allowed_profile is profile
            and known.allowed_router is stitcher.router
            and stitcher.rule is None
            and context.meter is None
        ):
            return known.allowed_plan.run(context, coerced)
        limits = profile.trusted_cost if operation.is_trusted else profile.cost
        estimate = plan.cost.estimate(
            stitcher.router, coerced.coerced, has_rule=stitcher.rule is not None and stitcher.rule.confines
        )
        if isinstance(plan, Unplanned):
            estimate = _price_unplanned(estimate, known.introspection)
        if estimate.nodes > limits.max_nodes or estimate.calls > limits.max_calls:
            raise _too_dear(estimate, limits)
        if context.meter is not None:
            return self._run_metered(plan, estimate, operation, variables, coerced, context, context.meter)
        if isinstance(plan, Plan):
            if not plan.cost.varies:
                known.allowed_plan, known.allowed_profile, known.allowed_router = plan, profile, stitcher.router
            return plan.run(context, coerced)
        return self._run_without(plan.reason, operation, variables, context)

    async def _run_metered(
        self,
        plan: Plan | Unplanned,
        estimate: Cost,
        operation: Operation,
        variables: dict[str, Any],
        coerced: VariableValues,
        context: RequestContext,
        meter: Meter,
    ) -> ExecutionResult:
        """Run, and charge what it costs. Without a plan that is what it may cost at most.

        What gives no answer costs that, too, but nobody was given in it.
        """
        await meter.reserve(estimate)
        actual, customers = estimate, None
        try:
            if isinstance(plan, Plan):
                given, stitcher = GivenRecords(plan.cost), context.stitcher
                has_rule = stitcher.rule is not None and stitcher.rule.confines
                result = await plan.run(context, coerced, given)
                if isinstance(result, IncrementalResult):
                    self._settle_later(result.deliveries, plan.cost, estimate, given, coerced, context, meter)
                    return result
                actual = plan.cost.actual(stitcher.router, coerced.coerced, given.counts, has_rule=has_rule)
                customers = given.customer_ids
            else:
                result = await self._run_without(plan.reason, operation, variables, context)
        except BaseException:
            meter.settle(estimate, ())
            raise
        meter.settle(actual, customers)
        result.extensions = {**(result.extensions or {}), **_told_cost(estimate, actual)}
        return result

    def _settle_later(
        self,
        deliveries: Deliveries,
        cost: CostModel,
        estimate: Cost,
        given: GivenRecords,
        coerced: VariableValues,
        context: RequestContext,
        meter: Meter,
    ) -> None:
        """Charge what an answer cost when its last part has left. The payload with that part tells it."""

        def settle() -> None:
            rule = context.stitcher.rule
            has_rule = rule is not None and rule.confines
            actual = estimate  # of what was not waited for, too
            if deliveries.is_whole:
                actual = cost.actual(context.stitcher.router, coerced.coerced, given.counts, has_rule=has_rule)
            meter.settle(actual, given.customer_ids)
            deliveries.last_extensions |= _told_cost(estimate, actual)

        deliveries.ends.append(settle)

    async def _run_first(self, operation: Operation, variables: dict[str, Any], context: RequestContext) -> ExecutionResult:
        """Run an operation that is new here, or has lifted literals."""
        if self not in operation.known:
            if context.row is not None and self.preparation is not None and operation.document.token_count > LARGE_TOKENS:
                until = context.stitcher.loaders.deadline.ends
                await self.preparation.run(partial(self._plan_first, operation, variables), context.row, until)
            else:
                # A document has just been validated, and its plan takes as long: others come in between.
                await asyncio.sleep(0)
            self._known(operation)
        lifted = operation.lifted
        if lifted is None:
            return await self.run(operation, variables, context)
        shared = replace(operation, lifted=None)
        result = await self.run(shared, {**variables, **lifted.variables}, context)
        _put_right(lifted, result)
        if isinstance(result, IncrementalResult):
            result.deliveries.completions.append(partial(_put_right, lifted))
        return result

    def _plan_first(self, operation: Operation, variables: dict[str, Any]) -> None:
        """Make what takes long of a large operation, in a thread of its own, where it is the same for all variables."""
        known = _Known(self._schema, operation)
        given = variables if operation.lifted is None else {**variables, **operation.lifted.variables}
        coerced = known.variables.coerced(given)
        if not isinstance(coerced, list) and not known.deciding:
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

    def _suggests(self, context: RequestContext) -> bool:
        return self._suggestions and context.profile.suggests

    def coerced(self, operation: Operation, variables: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """Coerce the variables to their declared types, or list their problems."""
        return self._known(operation).variables.coerced(variables, suggests=self._suggestions)

    def _known(self, operation: Operation) -> _Known:
        known: _Known | None = operation.known.get(self)
        if known is None:
            known = operation.known[self] = _Known(self._schema, operation)
        return known

    async def run_unplanned(self, operation: Operation, variables: dict[str, Any], context: RequestContext) -> ExecutionResult:
        """Run on graphql-core, over the same loaders: all of it at once, its plain executor defers nothing."""
        name = operation.definition.name
        result: Any = experimental_execute_incrementally(
            self._schema,
            operation.document,
            context_value=context,
            variable_values=variables,
            operation_name=name.value if name else None,
            hide_suggestions=not self._suggests(context),
            executor_class=_UnpropagatedExecutor if context.error_behavior is ErrorBehavior.NULL else CoreExecutor,
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
        assert isinstance(result, ExecutionResult)
        return result

    def _tell_withheld(self, result: ExecutionResult, operation: Operation, variables: dict[str, Any]) -> None:
        coerced = self.coerced(operation, variables)
        if isinstance(coerced, list):
            return
        collector = FieldCollector(self._schema, fragments_of(operation.document), coerced)
        withheld = WithheldFields(self._schema, collector, operation.definition)
        others = [error for error in result.errors or () if not withheld.is_about_one(error)]
        result.errors = [*others, *withheld.errors()] or None

    def plan(self, operation: Operation, variables: VariableValues, *, is_incremental: bool = False) -> Plan | Unplanned:
        """Plan the operation, or say why it has no plan. Where it `is_incremental`, parts of its answer may leave later."""
        known = self._known(operation)
        if not known.deciding and not is_incremental:
            known.plan = known.plan or self._planned(operation, variables)
            return known.plan
        name = (known, is_incremental, *(variables.coerced.get(name, Undefined) for name in known.deciding))
        known_plan = self._plans.get(name)
        if known_plan is None:
            known_plan = self._planned(operation, variables, is_incremental=is_incremental)
            if operation.recurs:
                self._plans.add(name, known_plan)
        return known_plan

    def _planned(self, operation: Operation, variables: VariableValues, *, is_incremental: bool = False) -> Plan | Unplanned:
        collector = PricingCollector(self._schema, fragments_of(operation.document), variables)
        cost = CostModel(self._schema, collector, operation.definition)
        try:
            return compile_plan(self._typed, operation, variables, cost, self._links, is_incremental=is_incremental)
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
        return Unplanned(reason, cost)


def _put_right(lifted: Lifted, result: ExecutionResult) -> None:
    for error in result.errors or ():
        lifted.put_right(error)


def _weight(plan: Plan | Unplanned) -> float:
    """Large plans take the room of several."""
    return entries_taken(plan.token_count) if isinstance(plan, Plan) else 1


def _price_unplanned(estimate: Cost, introspection: int) -> Cost:
    """Add what is asked of the schema. Raises `QueryTooExpensiveError` for more than graphql-core may complete."""
    if estimate.nodes > MAX_UNPLANNED_NODES:
        raise QueryTooExpensiveError(
            f"the operation may cost {estimate.nodes:,} nodes, and {MAX_UNPLANNED_NODES:,} are the most beside introspection; "
            "ask for smaller pages, or for the schema in another operation"
        )
    return msgspec.structs.replace(estimate, nodes=estimate.nodes + introspection)


def _too_dear(estimate: Cost, limits: CostLimits) -> QueryTooExpensiveError:
    if estimate.nodes > limits.max_nodes:
        unit, cost, most = "nodes", estimate.nodes, limits.max_nodes
    else:
        unit, cost, most = "calls to sources", estimate.calls, limits.max_calls
    return QueryTooExpensiveError(
        f"the operation may cost {cost:,} {unit}, and {most:,} are the most; ask for smaller pages, or for fewer lists"
    )


def _told_cost(estimate: Cost, actual: Cost) -> dict[str, Any]:
    return {"cost": {"estimate": _shown(estimate), "actual": _shown(actual)}}


def _shown(cost: Cost) -> dict[str, int]:
    return {"nodes": cost.nodes, "calls": cost.calls}


async def _refused(errors: list[GraphQLError]) -> ExecutionResult:
    return ExecutionResult(data=None, errors=errors)
