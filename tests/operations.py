"""Random operations that are valid for a schema: aliases, fragments, directives, variables, nested lists, odd arguments."""

from itertools import count
from random import Random
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    parse,
    print_ast,
)

ARGUMENTS: dict[str, list[str]] = {
    "by": [
        '{id: "c1"}', '{id: "c2"}', '{id: "nobody"}', '{id: " "}', '{email: "ana@example.com"}', '{email: "x"}', "$key",
        '{phone: "+55 11 91234-5678"}', '{deviceId: "d1"}', '{externalId: {source: "a", id: "b"}}', '{memberNumber: "m"}',
    ],
    "ids": ['["c1", "c2"]', '["c2", "nobody", "c2"]', "[]", '["c1", " "]', "$ids"],
    "id": ['"c1"', '"nobody"', "$id"],
    "text": ['"a"', '"b"', '""'],
    "first": ["1", "3", "100", "0", "$first"],
    "after": ["null", '"x"', '"WyIyMDI2LTA2LTAzVDEyOjAwOjAwWiIsIm9jMTMiXQ"', "$after"],
    "order": ["NEWEST_FIRST", "OLDEST_FIRST", "$order"],
    "filter": [
        "null", "{}", '{since: "2026-06-02T00:00:00Z"}', '{until: "2026-06-03T13:00:00+01:00"}',
        '{since: "2026-06-05T00:00:00Z", until: "2026-06-01T00:00:00Z"}',
    ],
    "records": ["null", "[ORDER]", "[TICKET, EVENT]", "[]", "[CUSTOMER]"],
    "keys": ["null", '["activity"]', '["activity", "satisfaction"]', '["nope"]', "[]"],
    "categories": ["null", "[BEHAVIOUR]", "[VALUE, SERVICE]"],
    "key": ['"activity"', '"open_complaint"', '"nope"'],
}  # fmt: skip

DECLARED = {
    "key": ("CustomerKey!", '{id: "c1"}', {"email": "ana.work@example.org"}),
    "ids": ("[ID!]!", '["c1"]', ["c2", "c1"]),
    "id": ("ID!", '"c1"', "c2"),
    "first": ("Int!", "2", 4),
    "after": ("String", "null", None),
    "order": ("SortOrder!", "NEWEST_FIRST", "OLDEST_FIRST"),
    "yes": ("Boolean!", "true", True),
    "no": ("Boolean!", "true", False),
}
"""Variables by name: type, default, and the value that is sent half of the time."""


class Operations:
    """Draws operations."""

    def __init__(self, schema: GraphQLSchema, seed: int) -> None:
        self._schema = schema
        self._random = Random(seed)
        self._number = count()

    def draw(self) -> tuple[str, dict[str, Any]]:
        """An operation with the values of its variables."""
        self._fragments: list[str] = []
        query: Any = self._schema.query_type
        body = self._selection(query, 0)
        text = body + "".join(self._fragments)
        used = [name for name in DECLARED if f"${name}" in text.replace(")", " )").replace("]", " ]").replace(",", " ,")]
        used = [name for name in used if any(end in text for end in (f"${name})", f"${name},", f"${name} ", f"${name}]"))]
        declared = ", ".join(f"${name}: {DECLARED[name][0]} = {DECLARED[name][1]}" for name in used)
        document = f"query{f' ({declared})' if declared else ''} {body}" + "".join(self._fragments)
        values = {name: DECLARED[name][2] for name in used if self._random.random() < 0.5}
        return print_ast(parse(document)), values

    def _selection(self, kind: Any, depth: int) -> str:
        chosen = [
            self._random.choice(["field", "field", "field", "inline", "spread"]) for _ in range(self._random.randint(1, 4))
        ]
        parts = [self._part(kind, how, depth) for how in chosen]
        return "{ " + " ".join(["__typename", *filter(None, parts)]) + " }"

    def _part(self, kind: Any, how: str, depth: int) -> str:
        if how == "field" and hasattr(kind, "fields"):
            return self._field(kind, depth)
        on = self._random.choice(self._conditions(kind))
        if depth > 5:
            return ""
        if how == "spread":
            name = f"F{len(self._fragments)}"
            self._fragments.append("")
            place = len(self._fragments) - 1
            self._fragments[place] = f" fragment {name} on {on.name} {self._selection(on, depth + 1)}"
            return f"...{name}{self._directive()}"
        return f"... on {on.name}{self._directive()} {self._selection(on, depth + 1)}"

    def _conditions(self, kind: Any) -> list[Any]:
        possible = list(self._schema.get_possible_types(kind)) if is_abstract_type(kind) else []
        return [kind, *possible, *getattr(kind, "interfaces", ())]

    def _field(self, kind: Any, depth: int) -> str:
        fields: dict[str, GraphQLField] = kind.fields
        names = [name for name in fields if depth < 7 or is_leaf_type(get_named_type(fields[name].type))]
        if not names:
            return ""
        name = self._random.choice(names)
        field = fields[name]
        arguments = [f"{argument}: {self._random.choice(ARGUMENTS[argument])}" for argument in self._given(field)]
        # Every field has an alias of its own, for equal keys with other arguments are not valid.
        alias = f"a{next(self._number)}: "
        below = get_named_type(field.type)
        selected = f" {self._selection(below, depth + 1)}" if is_composite_type(below) else ""
        given = f"({', '.join(arguments)})" if arguments else ""
        return f"{alias}{name}{given}{self._directive()}{selected}"

    def _given(self, field: GraphQLField) -> list[str]:
        return [
            name
            for name, one in field.args.items()
            if (str(one.type).endswith("!") and one.default is None) or self._random.random() < 0.4
        ]

    def _directive(self) -> str:
        directives = [
            "@include(if: true)",
            "@skip(if: false)",
            "@skip(if: true)",
            "@include(if: $no)",
            "@skip(if: $no)",
            "@include(if: $yes)",
        ]
        return f" {self._random.choice(directives)}" if self._random.random() < 0.15 else ""
