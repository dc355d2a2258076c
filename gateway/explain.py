"""What the command line explains: the tags of a customer, the plan of an operation."""

from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.contract import KeyKind
from connectors.shapes import Fields
from gateway.app import opened
from gateway.errors import InvalidArgumentError
from gateway.execution.described import described
from gateway.execution.plan import Plan, core_schema
from gateway.execution.run import Executor
from gateway.lookups.sources import Sources
from gateway.operations import Limits, Operations
from gateway.services import Services
from gateway.stitching.selection import Selection
from gateway.tags.service import TagAnswer
from resolvers.schema import schema


def explained_plan(query: str, variables: str, sources: Sources | None = None) -> list[str]:
    """The lines of an operation's plan; `variables` is a JSON object, and with `sources` the plan says where records come from.

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
    return described(schema, operation, coerced, plan, sources)


async def explained(services: Services, customer_id: str) -> Sequence[TagAnswer] | None:
    """All tags of a customer, given or not, in the order of their definition; None when there is no such customer."""
    async with opened(services):
        pack = services.tags.pack
        selection = Selection(fields=Fields.of("id"), stitches=frozenset(pack.facts[name].record for name in pack.facts))
        customer = await services.stitcher().customer(KeyKind.CUSTOMER_ID, customer_id, selection)
        if customer is None:
            return None
        return await services.tags.load([(customer, key) for key in pack.tags])
