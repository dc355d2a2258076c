"""What is asked is remembered with its filter, so that has a bound."""

import pytest

from connectors.contract import Condition
from resolvers.order import OrderFilter
from tests.support import shop
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases

EVENTS = """query ($types: [String!]) { customer(by: {id: "c1"}) { events(filter: {type: $types}) { nodes { id } } } }"""


@pytest.mark.parametrize(
    ("types", "is_good"),
    [(["x"] * 100, True), (["x" * 200], True), (["x"] * 101, False), (["y", "x" * 201], False), ([], True)],
    ids=["many", "long", "too many", "too long", "none"],
)
async def test_a_list_of_a_filter_is_short(types: list[str], is_good: bool):
    """100 values of 200 characters; the error names the field, and repeats nothing."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(EVENTS, {"types": types})
    said = [(error["message"], error["extensions"]["code"]) for error in answer.get("errors", [])]
    refused = [("filter.type: at most 100 values of at most 200 characters", "INVALID_ARGUMENT")]
    assert said == ([] if is_good else refused)
    assert bool(sources["behaviour"].calls) is is_good


def test_a_field_of_ones_own_may_have_any_name_in_a_filter():
    """Also that under which the filter holds such fields."""
    asked = OrderFilter()
    asked.own_values = {"own_values": ["a"], "gift_note": None}
    assert asked.conditions() == (Condition("own_values", ("a",)),)
