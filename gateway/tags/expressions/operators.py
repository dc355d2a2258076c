"""The types that operators and functions take and give. The evaluating library converts nothing by itself."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.tags.expressions.types import NUMBERS, TEXTS, ValueType

ORDERED = frozenset({"<", "<=", ">", ">="})
EQUAL = frozenset({"==", "!="})
LOGICAL = frozenset({"&&", "||"})

_FAMILIES = (NUMBERS, TEXTS)


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function of CEL: what it takes and gives, and how it is written. A method stands behind its value and a dot."""

    takes: tuple[frozenset[ValueType], ...]
    gives: ValueType
    call: str
    needs: str
    is_method: bool = False
    is_function: bool = True

    def fits(self, operands: Sequence[ValueType], *, is_method: bool) -> bool:
        """Tell whether it can be called with such operands. Types that are not known fit."""
        is_written = self.is_method if is_method else self.is_function
        return (
            is_written
            and len(operands) == len(self.takes)
            and all(type_ in (*takes, ValueType.UNKNOWN) for type_, takes in zip(operands, self.takes, strict=True))
        )


def _method(name: str) -> Function:
    return Function(
        takes=(TEXTS, frozenset({ValueType.TEXT})),
        gives=ValueType.TRUTH,
        call=f"value.{name}('text')",
        needs="needs text twice",
        is_method=True,
        is_function=False,
    )


def _conversion(name: str, gives: ValueType) -> Function:
    takes = NUMBERS | (TEXTS if gives is ValueType.TEXT else {ValueType.TEXT})
    return Function(takes=(takes,), gives=gives, call=f"{name}(value)", needs="needs a number or text")


FUNCTIONS: dict[str, Function] = {
    "contains": _method("contains"),
    "double": _conversion("double", ValueType.FRACTION),
    "endsWith": _method("endsWith"),
    "int": _conversion("int", ValueType.WHOLE),
    "matches": _method("matches"),
    "size": Function(
        takes=(TEXTS | {ValueType.LIST},), gives=ValueType.WHOLE, call="size(value)", needs="needs text", is_method=True
    ),
    "startsWith": _method("startsWith"),
    "string": _conversion("string", ValueType.TEXT),
}
"""The functions that an expression over single values can use."""


def comparable(left: ValueType, right: ValueType) -> bool:
    """Tell whether values of two types can be equal."""
    return left is right or any(left in family and right in family for family in _FAMILIES)


def arithmetic_result(operator: str, left: ValueType, right: ValueType) -> ValueType | None:
    """Find the type of a sum, a product and so on. None where the library refuses."""
    if left in TEXTS and right in TEXTS:
        return ValueType.TEXT if operator == "+" else None
    if left is not right or left not in NUMBERS or (operator == "%" and left is not ValueType.WHOLE):
        return None
    return left


Operand = tuple[str, ValueType, bool]
"""The text of an operand, its type, and whether it is a constant."""


def mismatch_fix(left: Operand, right: Operand, *, operator: str) -> str:
    """Say how to bring two operands together."""
    for (text, type_, is_constant), (_, other, _) in ((left, right), (right, left)):
        bare = text.strip("'\"")
        if type_ is ValueType.TIME and other in NUMBERS:
            return f"give the fact {text} 'as: days_ago' to reckon in days"
        if type_ is ValueType.TEXT and other in NUMBERS and is_constant and is_number(bare):
            return f"write {bare} without quotation marks"
        if operator == "%" and type_ is ValueType.FRACTION:
            return f"write int({text})"
        if type_ is ValueType.WHOLE and other is ValueType.FRACTION:
            return f"write {text}.0" if text.isdigit() else f"write double({text})"
    for (text, type_, _), (_, other, _) in ((left, right), (right, left)):
        if type_ in NUMBERS and other is ValueType.TEXT:
            return f"write string({text}) for its text"
    return "use values of one type"


def is_number(text: str) -> bool:
    """Tell whether a text is that of a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
