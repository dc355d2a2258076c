"""What is kept, and what goes first."""

import asyncio
import gc
import weakref

import pytest

from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.execution.executor import MAX_PLANS, Executor
from gateway.execution.plan import Plan
from gateway.execution.schema_types import core_schema
from gateway.lru_cache import SegmentedLru
from gateway.operations import Limits, Operation, Operations
from resolvers.schema import schema
from tests.support import shop
from tests.support.gateway_server import settings_for


def kept_names(kept: SegmentedLru[str, str], names: str) -> str:
    """Those of the names that are there. Asking makes them hot."""
    return "".join(name for name in names if kept.get(name))


def test_what_was_used_again_outlives_what_came_once():
    """With room for five, two hot ones stay however many others come, and of those the last three are there."""
    kept: SegmentedLru[str, str] = SegmentedLru(5)
    for name in "ab":
        kept.add(name, name)
        assert kept.get(name) == name
    for name in "cdefgh":
        kept.add(name, name)
    assert len(kept) == 5
    assert kept_names(kept, "abcdefgh") == "abfgh"


def test_new_ones_have_room_of_their_own():
    """Hot ones take four fifths at most: the fifth becomes hot, and the one used longest ago is new again and goes next."""
    kept: SegmentedLru[str, str] = SegmentedLru(5)
    for name in "abcde":
        kept.add(name, name)
    assert kept_names(kept, "abcde") == "abcde"
    kept.add("f", "f")
    assert kept_names(kept, "bcdef") == "bcdef"
    assert kept.get("a") is None


def test_what_weighs_much_takes_the_room_of_several():
    """A value of weight three leaves room for one of weight one; one that has no room at all is not kept, nor is any other."""
    kept: SegmentedLru[str, int] = SegmentedLru(4, lambda weight: weight)
    for name, weight in (("a", 1), ("b", 1), ("c", 3)):
        kept.add(name, weight)
    assert [kept.get(name) for name in "abc"] == [None, 1, 3]
    kept.add("d", 5)
    assert len(kept) == 0


def test_a_hot_value_survives_10_000_that_come_once():
    """It is there after them, with the last ones, and no more are kept than there is room for."""
    kept: SegmentedLru[str, str] = SegmentedLru(1_000)
    kept.add("hot", "hot")
    assert kept.get("hot") == "hot"
    for number in range(10_000):
        kept.add(str(number), "once")
    assert len(kept) == 1_000
    assert [kept.get(name) for name in ("hot", "9999", "9001", "9000")] == ["hot", "once", "once", None]


def test_a_hot_plan_survives_more_documents_than_are_kept():
    """The same plan is given again, and so is its operation; no more are kept than there is room for."""
    operations = Operations(core_schema(schema), limits=Limits())
    executor = Executor(schema, suggestions=False)

    def planned(text: str) -> Plan:
        operation = operations.prepare(f"query ($on: Boolean!) {text}", None)
        coerced = executor.coerced(operation, {"on": True})
        assert not isinstance(coerced, list)
        plan = executor.plan(operation, coerced)
        assert isinstance(plan, Plan)
        return plan

    planned("{ sources @include(if: $on) { name } }")
    hot = planned("{ sources @include(if: $on) { name } }")
    assert planned("{ sources @include(if: $on) { name } }") is hot
    for number in [*range(MAX_PLANS + 100)] * 2:
        planned(f"{{ __typename a{number}: __typename @include(if: $on) }}")
    assert planned("{ sources @include(if: $on) { name } }") is hot
    assert len(executor._plans) == MAX_PLANS


def test_what_is_known_of_an_operation_goes_with_it():
    """A document that is not kept any more leaves neither its operation nor its plan behind."""
    operations = Operations(core_schema(schema), limits=Limits(), size=2)
    executor = Executor(schema, suggestions=False)

    def planned(text: str) -> weakref.ref[Operation]:
        operation = operations.prepare(text, None)
        coerced = executor.coerced(operation, {})
        assert not isinstance(coerced, list)
        assert isinstance(executor.plan(operation, coerced), Plan)
        return weakref.ref(operation)

    planned("{ a0: __typename }")
    first, *_, last = [planned(f"{{ a{number}: __typename }}") for number in (0, 1, 1, 2, 2, 3, 3)]
    gc.collect()
    assert (first(), last() is not None) == (None, True)


@pytest.mark.cases
async def test_a_new_operation_gives_way_before_its_plan_is_made():
    """Between its validation and its plan others have a turn of the loop; when it is known it asks for none."""
    operation = Operations(core_schema(schema), limits=Limits()).prepare("{ sources { name } }", None)
    executor = Executor(schema, suggestions=False)
    connectors = list(shop.sources().values())
    known: list[bool] = []
    async with opened(create_services(settings_for(connectors), connectors=connectors)) as services:
        for _ in range(2):
            asyncio.get_running_loop().call_soon(lambda: known.append(executor in operation.known))
            await executor.run(operation, {}, RequestContext(services, "a", services.stitcher()))
            await asyncio.sleep(0)
    assert known == [False, True]
