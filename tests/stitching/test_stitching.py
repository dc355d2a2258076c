"""The whole path in one process: what a caller gets from four sources that know a customer by different keys."""

import asyncio
from base64 import urlsafe_b64encode

import pytest

from connectors import records
from connectors.contract import KeyKind, Page
from connectors.errors import SourceAuthError, SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.clocks import DEADLINE_S, HURRIED, LoopClock, after
from tests.support.gateway_server import gateway_on


class Misspelling(MemoryConnector):
    """Writes one customer's country as no code."""

    async def _fetch(self, record, by, keys, ask):
        found = dict(await super()._fetch(record, by, keys, ask))
        found["c2"] = Page(b'[{"id": "c2", "address": {"country": "Great Britain"}}]')
        return found


async def test_each_source_is_asked_by_the_key_it_knows():
    """Orders come by customer id, tickets by both e-mail addresses, events by both devices; lists merge newest first."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "c1"}) {
            name orders(first: 2) { nodes { id } } tickets { nodes { id } } events { nodes { id } } } }"""
        )
    assert data["customer"] == {
        "name": "Ana Souza",
        "orders": {"nodes": [{"id": "orders:oc15"}, {"id": "orders:oc14"}]},
        "tickets": {"nodes": [{"id": "support:t2"}, {"id": "support:t1"}]},
        "events": {"nodes": [{"id": "behaviour:e2"}, {"id": "behaviour:e1"}]},
    }
    assert [len(source.calls) for source in sources.values()] == [1, 1, 1, 1]


async def test_a_source_that_is_not_selected_is_not_asked():
    """Only the CRM is asked for a name."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        await gateway.data('{ customer(by: {email: "ANA@Example.com "}) { id name } }')
    assert {name: len(source.calls) for name, source in sources.items()} == {
        "crm": 1,
        "orders": 0,
        "support": 0,
        "behaviour": 0,
    }


async def test_only_selected_fields_are_asked():
    """The ask names the two selected fields and nothing else."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        await gateway.data('{ customer(by: {id: "c1"}) { orders { nodes { id total { amount } } } } }')
    (_, _, _, ask) = sources["orders"].calls[0]
    assert ask.fields.items == (("id", type(ask.fields)()), ("total", type(ask.fields).from_paths("amount")))


async def test_unknown_ids_are_null_in_their_place():
    """`customers` keeps the order of the ids, also of one that is named twice, with one call."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        data = await gateway.data('{ customers(ids: ["c2", "nobody", "c1", "c2"]) { id name } }')
    assert [one and one["id"] for one in data["customers"]] == ["crm:c2", None, "crm:c1", "crm:c2"]
    assert len(sources["crm"].calls) == 1


async def test_an_ambiguous_key_names_its_candidates():
    """A telephone that two customers share is an error with both ids, not a guess."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        answer = await gateway.ask('{ customer(by: {phone: "+55 11 91234-5678"}) { id } }')
    (error,) = answer["errors"]
    assert answer["data"] == {"customer": None}
    assert (error["extensions"]["code"], error["extensions"]["candidates"]) == ("AMBIGUOUS_IDENTITY", ["crm:c1", "crm:c2"])


async def test_a_key_that_cannot_be_one_is_refused_with_the_fix():
    """Two digits are no telephone number; the message says how to write one and does not repeat the key."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        answer = await gateway.ask('{ customer(by: {phone: "12"}) { id } }')
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_KEY"
    assert "country code" in error["message"]


async def test_a_failed_source_costs_its_own_fields():
    """Orders are null with an error that names the source; the rest is there and `sources` says why."""
    sources = shop.sources()
    sources["orders"].failure = SourceUnavailableError()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(
            """{ customer(by: {id: "c1"}) { sources { name state errorCode }
            orders { nodes { id } } tickets { nodes { id } } } }"""
        )
    customer = answer["data"]["customer"]
    assert customer["orders"] is None
    assert len(customer["tickets"]["nodes"]) == 2
    assert {one["name"]: (one["state"], one["errorCode"]) for one in customer["sources"]} == {
        "crm": ("FRESH", None),
        "orders": ("UNAVAILABLE", "SOURCE_UNAVAILABLE"),
        "support": ("FRESH", None),
    }
    (error,) = answer["errors"]
    request_id = error["extensions"].pop("requestId")
    assert len(request_id) == 32
    assert error["path"] == ["customer", "orders"]
    assert error["locations"] == [{"line": 2, "column": 13}]
    assert error["extensions"] == {"code": "SOURCE_UNAVAILABLE", "source": "orders", "retryable": True}


async def test_a_failed_crm_leaves_what_the_id_finds():
    """Without the CRM a customer asked for by id has orders; its own fields and what needs its other keys are null."""
    sources = shop.sources()
    sources["crm"].failure = SourceAuthError()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(
            '{ customer(by: {id: "c1"}) { id name kind orders(first: 1) { nodes { id } } tickets { nodes { id } } } }'
        )
    assert answer["data"]["customer"] == {
        "id": "crm:c1",
        "name": None,
        "kind": None,
        "orders": {"nodes": [{"id": "orders:oc15"}]},
        "tickets": None,
    }
    assert {tuple(error["path"]): error["extensions"]["source"] for error in answer["errors"]} == {
        ("customer", "name"): "crm",
        ("customer", "kind"): "crm",
        ("customer", "tickets"): "crm",
    }


async def test_records_without_a_source_are_null_without_an_error():
    """Where no source has tickets, the field is null and `sources` says NOT_CONFIGURED."""
    async with gateway_on([shop.crm(), shop.orders()]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { tickets { nodes { id } } sources { name records state } } }')
    assert data["customer"]["tickets"] is None
    assert data["customer"]["sources"][1:] == [{"name": None, "records": ["TICKET"], "state": "NOT_CONFIGURED"}]


async def test_pages_follow_each_other_without_gap_or_repeat():
    """Two pages by cursor give all five orders; the last page has no next one."""
    query = """query ($after: String) { customer(by: {id: "c1"}) { orders(first: 3, after: $after) {
        totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage endCursor } } } }"""
    async with gateway_on(list(shop.sources().values())) as gateway:
        first = (await gateway.data(query))["customer"]["orders"]
        second = (await gateway.data(query, {"after": first["pageInfo"]["endCursor"]}))["customer"]["orders"]
    assert [edge["node"]["id"] for edge in first["edges"] + second["edges"]] == [f"orders:oc1{n}" for n in (5, 4, 3, 2, 1)]
    assert (first["totalCount"], second["totalCount"]) == (5, 5)
    assert first["pageInfo"]["hasNextPage"]
    assert second["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True, "endCursor": second["edges"][-1]["cursor"]}


async def test_filter_and_order_hold_over_all_orders():
    """Oldest first within a window, through the source."""
    query = """{ customer(by: {id: "c1"}) { orders(order: OLDEST_FIRST, filter: {
        since: "2026-06-02T00:00:00Z", until: "2026-06-04T00:00:00+00:00", status: [DELIVERED]
        }) { nodes { id placedAt } } } }"""
    async with gateway_on(list(shop.sources().values())) as gateway:
        data = await gateway.data(query)
    assert data["customer"]["orders"]["nodes"] == [
        {"id": "orders:oc12", "placedAt": "2026-06-02T12:00:00Z"},
        {"id": "orders:oc13", "placedAt": "2026-06-03T12:00:00Z"},
    ]


async def test_arguments_outside_their_limits_name_the_argument():
    """`first`, `after`, `ids` and tag keys say what is wrong; the rest of the answer is there."""
    query = """query ($many: [ID!]!) { a: customer(by: {id: "c1"}) { id orders(first: 0) { totalCount } }
        b: customer(by: {id: "c1"}) { id orders(after: "x") { totalCount } }
        c: customer(by: {id: "c1"}) { id tags(keys: ["nope"]) { key } }
        d: customers(ids: $many) { id } }"""
    async with gateway_on(list(shop.sources().values())) as gateway:
        answer = await gateway.ask(query.replace("d: customers(ids: $many) { id }", "").replace("($many: [ID!]!)", ""))
        many = await gateway.ask("query ($many: [ID!]!) { customers(ids: $many) { id } }", {"many": ["c"] * 101})
    assert [answer["data"][name]["id"] for name in "abc"] == ["crm:c1", "crm:c1", "crm:c1"]
    messages = {error["path"][0]: error["message"] for error in answer["errors"]}
    assert messages["a"].startswith("first: 0 is not from 1 to 100")
    assert messages["b"].startswith("after: this is not a cursor")
    assert messages["c"].startswith("keys: no tag is called nope")
    assert many["errors"][0]["message"].startswith("ids: 101 ids are more than 100")


async def test_the_timeline_merges_all_sources_by_time():
    """Orders, tickets and events in one list, newest first, in pages; each type with its own fields."""
    query = """query ($after: String) { customer(by: {id: "c1"}) { timeline(first: 4, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { __typename ... on Order { id total { ...sum } } ... on Ticket { id subject } ... on Event { id type } } } } }
        fragment sum on Money { amount }"""
    async with gateway_on(list(shop.sources().values())) as gateway:
        first = (await gateway.data(query))["customer"]["timeline"]
        second = (await gateway.data(query, {"after": first["pageInfo"]["endCursor"]}))["customer"]["timeline"]
        third = (await gateway.data(query, {"after": second["pageInfo"]["endCursor"]}))["customer"]["timeline"]
    ids = [node["id"] for page in (first, second, third) for node in page["nodes"]]
    orders = [f"orders:oc1{n}" for n in (5, 4, 3, 2, 1)]
    assert ids == ["behaviour:e2", orders[0], "support:t2", *orders[1:3], "support:t1", *orders[3:], "behaviour:e1"]
    assert first["nodes"][0] == {"__typename": "Event", "id": "behaviour:e2", "type": "checkout"}
    assert first["nodes"][1] == {"__typename": "Order", "id": "orders:oc15", "total": {"amount": "10.00"}}
    assert not third["pageInfo"]["hasNextPage"]


async def test_the_timeline_names_what_is_missing():
    """A failed source is left out of the timeline and named there; nothing else is lost."""
    sources = shop.sources()
    sources["behaviour"].failure = SourceUnavailableError()
    async with gateway_on(list(sources.values())) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "c1"}) { timeline { unavailable nodes { __typename ... on Order { id } } } } }'
        )
    assert data["customer"]["timeline"]["unavailable"] == ["behaviour"]
    assert [node["__typename"] for node in data["customer"]["timeline"]["nodes"]].count("Ticket") == 2


async def test_search_and_node_give_customers():
    """Search pages through customers; `node` finds one, and nothing for an unknown id."""
    query = """{ searchCustomers(text: "ana li", first: 1) { totalCount nodes { id orders { totalCount } }
        pageInfo { hasNextPage } } node(id: "c2") { __typename id ... on Customer { name } } nobody: node(id: "x") { id } }"""
    async with gateway_on(list(shop.sources().values())) as gateway:
        data = await gateway.data(query)
    assert data["searchCustomers"] == {
        "totalCount": 2,
        "nodes": [{"id": "crm:c1", "orders": {"totalCount": 5}}],
        "pageInfo": {"hasNextPage": True},
    }
    assert data["node"] == {"__typename": "Customer", "id": "crm:c2", "name": "李娜"}
    assert data["nobody"] is None


async def test_order_statistics_are_measured_at_the_source():
    """Count, sum, first and last come from one measuring call, without a record being read."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "c1"}) { orderStatistics { count total { amount currency } firstAt lastAt partial } } }'
        )
    assert data["customer"]["orderStatistics"] == {
        "count": 5,
        "total": [{"amount": "50.00", "currency": "EUR"}],
        "firstAt": "2026-06-01T12:00:00Z",
        "lastAt": "2026-06-05T12:00:00Z",
        "partial": False,
    }
    assert len(sources["orders"].calls) == 1


async def test_a_tag_says_what_it_was_computed_from():
    """Activity is HIGH by five orders in the window; its evidence names fact, window and source, its rule speaks in words."""
    query = """{ customer(by: {id: "c1"}) { tag(key: "activity") { key label value category freshness partial
        rule { version words } evidence { name value sources window { since until } missing } } } }"""
    async with gateway_on(list(shop.sources().values()), **shop.PINNED) as gateway:
        tag = (await gateway.data(query))["customer"]["tag"]
    assert (tag["value"], tag["freshness"], tag["partial"], tag["category"]) == ("HIGH", "FRESH", False, "BEHAVIOUR")
    assert tag["rule"]["words"].startswith("HIGH with three orders or more in the last 90 days")
    fact = next(fact for fact in tag["evidence"] if fact["name"] == "orders_90d")
    assert fact == {
        "name": "orders_90d",
        "value": 5,
        "sources": ["orders"],
        "window": {"since": "2026-04-01T12:00:00Z", "until": "2026-06-30T12:00:00Z"},
        "missing": None,
    }


async def test_a_tag_that_is_not_given_says_why_not():
    """Nobody rated anything: `tags` leaves satisfaction out, `tag` shows the empty fact."""
    query = """{ customer(by: {id: "c2"}) { tags(keys: ["satisfaction"]) { key }
        tag(key: "satisfaction") { value partial evidence { name value } } } }"""
    async with gateway_on(list(shop.sources().values()), **shop.PINNED) as gateway:
        customer = (await gateway.data(query))["customer"]
    assert customer["tags"] == []
    assert customer["tag"] == {
        "value": None,
        "partial": False,
        "evidence": [{"name": "satisfaction_365d", "value": None}],
    }


async def test_tags_of_a_failed_source_are_partial_and_the_others_whole():
    """Without orders, activity has no value and says which source was missing; the acquisition source is given."""
    sources = shop.sources()
    sources["orders"].failure = SourceUnavailableError()
    query = """{ customer(by: {id: "c1"}) { tags(keys: ["activity", "acquisition_source"]) {
        key value partial evidence { missing } } } }"""
    async with gateway_on(list(sources.values()), **shop.PINNED) as gateway:
        tags = (await gateway.data(query))["customer"]["tags"]
    by_key = {tag["key"]: tag for tag in tags}
    assert {key: (tag["value"], tag["partial"]) for key, tag in by_key.items()} == {
        "activity": (None, True),
        "acquisition_source": ("google", False),
    }
    assert {fact["missing"] for fact in by_key["activity"]["evidence"]} == {"SOURCE_UNAVAILABLE"}


async def test_fragments_and_directives_select_like_fields():
    """What is skipped is not asked for; what a fragment names is."""
    sources = shop.sources()
    query = """query ($no: Boolean!) { customer(by: {id: "c1"}) { ...parts tickets @include(if: $no) { totalCount } } }
        fragment parts on Customer { orders { nodes { ... on Order { id status @skip(if: true) } } } }"""
    async with gateway_on(list(sources.values())) as gateway:
        await gateway.data(query, {"no": False})
    assert [name for name, _ in sources["orders"].calls[0][3].fields] == ["id"]
    assert sources["support"].calls == []


async def test_a_hanging_crm_leaves_time_for_what_the_id_finds():
    """The CRM gets half of the budget; orders, found by the id alone, are there within the deadline."""
    sources = shop.sources()
    sources["crm"].hang = asyncio.Event()
    query = '{ customer(by: {id: "c1"}) { name orders(first: 1) { nodes { id } } } }'
    async with gateway_on(list(sources.values()), with_clock=LoopClock()) as gateway:
        answer = await after(DEADLINE_S / 2, gateway.ask(query, **HURRIED), lambda: bool(sources["crm"].calls))
    assert answer["data"]["customer"] == {"name": None, "orders": {"nodes": [{"id": "orders:oc15"}]}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_TIMEOUT"]


async def test_sources_come_in_the_order_of_the_configuration():
    """Whoever answers first, and wherever the field stands."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "c1"}) {
            events { unavailable } sources { name } tickets { unavailable } orders { unavailable } } }"""
        )
    assert [one["name"] for one in data["customer"]["sources"]] == ["crm", "orders", "support", "behaviour"]


async def test_a_fragment_under_two_customers_selects_for_each():
    """What the second customer selects besides the shared fragment is asked for, too."""
    query = """{ a: customer(by: {id: "c1"}) { ...F } b: customer(by: {id: "c2"}) { ...F orders(first: 2) {
        totalCount nodes { status } } } } fragment F on Customer { orders(first: 2) { nodes { id } } }"""
    async with gateway_on(list(shop.sources().values())) as gateway:
        data = await gateway.data(query)
    assert data["b"]["orders"] == {"nodes": [{"id": "orders:oc21", "status": "DELIVERED"}], "totalCount": 1}


async def test_fragments_on_the_interface_select_like_the_type():
    """From a customer through `Node` back to a customer, every field is asked for."""
    query = '{ customers(ids: ["c1"]) { ... on Node { id ... on Customer { name acquisition { source } } } } }'
    async with gateway_on(list(shop.sources().values())) as gateway:
        data = await gateway.data(query)
    assert data["customers"] == [{"id": "crm:c1", "name": "Ana Souza", "acquisition": {"source": "google"}}]


async def test_a_record_that_two_keys_find_is_given_once_and_not_counted_twice():
    """One ticket under both addresses stands once in the list; how many there are in all cannot be told from two counts."""
    shared = shop.TICKETS["ana@example.com"]
    tickets = {"ana@example.com": shared, "ana.work@example.org": shared}
    support = MemoryConnector("support", {(records.Ticket, KeyKind.EMAIL): tickets})
    async with gateway_on([shop.crm(), support]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { tickets { totalCount nodes { id } } } }')
    assert data["customer"]["tickets"] == {"totalCount": None, "nodes": [{"id": "support:t1"}]}


async def test_one_bad_id_costs_its_own_place():
    """An empty id is an error with its place in the list; the others are given."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        answer = await gateway.ask('{ customers(ids: ["c1", " ", "c2"]) { id } }')
    assert answer["data"] == {"customers": [{"id": "crm:c1"}, None, {"id": "crm:c2"}]}
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [(["customers", 1], "INVALID_KEY")]


async def test_one_malformed_record_costs_its_own_fields():
    """A customer whose country is no code has none; the other one is given."""
    held = {(records.Customer, KeyKind.CUSTOMER_ID): {"c1": [shop.ANA], "c2": [shop.LI]}}
    async with gateway_on([Misspelling("crm", held)]) as gateway:
        answer = await gateway.ask('{ customers(ids: ["c1", "c2"]) { id address { country } } }')
    assert answer == {
        "data": {"customers": [{"id": "crm:c1", "address": None}, {"id": "crm:c2", "address": {"country": None}}]}
    }


@pytest.mark.parametrize(
    "cursor", ['[null,"c1"]', '["2026-06-01T00:00:00","x"]', '["0001-01-01T00:00:00+14:00","x"]', "[1,2]", "{}", "x"]
)
async def test_a_forged_cursor_blames_nobody_else(cursor: str):
    """What is no cursor of orders is refused as an argument, and no source is asked for them."""
    sources = shop.sources()
    after = urlsafe_b64encode(cursor.encode()).decode()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(
            'query ($after: String) { customer(by: {id: "c1"}) { orders(after: $after) { nodes { id } } } }', {"after": after}
        )
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_ARGUMENT"]
    assert sources["orders"].calls == []


async def test_empty_lists_choose_nothing():
    """In filters, tags and the timeline alike: none of no values."""
    query = """{ customer(by: {id: "c1"}) { orders(filter: {status: []}) { nodes { id } } tags(keys: []) { key }
        timeline(records: []) { nodes { __typename } } } }"""
    async with gateway_on(list(shop.sources().values())) as gateway:
        data = await gateway.data(query)
    assert data["customer"] == {"orders": {"nodes": []}, "tags": [], "timeline": {"nodes": []}}
