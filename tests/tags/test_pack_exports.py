"""The industry packs over tables as vendors export them: few rows, scrubbed, but of real shapes."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.support.pack_values import own_keys, tags_of_all
from tests.support.published_data import published_file

pytestmark = pytest.mark.published
FOLDER = "saas_exports_fivetran"

SALESFORCE = """
[sources.crm]
kind = "files"
path = "{folder}/salesforce"
tables = {{ opportunities = "sf_opportunity_data.csv" }}
[sources.crm.records.customer]
query = "SELECT DISTINCT account_id AS id, 'COMPANY' AS kind FROM opportunities"
keys = {{ customer_id = "id" }}
[sources.crm.records.deal]
query = '''SELECT id, account_id AS customer_id, created_date || 'Z' AS created_at,
  CASE WHEN is_won = 'true' THEN 'WON' WHEN is_closed = 'true' THEN 'LOST' ELSE 'OPEN' END AS stage FROM opportunities'''
keys = {{ customer_id = "customer_id" }}
"""
ZENDESK = """
[sources.desk]
kind = "files"
path = "{folder}/zendesk"
tables = {{ tickets = "ticket_data.csv" }}
[sources.desk.records.customer]
query = "SELECT DISTINCT requester_id AS id FROM tickets"
keys = {{ customer_id = "id" }}
[sources.desk.records.ticket]
query = '''SELECT id, requester_id AS customer_id, created_at || 'Z' AS created_at, upper(type) AS kind,
  upper(priority) AS priority,
  CASE status WHEN 'deleted' THEN 'CLOSED' ELSE upper(status) END AS status FROM tickets'''
keys = {{ customer_id = "customer_id" }}
"""
SHOPIFY = """
[sources.shop]
kind = "files"
path = "{folder}/shopify"
tables = {{ orders = "shopify_order_data.csv", lines = "shopify_order_line_data.csv" }}
[sources.shop.records.customer]
query = "SELECT DISTINCT customer_id AS id FROM orders"
keys = {{ customer_id = "id" }}
[sources.shop.records.order]
query = '''SELECT id, customer_id, trim(created_at) || 'Z' AS placed_at, source_name AS channel,
  CASE fulfillment_status WHEN 'fulfilled' THEN 'DELIVERED' ELSE 'PROCESSING' END AS status,
  total_price AS total_amount, currency AS total_currency FROM orders'''
keys = {{ customer_id = "customer_id" }}
[sources.shop.records.order.lists.items]
query = "SELECT order_id AS parent, sku, quantity FROM lines"
"""


async def values_of(folder: Path, pack: str, pinned: str, source: str) -> dict[str, Counter[str | None]]:
    """How many customers have each value of each tag of the pack."""
    exports = published_file(FOLDER)
    (folder / "tags.yaml").write_text(f"include: [{pack}]\n", "utf-8")
    path = folder / "gateway.toml"
    path.write_text(f'[clock]\npinned = "{pinned}"\n[tags]\nfile = "tags.yaml"\n{source.format(folder=exports)}', "utf-8")
    counts: dict[str, Counter[str | None]] = defaultdict(Counter)
    async for _, definition, tag in tags_of_all(path, own_keys(pack)):
        counts[definition.key][tag.value] += 1
    return counts


async def test_opportunities_tell_where_sales_stands(tmp_path: Path):
    """Six accounts: one with an open opportunity beside a won one, three with a won one, two that were lost."""
    counts = await values_of(tmp_path, "saas", "2018-12-20T00:00:00Z", SALESFORCE)
    assert counts["sales_stage"] == {"OPEN": 1, "WON": 3, "LOST": 2}
    assert counts["subscription_stage"] == counts["use_trend"] == {None: 6}


async def test_closed_tickets_are_no_escalation(tmp_path: Path):
    """Of ten requesters one had an urgent ticket and one an incident; both are closed."""
    counts = await values_of(tmp_path, "saas", "2021-01-14T00:00:00Z", ZENDESK)
    assert counts["escalation"] == {"NONE": 10}
    assert counts["support_per_seat"] == {None: 10}


async def test_shop_orders_in_two_currencies_become_values(tmp_path: Path):
    """Eight orders of seven customers, two of them five years ago in pounds."""
    counts = await values_of(tmp_path, "retail", "2025-06-01T00:00:00Z", SHOPIFY)
    assert counts["repeat_stage"] == {"FRESH": 5, "ONE_TIME": 1, "REPEAT": 1}
    assert counts["order_value"] == {"MEDIUM": 3, "SMALL": 1, "BIG": 1, None: 2}
    assert counts["store_use"] == {"ONLINE_ONLY": 5, None: 2}
    assert counts["delivery_wait"] == {"OVERDUE": 5, "NONE": 2}
