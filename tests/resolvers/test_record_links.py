"""Records lead to their pages: for callers who see their ids, by both executors, at no cost for others."""

from typing import Any

import msgspec
import pytest

from connectors import records as r
from connectors.toolkit.evaluation import encode_json
from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.execution.executor import Executor
from gateway.operations import Limits, Operations
from resolvers.schema import schema
from tests.support.clocks import StoppedClock
from tests.support.filled_people import sources_of_everything
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.known_people import knowing, person

LISTS = ("orders", "tickets", "events", "deals", "subscriptions", "surveys")
ALL_LINKS = f"""{{
  customer(by: {{id: "c1"}}) {{
    records {{ link }}
    {" ".join(f"{name}(first: 1) {{ nodes {{ sourceId link }} edges {{ node {{ link }} }} }}" for name in LISTS)}
    timeline(first: 20) {{ nodes {{ __typename ... on Order {{ link }} ... on Ticket {{ link }} }} }}
  }}
  order(id: "orders:oc11") {{ link }}
  ticket(id: "support:t1") {{ link }}
  node(id: "behaviour:e1") {{ ... on Event {{ link }} }}
}}"""


def links_in(value: Any) -> list[str]:
    """All links of an answer."""
    if isinstance(value, list):
        return [link for item in value for link in links_in(item)]
    if isinstance(value, dict):
        own = [value["link"]] if value.get("link") else []
        return own + [link for item in value.values() for link in links_in(item)]
    return []


async def test_every_record_leads_to_its_page() -> None:
    """In lists, in the timeline, by their own ids, and of each record that the customer is made of."""
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock()) as gateway:
        data = await gateway.data(ALL_LINKS)
    customer = data["customer"]
    assert [record["link"] for record in customer["records"]] == [
        "https://crm.example.com/customer/c1",
        "https://club.example.com/customer/m1",
    ]
    (order,) = customer["orders"]["nodes"]
    assert order["link"] == "https://orders.example.com/order/oc13/commercial~Order.number~3~A"
    assert customer["orders"]["edges"][0]["node"]["link"] == order["link"]
    (survey,) = customer["surveys"]["nodes"]
    assert survey["link"].startswith(f"https://sales.example.com/survey/{survey['sourceId']}/behavioural~Survey.ticket_id~")
    assert data["order"]["link"] == "https://orders.example.com/order/oc11/commercial~Order.number~1~A"
    assert data["ticket"]["link"] == "https://support.example.com/ticket/t1/behavioural~Ticket.number~1~A"
    assert data["node"]["link"] == "https://behaviour.example.com/event/e1"
    for name in LISTS:
        (own,) = customer[name]["nodes"]
        assert f"/{own['sourceId']}" in own["link"]
    assert {entry["__typename"] for entry in customer["timeline"]["nodes"] if entry.get("link")} == {"Order", "Ticket"}


async def test_plans_and_graphql_core_give_the_same_links() -> None:
    """There is a plan for it, and what it says is what the resolvers say."""
    sources = sources_of_everything()
    services = create_services(settings_for(sources), connectors=sources, clock=StoppedClock())
    operation = Operations(schema._schema, limits=Limits()).prepare(ALL_LINKS, None)
    executor = Executor(schema, suggestions=False, links=services.sources.links)
    async with opened(services):
        planned = await executor.run(operation, {}, RequestContext(services, "a", services.stitcher()))
        unplanned = await executor.run_unplanned(operation, {}, RequestContext(services, "b", services.stitcher()))
    assert not executor.unplanned
    assert not unplanned.errors
    shown = links_in(msgspec.json.decode(encode_json(planned.data)))
    assert shown == links_in(unplanned.data)
    assert len(shown) > 15


async def test_a_link_asks_for_its_own_fields_alone() -> None:
    """And who does not ask for links has the same question as before."""
    sources = {source.name: source for source in sources_of_everything()}
    async with gateway_on([*sources.values()], with_clock=StoppedClock()) as gateway:
        await gateway.data('{ customer(by: {id: "c1"}) { orders(first: 1) { nodes { link } } } }')
        await gateway.data('{ customer(by: {id: "c1"}) { orders(first: 1) { nodes { sourceId } } } }')
    asked = [{name for name, _ in ask.fields} for record, _, _, ask in sources["orders"].calls if record is r.Order]
    assert asked[0] - asked[1] == {"number"}


async def test_a_source_without_a_link_gives_none() -> None:
    """Nor does one of which the settings name another record alone."""
    crm = knowing("crm", [person("c1", name="Ana")])
    crm.page_links = {"order": "https://crm.example.com/{sourceId}"}
    async with gateway_on([crm], with_clock=StoppedClock()) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { records { sourceId link } } }')
    assert data["customer"]["records"] == [{"sourceId": "c1", "link": None}]


@pytest.mark.parametrize("decision", ["masked", "hashed", "withheld"])
async def test_who_does_not_see_an_id_has_no_link(decision: str) -> None:
    """It is withheld, and said so; that of a record whose id is shown is there."""
    sees = {"identifying": decision, "commercial": decision, "behavioural": "shown", "contact": "shown"}
    words = {
        "access": {"anonymous": "desk", "hash_secret": "a secret of hashes that is long enough"},
        "callers": {"desk": {"sees": sees, "find_by": ["email"]}},
    }
    records = "" if decision == "withheld" else "records { link }"  # these are withheld as a whole, then
    text = f"""{{ customer(by: {{email: "ana@example.com"}}) {{
      {records} orders(first: 1) {{ nodes {{ link }} }} tickets(first: 1) {{ nodes {{ link }} }} }} }}"""
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), **words) as gateway:
        answer = await gateway.ask(text)
    assert links_in(answer["data"]) == ["https://support.example.com/ticket/t2/behavioural~Ticket.number~2~A"]
    told = {error["message"] for error in answer["errors"] if error["extensions"]["code"] == "WITHHELD"}
    where = {message.partition(" ")[0] for message in told}
    assert where == ({"Order.link", "CustomerRecord.link"} if records else {"Customer.orders"})
