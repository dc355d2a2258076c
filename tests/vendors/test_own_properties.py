"""Fields of one's own from custom properties of vendors: of every type, asked for where they are needed, measured by tags."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Ask, KeyKind
from connectors.own_fields import declare_fields
from connectors.record_fields import all_fields, leaf_field
from connectors.records import Customer, Event, Order, Ticket
from connectors.testing.fetches import json_of, page_of
from connectors.vendors.hubspot import HubSpot
from connectors.vendors.posthog import PostHog
from connectors.vendors.segment import Segment
from connectors.vendors.shopify import Shopify, ShopifySettings
from connectors.vendors.stripe import Stripe
from connectors.vendors.zendesk import Zendesk
from gateway.cli import app
from gateway.settings import parse_settings
from tests.support import own_fields as own
from tests.support.http_source import serving
from tests.vendors import own_properties as presets
from tests.vendors import stripe
from tests.vendors.api import lookup_of, opened
from tests.vendors.salesforce import ANN
from tests.vendors.shopify import ShopifyApi
from tests.vendors.stripe import StripeApi

pytestmark = pytest.mark.vendors

CUSTOMER = """clubName clubTier clubSpend { amount currency } clubVip clubVisits clubScore clubSince clubHobbies"""
CLUB = {
    "clubName": "Annie",
    "clubTier": "GOLD",
    "clubSpend": {"amount": "12.30", "currency": "EUR"},
    "clubVip": True,
    "clubVisits": 7,
    "clubScore": "0.125",
    "clubSince": "2026-01-02T03:04:05Z",
    "clubHobbies": ["tea", "chess"],
}
SOURCES: dict[str, Any] = {
    "zendesk": (presets.help_desk, presets.ZENDESK),
    "segment": (presets.space, presets.SEGMENT),
    "posthog": (presets.visits, presets.POSTHOG),
    "shopify": (presets.shop, presets.SHOPIFY),
    "hubspot": (presets.contacts, presets.HUBSPOT),
    "salesforce": (presets.org, presets.SALESFORCE),
}
IDS = {"salesforce": ANN}
"""The id of a vendor's customer, `1` but for those that are named."""


@pytest.mark.parametrize("kind", SOURCES)
async def test_customers_have_properties_of_every_type(tmp_path: Path, kind: str) -> None:
    """A query that does not select them asks for none."""
    api, settings = SOURCES[kind][0](), SOURCES[kind][1]
    selection = f"kind ... @include(if: $own) {{ {CUSTOMER} }}"
    query = f'query ($own: Boolean!) {{ customer(by: {{id: "{IDS.get(kind, "1")}"}}) {{ {selection} }} }}'
    async with serving(api.answer) as url, own.asking(tmp_path, shop=settings | {"base_url": url}) as gateway:
        plain = await gateway.data(query, {"own": False})
        asked = f"{api.requests} {api.bodies}"
        data = await gateway.data(query, {"own": True})
    assert plain["customer"] == {"kind": "PERSON"}
    assert "hobbies" not in asked
    assert data["customer"] == {"kind": "PERSON"} | CLUB
    assert "secret" not in f"{api.requests} {api.bodies}"


@pytest.mark.parametrize("kind", ["zendesk", "salesforce", "hubspot"])
async def test_tickets_have_custom_fields(tmp_path: Path, kind: str) -> None:
    """With words of the account's own; one without values has none."""
    api, settings = SOURCES[kind][0](), SOURCES[kind][1]
    query = f'{{ customer(by: {{id: "{IDS.get(kind, "1")}"}}) {{ tickets {{ nodes {{ severity hoursSpent partsSent }} }} }} }}'
    async with serving(api.answer) as url, own.asking(tmp_path, desk=settings | {"base_url": url}) as gateway:
        tickets = (await gateway.data(query))["customer"]["tickets"]["nodes"]
    hours = "2.5" if kind == "salesforce" else "2.50"
    assert tickets[-1] == {"severity": "FATAL", "hoursSpent": hours, "partsSent": ["lid", "handle"]}
    assert (tickets[0]["severity"], tickets[0]["partsSent"]) == ("UNKNOWN", [])


@pytest.mark.parametrize("kind", ["segment", "posthog"])
async def test_events_are_measured_by_their_properties(tmp_path: Path, kind: str) -> None:
    """A sum of one property, of those events whose other one is an enum's value. Orders have no source here."""
    api, settings = SOURCES[kind][0](), SOURCES[kind][1]
    async with serving(api.answer) as url, own.asking(tmp_path, shop=settings | {"base_url": url}) as gateway:
        data = await gateway.data('{ customer(by: {id: "1"}) { tag(key: "heavy") { evidence { name value missing } } } }')
    assert data["customer"]["tag"]["evidence"] == [
        {"name": "carts", "value": 19.9, "missing": None},
        {"name": "packed_weight", "value": None, "missing": "NOT_CONFIGURED"},
    ]


def test_what_no_property_is_named_for_is_absent() -> None:
    """By declared fields, those of items too; a fact over one is unknown, and never 0."""
    fields = {"order": {"gift_note": "custom.note"}, "customer": {"club_spend": "custom.spend"}}
    declare_fields(parse_settings({"fields": own.FIELDS, "sources": {"shop": {"kind": "shopify"}}}).fields.declared())
    settings = {name: value for name, value in presets.SHOPIFY.items() if name != "kind"}
    source = Shopify("shop", ShopifySettings.model_validate(settings | {"base_url": "http://127.0.0.1:1", "fields": fields}))
    absent = source.absent_fields
    assert absent(Order) & {"wrapping", "packed_weight", "items.engraving", "gift_note", "total"} == {
        "wrapping",
        "packed_weight",
        "items.engraving",
    }
    assert {"club_tier", "club_hobbies"} <= absent(Customer)
    assert not {"club_spend", "club_spend.amount", "name", "email"} & absent(Customer)
    assert {"severity", "hours_spent"} <= absent(Ticket)
    assert "cart_value" in absent(Event)


async def test_a_fact_over_a_field_without_a_property_is_not_given(tmp_path: Path) -> None:
    """So its tag says, where it would have been a sum of nothing."""
    api = presets.visits()
    settings = presets.POSTHOG | {"fields": {"event": {"cart_kind": "$kind"}}}
    async with serving(api.answer) as url, own.asking(tmp_path, visits=settings | {"base_url": url}) as gateway:
        data = await gateway.data('{ customer(by: {id: "1"}) { tag(key: "heavy") { evidence { name value missing } } } }')
    assert data["customer"]["tag"]["evidence"][0] == {"name": "carts", "value": None, "missing": "NOT_GIVEN"}


@pytest.mark.parametrize(
    ("kind", "record", "field", "name", "fix"),
    [
        ("zendesk", "customer", "club_tier", "teir", "; did you mean 'tier'?"),
        ("zendesk", "ticket", "severity", "99", "; correct the name"),
        ("hubspot", "customer", "club_tier", "teir", "; did you mean 'tier'?"),
        ("hubspot", "ticket", "severity", "severitty", "; did you mean 'severity'?"),
    ],
)
async def test_check_tells_which_properties_an_account_does_not_have(
    kind: str, record: str, field: str, name: str, fix: str
) -> None:
    """By the account's own list of them. Without fields of one's own it is not asked for."""
    declare_fields(parse_settings({"fields": own.FIELDS, "sources": {"shop": {"kind": "sql"}}}).fields.declared())
    api, settings = SOURCES[kind]
    preset = {"zendesk": Zendesk, "hubspot": HubSpot}[kind]
    plain = {key: value for key, value in settings.items() if key not in {"kind", "fields", "values"}}
    wrong = f"sources.it.fields.{record}.{field}: the account has no `{name}`{fix}"
    for fields, problems in ((settings["fields"], []), ({record: {field: name}}, [wrong])):
        async with opened(preset, api(), "it", **plain, fields=fields) as connector:
            assert await connector.check() == problems
    asked = api()
    async with opened(preset, asked, "it", **plain) as connector:
        assert await connector.check() == []
    assert not [line for line in asked.requests if "_fields" in line or "properties" in line]


WRITTEN = """
facts:
  writer: {label: Writer, record: ticket, measure: latest, field: customer_email}
tags:
  written:
    label: Written
    description: Whether a ticket was written from an address.
    owner: support
    category: SERVICE
    ttl: 1h
    version: 1
    words: YES with an address.
    expression: "writer != null ? 'YES' : 'NO'"
    values: ['YES', 'NO']
"""


async def test_a_fact_over_what_a_vendor_does_not_have_is_not_given(tmp_path: Path) -> None:
    """Zendesk tells no address with a ticket, so that there is none cannot be said."""
    api = presets.help_desk()
    query = '{ customer(by: {id: "1"}) { tag(key: "written") { value partial evidence { value missing } } } }'
    async with serving(api.answer) as url, own.asking(tmp_path, WRITTEN, desk=presets.ZENDESK | {"base_url": url}) as gateway:
        data = await gateway.data(query)
    assert data["customer"]["tag"] == {
        "value": None,
        "partial": True,
        "evidence": [{"value": None, "missing": "NOT_GIVEN"}],
    }


MISTAKES = """
[fields.customer.club_tier]
type = "enum"
values = ["GOLD", "SILVER"]
description = "Their tier."
class = "behavioural"
[fields.customer.club_spend]
type = "money"
description = "What the club sold them."
class = "commercial"

[sources.desk]
kind = "zendesk"
base_url = "http://127.0.0.1:1"
email = "a@example.com"
token = "t"
keys = { customer = ["customer_id"], ticket = ["customer_id"] }
[sources.desk.fields.customer]
club_teir = "tier"
club_spend = "spend"
"club_tier" = "the tier"
[sources.desk.fields.order]
gift = "x"
[sources.desk.fields.ticket]
severity = "sev"
[sources.desk.values.customer.club_tier]
gold_card = "GLOD"
[sources.desk.values.customer.name]
x = "Y"

[sources.shop]
kind = "shopify"
base_url = "http://127.0.0.1:1"
token = "t"
keys = { customer = ["customer_id"] }
[sources.shop.fields.customer]
club_tier = "tier"
"club_spend.amount" = "custom.spend"
"club_spend.sum" = "custom.spend"

[sources.money]
kind = "stripe"
token = "t"
keys = { order = ["customer_id"] }
fields = { order = { gift_note = "note" } }
"""
TOLD = """\
19:1: sources.desk.fields.customer.club_teir: is no field of your own; did you mean 'club_tier'?
20:1: sources.desk.fields.customer.club_spend: is an amount of money; name club_spend.amount and club_spend.currency
21:1: sources.desk.fields.customer.club_tier: `the tier` is no name of a property; write the key of a user field, such
  as loyalty_tier
22:1: sources.desk.fields.order: zendesk reads no properties of order; it reads those of customer, ticket
25:1: sources.desk.fields.ticket.severity: is no field of your own; declare it in fields.ticket
27:1: sources.desk.values.customer.club_tier.gold_card: `GLOD` is none of GOLD, SILVER, UNKNOWN; did you mean 'GOLD'?
28:1: sources.desk.values.customer.name: zendesk reads no words of your own there; of customer it reads those of
  club_spend, club_teir, club_tier
37:1: sources.shop.fields.customer.club_tier: `tier` is no name of a property; write namespace and key of a metafield,
  such as custom.loyalty_tier
38:1: sources.shop.fields.customer.club_spend.amount: an amount of money has club_spend.amount and
  club_spend.currency; name both, such as "'EUR'" for a currency of all
39:1: sources.shop.fields.customer.club_spend.sum: is no field of your own; did you mean 'club_spend'?
45:12: sources.money.fields.order: stripe reads no properties of order; remove this
"""


def test_mistakes_in_names_are_told_at_once_with_line_and_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is asked."""
    path = tmp_path / "gateway.toml"
    path.write_text(MISTAKES, "utf-8")
    with pytest.raises(SystemExit) as ended:
        app(["check", "--config", str(path)])
    assert ended.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gateway.toml:") and "sources." in line]
    assert "".join(line.removeprefix("gateway.toml:") + "\n" for line in lines) == TOLD.replace("\n  ", " ")


GIVEN = [
    (Zendesk, presets.zendesk.ZendeskApi, {**presets.ZENDESK, "fields": {}, "values": {}}, Ticket, "11"),
    (Segment, lambda: presets.SegmentApi(presets.segment.space()), {**presets.SEGMENT, "fields": {}}, Event, "c1"),
    (PostHog, presets.posthog.project, {**presets.POSTHOG, "fields": {}}, Event, "c1"),
    (Shopify, ShopifyApi, {**presets.SHOPIFY, "fields": {}}, Order, "7001"),
    (Stripe, StripeApi, {"token": stripe.TOKEN, "keys": {"order": ["customer_id"]}}, Order, "cus_Ann"),
]


def paths_in(value: Any, prefix: str = "") -> set[str]:
    """The paths of what a record has, in camelCase."""
    if isinstance(value, dict):
        return {path for name, inner in value.items() for path in paths_in(inner, f"{prefix}{name}.")} | {prefix[:-1]} - {""}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return set().union(*(paths_in(item, prefix) for item in value))
    return {prefix[:-1]}


@pytest.mark.parametrize(("kind", "api", "settings", "record", "key"), GIVEN, ids=lambda value: getattr(value, "kind", None))
async def test_what_a_preset_gives_is_not_absent(kind: Any, api: Any, settings: Any, record: Any, key: str) -> None:
    """And what it never gives is: the fields that it says to fill are those that records of its server have."""
    settings = {name: value for name, value in settings.items() if name != "kind"}
    async with opened(kind, api(), "it", **settings) as connector:
        fetched = await lookup_of(connector, record, KeyKind.CUSTOMER_ID).fetch([key], Ask(fields=all_fields(record)))
        absent = connector.absent_fields(record)
    given = set().union(*(paths_in(row) for row in json.loads(json_of(page_of(fetched[key])))))
    camel = {path: ".".join(leaf_field(record, path[: place + 1]).json_name for place in ends(path)) for path in absent}
    assert given
    assert not {path for path, written in camel.items() if written in given}
    assert {Ticket: "customer_email", Event: "customer_id", Order: "external_ids"}[record] in absent


def ends(path: str) -> list[int]:
    """Where the names of a dotted path end."""
    return [place for place in range(len(path)) if place + 1 == len(path) or path[place + 1] == "."]
