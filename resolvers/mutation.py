"""What operators change: which records are one customer."""

from typing import Annotated

import strawberry
import structlog

from gateway.context import RequestContext, context_of
from gateway.stitching.customer_linker import MAX_REASON_LENGTH, MAX_RECORDS
from gateway.stitching.customer_linker import CustomersChange as Change
from resolvers.customer import Info
from resolvers.customers_change import CustomersChange
from resolvers.fields import root

Records = Annotated[list[strawberry.ID], strawberry.argument(description=f"At most {MAX_RECORDS} ids of records, `SOURCE:ID`.")]
Reason = Annotated[
    str, strawberry.argument(description=f"Why, for the log: at most {MAX_REASON_LENGTH} characters, no personal data.")
]
Preview = Annotated[bool, strawberry.argument(description="Whether to show what would change, and change nothing.")]

log = structlog.get_logger()


@strawberry.type(description="What operators change. They send their key as `Authorization: Bearer`.")
class Mutation:
    @root("Make the customers of these records one. Cuts between them are taken back.", graphql_type=CustomersChange | None)
    async def link_customers(self, info: Info, records: Records, reason: Reason, preview: Preview = False) -> Change:
        context = context_of(info)
        operator = context.require_operator()
        change = await context.stitcher.linker.link(records, operator, reason, preview=preview)
        _note("customers_linked", context, operator, change)
        return change

    @root(
        "Cut these records off the others of their customer. Only linking the same ones joins them again.",
        graphql_type=CustomersChange | None,
    )
    async def unlink_customers(self, info: Info, records: Records, reason: Reason, preview: Preview = False) -> Change:
        context = context_of(info)
        operator = context.require_operator()
        change = await context.stitcher.linker.cut(records, operator, reason, preview=preview)
        _note("customers_unlinked", context, operator, change)
        return change


def _note(event: str, context: RequestContext, operator: str, change: Change) -> None:
    """Note who changed something. Of whom is in the identity log alone."""
    if not change.preview:
        counts = {"customers_before": len(change.before), "customers_after": len(change.after)}
        log.info(event, operator=operator, request_id=context.request_id, **counts)
