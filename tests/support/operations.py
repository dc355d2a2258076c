"""Random operations that are valid for a schema: everything of the query language that selects, and odd arguments."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_union_type,
    parse,
    print_ast,
)

ARGUMENTS: dict[str, list[str]] = {
    "at": ['"2026-05-04T12:00:00Z"'],
    "by": [
        '{id: "c1"}', '{email: "ana@example.com"}', '{id: "c2"}', '{id: "nobody"}', '{id: " "}', '{email: "x"}', "$key",
        '{phone: "+55 11 91234-5678"}', '{deviceId: "d1"}', '{externalId: {source: "a", id: "b"}}', '{memberNumber: "m"}',
        '{orderId: "orders:oc12"}', '{orderNumber: "#1"}', '{orderNumber: "#3"}', '{ticketNumber: "T-2"}', '{account: "a"}',
        "{orderId: $id}", "{orderNumber: $text}",
        "{id: $id}", "{externalId: {source: $text, id: $id}}", "{email: $text}", "{externalId: {source: $tag, id: $other}}",
    ],
    "customers.by": [
        '[{id: "c1"}, {orderNumber: "#2"}, {email: "li@example.com"}]', '[{id: "c1"}, {phone: "+55 11 91234-5678"}]', "$many",
        '{ticketNumber: "T-1"}', "[{id: $id}, {email: $text}]", "[]", "null",
        '[{id: " "}, {orderNumber: "#1"}, {account: "a"}]',
    ],
    "ids": [
        '["c1", "crm:c2"]', '["c2", "nobody", "c2"]', '["crm:c1", "c1", "orders:c1"]', "[]",
        '["c1", " "]', "$ids", '"c1"', "[7, $id]", "[$id]",
        '[$id, "c2", $other, $id]',
    ],
    "id": ['"c1"', '"crm:c2"', '"nobody"', '"orders:c1"', '""', "7", "$id"],
    "order.id": ['"orders:oc11"', '"oc21"', '"support:t1"', '"nobody"', '""', "7", "$id"],
    "account.id": ['"crm:a1"', '"a1"', "$id"],
    "role": ["BUYER", "USER", "null"],
    "members": ["true", "false"],
    "ticket.id": ['"support:t1"', '"t2"', '"orders:oc11"', '"T2"', "$id"],
    "node.id": [
        '"crm:c1"', '"orders:oc12"', '"sales:d1"', '"sales:s1"', '"sales:n2"',
        '"support:t2"', '"behaviour:e1"', '"c2"', '"orders:c1"', '" "', "7",
        "$id",
    ],
    "text": ['"ana li"', "$text", '"b"', '""'],
    "first": ["3", "100", "1", "0", "101", "-1", "$first", "$most"],
    "after": [
        "null", '"WyIyMDI2LTA2LTAzVDEyOjAwOjAwWiIsIm9jMTMiXQ"', '"x"', '"W251bGwsImMxIl0"', '"WzUsNV0"', "$after", "$cursor",
    ],
    "order": ["NEWEST_FIRST", "OLDEST_FIRST", "$order", "$direction"],
    "updatedSince": ['"2026-06-02T00:00:00Z"', "null", "$since", '"2100-01-01T00:00:00Z"'],
    "filter": [
        "{}", '{since: "2026-06-02T00:00:00Z"}', "null", '{until: "2026-06-03T13:00:00+01:00"}', "{since: $since}",
        '{since: "2026-06-05T00:00:00Z", until: "2026-06-01T00:00:00Z"}', "{since: null, until: $since}",
    ],
    "OrderFilter": [
        "{status: [DELIVERED, UNKNOWN]}", "{status: SHIPPED}", "{status: []}", "$orders", "{status: [$status]}",
        "{status: $statuses, since: $since}", "{status: [$status, SHIPPED, $status], until: null}",
    ],
    "TicketFilter": ["{status: [OPEN], kind: [UNKNOWN]}", "{kind: null, status: SOLVED}", "{status: [SOLVED], since: $since}"],
    "EventFilter": [
        '{type: ["page_view"]}', '{type: "checkout", since: $since}', "{type: $keys}", "{type: [$text]}",
        '{type: [$text, "page_view", $tag, $text]}', "{since: $since, type: [$tag]}",
    ],
    "DealFilter": ["{stage: [WON, OPEN]}", '{pipeline: ["partners", $text], since: $since}', "{stage: null}"],
    "CustomerSubscriptionFilter": ["{status: ACTIVE}", '{plan: ["Pro"], status: [ACTIVE, ENDED]}', "{plan: $keys}"],
    "SurveyFilter": ["{kind: [NPS]}", "{kind: [CSAT, UNKNOWN], until: $since}"],
    "records": [
        "null", "[TICKET, EVENT]", "[DEAL, SURVEY, SUBSCRIPTION]",
        "[ORDER]", "[]", "[CUSTOMER]", "ORDER", "[ORDER, ORDER, $record]", "[$record]",
    ],
    "keys": [
        "null", '["activity"]', '["activity", "satisfaction"]', '["nope"]', "[]", '"activity"', "$keys", "[$tag]",
        '["activity", $text, $tag]',
    ],
    "value": ["null", '"HIGH"', '"NONE"', '"nothing"', "$text", "$tag"],
    "days": ["30", "1", "400", "0", "401"],
    "language": ["null", '"en"', '"zh"', '"pt-BR"', "$text"],
    "names": [
        '["orders_90d"]', '["favourite_category", "satisfaction_365d", "orders_90d"]', '["nope"]', "[]", '"orders_all"',
        "[$tag]", '["orders_all", $text]',
    ],
    "categories": ["null", "[BEHAVIOUR]", "[VALUE, SERVICE]", "[]", "LIFECYCLE", "[$category]", "[VALUE, $category]"],
    "key": ['"activity"', '"open_complaint"', '"nope"', "$tag"],
}  # fmt: skip
"""Values by the name of an argument, or of its field and it, and more by its type.

The first two lead on, and are taken half of the time.
"""

Variable = tuple[str, str | None, list[Any]]
DECLARED: dict[str, Variable] = {
    "key": ("CustomerKey!", '{id: "c1"}', [{"email": "ana.work@example.org"}, {"id": "c2"}, {"id": "c1", "email": "x"}]),
    "many": ("[CustomerKey!]!", '[{id: "c2"}]', [[{"orderId": "oc11"}, {"email": "x"}], {"id": "c1"}, []]),
    "ids": ("[ID!]!", '["c1"]', [["crm:c2", "c1"], "c2", [7]]),
    "id": ("ID!", '"c1"', ["c2", 7, "crm:c1", "orders:oc13"]),
    "other": ("ID", '"c2"', ["c1", 7, None]),
    "text": ("String!", '"ana li"', ["li", "checkout"]),
    "first": ("Int!", "2", [4, 0, "x"]),
    "most": ("Int", None, [4, None]),
    "after": ("String", "null", [None, "WyIyMDI2LTA2LTAyVDEyOjAwOjAwWiIsIngiXQ", "?"]),
    "cursor": ("String", None, [None, "WyIyMDI2LTA2LTA0VDEyOjAwOjAwWiIsIngiXQ"]),
    "order": ("SortOrder!", "NEWEST_FIRST", ["OLDEST_FIRST"]),
    "direction": ("SortOrder", "OLDEST_FIRST", [None, "NEWEST_FIRST"]),
    "since": ("DateTime", None, [None, "2026-06-02T12:00:00+02:00", "2026-06-04T00:00:00Z", "soon"]),
    "orders": ("OrderFilter", "{until: null}", [None, {}, {"status": ["DELIVERED"], "since": "2026-06-02T00:00:00Z"}]),
    "status": ("OrderStatus!", "DELIVERED", ["SHIPPED", "NONE"]),
    "statuses": ("[OrderStatus!]", None, [None, [], "DELIVERED", ["DELIVERED", "SHIPPED"], [None]]),
    "category": ("TagCategory!", "BEHAVIOUR", ["VALUE"]),
    "record": ("RecordType!", "TICKET", ["EVENT", "CUSTOMER"]),
    "keys": ("[String!]", None, [None, [], ["activity"], "page_view"]),
    "tag": ("String!", '"activity"', ["satisfaction", ""]),
    "yes": ("Boolean!", "true", [True]),
    "no": ("Boolean!", "true", [False]),
}
"""Variables by name: type, default where there is one, and the values of which one is sent half of the time."""

DIRECTIVES = [
    "@include(if: true)",
    "@skip(if: false)",
    "@skip(if: true)",
    "@include(if: $no)",
    "@skip(if: $no)",
    "@include(if: $yes)",
    "@skip(if: $no) @include(if: $yes)",
    "@include(if: false) @skip(if: false)",
]

HOWS = ["field"] * 7 + ["again"] * 3 + ["inline"] * 2 + ["spread"] * 2 + ["bare", "known"]
"""How a part of a selection comes about, each as often as it stands here."""

PARTS = [1, 2, 2, 2, 3, 4]
"""How many parts a selection has."""


FEW_PARTS = [1, 1, 1, 2, 2, 3]
"""As many as have an operation stay within the limits of a gateway, as a rule."""


class Operations:
    """Draws operations, with the values of these arguments and variables. They begin with these fields, or with any."""

    def __init__(
        self,
        schema: GraphQLSchema,
        seed: int,
        arguments: Mapping[str, list[str]] = ARGUMENTS,
        variables: Mapping[str, Variable] = DECLARED,
        parts: Sequence[int] = PARTS,
        roots: Collection[str] = (),
    ) -> None:
        self._schema = schema
        self._arguments = arguments
        self._variables = variables
        self._parts = parts
        self._roots = roots
        self._random = Random(seed)
        self._number = count()
        self._unions = [kind for kind in schema.type_map.values() if is_union_type(kind)]
        self._merged = {member.name for union in self._unions for member in union.types}

    def draw(self) -> tuple[str, dict[str, Any]]:
        """An operation with the values of its variables."""
        self._fragments: dict[str, tuple[str, str]] = {}
        self._heads: dict[str, list[tuple[str, str]]] = defaultdict(list)
        query: Any = self._schema.query_type
        body = self._selection(query, 0)
        text = body + "".join(f" fragment {name} {inner}" for name, (_, inner) in self._fragments.items())
        used = [name for name in self._variables if re.search(rf"\${name}\b", text)]
        declared = ", ".join(_declaration(name, self._variables[name]) for name in used)
        values = {name: self._random.choice(self._variables[name][2]) for name in used if self._random.random() < 0.5}
        return print_ast(parse(f"query{f' ({declared})' if declared else ''} {text}")), values

    def _selection(self, kind: Any, depth: int) -> str:
        parts = [self._part(kind, self._random.choice(HOWS), depth) for _ in range(self._random.choice(self._parts))]
        parts.insert(self._random.randint(0, len(parts)), "__typename")
        if self._random.random() < 0.2:
            parts.append(f"a{next(self._number)}: __typename{self._directive()}")
        return "{ " + " ".join(filter(None, parts)) + " }"

    def _part(self, kind: Any, how: str, depth: int) -> str:
        if how in ("field", "again") and hasattr(kind, "fields"):
            return self._field(kind, depth, again=how == "again")
        if depth > 5:
            return ""
        if how == "bare":
            return f"...{self._directive()} {self._selection(kind, depth + 1)}"
        on = self._random.choice(self._conditions(kind))
        if how == "inline":
            return f"... on {on.name}{self._directive()} {self._selection(on, depth + 1)}"
        known = [name for name, (condition, _) in self._fragments.items() if condition == on.name]
        # One that is not whole yet is being drawn around this place, and may not stand inside itself.
        name = self._random.choice(known) if known and how == "known" else self._fragment(on, depth)
        return f"...{name}{self._directive()}"

    def _fragment(self, on: Any, depth: int) -> str:
        inner = self._selection(on, depth + 1)
        name = f"F{len(self._fragments)}"
        self._fragments[name] = (on.name, f"on {on.name} {inner}")
        return name

    def _conditions(self, kind: Any) -> list[Any]:
        possible = list(self._schema.get_possible_types(kind)) if is_abstract_type(kind) else []
        unions = [union for union in self._unions if kind in union.types]
        return [kind, *possible, *getattr(kind, "interfaces", ()), *unions]

    def _field(self, kind: Any, depth: int, *, again: bool) -> str:
        fields: dict[str, GraphQLField] = kind.fields
        names = [name for name in fields if depth < 7 or is_leaf_type(get_named_type(fields[name].type))]
        if self._roots and kind is self._schema.query_type:
            names = [*self._roots]
        heads = [head for head in self._heads[kind.name][-4:] if head[0] in names]
        if heads and again:
            name, head = self._random.choice(heads)
        elif names:
            (name,) = self._random.choices(names, [_weight(fields[name]) for name in names])
            head = self._head(kind, name)
            self._heads[kind.name].append((name, head))
        else:
            return ""
        below = get_named_type(fields[name].type)
        selected = f" {self._selection(below, depth + 1)}" if is_composite_type(below) else ""
        return f"{head}{self._directive()}{selected}"

    def _head(self, kind: Any, name: str) -> str:
        """A field with its key and arguments. Equal keys are of equal fields, wherever in the document they meet."""
        given = [
            f"{argument}: {self._random.choice(values[:2] if self._random.random() < 0.5 else values)}"
            for argument, values in self._given(name, kind.fields[name])
        ]
        # Fields of one's own have one name and several types, which may meet under an interface.
        is_alone = kind.name not in self._merged and not name.startswith("own")
        if not given and is_alone and self._random.random() < 0.5:
            return name
        return f"a{next(self._number)}: {name}{f'({chr(44).join(given)})' if given else ''}"

    def _given(self, field_name: str, field: GraphQLField) -> list[tuple[str, list[str]]]:
        known = self._arguments
        args = field.args
        if self._roots and field_name == "customers":
            chosen = self._random.choice([*args])  # both, or none, are refused
            return [(chosen, known.get(f"customers.{chosen}", known[chosen]))]
        return [
            (name, known.get(f"{field_name}.{name}", known[name]) + known.get(str(get_named_type(one.type)), []))
            for name, one in args.items()
            if _is_required(one) or self._random.random() < 0.4
        ]

    def _directive(self) -> str:
        return f" {self._random.choice(DIRECTIVES)}" if self._random.random() < 0.15 else ""


def _weight(field: GraphQLField) -> int:
    """What asks sources has arguments, and is drawn more often than what leads to it, and that more often than the rest."""
    if field.args:
        return 6
    return 2 if is_composite_type(get_named_type(field.type)) else 1


def _declaration(name: str, variable: Variable) -> str:
    kind, default, _ = variable
    return f"${name}: {kind}" if default is None else f"${name}: {kind} = {default}"


def _is_required(argument: GraphQLArgument) -> bool:
    return str(argument.type).endswith("!") and argument.default is None
