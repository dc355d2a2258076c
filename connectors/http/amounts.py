"""Amounts that are only shown: as text, which need not become a Decimal and be written again.

A number of JSON that has a point is decoded as `Amount`, its text unread. What is in those of an answer is looked at in one go:
nearly always a Decimal would be written as the same text.
"""

from decimal import Decimal
from typing import Any

import msgspec

from connectors.http.places import MisfitError
from connectors.records import MOST_DIGITS, Money
from connectors.semantics import is_sound
from connectors.shapes import Fields, narrowed

Amount: Any = narrowed(Money, Fields.of("amount"))
"""Money of which the amount alone is shown."""

_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_DOUBTS = (b"e", b"E", b".0000000", b"0" * MOST_DIGITS)
"""In a number whose digits are zeros: what a Decimal may write in another way, or is too large. It writes `0.0000001` as `1E-7`."""


def amount(value: Any) -> Any:
    """Of what else may stand for an amount: a whole number, a text, or nothing.

    Raises `MisfitError`.
    """
    if value is None:
        return None
    if type(value) is not int and type(value) is not str:
        raise MisfitError
    return Amount(_canonical(value))


def settle(amounts: list[Any]) -> None:
    """Have numbers with a point written as a Decimal is.

    Raises `MisfitError` when one of them is too large or too small.
    """
    together = ",".join([one.amount for one in amounts]).encode().translate(_ZEROS)
    if any(doubt in together for doubt in _DOUBTS):
        for one in amounts:
            msgspec.structs.force_setattr(one, "amount", _canonical(one.amount))


def _canonical(value: int | str) -> str:
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise MisfitError from None
    if not is_sound(number):
        raise MisfitError
    return str(number)
