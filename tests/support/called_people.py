"""People in five kinds of sources, each in two of them, and how they say who they are when they call."""

import csv
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
from aiohttp import web
from pymongo import AsyncMongoClient

from connectors.contract import Answer, Ask, Connector, Keys, Lookup
from connectors.errors import SourceUnavailableError
from connectors.files import FilesConnector, FilesSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.sql import SqlConnector, SqlSettings
from gateway.replay.connector_wrapper import ConnectorWrapper
from tests.support.http_source import serving

OTHERS = ("club", "desk", "shop", "archive")
SOURCES = ("crm", *OTHERS)


class Person(NamedTuple):
    """Somebody whom the CRM knows, and one other source."""

    number: int
    name: str
    email: str
    phone: str
    company: str = ""

    @property
    def member(self) -> str:
        return f"M-{self.number:06}"

    @property
    def other(self) -> str:
        return OTHERS[self.number % len(OTHERS)]


def _people() -> Iterator[Person]:
    names = [
        ("Emma Clarke", "emma.clarke", "Northwind Traders"),
        ("João Oliveira", "joao.oliveira", "Padaria Central"),
        ("王霞", "xia.wang22", "上海茶叶公司"),
        ("Ольга Иванова", "olga.ivanova", ""),
        ("Łukasz Wiśniewski", "lukasz.w", ""),
        ("Siobhán O'Connor", "siobhan.oconnor", "Kerry Dairy"),
        ("Jean-Luc Moreau", "jl.moreau", "Moreau et Fils"),
        ("Björn Ångström", "bjorn.angstrom", ""),
        ("Priya Raghunathan", "priya.raghunathan", "Chennai Silks"),
        ("Mohammed Al-Farsi", "m.alfarsi", ""),
        ("李小龙", "xiaolong.li", ""),
        ("Katharina Schönberger", "k.schoenberger", "Schönberger GmbH"),
        ("Giuseppe Bianchi", "giuseppe.bianchi", ""),
        ("Marguerite Dubois", "marguerite.dubois", ""),
        ("Harold Whitfield", "harold.whitfield", "Whitfield Plumbing"),
        ("Yuki Tanaka", "yuki.tanaka", ""),
        ("Дмитрий Соколов", "d.sokolov", ""),
        ("Annelise Vandenberg", "annelise.vandenberg", ""),
        ("Patrick Hennessy", "patrick.hennessy", ""),
        ("Beatriz Fernández", "beatriz.fernandez", ""),
        ("Theodore Blackwood", "theo.blackwood", "Blackwood Estates"),
        ("Ingrid Sørensen", "ingrid.sorensen", ""),
        ("Rashid Hamdani", "rashid.hamdani", ""),
        ("Wilhelmina Pruitt", "wilhelmina.pruitt", ""),
        ("Charlotte Ashworth", "charlotte.ashworth", ""),
        ("Nikolai Petrov", "nikolai.petrov", ""),
        ("张伟", "wei.zhang88", ""),
        ("Francesca Romano", "francesca.romano", ""),
        ("Desmond Okafor", "desmond.okafor", "Okafor Logistics"),
        ("Leonard Fitzgerald", "leonard.fitzgerald", ""),
    ]
    for number, (name, address, company) in enumerate(names, 1):
        phone = "+442079460777" if name in ("Patrick Hennessy", "Charlotte Ashworth") else f"+4420794600{number:02}"
        yield Person(number, name, f"{address}@example.com", phone, company)


PEOPLE = [*_people()]
BY_NAME = {person.name: person for person in PEOPLE}


class Opening(NamedTuple):
    """What somebody says, and who it is; nobody for a stranger. `edits` counts what was heard wrong."""

    text: str
    who: str | None
    edits: int = 0


KEYS = [
    Opening("Emma.Clarke@EXAMPLE.com", "Emma Clarke"),
    Opening(" joao.oliveira@example.com ", "João Oliveira"),
    Opening("020 7946 0003", "王霞"),
    Opening("+44 20 7946-0004", "Ольга Иванова"),
    Opening("(020) 79460005", "Łukasz Wiśniewski"),
    Opening("0044 20 7946 0006", "Siobhán O'Connor"),
    Opening("M-000007", "Jean-Luc Moreau"),
    Opening("m 000008", "Björn Ångström"),
    Opening("p9", "Priya Raghunathan"),
    Opening("crm:p10", "Mohammed Al-Farsi"),
]
NUMBERS = [
    Opening("SO-9001", "Emma Clarke"),
    Opening("so 9012", "Katharina Schönberger"),
    Opening("my order is SO-9015", "Harold Whitfield"),
    Opening("#SO-9020", "Beatriz Fernández"),
    Opening("TK-5002", "João Oliveira"),
    Opening("ticket tk-5014", "Marguerite Dubois"),
]
SPOKEN = [
    Opening("clarke emma", "Emma Clarke"),
    Opening("  Emma   CLARKE ", "Emma Clarke"),
    Opening("joao oliveira", "João Oliveira"),
    Opening("OLIVEIRA, JOÃO", "João Oliveira"),
    Opening("oconnor", "Siobhán O'Connor"),
    Opening("jean luc moreau", "Jean-Luc Moreau"),
    Opening("raghunathan", "Priya Raghunathan"),
    Opening("blackwood from blackwood estates", "Theodore Blackwood"),
    Opening("d okafor", "Desmond Okafor"),
    Opening("whitfield plumbing", "Harold Whitfield"),
]
SCRIPTS = [
    Opening("王霞", "王霞"),
    Opening("王", "王霞"),
    Opening("李小", "李小龙"),
    Opening("张伟", "张伟"),
    Opening("иванова ольга", "Ольга Иванова"),
    Opening("СОКОЛОВ", "Дмитрий Соколов"),
    Opening("xia wang", "王霞"),
    Opening("".join(chr(ord(letter) + 0xFEE0) for letter in "EMMA") + "\u3000clarke", "Emma Clarke"),  # wide letters
]
MISHEARD = [
    Opening("clrake", "Emma Clarke", 1),
    Opening("emma clark", "Emma Clarke", 1),
    Opening("olivera joao", "João Oliveira", 1),
    Opening("raghunatan", "Priya Raghunathan", 1),
    Opening("moraeu", "Jean-Luc Moreau", 1),
    Opening("wisniewsky", "Łukasz Wiśniewski", 1),
    Opening("giusepe bianchi", "Giuseppe Bianchi", 1),
    Opening("duboys", "Marguerite Dubois", 1),
    Opening("whitfeild", "Harold Whitfield", 1),
    Opening("tanakka yuki", "Yuki Tanaka", 1),
    Opening("vandenburg", "Annelise Vandenberg", 1),
    Opening("hennesy", "Patrick Hennessy", 1),
    Opening("соколав", "Дмитрий Соколов", 1),
    Opening("prewitt", None, 3),
    Opening("fitzgerlad", "Leonard Fitzgerald", 1),
    Opening("blackwod", "Theodore Blackwood", 1),
    Opening("ashwrth charlotte", "Charlotte Ashworth", 1),
    Opening("desmond okafro", "Desmond Okafor", 1),
    Opening("romanno", "Francesca Romano", 1),
    Opening("schonburger", "Katharina Schönberger", 1),
    Opening("fernandes", "Beatriz Fernández", 1),
]
SHARED = [Opening("020 7946 0777", "Patrick Hennessy")]
STRANGERS = [
    Opening(text, None)
    for text in (
        "zebediah quux",
        "nobody.here@example.net",
        "020 7946 9999",
        "M-999999",
        "SO-1111",
        "TK-1",
        "陈静",
        "Хованский",
        "emma clarkson-bell",
        "TK-50999",
    )
]
OPENINGS = [*KEYS, *NUMBERS, *SPOKEN, *SCRIPTS, *MISHEARD, *SHARED, *STRANGERS]


class Breakable(ConnectorWrapper):
    """A source that can be taken away."""

    is_down = False

    def __init__(self, inner: Connector[Any]) -> None:
        super().__init__(inner)
        self.kind = inner.kind  # type: ignore[misc]

    async def fetched(self, lookup: Lookup, keys: Keys, ask: Ask) -> Answer:
        if self.is_down:
            raise SourceUnavailableError
        return await super().fetched(lookup, keys, ask)


def _of(source: str) -> list[Person]:
    return [person for person in PEOPLE if source in ("crm", person.other)]


def _crm(folder: Path) -> Connector[Any]:
    path = folder / "crm.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id, name, email, phone, member, company)")
        rows = [(f"p{own.number}", own.name, own.email, own.phone, own.member, own.company) for own in _of("crm")]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    query = "SELECT id, name, email, phone, member AS member_number, company AS company_name FROM people"
    keys = {
        "customer_id": "id",
        "email": "email",
        "phone": "phone",
        "member_number": "member_number",
        "text": {"columns": ["name", "email", "company_name"]},
    }
    settings = {"url": f"sqlite+aiosqlite:///{path}", "records": {"customer": {"query": query, "keys": keys}}}
    return SqlConnector("crm", SqlSettings.model_validate(settings))


async def _club(url: str) -> Connector[Any]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute("CREATE TABLE cards (id text PRIMARY KEY, name text, email text, phone text, card text)")
        rows = [(f"k{own.number}", own.name, own.email, own.phone, own.member) for own in _of("club")]
        await connection.copy_records_to_table("cards", records=rows)
    finally:
        await connection.close()
    keys = {
        "customer_id": "id",
        "email": "email",
        "phone": "phone",
        "member_number": "member_number",
        "text": {"columns": ["name", "email"]},
    }
    query = "SELECT id, name, email, phone, card AS member_number FROM cards"
    settings = {"url": url, "records": {"customer": {"query": query, "keys": keys}}}
    return SqlConnector("club", SqlSettings.model_validate(settings))


async def _desk(uri: str, database: str) -> Connector[Any]:
    async with AsyncMongoClient(uri) as client:
        await client[database].users.insert_many(
            [{"_id": f"u{own.number}", "name": own.name, "email": own.email, "phone": own.phone} for own in _of("desk")]
        )
        made = {"created": datetime(2026, 5, 1, tzinfo=UTC)}
        tickets = [{"_id": f"t{own.number}", "number": f"TK-50{own.number:02}", "email": own.email, **made} for own in PEOPLE]
        await client[database].tickets.insert_many(tickets)
    keys = {"customer_id": "_id", "email": "email", "phone": "phone", "text": {"paths": ["name", "email"]}}
    ticket = {
        "collection": "tickets",
        "fields": {"customer_email": "email", "created_at": "created"},
        "keys": {"ticket_number": "number", "email": "email"},
    }
    records = {"customer": {"collection": "users", "keys": keys}, "ticket": ticket}
    return MongoConnector("desk", MongoSourceSettings.model_validate({"url": uri, "database": database, "records": records}))


def _shop(address: str) -> Connector[Any]:
    paths = {"customer_id": "id", "email": "email", "phone": "phone"}
    keys: dict[str, Any] = {kind: {"path": f"/people?{name}={{key}}"} for kind, name in paths.items()}
    keys["text"] = {"path": "/people?q={key}"}
    order = {
        "list": "orders",
        "fields": {"customer_email": "email"},
        "keys": {"order_number": {"path": "/orders?number={key}"}, "email": {"path": "/orders?email={key}"}},
    }
    settings = {"base_url": address, "records": {"customer": {"list": "people", "keys": keys}, "order": order}}
    return HttpConnector("shop", HttpSettings.model_validate(settings))


async def _answer(request: web.Request) -> web.Response:
    """A JSON API that finds what contains a text, in any case of letters."""
    ((name, value),) = request.query.items()
    if request.path == "/orders":
        rows = [
            {"id": f"o{own.number}", "number": f"SO-90{own.number:02}", "email": own.email, "placedAt": "2026-05-01T10:00:00Z"}
            for own in PEOPLE
        ]
        return web.json_response({"orders": [row for row in rows if row.get(name) == value]})
    rows = [{"id": f"s{own.number}", "name": own.name, "email": own.email, "phone": own.phone} for own in _of("shop")]
    if name == "q":
        return web.json_response({"people": [row for row in rows if value.lower() in f"{row['name']} {row['email']}".lower()]})
    return web.json_response({"people": [row for row in rows if row[name] == value]})


def _archive(folder: Path) -> Connector[Any]:
    with (folder / "old.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "name", "email", "phone"])
        writer.writerows([[f"a{own.number}", own.name, own.email, own.phone] for own in _of("archive")])
    keys = {"customer_id": "id", "email": "email", "phone": "phone", "text": {"columns": ["name", "email"]}}
    records = {"customer": {"query": "SELECT id, name, email, phone FROM old", "keys": keys}}
    settings = {"path": folder, "tables": {"old": "old.csv"}, "records": records}
    return FilesConnector("archive", FilesSettings.model_validate(settings))


@asynccontextmanager
async def five_sources(
    folder: Path, postgresql_url: str, mongodb_uri: str, database: str
) -> AsyncIterator[dict[str, Breakable]]:
    """The sources by name, each of which can be taken away."""
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serving(_answer))
        connectors: Sequence[Connector[Any]] = [
            _crm(folder),
            await _club(postgresql_url),
            await _desk(mongodb_uri, database),
            _shop(address),
            _archive(folder),
        ]
        yield {connector.name: Breakable(connector) for connector in connectors}
