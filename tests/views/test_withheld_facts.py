"""Facts by name for callers who are not shown everything: they follow the tags that read them."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.filled_people import sources_of_everything
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import ShopClock, measured

SECRET = "0123456789abcdef" * 2
SEES = {"identifying": "shown", "commercial": "shown"}
ASKED = 'query ($names: [String!]!) { customer(by: {id: "c1"}) { facts(names: $names) { name value } } }'
PACK = """
defaults: {owner: crm, category: BEHAVIOUR, ttl: 1h, version: 1}
facts:
  orders: {label: Orders, record: order, measure: count}
  spread: {label: Spread, record: order, measure: spread, field: total, currency: EUR}
tags:
  for_all: {label: A, description: A., words: a, expression: "orders > 0 ? 'SOME' : 'NONE'"}
  for_marketing:
    {label: B, description: B., words: b, expression: "spread == null ? 'EVEN' : 'UNEVEN'", purposes: [marketing]}
"""
PURPOSES = {"marketing": {"basis": "contract"}, "delivery": {"basis": "contract"}}


async def test_a_fact_is_given_where_a_tag_that_reads_it_is() -> None:
    """One of what the caller is not shown is an error of its field, and is not asked for; others are given."""
    access = {"access": {"anonymous": "one", "hash_secret": SECRET}, "callers": {"one": {"sees": SEES}}}
    sources = sources_of_everything()
    async with gateway_on(sources, with_clock=ShopClock(), **access) as gateway:
        both = await gateway.ask(ASKED, {"names": ["orders_90d", "satisfaction_365d"]})
        one = await gateway.ask(ASKED, {"names": ["orders_90d"]})
    assert both["data"]["customer"] == {"facts": None}
    assert [error["message"] for error in both["errors"]] == [
        "Customer.facts: `satisfaction_365d` is withheld from this caller"
    ]
    assert [fact["name"] for fact in one["data"]["customer"]["facts"]] == ["orders_90d"]
    assert sum(map(measured, sources)) == 1


@pytest.mark.parametrize(("purpose", "code"), [("marketing", None), ("delivery", "WITHHELD")])
async def test_a_fact_of_a_tag_with_purposes_is_given_for_these_alone(tmp_path: Path, purpose: str, code: str | None) -> None:
    """What no other tag reads is computed for nobody else; what another tag reads is."""
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, encoding="utf-8")
    words: dict[str, Any] = {
        "access": {"anonymous": "one"},
        "callers": {"one": {"purposes": [purpose]}},
        "purposes": PURPOSES,
        "tags": {"file": str(path)},
    }
    async with gateway_on(sources_of_everything(), with_clock=ShopClock(), **words) as gateway:
        answer = await gateway.ask(ASKED, {"names": ["orders", "spread"]})
        assert "errors" not in await gateway.ask(ASKED, {"names": ["orders"]})
    assert [error["extensions"]["code"] for error in answer.get("errors", ())] == ([] if code is None else [code])
