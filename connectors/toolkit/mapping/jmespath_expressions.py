"""JMESPath expressions of the configuration: checked once, compiled to getters."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter
from pydantic import AfterValidator

from connectors.toolkit.converters import to_object
from connectors.toolkit.mapping.exact_functions import ExactFunctions, exact_numbers

Get = Callable[[Any], Any]


def getter(expression: str) -> Get:
    """Make a function from JSON to the expression's value. None where there is none.

    A field, a dotted chain of fields, a literal and `@` are most of what a configuration holds; they are read without
    the interpreter of JMESPath.
    """
    compiled = jmespath.compile(expression)
    tree = compiled.parsed
    if tree["type"] == "current":
        return lambda value: value
    if tree["type"] == "literal":
        literal = tree["value"]
        return lambda _value: literal
    names = _chain(tree)
    if names is None:
        exact, options = ParsedResult(expression, exact_numbers(tree)), jmespath.Options(custom_functions=ExactFunctions())
        return lambda value: _search(partial(exact.search, options=options), value)
    return _field(names[0]) if len(names) == 1 else _fields(names)


def field_getter(expression: str) -> Get:
    """As `getter`, for a field: what stands in the place of an object that a path leads through is given in a list.

    No field takes that for its value, so it is left out and counted.
    """
    names = chain_of(expression)
    if names is None or len(names) == 1:
        return getter(expression)
    first, *further = names

    def get(value: Any) -> Any:
        value = value.get(first) if isinstance(value, dict) else None
        for name in further:
            if not isinstance(value, dict):
                return None if to_object(value) is None else [value]
            value = value.get(name)
        return value

    return get


def chain_of(expression: str) -> tuple[str, ...] | None:
    """List the names of a plain path (`a.b`), None for any other expression."""
    return _chain(jmespath.compile(expression).parsed)


def literal_of(expression: str) -> Any:
    """Read the value of a literal, None for any other expression."""
    tree = jmespath.compile(expression).parsed
    return tree["value"] if tree["type"] == "literal" else None


def misses_name(expression: str, value: Any) -> bool:
    """Tell whether an expression without a value names something absent: an object without the name. A null is there."""
    visitor = _NameVisitor(jmespath.Options(custom_functions=ExactFunctions()))
    try:
        visitor.visit(exact_numbers(jmespath.compile(expression).parsed), value)
    except JMESPathError:
        return True
    return visitor.missed


class _NameVisitor(TreeInterpreter):
    """Notes whether a name was missing."""

    missed = False

    def visit_field(self, node: Any, value: Any) -> Any:
        self.missed |= value is not None and not (isinstance(value, dict) and node["value"] in value)
        return super().visit_field(node, value)


def _search(search: Get, value: Any) -> Any:
    # A function that does not accept what this row holds (`join` of a null) finds nothing in this row.
    try:
        return search(value)
    except JMESPathError:
        return None


def _chain(tree: Mapping[str, Any]) -> tuple[str, ...] | None:
    if tree["type"] == "field":
        return (tree["value"],)
    if tree["type"] != "subexpression":
        return None
    parts = [_chain(child) for child in tree["children"]]
    return None if None in parts else tuple(name for part in parts if part for name in part)


def _field(name: str) -> Get:
    return lambda value: value.get(name) if isinstance(value, dict) else None


def _fields(names: tuple[str, ...]) -> Get:
    def get(value: Any) -> Any:
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return get


def checked(expression: str) -> str:
    try:
        tree = jmespath.compile(expression).parsed
    except ParseError as error:
        raise ValueError(f"`{expression}` is not JMESPath: something is wrong at position {error.lex_position + 1}") from error
    except JMESPathError as error:
        raise ValueError("an expression cannot be empty; `@` is the whole value") from error
    for name in _functions(tree):
        if name not in Functions.FUNCTION_TABLE:
            raise ValueError(f"`{expression}`: JMESPath has no function `{name}`; it has {', '.join(Functions.FUNCTION_TABLE)}")
    return expression


def _functions(tree: Mapping[str, Any]) -> Iterator[str]:
    if tree["type"] == "function_expression":
        yield tree["value"]
    for child in tree.get("children", ()):
        if isinstance(child, Mapping):  # the bounds of a slice are numbers, or none
            yield from _functions(child)


Expression = Annotated[str, AfterValidator(checked)]
"""A setting that holds JMESPath."""
