"""The console's query on the published Olist files, through HTTP, and compared with plain sums over the files."""

import csv
import gzip
import os
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from gateway.demo.olist_files import find_files
from gateway.demo.olist_tables import OLIST_TABLES
from gateway.demo.prepare import prepare_olist
from gateway.settings import MongoSettings, load_settings
from tests.support.fixtures_postgresql import new_postgresql
from tests.support.gateway_server import served
from tests.support.paths import ROOT
from tests.support.sql_shop import BOTH

pytestmark = [pytest.mark.journey, pytest.mark.mongodb, pytest.mark.olist]

YEAR_START, YEAR_END = "2017-09-03 00:00:00", "2018-09-03 00:00:00"
"""The last 365 days of the demo's clock, as the files write times."""


class Files:
    """The published files as plain lists of lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sellers_of: dict[str, set[str]] = {}
        self.sums: dict[str, Decimal] = {}
        for line in self.lines("items"):
            self._sellers_of.setdefault(line["order_id"], set()).add(line["seller_id"])
            amount = Decimal(line["price"]) + Decimal(line["freight_value"])
            self.sums[line["seller_id"]] = self.sums.get(line["seller_id"], Decimal()) + amount

    def lines(self, key):
        path = find_files(self.folder)[key]
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
        return list(csv.DictReader(text.splitlines(keepends=True)))

    def orders_of(self, seller):
        known = {line["order_id"] for line in self.lines("orders")}
        return {order for order, sellers in self._sellers_of.items() if seller in sellers and order in known}

    def reviews_of(self, seller):
        return [line for line in self.lines("reviews") if seller in self._sellers_of.get(line["order_id"], ())]

    def counted_since(self, since):
        """The orders since then, without the cancelled ones."""
        return {
            line["order_id"]
            for line in self.lines("orders")
            if line["order_purchase_timestamp"] >= since and line["order_status"] not in ("canceled", "unavailable")
        }

    def total_since(self, seller, since):
        """What the seller's orders since then come to, without the cancelled ones."""
        counted = self.counted_since(since)
        return sum(
            Decimal(line["price"]) + Decimal(line["freight_value"])
            for line in self.lines("items")
            if line["seller_id"] == seller and line["order_id"] in counted
        )


@pytest.fixture(scope="module")
def files():
    """The published files; they are not part of the project."""
    folder = Path(os.environ.get("GATEWAY_TEST_OLIST_DATA", ROOT.parent / "shared" / "data"))
    try:
        find_files(folder)
    except ConfigurationError:
        pytest.skip("the published Olist files are not here: name their folder in GATEWAY_TEST_OLIST_DATA")
    return Files(folder)


@pytest.fixture(scope="module", params=BOTH)
def olist(request, files, tmp_path_factory):
    """The published files as a prepared demo, on either kind of database."""
    folder = tmp_path_factory.mktemp("olist")
    if request.param == "sqlite":
        yield prepare_olist(folder, files.folder, postgresql=None, progress=lambda *_: None)
        return
    with new_postgresql(request.getfixturevalue("postgresql_server")) as url:
        yield prepare_olist(folder, files.folder, postgresql=url.replace("+asyncpg", ""), progress=lambda *_: None)


@pytest.fixture
def gateway_settings(olist, mongodb_uri, mongodb_database):
    """The demo's settings with a store."""
    mongodb = MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)
    return load_settings(olist.settings, {}).model_copy(update={"mongodb": mongodb})


ORDERS_PAGE = """query ($id: ID!, $after: String) { customer(by: {id: $id}) {
    orders(first: 40, after: $after) { totalCount nodes { id total { amount currency } items { quantity } }
        pageInfo { hasNextPage endCursor } } } }"""


async def test_one_query_stitches_a_real_seller(olist, files, gateway_settings):
    """Lead, deal, orders with items, reviews and tags of a seller of the published data, in one round trip."""
    seller = olist.customer
    support = olist.examples[1]
    async with served(gateway_settings) as gateway:
        customer = (await gateway.data(support.query, support.variables))["customer"]
    (deal,) = [line for line in files.lines("deals") if line["seller_id"] == seller]
    (lead,) = [line for line in files.lines("leads") if line["mql_id"] == deal["mql_id"]]
    contact = "-".join(reversed(lead["first_contact_date"].split("-")))
    assert customer["acquisition"] == {
        "source": lead["origin"] or None,
        "campaign": None,
        "leadId": lead["mql_id"],
        "at": f"{contact}T00:00:00Z",
    }
    assert [(one["id"], one["stage"], one["segment"]) for one in customer["deals"]["nodes"]] == [
        (f"crm:{deal['mql_id']}", "WON", deal["business_segment"])
    ]
    orders = files.orders_of(seller)
    assert len(orders) >= 20
    assert customer["orderStatistics"]["count"] == len(orders & files.counted_since(""))
    assert customer["orderStatistics"]["total"] == [{"amount": str(files.total_since(seller, "")), "currency": "BRL"}]
    assert len(customer["orders"]["nodes"]) == 20
    assert {node["sourceId"].partition("-")[0] for node in customer["orders"]["nodes"]} <= orders
    assert all(node["items"] for node in customer["orders"]["nodes"])
    newest = sorted((line["review_creation_date"] for line in files.reviews_of(seller)), reverse=True)[:10]
    assert [ticket["createdAt"] for ticket in customer["tickets"]["nodes"]] == [
        f"{created.replace(' ', 'T')}Z" for created in newest
    ]
    states = {one["name"]: one["state"] for one in customer["sources"]}
    assert states.pop(None) == "NOT_CONFIGURED"  # the surveys and subscriptions that tags of the shipped pack ask for
    assert states == dict.fromkeys(OLIST_TABLES, "FRESH")
    tags = {tag["key"]: tag for tag in customer["tags"]}
    spent = files.total_since(seller, YEAR_START)
    assert [fact["value"] for fact in tags["value_tier"]["evidence"]] == [float(round(spent / 6, 2))]
    scores = [
        int(line["review_score"]) for line in files.reviews_of(seller) if YEAR_START <= line["review_creation_date"] < YEAR_END
    ]
    (rating,) = tags["satisfaction"]["evidence"]
    assert rating["value"] == pytest.approx(sum(scores) / len(scores), abs=1e-6)
    assert rating["sources"] == ["support"]
    assert tags["acquisition_source"]["value"] == lead["origin"]
    missing = {fact["missing"] for tag in customer["tags"] for fact in tag["evidence"]}
    assert missing == {None, "NOT_CONFIGURED", "NOT_GIVEN"}


async def test_all_pages_add_up_to_the_published_files(olist, files, gateway_settings):
    """To the cent, page by page, each order once; and every review is counted."""
    seller = olist.customer
    nodes, cursor, pages = [], None, 0
    async with served(gateway_settings) as gateway:
        more = True
        while more:
            page = (await gateway.data(ORDERS_PAGE, {"id": seller, "after": cursor}))["customer"]["orders"]
            nodes += page["nodes"]
            more, cursor, pages = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"], pages + 1
            assert page["totalCount"] == len(files.orders_of(seller))
        reviews = await gateway.data(
            "query ($id: ID!) { customer(by: {id: $id}) { tickets(first: 1) { totalCount } } }", {"id": seller}
        )
    assert pages == -(-len(nodes) // 40)
    assert len({node["id"] for node in nodes}) == len(nodes) == len(files.orders_of(seller))
    assert sum(Decimal(node["total"]["amount"]) for node in nodes) == files.sums[seller]
    assert {node["total"]["currency"] for node in nodes} == {"BRL"}
    bought = sum(line["seller_id"] == seller for line in files.lines("items"))
    assert sum(item["quantity"] for node in nodes for item in node["items"]) == bought
    assert reviews["customer"]["tickets"]["totalCount"] == len(files.reviews_of(seller))


async def test_the_figures_of_a_hundred_sellers_are_those_of_the_published_files(files, gateway_settings):
    """A partner's question over the sellers that sold most, in one round trip."""
    sellers = sorted(files.sums, key=lambda seller: (-files.sums[seller], seller))[:100]
    query = "query ($ids: [ID!]!) { customers(ids: $ids) { id orderStatistics { total { amount currency } partial } } }"
    async with served(gateway_settings) as gateway:
        customers = (await gateway.data(query, {"ids": sellers}))["customers"]
    assert {one["id"]: one["orderStatistics"] for one in customers} == {
        f"crm:{seller}": {"total": [{"amount": str(files.total_since(seller, "")), "currency": "BRL"}], "partial": False}
        for seller in sellers
    }
