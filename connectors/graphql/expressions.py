"""Compile JMESPath with GraphQL arguments, and list its fields.

`lineItems(first: 50).nodes` is read from the answer as `lineItems.nodes`, and asked for with its arguments.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import jmespath
from graphql import GraphQLSyntaxError, parse
from pydantic import AfterValidator

from connectors.toolkit.mapping.jmespath_expressions import checked

Path = tuple[str, ...]
_TEXT = r'"(?:\\.|[^"\\])*"'
_WITH_ARGUMENTS = re.compile(rf"\b([A-Za-z_]\w*)\s*(\(\s*[A-Za-z_]\w*\s*:(?:[^()\"]|{_TEXT})*\))")
"""Arguments begin with a name and a colon, which those of JMESPath's functions never do."""
_NAME = re.compile(r"[A-Za-z_]\w*")
_STEPPING = {"subexpression", "pipe", "index_expression", "projection"}
"""Each child is read from what the one before it gives."""
_MAKING = {"comparator", "not_expression", "multi_select_dict"}
"""They give values of their own, from which nothing further of the source's can be read."""
_UNKNOWABLE = {"value_projection": "`*` asks for fields without a name", "expref": "`&` hides what is read"}


class Names:
    """Aliases for fields with arguments, one for each way to ask."""

    def __init__(self, expressions: Iterable[str]) -> None:
        calls = {(name, arguments) for text in expressions for name, arguments in _WITH_ARGUMENTS.findall(text)}
        plain = {name for text in expressions for name in _NAME.findall(_WITH_ARGUMENTS.sub("", text))}
        self._answered: dict[tuple[str, str], str] = {}
        for name, arguments in sorted(calls):
            taken = plain.union(self._answered.values())
            free = name if name not in taken else next(new for n in range(2, 1000) if (new := f"{name}_{n}") not in taken)
            self._answered[name, arguments] = free
        self._asked = {answered: asked for asked, answered in self._answered.items()}

    def plain(self, expression: str) -> str:
        """Write the expression over an answer."""
        return _WITH_ARGUMENTS.sub(lambda match: self._answered[match[1], match[2]], expression)

    def asked(self, answered: str) -> str:
        """Write the field as a document asks for it."""
        name, arguments = self._asked.get(answered, (answered, ""))
        return f"{name}{arguments}" if answered == name else f"{answered}: {name}{arguments}"


class ReadPaths:
    """The paths of a plain expression: `passed` on the way, and `ends`, below which more can be read.

    Raises `ValueError` where it does not say.
    """

    def __init__(self, expression: str) -> None:
        self.passed: set[Path] = set()
        self.ends = self._walk(jmespath.compile(expression).parsed, {()}) - {()}

    @property
    def all(self) -> set[Path]:
        return self.passed | self.ends

    def _walk(self, tree: Mapping[str, Any], here: set[Path]) -> set[Path]:
        kind, children = tree["type"], tree.get("children", ())
        if kind in _UNKNOWABLE:
            raise ValueError(_UNKNOWABLE[kind])
        if kind == "field":
            return {(*path, tree["value"]) for path in here}
        if kind in {"current", "identity", "index", "slice"}:
            return here
        if kind == "filter_projection":
            value, step, condition = children
            here = self._walk(value, here)
            self.passed |= self._walk(condition, here)
            return self._walk(step, here)
        if kind in _STEPPING:
            for child in children:
                here = self._walk(child, here)
            return here
        below = [self._walk(child, here) for child in children]
        passed = below[:-1] if kind == "and_expression" else below if kind in _MAKING else []
        self.passed.update(*passed)
        return set().union(*below[len(passed) :])


def _checked(expression: str) -> str:
    plain = checked(Names([expression]).plain(expression))
    try:
        ReadPaths(plain)
    except ValueError as error:
        raise ValueError(f"`{expression}`: {error}") from error
    for name, arguments in _WITH_ARGUMENTS.findall(expression):
        try:
            parse(f"{{ {name}{arguments} }}", no_location=True)
        except GraphQLSyntaxError as error:
            raise ValueError(f"`{name}{arguments}` is not GraphQL") from error
        if re.search(r"\$\w", re.sub(_TEXT, "", arguments)):
            raise ValueError(f"`{name}{arguments}`: variables stand in a query, not here")
    return expression


Expression = Annotated[str, AfterValidator(_checked)]
"""A setting that says where a value is."""
