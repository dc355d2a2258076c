"""Amounts that are only shown: as text, which need not become a Decimal and be written again.

A number of JSON that has a point is decoded as an `Amount`, its text unread. Mostly all amounts of an answer are such numbers,
and a Decimal would be written with the same text: that is seen of all of them at once. Else they are read one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from connectors.http.places import MisfitError
from connectors.records import MOST_DIGITS, Money
from connectors.semantics import is_sound
from connectors.shapes import LIST, Fields, narrowed, shapes

Amount: Any = narrowed(Money, Fields.of("amount"))
"""Money of which the amount alone is shown."""

_DOUBTS = ("e", "E", ".000000")
"""In numbers of JSON that a Decimal may write in another way: `1e2` as `1E+2`, `0.0000001` as `1E-7`."""


def are_plain(numbers: Sequence[str]) -> bool:
    """Whether a Decimal of each of these numbers of JSON is sound, and is written with the same text."""
    if not numbers:
        return True
    together = "".join(numbers)
    return max(map(len, numbers)) <= MOST_DIGITS and not any(doubt in together for doubt in _DOUBTS)


def numbers_in(struct: type[msgspec.Struct], fields: Fields) -> Callable[[list[Any]], list[str]] | None:
    """A function that gives the text of each amount in records that are narrowed to some fields; None where they have none."""
    lists = [f"*[m.amount for {where} if (m := {amount}) is not None]" for where, amount in _places(struct, fields, "one", "")]
    made: Callable[[list[Any]], list[str]] = eval(f"lambda records: [{', '.join(lists)}]")  # noqa: S307  written here
    return made if lists else None


def _places(struct: type[msgspec.Struct], fields: Fields, source: str, loops: str) -> Iterator[tuple[str, str]]:
    """Where money with its amount is: the loops to it, and the expression for it."""
    for name, inner in fields:
        shape = shapes(struct)[name]
        if shape.struct is Money and "amount" in inner:
            yield f"one in records{loops}", f"{source}.{name}"
        elif shape.struct is not None and shape.form == LIST:
            yield from _places(shape.struct, inner, name, f"{loops} for {name} in {source}.{name}")


def amount(value: Any) -> Any:
    """The amount of whatever stands for one in JSON; None stays None.

    Raises `MisfitError` for what is no number, or an unsound one.
    """
    if value is None:
        return None
    text = value.amount if type(value) is Amount else value
    if type(text) is not str and type(text) is not int:
        raise MisfitError
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise MisfitError from None
    if not is_sound(number):
        raise MisfitError
    return Amount(str(number))
