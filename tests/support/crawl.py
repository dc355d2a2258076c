"""Ask a gateway for everything that its schema shows below a field of the query, and read what is told of whom."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from graphql import GraphQLSchema, get_named_type, is_leaf_type, is_union_type

from tests.support.gateway_server import Gateway

ANY = 100_000
LIMITS = {"max_depth": 100, "max_nodes": 1_000_000, "max_calls": 1_000_000, "max_document_bytes": 1 << 20} | dict.fromkeys(
    ("max_tokens", "max_aliases", "max_fields"), ANY
)
"""Settings of a gateway that lets itself be asked."""

Told = set[tuple[str, str, str]]
"""A type, a field of it, and a value, as text."""

_BETWEEN = "__"


class Crawl:
    """Goes through a schema from the query, past each type once on each way. `given` are arguments, one way for each."""

    def __init__(self, schema: GraphQLSchema, given: Mapping[str, list[str]], left_out: Collection[str]) -> None:
        self._schema = schema
        self._given = given
        self._left_out = left_out

    async def ask(self, gateway: Gateway, root: str, arguments: str) -> Told:
        """Ask for all below a field of the query."""
        field = self._schema.query_type.fields[root]  # type: ignore[union-attr]
        answer = await gateway.ask(f"{{ {root}{arguments}{self._selection(get_named_type(field.type), ())} }}")
        assert "errors" not in answer, answer["errors"][:3]
        assert answer["data"][root], answer
        return {*read_told(answer["data"][root])}

    def _selection(self, kind: Any, above: tuple[str, ...]) -> str:
        if is_union_type(kind) or kind.name == "Node":
            inner = (f"... on {own.name}{self._selection(own, above)}" for own in self._schema.get_possible_types(kind))
            return f" {{ {' '.join(inner)} }}"
        return f" {{ {' '.join(self._fields(kind, (*above, kind.name)))} }}"

    def _fields(self, kind: Any, above: tuple[str, ...]) -> Iterator[str]:
        yield "__typename"
        for name, field in kind.fields.items():
            where, named = f"{kind.name}.{name}", get_named_type(field.type)
            if where in self._left_out or name in self._left_out or named.name in above:
                continue
            usual = "(first: 100)" if "first" in field.args else ""
            for place, arguments in enumerate(self._given.get(where, [usual])):
                below = "" if is_leaf_type(named) else self._selection(named, above)
                yield f"{kind.name}{_BETWEEN}{name}{_BETWEEN}{place}: {name}{arguments}{below}"


def read_told(data: Any) -> Iterator[tuple[str, str, str]]:
    """Read the values of an answer, those of lists one by one."""
    for inner in data if isinstance(data, list) else [data]:
        for key, value in (inner or {}).items():
            kind, _, field = key.rpartition(_BETWEEN)[0].partition(_BETWEEN)
            for own in value if isinstance(value, list) else [value]:
                if isinstance(own, dict) and any(_BETWEEN in name for name in own):
                    yield from read_told(own)
                elif kind:
                    yield kind, field, str(own)
