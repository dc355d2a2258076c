"""Explain for the command line: tags of a customer, plans, unreadable values."""

from collections.abc import Sequence
from typing import Any

import msgspec

from connectors import records
from connectors.contract import Ask
from connectors.errors import ProfileGatewayError
from connectors.record_fields import Fields, all_fields
from gateway.app import opened
from gateway.errors import InvalidArgumentError
from gateway.execution.executor import Executor
from gateway.execution.explain_plan import explain_plan
from gateway.execution.plan import Plan
from gateway.execution.schema_types import core_schema
from gateway.lookups.outcome import Failed
from gateway.lookups.sources import Sources
from gateway.operations import Limits, Operations
from gateway.services import Services
from gateway.stitching.selection import Selection
from gateway.tags.service import TagAnswer
from resolvers.schema import schema

_READ = 100
"""Records of each type, source and key that are read of a customer."""


def explained_plan(query: str, variables: str, sources: Sources | None = None) -> list[str]:
    """Write the lines of an operation's plan.

    `variables` is a JSON object, and with `sources` the plan says where records come from.

    Raises `CallerError` for an operation that is not valid, or that no plan can do.
    """
    executor = Executor(schema, suggestions=True)
    operation = Operations(core_schema(schema), limits=Limits()).prepare(query, None)
    try:
        coerced = executor.coerced(operation, msgspec.json.decode(variables, type=dict[str, Any]))
    except msgspec.MsgspecError:
        raise InvalidArgumentError("variables: this is not a JSON object") from None
    if isinstance(coerced, list):
        raise InvalidArgumentError("; ".join(error.message for error in coerced))
    plan = executor.plan(operation, coerced)
    if not isinstance(plan, Plan):
        raise InvalidArgumentError(f"query: this operation runs on graphql-core, because no plan can do this: {plan}")
    return explain_plan(schema, operation, coerced, plan, sources)


async def explained(services: Services, customer_id: str) -> Sequence[TagAnswer] | None:
    """Compute all tags of a customer, given or not, in order. None if there is no customer."""
    async with opened(services):
        pack = services.tags.pack
        selection = Selection(
            fields=Fields.from_paths("id"), stitches=frozenset(pack.facts[name].record for name in pack.facts)
        )
        customer = await services.stitcher().customer_of(customer_id, selection)
        if customer is None:
            return None
        return await services.tags.load([(customer.tagged, key) for key in pack.tags])


async def unreadable_values(services: Services, customers: Sequence[str]) -> list[str]:
    """List the unreadable values of some customers: each trouble once, with an example."""
    problems = []
    for customer_id in customers:
        selection = Selection(fields=all_fields(records.Customer), stitches=frozenset(records.RECORDS.values()))
        try:
            customer = await services.stitcher().customer_of(customer_id, selection)
        except ProfileGatewayError as error:
            problems.append(f"customer {customer_id}: {error}")
            continue
        if customer is None:
            problems.append(f"customer {customer_id}: nobody has this id")
            continue
        for record in (records.Order, records.Ticket, records.Event):
            for source, kind in customer.configured(record):
                outcomes = await customer.fetch(record, Ask(fields=all_fields(record), first=_READ), source, kind)
                failed = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
                problems += [f"{source.name}: {records.RECORD_NAMES[record]}: {error}" for error in failed]
    for source in services.sources.all:
        for (name, path, reason), (count, example) in source.troubles.items():
            where = f"{source.name}: {name}.{path}"
            which = "in a record whose id cannot be read" if example is None else f"first in {name} {example}"
            problems.append(f"{where}: {reason}, {count} time{'s' if count > 1 else ''}, {which}")
    return problems
