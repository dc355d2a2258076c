"""Ways through the schema: an operation that reaches a field of a type."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from graphql import GraphQLSchema, get_named_type, is_abstract_type, is_composite_type, is_object_type

from connectors.records import RECORDS
from gateway.execution.schema_types import name_type
from tests.support.filled_people import IDS

GIVEN = {
    "Query.customer": '(by: {email: "ana@example.com"})',
    "Query.customers": '(by: [{email: "ana@example.com"}])',
    "Query.searchCustomers": '(text: "customer")',
    "Query.find": '(text: "ana@example.com")',
    "Query.order": '(id: "orders:oc11")',
    "Query.ticket": '(id: "support:t1")',
    "Query.account": '(id: "crm:a1")',
    "Query.erasureReceipt": '(id: "none")',
    "Query.identityAsOf": '(id: "crm:c1", at: "2026-05-04T12:00:00Z")',
    "Query.segment": '(key: "none")',
    "Customer.tag": '(key: "activity")',
    "Customer.facts": '(names: ["orders_90d", "favourite_category"])',
}
"""The arguments that fields need."""

NODES = {
    "Customer": "crm:c1",
    "Account": "crm:a1",
    **{name_type(RECORDS[name]): f"{source}:{start}1" for name, (source, start) in IDS.items()},
}
"""An id of each type of nodes."""

Step = tuple[str, str, str]
"""A field and the type that it leads to: `Type.field`, the name of the field with its arguments, the type."""


def steps_from(schema: GraphQLSchema, kind: Any) -> Iterator[Step]:
    """The fields of a type that lead on, once for each type that they may give."""
    for name, field in kind.fields.items():
        named: Any = get_named_type(field.type)
        where = f"{kind.name}.{name}"
        possible = schema.get_possible_types(named) if is_abstract_type(named) else [named]
        for one in possible:
            if is_object_type(one):
                own = f'(id: "{NODES[one.name]}")' if where == "Query.node" else ""
                yield where, f"{name}{own or GIVEN.get(where, '')}", one.name


def way_to(schema: GraphQLSchema, type_name: str, may_go: Callable[[Step], bool] = lambda _: True) -> list[Step] | None:
    """The shortest way from the query to objects of a type; None where there is none."""
    left: deque[tuple[str, list[Step]]] = deque([("Query", [])])
    seen = {"Query"}
    while left:
        name, way = left.popleft()
        if name == type_name:
            return way
        for step in steps_from(schema, schema.type_map[name]):
            if step[2] not in seen and may_go(step):
                seen.add(step[2])
                left.append((step[2], [*way, step]))
    return None


def operation_to(schema: GraphQLSchema, way: list[Step], type_name: str, name: str) -> str:
    """An operation that asks for one field at the end of a way, under the key `found`."""
    kind: Any = schema.type_map[type_name]
    below = " { __typename }" if is_composite_type(get_named_type(kind.fields[name].type)) else ""
    own = '(id: "crm:c1")' if (type_name, name) == ("Query", "node") else GIVEN.get(f"{type_name}.{name}", "")
    text = f"found: {name}{own}{below}"
    for _, call, reached in reversed(way):
        text = f"{call} {{ ... on {reached} {{ {text} }} }}"
    return f"{{ {text} }}"


def values_of(data: Any) -> Iterator[Any]:
    """The values under the key `found` in an answer, those of lists one by one."""
    if isinstance(data, list):
        for one in data:
            yield from values_of(one)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key == "found":
                yield from value if isinstance(value, list) else [value]
            else:
                yield from values_of(value)
