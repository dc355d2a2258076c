"""A query of the configuration: where its key, its records and its pages are, and the documents that are made of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    parse,
    print_ast,
)

from connectors.errors import SettingsError
from connectors.graphql.syntax import Path, fields_of, numbered, text_of, variables_of
from connectors.toolkit.request_templates import placeholders_of

TYPES = {
    "keys": "[ID!]!",
    "key": "ID!",
    "first": "Int",
    "after": "String",
    "since": "DateTime",
    "until": "DateTime",
    "updatedSince": "DateTime",
}
"""The variables that the gateway gives, with the types that are taken for those that a query does not declare."""
_AT_TIMES = {"first", "after", "since", "until", "updatedSince", "updated_since"}
_OWN_PLACEHOLDERS = {"key", "since", "until", "updated_since"}
_PAGE_INFO = "pageInfo { hasNextPage endCursor }"


class Query:
    """One query, read. `own` are templates of further variables.

    `spine` are the names under which an answer leads to the records. The first `holder` of them lead to what has the key, and
    from there `key` leads to the key and `total` to the number of records. The pages are those of the step `paged`. Where it
    `cuts_all`, the first records are those of all keys together.
    Raises `ValueError` with all that is wrong, each with its setting.
    """

    def __init__(self, text: str, own: Mapping[str, str]) -> None:
        operation = _operation(text)
        (self._root,) = (selection for selection in operation.selection_set.selections if isinstance(selection, FieldNode))
        self._name = operation.name.value if operation.name else ""
        self._directives = operation.directives or ()
        self._used = variables_of(self._root, *self._directives)
        self._declared = {
            definition.variable.name.value: _type(definition) for definition in operation.variable_definitions or ()
        }
        fields = list(fields_of(self._root))
        self.own = dict(own)
        self.types = {name: TYPES.get(name, "String") for name in sorted(self._used)} | self._declared
        self.sends = frozenset(self.types).union(*map(placeholders_of, own.values()))
        self.one_key = "keys" not in self.sends
        self._of_each_key = {"key", "after", *(name for name in own if "key" in placeholders_of(own[name]))}
        self.spine = _spine(fields)
        key, total = _named(fields, "key"), _named(fields, "total")
        self.holder = 1 if key is None else _shared(key, self.spine)
        self.key = None if key is None else key[self.holder :]
        self.total = None if total is None else total[self.holder :]
        self._total_at = total
        after = _step(fields, self.spine, lambda node: "after" in variables_of(*(node.arguments or ())))
        info = next(
            (len(path) - 2 for path, _ in fields if path[-1] == "pageInfo" and path[:-1] == self.spine[: len(path) - 1]), None
        )
        self.paged = info if after is None else after
        first = _step(fields, self.spine, lambda node: "first" in variables_of(*(node.arguments or ())))
        self.cuts_all = not self.one_key and first is not None and first < self.holder
        problems = [*self._problems_of_variables(), *self._problems_of_own_variables(), *self._problems_of_places()]
        if problems:
            raise SettingsError(problems)

    def _problems_of_variables(self) -> Iterator[str]:
        unknown = self.types.keys() - {*TYPES, *self.own}
        if unknown:
            given = ", ".join(f"${name}" for name in TYPES)
            yield f"query: ${min(unknown)}: the variables are {given}, and those that `variables` gives"
        yield from (f"query: ${name} is declared and not used" for name in sorted(self._declared.keys() - self._used))
        if len(self.sends & {"key", "keys"}) != 1:
            yield "query: must use either $keys, all keys of a batch, or $key, one of them"
        if "until" in self.sends and "since" not in self.sends:
            yield "query: $until needs $since"
        for name, kind in sorted(self.types.items()):
            if kind.endswith("!") and {name, *placeholders_of(self.own.get(name))} & _AT_TIMES:
                yield f"query: ${name} has no value at times; declare it as {kind.removesuffix('!')}"

    def _problems_of_own_variables(self) -> Iterator[str]:
        for name, template in sorted(self.own.items()):
            if name in TYPES:
                yield f"variables.{name}: ${name} is given by the gateway; choose another name"
            if name not in self._used:
                yield f"variables.{name}: the query does not use ${name}"
            if not placeholders_of(template) <= _OWN_PLACEHOLDERS:
                yield f"variables.{name}: the placeholders are {{key}}, {{since}}, {{until}} and {{updated_since}}"
            elif len(placeholders_of(template)) > 1:
                yield f"variables.{name}: has room for one placeholder, as it is left out when that has no value"

    def _problems_of_places(self) -> Iterator[str]:
        if not self.one_key and self.key is None:
            yield "query: with $keys, what is named `key` must say whose the records are, as in `key: id`"
        elif self.cuts_all and self.paged is None:
            yield "query: with $keys, $first must stand inside what has the key, or beside $after; it cuts all keys together"
        elif not self.one_key and self.paged is not None and self.paged >= self.holder:
            yield "query: with $keys, there cannot be pages inside what has the key; ask with $key"
        total = self._total_at
        if total is not None and (len(total) <= self.holder or total[: self.holder] != self.spine[: self.holder]):
            yield "query: `total` must stand inside what has the key"

    def document(self, selection: str, *, counts: bool, queries: int) -> str:
        """Write the text to send: the fields of a record in their place, and the whole once for each query."""
        without = None if counts else self._total_at
        more = {} if self.paged is None else {self.spine[: self.paged + 1]: _PAGE_INFO}
        roots = [self._root] if queries == 1 else [numbered(self._root, n, self._of_each_key) for n in range(queries)]
        asked = (
            text_of(root, selection, more, without, name=name)
            for root, name in zip(roots, self.root_names(queries), strict=True)
        )
        variables = ", ".join(self._variables(queries))
        head = f"query {self._name}({variables})" if variables else f"query {self._name}"
        head = " ".join([head, *map(print_ast, self._directives)])
        return print_ast(parse(f"{head} {{ {' '.join(asked)} }}", no_location=True))

    def root_names(self, queries: int) -> list[str]:
        """Name the aliases of the queries in a document."""
        return [self.spine[0]] if queries == 1 else [f"k{n}" for n in range(queries)]

    def values(self, shared: Mapping[str, Any], each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Write a document's variables, the shared and each query's."""
        if len(each) == 1:
            return {**shared, **each[0]}
        return {**shared, **{f"{name}_{n}": value for n, variables in enumerate(each) for name, value in variables.items()}}

    def _variables(self, queries: int) -> Iterator[str]:
        for name, kind in self.types.items():
            if queries > 1 and name in self._of_each_key:
                yield from (f"${name}_{n}: {kind}" for n in range(queries))
            else:
                yield f"${name}: {kind}"


class ListQuery(Query):
    """A query of all records, in pages of `$first` after `$after`. The pages are those of the step `page_step`."""

    page_step: int

    def __init__(self, text: str) -> None:
        super().__init__(text, {})
        assert self.paged is not None
        self.page_step = self.paged

    def _problems_of_variables(self) -> Iterator[str]:
        if self.sends != {"first", "after"}:
            yield "query: must use $first and $after, and no other variable"
        elif self.paged is None:
            yield "query: $after must stand around `...fields`, at the field that has pages"


def _operation(text: str) -> OperationDefinitionNode:
    try:
        document = parse(text, no_location=True)
    except GraphQLSyntaxError as error:
        line, column = error.locations[0] if error.locations else (1, 1)
        raise ValueError(f"query: is not GraphQL: something is wrong at line {line}, column {column}") from error
    operation = document.definitions[0]
    is_query = isinstance(operation, OperationDefinitionNode) and operation.operation is OperationType.QUERY
    if len(document.definitions) != 1 or not is_query:
        raise ValueError("query: must be one query, without fragments of its own")
    assert isinstance(operation, OperationDefinitionNode)
    selections = operation.selection_set.selections
    if len(selections) != 1 or not isinstance(selections[0], FieldNode):
        raise ValueError("query: must ask for one field, in which all else stands")
    return operation


def _type(definition: VariableDefinitionNode) -> str:
    default = f" = {print_ast(definition.default_value)}" if definition.default_value else ""
    return print_ast(definition.type) + default


Found = Iterable[tuple[Path, FieldNode | FragmentSpreadNode]]


def _spine(fields: Found) -> Path:
    spreads = [(path, print_ast(node)) for path, node in fields if isinstance(node, FragmentSpreadNode)]
    if [text for _, text in spreads] != ["...fields"]:
        raise ValueError("query: `...fields` must stand once, as it is, where the fields of the record go, and no other")
    return spreads[0][0]


def _named(fields: Found, name: str) -> Path | None:
    paths = {path for path, node in fields if isinstance(node, FieldNode) and path[-1] == name}
    if len(paths) > 1:
        raise ValueError(f"query: only one thing can be named `{name}`")
    return next(iter(paths), None)


def _shared(path: Path, spine: Path) -> int:
    """Count the steps of a path along the spine."""
    steps = min(len(path) - 1, len(spine))
    return next((n for n in range(steps) if path[n] != spine[n]), steps)


def _step(fields: Found, spine: Path, fits: Any) -> int | None:
    """Find the first step of the spine whose field fits."""
    steps = (
        len(path) - 1 for path, node in fields if isinstance(node, FieldNode) and path == spine[: len(path)] and fits(node)
    )
    return next(steps, None)
