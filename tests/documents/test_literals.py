"""Literals are lifted out of texts: what differs in them alone shares a plan, and nobody can tell by the answer."""

import re
from random import Random
from typing import Any

import pytest
from graphql import print_ast

from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.documents.literals import _SCALARS, outline_of
from gateway.documents.profiles import Profile
from gateway.execution.executor import Executor
from gateway.execution.schema_types import core_schema
from gateway.operations import Limits, Operation, OperationError, Operations
from gateway.quota.cost import CostLimits
from gateway.services import Services
from resolvers.schema import schema
from tests.execution.test_equality import GENEROUS, compared, differences, shown
from tests.support import shop
from tests.support.clocks import StoppedClock
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.operations import Operations as Drawn

SCHEMA = core_schema(schema)
TEXTS = [
    "c1",
    "c2",
    "nobody",
    "activity",
    "a",
    "ana@example.com",
    "",
    "checkout",
    "a longer text, with [signs] # in it",
    "李娜",
]
NODE = '{ node(id: "%s") { id } }'
ONE = '{ customer(by: {id: "%s"}) { id name } }'

pytestmark = pytest.mark.cases


UNLIMITED = Profile(cost=CostLimits(10**12, 10**12), suggests=True)


def lifting(**limits: Any) -> Operations:
    return Operations(SCHEMA, limits=Limits(**limits), lifts=True)


def last_of(*texts: str) -> Operation:
    """The operation of the last text, after the others."""
    operations = lifting()
    return [operations.prepare(text, None) for text in texts][-1]


def test_the_second_text_shares_its_document_with_all_that_follow():
    """A text alone stays as it is; from the second one on, its id is a variable of one document with one plan."""
    operations = lifting()
    first, second, third = (operations.prepare(ONE % key, None) for key in ("c1", "c2", "c3"))
    assert first.lifted is None
    assert second.document is third.document
    assert second.known is third.known
    assert second.lifted is not None
    assert third.lifted is not None
    assert (second.lifted.variables, third.lifted.variables) == ({"_literal0_ID": "c2"}, {"_literal0_ID": "c3"})
    again = operations.prepare(ONE % "c3", None)
    assert again.known is third.known
    assert operations.prepare(ONE % "c3", None) is again


def test_a_text_that_comes_alone_keeps_its_literals():
    """However often: a variable in their place would cost each request a little."""
    operations = lifting()
    assert [operations.prepare(ONE % "c1", None).lifted for _ in range(4)] == [None] * 4


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ('{ customer(by: {email: "%s"}) { id } }', {"_literal0_String": "1"}),
        ("{ node(id: %s) { id } }", {"_literal0_ID": "1"}),
        ('{ customers(ids: ["a", "%s"]) { id } }', {"_literal0_IDs": ["a", "1"]}),
        ('{ a: node(id: "%s") { id } b: node(id: "%s") { id } }', {"_literal0_ID": "1"}),
        (
            '{ searchCustomers(text: "%s", first: 5) { nodes { tag(key: "x") { key } } } }',
            {"_literal0_String": "1", "_literal2_String": "x"},
        ),
        (
            '{ customer(by: {externalId: {source: "%s", id: "%s"}}) { id } }',
            {"_literal0_String": "1", "_literal0_ID": "1"},
        ),
    ],
)
def test_a_literal_is_lifted_where_it_means_the_same_as_a_variable(text: str, variables: dict[str, Any]):
    """Texts and lists of them for `ID` and `String`, whole numbers for `ID`; equal ones of one type are one variable."""
    operation = last_of(text.replace("%s", "0"), text.replace("%s", "1"))
    assert operation.lifted is not None
    assert operation.lifted.variables == variables


@pytest.mark.parametrize(
    "text",
    [
        '{ searchCustomers(text: "ana li", first: %s) { nodes { id } } }',
        '{ customer(by: {id: "a"}) { orders(filter: {since: "2026-01-0%sT00:00:00Z"}) { nodes { id } } } }',
        'query ($id: ID! = "%s") { node(id: $id) { id } }',
        '{ node(id: "\\n%s") { id } }',
        '{ node(id: """%s""") { id } }',
        '{ customers(ids: ["""%s"""]) { id } }',
        '{ customers(ids: ["a", """%s"""]) { id } }',
        '{ customers(ids: ["""a", "%s"""]) { id } }',
        '{ customers(ids: ["a", %s]) { id } }',
        '# "%s"\n{ node(id: "a") { id } }',
        '{ node(id: "%s") { id } _literal0: __typename }',
    ],
)
def test_what_would_mean_something_else_stays_in_the_document(text: str):
    """Numbers of pages, times, defaults, escapes, mixed lists and comments make documents of their own."""
    one, other = text.replace("%s", "1"), text.replace("%s", "2")
    operations = lifting()
    prepared = [operations.prepare(each, None) for each in (one, other, one, other)]
    assert prepared[0].document is not prepared[1].document
    assert all("$" not in print_ast(operation.document) or "$id" in text for operation in prepared[:1])


async def test_a_list_that_no_variable_may_hold_is_not_lifted():
    """The second text with 1,001 ids has the answer of the first, whose field refuses them."""
    ids = [" ".join(f'"{name}{number}"' for number in range(1_001)) for name in "abc"]
    async with gateway_on([shop.crm()]) as gateway:
        answers = [await gateway.ask(f"{{ customers(ids: [{given}]) {{ id }} }}") for given in ids]
    assert [[error["extensions"]["code"] for error in answer["errors"]] for answer in answers] == [["INVALID_ARGUMENT"]] * 3


def test_a_string_without_an_end_is_read_once():
    """However many quotes it escapes: to begin again at each took 8 s for 64 KB."""
    text = '{ node(id: "' + '\\"' * 1_000
    assert [found.group() for found in _SCALARS.finditer(text)] == [text[len("{ node(id: ") :]]
    assert outline_of(text) is None


async def test_equal_and_different_literals_are_told_apart():
    """Fields with equal arguments are merged; where the next text has different ones, it is refused as it would be alone."""
    text = '{ node(id: "%s") { id } node(id: "%s") { __typename } }'
    operations = lifting()
    for key in ("a", "b", "c"):
        operations.prepare(text % (key, key), None)
    with pytest.raises(OperationError, match="they have differing arguments"):
        operations.prepare(text % ("a", "b"), None)
    assert operations.prepare(text % ("d", "d"), None).lifted is not None


@pytest.mark.parametrize(
    "text", ['{ node(id: "a) { id } }', '{ node(id: "a""b") { id } }', "{ node(id: 01) { id } }", ONE[:-1]]
)
def test_a_text_that_does_not_parse_has_no_good_outline(text: str):
    """What is no GraphQL is refused also after a good text that looks like it."""
    operations = lifting()
    for key in ("a", "b", "c"):
        operations.prepare(NODE % key, None)
        operations.prepare("{ node(id: 1) { id } }", None)
        operations.prepare(ONE % key, None)
    with pytest.raises(OperationError) as refused:
        operations.prepare(text, None)
    assert refused.value.errors[0].extensions["code"] in ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")


def test_an_outline_tells_texts_numbers_and_lists_apart():
    """The same marks stand for equal literals of one kind only."""
    keys = {outline_of(f"{{ a(b: {literal}) }}").key for literal in ('"1"', "1", '["1"]', '["1", "2"]', '"2"')}  # type: ignore[union-attr]
    assert len(keys) == 3
    assert outline_of("{ a }") is None
    assert outline_of("{ a" + ' "x"' * 51 + " }") is None


async def test_an_error_stands_where_it_is_in_the_text_of_the_caller():
    """Its line and column are those of this text, not of the one whose document it shares."""
    text = '{ a: customer(by: {id: "%s"}) { id }\n b: customer(by: {phone: "%s"}) { id } c: node(id: " ") { id } }'
    async with gateway_on(list(shop.sources().values())) as gateway:
        for key in ("c1", "c", "some longer id"):
            answer = await gateway.ask(text % (key, f"x{key}"))
            found = {error["path"][0]: error["locations"] for error in answer["errors"]}
            assert found == {
                "b": [{"line": 2, "column": 2}],
                "c": [{"line": 2, "column": 2 + (text % (key, f"x{key}")).split("\n")[1].index(" c: ")}],
            }


async def answer_of(
    services: Services, operations: Operations, executor: Executor, text: str, variables: dict[str, Any]
) -> Any:
    try:
        operation = operations.prepare(text, None)
    except OperationError as error:
        return [shown(one) for one in error.errors]
    result = await executor.run(
        operation,
        variables,
        RequestContext(services, "a", services.stitcher(), profile=UNLIMITED),
    )
    return compared(result, operation.document, lying=False)


def with_other_literals(text: str, random: Random) -> str:
    """The text with other words in quotes, equal ones for equal ones; some stay as they are."""
    words = dict(zip(sorted(set(re.findall(r'"\w*"', text))), random.sample(TEXTS, len(TEXTS)), strict=False))
    kept = {word for word in words if random.random() < 0.3}
    return re.sub(r'"\w*"', lambda match: match[0] if match[0] in kept else f'"{words.get(match[0], match[0][1:-1])}"', text)


def _is_shared(operations: Operations, text: str) -> bool:
    try:
        return operations.prepare(text, None).lifted is not None
    except OperationError:
        return False


@pytest.mark.parametrize("seed", range(3))
async def test_answers_are_the_same_with_literals_lifted_or_not(seed: int):
    """Random operations, each with other literals again and again: data, errors, their messages, paths and places are equal."""
    random = Random(seed)
    drawn = Drawn(SCHEMA, 1_000 + seed)
    plain = Operations(SCHEMA, limits=GENEROUS)
    lifted = Operations(SCHEMA, limits=GENEROUS, lifts=True)
    executors = [Executor(schema, suggestions=True) for _ in range(2)]
    connectors = list(shop.sources().values())
    settings = settings_for(connectors, deadline_ms=60_000, **shop.PINNED)
    shared = 0
    async with opened(create_services(settings, connectors=connectors, clock=StoppedClock())) as services:
        for _ in range(20):
            text, variables = drawn.draw()
            for number in range(4):
                own = with_other_literals(text, random) if number else text
                one = await answer_of(services, plain, executors[0], own, variables)
                other = await answer_of(services, lifted, executors[1], own, variables)
                assert list(differences(one, other)) == [], own
                shared += _is_shared(lifted, own)
    assert shared > 12
