"""Facts that no source can give are told as warnings, by file and line, with what to do; and no others."""

from pathlib import Path

import pytest

from connectors.contract import KeyKind
from connectors.records import Order
from connectors.testing import MemoryConnector
from gateway.check.command import check
from gateway.check.data_checks import check_data
from gateway.check.sampler import Sampler
from gateway.clock import Clock
from gateway.tags.pack import load_pack
from tests.support.shop import at

PACK = """\
defaults: {{owner: shop, category: VALUE, ttl: 6h, version: 1, review: 2999-12-31}}
facts:
  own: {{label: Own,
    record: {record},
    {condition}
    measure: {measure}}}
tags:
  tag: {{label: Tag, description: A., words: W., expression: "own == own ? string(own) : null"}}
"""
SETTINGS = """\
[tags]
file = "tags.yaml"
"""
SOURCE = """\
[sources.{name}]
kind = "files"
path = "{path}"
[sources.{name}.records.order]
query = "SELECT {columns} FROM 'orders.csv'"
keys = {{ customer_id = "customer_id" }}
"""
PLAIN = "id, customer_id, placed_at"
TOTAL = f"{PLAIN}, 5 AS total_amount, 'EUR' AS total_currency, 'SHIPPED' AS status"
SPEND = "sum, field: total, currency: EUR"


async def warnings(folder: Path, measure: str, *columns: str, record: str = "order", condition: str = "") -> list[str]:
    """Check sources of orders, the first of which is `shop`."""
    (folder / "orders.csv").write_text("id,customer_id,placed_at\n1,c1,2026-01-01T00:00:00Z\n", "utf-8")
    (folder / "tags.yaml").write_text(PACK.format(record=record, measure=measure, condition=condition), "utf-8")
    blocks = [SOURCE.format(name=name, columns=own, path=folder) for name, own in zip(("shop", "till"), columns, strict=False)]
    (folder / "gateway.toml").write_text(SETTINGS + "".join(blocks), "utf-8")
    found = await check(folder / "gateway.toml", environment={})
    assert list(map(str, found.report.problems)) == []
    return list(map(str, found.report.warnings))


NEVER, ALL = "so 'own' can never be known", "so nothing is left out of 'own' there"
DELETE = "delete the fact"
WHERE, EXCEPT = "where: {status: [SHIPPED]},", "except: {status: [SHIPPED]},"


@pytest.mark.parametrize(
    ("measure", "condition", "columns", "place", "message", "fix"),
    [
        (SPEND, "", [PLAIN], "6: facts.own.field", f"no source gives order.total, {NEVER}", DELETE),
        (SPEND, "", [PLAIN, TOTAL], "6: facts.own.field", "shop does not give order.total, so 'own' is known in part", DELETE),
        ("count", WHERE, [PLAIN], "5: facts.own.where.status", f"no source gives order.status, {NEVER}", DELETE),
        (
            "count",
            EXCEPT,
            [PLAIN],
            "5: facts.own.except.status",
            f"no source gives order.status, {ALL}",
            "remove the condition",
        ),
    ],
)
async def test_a_field_that_a_source_does_not_give(
    tmp_path: Path, measure: str, condition: str, columns: list[str], place: str, message: str, fix: str
) -> None:
    """By all sources of the records, and by some of them."""
    expected = f"tags.yaml:{place}: {message}; give it in sources.shop.records.order, or {fix}"
    assert await warnings(tmp_path, measure, *columns, condition=condition) == [expected]


@pytest.mark.parametrize(("measure", "condition"), [(SPEND, ""), ("count", WHERE), ("count", EXCEPT), ("count", "")])
async def test_nothing_is_told_of_what_is_given(tmp_path: Path, measure: str, condition: str) -> None:
    """By one source or by two."""
    assert await warnings(tmp_path, measure, TOTAL, condition=condition) == []
    assert await warnings(tmp_path, measure, TOTAL, TOTAL, condition=condition) == []


async def test_records_that_no_source_has(tmp_path: Path) -> None:
    """A warning and no problem: a file of tags goes with sources of any kind."""
    place, fix = "tags.yaml:4: facts.own.record", "add a source of them, or delete the fact"
    told = f"{place}: no source has ticket records, so 'own' can never be known; {fix}"
    assert await warnings(tmp_path, "count", PLAIN, record="ticket") == [told]


async def test_nothing_is_told_of_fields_while_a_source_is_wrong(tmp_path: Path) -> None:
    """It may have what the fact needs, once it is mended."""
    await warnings(tmp_path, SPEND, PLAIN)
    settings = (tmp_path / "gateway.toml").read_text("utf-8")
    (tmp_path / "gateway.toml").write_text(settings + SOURCE.format(name="till", columns="nothing", path=tmp_path), "utf-8")
    found = await check(tmp_path / "gateway.toml", environment={})
    assert [own.path for own in found.report.problems] == ["sources.till.records.order.query"]
    assert [str(own) for own in found.report.warnings if "no source gives" in own.message] == []


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (4, []),
        (
            5,
            ["none of 5 sampled records has order.total, so 'own' says nothing of their customers"],
        ),
    ],
)
async def test_a_field_that_no_sampled_record_has(tmp_path: Path, count: int, expected: list[str]) -> None:
    """What a source may give by its settings is looked for in its records, if these are enough."""
    orders = {f"c{number}": [Order(id=f"o{number}", placed_at=at(number + 1))] for number in range(count)}
    source = MemoryConnector("shop", {(Order, KeyKind.CUSTOMER_ID): orders})
    (tmp_path / "tags.yaml").write_text(PACK.format(record="order", measure=SPEND, condition=""), "utf-8")
    found = await check_data([source], load_pack(tmp_path / "tags.yaml"), "tags.yaml", Sampler(Clock(), 100))
    told = [own.message for own in found.warnings if (own.file, own.path) == ("tags.yaml", "facts.own.field")]
    assert told == expected
