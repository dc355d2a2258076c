"""The example queries of the demo, sent through HTTP as their users send them, and compared with plain SQL and plain sums."""

import sqlite3
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.demo.databases import sqlite_urls
from gateway.demo.prepare import prepare_shop
from gateway.settings import MongoSettings, load_settings
from tests.support.demo_sources import refused_port
from tests.support.gateway_server import served

pytestmark = [pytest.mark.journey, pytest.mark.mongodb]

CUSTOMERS = 60
EMMA = "c00001"
EMMA_TAGS = {
    "lifecycle_stage": "ACTIVE",
    "acquisition_source": "google",
    "acquisition_journey": '["google","brand-search","paid_search"]',
    "churn_risk": "LOW",
    "next_purchase": "2026-08-16",
    "purchase_rhythm": "LATER",
    "completeness": "100",
    "value_tier": "PLATINUM",
    "rfm_scores": "5-5-5",
    "rfm_group": "CHAMPIONS",
    "expected_orders": "1.5",
    "expected_value": "174",
    "lifetime_value": "595",
    "activity": "HIGH",
    "recency": "WITHIN_7_DAYS",
    "high_intent": "YES",
    "abandoned_basket": "YES",
    "price_sensitivity": "MEDIUM",
    "category_preference": "fashion",
    "channel_preference": "EMAIL",
    "payment_preference": "CARD",
    "hour_preference": "EVENING",
    "usage_depth": "WEEKLY",
    "usage_breadth": "BROAD",
    "satisfaction": "HAPPY",
    "nps_group": "DETRACTOR",
    "service_burden": "NORMAL",
    "open_complaint": "YES",
}
OF_SUBSCRIPTIONS = ["account_health", "renewal_due"]  # she has none, so she has no such tag
OF_TICKETS = ("satisfaction", "open_complaint", "service_burden", "channel_preference")
ALL = dict.fromkeys(["crm", "orders", "support", "behaviour", "webshop", "loyalty"], ("FRESH", None))


def in_silence(*_):
    """No progress is shown."""


class Shop:
    """A prepared demo in SQLite files, and plain SQL over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prepared = prepare_shop(folder, customers=CUSTOMERS, seed=1, progress=in_silence)
        self.front_end, self.support, self.partner, self.profile = self.prepared.examples

    def select(self, database, sql, *values):
        with closing(sqlite3.connect(self.folder / f"{database}.db")) as connection:
            return connection.execute(sql, values).fetchall()

    def column(self, database, sql, *values):
        return [row[0] for row in self.select(database, sql, *values)]

    def settings(self, mongodb, **urls):
        """The demo's settings with a store; `urls` stand in for those of sources."""
        text = self.prepared.settings.read_text(encoding="utf-8")
        for name, url in urls.items():
            text = text.replace(sqlite_urls(self.folder)[f"DEMO_{name.upper()}_URL"], url)
        path = self.folder / f"{uuid4().hex}.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path, {}).model_copy(update={"mongodb": mongodb})


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("journeys"))


@pytest.fixture
def mongodb(mongodb_uri, mongodb_database):
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)


def money(cents, currency="GBP"):
    return {"amount": f"{cents // 100}.{cents % 100:02}", "currency": currency}


def states(customer):
    return {one["name"]: (one["state"], one["errorCode"]) for one in customer["sources"]}


def facts_of(tag):
    return {fact["label"]: fact["value"] for fact in tag["evidence"]}


def assert_orders_of_emma(shop, nodes):
    """As SQL finds them: newest first, with their items and payments."""
    rows = shop.select(
        "orders",
        "SELECT id, status, placed_at, total_cents FROM orders WHERE customer_id = ? ORDER BY placed_at DESC, id DESC",
        EMMA,
    )[: len(nodes)]
    assert [(node["id"], node["status"], node["placedAt"], node["total"]) for node in nodes] == [
        (f"orders:{id_}", status, placed_at, money(cents)) for id_, status, placed_at, cents in rows
    ]
    for node, (id_, *_) in zip(nodes, rows, strict=True):
        items = shop.select("orders", "SELECT name, quantity FROM order_items WHERE order_id = ? ORDER BY position", id_)
        assert [(item["name"], item["quantity"]) for item in node["items"]] == items
        assert items


async def test_a_front_end_developer_gets_exactly_the_fields_of_a_card(shop, mongodb):
    """The first example: a name, three tags, three orders with their items and the number of all; not a field more."""
    async with served(shop.settings(mongodb)) as gateway:
        customer = (await gateway.data(shop.front_end.query, shop.front_end.variables))["customer"]
    assert list(customer) == ["id", "name", "kind", "tags", "orders"]
    assert customer["id"] == f"crm:{EMMA}"
    assert (customer["name"], customer["kind"]) == ("Emma Clarke", "PERSON")
    wanted = ("lifecycle_stage", "value_tier", "activity")
    assert customer["tags"] == [{"key": key, "value": EMMA_TAGS[key]} for key in wanted]
    assert customer["orders"]["totalCount"] == 25
    assert len(customer["orders"]["nodes"]) == 3
    assert_orders_of_emma(shop, customer["orders"]["nodes"])


def assert_history_without_tickets(shop, customer):
    """What a console shows of Emma and does not come from support."""
    assert (customer["id"], customer["source"], customer["sourceId"]) == (f"crm:{EMMA}", "crm", EMMA)
    assert customer["name"] == "Emma Clarke"
    assert [point["value"] for point in customer["contactPoints"]] == shop.column(
        "crm", "SELECT value FROM contact_points WHERE customer_id = ? ORDER BY position", EMMA
    )
    assert customer["acquisition"] == {
        "source": "google",
        "campaign": "brand-search",
        "leadId": "L-00001",
        "at": "2023-03-02T08:00:00Z",
    }
    assert len(customer["orders"]["nodes"]) == 20
    assert_orders_of_emma(shop, customer["orders"]["nodes"])
    for node in customer["orders"]["nodes"]:
        assert [(paid["method"], paid["amount"]["amount"]) for paid in node["payments"]] == [
            (method, money(cents)["amount"])
            for method, cents in shop.select(
                "orders", "SELECT method, amount_cents FROM payments WHERE order_id = ? ORDER BY position", node["sourceId"]
            )
        ]
    ((count, cents, first, last),) = shop.select(
        "orders",
        "SELECT count(*), sum(total_cents), min(placed_at), max(placed_at) FROM orders"
        " WHERE customer_id = ? AND status <> 'CANCELLED'",
        EMMA,
    )
    total = money(cents)
    assert customer["orderStatistics"] == {
        "count": count,
        "total": [total],
        "refunded": [],
        "net": [{"amount": total["amount"]}],
        "firstAt": first,
        "lastAt": last,
        "partial": False,
    }


def happened(shop, *types):
    """The ids of what happened to Emma, newest first. She has two e-mail addresses and two devices."""
    emails = shop.column("crm", "SELECT match_key FROM contact_points WHERE customer_id = ? AND kind = 'EMAIL'", EMMA)
    devices = shop.column("crm", "SELECT device_id FROM devices WHERE customer_id = ?", EMMA)
    found = {
        "order": ("orders", "SELECT placed_at, id FROM orders WHERE customer_id = ?", EMMA),
        "ticket": ("support", "SELECT created_at, id FROM tickets WHERE requester_email IN (?, ?)", *emails),
        "event": ("behaviour", "SELECT at, id FROM events WHERE device_id IN (?, ?)", *devices),
    }
    rows = [(*row, found[type_][0]) for type_ in types for row in shop.select(*found[type_])]
    return [f"{source}:{id_}" for _, id_, source in sorted(rows, reverse=True)]


async def test_a_support_agent_gets_the_whole_history_in_one_round_trip(shop, mongodb):
    """The second example: everything of the six sources, all tags with their evidence, and where it all came from."""
    async with served(shop.settings(mongodb)) as gateway:
        first = (await gateway.data(shop.support.query, shop.support.variables))["customer"]
        again = (await gateway.data(shop.support.query, shop.support.variables))["customer"]
    assert_history_without_tickets(shop, first)
    assert [ticket["id"] for ticket in first["tickets"]["nodes"]] == happened(shop, "ticket")
    assert sum(len(ticket["messages"]) for ticket in first["tickets"]["nodes"]) == len(
        shop.select("support", "SELECT 1 FROM messages WHERE ticket_id LIKE 'c00001-%'")
    )
    assert [node["id"] for node in first["timeline"]["nodes"]] == happened(shop, "order", "ticket", "event")[:10]
    assert first["timeline"]["unavailable"] == []
    assert {tag["key"]: tag["value"] for tag in first["tags"]} == EMMA_TAGS
    assert not any(tag["partial"] for tag in first["tags"])
    assert states(first) == ALL
    assert states(again) == ALL
    assert again["tags"] == first["tags"]


async def test_a_tag_shows_its_evidence(shop, mongodb):
    """Spend is what SQL adds up over the window, in euros at the pack's rate; satisfaction is the average of the ratings."""
    async with served(shop.settings(mongodb)) as gateway:
        customer = (await gateway.data(shop.support.query, shop.support.variables))["customer"]
    tags = {tag["key"]: tag for tag in customer["tags"]}
    ((spent,),) = shop.select(
        "orders",
        "SELECT sum(total_cents) FROM orders WHERE customer_id = ? AND status NOT IN ('CANCELLED', 'RETURNED')"
        " AND placed_at >= '2025-06-30T12:00:00Z' AND placed_at < '2026-06-30T12:00:00Z'",
        EMMA,
    )
    (spend,) = tags["value_tier"]["evidence"]
    assert spend.pop("asOf") is not None
    assert spend == {
        "label": "Spend in the last 365 days, in euros at planning rates",
        "value": float(round(Decimal(spent) / 100 / Decimal("0.85"), 2)),
        "window": {"since": "2025-06-30T12:00:00Z", "until": "2026-06-30T12:00:00Z"},
        "sources": ["orders"],
        "missing": None,
    }
    assert spend["value"] == 1483.26
    assert tags["value_tier"]["rule"]["words"].startswith("By the spend of the last 365 days")
    assert facts_of(tags["satisfaction"]) == {"Average rating in the last 365 days": 4.0}
    assert facts_of(tags["open_complaint"]) == {"Complaints that are not solved": 1}
    assert facts_of(tags["activity"]) == {"Orders in the last 90 days": 5, "Orders ever": 24}


async def test_a_support_agent_works_on_during_an_incident(shop, mongodb):
    """With support down the second example has everything else and says what is missing; afterwards all is there again.

    What was missing is not kept in the store.
    """
    with refused_port() as port:
        down = shop.settings(mongodb, support=f"postgresql+asyncpg://gateway:secret@127.0.0.1:{port}/support")
        async with served(down) as gateway:
            answer = await gateway.ask(shop.support.query, shop.support.variables)
    async with served(shop.settings(mongodb)) as gateway:
        after = (await gateway.data(shop.support.query, shop.support.variables))["customer"]
    customer = answer["data"]["customer"]
    assert_history_without_tickets(shop, customer)
    assert customer["tickets"] is None
    assert customer["timeline"]["unavailable"] == ["support"]
    assert [node["id"] for node in customer["timeline"]["nodes"]] == happened(shop, "order", "event")[:10]
    without_support = EMMA_TAGS | dict.fromkeys((*OF_TICKETS, "account_health"))
    assert {tag["key"]: tag["value"] for tag in customer["tags"]} == without_support
    assert {tag["key"] for tag in customer["tags"] if tag["partial"]} == {*OF_TICKETS, "account_health"}
    missing = {fact["missing"] for tag in customer["tags"] for fact in tag["evidence"] if tag["partial"]}
    assert missing == {"SOURCE_UNAVAILABLE", None}  # partial tags have other facts, too
    assert states(customer) == ALL | {"support": ("UNAVAILABLE", "SOURCE_UNAVAILABLE")}
    (error,) = answer["errors"]
    assert error["path"] == ["customer", "tickets"]
    assert (error["extensions"]["code"], error["extensions"]["source"]) == ("SOURCE_UNAVAILABLE", "support")
    assert "secret" not in str(answer)
    assert {tag["key"]: tag["value"] for tag in after["tags"]} == EMMA_TAGS
    assert len(after["tickets"]["nodes"]) == 4


async def test_a_partner_gets_many_customers_through_one_endpoint(shop, mongodb):
    """The third example: fifty customers with figures and a tag, as SQL has them, and the definitions of all tags."""
    async with served(shop.settings(mongodb)) as gateway:
        data = await gateway.data(shop.partner.query, shop.partner.variables)
    own_ids = [f"c{number:05d}" for number in range(1, 51)]
    assert [one["id"] for one in data["customers"]] == [f"crm:{own_id}" for own_id in own_ids]
    assert [(one["kind"], one["address"]["country"]) for one in data["customers"]] == shop.select(
        "crm", "SELECT kind, country FROM customers ORDER BY id LIMIT 50"
    )
    sums: dict[str, tuple[int, list]] = {}
    for customer, count, cents, currency in shop.select(
        "orders",
        "SELECT customer_id, count(*), sum(total_cents), currency FROM orders"
        " WHERE status <> 'CANCELLED' GROUP BY 1, 4 ORDER BY 1, 4",
    ):
        known, totals = sums.get(customer, (0, []))
        sums[customer] = known + count, [*totals, money(cents, currency)]
    assert [(one["orderStatistics"]["count"], one["orderStatistics"]["total"]) for one in data["customers"]] == [
        sums.get(own_id, (0, [])) for own_id in own_ids
    ]
    bought: dict[str, Counter[str]] = {}
    for customer, category in shop.select(
        "orders",
        "SELECT customer_id, category FROM order_items JOIN orders ON orders.id = order_id"
        " WHERE status NOT IN ('CANCELLED', 'RETURNED')",
    ):
        bought.setdefault(customer, Counter())[category] += 1
    preferred = {customer: min(found, key=lambda name: (-found[name], name)) for customer, found in bought.items()}
    assert [one["tag"]["value"] for one in data["customers"]] == [preferred.get(own_id) for own_id in own_ids]
    assert len(bought) > 50
    assert [definition["key"] for definition in data["tagDefinitions"]] == [*EMMA_TAGS, *OF_SUBSCRIPTIONS]
