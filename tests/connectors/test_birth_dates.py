"""Days of birth in the forms of sources: one day is one, two are two, and what cannot be told is said."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connectors.contract import Connector
from connectors.files import FilesConnector, FilesSettings
from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.records import BirthDates
from connectors.sql import SqlConnector, SqlSettings
from connectors.toolkit.days import to_day
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving
from tests.support.known_people import knowing, person
from tests.support.mongo_shop import MongoShop
from tests.support.sql_shop import sqlite_url

pytestmark = pytest.mark.mongodb

BORN = "1971-05-05"
MAIL = "ana@example.com"
KEYS = {"customer_id": "id", "email": "email"}


@pytest.mark.cases
@pytest.mark.parametrize(
    "written",
    [
        "1971-05-05", " 1971-05-05 ", "1971-5-5", "1971/05/05", "1971.05.05", "19710505", 19710505, 19710505.0,
        Decimal(19710505), "1971-05-05T00:00:00Z", "1971-05-05 00:00:00.000", "1971-05-05T00:00:00+02:00", "05.05.1971",
        "5. 5. 1971", "05/05/1971", "5-5-1971", "05.05.1971 00:00:00", "5/5/1971 12:00:00 AM", "May 5, 1971", "may 5 1971",
        "5 May 1971", "5. May 1971", "05-MAY-1971", date(1971, 5, 5), datetime(1971, 5, 5, tzinfo=UTC),
        42249600000, "42249600000",
    ],
)  # fmt: skip
def test_one_day_has_one_form(written: Any):
    assert to_day(written) == BORN


@pytest.mark.cases
@pytest.mark.parametrize(
    "written",
    ["03/04/1971", "3-4-1971", "05/05/71", "1971", "1971-02-29", "31.04.1971", "1971-05-04T22:00:00Z", 42249600, "May 1971"],
)
def test_what_may_be_another_day_is_none(written: Any):
    """A day that may be the month, a year of two digits, midnight elsewhere, a number that may be anything."""
    assert to_day(written) == written


@pytest.mark.cases
@pytest.mark.parametrize("written", ["", " ", "0", 0, "0000-00-00", None])
def test_no_day_is_none(written: Any):
    assert to_day(written) is None


@pytest.mark.cases
@pytest.mark.parametrize(
    ("written", "birth_dates", "day"),
    [
        ("03/04/1971", BirthDates.DAY_FIRST, "1971-04-03"),
        ("03/04/1971", BirthDates.MONTH_FIRST, "1971-03-04"),
        ("25/12/1971", None, "1971-12-25"),
        ("12/25/1971", None, "1971-12-25"),
        ("12/25/1971", BirthDates.DAY_FIRST, "12/25/1971"),
        ("1971-03-04", BirthDates.DAY_FIRST, "1971-03-04"),
        (42249600, BirthDates.SECONDS, BORN),
        (-42249600, BirthDates.SECONDS, "1968-08-30"),
        (3456000000, BirthDates.MILLISECONDS, "1970-02-10"),
    ],
)
def test_settings_say_what_is_meant(written: Any, birth_dates: BirthDates | None, day: str):
    assert to_day(written, birth_dates) == day


@pytest.mark.cases
@pytest.mark.parametrize("written", [float("nan"), float("inf"), Decimal("sNaN"), Decimal("1E+999999"), 1e300, True, [1], {}])
def test_odd_values_go_on_as_they_are(written: Any):
    assert to_day(written) is written


class Sources:
    """Makes a source of each kind with one record of Ana, whose day of birth is written so."""

    def __init__(self, folder: Path, shop: MongoShop, request: pytest.FixtureRequest) -> None:
        self._folder = folder
        self._shop = shop
        self._request = request

    @asynccontextmanager
    async def having(self, kind: str, written: Any) -> AsyncIterator[Connector[Any]]:
        row = {"id": "1", "email": MAIL, "birthDate": written}
        if kind in ("http", "graphql"):
            people = [{"key": MAIL, **row}]

            async def answer(_: web.Request) -> web.Response:
                return web.json_response({"data": {"people": people}} if kind == "graphql" else people)

            async with serving(answer) as url:
                yield _http(url) if kind == "http" else _graphql(url)
        elif kind == "mongo":
            shop = self._shop
            await shop.fill(people=[{"_id": "1", "email": MAIL, "birthDate": written}])
            record = {"collection": "people", "keys": {"customer_id": "_id", "email": "email"}}
            document = {"url": shop.url, "database": shop.name, "records": {"customer": record}}
            yield MongoConnector("shop", MongoSourceSettings.model_validate(document))
        elif kind == "files":
            (self._folder / "people.csv").write_text(f"id,email,birth_date\n1,{MAIL},{written}\n", "utf-8")
            record = {"query": "SELECT id, email, birth_date FROM people", "keys": KEYS}
            document = {"path": self._folder, "tables": {"people": "people.csv"}, "records": {"customer": record}}
            yield FilesConnector("shop", FilesSettings.model_validate(document))
        else:
            yield self._sql(kind, written)

    def _sql(self, kind: str, written: Any) -> SqlConnector:
        if kind == "sqlite":
            url = sqlite_url(self._folder)
            with closing(sqlite3.connect(self._folder / "shop 1.db")) as database:
                database.execute("CREATE TABLE people AS SELECT '1' AS id, ? AS email, ? AS birth_date", (MAIL, written))
                database.commit()
            query = "SELECT id, email, birth_date FROM people"
        else:
            url = self._request.getfixturevalue("postgresql_database")
            query = f"SELECT '1' AS id, '{MAIL}' AS email, {written} AS birth_date"
        record = {"query": query, "keys": KEYS}
        return SqlConnector("shop", SqlSettings.model_validate({"url": url, "records": {"customer": record}}))


def _http(url: str) -> HttpConnector:
    keys = {kind: {"path": f"/people?{kind}={{key}}"} for kind in KEYS}
    return HttpConnector("shop", HttpSettings.model_validate({"base_url": url, "records": {"customer": {"keys": keys}}}))


def _graphql(url: str) -> GraphQLConnector:
    query = "query ($keys: [String!]!) { people(mails: $keys) { key: email ...fields } }"
    record = {"fields": {"id": "id", "email": "email", "birth_date": "birthDate"}, "keys": {"email": {"query": query}}}
    return GraphQLConnector("shop", GraphQLSettings.model_validate({"base_url": url, "records": {"customer": record}}))


@pytest.fixture
def sources(tmp_path: Path, mongo_shop: MongoShop, request: pytest.FixtureRequest) -> Sources:
    return Sources(tmp_path, mongo_shop, request)


WRITTEN = [
    *[("sqlite", value) for value in ("05.05.1971", "05/05/1971", 19710505, "1971-05-05 00:00:00", "May 5, 1971")],
    *[("http", value) for value in ("05.05.1971", 19710505, 42249600000, "1971-05-05T00:00:00+02:00")],
    *[("graphql", value) for value in ("5/5/1971", 19710505)],
    *[("files", value) for value in ("05.05.1971", "1971-05-05", "19710505", "5 May 1971")],
    *[
        ("mongo", value)
        for value in ("05.05.1971", 19710505, 42249600000, datetime(1971, 5, 5, tzinfo=UTC))
    ],
    *[
        pytest.param("postgresql", value, marks=pytest.mark.postgresql)
        for value in (
            "DATE '1971-05-05'", "TIMESTAMP '1971-05-05'", "TIMESTAMPTZ '1971-05-05 00:00:00+00'", "19710505", "'05.05.1971'",
        )
    ],
]  # fmt: skip
ASK = """{ customer(by: {id: "crm:7"}) {
    birthDate records { sourceId } identity { complete withheld { reason } } sources { name unreadableValues } } }"""


async def ask(own: Connector[Any], birth_date: str | None = None) -> dict[str, Any]:
    """Ask for Ana by her id at the CRM, which says when she was born in its way."""
    async with gateway_on([knowing("crm", [person("7", email=MAIL, birth_date=birth_date)]), own]) as gateway:
        customer: dict[str, Any] = (await gateway.data(ASK))["customer"]
    return customer


@pytest.mark.parametrize(("kind", "written"), WRITTEN)
async def test_each_kind_of_source_tells_people_apart(sources: Sources, kind: str, written: Any):
    """Who was born on the same day is one, in whatever form it is written; who was not is two."""
    async with sources.having(kind, written) as own:
        same, other, alone = [await ask(own, day) for day in (BORN, "1980-01-02", None)]
    both = [{"sourceId": "7"}, {"sourceId": "1"}]
    told = [{"name": "crm", "unreadableValues": 0}, {"name": "shop", "unreadableValues": 0}]
    assert same == {"birthDate": BORN, "records": both, "identity": {"complete": True, "withheld": []}, "sources": told}
    assert other["records"] == both[:1]
    assert other["identity"] == {"complete": True, "withheld": [{"reason": "BIRTH_DATE"}]}
    assert (alone["birthDate"], alone["records"]) == (BORN, both)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("sqlite", "03/04/1971"),
        ("http", "03/04/1971"),
        ("graphql", "1971-05-04T22:00:00Z"),
        ("files", "03/04/71"),
        ("mongo", datetime(1971, 5, 4, 22, tzinfo=UTC)),
        pytest.param("postgresql", "'early'", marks=pytest.mark.postgresql),
    ],
)
async def test_a_day_that_cannot_be_read_is_counted(sources: Sources, kind: str, written: Any):
    """It is no value, and the source says that it had one."""
    async with sources.having(kind, written) as own:
        customer = await ask(own)
    assert customer["birthDate"] is None
    assert customer["sources"] == [{"name": "crm", "unreadableValues": 0}, {"name": "shop", "unreadableValues": 1}]


@pytest.mark.parametrize("kind", ["sqlite", "http", "graphql", "files", "mongo"])
@pytest.mark.parametrize(("birth_dates", "day"), [("day_first", "1971-04-03"), ("month_first", "1971-03-04")])
async def test_the_settings_of_a_source_say_which_is_the_month(sources: Sources, kind: str, birth_dates: str, day: str):
    async with sources.having(kind, "03/04/1971") as own:
        own.birth_dates = BirthDates(birth_dates)
        customer = await ask(own, day)
    assert (customer["birthDate"], customer["records"]) == (day, [{"sourceId": "7"}, {"sourceId": "1"}])
