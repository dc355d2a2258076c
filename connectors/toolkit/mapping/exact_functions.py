"""Give JMESPath functions over Decimals, so that amounts stay exact."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from jmespath.exceptions import JMESPathTypeError
from jmespath.functions import Functions, signature

from connectors.toolkit.converters import encode_numbers, to_number
from connectors.toolkit.evaluation import average, exact_sum, is_sound

_NUMBER = ("float", "int", "long", "Decimal")


def exact_numbers(tree: Any) -> Any:
    """A parsed expression whose literals are numbers as JSON writes them: `12.1` is equal to 12.1 of an answer."""
    match tree:
        case {"type": "literal", "value": value}:
            return tree | {"value": _exact(value)}
        case dict():
            return {name: exact_numbers(part) for name, part in tree.items()}
        case list():
            return [exact_numbers(part) for part in tree]
    return tree


def _exact(value: Any) -> Any:
    match value:
        case float() if math.isfinite(value):
            return Decimal(str(value))
        case dict():
            return {name: _exact(part) for name, part in value.items()}
        case list():
            return [_exact(part) for part in value]
    return value


class ExactFunctions(Functions):
    """Compute the standard's functions over numbers. A value that cannot be computed with raises `JMESPathTypeError`."""

    @signature({"types": ["number"]})
    def _func_abs(self, arg: Any) -> Any:
        return abs(arg) if not isinstance(arg, Decimal) else arg.copy_abs()

    @signature({"types": ["array-number"]})
    def _func_avg(self, arg: Sequence[Any]) -> Any:
        return average(_sound(arg, "avg")) if arg else None

    @signature({"types": ["array-number"]})
    def _func_sum(self, arg: Sequence[Any]) -> Any:
        return exact_sum(_sound(arg, "sum"))

    @signature({"types": ["number"]})
    def _func_ceil(self, arg: Any) -> Any:
        return math.ceil(*_sound([arg], "ceil"))

    @signature({"types": ["number"]})
    def _func_floor(self, arg: Any) -> Any:
        return math.floor(*_sound([arg], "floor"))

    @signature({"types": []})
    def _func_to_string(self, arg: Any) -> Any:
        return arg if isinstance(arg, str) else encode_numbers(arg).decode()

    @signature({"types": []})
    def _func_to_number(self, arg: Any) -> Any:
        if isinstance(arg, bool | list | dict) or arg is None:
            return None
        if not isinstance(arg, str):
            return arg
        number = to_number(arg)
        if number is None or not is_sound(number):
            return None
        return int(number) if number.as_tuple().exponent == 0 else number

    @signature({"types": []})
    def _func_type(self, arg: Any) -> Any:
        return "number" if isinstance(arg, Decimal) else super()._func_type(arg)  # type: ignore[misc]

    def _get_allowed_pytypes(self, types: Sequence[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        names, inside = super()._get_allowed_pytypes(types)  # type: ignore[misc]
        return (
            [*names, "Decimal"] if "float" in names else names,
            [_NUMBER if "float" in own else own for own in inside],
        )

    def _convert_to_jmespath_type(self, name: str) -> str:
        converted: str = super()._convert_to_jmespath_type("float" if name == "Decimal" else name)  # type: ignore[misc]
        return converted


def _sound(numbers: Sequence[Any], function: str) -> Sequence[Any]:
    """The numbers. One with a million digits is not computed with."""
    for number in numbers:
        if isinstance(number, Decimal) and not is_sound(number):
            raise JMESPathTypeError(function, number, "number", ["number"])
    return [Decimal(str(number)) if isinstance(number, float) else number for number in numbers]
