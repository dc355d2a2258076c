"""The `stripe` kind: the charges of Stripe's customers as orders, and the customers."""

from connectors.vendors.stripe.connector import Stripe, StripeSettings

__all__ = ["Stripe", "StripeSettings"]
