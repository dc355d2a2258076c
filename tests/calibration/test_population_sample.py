"""A sample of bounded size."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import isnan
from pathlib import Path

import msgspec
import numpy as np
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.calibration.calibration_plan import Column, plan_calibration
from gateway.calibration.calibration_run import find_calibration
from gateway.calibration.population_sample import (
    UNKNOWN,
    PopulationSample,
    PopulationUnreadableError,
    fill_sample,
    number_of,
)
from gateway.calibration.score_figures import FiguresFinder
from gateway.tags.computed_tag import NOT_GIVEN, FactValue
from gateway.tags.pack import load_pack
from tests.support import shop
from tests.support.drawn_shop import TAGS
from tests.support.known_people import knowing, person
from tests.support.tag_shop import services_on

COLUMNS = [Column("orders", datetime(2026, 6, 30, tzinfo=UTC))]


def sample_of(ids: list[int], room: int) -> PopulationSample:
    sample = PopulationSample(COLUMNS, room)
    for id_ in ids:
        sample.add_row(f"c{id_}", [float(id_)])
    return sample


def test_a_sample_has_the_shape_of_the_population():
    """1,000 of 50,000: the mean is near, and who is in it depends on no order."""
    ids = [*range(50_000)]
    sample = sample_of(ids, 1_000)
    assert (len(sample), sample.counts.customers) == (1_000, 50_000)
    assert float(sample.matrix().mean()) == pytest.approx(25_000, rel=0.06)
    assert np.array_equal(sample.matrix(), sample_of(ids[::-1], 1_000).matrix())


def test_a_sample_goes_on_from_its_rows():
    """Half of the customers, then the other half from the written rows: as all at once."""
    first = sample_of([*range(5_000)], 100)
    second = PopulationSample(COLUMNS, 100)
    second.unpack_rows(first.pack_rows())
    for id_ in range(5_000, 10_000):
        second.add_row(f"c{id_}", [float(id_)])
    assert np.array_equal(second.matrix(), sample_of([*range(10_000)], 100).matrix())


def test_an_unknown_fact_is_no_absent_one():
    """A source that is away, a fact without a value, and one that only one source gives."""
    assert number_of(FactValue(name="n", label="N", missing="SOURCE_UNAVAILABLE", partial=True)) == UNKNOWN
    assert isnan(number_of(FactValue(name="n", label="N")))
    assert number_of(FactValue(name="n", label="N", value=3, missing=NOT_GIVEN, partial=True)) == 3.0
    assert number_of(FactValue(name="n", label="N", value=3, partial=True)) == UNKNOWN
    sample = PopulationSample(COLUMNS)
    sample.add_row("a", [UNKNOWN])
    sample.add_row("b", [2.0])
    assert (sample.counts.customers, sample.counts.left_out) == (2, 1)


def buyers(count: int, **fields: object) -> list[MemoryConnector]:
    """A CRM that lists customers, and their orders."""
    people = [person(f"{number:03}", **fields) for number in range(count)]
    orders = {own.id: [msgspec.structs.replace(shop.order(1, own.id, 3), customer_id=own.id)] for own in people}
    crm = knowing("crm", people, by=[KeyKind.CUSTOMER_ID])
    return [crm, MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): orders})]


@pytest.fixture
def tags(tmp_path: Path) -> Path:
    path = tmp_path / "tags.yaml"
    path.write_text(TAGS, "utf-8")
    return path


@pytest.fixture
def marketing_tags(tags: Path) -> Path:
    tags.write_text(TAGS.replace("    label: All\n", "    label: All\n    purposes: [marketing]\n"), "utf-8")
    return tags


async def sampled(
    connectors: list[MemoryConnector], tags: Path, columns: Sequence[Column] = COLUMNS, **words: object
) -> PopulationSample:
    sample = PopulationSample(columns)
    async with services_on(connectors, tags={"file": str(tags)}, **words) as services:
        scored = {key for key, tag in services.tags.pack.tags.items() if tag.score_names}
        await fill_sample(services, sample, 200, lambda _: None, scored)
    return sample


async def test_a_partial_fact_leaves_its_customer_out(tags: Path):
    """A sum without the amounts that have no rate is too low; the notes of the calibration say how many there are."""
    crm, _ = buyers(5)
    orders = {f"{number:03}": [msgspec.structs.replace(shop.order(1, f"{number:03}", 3))] for number in range(5)}
    foreign = r.Money(amount=Decimal(7), currency="CHF")
    orders["003"].append(msgspec.structs.replace(orders["003"][0], id="x", total=foreign))
    connectors = [crm, MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): orders})]
    sample = await sampled(connectors, tags, columns=[*COLUMNS, Column("spend", COLUMNS[0].at)])
    assert (sample.counts.customers, sample.counts.left_out, sample.counts.partial) == (5, 1, 1)
    async with services_on(connectors, tags={"file": str(tags)}) as services:
        plan = plan_calibration(services.tags.pack, datetime(2026, 6, 30, tzinfo=UTC), None)
        found = PopulationSample(plan.columns)
        found.counts = sample.counts
        notes = find_calibration(services, plan, found, None).calibration.notes
    assert [note.partition(",")[0] for note in notes[1:]] == [
        "Of 1 of 5 customers a fact is partial",
        "Of 1 of 5 customers a fact is unknown or partial: a source could not be asked",
    ]


async def test_who_may_not_be_used_for_the_purpose_of_the_tags_is_not_learnt_from(marketing_tags: Path):
    """A tag over scores is for marketing alone: a customer who has not said yes to it is counted, and not sampled."""
    granted = [r.Consent(channel=r.Channel.EMAIL, purpose="marketing", state=r.ConsentState.GRANTED)]
    connectors = buyers(3)
    connectors[0] = knowing("crm", [person("000", consents=granted), person("001"), person("002")], by=[KeyKind.CUSTOMER_ID])
    words = {
        "access": {"anonymous": "one"},
        "callers": {"one": {"purposes": ["marketing"]}},
        "purposes": {"marketing": {"basis": "consent"}},
    }
    sample = await sampled(connectors, marketing_tags, **words)
    assert (len(sample), sample.counts.customers, sample.counts.withheld, sample.counts.listed) == (1, 1, 2, 3)


async def test_a_source_that_is_down_ends_the_walk(tags: Path):
    """A population of those who could be read while it was down is nobody's population."""
    connectors = buyers(30)
    assert len(await sampled(connectors, tags)) == 30
    connectors[1].failure = SourceUnavailableError()
    with pytest.raises(PopulationUnreadableError, match=r"of 30 of 30 customers of a batch orders could not be read"):
        await sampled(connectors, tags)


async def test_a_record_that_no_source_has_leaves_the_fact_unknown(tags: Path):
    """There is nothing to wait for, so the walk goes on, and what reads the fact is refused for want of customers."""
    sample = await sampled(buyers(30)[:1], tags)
    assert (sample.counts.left_out, bool(np.isinf(sample.matrix()).all())) == (30, True)


def test_unknown_facts_leave_customers_out_of_the_scores_that_read_them():
    """300 of 1,000 have an unknown recency, none an unknown count: bands of recency rest on 700."""
    pack = load_pack(Path("tags.yaml"), TAGS)
    plan = plan_calibration(pack, datetime(2026, 6, 30, tzinfo=UTC), None)
    sample = PopulationSample(plan.columns)
    rng = np.random.default_rng(1)
    for number in range(1_000):
        row = {column: float(rng.integers(1, 500)) for column in plan.columns}
        row |= {column: UNKNOWN for column in row if column.fact == "gap" and number < 300}
        sample.add_row(f"c{number}", [row[column] for column in plan.columns])
    finder = FiguresFinder(pack, plan, sample)
    found = {target.name: finder.find(target).customers for target in plan.targets if target.card is None}
    assert (found["r_score"], found["f_score"], found["m_score"]) == (700, 1_000, 1_000)
    assert sample.counts.left_out == 300
