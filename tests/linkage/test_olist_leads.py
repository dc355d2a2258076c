"""Leads of a marketplace that become its sellers: two sources of customers over the published files, linked by a stated id."""

from typing import Any

import pytest

from gateway.app import create_services
from gateway.linkage.command import report_customers
from gateway.settings import parse_settings
from tests.support.gateway_server import PATIENT_MS, served
from tests.support.published_data import FOLDER, published_file, published_rows

pytestmark = [pytest.mark.published, pytest.mark.olist]

LEADS = ("olist_marketing_funnel", "olist_marketing_qualified_leads_dataset.csv.gz")
DEALS = ("olist_marketing_funnel", "olist_closed_deals_dataset.csv")
SELLERS = ("olist_15k", "olist_sellers_dataset.csv")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Settings as an operator writes them: the deals state which seller a lead has become."""
    for file in (LEADS, DEALS, SELLERS):
        published_file(*file)
    tables = {"leads": "/".join(LEADS), "deals": "/".join(DEALS), "places": "/".join(SELLERS)}
    leads = {
        "query": "SELECT mql_id AS id, origin AS acquisition_source FROM leads",
        "keys": {
            "customer_id": "id",
            "external_id": {"query": "SELECT mql_id AS id, 'sellers:' || seller_id AS key FROM deals"},
        },
        "lists": {
            "external_ids": {"query": "SELECT mql_id AS parent, 'sellers' AS source, seller_id AS id FROM deals"},
        },
    }
    sellers = {
        "query": (
            "SELECT seller_id AS id, seller_city AS address_city FROM "
            "(SELECT seller_id FROM deals UNION SELECT seller_id FROM places) LEFT JOIN places USING (seller_id)"
        ),
        "keys": {"customer_id": "id"},
    }
    files = {"kind": "files", "path": str(FOLDER), "tables": tables}
    return {
        "deadline_ms": PATIENT_MS,
        "sources": {
            "leads": files | {"records": {"customer": leads}},
            "sellers": files | {"records": {"customer": sellers}},
        },
    }


async def test_842_of_8000_leads_become_sellers(document: dict[str, Any]):
    """Over all records, 842 customers are a lead and a seller, by the id that the deal states; all others stay apart."""
    report = await report_customers(create_services(parse_settings(document)), None, lambda *_: None)
    sellers = {row["seller_id"] for file in (DEALS, SELLERS) for row in published_rows(*file)}
    assert report.sources.records == {"leads": 8000, "sellers": len(sellers)}
    assert report.sizes == {1: 8000 + len(sellers) - 2 * 842, 2: 842}
    assert (report.links, report.withheld) == ({"external_id": 842}, {})


async def test_a_lead_finds_the_seller(document: dict[str, Any]):
    """Through HTTP, each lead's id finds the lead and the seller that the deal states; the seller's finds both as well."""
    deals = {f"leads:{row['mql_id']}": f"sellers:{row['seller_id']}" for row in published_rows(*DEALS)}
    leads = [f"leads:{row['mql_id']}" for row in published_rows(*LEADS)]
    query = "query($ids: [ID!]!) { customers(ids: $ids) { currentId records { source sourceId } } }"
    async with served(parse_settings(document)) as gateway:
        for start in range(0, len(leads), 100):
            await _compare(gateway, query, leads[start : start + 100], deals)
        sellers = [*deals.values()][:100]
        data = await gateway.data(query, {"ids": sellers})
    stated = {seller: lead for lead, seller in deals.items()}
    assert [customer["currentId"] for customer in data["customers"]] == [stated[seller] for seller in sellers]


async def _compare(gateway: Any, query: str, ids: list[str], deals: dict[str, str]) -> None:
    data = await gateway.data(query, {"ids": ids})
    found = [[f"{own['source']}:{own['sourceId']}" for own in customer["records"]] for customer in data["customers"]]
    assert found == [[id_, deals[id_]] if id_ in deals else [id_] for id_ in ids]
