"""Links to records' pages: how one is filled, what a wrong one is told, and what each kind and preset makes of it."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from connectors.contract import Connector
from connectors.files import FilesSettings
from connectors.graphql import GraphQLSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoSourceSettings
from connectors.record_fields import fields_of
from connectors.records import RECORDS, Customer, Order, Record, Survey, Ticket
from connectors.sql import SqlSettings
from connectors.toolkit.record_links import LinkTemplate, linked_fields
from connectors.toolkit.vendor_connector import Vendor
from gateway.lookups.connector_registry import connector_kinds

LINK = "https://admin.example.com/orders/{sourceId}"
ROUTES = {"customer_id": {"path": "/o/{key}"}}
QUERY = "SELECT id, placed_at FROM orders"
RECORDS_OF_KINDS: dict[str, tuple[type[BaseModel], dict[str, Any], dict[str, Any]]] = {
    "http": (HttpSettings, {"base_url": "https://api.example.com"}, {"keys": ROUTES}),
    "graphql": (
        GraphQLSettings,
        {"base_url": "https://api.example.com"},
        {
            "fields": {"id": "id", "placed_at": "placedAt"},
            "keys": {"customer_id": {"query": "query($key: ID!) { customer(id: $key) { orders { ...fields } } }"}},
        },
    ),
    "mongo": (
        MongoSourceSettings,
        {"url": "mongodb://localhost", "database": "shop"},
        {"collection": "orders", "keys": {"customer_id": "customerId"}},
    ),
    "sql": (SqlSettings, {"url": "sqlite+aiosqlite:///shop.db"}, {"query": QUERY, "keys": {"customer_id": "customer_id"}}),
    "files": (FilesSettings, {"path": "."}, {"query": QUERY, "keys": {"customer_id": "customer_id"}}),
}
TOKEN = {"token": "a-token"}
APP = {"client_id": "an-app", "client_secret": "a-secret"}
PRESETS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "zendesk": (
        {**TOKEN, "base_url": "https://acme.zendesk.com", "keys": {"ticket": ["email"]}},
        {
            "customer": "https://acme.zendesk.com/agent/users/{sourceId}",
            "ticket": "https://acme.zendesk.com/agent/tickets/{sourceId}",
            "survey": "https://acme.zendesk.com/agent/tickets/{ticketId}",
        },
    ),
    "shopify": (
        {**TOKEN, "base_url": "https://acme.myshopify.com", "keys": {"order": ["customer_id"]}},
        {
            "customer": "https://acme.myshopify.com/admin/customers/{sourceId}",
            "order": "https://acme.myshopify.com/admin/orders/{sourceId}",
        },
    ),
    "stripe": (
        {"token": "rk_live_1", "keys": {"order": ["customer_id"]}},
        {
            "customer": "https://dashboard.stripe.com/customers/{sourceId}",
            "order": "https://dashboard.stripe.com/payments/{sourceId}",
            "subscription": "https://dashboard.stripe.com/subscriptions/{sourceId}",
        },
    ),
    "salesforce": (
        {**APP, "base_url": "https://acme.my.salesforce.com", "keys": {"ticket": ["customer_id"]}},
        dict.fromkeys(("customer", "ticket", "deal"), "https://acme.my.salesforce.com/{sourceId}"),
    ),
    "posthog": (
        {**TOKEN, "project": 12, "keys": {"event": ["customer_id"]}},
        {"customer": "https://us.posthog.com/project/12/person/{sourceId}"},
    ),
    "hubspot": (
        {**TOKEN, "hub_id": 4711, "keys": {"deal": ["customer_id"]}},
        {
            "customer": "https://app.hubspot.com/contacts/4711/record/0-1/{sourceId}",
            "deal": "https://app.hubspot.com/contacts/4711/record/0-3/{sourceId}",
            "ticket": "https://app.hubspot.com/contacts/4711/record/0-5/{sourceId}",
            "subscription": "https://app.hubspot.com/contacts/4711/record/0-69/{sourceId}",
        },
    ),
    "segment": ({**TOKEN, "space": "a-space", "keys": {"event": ["customer_id"]}}, {}),
}


def preset(kind: str, **more: Any) -> Connector[Any]:
    made = connector_kinds({kind})[kind]
    return made(kind, made.settings_type.model_validate(PRESETS[kind][0] | more))


@pytest.mark.parametrize(
    ("record", "link", "values", "filled"),
    [
        (Order, LINK, {"id": "o1"}, "https://admin.example.com/orders/o1"),
        (Order, LINK, {"id": "a/b?c#d e%é"}, "https://admin.example.com/orders/a%2Fb%3Fc%23d%20e%25%C3%A9"),
        (Order, LINK, {"id": "javascript:alert(1)"}, "https://admin.example.com/orders/javascript%3Aalert%281%29"),
        (Order, "http://erp:8080/?o={number}&i={sourceId}#x", {"id": "7", "number": "#10"}, "http://erp:8080/?o=%2310&i=7#x"),
        (Survey, "https://a.example/t/{ticketId}", {"id": "s", "ticket_id": "9"}, "https://a.example/t/9"),
        (Order, "https://a.example/{number}", {"id": "7", "number": None}, None),
        (Order, LINK, {"id": ".."}, None),
        (Order, LINK, {"id": "."}, None),
        (Order, LINK, {"id": ""}, None),
        (Order, LINK, {"id": "\ud800"}, None),
    ],
)
def test_what_a_record_has_stands_percent_encoded_in_its_link(
    record: type[Record], link: str, values: dict[str, str | None], filled: str | None
) -> None:
    """No id leads elsewhere than to a page below the address of the settings; what is missing gives no link."""
    assert LinkTemplate(record, link).fill(values) == filled


def test_a_link_holds_fields_of_the_class_of_the_id_alone() -> None:
    """So who is shown the id is shown all that stands in the link."""
    for record in RECORDS.values():
        assert len({fields_of(record)[name].field_class for name in linked_fields(record).values()}) == 1, record
    assert linked_fields(Ticket) == {"sourceId": "id", "number": "number"}
    assert linked_fields(Customer) == {"sourceId": "id"}


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (
            "ftp://files.example.com/{sourceId}",
            "link: begins with neither https:// nor http://; write an address such as https",
        ),
        ("javascript:alert({sourceId})", "begins with neither https:// nor http://"),
        ("//admin.example.com/{sourceId}", "begins with neither https:// nor http://"),
        ("https:///orders/{sourceId}", "begins with neither https:// nor http://"),
        ("https://ann:secret@admin.example.com/{sourceId}", "has a user or a password in it; take them out"),
        ("https://{sourceId}.example.com/", "has a place in its host; places stand behind it"),
        ("https://admin.example.com:{sourceId}/", "has a place in its host"),
        ("https://admin.example.com/orders", "is the same for all records; write {sourceId} where the id stands"),
        ("https://admin.example.com/{sourceId", "has { or } that are of no place; percent-encode them"),
        ("https://admin.example.com/{sourceId}/{}", "{} is no place"),
        ("https://admin.example.com/my orders/{sourceId}", "has a character that no address has, such as a space"),
        ("https://admin.example.com/{sourceid}", "link: {sourceid} is no place; did you mean 'sourceId'?"),
        ("https://admin.example.com/{email}", "a link of order has {sourceId}, {number}"),
        ("https://[::1/{sourceId}", "is no address; write one such as https://"),
    ],
)
@pytest.mark.parametrize("kind", RECORDS_OF_KINDS)
def test_a_wrong_link_is_told_with_the_fix(kind: str, link: str, message: str) -> None:
    """In the settings of each kind alike, and never with what was written."""
    settings, own, record = RECORDS_OF_KINDS[kind]
    with pytest.raises(ValidationError) as caught:
        settings.model_validate({**own, "records": {"order": {**record, "link": link}}})
    told = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in caught.value.errors(include_input=False)]
    assert len(told) == 1
    assert message in told[0].replace("Value error, ", "")
    assert "secret" not in told[0]


@pytest.mark.parametrize("kind", RECORDS_OF_KINDS)
def test_every_kind_gives_the_links_of_its_settings(kind: str) -> None:
    """Of the records that have one."""
    settings, own, record = RECORDS_OF_KINDS[kind]
    both = {"order": {**record, "link": LINK}, "deal": _of_deal(kind, record)}
    made = connector_kinds({kind})[kind]
    assert made("shop", settings.model_validate({**own, "records": both})).links() == {"order": LINK}  # type: ignore[arg-type]


def _of_deal(kind: str, record: dict[str, Any]) -> dict[str, Any]:
    changed = {"graphql": {"fields": {"id": "id", "created_at": "createdAt"}}, "sql": {"query": "SELECT id, created_at FROM d"}}
    return record | changed.get("sql" if kind == "files" else kind, {})


@pytest.mark.parametrize("kind", PRESETS)
def test_every_preset_leads_to_the_pages_of_its_vendor(kind: str) -> None:
    """As far as the vendor documents them: each has a row here, and in docs/presets.md."""
    assert preset(kind).links() == PRESETS[kind][1]


def test_presets_are_all_tried() -> None:
    """Who adds one says here where its records have pages."""
    assert {name for name, kind in connector_kinds().items() if issubclass(kind, Vendor)} == set(PRESETS)


@pytest.mark.parametrize(
    ("kind", "more", "links"),
    [
        ("zendesk", {"customer_id": "external_id"}, {"ticket", "survey"}),
        ("stripe", {"account": "acct_1"}, set()),
        ("posthog", {"customer_id": "user_id"}, set()),
        ("hubspot", {"hub_id": None}, set()),
    ],
)
def test_a_preset_that_cannot_know_an_address_gives_none(kind: str, more: dict[str, Any], links: set[str]) -> None:
    """An id of another system, or an account without its id, would lead to nobody's page."""
    assert preset(kind, **more).links().keys() == links


def test_a_test_key_of_stripe_leads_to_test_data() -> None:
    """There the dashboard shows what the key sees."""
    assert preset("stripe", token="sk_test_1").links()["order"] == "https://dashboard.stripe.com/test/payments/{sourceId}"


def test_settings_of_a_preset_count_before_its_own() -> None:
    """For one record; the others stay."""
    own = preset("shopify", link={"order": "https://erp.example.com/{number}"}).links()
    assert own == {**PRESETS["shopify"][1], "order": "https://erp.example.com/{number}"}
    with pytest.raises(ValidationError, match=r"customer: \{number\} is no place.*a link of customer has \{sourceId\}"):
        preset("shopify", link={"customer": "https://erp.example.com/{number}"})


def test_a_connector_that_says_nothing_has_no_links() -> None:
    """As those of others that were written before there were any."""
    settings = HttpSettings.model_validate({"base_url": "https://api.example.com", "records": {"order": {"keys": ROUTES}}})
    assert HttpConnector("shop", settings).links() == {}
    assert Connector.links(HttpConnector("shop", settings)) == {}
