"""Read subscriptions of Stripe: the plan, the amount of a period, how they stand."""

from collections.abc import Sequence
from typing import Any

from connectors.toolkit.converters import given, to_number, to_time
from connectors.toolkit.vendor_rows import read_or_odd
from connectors.vendors.stripe.charges import money_of

_STATUSES = {
    "trialing": "TRIAL",
    "unpaid": "PAST_DUE",
    "canceled": "ENDED",
    "incomplete_expired": "ENDED",
}
"""What states mean that are not ours. One whose first payment is still open is unknown."""
_RUNNING = ("trialing", "active", "past_due")


def subscription_of(row: Any) -> dict[str, Any]:
    """Take the plan and its seats from the first item, the amount from all of them."""
    items = read_or_odd(row.get("items"), lambda items: list(items["data"]))
    first = _object(next(iter(items), None))
    price = _object(first.get("price"))
    recurring = _object(price.get("recurring"))
    period_end = to_time(first.get("current_period_end"))
    is_running, is_leaving = row.get("status") in _RUNNING, bool(row.get("cancel_at_period_end") or row.get("cancel_at"))
    return given(
        id=row["id"],
        customerId=row.get("customer"),
        startedAt=to_time(row["start_date"]),
        plan=price.get("nickname") or price.get("lookup_key") or price.get("product") or price.get("id"),
        status=_status(row, is_leaving=is_leaving),
        seats=first.get("quantity"),
        amount=read_or_odd(items, _amount),
        interval=recurring.get("interval"),
        intervalCount=recurring.get("interval_count"),
        renewsAt=period_end if is_running and not is_leaving else None,
        cancelledAt=to_time(row.get("canceled_at")),
        endsAt=to_time(row.get("ended_at") or row.get("cancel_at")) or (period_end if is_leaving else None),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _status(row: Any, *, is_leaving: bool) -> Any:
    status = row.get("status")
    if status == "active" and row.get("pause_collection"):
        return "PAUSED"
    if status in ("active", "trialing") and is_leaving:
        return "CANCELLED"
    return _STATUSES.get(status, status) if isinstance(status, str) else status


def _amount(items: Sequence[Any]) -> dict[str, Any] | None:
    """What is due for a period, before discounts and taxes. None where prices have tiers, or periods differ."""
    prices = [item["price"] for item in items]
    kinds = {(price["currency"], price["recurring"]["interval"], price["recurring"]["interval_count"]) for price in prices}
    amounts = [price.get("unit_amount_decimal") or price.get("unit_amount") for price in prices]
    if len(kinds) != 1 or None in amounts:
        return None
    numbers = [(to_number(amount), to_number(item.get("quantity", 1))) for amount, item in zip(amounts, items, strict=True)]
    total = sum(amount * quantity for amount, quantity in numbers if amount is not None and quantity is not None)
    return money_of(total, prices[0]["currency"])
