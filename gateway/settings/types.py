"""Find settings of a type that TOML tells from the right one, such as a text where a number is meant.

pydantic would convert them. Variables are texts, whatever they set, so those may stand for numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from gateway.settings.paths import Path

_YES, _NO = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
"""The texts that pydantic takes for true and false."""


class VariableText(str):
    """A text that comes from the environment. It may be meant as a number."""

    __slots__ = ()


class Mistyped(NamedTuple):
    """A setting and the problem with its type. It repeats numbers and truth values alone, which are no secrets."""

    path: Path
    message: str


def find_mistyped(type_: Any, value: Any, path: Path = ()) -> Iterator[Mistyped]:
    """List the settings in a document, or in a part of it, that a type takes only by conversion."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        yield from find_mistyped(arguments[0], value, path)
    elif origin in (Union, UnionType):
        found = [list(find_mistyped(own, value, path)) for own in arguments if own is not type(None)]
        yield from () if [] in found else found[0]
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from find_mistyped(_type_below(type_, name, inner), inner, (*path, name))
    elif isinstance(value, list) and arguments:
        types = arguments if origin is tuple and Ellipsis not in arguments else arguments[:1] * len(value)
        for index, (own, inner) in enumerate(zip(types, value, strict=False)):
            yield from find_mistyped(own, inner, (*path, index))
    elif origin is None and type_ in _EXPLAIN:
        message = _EXPLAIN[type_](value, path)
        if message is not None:
            yield Mistyped(path, message)


def _type_below(type_: Any, name: str, value: Any) -> Any:
    """Find the type of a setting in a table; None where there is none.

    A table of names may be in tables itself: `total = { amount = "price" }` is `"total.amount" = "price"`.
    """
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        field = type_.model_fields.get(name)
        return None if field is None else field.annotation
    if get_origin(type_) is not dict:
        return None
    inner = get_args(type_)[1]
    is_nested = isinstance(inner, type) and issubclass(inner, BaseModel) and isinstance(value, Mapping)
    return type_ if is_nested and inner.model_fields.keys().isdisjoint(value) else inner


def _explain_int(value: Any, path: Path) -> str | None:
    if isinstance(value, bool):
        return "must be a whole number; write it in digits, without quotes"
    number = _number(value)
    if number is None or type(value) is int or not number.is_integer():
        return None
    return f"must be a whole number{_quotes(value)}; write {_written(path, f'{number:.0f}')}"


def _explain_float(value: Any, path: Path) -> str | None:
    if isinstance(value, bool):
        return "must be a number; write it in digits, such as 2.5"
    number = _number(value) if type(value) is str else None
    return None if number is None else f"must be a number{_quotes(value)}; write {_written(path, f'{number:g}')}"


def _explain_bool(value: Any, path: Path) -> str | None:
    text = str(value).lower() if type(value) in (str, int) else ""
    word = "true" if text in _YES else "false" if text in _NO else None
    return None if word is None else f"must be true or false{_quotes(value)}; write {_written(path, word)}"


def _explain_time(value: Any, _: Path) -> str | None:
    return "must be a time; write it as in 2026-01-31T12:00:00Z" if isinstance(value, int | float) else None


_EXPLAIN: Mapping[Any, Any] = {
    int: _explain_int,
    float: _explain_float,
    bool: _explain_bool,
    datetime: _explain_time,
    AwareDatetime: _explain_time,
}


def _number(value: Any) -> float | None:
    """Read a number, or a text that is one. None for variables and all else."""
    if type(value) not in (str, int, float):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _quotes(value: Any) -> str:
    return " without quotes" if isinstance(value, str) else ""


def _written(path: Path, value: Any) -> str:
    """Write a setting as it must be; of a list, the value alone."""
    return f"`{value}`" if not path or isinstance(path[-1], int) else f"`{path[-1]} = {value}`"
