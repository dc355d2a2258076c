"""Money."""

from decimal import Decimal

import strawberry

from resolvers.fields import field
from resolvers.scalars import CurrencyCode


@strawberry.type(description="An exact amount in a currency.")
class Money:
    amount: Decimal = field("The amount in units of the currency, not in cents.")
    currency: CurrencyCode = field("The currency.")
