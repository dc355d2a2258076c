"""Read commerce subscriptions of HubSpot: the properties of each field, and rows to records."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.toolkit.converters import given, to_time
from connectors.vendors.hubspot.objects import Word, first_contact, money_of

_NEXT_AMOUNT, _LAST_AMOUNT, _CURRENCY = "hs_next_payment_amount", "hs_last_payment_amount", "hs_currency_code"
_FREQUENCY = "hs_recurring_billing_frequency"
_STARTS, _RENEWS = "hs_recurring_billing_start_date", "hs_next_payment_due_date"
SUBSCRIPTION_FROM: dict[str, tuple[str, ...]] = {
    "started_at": (_STARTS,),
    "plan": ("hs_name",),
    "status": ("hs_status",),
    "amount": (_NEXT_AMOUNT, _LAST_AMOUNT, _CURRENCY),
    "interval": (_FREQUENCY,),
    "interval_count": (_FREQUENCY,),
    "renews_at": (_RENEWS, "hs_status"),
}
"""The properties of a subscription that a field is read from."""
_STATUSES = {"unpaid": "PAST_DUE", "canceled": "CANCELLED", "expired": "ENDED"}
"""What states mean that are not ours. One that is scheduled has not begun, and is unknown."""
_OVER = ("canceled", "expired")
_PERIODS = {
    "weekly": ("WEEK", 1),
    "biweekly": ("WEEK", 2),
    "monthly": ("MONTH", 1),
    "quarterly": ("MONTH", 3),
    "per_six_months": ("MONTH", 6),
    "annually": ("YEAR", 1),
    "per_two_years": ("YEAR", 2),
    "per_three_years": ("YEAR", 3),
    "per_four_years": ("YEAR", 4),
    "per_five_years": ("YEAR", 5),
}
"""Intervals of a period, by its name."""


def subscription_of(currency: str | None, word: Word, contacts: Mapping[str, Sequence[str]], row: Any) -> dict[str, Any]:
    """Read a subscription, with the first of its contacts where these were loaded.

    Its amount is that of the next period, or else of the last one. `currency` is that of amounts without one.
    """
    has = row["properties"].get
    status, frequency = has("hs_status"), has(_FREQUENCY)
    interval, count = _PERIODS.get(frequency, (frequency, None)) if isinstance(frequency, str) else (frequency, None)
    return given(
        id=row["id"],
        customerId=first_contact(contacts, row),
        startedAt=to_time(has(_STARTS) or row["createdAt"]),
        plan=has("hs_name"),
        status=word("subscription", "status", status) or (_STATUSES.get(status, status) if isinstance(status, str) else status),
        amount=money_of(has(_NEXT_AMOUNT) or has(_LAST_AMOUNT), has(_CURRENCY) or currency),
        interval=interval,
        intervalCount=count,
        renewsAt=None if status in _OVER else to_time(has(_RENEWS)),
    )
