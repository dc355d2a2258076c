"""Ratings on a scale of the source's own: each kind brings them onto that of tickets in the same way."""

from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from connectors.contract import Ask, Condition, Measure, MeasureOp
from connectors.errors import SourceProtocolError
from connectors.files import FilesSettings
from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoSourceSettings
from connectors.record_fields import Fields
from connectors.records import Ticket
from connectors.sql import SqlSettings
from connectors.toolkit.ratings import rating_of
from tests.support.http_source import serving
from tests.support.mongo_shop import MongoShop
from tests.support.sql_shop import Shop, connector_at, day, decoded

pytestmark = pytest.mark.cases

SCALES: dict[tuple[int, int], list[tuple[Any, Any]]] = {
    (0, 10): [(0, 1), (1, 1), (4, 3), (5, 3), (6.2, 3), (6.25, 4), (8, 4), (9, 5), (10, 5)],
    (1, 10): [(1, 1), (2, 1), (3, 2), (5, 3), (7, 4), (10, 5)],
    (0, 100): [(0, 1), (12, 1), (12.5, 2), (40, 3), (80, 4), (99.5, 5)],
    (0, 1): [(0, 1), (0.5, 3), (1, 5)],
    (6, 1): [(6, 1), (3.5, 3), (2, 4), (1, 5)],
    (-1, 1): [(-1, 1), (0, 3), (1, 5)],
    (1, 5): [(1, 1), (4.5, 5), (4.4, 4)],
}
"""By the worst and the best rating of a source: what it has, and what that is on the scale of tickets."""
WRITTEN = [(scale, given, rating) for scale, ratings in SCALES.items() for given, rating in ratings]
BEYOND = [((0, 10), -1), ((0, 10), 11), ((1, 10), 0.9), ((10, 100), 3), ((6, 1), 7), ((0, 10), "good"), ((0, 10), "")]
"""What is no rating of a scale."""
RATED = Fields.from_paths("id", "satisfaction")
MEASURES = [
    Measure(op=MeasureOp.AVERAGE, field="satisfaction"),
    Measure(op=MeasureOp.MAX, field="satisfaction"),
    Measure(op=MeasureOp.LATEST, field="satisfaction"),
    Measure(op=MeasureOp.COUNT, where=(Condition("satisfaction", ("4", "5")),)),
]


@pytest.mark.parametrize(("scale", "given", "rating"), WRITTEN)
def test_a_rating_is_the_nearest_one_of_its_scale(scale: tuple[int, int], given: Any, rating: int) -> None:
    """Between two it is the better one; a scale may begin with its greater number."""
    assert rating_of(given, scale) == rating


async def by_http(scale: tuple[int, int], values: list[Any], *, slowly: bool, words: dict[str, str] | None = None) -> list[Any]:
    async def handler(_request: web.Request) -> web.Response:
        rows = [{"id": str(n), "createdAt": f"2024-05-{n + 1:02}", "stars": value} for n, value in enumerate(values)]
        return web.json_response({"rows": rows})

    lookup = {"path": "/{key}"} | ({"next": "next"} if slowly else {})
    rules = {
        "list": "rows",
        "fields": {"satisfaction": "stars"},
        "values": {"satisfaction": words} if words else {},
        "rating_scale": scale,
        "keys": {"customer_id": lookup},
    }
    async with serving(handler) as base_url:
        settings = HttpSettings.model_validate({"base_url": base_url, "records": {"ticket": rules}})
        return await ratings_of(HttpConnector("source", settings))


async def by_graphql(scale: tuple[int, int], values: list[Any], *, slowly: bool) -> list[Any]:
    async def handler(_request: web.Request) -> web.Response:
        rows = [{"id": str(n), "at": f"2024-05-{n + 1:02}", "stars": value} for n, value in enumerate(values)]
        return web.json_response({"data": {"one": {"rows": rows}}})

    fields = {"created_at": "at", "satisfaction": "@.stars" if slowly else "stars"}
    lookup = {"query": "{ one(id: $key) { rows { ...fields } } }"}
    async with serving(handler) as base_url:
        rules = {"fields": fields, "rating_scale": scale, "keys": {"customer_id": lookup}}
        settings = GraphQLSettings.model_validate({"base_url": base_url, "records": {"ticket": rules}})
        return await ratings_of(GraphQLConnector("source", settings))


async def ratings_of(connector: HttpConnector | GraphQLConnector) -> list[Any]:
    await connector.open()
    try:
        (lookup,) = connector.lookups()
        found = decoded(await lookup.fetch(["c1"], Ask(fields=RATED)))["c1"]
    finally:
        await connector.aclose()
    return [one.get("satisfaction") for one in sorted(found, key=lambda one: int(one["id"]))]


@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize("read", [by_http, by_graphql])
@pytest.mark.parametrize("scale", SCALES)
async def test_ratings_of_an_answer_are_on_one_scale(read: Any, scale: tuple[int, int], slowly: bool) -> None:
    """As numbers and as texts of them, be the answer read as a whole or row by row."""
    given, expected = zip(*SCALES[scale], strict=True)
    assert await read(scale, list(given), slowly=slowly) == list(expected)
    assert await read(scale, [*map(str, given)], slowly=slowly) == list(expected)


async def test_words_for_ratings_are_on_the_scale_of_the_source() -> None:
    """They mean numbers of the source."""
    words = {"good": "10", "fair": "5"}
    assert await by_http((0, 10), ["good", "fair", 8, "so-so"], slowly=False, words=words) == [5, 3, 4, "so-so"]


@pytest.mark.parametrize("read", [by_http, by_graphql])
@pytest.mark.parametrize(("scale", "given"), BEYOND)
async def test_a_number_beyond_the_scale_is_no_rating(read: Any, scale: tuple[int, int], given: Any) -> None:
    """The gateway cannot read it then, and counts it."""
    (found,) = await read(scale, [given], slowly=False)
    assert found in {"": (None,), "good": ("good",)}.get(str(given), (0, 6))


def tickets(values: list[Any]) -> str:
    """A query of tickets that were rated so."""
    rows = [(f"'t{n}'", "'c1'", f"'2026-06-{n + 1:02}'", value) for n, value in enumerate(values)]
    names = ("id", "customer", "created_at", "satisfaction")
    return " UNION ALL ".join(
        "SELECT " + ", ".join(f"{sql} AS {name}" for sql, name in zip(row, names, strict=True)) for row in rows
    )


async def ask_for_tickets(shop: Shop, scale: tuple[int, int], values: list[Any]) -> None:
    await shop.connector.aclose()
    rules = {"query": tickets(values), "keys": {"customer_id": "customer"}, "rating_scale": scale}
    tables: dict[str, Any] = {"tables": {}} if shop.backend == "files" else {}
    shop.connector = connector_at(shop.url, records={"ticket": rules}, **tables)
    await shop.connector.open()


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("scale", SCALES)
async def test_ratings_of_a_column_are_on_one_scale(shop: Shop, scale: tuple[int, int], as_text: bool) -> None:
    """In lists, in figures and in conditions; in columns of numbers and of text."""
    given, expected = zip(*SCALES[scale], strict=True)
    await ask_for_tickets(shop, scale, [f"'{value}'" if as_text else value for value in given])
    found = (await shop.fetch(Ticket, ["c1"], fields=RATED, oldest_first=True))["c1"]
    assert [int(one["satisfaction"]) for one in found] == list(expected)
    average, best, latest, good = (await shop.aggregate(Ticket).measure(["c1"], MEASURES))["c1"]
    assert float(average) == pytest.approx(sum(expected) / len(expected))
    assert [float(best), float(latest)] == [max(expected), expected[-1]]
    assert good == sum(one >= 4 for one in expected)


@pytest.mark.parametrize(("scale", "given"), BEYOND)
async def test_a_column_beyond_the_scale_is_no_rating(shop: Shop, scale: tuple[int, int], given: Any) -> None:
    """A list passes on what the gateway cannot read; a figure is left to the gateway, as the list does not show it."""
    await ask_for_tickets(shop, scale, [f"'{given}'" if isinstance(given, str) else given])
    ((found,),) = (await shop.fetch(Ticket, ["c1"], fields=RATED)).values()
    rating = found.get("satisfaction")
    assert str(rating) in {"": ("None", ""), "good": ("good",)}.get(str(given), ("0", "6"))
    measured = (await shop.aggregate(Ticket).measure(["c1"], MEASURES))["c1"]
    assert isinstance(measured, SourceProtocolError) == (given != "")


@pytest.mark.mongodb
@pytest.mark.parametrize("scale", SCALES)
async def test_ratings_of_documents_are_on_one_scale(mongo_shop: MongoShop, scale: tuple[int, int]) -> None:
    """In lists, in figures and in conditions; numbers and texts of them. Figures over what is no rating are the gateway's."""
    given, expected = zip(*SCALES[scale], strict=True)
    values = [None, *map(str, given), *given]
    odd = [max(scale) + 1, "good"]
    rules = {"collection": "tickets", "rating_scale": scale, "keys": {"customer_id": "who"}}
    await mongo_shop.configured(records={"ticket": rules})
    whose = [("c1", value) for value in values] + [("c2", value) for value in odd]
    await mongo_shop.fill(
        tickets=[
            {"_id": str(n), "who": who, "createdAt": day(1, hour=n), "satisfaction": value}
            for n, (who, value) in enumerate(whose)
        ]
    )
    for who, ratings in (("c1", [None, *expected, *expected]), ("c2", [6, "good"])):
        found = (await mongo_shop.fetch(Ticket, [who], fields=RATED, oldest_first=True))[who]
        assert [one.get("satisfaction") for one in found] == ratings
    measured = await mongo_shop.aggregate(Ticket).measure(["c1", "c2"], MEASURES)
    assert isinstance(measured["c2"], SourceProtocolError)
    average, best, latest, good = measured["c1"]
    assert float(average) == pytest.approx(sum(expected) / len(expected), abs=1e-6)
    assert [float(best), float(latest)] == [max(expected), expected[-1]]
    assert good == 2 * sum(one >= 4 for one in expected)


SETTINGS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "http": (HttpSettings, {"base_url": "http://h"}, {"keys": {"customer_id": {"path": "/{key}"}}}),
    "graphql": (
        GraphQLSettings,
        {"base_url": "http://h"},
        {
            "fields": {"placed_at": "at", "created_at": "at"},
            "keys": {"customer_id": {"query": "{ one(id: $key) { ...fields } }"}},
        },
    ),
    "sql": (SqlSettings, {"url": "sqlite+aiosqlite:///x"}, {"query": "SELECT 1", "keys": {"customer_id": "id"}}),
    "files": (FilesSettings, {"path": "x"}, {"query": "SELECT 1", "keys": {"customer_id": "id"}}),
    "mongo": (
        MongoSourceSettings,
        {"url": "mongodb://h", "database": "x"},
        {"collection": "x", "keys": {"customer_id": "id"}},
    ),
}


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize(
    ("record", "scale", "problem"),
    [
        ("order", [0, 10], "rating_scale: Order has no rating"),
        ("ticket", [3, 3], "give the worst rating and the best one"),
        ("ticket", [0, 0.5], "valid integer"),
        ("ticket", [0], "required"),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused(kind: str, record: str, scale: Any, problem: str) -> None:
    """With what to give instead."""
    settings, around, rules = SETTINGS[kind]
    if kind == "graphql":
        rules = rules | {"fields": {"created_at" if record == "ticket" else "placed_at": "at"}}
    with pytest.raises(ValidationError, match=problem):
        settings.model_validate(around | {"records": {record: rules | {"rating_scale": scale}}})
