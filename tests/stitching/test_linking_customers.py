"""Operators link and cut customers: what the answer says, what stays, and who may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from pymongo.uri_parser import parse_uri

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.identity_worker import Gate
from tests.support.known_people import ENDS, knowing, person

pytestmark = pytest.mark.mongodb

ANNA, BORIS = "anna-key-0123456789-0123456789-0123", "boris-key-0123456789-0123456789-012"
OPERATORS = {"anna": ANNA, "boris": BORIS}
BY_ID = [KeyKind.CUSTOMER_ID, KeyKind.EMAIL]

CHANGE = """mutation ($records: [ID!]!, $reason: String = "she called", $preview: Boolean = false) {
    change: FIELD(records: $records, reason: $reason, preview: $preview) {
        preview before { id records } after { id records withheld { by records reason } } between { by records } } }"""
LINK, CUT = (CHANGE.replace("FIELD", name) for name in ("linkCustomers", "unlinkCustomers"))
WHO = "id currentId identity { complete reason records links { by records } withheld { by reason } } "


def people() -> list[MemoryConnector]:
    """Ana in a CRM and a shop without a key in common, and in a desk that has the address of the shop."""
    return [
        knowing("crm", [person("7", name="Ana", email="ana@example.com"), person("8", name="Li")], BY_ID),
        knowing("shop", [person("42", email="souza@example.org")], BY_ID),
        knowing("desk", [person("u1", email="souza@example.org")], BY_ID),
    ]


@pytest.fixture
def words(mongodb_settings: MongoSettings, hand_clock: HandClock) -> dict[str, Any]:
    """A gateway with a log and operators."""
    mongodb = mongodb_settings.model_dump()
    return {"mongodb": mongodb, "identity": {"operators": OPERATORS}, "with_clock": hand_clock}


async def change(gateway: Gateway, query: str, *records: str, key: str = ANNA, **variables: Any) -> dict[str, Any]:
    """What a mutation of an operator gives."""
    answer = await gateway.ask(query, {"records": records, **variables}, authorization=f"Bearer {key}")
    assert "errors" not in answer, answer["errors"]
    given: dict[str, Any] = answer["data"]["change"]
    return given


async def code_of(gateway: Gateway, query: str, *records: str, **headers: str) -> str:
    answer = await gateway.ask(query, {"records": records}, **headers)
    code: str = answer["errors"][0]["extensions"]["code"]
    return code


async def records_of(gateway: Gateway, id_: str) -> tuple[str, list[str]]:
    customer = (await gateway.data("query ($id: ID!) { customer(by: {id: $id}) { WHO } }".replace("WHO", WHO), {"id": id_}))[
        "customer"
    ]
    assert customer["identity"]["complete"], customer
    return customer["id"], customer["identity"]["records"]


async def test_a_link_joins_and_a_cut_parts(words: dict[str, Any]):
    """Ids and records are those of before after the cut; a link of the same records takes the cut back."""
    apart = [{"id": "crm:7", "records": ["crm:7"]}, {"id": "desk:u1", "records": ["desk:u1", "shop:42"]}]
    priority = {"priority": ["crm", "desk", "shop"]}
    async with gateway_on(people(), customer=priority, **words) as gateway:
        for _ in range(2):
            linked = await change(gateway, LINK, "crm:7", "shop:42")
            together = {"id": "crm:7", "records": ["crm:7", "desk:u1", "shop:42"], "withheld": []}
            between = [{"by": "OPERATOR", "records": ["crm:7", "shop:42"]}]
            assert linked == {"preview": False, "before": apart, "after": [together], "between": between}
            for id_ in together["records"]:
                assert await records_of(gateway, id_) == ("crm:7", ["crm:7", "desk:u1", "shop:42"])
            cut = await change(gateway, CUT, "crm:7")
            assert [{own: side[own] for own in ("id", "records")} for side in cut["after"]] == apart
            assert cut["between"] == between
            assert await records_of(gateway, "crm:7") == ("crm:7", ["crm:7"])
            assert await records_of(gateway, "shop:42") == ("desk:u1", ["desk:u1", "shop:42"])


async def test_a_record_that_a_link_takes_goes_back_without_an_id(words: dict[str, Any]):
    """A link takes it from a third customer, whose other record has another birth date; after the cut ids are as before."""
    crm = knowing("crm", [person("1", email="ana@example.com", birth_date="1971-05-05")], BY_ID)
    shop = knowing("shop", [person("2", email="ana@example.com")], BY_ID)
    desk = knowing("desk", [person("3", birth_date="1980-01-02")], BY_ID)
    async with gateway_on([crm, shop, desk], **words) as gateway:
        linked = await change(gateway, LINK, "desk:3", "shop:2")
        assert [(own["id"], own["records"]) for own in linked["after"]] == [
            ("crm:1", ["crm:1"]),
            ("desk:3", ["desk:3", "shop:2"]),
        ]
        assert await records_of(gateway, "shop:2") == ("desk:3", ["shop:2", "desk:3"])
        await change(gateway, CUT, "desk:3")
        assert await records_of(gateway, "shop:2") == ("crm:1", ["crm:1", "shop:2"])
        assert await records_of(gateway, "desk:3") == ("desk:3", ["desk:3"])


@ENDS
async def test_a_link_leads_on_from_every_key(words: dict[str, Any], end: str):
    """It leads to the other record by its own id, whose keys are asked for, too."""
    async with gateway_on(people(), **words) as gateway:
        await change(gateway, LINK, "crm:7", "shop:42")
        for by in ('email: "ana@example.com"', 'email: "souza@example.org"', 'id: "desk:u1"'):
            customer = (await gateway.data(f"{{ customer(by: {{{by}}}) {{ {WHO} }} {end}"))["customer"]
            assert customer["identity"] == {
                "complete": True,
                "reason": None,
                "records": ["crm:7", "shop:42", "desk:u1"],
                "links": [
                    {"by": "OPERATOR", "records": ["crm:7", "shop:42"]},
                    {"by": "EMAIL", "records": ["desk:u1", "shop:42"]},
                ],
                "withheld": [],
            }


async def test_a_cut_beats_a_key_and_its_preview_lists_every_link(words: dict[str, Any]):
    """The preview changes nothing. What holds two sides together is withheld afterwards."""
    async with gateway_on(people(), **words) as gateway:
        await change(gateway, LINK, "crm:7", "shop:42")
        await change(gateway, LINK, "crm:7", "desk:u1")
        previewed = await change(gateway, CUT, "desk:u1", preview=True)
        assert previewed["between"] == [
            {"by": "OPERATOR", "records": ["crm:7", "desk:u1"]},
            {"by": "EMAIL", "records": ["desk:u1", "shop:42"]},
        ]
        assert (await records_of(gateway, "desk:u1"))[1] == ["crm:7", "shop:42", "desk:u1"]
        cut = await change(gateway, CUT, "desk:u1")
        assert cut == {**previewed, "preview": False}
        assert cut["after"][1] == {
            "id": "desk:u1",
            "records": ["desk:u1"],
            "withheld": [{"by": "EMAIL", "records": ["desk:u1", "shop:42"], "reason": "CUT"}],
        }
        assert await records_of(gateway, "desk:u1") == ("desk:u1", ["desk:u1"])
        error = await gateway.ask('{ customer(by: {email: "souza@example.org"}) { id } }')
        assert error["errors"][0]["extensions"]["candidates"] == ["crm:7", "desk:u1"]


async def test_a_cut_of_two_customers_says_nothing_of_both(words: dict[str, Any]):
    """Records that were never one are not cut: a key of later joins them."""
    async with gateway_on(people(), **words) as gateway:
        cut = await change(gateway, CUT, "crm:8", "shop:42")
        assert [own["records"] for own in cut["after"]] == [["crm:8"], ["desk:u1"], ["shop:42"]]
    crm = knowing("crm", [person("8", email="souza@example.org")], BY_ID)
    async with gateway_on([crm, *people()[1:]], **words) as gateway:
        assert await records_of(gateway, "crm:8") == ("crm:8", ["crm:8", "desk:u1"])


async def test_the_id_stays_with_the_side_of_the_anchor(words: dict[str, Any]):
    """An id that was stored stays when sources change places; aliases lead to it."""
    async with gateway_on(people(), **words) as gateway:
        await change(gateway, LINK, "crm:7", "shop:42")
    async with gateway_on(people(), customer={"priority": ["desk", "shop"]}, **words) as gateway:
        assert await records_of(gateway, "desk:u1") == ("crm:7", ["desk:u1", "shop:42", "crm:7"])
        node = (await gateway.data(f'{{ node(id: "shop:42") {{ ... on Customer {{ {WHO} }} }} }}'))["node"]
        assert (node["id"], node["currentId"]) == ("shop:42", "crm:7")
        cut = await change(gateway, CUT, "desk:u1")
        assert [(side["id"], side["records"]) for side in cut["after"]] == [
            ("crm:7", ["crm:7", "shop:42"]),
            ("desk:u1", ["desk:u1"]),
        ]


async def test_as_of_a_time_is_a_replay_of_the_log(words: dict[str, Any], hand_clock: HandClock):
    """Before, between and after; it says that the records are those of today."""
    query = 'query ($at: DateTime!) { identityAsOf(id: "shop:42", at: $at) { id at note identity { records complete } } }'
    async with gateway_on(people(), **words) as gateway:
        times = [hand_clock.now()]
        for mutation in (LINK, CUT):
            hand_clock.advance(timedelta(hours=1))
            await change(gateway, mutation, "crm:7", *(["shop:42"] if mutation is LINK else []))
            times.append(hand_clock.now())
        told = []
        for at in times:
            variables = {"at": at.astimezone(UTC).isoformat()}
            answer = await gateway.ask(query, variables, authorization=f"Bearer {BORIS}")
            past = answer["data"]["identityAsOf"]
            assert past["note"].endswith("are those of today.")
            assert past["identity"].pop("complete")
            told.append((past["id"], past["identity"]["records"]))
        apart = ("shop:42", ["desk:u1", "shop:42"])
        assert told == [apart, ("crm:7", ["crm:7", "desk:u1", "shop:42"]), apart]
        refused = await gateway.ask(query, {"at": datetime.now(UTC).isoformat()})
        assert refused["errors"][0]["extensions"]["code"] == "OPERATOR_REQUIRED"


async def test_only_operators_change_anything(words: dict[str, Any]):
    """Without a key, with a wrong one, in another scheme, and where the settings name nobody."""
    async with gateway_on(people(), **words) as gateway:
        for headers in ({}, {"authorization": f"Bearer {ANNA}x"}, {"authorization": f"Basic {ANNA}"}, {"authorization": ANNA}):
            assert await code_of(gateway, LINK, "crm:7", "shop:42", **headers) == "OPERATOR_REQUIRED"
        assert (await records_of(gateway, "crm:7"))[1] == ["crm:7"]
        by_get = await gateway.client.get(
            "/graphql",
            params={"query": LINK, "variables": '{"records": ["crm:7", "shop:42"]}'},
            headers={"authorization": f"Bearer {ANNA}"},
        )
        assert by_get.status_code == 405
        form = await gateway.client.post(
            "/graphql", content="{}", headers={"authorization": f"Bearer {ANNA}", "content-type": "text/plain"}
        )
        assert form.status_code == 415
        assert (await records_of(gateway, "crm:7"))[1] == ["crm:7"]
    async with gateway_on(people(), **{**words, "identity": {}}) as gateway:
        assert await code_of(gateway, LINK, "crm:7", "shop:42", authorization=f"Bearer {ANNA}") == "OPERATOR_REQUIRED"


async def test_what_cannot_be_linked_is_refused(words: dict[str, Any]):
    """One record, an unknown one, a customer as a whole, no reason, and while a source is down."""
    sources = people()
    bearer = {"authorization": f"Bearer {ANNA}"}
    async with gateway_on(sources, **words) as gateway:
        assert await code_of(gateway, LINK, "crm:7", **bearer) == "INVALID_ARGUMENT"
        assert await code_of(gateway, LINK, "crm:7", "shop:none", **bearer) == "INVALID_ARGUMENT"
        assert await code_of(gateway, CUT, "shop:42", "desk:u1", **bearer) == "INVALID_ARGUMENT"
        assert await code_of(gateway, LINK.replace("she called", " "), "crm:7", "shop:42", **bearer) == "INVALID_ARGUMENT"
        sources[2].failure = SourceUnavailableError()
        assert await code_of(gateway, LINK, "crm:7", "shop:42", **bearer) == "SOURCE_UNAVAILABLE"


async def test_a_limit_withholds_a_link_of_a_person(words: dict[str, Any]):
    """Two records of one source stay two customers until the settings allow it."""
    async with gateway_on(people(), **words) as gateway:
        linked = await change(gateway, LINK, "crm:7", "crm:8")
        withheld = [{"by": "OPERATOR", "records": ["crm:7", "crm:8"], "reason": "RECORDS_PER_SOURCE"}]
        assert [side["withheld"] for side in linked["after"]] == [withheld, withheld]
    words["identity"] = {**words["identity"], "records_per_source": 2}
    async with gateway_on(people(), **words) as gateway:
        assert await records_of(gateway, "crm:8") == ("crm:7", ["crm:7", "crm:8"])


async def test_the_log_names_the_operator_and_no_record(words: dict[str, Any]):
    """Nor a key of an operator, nor the reason."""
    async with gateway_on(people(), **words) as gateway:
        with structlog.testing.capture_logs() as events:
            await change(gateway, LINK, "crm:7", "shop:42", preview=True)
            await change(gateway, LINK, "crm:7", "shop:42", key=BORIS)
    linked = [event for event in events if event["event"] == "customers_linked"]
    assert [(event["operator"], event["customers_before"], event["customers_after"]) for event in linked] == [("boris", 2, 1)]
    assert not any(secret in str(events) for secret in (ANNA, BORIS, "crm:7", "she called"))


async def test_the_log_is_read_once_a_turn(words: dict[str, Any], mongodb_database: str):
    """Beside the calls of the turn, for all customers of a request; not with one source of customers."""
    sources = people()
    async with gateway_on(sources, **words) as gateway:
        await change(gateway, LINK, "crm:7", "shop:42")
        with commands_to(mongodb_database) as commands:
            await gateway.data('{ customers(ids: ["crm:7", "crm:8", "desk:u1"]) { identity { records } } }')
        turns = 4  # for desk:u1, its address, the link of shop:42 with that address, and the keys of crm:7
        assert commands == ["find"] * turns
    async with gateway_on(sources[:1], **words) as gateway:
        with commands_to(mongodb_database) as commands:
            await gateway.data('{ customer(by: {id: "crm:7"}) { identity { records } } }')
        assert commands == []


@asynccontextmanager
async def behind_a_gate(mongodb_uri: str, mongodb_database: str) -> AsyncIterator[tuple[Gate, dict[str, Any]]]:
    """A way to MongoDB that can be shut, and the settings of a gateway on it."""
    gate = Gate(parse_uri(mongodb_uri)["nodelist"][0][1])
    async with gate.listening() as port:
        uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        mongodb = {"uri": uri, "database": mongodb_database, "timeout_ms": 1_000, "retry_after_ms": 50}
        yield gate, {"mongodb": mongodb, "identity": {"operators": OPERATORS}}


AWAY = f'{WHO} tag(key: "activity") {{ partial }} sources {{ name state errorCode records }}'


async def told_while_away(gateway: Gateway, id_: str, end: str = "}") -> tuple[str, list[str], list[str], dict[str, Any]]:
    """The id, the records, what keeps others apart, and what is said of the log. It is said that there may be more."""
    customer = (await gateway.data(f'{{ customer(by: {{id: "{id_}"}}) {{ {AWAY} }} {end}'))["customer"]
    assert (customer["identity"]["complete"], customer["identity"]["reason"]) == (False, "LINKS_UNAVAILABLE")
    assert customer["tag"] == {"partial": True}
    withheld = [own["reason"] for own in customer["identity"]["withheld"]]
    (told,) = (own for own in customer["sources"] if own["name"] == "identity_log")
    return customer["id"], customer["identity"]["records"], withheld, told


OLD, NEVER = (
    {"name": "identity_log", "state": state, "errorCode": "SOURCE_UNAVAILABLE", "records": ["CUSTOMER"]}
    for state in ("STALE", "UNAVAILABLE")
)


@ENDS
async def test_while_mongodb_is_away_what_was_decided_holds(mongodb_uri: str, mongodb_database: str, end: str):
    """Also for customers whom this worker was never asked for. Nothing new is decided, and all is back by itself."""
    async with behind_a_gate(mongodb_uri, mongodb_database) as (gate, settings):
        async with gateway_on(people(), **settings) as gateway:
            await change(gateway, LINK, "crm:7", "shop:42")
            await change(gateway, CUT, "desk:u1")
        async with gateway_on(people(), **settings) as gateway:
            gate.shut()
            assert await told_while_away(gateway, "shop:42", end) == ("crm:7", ["crm:7", "shop:42"], ["CUT"], OLD)
            assert await told_while_away(gateway, "desk:u1", end) == ("desk:u1", ["desk:u1"], ["CUT"], OLD)
            bearer = {"authorization": f"Bearer {ANNA}"}
            assert await code_of(gateway, CUT, "crm:7", **bearer) == "STORE_UNAVAILABLE"
            gate.open()
            query = f'{{ customer(by: {{id: "shop:42"}}) {{ {WHO} sources {{ name }} }} {end}'
            async with asyncio.timeout(60):
                while not (customer := (await gateway.data(query))["customer"])["identity"]["complete"]:
                    await asyncio.sleep(0.02)
            assert (customer["id"], customer["identity"]["records"]) == ("crm:7", ["crm:7", "shop:42"])
            assert [own["name"] for own in customer["sources"]] == ["crm", "shop", "desk"]


async def test_what_a_worker_decides_or_reads_itself_holds(mongodb_uri: str, mongodb_database: str):
    """Before it reads the end of the log the next time: a cut that it made, and one that it was asked about."""
    async with behind_a_gate(mongodb_uri, mongodb_database) as (gate, settings), AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(gateway_on(people(), **settings)) for _ in range(2)]
        await change(one, CUT, "desk:u1")
        assert await records_of(other, "shop:42") == ("shop:42", ["shop:42"])
        gate.shut()
        for gateway in (one, other):
            assert await told_while_away(gateway, "shop:42") == ("shop:42", ["shop:42"], ["CUT"], OLD)
            assert await told_while_away(gateway, "desk:u1") == ("desk:u1", ["desk:u1"], ["CUT"], OLD)


async def test_a_worker_that_never_read_the_log_says_so(mongodb_uri: str, mongodb_database: str):
    """It goes by keys until MongoDB is there, and then by what was decided."""
    async with behind_a_gate(mongodb_uri, mongodb_database) as (gate, settings):
        async with gateway_on(people(), **settings) as gateway:
            await change(gateway, CUT, "desk:u1")
        gate.shut()
        async with gateway_on(people(), **settings) as gateway:
            assert await told_while_away(gateway, "shop:42") == ("shop:42", ["shop:42", "desk:u1"], [], NEVER)
            gate.open()
            async with asyncio.timeout(60):
                while (await gateway.data('{ customer(by: {id: "shop:42"}) { records { source } } }'))["customer"] != {
                    "records": [{"source": "shop"}]
                }:
                    await asyncio.sleep(0.02)


async def test_without_mongodb_customers_are_what_their_keys_say():
    """All is complete; links are refused, for they would not last."""
    async with gateway_on(people(), identity={"operators": OPERATORS}) as gateway:
        assert await records_of(gateway, "shop:42") == ("shop:42", ["shop:42", "desk:u1"])
        assert await code_of(gateway, LINK, "crm:7", "shop:42", authorization=f"Bearer {ANNA}") == "INVALID_ARGUMENT"


def finding_zeros() -> list[MemoryConnector]:
    """The CRM finds its contact 7 by 007, too, as a column of numbers does."""
    crm, *others = people()
    by_id = crm.records[r.Customer, KeyKind.CUSTOMER_ID]
    crm.records = {**crm.records, (r.Customer, KeyKind.CUSTOMER_ID): {**by_id, "007": by_id["7"]}}
    return [crm, *others]


async def test_a_record_by_another_spelling_of_its_id_is_the_record(words: dict[str, Any]):
    """What is appended is about the id that it has at its source; nor are two spellings two records."""
    spoken = "query ($id: ID!, $at: DateTime!) { identityAsOf(id: $id, at: $at) { id identity { records } } }"
    async with gateway_on(finding_zeros(), **words) as gateway:
        linked = await change(gateway, LINK, " crm:007 ", "shop:42")
        assert linked["between"] == [{"by": "OPERATOR", "records": ["crm:7", "shop:42"]}]
        assert await records_of(gateway, "crm:7") == ("crm:7", ["crm:7", "shop:42", "desk:u1"])
        past = await gateway.ask(spoken, {"id": "crm:007", "at": "2030-01-01T00:00:00Z"}, authorization=f"Bearer {ANNA}")
        assert past["data"]["identityAsOf"] == {"id": "crm:7", "identity": {"records": ["crm:7", "desk:u1", "shop:42"]}}
        assert await code_of(gateway, LINK, "crm:7", "crm:007", authorization=f"Bearer {ANNA}") == "INVALID_ARGUMENT"
        cut = await change(gateway, CUT, "crm:007")
        assert [own["records"] for own in cut["after"]] == [["crm:7"], ["desk:u1", "shop:42"]]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("CRM:7", "records: an id begins with the name of its source; did you mean 'crm:'?"),
        ("crm :7", "records: an id begins with the name of its source; did you mean 'crm:'?"),
        ("crm:9", "records: no source has crm:9"),
        ("crm:", "the customer id is empty"),
        (f"crm:{'7' * 321}", "the customer id is longer than 320 characters"),
        ("erp:7", "records: no source has crm:erp:7"),
    ],
)
async def test_a_record_that_nobody_has_is_not_linked(words: dict[str, Any], written: str, message: str):
    """Whatever it looks like."""
    async with gateway_on(people(), **words) as gateway:
        for query, records in ((LINK, ["shop:42", written]), (CUT, [written])):
            answer = await gateway.ask(query, {"records": records}, authorization=f"Bearer {ANNA}")
            assert [error["message"] for error in answer["errors"]] == [message]
        assert await records_of(gateway, "shop:42") == ("shop:42", ["shop:42", "desk:u1"])
