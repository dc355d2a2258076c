"""`check` and the settings of orders that several sources know: what is wrong with them, and where they seem to be missing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.check.command import check
from gateway.check.data_checks import check_data
from gateway.check.sampler import Sampler
from gateway.clock import Clock
from gateway.settings import parse_settings
from gateway.tags.definitions import Pack
from tests.support.gateway_server import settings_for
from tests.support.literal_sources import Build, Row, people, record
from tests.support.sql_shop import sqlite_url

ERP = "sources.erp.records.order"
FIX = "if they are the same orders, join them: [order] priority, with shop and erp"


def orders(numbers: Sequence[str], days: Sequence[int], *, ids: str = "o{}") -> dict[str, Any]:
    """Describe orders of two customers with these numbers, on these days of June."""
    rows: list[Row] = [
        {
            "id": ids.format(place),
            "customer_id": f"c{place % 2}",
            "number": number,
            "placed_at": f"2026-06-{day:02}T10:00:00Z",
        }
        for place, (number, day) in enumerate(zip(numbers, days, strict=True))
    ]
    return {"order": record(rows)}


async def warnings(build: Build, erp: dict[str, Any], joined: Sequence[str] = ()) -> list[str]:
    shop = build("shop", people("c0", "c1") | orders(["N0", "N1", "N2", "N3"], [1, 2, 3, 4]))
    connectors = [shop, build("erp", erp)]
    words = {"order": {"priority": joined}}
    router = create_services(settings_for(connectors, **words), connectors=connectors).router
    no_tags, sampler = Pack(facts={}, tags={}), Sampler(Clock())
    found = await check_data(connectors, no_tags, None, sampler, router.customers, joined=router.orders.rank)
    assert not found.problems
    return [str(own) for own in found.warnings if own.path == ERP and "counted" in own.message]


async def test_orders_of_the_same_numbers_and_days_are_told(build: Build):
    """Two of four are no chance. How many they are is said, and none of their numbers."""
    found = await warnings(build, orders(["N1", "N2", "X", "Y"], [2, 4, 3, 4], ids="e{}"))
    text = "2 of 4 orders have the number or id of one of shop of the same days, so they may be counted twice"
    assert found == [f"{ERP}: {text}; {FIX}"]


@pytest.mark.parametrize(
    ("erp", "joined"),
    [
        (orders(["N1", "N2"], [2, 3], ids="e{}"), ["shop", "erp"]),
        (orders(["N1", "N2"], [12, 13], ids="e{}"), []),
        (orders(["N1", "X"], [2, 3], ids="e{}"), []),
        (orders(["", ""], [2, 3], ids="e{}"), []),
    ],
    ids=["joined", "other days", "one alone", "no numbers"],
)
async def test_what_may_be_chance_or_is_joined_is_no_warning(build: Build, erp: dict[str, Any], joined: Sequence[str]):
    """As are numbers of other days, a single one, and none."""
    assert await warnings(build, erp, joined) == []


async def test_a_source_without_orders_is_told_with_its_line(tmp_path: Path):
    """It is named in `order.priority`, and gives customers alone."""
    config = tmp_path / "gateway.toml"
    url = sqlite_url(tmp_path)
    order = "SELECT '1' AS id, 'c1' AS customer_id, '2026-06-01' AS placed_at"
    lines = [
        *("[order]", 'priority = ["shop", "crm"]', "[sources.crm]", 'kind = "sql"', f'url = "{url}"'),
        *("[sources.crm.records.customer]", "query = \"SELECT 'c1' AS id\"", 'keys = { customer_id = "id" }'),
        *("[sources.shop]", 'kind = "sql"', f'url = "{url}"'),
        *("[sources.shop.records.order]", f'query = "{order}"', 'keys = { customer_id = "customer_id" }'),
    ]
    config.write_text("\n".join(lines))
    problems = (await check(config, environment={})).report.problems
    told = "gateway.toml:2:21: order.priority.1: crm finds no orders; give it records of orders, or leave it out"
    assert [str(problem) for problem in problems] == [told]


SOURCES: dict[str, Any] = {"shop": {"kind": "memory"}, "erp": {"kind": "memory"}, "pos": {"kind": "memory"}}
JOINED = {"priority": ["shop", "erp"]}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown source": ({"order": {"priority": ["shop", "ern"]}}, "order.priority.1: there is no source ern"),
    "a source twice": ({"order": {"priority": ["shop", "shop"]}}, "priority: a source is named twice"),
    "numbers of a source apart": (
        {"order": JOINED | {"same_numbers": ["shop", "pos"]}},
        "same_numbers: pos is not in priority",
    ),
    "numbers of one": (
        {"order": JOINED | {"same_numbers": ["shop"]}},
        "same_numbers: one source has no other to share numbers with",
    ),
    "ids of a source apart": (
        {"order": JOINED, "sources": SOURCES | {"erp": {"kind": "memory", "order_ids_of": "pos"}}},
        "sources.erp.order_ids_of: pos is not in order.priority",
    ),
    "ids of an unknown source": (
        {"order": JOINED, "sources": SOURCES | {"erp": {"kind": "memory", "order_ids_of": "shp"}}},
        "sources.erp.order_ids_of: shp is not in order.priority",
    ),
    "its own ids": (
        {"order": JOINED, "sources": SOURCES | {"erp": {"kind": "memory", "order_ids_of": "erp"}}},
        "sources.erp.order_ids_of: these are its own ids; name another source",
    ),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_fit_together_is_told(changes: dict[str, Any], message: str):
    """Whatever names a source that is not joined, or none."""
    with pytest.raises(ConfigurationError) as refused:
        parse_settings({"sources": SOURCES} | changes)
    assert message in "\n".join(refused.value.problems)
