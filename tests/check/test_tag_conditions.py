"""Conditions of tags whose words no sampled record has are told, and no others."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from connectors.contract import Condition, KeyKind, Lookup, MeasureOp
from connectors.records import Event
from connectors.testing import MemoryConnector
from gateway.check.data_checks import check_data
from gateway.check.sampler import Sampler
from gateway.check.tag_conditions import conditions_of
from gateway.clock import Clock
from gateway.tags.pack import load_pack
from tests.support.fact_values import fact
from tests.support.literal_sources import Build, people, record
from tests.support.shop import at

TAG = """
facts:
  views:
    label: Views
    record: event
    measure: count
    {condition}
tags:
  viewer:
    label: Viewer
    description: Looks at pages.
    owner: Web
    category: BEHAVIOUR
    ttl: 1h
    version: 1
    words: Whoever has looked.
    expression: "views > 0 ? 'YES' : null"
"""
TYPES = ["page_view"] * 6 + ["checkout"] * 4
COMMON = "most common: 'page_view' (6), 'checkout' (4)"


def told(value: str, fix: str = COMMON, setting: str = "where") -> list[str]:
    return [f"tags.yaml: facts.views.{setting}.type: none of 10 sampled values of type of event records is '{value}'; {fix}"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("where: {type: [page_view]}", []),
        ("where: {type: [pageview]}", told("pageview", f"did you mean 'page_view'? {COMMON}")),
        ("where: {type: [page_view, chekout]}", told("chekout", f"did you mean 'checkout'? {COMMON}")),
        ("where: {type: [opened]}", told("opened")),
        ("where: {type: [page_view, opened]}", []),
        ("except: {type: [Checkout]}", told("Checkout", f"did you mean 'checkout'? {COMMON}", "except")),
        ("except: {type: [bot]}", []),
        ("where: {page: [/start]}", []),
        ("where: {session_id: [abc]}", []),
    ],
)
async def test_a_word_that_no_record_has_is_told(build: Build, tmp_path: Path, condition: str, expected: list[str]) -> None:
    """A word much like another is doubtful, and one that leaves its condition without any. Personal fields are left alone."""
    rows = [
        {
            "id": f"e{number}",
            "customer_id": f"c{number % 2}",
            "at": f"2026-06-01T10:00:0{number}Z",
            "type": type_,
            "page": "/",
            "session_id": "s",
        }
        for number, type_ in enumerate(TYPES)
    ]
    assert await warnings(build, tmp_path, condition, rows) == expected


def test_conditions_on_parts_and_of_shares_are_looked_at_too() -> None:
    """Each with the setting that it stands in."""
    conditions = [Condition(field=name, values=("x",), negated=name == "b") for name in "abcd"]
    where, part_where, share_of = conditions[:2], conditions[2:3], conditions[3:]
    asked = fact(MeasureOp.COUNT, where=tuple(where), part_where=tuple(part_where), share_of=tuple(share_of))
    assert [*conditions_of(asked)] == [*zip(("where", "except", "parts", "share_of"), conditions, strict=True)]


async def test_a_word_beyond_the_sample_is_asked_for(build: Build, tmp_path: Path) -> None:
    """The sampled keys find more records than are read: a word in one of these is none to be told."""
    rows = [
        {"id": f"e{number}", "customer_id": f"c{number // 10}", "at": "2026-06-01T10:00:00Z", "type": "page_view"}
        for number in range(21)
    ]
    rows[1]["type"] = "opened"
    condition = "where: {type: [opened]}"
    assert await warnings(build, tmp_path, condition, rows, sampled=9) == []
    rows[1]["type"] = "closed"
    assert len(await warnings(build, tmp_path, condition, rows, sampled=21)) == 1


class _Unlisted(MemoryConnector):
    """Lists no keys, as an API."""

    def lookups(self) -> Sequence[Lookup]:
        return [msgspec.structs.replace(lookup, sample=None) for lookup in super().lookups()]


@pytest.mark.parametrize(("kind", "count"), [(MemoryConnector, 1), (_Unlisted, 0)])
async def test_nothing_is_told_where_a_source_cannot_be_sampled(
    tmp_path: Path, kind: type[MemoryConnector], count: int
) -> None:
    """What is in it cannot be known."""
    path = tmp_path / "tags.yaml"
    path.write_text(TAG.format(condition="where: {type: [nothing]}"))
    events = [Event(id=f"e{number}", at=at(number), type="page_view") for number in range(1, 9)]
    source = kind("web", {(Event, KeyKind.CUSTOMER_ID): {"c1": events}})
    found = await check_data([source], load_pack(path), path.name, Sampler(Clock()))
    assert len(found.warnings) == count


async def warnings(build: Build, folder: Path, condition: str, rows: list[dict[str, str]], sampled: int = 100) -> list[str]:
    path = folder / "tags.yaml"
    path.write_text(TAG.format(condition=condition))
    sources = [build("crm", people("c0", "c1", "c2")), build("web", {"event": record(rows)})]
    found = await check_data(sources, load_pack(path), path.name, Sampler(Clock(), sampled))
    assert found.problems == []
    return [str(own) for own in found.warnings]
