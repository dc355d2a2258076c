"""Define the receipt of an erasure."""

from datetime import datetime

import strawberry

from gateway.identity.erasure_receipt import NOT_PROMISED
from gateway.identity.erasure_receipt import ErasureReceipt as Receipt
from resolvers.enums import ErasureState
from resolvers.fields import computed, field


@strawberry.type(description="How many documents were removed from a store.")
class StoreRemoval:
    name: str = field("The name of its collection.")
    removed: int = field("How many documents.")


@strawberry.type(description="A source that still holds records of the customer.")
class SourceHolding:
    source: str = field("Its name.")
    records: int | None = field("How many records; null where it could not be asked.")


@strawberry.type(description="A caller who was told of the customer, and is to be told of the erasure.")
class ErasureRecipient:
    caller: str = field("The name of the caller; `target:NAME` for one that webhooks told.")
    last_at: datetime = field("When it was last told of the customer.")


@strawberry.type(description="What an erasure removed, and what it did not. It has nothing of the customer.")
class ErasureReceipt:
    id: strawberry.ID = field("The id of the receipt.")
    state: ErasureState = field("How far it is.")
    erased_at: datetime = field("When it began.")
    completed_at: datetime | None = field("When it was complete.")
    waiting: int = field("For how many workers it is waited.")
    stores: list[StoreRemoval] = field("What was removed, by store.")
    sources_still_hold: list[SourceHolding] = field("The sources that still hold records of the customer.")
    incomplete: list[str] = field("Why there may be more records than were found.")
    recipients: list[ErasureRecipient] = field("Who was told of the customer, by the audit.")
    recipients_known: bool = field("Whether there is an audit that knows the recipients.")

    @computed("What no erasure reaches.")
    def not_promised(root: strawberry.Parent[Receipt]) -> list[str]:  # noqa: N805  the same for all
        return [*NOT_PROMISED]
