"""Define the key that finds a customer."""

import strawberry

from connectors.contract import KeyKind
from gateway.identity.key_kinds import KEY_KINDS, require_all
from gateway.identity.records import Key
from resolvers.fields import field


@strawberry.input(description="A customer's id at one of the sources.")
class ExternalIdKey:
    source: str = field("The system that gave the id.")
    id: strawberry.ID = field("The id there.")

    def __str__(self) -> str:
        return f"{self.source}:{self.id}"


@strawberry.input(one_of=True, description="Exactly one key of a customer.")
class CustomerKey:
    id: strawberry.Maybe[strawberry.ID] = field("The customer's id, `SOURCE:ID`; the source can be left out.")
    email: strawberry.Maybe[str] = field("Any of the customer's e-mail addresses.")
    phone: strawberry.Maybe[str] = field("Any of the customer's phone numbers, with country code.")
    external_id: strawberry.Maybe[ExternalIdKey] = field("The customer's id at another system.")
    device_id: strawberry.Maybe[str] = field("A device of the customer.")
    member_number: strawberry.Maybe[str] = field("The number on the member card.")
    account: strawberry.Maybe[str] = field("The id of the company's account.")
    order_id: strawberry.Maybe[strawberry.ID] = field("The id of one of the customer's orders, `SOURCE:ID`.")
    order_number: strawberry.Maybe[str] = field("The number of one of the customer's orders.")
    ticket_number: strawberry.Maybe[str] = field("The number of one of the customer's tickets.")


KINDS = {"id" if kind is KeyKind.CUSTOMER_ID else kind.value: kind for kind, row in KEY_KINDS.items() if row.finds_customers}
"""The fields of `CustomerKey`, each with the kind of key that it gives."""

require_all(KINDS, "CustomerKey", CustomerKey.__annotations__)


MAX_KEYS = 100


def key_of(by: CustomerKey) -> Key:
    """Find the one key that was given, with its kind."""
    name = next(name for name in KINDS if getattr(by, name) is not None)
    return Key(KINDS[name], str(getattr(by, name).value))
