"""Fields of one's own: declared by settings, filled by every kind of source, typed in the schema, filtered, measured."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from gateway.cli import app
from gateway.settings import parse_settings
from resolvers.schema import schema_with, sdl
from tests.support import own_fields as own
from tests.support.http_source import serving
from tests.vendors import own_properties as presets

pytestmark = pytest.mark.mongodb

QUERY = """query Own($wrapped: OrderFilter) { customer(by: {id: "1"}) {
    name clubName clubTier clubSpend { amount currency } clubVip clubVisits clubScore clubSince clubHobbies
    orders { nodes { id giftNote wrapping packedWeight items { sku engraving } } }
    boxed: orders(filter: {wrapping: [BOX]}) { nodes { id } } wrapped: orders(filter: $wrapped) { nodes { id } }
    orderStatistics(filter: {wrapping: [BOX, PAPER]}) { count firstAt }
    events { nodes { cartValue cartKind country paid } } tag(key: "heavy") { value label evidence { name value } } } """
UNPLANNED = " __schema { queryType { name } } }"
ANSWER: dict[str, Any] = {
    "name": "Ann",
    "clubName": "Annie",
    "clubTier": "GOLD",
    "clubSpend": {"amount": "12.30", "currency": "EUR"},
    "clubVip": True,
    "clubVisits": 7,
    "clubScore": "0.125",
    "clubSince": "2026-01-02T03:04:05Z",
    "clubHobbies": ["tea", "chess"],
    "orders": {
        "nodes": [
            {"id": "shop:3", "giftNote": None, "wrapping": "UNKNOWN", "packedWeight": None, "items": []},
            {"id": "shop:2", "giftNote": None, "wrapping": "PAPER", "packedWeight": "0.5", "items": []},
            {
                "id": "shop:1",
                "giftNote": "for you",
                "wrapping": "BOX",
                "packedWeight": "1.250",
                "items": [{"sku": "s1", "engraving": "A & B"}],
            },
        ]
    },
    "boxed": {"nodes": [{"id": "shop:1"}]},
    "wrapped": {"nodes": [{"id": "shop:2"}]},
    "orderStatistics": {"count": 2, "firstAt": "2026-01-02T00:00:00Z"},
    "events": {
        "nodes": [
            {"cartValue": "19.90", "cartKind": "GIFT", "country": "Germany", "paid": True},
            {"cartValue": "100.5", "cartKind": "OWN", "country": " x", "paid": False},
            {"cartValue": None, "cartKind": "UNKNOWN", "country": None, "paid": True},
        ]
    },
}


@asynccontextmanager
async def sources_of(kind: str, folder: Path, mongo: tuple[str, str]) -> AsyncIterator[dict[str, Any]]:
    """The settings of sources of a kind. Presets are two: one has customers and orders, one has events."""
    async with AsyncExitStack() as stack:
        match kind:
            case "sql":
                yield {"shop": own.sql_source(folder)}
            case "files":
                yield {"shop": own.files_source(folder)}
            case "http":
                yield {"shop": own.http_source(await stack.enter_async_context(serving(own.answer)))}
            case "graphql":
                yield {"shop": own.graphql_source(await stack.enter_async_context(serving(own.answer)))}
            case "mongo":
                yield {"shop": await own.mongo_source(*mongo)}
            case _:
                apis = presets.shop(), presets.visits()
                shop, visits = [await stack.enter_async_context(serving(api.answer)) for api in apis]
                events = {"keys": {"event": ["customer_id"]}, "fields": {"event": presets.POSTHOG["fields"]["event"]}}
                yield {"shop": presets.SHOPIFY | {"base_url": shop}, "visits": presets.POSTHOG | events | {"base_url": visits}}


@pytest.mark.parametrize("end", ["}", UNPLANNED])
@pytest.mark.parametrize("kind", ["sql", "files", "http", "graphql", "mongo", "presets"])
async def test_every_kind_of_source_fills_every_type(
    tmp_path: Path, mongodb_uri: str, mongodb_database: str, kind: str, end: str
):
    """Typed, filtered, in lists and in their items, by both executors; and a tag tells of them."""
    variables = {"wrapped": {"wrapping": ["PAPER"], "since": "2026-01-01T00:00:00Z"}}
    async with (
        sources_of(kind, tmp_path, (mongodb_uri, mongodb_database)) as sources,
        own.asking(tmp_path, **sources) as gateway,
    ):
        data = await gateway.data(QUERY + end, variables)
    tag = data["customer"].pop("tag")
    expected = deepcopy(ANSWER)
    if kind == "presets":  # items have no properties there
        expected["orders"]["nodes"][-1]["items"][0]["engraving"] = None
    assert data["customer"] == expected
    assert (tag["value"], tag["label"]) == ("HEAVY", "Heavy parcels")
    assert tag["evidence"] == [{"name": "carts", "value": 19.9}, {"name": "packed_weight", "value": 1.75}]


def test_the_schema_of_these_settings_has_them_alone():
    """They are typed and described, their classes stay ours; the schema without them is as it was."""
    document = {"fields": own.FIELDS, "sources": {"shop": {"kind": "sql"}}}
    declared = tuple(parse_settings(document).fields.declared())
    kinds: Any = build_schema(schema_with(declared).sdl()).type_map
    customer = {name: str(field.type) for name, field in kinds["Customer"].fields.items() if name.startswith("club")}
    assert customer == {
        "clubName": "String",
        "clubTier": "CustomerClubTier",
        "clubSpend": "Money",
        "clubVip": "Boolean",
        "clubVisits": "Int",
        "clubScore": "Quantity",
        "clubSince": "DateTime",
        "clubHobbies": "[String!]",
    }
    assert [*kinds["CustomerClubTier"].values] == ["GOLD", "SILVER", "UNKNOWN"]
    assert str(kinds["Order"].fields["wrapping"].type) == "OrderWrapping!"
    assert str(kinds["OrderFilter"].fields["wrapping"].type) == "[OrderWrapping!]"
    assert str(kinds["OrderFilter"].fields["giftNote"].type) == "[String!]"
    assert "packedWeight" not in kinds["OrderFilter"].fields
    assert kinds["OrderItem"].fields["engraving"].description == "The text on it."
    assert not {"clubTier", "engraving", "cartValue"} & {*sdl().split()}


MISTAKES = """
[fields.customer.rank_a]
type = "strnig"
description = "a"
class = "behavioural"

[fields.customer.rank_b]
type = "string"
class = "behavioural"

[fields.customer.rank_c]
type = "string"
description = "c"

[fields.customer.rank_d]
type = "enum"
description = "d"
class = "behavioural"

[fields.customer.rank_e]
type = "int"
description = "e"
class = "behaviour"

[fields.customer.rankF]
type = "int"
description = "f"
class = "behavioural"

[fields.customer.email]
type = "string"
description = "g"
class = "contact"

[fields.order.items]
type = "list"
description = "h"
class = "commercial"

[fields.ticket.rank_i]
type = "enum"
values = ["low", "HIGH", "HIGH"]
description = "i"
class = "behavioural"

[fields.visit.rank_j]
type = "int"
description = "j"
class = "behavioural"

[fields.event.rank_k]
type = "string"
values = ["A"]
description = "k"
class = "behavioural"
unit = "kg"

[fields.customer.orders]
type = "int"
description = "l"
class = "behavioural"

[fields.order.since]
type = "string"
description = "m"
class = "behavioural"

[fields.customer.record]
type = "enum"
values = ["GOOD"]
description = "n"
class = "behavioural"

[fields.event.type]
type = "string"
description = "o"
class = "behavioural"

[fields.item.class]
type = "string"
description = "p"
class = "behavioural"

[fields.deal.record_type]
type = "string"
description = "q"
class = "behavioural"

[fields.deal.rank_1]
type = "string"
description = "r"
class = "behavioural"

[fields.deal.rank1]
type = "int"
description = "s"
class = "behavioural"

[sources.shop]
kind = "sql"
url = "sqlite+aiosqlite:///shop.db"
[sources.shop.records.customer]
query = "SELECT id FROM c"
keys = { customer_id = "id" }
"""

TOLD = """\
3:1: fields.customer.rank_a.type: must be one of string, int, decimal, boolean, datetime, money, enum, list; did you
  mean 'string'?
7:1: fields.customer.rank_b.description: is missing; add it
11:1: fields.customer.rank_c.class: is missing; add it
15:1: fields.customer.rank_d.values: an enum needs its values; list them
23:1: fields.customer.rank_e.class: must be one of identifying, contact, personal, free_text, behavioural, commercial,
  technical; did you mean 'behavioural'?
25:1: fields.customer.rankF: is no name of a field; write small letters and digits with _ between words, such as
  loyalty_tier
30:1: fields.customer.email: is there already; choose another name
35:1: fields.order.items: is there already; choose another name
42:11: fields.ticket.rank_i.values.0: is no value of an enum; write capital letters, digits and _, such as GOLD
46:1: fields.visit: is no setting; remove it, or correct its name
53:1: fields.event.rank_k.values: these belong to an enum; remove them, or set type to enum
56:1: fields.event.rank_k.unit: is no setting; remove it, or correct its name
58:1: fields.customer.orders: `orders` is in the schema already; choose another name
63:1: fields.order.since: `since` is in the schema already; choose another name
68:1: fields.customer.record: `CustomerRecord` is in the schema already; choose another name
74:1: fields.event.type: is there already; choose another name
79:1: fields.item.class: is reserved; choose another name, such as item_class
84:1: fields.deal.record_type: is reserved; choose another name, such as deal_record_type
94:1: fields.deal.rank1: is `rank1` in answers, as `rank_1` is; choose another name
"""


def test_mistakes_are_told_at_once_with_line_and_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One line for each, by `check`, where it stands."""
    path = tmp_path / "gateway.toml"
    path.write_text(MISTAKES, "utf-8")
    with pytest.raises(SystemExit) as ended:
        app(["check", "--config", str(path)])
    assert ended.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gateway.toml:") and ": fields." in line]
    assert "".join(line.removeprefix("gateway.toml:") + "\n" for line in lines) == TOLD.replace("\n  ", " ")
