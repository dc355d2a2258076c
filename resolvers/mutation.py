"""What operators change: which records are one customer, and who is erased. What callers record of actions."""

from datetime import datetime
from typing import Annotated

import strawberry
import structlog

from connectors.contract import KeyKind
from gateway.context import RequestContext, context_of
from gateway.erasure.erasure import erase_customer
from gateway.identity.erasure_receipt import ErasureReceipt as Receipt
from gateway.stitching.customer_linker import MAX_REASON_LENGTH, MAX_RECORDS
from gateway.stitching.customer_linker import CustomersChange as Change
from gateway.stitching.customer_notes import note_attempt
from resolvers.customer import Info
from resolvers.customers_change import CustomersChange
from resolvers.erasure_receipt import ErasureReceipt
from resolvers.fields import root
from resolvers.outcome_kind import OutcomeKind
from resolvers.recorded_outcome import Recorded, RecordedOutcome, record_outcome

Records = Annotated[list[strawberry.ID], strawberry.argument(description=f"At most {MAX_RECORDS} ids of records, `SOURCE:ID`.")]
CustomerId = Annotated[strawberry.ID, strawberry.argument(description="The id of the customer or of a record, `SOURCE:ID`.")]
Reason = Annotated[
    str, strawberry.argument(description=f"Why, for the log: at most {MAX_REASON_LENGTH} characters, no personal data.")
]
Preview = Annotated[bool, strawberry.argument(description="Whether to show what would change, and change nothing.")]
Rule = Annotated[str, strawberry.argument(description="The name of the action.")]
Outcome = Annotated[OutcomeKind, strawberry.argument(description="What became of him.")]
At = Annotated[datetime | None, strawberry.argument(description="When it was; without it now.")]

log = structlog.get_logger()


@strawberry.type(description="What operators change, who send their key as `Authorization: Bearer`, and what callers record.")
class Mutation:
    @root("Make the customers of these records one. Cuts between them are taken back.", graphql_type=CustomersChange | None)
    async def link_customers(self, info: Info, records: Records, reason: Reason, preview: Preview = False) -> Change:
        context = context_of(info)
        operator = context.require_operator()
        change = await context.stitcher.linker.link(records, operator, reason, preview=preview)
        if not preview:
            log.info("customers_linked", **_words(context, operator, change))
        return change

    @root(
        "Cut these records off the others of their customer. Only linking the same ones joins them again.",
        graphql_type=CustomersChange | None,
    )
    async def unlink_customers(self, info: Info, records: Records, reason: Reason, preview: Preview = False) -> Change:
        context = context_of(info)
        operator = context.require_operator()
        change = await context.stitcher.linker.cut(records, operator, reason, preview=preview)
        if not preview:
            log.info("customers_unlinked", **_words(context, operator, change))
        return change

    @root(
        "Erase a customer: nothing of him is kept or shown from then on, until a source has a record made after it.",
        graphql_type=ErasureReceipt | None,
    )
    async def erase_customer(self, info: Info, id: CustomerId, reason: Reason) -> Receipt:  # noqa: A002
        context = context_of(info)
        note_attempt(context.stitcher, KeyKind.CUSTOMER_ID, id)
        operator = context.require_operator()
        receipt = await erase_customer(context.services.eraser, context.stitcher, id, reason)
        log.info("customer_erased", operator=operator, request_id=context.request_id, receipt=receipt.id)
        return receipt

    @root("Record what became of a customer after an action, for callers who may.", graphql_type=RecordedOutcome | None)
    async def record_outcome(self, info: Info, rule: Rule, customer: CustomerId, outcome: Outcome, at: At = None) -> Recorded:
        return await record_outcome(context_of(info), rule, customer, outcome, at)


def _words(context: RequestContext, operator: str, change: Change) -> dict[str, str | int]:
    """Say who changed how much. Of whom is in the identity log alone."""
    counts = {"customers_before": len(change.before), "customers_after": len(change.after)}
    return {"operator": operator, "request_id": context.request_id, **counts}
