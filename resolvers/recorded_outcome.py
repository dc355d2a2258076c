"""Record what became of a customer after an action."""

from datetime import datetime

import strawberry

from connectors.record_fields import Fields
from gateway.actions import action_outcome as outcome
from gateway.clock import CLOCK_TOLERANCE
from gateway.context import RequestContext
from gateway.errors import InvalidArgumentError
from gateway.stitching.admitted_customers import find_admitted_by_id
from gateway.stitching.merged_customer import INCOMPLETE, SET_SEPARATOR
from gateway.stitching.selection import Selection
from resolvers.fields import field
from resolvers.outcome_kind import OutcomeKind

SELECTION = Selection(fields=Fields.from_paths("id"), members=True)


@strawberry.type(description="What was recorded of a customer after an action.")
class RecordedOutcome:
    rule: str = field("The action.")
    outcome: OutcomeKind = field("What became of the customer.")
    at: datetime = field("When.")
    is_new: bool = field("Whether it was not recorded before.")


class Recorded(outcome.ActionOutcome, frozen=True, kw_only=True):
    """An outcome, and whether it was not there before."""

    is_new: bool

    @property
    def outcome(self) -> outcome.OutcomeKind:
        return self.kind


async def record_outcome(
    context: RequestContext, rule: str, customer_id: str, kind: outcome.OutcomeKind, at: datetime | None
) -> Recorded:
    """Store an outcome of a customer whom the caller may be told of. Raises `CallerError`, and `StoreError`."""
    store = context.require_outcomes()
    services = context.services
    now = services.clock.now()
    if rule not in services.tags.pack.actions:
        raise InvalidArgumentError("rule: there is no action of this name; name one of the file of tags")
    if at is not None and at.tzinfo is None:
        raise InvalidArgumentError("at: has no offset; write one such as 2026-05-04T12:00:00Z")
    if at is not None and at > now + CLOCK_TOLERANCE:
        raise InvalidArgumentError("at: is in the future; record what has been")
    customer = await find_admitted_by_id(context.stitcher, customer_id, SELECTION)
    if customer is None:
        raise InvalidArgumentError("customer: nobody has this id; name a customer, SOURCE:ID")
    records = [own for own in customer.tagged.id.split(SET_SEPARATOR) if own != INCOMPLETE]
    own = Recorded(rule=rule, records=records, kind=kind, at=at or now, caller=context.caller.name, is_new=False)
    is_new = await store.outcomes.add(own, now)
    return Recorded(rule=rule, records=records, kind=kind, at=own.at, caller=own.caller, is_new=is_new)
