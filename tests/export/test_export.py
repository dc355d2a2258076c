"""The export has all that is shown of a customer, and nothing of anybody else."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from graphql import build_schema, get_named_type, is_leaf_type
from jsonschema import Draft202012Validator

from connectors import records as r
from connectors.contract import Ask, KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.app import create_services, opened
from gateway.export.customer_reader import CustomerReader
from gateway.export.exported_types import LEFT_OUT
from gateway.tags.pack import uncalibrated_pack
from tests.support import shop
from tests.support.clocks import StoppedClock
from tests.support.crawl import LIMITS, Crawl, Told
from tests.support.exports import export_of
from tests.support.filled_people import sources_of_everything
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.known_people import knowing, person, three
from tests.support.paths import ROOT
from tests.support.schema_paths import GIVEN, NODES

SCHEMA = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
ROOTS = ("customer", "customers", "searchCustomers", "order", "ticket", "account")
WAYS_IN = [(name, GIVEN[f"Query.{name}"]) for name in ROOTS] + [("node", f'(id: "{own}")') for own in NODES.values()]
WAYS_TO_ANA = [
    ("customer", '(by: {id: "crm:7"})'),
    ("customer", '(by: {email: "ana.work@example.org"})'),
    ("customers", '(ids: ["shop:42", "desk:u1"])'),
    ("node", '(id: "crm:7")'),
]
ARGUMENTS = {
    "Customer.tag": [f'(key: "{key}")' for key in uncalibrated_pack().tags],
    "Customer.facts": [f"(names: {json.dumps([*uncalibrated_pack().facts])})"],
    "Customer.completeness": ["(records: [ORDER, TICKET, EVENT, ACCOUNT, DEAL, SUBSCRIPTION, SURVEY])"],
}
OF_OTHERS = {f"Account.{name}" for name in ("orders", "subscriptions", "tickets", "parent", "subsidiaries", "members")}
OF_COLLEAGUES = {"Ticket.assignee", "WithheldLink.records"}
OF_CALLS = {f"CustomerSource.{name}" for name in ("ageMs", "latencyMs", "attempts", "hedged", "fromCache")}
OF_AUDIT = {"Customer.accessLog"}
"""Told as accesses: see test_access_history."""
OF_RULES = {"Tag.whyNot"}
"""Follows from the rule and the facts, which are there."""

OF_PAGES = {where for where in LEFT_OUT if where.endswith(".link")}
"""Lead into systems that are not the customer's."""
PLACES = {"edges", "pageInfo"}
CRM = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"7": [person("7")]}})
ORDERS: dict[Any, Any] = {
    (r.Order, KeyKind.CUSTOMER_ID): {
        "7": [r.Order(id=f"{number:03}", placed_at=shop.at(1) + timedelta(hours=number)) for number in range(250)]
    }
}


def told_by(kind: Any, data: Any) -> Iterator[tuple[str, str, str]]:
    """Read what an export tells, by the types of the schema."""
    for key, value in data.items():
        field = kind.fields[key]
        named = get_named_type(field.type)
        for own in value if isinstance(value, list) else [value]:
            if is_leaf_type(named) or own is None:
                yield kind.name, key, str(own)
            else:
                yield from told_by(named, own)


def of_records(told: Told) -> Told:
    """Leave out what lists say of themselves."""
    return {own for own in told if not own[0].endswith("Connection") and own[1] != "__typename"}


@pytest.mark.parametrize(
    ("sources", "customer_id", "ways_in", "at_least"),
    [
        pytest.param(sources_of_everything, "crm:c1", WAYS_IN, 500, id="every field"),
        pytest.param(three, "crm:7", WAYS_TO_ANA, 200, id="records of several sources"),
    ],
)
async def test_nothing_more_and_nothing_less_than_all_queries_show(
    sources: Callable[[], Sequence[MemoryConnector]], customer_id: str, ways_in: list[tuple[str, str]], at_least: int
):
    """Every way in and on is asked; what they show of him together is what is exported, value by value."""
    clock, identity = StoppedClock(), {"max_turns": 4}
    crawl = Crawl(SCHEMA, ARGUMENTS, OF_OTHERS | OF_COLLEAGUES | OF_CALLS | OF_AUDIT | OF_RULES | OF_PAGES | PLACES)
    shown: Told = set()
    async with gateway_on(sources(), with_clock=clock, limits=LIMITS, identity=identity) as gateway:
        for root, arguments in ways_in:
            shown |= await crawl.ask(gateway, root, arguments)
    exported = await export_of(sources(), customer_id, with_clock=clock, identity=identity)
    told = {*told_by(SCHEMA.type_map["Customer"], exported["customer"])}
    assert len(told) > at_least
    assert sorted(of_records(told) - of_records(shown)) == []
    assert sorted(of_records(shown) - of_records(told)) == []


async def test_nothing_of_others_is_exported():
    """Neither of those who belong to the same company, nor of that, nor of who looks after his tickets."""
    exported = json.dumps(await export_of(sources_of_everything(), "crm:c1"))
    assert "Ticket.subject~1" in exported
    assert "Ticket.assignee~" not in exported
    assert "Account.name~1" in exported
    assert "Account.name~2" not in exported
    assert "Account.name~3" not in exported


async def test_an_export_is_as_its_schema_says():
    """Each property is there, and of its form."""
    exported = await export_of(sources_of_everything(), "crm:c1")
    schema = json.loads((ROOT / "docs" / "export.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert [*Draft202012Validator(schema).iter_errors(exported)] == []


async def test_no_operation_is_beyond_a_plan():
    """What runs without a plan has a limit that the customer's data might exceed."""
    connectors = sources_of_everything()
    services = create_services(settings_for(connectors), connectors=connectors)
    reader = CustomerReader(services)
    async with opened(services):
        assert await reader.read("crm:c1") is not None
    assert reader.executor.unplanned == {}


async def test_all_pages_of_a_list_are_exported():
    """Each record once, in the order of the list; the list says of itself what it said first."""
    exported = await export_of([CRM, MemoryConnector("shop", ORDERS)], "7")
    assert exported["missing"] == []
    listed = exported["customer"]["orders"]
    assert [own["sourceId"] for own in listed["nodes"]] == [f"{number:03}" for number in reversed(range(250))]
    assert (listed["totalCount"], listed["partial"], listed["unavailable"]) == (250, False, [])
    assert [own["name"] for own in listed["sources"]] == ["shop"]


async def test_a_source_that_is_down_is_missing():
    """The rest is there, by whichever record the customer is asked for."""
    crm, web, desk = three()
    desk.failure = SourceUnavailableError()
    exported = await export_of([crm, web, desk], "crm:7")
    assert (exported["customer"]["name"], len(exported["customer"]["orders"]["nodes"])) == ("Ana Souza", 1)
    assert exported["customer"]["tickets"] is None
    gaps = {(gap["path"], gap["code"], gap["source"]) for gap in exported["missing"]}
    assert {
        ("tickets", "SOURCE_UNAVAILABLE", "desk"),
        ("customer", "SOURCE_UNAVAILABLE", "desk"),
        ("identity", "SOURCE_UNAVAILABLE", None),
    } <= gaps


class OnePage(MemoryConnector):
    """Gives the first page of orders, and is down for the others."""

    async def _receive(self, call: Any) -> None:
        await super()._receive(call)
        if call[0] is r.Order and isinstance(call[3], Ask) and call[3].after is not None:
            raise SourceUnavailableError


async def test_pages_before_a_failure_are_exported():
    """What there is of a list is there, and the list is missing."""
    exported = await export_of([CRM, OnePage("shop", ORDERS)], "7")
    assert len(exported["customer"]["orders"]["nodes"]) == 100
    assert exported["missing"] == [{"path": "orders", "code": "SOURCE_UNAVAILABLE", "source": "shop"}]


class Forgetful(MemoryConnector):
    """Knows its customer once."""

    async def _receive(self, call: Any) -> None:
        await super()._receive(call)
        if len(self.calls) > 1:
            self.records = {place: {} for place in self.records}


async def test_who_is_gone_meanwhile_is_missing():
    """What was read before is exported."""
    exported = await export_of([Forgetful("crm", dict(CRM.records)), MemoryConnector("shop", ORDERS)], "7")
    assert (exported["customer"]["id"], exported["customer"]["orders"]) == ("crm:7", None)
    assert {"path": "orders", "code": "GONE", "source": None} in exported["missing"]


async def test_who_cannot_be_found_is_no_customer():
    """Nobody has the id; whether somebody has it is not known; it is of a customer whom several sources know differently."""
    crm = knowing("crm", [person("7")], [KeyKind.CUSTOMER_ID])
    assert await export_of([crm], "8") is None
    assert await export_of([crm], "moon:8") is None
    crm.failure = SourceUnavailableError()
    gone = await export_of([crm], "7")
    assert (gone["customer"]["id"], gone["customer"]["name"]) == ("crm:7", None)
    assert {"path": "name", "code": "SOURCE_UNAVAILABLE", "source": "crm"} in gone["missing"]


async def test_values_named_as_reports_are_values():
    """A source may send words of ours in free objects: they are no gap."""
    free = {"partial": True, "complete": False, "sources": [{"errorCode": "X"}], "evidence": 1}
    event = r.Event(id="e", type="x", at=shop.at(1), properties=free)
    source = knowing("crm", [person("7")], also={(r.Event, KeyKind.CUSTOMER_ID): {"7": [event]}})
    exported = await export_of([source], "7")
    assert exported["customer"]["events"]["nodes"][0]["properties"] == free
    assert exported["missing"] == []
