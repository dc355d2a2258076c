"""What runs as a plan: every field of the schema."""

from typing import Any

import pytest
from graphql import GraphQLField, get_named_type, is_abstract_type, is_composite_type, is_object_type

from gateway.execution.executor import Executor, Unplanned
from gateway.execution.plan import Plan
from gateway.execution.schema_types import core_schema
from gateway.operations import Limits, Operations
from resolvers.schema import schema
from tests.support.operations import ARGUMENTS

SCHEMA = core_schema(schema)
LIMITS = Limits(max_depth=40, max_aliases=50_000, max_tokens=100_000, max_fields=50_000)
DEEPEST = 3


def objects() -> dict[str, Any]:
    """The object types of the schema that queries reach, by name, without those of introspection."""
    reached: dict[str, Any] = {}
    left: list[Any] = [SCHEMA.query_type]
    while left:
        kind = left.pop()
        if is_abstract_type(kind):
            left += SCHEMA.get_possible_types(kind)
        elif is_object_type(kind) and kind.name not in reached:
            reached[kind.name] = kind
            left += [get_named_type(field.type) for field in kind.fields.values()]
    return reached


def call(name: str, field: GraphQLField) -> str:
    """A field with all its arguments."""
    given = [f"{argument}: {ARGUMENTS[argument][0]}" for argument in field.args]
    return f"{name}({', '.join(given)})" if given else name


def selection(kind: Any, depth: int) -> str:
    """All that can be selected of a type, as deep as that; each field under a key of its own on the types of a union."""
    if not is_composite_type(kind):
        return ""
    if is_abstract_type(kind):
        on = [f"... on {one.name} {selection(one, depth)}" for one in SCHEMA.get_possible_types(kind)]
        return f"{{ __typename {' '.join(on)} }}"
    below = {name: get_named_type(field.type) for name, field in kind.fields.items()}
    fields = [
        f"{kind.name}_{name}: {call(name, kind.fields[name])} {selection(below[name], depth + 1)}"
        for name in below
        if depth < DEEPEST or not is_composite_type(below[name])
    ]
    return f"{{ __typename {' '.join(fields)} }}"


def around(name: str, selected: str, inside: tuple[str, ...] = ()) -> str | None:
    """An operation with this selection of a type in it; None where only the types `inside` lead to that type."""
    if name == "Query":
        return selected
    for owner, kind in objects().items():
        for key, field in kind.fields.items():
            reached = get_named_type(field.type)
            names = [one.name for one in SCHEMA.get_possible_types(reached)] if is_abstract_type(reached) else [reached.name]
            if name in names and owner not in inside:
                found = around(owner, f"{{ {call(key, field)} {{ ... on {name} {selected} }} }}", (*inside, name))
                if found is not None:
                    return found
    return None


FIELDS = [(owner, name) for owner, kind in objects().items() for name in kind.fields]


@pytest.mark.parametrize(("owner", "name"), FIELDS, ids=[f"{owner}.{name}" for owner, name in FIELDS])
def test_every_field_of_the_schema_runs_as_a_plan(owner: str, name: str):
    """With all its arguments, and with all that can be selected of it some levels deep."""
    field = objects()[owner].fields[name]
    text = around(owner, f"{{ {call(name, field)} {selection(get_named_type(field.type), 1)} }}")
    assert text is not None
    operation = Operations(SCHEMA, limits=LIMITS).prepare(text, None)
    executor = Executor(schema, suggestions=True)
    coerced = executor.coerced(operation, {})
    assert not isinstance(coerced, list)
    assert isinstance(executor.plan(operation, coerced), Plan)


def test_queries_are_all_that_the_schema_has():
    """Mutations run on graphql-core; there are no subscriptions."""
    assert SCHEMA.mutation_type is not None
    assert set(SCHEMA.mutation_type.fields) == {"eraseCustomer", "linkCustomers", "recordOutcome", "unlinkCustomers"}
    operation = Operations(SCHEMA, limits=Limits()).prepare("mutation { __typename }", None)
    executor = Executor(schema, suggestions=True)
    coerced = executor.coerced(operation, {})
    assert not isinstance(coerced, list)
    unplanned = executor.plan(operation, coerced)
    assert isinstance(unplanned, Unplanned)
    assert unplanned.reason == "mutation"
    assert SCHEMA.subscription_type is None
    assert {"Query", "Customer", "Order", "Tag", "PageInfo"} <= set(objects())
