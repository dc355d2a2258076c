"""A customer whom several sources know: found by each of their keys, merged, with the records of all."""

import asyncio
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import ConfigurationError, SourceRejectedError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.settings import parse_settings
from tests.support import shop
from tests.support.clocks import DEADLINE_S, HURRIED, LoopClock, after
from tests.support.gateway_server import gateway_on
from tests.support.known_people import calls_of, knowing, person
from tests.support.webhook_requests import hook, of, sources_with, tell

UNPLANNED = " __schema { queryType { name } } }"
ENDS = pytest.mark.parametrize("end", ["}", UNPLANNED])

NUMBER = "+442079460000"
WHO = "id currentId source sourceId identity { complete reason records } "
ANA_CRM = person("7", name="Ana Souza", email="ana@example.com", phone=NUMBER, locale="pt-BR", updated_at=shop.at(1))
ANA_SHOP = person("42", name="A. Souza", email="ana@example.com", emails=["ana.work@example.org"], updated_at=shop.at(5))
ANA_DESK = person("u1", given_name="Ana", email="ana.work@example.org", created_at=shop.at(2))
LI = person("8", name="Li", email="li@example.com")


def order(name: str) -> r.Order:
    return r.Order(id=f"o-{name}", placed_at=shop.at(3))


def three() -> tuple[MemoryConnector, MemoryConnector, MemoryConnector]:
    """Ana in a CRM, a shop and a help desk, each of which has records of hers by its own id."""
    crm = knowing("crm", [ANA_CRM, LI])
    own = knowing("shop", [ANA_SHOP], also={(r.Order, KeyKind.CUSTOMER_ID): {"42": [order("shop")], "7": [order("other")]}})
    desk = knowing(
        "desk", [ANA_DESK], also={(r.Ticket, KeyKind.CUSTOMER_ID): {"u1": [r.Ticket(id="t", created_at=shop.at(4))]}}
    )
    return crm, own, desk


ALL = {"complete": True, "reason": None, "records": ["crm:7", "shop:42", "desk:u1"]}


@ENDS
@pytest.mark.parametrize(
    "by",
    [
        '{id: "crm:7"}', '{id: "7"}', '{id: "shop:42"}', '{id: "desk:u1"}', '{email: "ANA@example.com"}',
        '{email: "ana.work@example.org"}', '{phone: "+44 20 7946 0000"}', '{externalId: {source: "shop", id: "42"}}',
    ],
)  # fmt: skip
async def test_every_key_of_every_source_finds_one_customer(by: str, end: str):
    """With one answer: its id is that of the first source's record, and each source is asked by its own id for more."""
    query = "{ customer(by: BY) { WHO name locale orders { nodes { id } } tickets { nodes { id } } } "
    async with gateway_on(three(), identity={"max_turns": 3}) as gateway:
        data = await gateway.data(query.replace("BY", by).replace("WHO", WHO) + end)
    assert data["customer"] == {
        "id": "crm:7",
        "currentId": "crm:7",
        "source": "crm",
        "sourceId": "7",
        "identity": ALL,
        "name": "Ana Souza",
        "locale": "pt-BR",
        "orders": {"nodes": [{"id": "shop:o-shop"}]},
        "tickets": {"nodes": [{"id": "desk:t"}]},
    }


@ENDS
async def test_a_node_answers_under_the_id_that_was_asked_for(end: str):
    """As Relay demands; `currentId` is the id to keep."""
    query = '{ a: node(id: "shop:42") { id ... on Customer { currentId source sourceId name } } b: node(id: "crm:7") { id } '
    async with gateway_on(three()) as gateway:
        data = await gateway.data(query + end)
    assert data["a"] == {
        "id": "shop:42",
        "currentId": "crm:7",
        "source": "shop",
        "sourceId": "42",
        "name": "Ana Souza",
    }
    assert data["b"] == {"id": "crm:7"}


@ENDS
async def test_many_customers_are_one_call_for_each_source_and_kind(end: str):
    """In each turn, with the keys of all of them; an id that nobody has is null, one that is none is an error."""
    crm, own, desk = three()
    query = '{ customers(ids: ["crm:7", "crm:8", "shop:42", "crm:9", " "]) { id name } '
    async with gateway_on([crm, own, desk]) as gateway:
        answer = await gateway.ask(query + end)
    ana, li = {"id": "crm:7", "name": "Ana Souza"}, {"id": "crm:8", "name": "Li"}
    assert answer["data"]["customers"] == [ana, li, ana, None, None]
    assert [error["path"] for error in answer["errors"]] == [["customers", 4]]
    ids = ("crm:7", "crm:8", "shop:42", "crm:9")
    assert calls_of(crm, own, desk) == [
        [
            ("customer_id", ("7", "8", "9")),
            ("external_id", ("shop:42",)),
            ("email", ("ana@example.com", "li@example.com", "ana.work@example.org")),
            ("phone", (NUMBER,)),
            ("external_id", ("desk:u1",)),
        ],
        [
            ("external_id", ("crm:7", "crm:8", "crm:9")),
            ("customer_id", ("42",)),
            ("email", ("ana@example.com", "li@example.com", "ana.work@example.org")),
            ("phone", (NUMBER,)),
            ("external_id", ("desk:u1",)),
        ],
        [
            ("external_id", ids),
            ("email", ("ana@example.com", "li@example.com", "ana.work@example.org")),
            ("phone", (NUMBER,)),
        ],
    ]


async def test_what_one_source_gives_alone_is_asked_there_alone():
    """The id of the first source, and fields that the settings leave to it, need no other source."""
    crm, own, desk = three()
    settings = {"fields": {"name": ["crm"], "locale": ["shop"]}}
    async with gateway_on([crm, own, desk], customer=settings) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "crm:7"}) { id name } customers(ids: ["crm:7", "crm:8"]) { name givenName } }'
        )
        assert calls_of(crm, own, desk) == [[("customer_id", ("7",)), ("customer_id", ("7", "8"))], [], []]
        await gateway.data('{ customer(by: {id: "crm:7"}) { locale } }')
    assert data == {
        "customer": {"id": "crm:7", "name": "Ana Souza"},
        "customers": [{"name": "Ana Souza", "givenName": None}, {"name": "Li", "givenName": None}],
    }
    assert own.calls


ORIGINS = """{ customer(by: {id: "crm:7"}) { name givenName email locale createdAt
    origins { field source rule others { source value } } } """


@ENDS
async def test_fields_come_by_priority_and_say_whose_they_are(end: str):
    """A name is taken whole from one record, so no given name of another; empty never wins."""
    async with gateway_on(three()) as gateway:
        customer = (await gateway.data(ORIGINS + end))["customer"]
    origins = {origin.pop("field"): origin for origin in customer.pop("origins")}
    assert customer == {
        "name": "Ana Souza",
        "givenName": None,
        "email": "ana@example.com",
        "locale": "pt-BR",
        "createdAt": "2026-06-02T12:00:00Z",
    }
    ana, work = {"source": "shop", "value": "ana@example.com"}, {"source": "desk", "value": "ana.work@example.org"}
    assert origins == {
        "name": {"source": "crm", "rule": "PRIORITY", "others": [{"source": "shop", "value": "A. Souza"}]},
        "givenName": {"source": None, "rule": "PRIORITY", "others": [{"source": "desk", "value": "Ana"}]},
        "email": {"source": "crm", "rule": "PRIORITY", "others": [ana, work]},
        "locale": {"source": "crm", "rule": "PRIORITY", "others": []},
        "createdAt": {"source": "desk", "rule": "PRIORITY", "others": []},
    }


async def test_rules_of_fields_are_settings():
    """The newest record, or a list of sources; where no record says when it changed, the rule that counts is said."""
    settings = {"priority": ["desk", "shop"], "fields": {"name": "newest", "email": ["shop", "crm"], "created_at": "newest"}}
    async with gateway_on(three(), customer=settings) as gateway:
        customer = (await gateway.data(ORIGINS.replace("name given", "id name given") + "}"))["customer"]
    assert {name: customer[name] for name in ("id", "name", "email", "createdAt")} == {
        "id": "desk:u1",
        "name": "A. Souza",
        "email": "ana@example.com",
        "createdAt": "2026-06-02T12:00:00Z",
    }
    rules = {origin["field"]: (origin["source"], origin["rule"]) for origin in customer["origins"]}
    assert (rules["name"], rules["email"], rules["createdAt"]) == (
        ("shop", "NEWEST"),
        ("shop", "PRIORITY"),
        ("desk", "PRIORITY"),
    )


DOWN = "{ customer(by: BY) { WHO name email orders { nodes { id } } tickets { nodes { id } } sources { name state } } "


@ENDS
@pytest.mark.parametrize("down", ["crm", "shop", "desk"])
async def test_a_source_that_is_down_costs_what_only_it_knows(down: str, end: str):
    """The others are found, and it is said that there may be more."""
    sources = {source.name: source for source in three()}
    sources[down].failure = SourceUnavailableError()
    by = '{id: "shop:42"}' if down == "crm" else '{id: "crm:7"}'
    async with gateway_on([*sources.values()], identity={"max_turns": 3}) as gateway:
        answer = await gateway.ask(DOWN.replace("BY", by).replace("WHO", WHO) + end)
    customer = answer["data"]["customer"]
    reached = {"crm": ["shop:42", "desk:u1"], "shop": ["crm:7"], "desk": ["crm:7", "shop:42"]}[down]
    assert customer["identity"] == {"complete": False, "reason": "SOURCE_UNAVAILABLE", "records": reached}
    assert customer["id"] == reached[0]
    assert customer["name"] == ("A. Souza" if down == "crm" else "Ana Souza")
    assert customer["email"] == "ana@example.com"
    assert customer["orders"] == (None if down == "shop" else {"nodes": [{"id": "shop:o-shop"}]})
    tickets = {"crm": {"nodes": [{"id": "desk:t"}]}, "shop": {"nodes": []}, "desk": None}
    assert customer["tickets"] == tickets[down]
    states = {source["name"]: source["state"] for source in customer["sources"]}
    assert states == {name: "UNAVAILABLE" if name == down else "FRESH" for name in sources}


@ENDS
async def test_a_customer_whose_own_source_is_down_keeps_its_id(end: str):
    """Sources that state its id are found all the same, and so are records by its id."""
    crm, own = knowing("crm", [ANA_CRM]), knowing("shop", [person("42", name="A. Souza", ids=["crm:7"])])
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {"7": [order("crm")], "42": [order("none")]}})
    crm.failure = SourceUnavailableError()
    query = '{ customer(by: {id: "crm:7"}) { id name records { source sourceId asOf } orders { nodes { id } partial } } '
    async with gateway_on([crm, own, orders]) as gateway:
        customer = (await gateway.data(query + end))["customer"]
    assert [record.pop("asOf") is None for record in customer["records"]] == [True, False]
    assert customer == {
        "id": "crm:7",
        "name": "A. Souza",
        "records": [{"source": "crm", "sourceId": "7"}, {"source": "shop", "sourceId": "42"}],
        "orders": {"nodes": [{"id": "orders:o-crm"}], "partial": True},
    }


async def ask_both(query: str, *sources: MemoryConnector, **settings: Any) -> dict[str, Any]:
    """The answer of the plan, which is that of graphql-core."""
    async with gateway_on(sources, **settings) as gateway:
        answer, other = [await gateway.ask(query + end) for end in ("}", UNPLANNED)]
    other["data"].pop("__schema")
    assert answer["data"] == other["data"]
    return answer


async def test_a_key_that_leads_to_two_customers_is_ambiguous():
    """Two people behind one address, whom their days of birth tell apart; each is a candidate."""
    crm = knowing("crm", [person("1", email="family@example.com", birth_date="1980-01-02")])
    own = knowing("shop", [person("2", email="family@example.com", birth_date="1990-03-04")])
    answer = await ask_both('{ customer(by: {email: "family@example.com"}) { id } ', crm, own)
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["candidates"]) == ("AMBIGUOUS_IDENTITY", ["crm:1", "shop:2"])


async def test_a_withheld_link_is_told_without_its_key():
    """By its kind and its reason, on the customers of both sides."""
    crm = knowing("crm", [person("1", email="family@example.com", birth_date="1980-01-02")])
    own = knowing("shop", [person("2", email="family@example.com", birth_date="1990-03-04")])
    told = "identity { complete links { by records } withheld { by records reason } }"
    query = f'{{ customers(ids: ["crm:1", "shop:2"]) {{ id {told} }} '
    customers = (await ask_both(query, crm, own))["data"]["customers"]
    withheld = [{"by": "EMAIL", "records": ["crm:1", "shop:2"], "reason": "BIRTH_DATE"}]
    assert customers == [
        {"id": id_, "identity": {"complete": True, "links": [], "withheld": withheld}} for id_ in ("crm:1", "shop:2")
    ]


async def test_a_key_that_several_records_of_a_source_have_links_nobody():
    """Nor is it a reason to take the first of them: who asks by it hears of all."""
    crm = knowing("crm", [person("1", phone=NUMBER), person("2", phone=NUMBER)])
    own = knowing("shop", [person("3", phone=NUMBER)])
    query = '{ customer(by: {id: "shop:3"}) { identity { complete records withheld { by records reason } } } '
    assert (await ask_both(query, crm, own))["data"]["customer"]["identity"] == {
        "complete": True,
        "records": ["shop:3"],
        "withheld": [{"by": "PHONE", "records": ["shop:3"], "reason": "SHARED_KEY"}],
    }
    (error,) = (await ask_both(f'{{ customer(by: {{phone: "{NUMBER}"}}) {{ id }} ', crm, own))["errors"]
    assert error["extensions"]["candidates"] == ["crm:1", "crm:2", "shop:3"]


async def test_placeholders_link_nobody():
    """Those of everywhere, and those of the settings; they can still be asked for."""
    people = [
        person("1", email="noreply@shop.example", member_number="000000"),
        person("2", email="desk@clarke.example"),
        person("3", email="info@clarke.example"),
    ]
    sources = [knowing(name, people) for name in ("crm", "shop")]
    identity = {"blocked": {"email": ["Desk@Clarke.example"]}, "block_role_addresses": True}
    query = '{ customers(ids: ["crm:1", "crm:2", "crm:3"]) { identity { records } } '
    answer = await ask_both(query, *sources, identity=identity)
    assert answer["data"]["customers"] == [{"identity": {"records": [f"crm:{n}"]}} for n in (1, 2, 3)]


async def test_a_kind_of_key_that_is_not_trusted_links_nobody():
    """And its source is not asked by it, while others can be."""
    crm, own = knowing("crm", [ANA_CRM]), knowing("shop", [person("42", phone=NUMBER)])
    query = '{ customer(by: {id: "crm:7"}) { identity { records } } '
    linked = await ask_both(query, crm, own)
    assert linked["data"]["customer"]["identity"]["records"] == ["crm:7", "shop:42"]
    own.calls.clear()
    apart = await ask_both(query, crm, own, identity={"trusts": {"shop": ["email", "external_id"]}})
    assert apart["data"]["customer"]["identity"]["records"] == ["crm:7"]
    assert {kind for call in calls_of(own) for kind, _ in call} == {"email", "external_id"}


async def test_ids_that_are_stated_one_way_are_said_to_be():
    """From the record that states the id both are reached; from the other one it is said that there may be more."""
    crm = knowing("crm", [person("7", name="Ana")], [KeyKind.CUSTOMER_ID])
    lead = knowing("leads", [person("l1", ids=["crm:7"])], [KeyKind.CUSTOMER_ID])
    query = '{ customers(ids: ["leads:l1", "crm:7"]) { id identity { complete reason records } } '
    answer = await ask_both(query, crm, lead, identity={"trusts": {"leads": ["external_id"]}})
    assert answer["data"]["customers"] == [
        {"id": "crm:7", "identity": {"complete": True, "reason": None, "records": ["crm:7", "leads:l1"]}},
        {"id": "crm:7", "identity": {"complete": False, "reason": "ONE_WAY_KEYS", "records": ["crm:7"]}},
    ]


@pytest.mark.parametrize(
    ("turns", "reached", "complete"), [(0, 1, False), (1, 2, False), (2, 3, False), (3, 4, False), (4, 4, True)]
)
async def test_a_chain_is_followed_for_so_many_turns(turns: int, reached: int, complete: bool):
    """What was reached by then is the customer, and it is said that there may be more."""
    names = "abcd"
    sources = [
        knowing(name, [person("1", email=f"{n}@example.com", emails=[f"{n + 1}@example.com"])])
        for n, name in enumerate(names, 1)
    ]
    query = '{ customer(by: {id: "a:1"}) { identity { complete reason records } } '
    answer = await ask_both(query, *sources, identity={"max_turns": turns})
    assert answer["data"]["customer"]["identity"] == {
        "complete": complete,
        "reason": None if complete else "OUT_OF_TURNS",
        "records": [f"{name}:1" for name in names[:reached]],
    }


async def test_a_search_gives_whole_customers():
    """Each with all of its records; pages follow the records that were found."""
    crm = knowing("crm", [ANA_CRM, LI], also={(r.Customer, KeyKind.TEXT): {"a": [ANA_SHOP, ANA_CRM, LI]}})
    own = knowing("shop", [ANA_SHOP])
    own.records[r.Customer, KeyKind.TEXT] = {"a": [ANA_SHOP]}  # type: ignore[index]
    query = """query ($after: String) { searchCustomers(text: "a", first: 1, after: $after) {
        nodes { id name identity { records } } pageInfo { endCursor hasNextPage } } }"""
    async with gateway_on([own, crm], customer={"priority": ["crm"]}) as gateway:
        found = (await gateway.data(query))["searchCustomers"]
        rest = (await gateway.data(query, {"after": found["pageInfo"]["endCursor"]}))["searchCustomers"]
    assert found["nodes"] == [{"id": "crm:7", "name": "Ana Souza", "identity": {"records": ["crm:7", "shop:42"]}}]
    assert rest == {"nodes": [], "pageInfo": {"endCursor": None, "hasNextPage": False}}


@ENDS
async def test_one_source_of_customers_says_the_same_of_itself(end: str):
    """One record, whose fields are its own."""
    query = """{ customer(by: {id: "c1"}) { name currentId records { source sourceId } origins { field source others { value } }
        identity { complete reason records links { by } withheld { by } } } """
    async with gateway_on([shop.crm(), shop.orders()]) as gateway:
        customer = (await gateway.data(query + end))["customer"]
    assert customer == {
        "name": "Ana Souza",
        "currentId": "crm:c1",
        "records": [{"source": "crm", "sourceId": "c1"}],
        "origins": [{"field": "name", "source": "crm", "others": []}],
        "identity": {"complete": True, "reason": None, "records": ["crm:c1"], "links": [], "withheld": []},
    }


async def test_sources_that_use_the_same_ids_are_linked_by_them():
    """A database of one's own that has the CRM's ids says so in its settings; other records of it are found by them as well."""
    crm = knowing("crm", [person("7", name="Ana")], [KeyKind.CUSTOMER_ID])
    own = knowing(
        "data",
        [person("7", locale="pt-BR"), person("8", name="Li")],
        [KeyKind.CUSTOMER_ID],
        also={(r.Order, KeyKind.CUSTOMER_ID): {"7": [order("a")], "9": [order("b")]}},
    )
    query = """{ customers(ids: ["crm:7", "data:7", "data:8"]) { id name locale identity { complete records }
        orders { nodes { id } } } """
    with_ids = {"data": {"kind": "memory", "customer_ids_of": "crm"}, "crm": {"kind": "memory"}}
    answer = await ask_both(query, crm, own, sources=with_ids)
    ana = {
        "id": "crm:7",
        "name": "Ana",
        "locale": "pt-BR",
        "identity": {"complete": True, "records": ["crm:7", "data:7"]},
        "orders": {"nodes": [{"id": "data:o-a"}]},
    }
    li = {"id": "data:8", "name": "Li", "locale": None, "identity": {"complete": True, "records": ["data:8"]}}
    assert answer["data"]["customers"] == [ana, ana, {**li, "orders": {"nodes": []}}]


async def test_settings_that_name_no_source_are_refused():
    """In the order of priority, in the rule of a field, in what links, and whose ids a source uses."""
    for words in (
        {"customer": {"priority": ["crn"]}},
        {"customer": {"fields": {"name": ["crn"]}}},
        {"identity": {"trusts": {"crn": ["email"]}}},
        {"sources": {"crm": {"kind": "memory", "customer_ids_of": "crn"}}},
    ):
        with pytest.raises(ConfigurationError, match="there is no source crn"):
            parse_settings({"sources": {"crm": {"kind": "memory"}}} | words)
    for fields in ({"id": ["crm"]}, {"nmae": "newest"}, {"name": "oldest"}, {"name": []}):
        with pytest.raises(ConfigurationError, match=r"customer\.fields"):
            parse_settings({"sources": {"crm": {"kind": "memory"}}, "customer": {"fields": fields}})


@ENDS
async def test_a_source_that_hangs_leaves_time_for_the_others(end: str):
    """It is waited for in one turn, and not asked again; what the others lead to is found."""
    crm, own, desk = three()
    crm.hang = asyncio.Event()
    query = '{ customer(by: {id: "shop:42"}) { id name identity { reason records } tickets { nodes { id } } } '
    async with gateway_on([crm, own, desk], with_clock=LoopClock()) as gateway:
        asking = gateway.ask(query + end, **HURRIED)
        answer = await after(DEADLINE_S / 4, asking, lambda: bool(crm.calls and own.calls and desk.calls))
    assert answer["data"]["customer"] == {
        "id": "shop:42",
        "name": "A. Souza",
        "identity": {"reason": "SOURCE_UNAVAILABLE", "records": ["shop:42", "desk:u1"]},
        "tickets": {"nodes": [{"id": "desk:t"}]},
    }
    assert calls_of(crm) == [[("external_id", ("shop:42",))]]


@ENDS
async def test_finding_takes_half_of_the_time(end: str):
    """A source that hangs in the last turn costs its records, not the lists of the others."""
    crm, own, desk = three()
    query = '{ customer(by: {id: "shop:42"}) { id identity { reason records } orders { nodes { id } } } '
    async with gateway_on([crm, own, desk], with_clock=LoopClock(), identity={"max_turns": 0}) as gateway:
        desk.hang = asyncio.Event()
        asking = gateway.ask(query + end, **HURRIED)
        answer = await after(DEADLINE_S / 2, asking, lambda: bool(crm.calls and own.calls and desk.calls))
    assert answer["data"]["customer"] == {
        "id": "shop:42",
        "identity": {"reason": "SOURCE_UNAVAILABLE", "records": ["shop:42"]},
        "orders": {"nodes": [{"id": "shop:o-shop"}]},
    }


async def test_nobody_has_a_key_only_when_all_were_asked():
    """While a source is down it may be the one that has it, which is an error and not null."""
    crm, own, _ = three()
    query = '{ customer(by: {email: "nobody@example.com"}) { id } node(id: "crm:nobody") { id } '
    assert (await ask_both(query, crm, own))["data"] == {"customer": None, "node": None}
    own.failure = SourceUnavailableError()
    answer = await ask_both(query, crm, own)
    assert answer["data"] == {"customer": None, "node": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_UNAVAILABLE"]


async def test_an_id_that_nobody_has_is_null_although_others_state_it():
    """It was deleted at its source."""
    crm, own = knowing("crm", [LI]), knowing("shop", [person("42", ids=["crm:7"])])
    query = '{ customer(by: {id: "crm:7"}) { id } customers(ids: ["shop:42"]) { id identity { complete records } } '
    assert (await ask_both(query, crm, own))["data"] == {
        "customer": None,
        "customers": [{"id": "shop:42", "identity": {"complete": True, "records": ["shop:42"]}}],
    }


async def test_a_key_that_a_source_refuses_is_of_nobody_there():
    """It cannot have a record with it, so nothing is missing."""
    crm, own, _ = three()
    own.failure = SourceRejectedError()
    answer = await ask_both('{ customer(by: {id: "crm:7"}) { identity { complete records } } ', crm, own)
    assert answer["data"]["customer"]["identity"] == {"complete": True, "records": ["crm:7"]}


async def test_a_record_with_too_many_keys_links_nobody():
    """Nor are others asked for by them."""
    emails = [f"ana{n}@example.com" for n in range(6)]
    crm, own = knowing("crm", [person("7", emails=emails)]), knowing("shop", [person("42", email=emails[0])])
    query = '{ customers(ids: ["crm:7", "shop:42"]) { id identity { complete withheld { reason records } } } '
    customers = (await ask_both(query, crm, own))["data"]["customers"]
    withheld = [{"reason": "KEYS_PER_KIND", "records": ["crm:7", "shop:42"]}]
    assert customers == [
        {"id": "crm:7", "identity": {"complete": True, "withheld": []}},
        {"id": "shop:42", "identity": {"complete": True, "withheld": withheld}},
    ]
    own.calls.clear()
    await ask_both('{ customer(by: {id: "crm:7"}) { identity { complete } } ', crm, own)
    assert {kind for call in calls_of(own) for kind, _ in call} == {"external_id"}


async def test_two_records_of_a_source_are_one_customer_by_choice():
    """With the orders by both ids, each once."""
    twice = [person("1", email="ana@example.com", name="Ana"), person("2", email="ana@example.com")]
    orders = {"1": [order("a"), order("b")], "2": [order("b"), order("c")]}
    crm = knowing("crm", twice, also={(r.Order, KeyKind.CUSTOMER_ID): orders})
    own = knowing("shop", [person("42", email="ana@example.com", locale="pt-BR")])
    query = """{ customer(by: {id: "crm:2"}) { id name locale identity { complete records } orders { nodes { id } }
        orderStatistics { count } } """
    answer = await ask_both(query, crm, own, identity={"records_per_source": 2, "max_sharers": 2})
    assert answer["data"]["customer"] == {
        "id": "crm:1",
        "name": "Ana",
        "locale": "pt-BR",
        "identity": {"complete": True, "records": ["crm:1", "crm:2", "shop:42"]},
        "orders": {"nodes": [{"id": "crm:o-c"}, {"id": "crm:o-b"}, {"id": "crm:o-a"}]},
        "orderStatistics": {"count": 3},
    }


async def test_tickets_come_by_the_addresses_of_all_records():
    """And by no placeholder; a ticket that two of them find is one."""
    crm = knowing("crm", [person("7", email="ana@example.com", emails=["noreply@shop.example"])])
    own = knowing("shop", [person("42", email="ana@example.com", emails=["ana.work@example.org"])])
    tickets = [r.Ticket(id=f"t{n}", created_at=shop.at(n)) for n in (1, 2, 3)]
    by_email = {"ana@example.com": tickets[:2], "ana.work@example.org": tickets[1:2], "noreply@shop.example": tickets[2:]}
    desk = MemoryConnector("desk", {(r.Ticket, KeyKind.EMAIL): by_email})
    query = '{ customer(by: {id: "shop:42"}) { tickets { nodes { id } } timeline { nodes { ... on Ticket { id } } } } '
    found = {"nodes": [{"id": "desk:t2"}, {"id": "desk:t1"}]}
    assert (await ask_both(query, crm, own, desk))["data"]["customer"] == {"tickets": found, "timeline": found}


async def test_orders_come_by_the_ids_that_others_state():
    """Of every record, by its source and id; and by those that the records state themselves."""
    crm = knowing("crm", [person("7", email="ana@example.com", ids=["till:T1"])])
    own = knowing("shop", [person("42", email="ana@example.com")])
    by_id = {"crm:7": [order("a")], "shop:42": [order("b")], "till:T1": [order("c")]}
    tills = MemoryConnector("till", {(r.Order, KeyKind.EXTERNAL_ID): by_id})
    query = '{ customer(by: {id: "shop:42"}) { orders { nodes { id } } orderStatistics { count } } '
    found = [{"id": f"till:o-{name}"} for name in "cba"]
    assert (await ask_both(query, crm, own, tills))["data"]["customer"] == {
        "orders": {"nodes": found},
        "orderStatistics": {"count": 3},
    }
    assert {key for call in tills.calls for key in call[2]} == {"crm:7", "shop:42", "till:T1"}


async def test_a_webhook_outdates_answers_about_all_keys_of_a_customer():
    """What is cached of the source under the id of another one, or under an address, is asked for again."""
    crm, own = (
        knowing("crm", [ANA_CRM]),
        knowing("shop", [person("42", email="ana@example.com", locale="pt-BR", ids=["crm:7"])]),
    )
    settings = sources_with({"shop": hook()}, {"customer": 60}, "crm")
    query = '{ customer(by: {email: "ana@example.com"}) { locale name } } '
    async with gateway_on([crm, own], sources=settings, customer={"fields": {"locale": ["shop"]}}) as gateway:
        before = [(await gateway.data(query))["customer"]["locale"] for _ in range(2)]
        asked = len(own.calls)
        changed = knowing("shop", [person("42", email="ana@example.com", locale="en-GB", ids=["crm:7"])])
        own.records = changed.records
        assert (await gateway.data(query))["customer"]["locale"] == "pt-BR"
        assert len(own.calls) == asked
        assert (await tell(gateway, "shop", of("42"))).status_code == 204
        after_change = (await gateway.data(query))["customer"]["locale"]
        by_other_id = (await gateway.data('{ customer(by: {id: "crm:7"}) { locale } }'))["customer"]["locale"]
    assert (before, after_change, by_other_id) == (["pt-BR"] * 2, "en-GB", "en-GB")
