"""Documents that come once leave nothing behind, though the garbage collector never looks."""

import gc
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from graphql import GraphQLError, Location, Node, Token

from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.execution.completion import ObjectCompletion
from gateway.execution.executor import Executor
from gateway.execution.plan import Plan
from gateway.execution.schema_types import core_schema
from gateway.execution.source_fields import MAX_ASKS
from gateway.operations import Limits, Operation, OperationError, Operations
from resolvers.schema import schema
from tests.support import shop
from tests.support.gateway_server import settings_for

SCHEMA = core_schema(schema)
COUNTED = (Node, Token, Location, GraphQLError, Operation, Plan, ObjectCompletion)
KEPT = 5

TEXTS: dict[str, Callable[[int], str]] = {
    "answered": lambda number: (
        f'{{ a{number}: customer(by: {{id: "c{number}"}}) {{ id orders(first: 20) {{ nodes {{ id items {{ name }} }} }}'
        " sources { name } tags { key } timeline { nodes { ... on Order { id } } } } sources { name } }"
    ),
    "other literals only": lambda number: f'{{ customer(by: {{id: "c{number}"}}) {{ id name orders {{ nodes {{ id }} }} }} }}',
    "with variables": lambda number: (
        f"query ($id: ID!, $on: Boolean!) {{ a{number}: customer(by: {{id: $id}}) {{ id name @include(if: $on) }} }}"
    ),
    "without a plan": lambda number: f"{{ a{number}: __typename __schema {{ types {{ name }} }} }}",
    "not valid": lambda number: f'{{ a{number}: customer(by: {{id: "c{number}"}}) {{ nome orders(firs: 1) {{ x }} }} }}',
    "not parsed": lambda number: f'{{ a{number}: customer(by: {{id: "c{number}"}}) {{ id ',
    "no tokens": lambda number: f'{{ a{number}: node(id: "\\ud800") {{ id }} }}',
    "too many tokens": lambda number: f"{{ a{number} {'x ' * 3_000} }}",
    "too many comments": lambda number: f"{{ a{number} {'#' + chr(10)}" * 3_000,
    "too deep": lambda number: f"{{ a{number} {'{ a' * 300}",
    "circular": lambda number: f"{{ a{number}: __typename ...F }} fragment F on Query {{ ...F }}",
}


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Only what was made since is looked through, where a test says so: what was kept once is not, as in a busy worker."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def planned(operations: Operations, executor: Executor, text: str) -> Operation | None:
    try:
        operation = operations.prepare(text, None)
    except OperationError:
        return None
    lifted = operation.lifted.variables if operation.lifted else {}
    coerced = executor.coerced(operation, {"id": "c1", "on": True, **lifted})
    assert not isinstance(coerced, list)
    executor.plan(operation, coerced)
    return operation


def counts() -> Counter[str]:
    return Counter(type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, COUNTED))


@pytest.mark.cases
@pytest.mark.parametrize("lifts", [False, True])
@pytest.mark.parametrize("kind", TEXTS)
def test_what_is_pushed_out_is_free_at_once(kind: str, lifts: bool, uncollected: None):
    """Sixty documents later, all of which came twice, there are as many nodes, tokens and plans, before a full collection."""
    operations = Operations(SCHEMA, limits=Limits(), size=KEPT, lifts=lifts)
    executor = Executor(schema, suggestions=True)
    executor._plans._room = KEPT
    sizes = []
    for numbers in (range(10), range(10, 70)):
        for number in numbers:
            for _ in range(2):
                planned(operations, executor, TEXTS[kind](number))
            gc.collect(0)  # has all that is kept grow old
        sizes.append(counts())
    assert sizes[1] - sizes[0] == Counter()


@pytest.mark.cases
@pytest.mark.parametrize("lifts", [False, True])
@pytest.mark.parametrize("kind", TEXTS)
def test_what_comes_once_is_free_at_once(kind: str, lifts: bool, uncollected: None):
    """Neither its syntax tree nor its errors wait for the garbage collector. Variables do, which graphql-core's rules keep."""
    operations = Operations(SCHEMA, limits=Limits(), lifts=lifts)
    executor = Executor(schema, suggestions=True)
    for number in range(3):  # with literals alone that differ they share one document from then on
        planned(operations, executor, TEXTS[kind](number))
    before = counts()
    for number in range(3, 6):
        planned(operations, executor, TEXTS[kind](number))
    more = counts() - before
    assert [more[name] for name in ("FieldNode", "DocumentNode", "GraphQLError", "Plan", "ObjectCompletion")] == [0] * 5


@pytest.mark.cases
def test_an_operation_goes_with_its_document_and_plan(uncollected: None):
    """Pushed out, neither its syntax tree nor its plan waits for the garbage collector."""
    operations = Operations(SCHEMA, limits=Limits(), size=2)
    executor = Executor(schema, suggestions=True)
    for _ in range(2):
        operation = planned(operations, executor, TEXTS["answered"](0))
    assert operation is not None
    gc.collect(0)
    gone = [weakref.ref(thing) for thing in (operation, operation.document, operation.known[executor].plan)]
    del operation
    assert None not in [ref() for ref in gone]
    for number in (1, 1, 2, 2, 3, 3):
        planned(operations, executor, TEXTS["answered"](number))
    assert [ref() for ref in gone] == [None] * 3


def errors_of(entry):
    """The errors that are kept with a document."""
    return [error for verdict in entry.verdicts.values() for error in verdict.errors]


@pytest.mark.cases
def test_refusals_are_weighed_by_what_they_keep():
    """The largest refusals that there can be, each asked for twice, keep no more than the room that is said."""
    operations = Operations(SCHEMA, limits=Limits(max_name_length=100_000), size=50)
    variables = ",".join(f"$a{number}:Int" for number in range(30))
    for number in range(200):
        for _ in range(2):
            with pytest.raises(OperationError) as refused:
                operations.prepare(f"query {'n' * 60_000}{number}({variables}){{__typename}}", None)
            assert max(len(error.message) for error in refused.value.errors) == 1_000
    entries = [*operations._entries._new.items(), *operations._entries._hot.items()]
    kept = sum(sys.getsizeof(text) + sum(sys.getsizeof(error.message) for error in errors_of(entry)) for text, entry in entries)
    assert kept <= 50 * 100_000


async def test_a_plan_caches_few_asks_however_many_fields_it_has():
    """Twenty sizes of a page, each for forty lists: they were 128 for each list, beside a document that counts as 100 kB."""
    lists = " ".join(f"a{number}: orders(first: $first) {{ nodes {{ id }} }}" for number in range(40))
    text = f'query ($first: Int!) {{ customer(by: {{id: "c1"}}) {{ {lists} }} }}'
    connectors = [shop.crm(), shop.orders()]
    executor, operation = Executor(schema, suggestions=False), Operations(SCHEMA, limits=Limits()).prepare(text, None)
    async with opened(create_services(settings_for(connectors), connectors=connectors)) as services:
        for first in range(1, 21):
            context = RequestContext(services, "", services.stitcher())
            assert (await executor.run(operation, {"first": first}, context)).errors is None
    plan = executor.plan(operation, executor.coerced(operation, {"first": 1}))
    fields = plan.root.only.completion.list_fields
    assert [len(field._asks) for field in fields] == [MAX_ASKS] * 40
