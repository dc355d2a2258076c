"""Listings of all customers: what the contract cannot show, since for it the source stands still."""

import re
from uuid import UUID

import pytest
from bson import Decimal128, ObjectId

from connectors.errors import ListingCursorError
from connectors.graphql.settings import ListingSettings as GraphQLListingSettings
from connectors.http.settings import ListingSettings as HttpListingSettings
from connectors.record_fields import Fields
from connectors.toolkit.listing_cursor import encode_cursor
from gateway.clock import Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.source_call import SourceCaller
from tests.support import graphql_source
from tests.support.http_source import SupportApi, serving, support_settings
from tests.support.http_source import opened as http_opened
from tests.support.listing_pages import lister_of, read_page, read_pages
from tests.support.sql_shop import connector_at


def rows(ids):
    return [(id_, f"Customer {id_}", None, None, None, None, None, None) for id_ in ids]


async def replace_customers(shop, ids):
    """Have these customers and no others."""
    await shop.clear("customers")
    await shop.add(customers=rows(ids))


async def test_rows_come_and_go_between_pages(shop):
    """What stays is listed once. What has gone before its page is not, what has come behind the cursor is."""
    await shop.fill(customers=rows(["c10", "c12", "c14", "c16", "c18", "c20", "c22"]))
    assert (first := await read_page(shop.connector, None, 2))[0] == ["c10", "c12"]
    # One of the first page has gone, and one has come there; of those to come one has gone and two have come.
    await replace_customers(shop, ["c11", "c12", "c13", "c14", "c18", "c19", "c20", "c22"])
    assert (second := await read_page(shop.connector, first[1], 2))[0] == ["c13", "c14"]
    # The row where the page ended has gone.
    await replace_customers(shop, ["c10", "c12", "c18", "c19", "c20", "c22"])
    assert (third := await read_page(shop.connector, second[1], 2))[0] == ["c18", "c19"]
    await replace_customers(shop, ["c12", "c18", "c19", "c20", "c22", "c24"])
    assert await read_pages(shop.connector, 2, third[1]) == [["c20", "c22"], ["c24"]]
    # A cursor may be used again, much later.
    assert await read_pages(shop.connector, 9, first[1]) == [["c18", "c19", "c20", "c22", "c24"]]
    await replace_customers(shop, [])
    assert await read_pages(shop.connector, 9) == [[]]


async def test_another_process_goes_on(shop):
    """A cursor is enough: the connector that goes on has seen nothing of the listing."""
    await shop.fill(customers=rows(["ä", "Z", "a'b", 'q"', "\\", "日本", "🎈"]))
    listed, after = [], None
    while True:
        connector = connector_at(shop.url)
        await connector.open()
        ids, after = await read_page(connector, after, 2)
        await connector.aclose()
        listed += ids
        if after is None:
            break
    assert len(listed) == 7
    assert set(listed) == {"ä", "Z", "a'b", 'q"', "\\", "日本", "🎈"}


IDS = [1, 2, 3, 9, 10, 11, 99, 100, -5, 9_007_199_254]


async def test_ids_of_numbers(shop):
    """Numbers have the order of numbers where the database compares them so; in either order each comes once."""
    await shop.fill(customers=[(str(id_), "N", None, None, None, None, None, None) for id_ in IDS])
    number = "CAST(id AS BIGINT)" if shop.backend != "mysql" else "CAST(id AS SIGNED)"
    records = {"customer": {"query": f"SELECT {number} AS id, name FROM customers", "keys": {"customer_id": "id"}}}
    connector = connector_at(shop.url, records=records)
    await connector.open()
    try:
        ids = [id_ for page in await read_pages(connector, 3) for id_ in page]
        assert ids == [str(id_) for id_ in (sorted(map(str, IDS)) if shop.backend == "files" else sorted(IDS))]
        assert [id_ for page in await read_pages(connector, 1) for id_ in page] == ids
    finally:
        await connector.aclose()


async def test_a_customer_of_several_rows_is_listed_once(shop):
    """A join repeats rows; a page that ends between them skips nothing and repeats nothing."""
    await shop.fill(
        customers=rows(["c1", "c2", "c3"]), devices=[(own, f"d{n}") for own in ("c1", "c2", "c3") for n in range(3)]
    )
    query = "SELECT customers.id, name FROM customers JOIN devices ON devices.customer = customers.id"
    connector = connector_at(shop.url, records={"customer": {"query": query, "keys": {"customer_id": "id"}}})
    await connector.open()
    try:
        for first in (1, 2, 3, 4, 100):
            assert [id_ for page in await read_pages(connector, first) for id_ in page] == ["c1", "c2", "c3"]
    finally:
        await connector.aclose()


COLLATIONS = {
    "sqlite": ["CREATE TABLE people (id TEXT COLLATE NOCASE)"],
    "mysql": ["CREATE TABLE people (id VARCHAR(20) COLLATE utf8mb4_general_ci)"],
    "postgresql": ['CREATE TABLE people (id TEXT COLLATE "C")'],
}


async def test_a_collation_may_take_ids_for_the_same(database_shop):
    """Ids that differ in the case of letters are several customers, be they the same in their column's order."""
    await database_shop.execute(*COLLATIONS[database_shop.backend])
    ids = ["a", "A", "b", "B", "c", "D", "d", "E"]
    await database_shop.execute(*(f"INSERT INTO people VALUES ('{id_}')" for id_ in ids))
    order = str if database_shop.backend == "postgresql" else str.lower
    records = {"customer": {"query": "SELECT id FROM people", "keys": {"customer_id": "id"}}}
    connector = connector_at(database_shop.url, records=records)
    await connector.open()
    try:
        for first in (1, 2, 3, 5, 100):
            pages = await read_pages(connector, first)
            listed = [id_ for page in pages for id_ in page]
            assert sorted(listed) == sorted(ids)
            assert list(map(order, listed)) == sorted(map(order, ids))
            # Those that are the same to the column come together.
            assert all(len(page) <= first + 1 for page in pages)
    finally:
        await connector.aclose()


PLANS = {
    "sqlite": ("EXPLAIN QUERY PLAN ", "SEARCH"),
    "mysql": ("EXPLAIN FORMAT=JSON ", '"access_type": "range"'),
    "postgresql": ("EXPLAIN ", "Index"),
}


async def test_a_page_is_found_by_the_index_of_the_id(database_shop):
    """No page reads what the ones before it have read: the database looks the cursor up."""
    await database_shop.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20))")
    values = ", ".join(f"({n}, 'N')" for n in range(3_000))
    await database_shop.execute(
        f"INSERT INTO people VALUES {values}", "ANALYZE TABLE people" if database_shop.backend == "mysql" else "ANALYZE people"
    )
    records = {"customer": {"query": "SELECT id, name FROM people", "keys": {"customer_id": "id"}}}
    connector = connector_at(database_shop.url, records=records)
    await connector.open()
    try:
        (_, after) = await read_page(connector, None, 2_900)
        statements = []
        connector.database.listeners.append(lambda text, values: statements.append((text, values)))
        assert (await read_page(connector, after, 2))[0] == ["2900", "2901"]
        (statement,) = statements
        explain, how = PLANS[database_shop.backend]
        plan = await explained(connector, explain + statement[0], statement[1])
        assert how in plan
    finally:
        await connector.aclose()


async def explained(connector, statement, values):
    """What the database says of its plan."""
    fetch = connector.database._fetch
    found = await connector.database.pool.run(lambda pooled: fetch(pooled.driver, statement, values))
    return " ".join(str(part) for row in found for part in tuple(row))


MIXED = [-1, 2, 2.5, Decimal128("3.25"), 10, "", " ", "10", "A", "a", UUID(int=1), UUID(int=2)]
OBJECTS = [ObjectId(f"{n:024x}") for n in (1, 255, 256)]


@pytest.mark.mongodb
async def test_documents_with_ids_of_several_types(mongo_shop):
    """Each type has its own place in the order, and the next page finds those of the types behind."""
    for id_ in [*MIXED, *OBJECTS][::-1]:
        await mongo_shop.database["customers"].insert_one({"_id": id_, "name": "N"})
    expected = ["-1", "2", "2.5", "3.25", "10", "", " ", "10", "A", "a", *map(str, MIXED[-2:]), *map(str, OBJECTS)]
    for first in (1, 2, 4, 100):
        assert [id_ for page in await read_pages(mongo_shop.connector, first) for id_ in page] == expected


@pytest.mark.mongodb
async def test_documents_come_and_go_between_pages(mongo_shop):
    """What stays is listed once, also where the document at which a page ended has gone."""
    people = mongo_shop.database["customers"]
    await people.insert_many([{"_id": f"c{n}"} for n in (10, 12, 14, 16, 18)])
    ids, after = await read_page(mongo_shop.connector, None, 2)
    assert ids == ["c10", "c12"]
    await people.delete_many({"_id": {"$in": ["c10", "c12", "c16"]}})
    await people.insert_many([{"_id": "c11"}, {"_id": "c13"}, {"_id": "c19"}])
    assert await read_pages(mongo_shop.connector, 2, after) == [["c13", "c14"], ["c18", "c19"], []]


@pytest.mark.mongodb
async def test_documents_of_one_id_are_one_customer(mongo_shop):
    """Where the id is no `_id`, several documents may have it; a page that ends between them is right."""
    records = {"customer": {"collection": "people", "fields": {"id": "number"}, "keys": {"customer_id": "number"}}}
    await mongo_shop.configured(records=records)
    people = mongo_shop.database["people"]
    await people.insert_many([{"number": number} for number in (3, 1, 2.0, 2, 2, 1)] + [{"name": "none"}])
    for first in (1, 2, 3, 100):
        assert [id_ for page in await read_pages(mongo_shop.connector, first) for id_ in page] == ["1", "2", "3"]


@pytest.mark.mongodb
async def test_a_cursor_of_another_kind_of_source_is_refused(mongo_shop, database_shop):
    """It is text of the same form, and names another order."""
    await mongo_shop.fill(customers=[{"_id": "c1"}, {"_id": "c2"}])
    await database_shop.fill(customers=rows(["c1", "c2"]))
    (_, of_mongo), (_, of_sql) = (
        await read_page(mongo_shop.connector, None, 1),
        await read_page(database_shop.connector, None, 1),
    )
    for connector, cursor in ((mongo_shop.connector, of_sql), (database_shop.connector, of_mongo)):
        with pytest.raises(ListingCursorError):
            await read_page(connector, cursor, 1)


LISTED_BY_LINKS = {"path": "/customers?limit={first}", "next": "links.next"}


@pytest.mark.parametrize("listing", [None, LISTED_BY_LINKS])
async def test_an_api_is_listed_by_its_cursors_or_links(listing):
    """Either goes on in another connector, and one call makes a page."""
    api = SupportApi()
    api.customers = [f"c{number}" for number in range(10, 16)]
    async with serving(api.answer) as base_url:
        settings = support_settings(base_url)
        if listing is not None:
            document = settings.model_dump(exclude_unset=True)
            document["records"]["customer"]["listing"] = listing
            settings = type(settings).model_validate(document)
        async with http_opened(settings) as connector:
            (first, after) = await read_page(connector, None, 2)
        api.customers = ["c09", "c10", "c12", "c14", "c15", "c16"]
        async with http_opened(settings) as connector:
            assert (first, await read_pages(connector, 2, after)) == (["c10", "c11"], [["c12", "c14"], ["c15", "c16"]])
        assert [request.partition("?")[0] for request in api.requests] == ["GET /api/customers"] * 3


async def test_a_cursor_that_the_api_refuses():
    """It is the cursor that is none: begin anew."""
    async with serving(SupportApi().answer) as base_url, http_opened(support_settings(base_url)) as connector:
        with pytest.raises(ListingCursorError):
            await read_page(connector, encode_cursor("http", "of-another-api"), 2)
    async with (
        serving(graphql_source.ShopApi().answer) as url,
        graphql_source.opened(graphql_source.shop_settings(url)) as connector,
    ):
        with pytest.raises(ListingCursorError):
            await read_page(connector, encode_cursor("graphql", "of-another-api"), 2)


@pytest.mark.parametrize(
    ("listing", "problem"),
    [
        ({"path": "customers", "next": "n"}, "path: must start with `/`"),
        ({"path": "/c?q={keys}", "next": "n"}, "path: the placeholders are {first} and {after}"),
        ({"path": "/c/{after}", "next_cursor": "n"}, "path: {first} and {after} belong after the `?`"),
        ({"path": "/c"}, "next and next_cursor: exactly one of them"),
        ({"path": "/c", "next_cursor": "n"}, "next_cursor: the path must hold {after}"),
        ({"path": "/c?a={after}", "next": "n"}, "leave out {after}"),
    ],
)
def test_settings_of_an_api_that_cannot_be_listed(listing, problem):
    """Each names the setting and the fix."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        HttpListingSettings.model_validate(listing)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("{ everyone { nodes { ...fields } } }", "must use $first and $after, and no other variable"),
        ("query ($key: ID!) { a(k: $key, first: $first, after: $after) { nodes { ...fields } } }", "and no other variable"),
        ("{ a(first: $first) { nodes { ...fields } b(after: $after) } }", "$after must stand around `...fields`"),
        ("{ a(first: $first, after: $after) { nodes { id } } }", "`...fields` must stand once"),
    ],
)
def test_queries_that_cannot_list(query, problem):
    """Each names the fix."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        GraphQLListingSettings.model_validate({"query": query})


async def read_as_the_gateway(connector):
    """Every record in one page, with what was counted."""
    caller = SourceCaller("shop", Clock())
    fields = Fields.from_paths("id", "created_at")
    return await caller.list_page(lister_of(connector), fields, None, 100, Deadline.within(Clock(), 60.0))


async def test_rows_that_cannot_be_read_are_counted(shop):
    """A row without an id is dropped and counted, a time that is none costs itself, and the others are there."""
    takes_any_text = shop.backend in ("sqlite", "files")
    bad_time = "yesterday" if takes_any_text else None
    created = [("", None), ("c1", "2026-01-02T03:04:05Z"), ("c2", bad_time), (" ", None)]
    await shop.fill(customers=[(id_, "N", None, None, None, time, None, None) for id_, time in created])
    page = await read_as_the_gateway(shop.connector)
    assert sorted(record.id for record in page.records) == ["c1", "c2"]
    dropped = 1 if shop.backend == "files" else 2  # nothing in CSV is no value, so that row is not listed at all
    assert (page.dropped, page.unreadable, page.next) == (dropped, int(takes_any_text), None)


@pytest.mark.mongodb
async def test_documents_that_cannot_be_read_are_counted(mongo_shop):
    """As rows."""
    documents = [{"_id": ""}, {"_id": "c1"}, {"_id": "c2", "createdAt": "yesterday"}, {"_id": " "}]
    await mongo_shop.fill(customers=documents)
    page = await read_as_the_gateway(mongo_shop.connector)
    assert [record.id for record in page.records] == ["c1", "c2"]
    assert (page.dropped, page.unreadable, page.next) == (2, 1, None)
