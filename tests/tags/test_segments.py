"""Segments as callers ask for them: memberships, counts with what they rest on, and pages of members."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.errors import StoreError
from gateway.segments.segment_page import MemberPlace
from gateway.settings import MongoSettings
from gateway.store.segment_counts import SegmentCount
from resolvers.cursor import cursor_of
from tests.support import shop
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.known_people import knowing, person
from tests.support.tag_shop import ShopClock, measured, store_of

pytestmark = pytest.mark.mongodb

CONSENT = r.Consent(channel=r.Channel.EMAIL, purpose="marketing", state=r.ConsentState.GRANTED)
NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
SECRET = "0123456789abcdef" * 2
PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1, review: 2027-01-31}
facts:
  n: {label: Orders, record: order, measure: count}
  tickets: {label: Tickets, record: ticket, measure: count}
tags:
  buyer: {label: Buyer, description: D., words: W., type: boolean, expression: "n >= 1"}
  asks: {label: Asks, description: D., words: W., type: boolean, expression: "tickets >= 1", ttl: 1h}
segments:
  vip: {label: {en: Best, zh: 最好}, description: Who buys much., words: Who has bought twice., condition: "buyer && n >= 2"}
  calm: {label: Calm, description: D., words: W., condition: "buyer && !asks"}
  fair: {label: Fair, description: D., words: W., kind: list}
"""
MINE = "query ($id: ID!) { customer(by: {id: $id}) { segments { segment label member reason freshness } } }"
COUNTS = "{ segments { key count known unknown } }"
PAGE = """query ($first: Int!, $after: String) { segment(key: "vip") { customers(first: $first, after: $after) {
    nodes { id name } partial pageInfo { hasNextPage endCursor } } } }"""


def people(count: int, tickets: bool = False, consenting: Sequence[str] = ()) -> list[MemoryConnector]:
    """Customers `c0`, `c1`, ...: each second one bought twice, the others once."""
    names = [f"c{number}" for number in range(count)]
    orders = {
        name: [shop.order(f"{name}-{own}", name, 3 + own) for own in range(1 + number % 2)] for number, name in enumerate(names)
    }
    sources = [
        MemoryConnector(
            "crm",
            {
                (r.Customer, KeyKind.CUSTOMER_ID): {
                    name: [r.Customer(id=name, name=f"Name of {name}", consents=[CONSENT] if name in consenting else [])]
                    for name in names
                }
            },
        ),
        MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): orders}),
    ]
    return [*sources, MemoryConnector("support", {(r.Ticket, KeyKind.CUSTOMER_ID): {}})] if tickets else sources


@pytest.fixture
def words(tmp_path: Path, mongodb_settings: MongoSettings) -> dict[str, Any]:
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, encoding="utf-8")
    return {"with_clock": ShopClock(), "mongodb": mongodb_settings.model_dump(), "tags": {"file": str(path), "cache_s": 0}}


@asynccontextmanager
async def asked_of_all(count: int, words: dict[str, Any], tickets: bool = True) -> AsyncIterator[Gateway]:
    """A gateway that was asked for the segments of all customers, and has counted them."""
    async with gateway_on(people(count, tickets), **words) as gateway:
        for number in range(count):
            await gateway.data(MINE, {"id": f"c{number}"})
        await until_counted(gateway, count)
        yield gateway


async def until_counted(gateway: Gateway, count: int) -> dict[str, tuple[int, int, int]]:
    """Wait until each condition is counted for so many customers."""
    async with asyncio.timeout(60):
        while True:
            found = (await gateway.data(COUNTS))["segments"]
            told = {own["key"]: (own["count"], own["known"], own["unknown"]) for own in found}
            if all(told[key][1] is not None and told[key][1] + told[key][2] == count for key in ("vip", "calm")):
                return told
            await asyncio.sleep(0.05)


async def test_a_customer_is_in_segments_by_its_tags(words: dict[str, Any]) -> None:
    """They are computed from the same facts, in one call to each source, and are no tags of the customer."""
    sources = people(2, tickets=True)
    async with gateway_on(sources, **words) as gateway:
        found = (await gateway.data(MINE, {"id": "c1"}))["customer"]["segments"]
        assert [own["member"] for own in (await gateway.data(MINE, {"id": "c0"}))["customer"]["segments"]] == [
            False,
            True,
            None,
        ]
        both = await gateway.data('{ customer(by: {id: "c1"}) { tags { key } segments(keys: ["calm"]) { segment label } } }')
        wrong = await gateway.ask(
            '{ customer(by: {id: "c1"}) { segments(keys: ["vop"]) { segment } tag(key: "segment:vip") { key } } }'
        )
    assert found == [
        {"segment": "vip", "label": "Best", "member": True, "reason": "RULE", "freshness": "FRESH"},
        {"segment": "calm", "label": "Calm", "member": True, "reason": "RULE", "freshness": "FRESH"},
        {"segment": "fair", "label": "Fair", "member": None, "reason": "UNKNOWN", "freshness": "FRESH"},
    ]
    assert both["customer"] == {"tags": [{"key": "buyer"}, {"key": "asks"}], "segments": [{"segment": "calm", "label": "Calm"}]}
    assert [measured(source) for source in sources] == [0, 2, 2]
    assert sorted(error["message"] for error in wrong["errors"]) == [
        "key: no tag is called segment:vip; tagDefinitions lists them",
        "keys: no segment is called vop; segments lists them",
    ]


async def test_why_not_and_evidence_name_tags(words: dict[str, Any]) -> None:
    """The condition that is not met, and how the membership came about."""
    text = """{ customer(by: {id: "c0"}) { segments(keys: ["vip"]) { member whyNot { value words } evidence { name value }
        history { from to cause } } } }"""
    async with gateway_on(people(1), **words) as gateway:
        await gateway.data(MINE, {"id": "c0"})
        async with asyncio.timeout(60):
            while not (found := (await gateway.data(text))["customer"]["segments"][0])["history"]:
                await asyncio.sleep(0.01)
    assert found["member"] is False
    assert found["whyNot"] == [{"value": "true", "words": "n is 1, at least 2 is needed"}]
    assert found["evidence"] == [{"name": "n", "value": 1}, {"name": "buyer", "value": True}]
    assert found["history"] == [{"from": None, "to": "false", "cause": "FIRST"}]


async def test_segments_are_computed_with_the_tags(words: dict[str, Any], mongodb_settings: MongoSettings) -> None:
    """Who asks for a tag has its facts measured: the segments that these tell are stored with it, and no others."""
    sources = people(2, tickets=True)
    async with gateway_on(sources, **words) as gateway:
        await gateway.data('{ customer(by: {id: "c1"}) { tag(key: "buyer") { value } } }')
        async with store_of(mongodb_settings) as store, asyncio.timeout(60):
            while not await store.segment_members.read_page("vip", "", 0, 9):
                await asyncio.sleep(0.01)
            assert await store.segment_members.count("calm") == {"+": 0, "-": 0, "?": 0}
    assert [measured(source) for source in sources] == [0, 1, 0]


async def test_what_is_not_known_is_counted_as_unknown(words: dict[str, Any]) -> None:
    """Where no source has tickets, nobody can be called calm; and a source that is away makes nobody a stranger."""
    async with asked_of_all(3, words, tickets=False) as gateway:
        assert await until_counted(gateway, 3) == {"vip": (1, 3, 0), "calm": (0, 0, 3), "fair": (None, None, None)}
        found = (await gateway.data(MINE, {"id": "c0"}))["customer"]["segments"][1]
        assert (found["member"], found["reason"]) == (None, "UNKNOWN")


async def test_counts_come_with_what_they_rest_on(words: dict[str, Any]) -> None:
    """Of so many it is known, of so many not, as of a moment."""
    text = '{ segment(key: "vip") { key label(language: "zh") description owner words condition count known unknown asOf } }'
    async with asked_of_all(5, words) as gateway:
        found = (await gateway.data(text))["segment"]
        assert (await gateway.data('{ segment(key: "vop") { key } }')) == {"segment": None}
    assert isinstance(found.pop("asOf"), str)
    assert found == {
        "key": "vip",
        "label": "最好",
        "description": "Who buys much.",
        "owner": "crm-team",
        "words": "Who has bought twice.",
        "condition": "buyer && n >= 2",
        "count": 2,
        "known": 5,
        "unknown": 0,
    }


@pytest.mark.parametrize("also", ["", "__schema { queryType { name } }"])
async def test_a_count_is_of_one_moment(words: dict[str, Any], monkeypatch: pytest.MonkeyPatch, also: str) -> None:
    """Its fields come of one read, also while others are counted, or all fail: there is no count without what it rests on."""
    reads: list[int] = []

    async def read_other_totals(*_: Any) -> dict[str, SegmentCount]:
        reads.append(len(reads))
        await asyncio.sleep(0)
        if reads[-1] == 0:
            raise StoreError("away")
        return {own: SegmentCount(members=reads[-1], known=reads[-1], unknown=reads[-1], as_of=NOON) for own in ("vip", "calm")}

    monkeypatch.setattr("resolvers.segment.read_totals", read_other_totals)
    text = "{ segments { key count known unknown asOf } again: segments { key count known unknown asOf } " + also + "}"
    async with gateway_on(people(1), **words) as gateway:
        failed, answered = await gateway.ask(text), await gateway.data(text)
    none = [{"key": key, "count": None, "known": None, "unknown": None, "asOf": None} for key in ("vip", "calm", "fair")]
    told = {"count": 1, "known": 1, "unknown": 1, "asOf": "2026-06-30T12:00:00Z"}
    assert reads == [0, 1]
    assert (failed["data"]["segments"], failed["data"]["again"]) == (none, none)
    assert answered["segments"] == answered["again"] == [{"key": "vip"} | told, {"key": "calm"} | told, none[2]]


async def pages(gateway: Gateway, first: int, **headers: str) -> list[list[str]]:
    """The ids of all pages."""
    found: list[list[str]] = []
    after = None
    while len(found) < 20:
        answer = await gateway.ask(PAGE, {"first": first, "after": after}, **headers)
        page = answer["data"]["segment"]["customers"]
        found.append([own["name"] for own in page["nodes"]])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
    raise AssertionError(found)


async def test_members_come_in_pages(words: dict[str, Any]) -> None:
    """In the order of their ids, as customers, also from the cursor of an edge, on either executor."""
    async with asked_of_all(9, words) as gateway:
        assert await pages(gateway, 3) == [["Name of c1", "Name of c3", "Name of c5"], ["Name of c7"]]
        edges = '{ segment(key: "vip") { customers(first: 2) { edges { cursor node { id } } totalCount } } %s }'
        planned = await gateway.data(edges % "")
        unplanned = await gateway.data(edges % "__schema { queryType { name } }")
        assert planned["segment"] == unplanned["segment"]
        cursor = planned["segment"]["customers"]["edges"][0]["cursor"]
        (further,) = (await gateway.data(PAGE, {"first": 1, "after": cursor}))["segment"]["customers"]["nodes"]
        assert further["name"] == "Name of c3"
        for bad in ("x", cursor[:-3]):
            answer = await gateway.ask(PAGE, {"first": 1, "after": bad})
            assert answer["errors"][0]["extensions"]["code"] == "INVALID_ARGUMENT"
        several = await gateway.ask("{ segments { customers(first: 1) { nodes { id } } } }")
        assert {error["extensions"]["code"] for error in several["errors"]} == {"INVALID_ARGUMENT"}


async def test_a_page_is_priced_before_it_is_read(words: dict[str, Any]) -> None:
    """Each member is a node and a key to the source of customers; nobody counts as more than he was."""
    async with asked_of_all(9, words) as gateway:
        answer = await gateway.ask(PAGE, {"first": 3}, **{"x-cost": "1"})
    cost = answer["extensions"]["cost"]
    assert cost["estimate"] == {"nodes": 8, "calls": 1}
    assert cost["actual"] == {"nodes": 8, "calls": 1}


CALLERS = {
    "whole": {},
    "buyers": {"sees": {"identifying": "shown", "personal": "shown", "commercial": "shown"}},
    "hashed": {"sees": {"identifying": "hashed", "personal": "shown", "commercial": "shown"}, "find_by": ["text"]},
    "own": {"customers": ["crm:c1"]},
    "mailer": {"purposes": ["news"]},
    "partner": {"sources": ["crm"]},
}


def access(caller: str) -> dict[str, Any]:
    own = {caller: CALLERS[caller]}
    purposes = {"news": {"basis": "consent", "consent": "marketing"}}
    return {"access": {"anonymous": caller, "hash_secret": SECRET}, "callers": own, "purposes": purposes}


async def answer_to(caller: str, words: dict[str, Any], text: str) -> dict[str, Any]:
    async with gateway_on(people(9, tickets=True), **words, **access(caller)) as gateway:
        return await gateway.ask(text)


async def test_a_caller_sees_segments_of_what_he_sees(words: dict[str, Any]) -> None:
    """Those that read tickets are withheld from who does not see these, with their counts; others are not."""
    async with asked_of_all(9, words):
        pass
    text = '{ customer(by: {id: "c1"}) { segments { segment member } } segments { key count } }'
    answer = await answer_to("buyers", words, text)
    assert answer["data"]["customer"]["segments"] == [{"segment": "vip", "member": True}, {"segment": "fair", "member": None}]
    assert {own["key"]: own["count"] for own in answer["data"]["segments"]} == {"vip": 4, "calm": None, "fair": None}
    assert sorted(error["message"] for error in answer["errors"]) == [
        "Customer.segments: withheld from this caller are calm",
        "Segment.count: `calm` is withheld from this caller",
    ]
    listed = await answer_to("hashed", words, '{ customer(by: {id: "c1"}) { id } segment(key: "fair") { count } }')
    assert listed["errors"], listed


async def test_a_caller_of_some_customers_is_told_of_no_others(words: dict[str, Any]) -> None:
    """He sees in which segments he is, and neither how many others are, nor who."""
    async with asked_of_all(9, words):
        pass
    text = """{ customer(by: {id: "crm:c1"}) { segments(keys: ["vip"]) { member } }
        segment(key: "vip") { key count customers { nodes { id } } } }"""
    answer = await answer_to("own", words, text)
    assert answer["data"]["customer"] == {"segments": [{"member": True}]}
    assert answer["data"]["segment"] == {"key": "vip", "count": None, "customers": None}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"WITHHELD"}


async def test_a_list_is_withheld_where_sources_are(words: dict[str, Any], mongodb_settings: MongoSettings) -> None:
    """It was resolved by all of them: who has fewer is told neither how many it holds, nor who, nor of a customer."""
    async with store_of(mongodb_settings) as store:
        await store.segment_lists.add("fair", version := store.segment_lists.new_version(), ["crm:1", "desk:9"])
        await store.segment_lists.put_in_force("fair", version)
    sources = [knowing("crm", [person("1", name="Ana")]), knowing("desk", [person("9", name="Bo")])]
    text = """{ customer(by: {id: "crm:1"}) { segments(keys: ["fair"]) { member } }
        segment(key: "fair") { count customers { nodes { name } } } }"""
    async with gateway_on(sources, **words) as gateway:
        shown = await gateway.data(text)
    async with gateway_on(sources, **words, **access("partner")) as gateway:
        answer = await gateway.ask(text)
    assert shown["segment"] == {"count": 2, "customers": {"nodes": [{"name": "Ana"}, {"name": "Bo"}]}}
    assert shown["customer"] == {"segments": [{"member": True}]}
    assert answer["data"] == {"customer": {"segments": []}, "segment": {"count": None, "customers": None}}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"WITHHELD"}


async def test_whoever_does_not_consent_is_left_out(words: dict[str, Any], tmp_path: Path) -> None:
    """The page is partial and goes on behind him, the cursor names nobody who is not shown, and nobody is counted."""
    async with asked_of_all(9, words):
        pass
    sources = people(9, tickets=True, consenting=["c5"])
    async with gateway_on(sources, **words, **access("mailer")) as gateway:
        answer = await gateway.ask(PAGE, {"first": 2})
        page = answer["data"]["segment"]["customers"]
        assert (page["nodes"], page["partial"], page["pageInfo"]["hasNextPage"]) == ([], True, True)
        assert b"c3" not in b64decode(page["pageInfo"]["endCursor"] + "==")
        counted = await gateway.ask(COUNTS)
        assert {own["count"] for own in counted["data"]["segments"]} == {None}
        assert {error["extensions"]["code"] for error in counted["errors"]} == {"WITHHELD"}
        assert await pages(gateway, 1) == [[], [], ["Name of c5"], []]
        assert await pages(gateway, 3) == [["Name of c5"], []]


async def test_a_made_up_cursor_finds_nobody_out(words: dict[str, Any]) -> None:
    """Behind whom nobody may be told of no page begins: else two of them would tell whether he is in the segment."""
    async with asked_of_all(9, words):
        pass

    def cursor_at(after: str) -> str:
        return cursor_of(MemberPlace(after).position)

    sources = people(9, tickets=True, consenting=["c1", "c5"])
    async with gateway_on(sources, **words, **access("mailer")) as gateway:
        for after in ("c2", "c3", "c4", "nobody"):
            answer = await gateway.ask(PAGE, {"first": 1, "after": cursor_at(after)})
            assert answer["errors"][0]["extensions"]["code"] == "INVALID_ARGUMENT", after
        page = (await gateway.ask(PAGE, {"first": 2, "after": cursor_at("c1")}))["data"]["segment"]["customers"]
    assert [own["id"] for own in page["nodes"]] == ["crm:c5"]
    async with gateway_on(sources, **words) as gateway:
        page = (await gateway.data(PAGE, {"first": 1, "after": cursor_at("c2")}))["segment"]["customers"]
    assert [own["id"] for own in page["nodes"]] == ["crm:c3"]


async def test_members_of_several_sources_are_one_customer_each(words: dict[str, Any]) -> None:
    """By what both sources know of him; a set of records that is another one by now is not listed."""
    bought = {"1": [shop.order(number, "1", number) for number in (1, 2)], "2": [shop.order(3, "2", 3)]}
    people_of_crm = [person("1", name="Ana", email="ana@example.com"), person("2", name="Bo", email="bo@example.com")]
    crm = knowing("crm", people_of_crm, also={(r.Order, KeyKind.CUSTOMER_ID): bought})
    sources = [crm, knowing("desk", [person("7", email="ana@example.com"), person("9", email="bo@example.com")])]
    async with gateway_on(sources, **words) as gateway:
        for name in ("crm:1", "desk:9"):
            await gateway.data(MINE, {"id": name})
        async with asyncio.timeout(60):
            while not (found := await pages(gateway, 1))[0]:
                await asyncio.sleep(0.05)
    assert found == [["Ana"]]
    async with gateway_on([crm], **words) as gateway:
        assert await pages(gateway, 9) == [[]]
