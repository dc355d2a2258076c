"""Amounts that are only shown: as text, which need not become a Decimal and be written again.

A number of JSON that has a point is decoded as an `Amount`, its text unread. Mostly it is shown with the same text, which is
seen of all amounts of an answer at once. Else they are read one by one. Saves 3 to 11 % of lists (decision 39).
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec

from connectors.record_fields import LIST, Fields, fields_of, narrow
from connectors.records import MAX_DIGITS, Money
from connectors.toolkit.code_generation import CodeWriter
from connectors.toolkit.converters import to_number
from connectors.toolkit.evaluation import decimal_text, is_sound
from connectors.toolkit.mapping.row_layout import SlowPathNeededError

Amount: Any = narrow(Money, Fields.from_paths("amount"))
"""Money of which the amount alone is shown."""

_MOST = 10**MAX_DIGITS
_Short = Annotated[str, msgspec.Meta(max_length=MAX_DIGITS)]

_DOUBTS = ("e", "E", "-0")
"""In numbers of JSON that are written in another way: `1e2` as `100`, `-0.0` as `0.0`."""


def are_plain(numbers: list[str]) -> bool:
    """Tell whether these numbers are sound and shown as written."""
    together = "".join(numbers)
    if any(doubt in together for doubt in _DOUBTS):
        return False
    try:
        msgspec.convert(numbers, list[_Short])
    except msgspec.ValidationError:
        return False
    return True


def numbers_in(struct: type[msgspec.Struct], fields: Fields) -> Callable[[list[list[Any]]], list[str]] | None:
    """Write a function that lists the amounts of records as text.

    Records are narrowed to some fields; None where they have none.
    """
    parts = [f"*[money.amount for {loops}]" for loops in _loops(struct, fields, "one", "records in lists for one in records")]
    return CodeWriter().expression("lists", f"[{', '.join(parts)}]") if parts else None


def _loops(struct: type[msgspec.Struct], fields: Fields, holder: str, loops: str) -> Iterator[str]:
    """Write the loops that lead to money with its amount."""
    for name, inner in fields:
        field = fields_of(struct)[name]
        within = f"{holder}.{name}" if field.form == LIST else f"({holder}.{name},)"
        if field.struct is Money and "amount" in inner:
            yield f"{loops} for money in {within} if money is not None"
        elif field.struct is not None:
            part = f"{holder}_{name}"
            yield from _loops(field.struct, inner, part, f"{loops} for {part} in {within} if {part} is not None")


def amount(value: Any) -> Any:
    """The amount of whatever stands for one in JSON; None stays None.

    Raises `SlowPathNeededError` for what is no number, or an unsound one.
    """
    if value is None:
        return None
    if type(value) is int and -_MOST < value < _MOST:
        return Amount(str(value))
    text = value.amount if type(value) is Amount else value
    if type(text) is not str:
        raise SlowPathNeededError
    return Amount(text if _is_simple(text) else _canonical(text))


def _is_simple(text: str) -> bool:
    """Tell whether this number of some digits is shown as written. It may have a point."""
    digits = text.replace(".", "", 1)
    if not (digits.isdigit() and digits.isascii()) or text[-1] == "." or len(text) > MAX_DIGITS:
        return False
    return text[0] in "123456789" or text[:2] == "0."


def _canonical(text: str) -> str:
    number = to_number(text)
    if number is None or not is_sound(number):
        raise SlowPathNeededError
    return decimal_text(number)
