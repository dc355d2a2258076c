"""Read charges of Stripe as orders: the total, refunds, and charges that are no orders."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from connectors.contract import Position
from connectors.toolkit.converters import given, to_amount, to_number, to_time
from connectors.toolkit.vendor_rows import read_or_odd, readable, time_of

_PLACES = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"), 0),
    **dict.fromkeys(("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
"""The decimals of amounts where there are not two. ISK and UGX have none and are written with two all the same."""
_METHODS = {
    **dict.fromkeys(("card", "card_present", "interac_present"), "CARD"),
    **dict.fromkeys(("us_bank_account", "sepa_debit", "bacs_debit", "acss_debit", "au_becs_debit"), "BANK_TRANSFER"),
    **dict.fromkeys(("customer_balance", "ach_credit_transfer", "ideal", "bancontact", "eps", "p24", "pix"), "BANK_TRANSFER"),
    **dict.fromkeys(("paypal", "link", "alipay", "wechat_pay", "cashapp", "amazon_pay", "revolut_pay", "twint"), "WALLET"),
    **dict.fromkeys(("klarna", "affirm", "afterpay_clearpay"), "INVOICE"),
    **dict.fromkeys(("boleto", "oxxo", "konbini", "multibanco"), "VOUCHER"),
}


def orders_of(rows: list[Any], customer: str | None = None) -> list[Any]:
    """Read orders, of one customer or of anybody, without failed attempts and released payments.

    What cannot be read stays in.
    """

    def is_order(row: Any) -> bool:
        is_asked = customer is None or row["customer"] == customer
        return is_asked and row["status"] != "failed" and not _was_released(row)

    return [row for row in rows if readable([row], is_order) != [False]]


def place(row: Any) -> Position:
    return Position(time_of(row["created"]), str(row["id"]))


def order_of(lost: Mapping[str, list[Any]], row: Any) -> dict[str, Any]:
    """Take the captured amount if there is one, else the requested amount."""
    total = money_of(_taken(row) if row.get("captured") else row.get("amount"), row.get("currency"))
    disputes = lost.get(row["id"], [])
    back = _came_back(row, disputes)
    return given(
        id=row["id"],
        number=row.get("receipt_number"),
        customerId=row.get("customer"),
        placedAt=to_time(row["created"]),
        status=_status(row, is_lost=bool(disputes) and back == to_number(_taken(row))),
        total=total,
        refunded=money_of(back, row.get("currency")),
        payments=[_payment(row.get("payment_method_details"), total)],
    )


def _payment(details: Any, amount: dict[str, Any] | None) -> dict[str, Any]:
    kind = read_or_odd(details, lambda details: details.get("type", "") if details else "")
    own = read_or_odd(details, lambda details: details.get(kind) or {}) if details else {}
    has_wallet = isinstance(own, dict) and bool(own.get("wallet"))
    return given(
        method="WALLET" if has_wallet else _METHODS.get(kind) if isinstance(kind, str) else kind,
        amount=amount,
        installments=read_or_odd(own, lambda own: ((own.get("installments") or {}).get("plan") or {}).get("count")),
    )


def _status(row: Any, *, is_lost: bool) -> Any:
    captured, refunded = row.get("captured"), row.get("refunded")
    if row.get("status") != "succeeded":
        return row.get("status")
    if captured is not True:
        return captured or "PROCESSING"
    return "RETURNED" if refunded is True or is_lost else refunded or "CONFIRMED"


def _was_released(row: Any) -> bool:
    """Tell whether an authorised payment was let go or ran out. Stripe shows that as a refund of all of it."""
    return not row.get("captured") and row.get("refunded") is True


def _taken(row: Any) -> Any:
    """Read the amount taken. Where that cannot be read, it is the value that says whether something was."""
    captured, amount = row.get("captured"), row.get("amount_captured")
    if captured is not True:
        return captured or 0
    return row.get("amount") if amount is None else amount


def _came_back(row: Any, disputes: Iterable[Any]) -> Any:
    """Read how much of the amount taken went back.

    What was authorised and never taken is among Stripe's refunds. None where none is told.

    A dispute in another currency gives back all that is left. What cannot be read of these numbers is passed on in their place.
    """
    refunded, taken, asked = row.get("amount_refunded"), _taken(row), row.get("amount")
    if refunded is None:
        return None
    lost = [dispute.get("amount") if dispute.get("currency") == row.get("currency") else taken for dispute in disputes]
    written = (refunded, taken, asked, *lost)
    numbers = [to_number(amount) for amount in written]
    known = [number for number in numbers if number is not None and number.is_finite()]
    if len(known) < len(written):
        return next(
            (amount for amount, number in zip(written, numbers, strict=True) if amount is not None and number is None), ""
        )
    back, all_taken, all_asked, *all_lost = known
    return min(all_taken, max(Decimal(0), back - (all_asked - all_taken)) + sum(all_lost))


def money_of(amount: Any, currency: Any) -> dict[str, Any] | None:
    """From the currency's smallest unit."""
    if amount is None:
        return None
    code = currency.upper() if isinstance(currency, str) else currency
    places = _PLACES.get(code, 2) if isinstance(code, str) else 0
    return {"amount": to_amount(amount, places), "currency": code}
