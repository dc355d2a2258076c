"""By what callers find: what they do not see as it is is no way to find, and others are as if they were not there."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import Answer, Ask, KeyKind, Keys, Lookup
from connectors.errors import SourceRejectedError
from connectors.sql import SqlConnector, SqlSettings
from connectors.testing import MemoryConnector
from tests.support.called_people import Breakable
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.recorded_audit import RecordedAudit, audited_gateway

CLASSES = ["identifying", "contact", "personal", "free_text", "behavioural", "commercial"]
SEES = dict.fromkeys(CLASSES, "shown")
SECRET = "a secret for hashes of thirty-two letters"
QUERY = """query Find($text: String!, $first: Int! = 10) { find(text: $text, first: $first) {
    matches { customer { id name } matchedBy exact } unavailable notTried { source how } tooShort } }"""


class Watched(Breakable):
    """A source that notes how it was asked: by which kind, and for words in which fields."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.asked: list[tuple[KeyKind, tuple[str, ...] | None]] = []

    async def fetched(self, lookup: Lookup, keys: Keys, ask: Ask) -> Answer:
        self.asked.append((lookup.by, None if ask.words is None else ask.words.fields))
        return await super().fetched(lookup, keys, ask)

    @property
    def kinds(self) -> set[KeyKind]:
        return {kind for kind, _ in self.asked}


def people_in(folder: Path) -> Watched:
    path = folder / "crm.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id, name, email, phone, member)")
        rows = [
            ("p1", "Emma Clarke", "sunflower@example.com", "+442079460001", "M-1001"),
            ("p2", "Harold Whitfield", "tulip@example.com", "+442079460002", "M-1002"),
        ]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
        connection.commit()
    keys = {
        "customer_id": "id",
        "email": "email",
        "phone": "phone",
        "member_number": "member_number",
        "text": {"columns": ["name", "email", "phone"]},
    }
    query = "SELECT id, name, email, phone, member AS member_number FROM people"
    settings = {"url": f"sqlite+aiosqlite:///{path}", "records": {"customer": {"query": query, "keys": keys}}}
    return Watched(SqlConnector("crm", SqlSettings.model_validate(settings)))


@pytest.fixture
def crm(tmp_path: Path) -> Watched:
    return people_in(tmp_path)


@asynccontextmanager
async def asked_by(caller: dict[str, Any], *sources: Any, **more: Any) -> AsyncIterator[Gateway]:
    words = {"access": {"anonymous": "one", "hash_secret": SECRET}, "callers": {"one": caller}, "default_region": "GB"}
    async with gateway_on(sources, **{**words, **more}) as gateway:
        yield gateway


async def find(gateway: Gateway, text: str, **words: Any) -> dict[str, Any]:
    answer = await gateway.ask(QUERY, {"text": text, **words})
    assert [error["extensions"]["code"] for error in answer.get("errors", ())] in ([], ["WITHHELD"]), answer
    found: dict[str, Any] = answer["data"]["find"]
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [match["customer"]["id"] for match in found["matches"]]


@pytest.mark.parametrize("becomes", ["masked", "hashed", "withheld"])
async def test_a_class_that_is_not_shown_finds_nobody(crm: Watched, becomes: str):
    """No key of it is asked for, words in it are not looked for, and names find as before."""
    async with asked_by({"sees": SEES | {"contact": becomes}}, crm) as gateway:
        for text in ("sunflower@example.com", "020 7946 0001", "sunflower", "tulip@example.com"):
            found = await find(gateway, text)
            stranger = await find(gateway, text.replace("sun", "moon").replace("tulip", "rose").replace("0001", "0009"))
            assert found == stranger, text
            assert (found["matches"], found["tooShort"]) == ([], False)
        assert crm.kinds.isdisjoint({KeyKind.EMAIL, KeyKind.PHONE})
        assert {fields for _, fields in crm.asked if fields is not None} == {
            ("name", "given_name", "family_name", "company_name")
        }
        assert ids(await find(gateway, "clarke emma")) == ["crm:p1"]
        assert ids(await find(gateway, "clrake")) == ["crm:p1"]


async def test_who_sees_no_names_finds_by_keys(crm: Watched):
    """He is told that names were not tried; a name costs no call."""
    async with asked_by({"sees": {"contact": "shown"}, "find_by": ["email"]}, crm) as gateway:
        query = "query ($text: String!) { find(text: $text) { matches { exact matchedBy } notTried { source } } }"
        named = (await gateway.data(query, {"text": "emma clarke"}))["find"]
        assert (crm.asked, named) == ([], {"matches": [], "notTried": [{"source": "crm"}]})
        known = (await gateway.data(query, {"text": "sunflower@example.com"}))["find"]
        assert known["matches"] == [{"exact": True, "matchedBy": "EMAIL"}]
        assert (await gateway.data(query, {"text": "M-1001"}))["find"]["matches"] == []
        assert crm.kinds == {KeyKind.EMAIL, KeyKind.CUSTOMER_ID}  # by its id the record is read once it is found


async def test_others_are_as_if_they_were_not_there(crm: Watched):
    """Who may be told of one customer: ids of others cost nothing, other keys of theirs find as those of nobody."""
    caller = {"sees": SEES, "customers": ["crm:p1"], "find_by": ["customer_id", "email", "member_number"]}
    async with asked_by(caller, crm) as gateway:
        assert ids(await find(gateway, "p1")) == ["crm:p1"]
        assert ids(await find(gateway, "sunflower@example.com")) == ["crm:p1"]
        for of_other, of_nobody in (("tulip@example.com", "moonflower@example.com"), ("M-1002", "M-9999"), ("p2", "p9")):
            assert await find(gateway, of_other) == await find(gateway, of_nobody)
        crm.asked.clear()
        assert (await find(gateway, "harold whitfield"))["matches"] == []
        assert crm.asked == []


async def test_where_consents_decide_nobody_is_searched_for(crm: Watched):
    """What is left out would tell who has not consented; it is said, and nothing is asked."""
    purposes = {"news": {"basis": "consent", "consent": "marketing"}, "delivery": {"basis": "contract"}}
    for purpose, sees in (("news", []), ("delivery", ["crm:p1"])):
        crm.asked.clear()
        async with asked_by({"purposes": [purpose]}, crm, purposes=purposes) as gateway:
            found = await find(gateway, "emma clarke")
        assert ids(found) == sees
        assert bool(found["notTried"]) is not bool(crm.asked)


async def test_only_the_sources_of_a_caller_are_asked(crm: Watched):
    """The others are not named either."""
    club = MemoryConnector("club", {(r.Customer, KeyKind.CUSTOMER_ID): {}, (r.Customer, KeyKind.TEXT): {}})
    async with asked_by({"sources": ["crm"]}, crm, club) as gateway:
        found = await find(gateway, "emma clarke")
    assert (ids(found), found["notTried"], club.calls) == (["crm:p1"], [], [])


async def test_a_find_is_audited_as_a_lookup(crm: Watched):
    """Whom it gave; or what was tried, each as the key that it would have been."""
    audit = RecordedAudit()
    async with audited_gateway([crm], audit, default_region="GB") as gateway:
        await find(gateway, "emma clarke")
        assert (audit.last["customers"], audit.last["attempts"]) == (["crm:p1"], [])
        await find(gateway, "Nobody.Here@Example.com")
        assert audit.last["customers"] == []
        assert ("email", "nobody.here@example.com") in audit.last["attempts"]
        assert ("text", "Nobody.Here@Example.com") in audit.last["attempts"]
        await find(gateway, "M-9")
        assert {("member_number", "M-9"), ("customer_id", "M-9")} <= {*audit.last["attempts"]}


async def test_a_find_is_charged_and_counted(crm: Watched):
    """Its price is that of what it may give, whoever is found; of different customers those count who are given."""
    async with asked_by({}, crm, quota={"nodes": 1_000, "calls": 500, "customers_per_day": 3}) as gateway:
        first = await gateway.client.post("/graphql", json={"query": QUERY, "variables": {"text": "emma clarke", "first": 2}})
        nobody = await gateway.client.post("/graphql", json={"query": QUERY, "variables": {"text": "zeb quux", "first": 2}})
        costs = [own.json()["extensions"]["cost"] for own in (first, nobody)]
        assert costs[0]["estimate"] == costs[1]["estimate"]
        assert costs[0]["actual"]["calls"] == costs[1]["actual"]["calls"]
        assert [cost["actual"]["nodes"] for cost in costs] == [6, 5]
        assert '"customers";r=2' in first.headers["ratelimit"]
        assert '"customers";r=2' in nobody.headers["ratelimit"]


BAD: Sequence[tuple[dict[str, Any], str]] = [
    ({"text": "emma", "first": 0}, "first: 0 is not from 1 to 20; ask by more words for others"),
    ({"text": "emma", "first": 21}, "first: 21 is not from 1 to 20; ask by more words for others"),
    ({"text": "e" * 321}, "the text is longer than 320 characters"),
]


@pytest.mark.parametrize(("variables", "message"), BAD)
async def test_what_is_wrong_is_said_without_the_text(crm: Watched, variables: dict[str, Any], message: str):
    async with gateway_on([crm]) as gateway:
        answer = await gateway.ask(QUERY, variables)
    assert [error["message"] for error in answer["errors"]] == [message]
    assert crm.asked == []


@pytest.mark.parametrize("text", ["", "  ", "e", "?", "-", "@", "🙂", "\u0000"])
async def test_what_is_too_short_asks_nobody(crm: Watched, text: str):
    async with gateway_on([crm]) as gateway:
        found = await find(gateway, text)
    assert (found["tooShort"], found["matches"], crm.asked) == (True, [], [])


@pytest.mark.parametrize("text", ["%", "emma%", "em\\", "e_ma", "'; DROP TABLE people; --", "emma\u0000clarke", "[emma"])
async def test_no_letter_means_anything_else(crm: Watched, text: str):
    """Wildcards and quotes are none, and what cannot be a text costs nobody else anything."""
    async with gateway_on([crm]) as gateway:
        found = await find(gateway, text) if text.isprintable() else {"unavailable": []}
        assert found["unavailable"] == []
        assert ids(await find(gateway, "emma clarke")) == ["crm:p1"]


@pytest.mark.parametrize("text", ["020 7946 0001", "7946 0001", "(020) 79460001", "0044 20 7946 0001"])
async def test_the_end_of_a_number_finds_where_nobody_says_the_country(crm: Watched, text: str):
    """It is like the number, unless it has its country."""
    async with gateway_on([crm]) as gateway:
        (match,) = (await find(gateway, text))["matches"]
    assert (match["customer"]["id"], match["matchedBy"], match["exact"]) == ("crm:p1", "PHONE", text.startswith("00"))


async def test_who_refuses_a_number_has_not_been_asked():
    """It is named; what only may be an id is refused without a word."""
    crm = MemoryConnector("crm", {(r.Customer, kind): {} for kind in (KeyKind.CUSTOMER_ID, KeyKind.PHONE, KeyKind.TEXT)})
    crm.failure = SourceRejectedError()
    async with gateway_on([crm], default_region="GB") as gateway:
        found, by_id = await find(gateway, "020 7946 0001"), await find(gateway, "c-7")
    assert found["unavailable"] == []
    assert {own["how"] for own in found["notTried"]} == {
        "it refuses what was typed as phone",
        "it refuses what was typed as text",
    }
    assert (by_id["unavailable"], by_id["notTried"]) == ([], [])


async def test_a_source_that_finds_no_words_is_named():
    """Its keys are tried all the same."""
    one = r.Customer(id="c1", name="Ana")
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [one]}})
    async with gateway_on([crm]) as gateway:
        by_id, by_name = await find(gateway, "c1"), await find(gateway, "ana")
    assert ids(by_id) == ["crm:c1"]
    assert (by_name["matches"], [own["source"] for own in by_name["notTried"]]) == ([], ["crm"])


async def test_whoever_stands_before_him_he_is_found(tmp_path: Path):
    """Of ten people of one number the caller is told of the last, and finds him, however few he asks for."""
    shared = [r.Customer(id=f"c{n}", name="Ana", phone="+442079460777", company=r.Company(account=f"a{n}")) for n in range(10)]
    by_id: dict[str, Any] = {own.id: [own] for own in shared}
    records = {(r.Customer, KeyKind.CUSTOMER_ID): by_id, (r.Customer, KeyKind.PHONE): {"+442079460777": shared}}
    caller = {"sees": SEES, "accounts": ["a9"], "find_by": ["phone"]}
    async with asked_by(caller, MemoryConnector("crm", records)) as gateway:
        for first in (1, 2, 20):
            assert ids(await find(gateway, "020 7946 0777", first=first)) == ["crm:c9"]


@pytest.mark.parametrize(
    ("text", "kind"), [("sunflower@example.com", "email"), ("020 7946 0001", "phone"), ("M-1001", "member number")]
)
async def test_a_key_that_the_caller_may_not_ask_by_is_named(crm: Watched, text: str, kind: str):
    """Nobody is found, which is no "not in our system"; the same is said of what nobody has."""
    caller = {"sees": {"personal": "shown"}}
    async with asked_by(caller, crm) as gateway:
        query = "query ($text: String!) { find(text: $text) { matches { exact } unavailable notTried { source how } } }"
        known, stranger = [
            (await gateway.data(query, {"text": own}))["find"] for own in (text, text.replace("1", "9").replace("sun", "moon"))
        ]
    assert known == stranger
    assert known["matches"] == []
    assert {"source": "crm", "how": f"this caller may not look for customers by {kind}"} in known["notTried"]
