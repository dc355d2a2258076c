"""A person with all that a profile may hold, and a company with its members, in each kind of source by configuration."""

import csv
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from graphql import build_schema, graphql_sync
from pymongo import AsyncMongoClient

from connectors.contract import Connector, KeyKind
from connectors.files import FilesConnector, FilesSettings
from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.records import RECORD_NAMES, RECORDS
from connectors.sql import SqlConnector, SqlSettings
from connectors.testing import MemoryConnector
from tests.support import record_rows
from tests.support.http_source import serving
from tests.support.mongo_shop import commands_to
from tests.support.sql_shop import Shop, sqlite_url

KINDS = ["memory", "sql", "files", "http", "graphql", pytest.param("mongo", marks=pytest.mark.mongodb)]

PATHS = """
id kind name given_name family_name email phone member_number birth_date locale gender occupation job_title industry education
household_size income_band life_stage preferred_channel created_at updated_at
address.line address.postal_code address.city address.region address.country
company.name company.account company.industry company.size company.role company.role_name
acquisition.source acquisition.medium acquisition.campaign acquisition.at
"""
COLUMNS = {path: path.replace(".", "_") for path in PATHS.split()}
"""Where each field of a customer is in the sources: in a column of its own."""
LISTS = {
    "contact_points": ["kind", "value", "primary"],
    "external_ids": ["source", "id"],
    "consents": ["channel", "purpose", "state", "source", "at"],
    "social_accounts": ["platform", "handle", "followers"],
    "touches": ["channel", "source", "medium", "campaign", "at"],
}
ACCOUNT_COLUMNS = ["id", "name", "number", "industry", "size", "website", "parent_id"]
KEYS = {
    "customer": {"customer_id": "id", "email": "email", "account": "company_account"},
    "account": {"account": "id", "parent_account": "parent_id"},
    **record_rows.KEYS,
}
"""By which columns a record is found."""
ANA: dict[str, Any] = {
    "id": "c1", "kind": "person", "name": "Ana Souza", "given_name": "Ana", "family_name": "Souza", "email": "ana@example.com",
    "phone": "+442079460000", "member_number": "M-1", "birth_date": "1985-03-12", "locale": "pt-BR", "gender": "female",
    "occupation": "Engineer", "job_title": "Head of Works", "industry": "Steel", "education": "MSc", "household_size": 4,
    "income_band": "50-75k", "life_stage": "young family", "preferred_channel": "sms", "created_at": "2024-01-05T10:00:00Z",
    "updated_at": "2026-05-01T09:00:00Z", "address_line": "1 High Street", "address_postal_code": "N1 1AA",
    "address_city": "London", "address_region": "Greater London", "address_country": "GB", "company_name": "Archer & Co",
    "company_account": "a1", "company_industry": "Retail", "company_size": 250, "company_role": "decision maker",
    "company_role_name": "Decision Maker", "acquisition_source": "google", "acquisition_medium": "cpc",
    "acquisition_campaign": "spring", "acquisition_at": "2024-01-01T08:00:00Z",
}  # fmt: skip
ANA_LISTS: dict[str, list[dict[str, Any]]] = {
    "contact_points": [{"kind": "phone", "value": "+442079460001", "primary": True}],
    "external_ids": [{"source": "billing", "id": "4711"}],
    "consents": [
        {"channel": "email", "purpose": "marketing", "state": "granted", "source": "web", "at": "2024-02-01T00:00:00Z"},
        {"channel": "email", "purpose": "marketing", "state": "withdrawn", "source": "desk", "at": "2025-02-01T00:00:00Z"},
        {"channel": "sms", "purpose": "marketing", "state": "granted", "source": "shop", "at": "2024-03-01T00:00:00Z"},
    ],
    "social_accounts": [{"platform": "instagram", "handle": "ana.souza", "followers": 1200}],
    "touches": [
        {"channel": "paid_search", "source": "google", "medium": "cpc", "campaign": "spring", "at": "2024-01-01T08:00:00Z"},
        {"channel": "email", "source": "news", "medium": "email", "campaign": "may", "at": "2024-05-01T08:00:00Z"},
    ],
}
DEVICES = ["d1", "d2"]


class Profiles:
    """What a source has: customers as rows, each with its lists, accounts, and the records of both by their names.

    `calls` are those that a source has had. It serves only the records that are `served`, by the kinds of keys in `by`.
    """

    def __init__(self, served: Sequence[str] = tuple(KEYS), by: Sequence[str] = tuple(KeyKind)) -> None:
        self.served = served
        self.by = by
        self.calls: list[str] = []
        self.customers = [ANA]
        self.lists = {"c1": ANA_LISTS}
        self.accounts: list[dict[str, Any]] = []
        self.records: dict[str, list[dict[str, Any]]] = {record: [] for record in record_rows.PATHS}

    def members(self, account: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add people of an account, with values of their own."""
        for row in rows:
            self.customers.append(dict.fromkeys(COLUMNS.values()) | {"company_account": account} | row)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a resource, customers with their lists."""
        own = {"customers": self.documents, "accounts": self.accounts}
        return own[name] if name in own else self.records[name.removesuffix("s")]

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The customers with their lists inside."""
        empty: dict[str, list[Any]] = {name: [] for name in LISTS}
        return [
            {**row, **self.lists.get(row["id"], empty), "device_ids": DEVICES if row["id"] == "c1" else []}
            for row in self.customers
        ]


SourceOf = Callable[[Profiles], AbstractAsyncContextManager[Connector[Any]]]


@pytest.fixture(params=KINDS)
def source_of(request: pytest.FixtureRequest, tmp_path: Path) -> SourceOf:
    """Make a source of this kind, named `crm`, that has the profiles."""
    kind = request.param
    mongo = [request.getfixturevalue(f"mongodb_{name}") for name in ("uri", "database")] if kind == "mongo" else []

    @asynccontextmanager
    async def source(profiles: Profiles) -> AsyncIterator[Connector[Any]]:
        match kind:
            case "mongo":
                connector = await _documents(*mongo, profiles)
                with commands_to(mongo[1]) as commands:
                    yield connector
                profiles.calls += [f"{next(iter(command))} {next(iter(command.values()))}" for command in commands]
            case "memory":
                yield (connector := _held(profiles))
                profiles.calls += [f"{RECORD_NAMES[record]}s {keys}" for record, _, keys, _ in connector.calls]
            case "http":
                async with serving(_Api(profiles).answer) as url:
                    yield HttpConnector(
                        "crm", HttpSettings.model_validate({"base_url": url, "records": _served(profiles, HTTP)})
                    )
            case "graphql":
                async with serving(_GraphQLApi(profiles).answer) as url:
                    yield GraphQLConnector(
                        "crm", GraphQLSettings.model_validate({"base_url": url, "records": _served(profiles, GRAPHQL)})
                    )
            case _:
                connector = await _tables(kind, profiles, tmp_path)
                connector.database.listeners.append(lambda text, *_: profiles.calls.append(text))
                yield connector

    return source


_FIELDS = {"customer": COLUMNS, "account": dict(zip(ACCOUNT_COLUMNS, ACCOUNT_COLUMNS, strict=True)), **record_rows.FIELDS}


def _held(profiles: Profiles) -> MemoryConnector:
    """A source that holds the rows as records."""
    held: dict[tuple[Any, KeyKind], dict[str, list[Any]]] = {}
    for name in profiles.served:
        for kind, column in _kept(profiles, KEYS[name]).items():
            found = held[RECORDS[name], KeyKind(kind)] = {}
            for row in profiles.rows(f"{name}s"):
                found.setdefault(row.get(column), []).append(_record(name, row))
            found.pop(None, None)
    return MemoryConnector("crm", held)


def _record(name: str, row: Mapping[str, Any]) -> Any:
    """A row as a record: fields of parts are in columns of their own, lists inside of the row."""
    document = {_camel(column): value for column, value in row.items() if isinstance(value, list)}
    for path, column in _FIELDS[name].items():
        if (value := row.get(column)) is not None:
            part, _, field = path.rpartition(".")
            inside = document.setdefault(_camel(part), {}) if part else document
            inside[_camel(field)] = value
    return msgspec.convert(document, RECORDS[name], strict=False)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _served(profiles: Profiles, records: Mapping[str, Any]) -> dict[str, Any]:
    return {name: records[name] | {"keys": _kept(profiles, records[name]["keys"])} for name in profiles.served}


def _kept(profiles: Profiles, keys: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: own for kind, own in keys.items() if kind in profiles.by}


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


SQL = {
    "customer": {
        "query": "SELECT * FROM customers",
        "keys": KEYS["customer"],
        "lists": {
            name: {"query": f"SELECT parent, n AS position, {_quoted(columns)} FROM {name}"} for name, columns in LISTS.items()
        }
        | {"device_ids": {"query": "SELECT parent, n AS position, value FROM device_ids"}},
    },
    "account": {"query": "SELECT * FROM accounts", "keys": KEYS["account"]},
    **{record: record_rows.in_columns(record) for record in record_rows.PATHS},
}


async def _tables(kind: str, profiles: Profiles, folder: Path) -> FilesConnector | SqlConnector:
    rows = {"customers": (list(COLUMNS.values()), [list(row.values()) for row in profiles.customers])}
    rows["accounts"] = (ACCOUNT_COLUMNS, [[row.get(name) for name in ACCOUNT_COLUMNS] for row in profiles.accounts])
    for record, columns in record_rows.COLUMNS.items():
        rows[f"{record}s"] = (columns, [[row.get(column) for column in columns] for row in profiles.records[record]])
    rows[record_rows.TAGS] = (["parent", "n", "value"], record_rows.rows_of_tags(profiles.records["ticket"]))
    for name, columns in LISTS.items():
        items = [(own, n, item) for own, lists in profiles.lists.items() for n, item in enumerate(lists[name])]
        rows[name] = (["parent", "n", *columns], [[own, n, *(item[column] for column in columns)] for own, n, item in items])
    rows["device_ids"] = (["parent", "n", "value"], [["c1", n, device] for n, device in enumerate(DEVICES)])
    if kind == "files":
        for name, (columns, values) in rows.items():
            with (folder / f"{name}.csv").open("w", newline="") as file:
                csv.writer(file).writerows([columns, *values])
        tables = {name: f"{name}.csv" for name in rows}
        return FilesConnector(
            "crm", FilesSettings.model_validate({"path": folder, "tables": tables, "records": _served(profiles, SQL)})
        )
    shop = Shop("sqlite", url := sqlite_url(folder))
    for name, (columns, values) in rows.items():
        await shop.execute(f"CREATE TABLE {name} ({_quoted(columns)})")
        await shop.execute(*(f"INSERT INTO {name} VALUES ({', '.join(map(shop._literal, value))})" for value in values))
    return SqlConnector("crm", SqlSettings.model_validate({"url": url, "records": _served(profiles, SQL)}))


MONGO = {
    "customer": {
        "collection": "customers",
        "names": "snake",
        "fields": {path: column for path, column in COLUMNS.items() if path != "id"},
        "keys": {"customer_id": "_id", "email": "email", "account": "company_account"},
    },
    "account": {"collection": "accounts", "names": "snake", "keys": {"account": "_id", "parent_account": "parent_id"}},
    **{record: record_rows.in_documents(record) for record in record_rows.PATHS},
}


async def _documents(url: str, database: str, profiles: Profiles) -> Connector[Any]:
    async with AsyncMongoClient(url, timeoutMS=20_000) as client:
        documents = {name: [{"_id": row["id"], **row} for row in profiles.rows(name)] for name in ("customers", "accounts")}
        for record, rows in profiles.records.items():
            documents[f"{record}s"] = [record_rows.document(record, row) for row in rows]
        for name, own in documents.items():
            if own:
                await client[database][name].insert_many(own)
    settings = {"url": url, "database": database, "records": _served(profiles, MONGO)}
    return MongoConnector("crm", MongoSourceSettings.model_validate(settings))


HTTP = {
    "customer": {
        "list": "rows",
        "fields": COLUMNS,
        "keys": {
            "customer_id": {"path": "/customers?id={key}"},
            "email": {"path": "/customers?email={key}"},
            "account": {"path": "/customers?company_account={key}"},
        },
    },
    "account": {
        "list": "rows",
        "keys": {"account": {"path": "/accounts?id={key}"}, "parent_account": {"path": "/accounts?parent_id={key}"}},
    },
    **{record: record_rows.over_http(record) for record in record_rows.PATHS},
}


class _Api:
    """A JSON API that finds rows by any column."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    async def answer(self, request: web.Request) -> web.Response:
        self._profiles.calls.append(request.path_qs)
        rows = self._profiles.rows(request.path.strip("/"))
        found = [row for row in rows if all(row.get(name) == value for name, value in request.query.items())]
        return web.json_response({"rows": found})


GRAPHQL = {
    "customer": {
        "fields": COLUMNS | {"device_ids": "device_ids"},
        "lists": {name: {"list": name, "fields": {own: own for own in columns}} for name, columns in LISTS.items()},
        "keys": {
            "customer_id": {"query": "query ($key: ID!) { customers(id: $key) { ...fields } }"},
            "email": {"query": "query ($key: String!) { customers(email: $key) { ...fields } }"},
            "account": {"query": "query ($key: ID!) { customers(company_account: $key) { ...fields } }"},
        },
    },
    "account": {
        "fields": {name: name for name in ACCOUNT_COLUMNS},
        "keys": {
            "account": {"query": "query ($key: ID!) { accounts(id: $key) { ...fields } }"},
            "parent_account": {"query": "query ($key: ID!) { accounts(parent_id: $key) { ...fields } }"},
        },
    },
    **{record: record_rows.over_graphql(record) for record in record_rows.PATHS},
}
STRING = "String"
_NUMBERS = {"household_size": "Int", "company_size": "Int", "size": "Int", "followers": "Int", "primary": "Boolean"}
_NUMBERS |= record_rows.NUMBERS


def _type(name: str, columns: Sequence[str], more: str = "") -> str:
    return f"type {name} {{ {' '.join(f'{own}: {_NUMBERS.get(own, STRING)}' for own in columns)} {more} }}"


SDL = "\n".join(
    [
        *(_type(name, columns) for name, columns in LISTS.items()),
        _type("Customer", list(COLUMNS.values()), "device_ids: [String!] " + " ".join(f"{name}: [{name}!]" for name in LISTS)),
        _type("Account", ACCOUNT_COLUMNS),
        *(_type(f"{record}s", columns, "tags: [String!]") for record, columns in record_rows.COLUMNS.items()),
        "extend type Query {",
        *(f"{record}s(customer: ID, account: ID, id: ID): [{record}s!]!" for record in record_rows.PATHS),
        "}",
        "type Query { customers(id: ID, email: String, company_account: ID): [Customer!]!",
        "accounts(id: ID, parent_id: ID): [Account!]! }",
    ]
)


class _GraphQLApi:
    """A GraphQL API over the same rows."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles
        self._schema = build_schema(SDL)

    async def answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self._profiles.calls.append(asked["query"])
        root = {name: self._finder(name) for name in ("customers", "accounts", *(f"{record}s" for record in record_rows.PATHS))}
        result = graphql_sync(self._schema, asked["query"], root, variable_values=asked.get("variables"))
        assert result.errors is None, result.errors
        return web.json_response({"data": result.data})

    def _finder(self, name: str) -> Callable[..., list[dict[str, Any]]]:
        return lambda _info, **given: _matching(self._profiles.rows(name), given)


def _matching(rows: Sequence[dict[str, Any]], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [row for row in rows if all(row.get(name) == value for name, value in given.items())]
