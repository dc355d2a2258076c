"""What several sources and several keys of one customer come to: lists, figures, tags, and what is said about them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import Ask, KeyKind, Measure, MeasureOp, Page, Push
from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.lookups.outcome import Found
from gateway.stitching.measurement import MeasureRequest
from gateway.stitching.measurements import MAX_RECORDS, measure_customers
from gateway.stitching.selection import Selection
from gateway.stitching.source_reports import ContributionReports
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import services_on, stitched

PAGE = '{ customer(by: {id: "c1"}) { orders(first: 2) { totalCount unavailable nodes { id } pageInfo { hasNextPage } } } }'
STATISTICS = '{ customer(by: {id: "c1"}) { orderStatistics { count firstAt partial } } }'
ACTIVITY = """{ customer(by: {id: "c1"}) { tag(key: "activity") { value partial evidence { name value partial missing } } } }"""
JUNE_3, JUNE_4 = (shop.at(day, 0) for day in (3, 4))


def holding(name: str, *orders: r.Order, kind: type[MemoryConnector] = MemoryConnector, **words: Any) -> MemoryConnector:
    """A source of orders of the first customer."""
    return kind(name, {(r.Order, KeyKind.CUSTOMER_ID): {"c1": orders}}, **words)


def two(name: str, **words: Any) -> MemoryConnector:
    """A source of two orders."""
    return holding(name, shop.order(1, name, 1), shop.order(2, name, 2), **words)


class Uncounted(MemoryConnector):
    """Promises to count, and does not."""

    def _page(self, record, records, ask):
        return Page(super()._page(record, records, ask).records)


class Spoilt(MemoryConnector):
    """Adds a malformed record to each answer."""

    def _page(self, record, records, ask):
        page = super()._page(record, records, ask)
        return Page(page.records[:-1] + b',{"id":[9]}]', page.total)


async def page_of(*sources: MemoryConnector) -> dict[str, Any]:
    async with gateway_on([shop.crm(), *sources]) as gateway:
        orders: dict[str, Any] = (await gateway.data(PAGE))["customer"]["orders"]
    return orders


async def test_counts_of_all_sources_are_one_total():
    """Two and two are four; that two are left over is said, although neither source has more than the page."""
    assert await page_of(two("a"), two("b")) == {
        "totalCount": 4,
        "unavailable": [],
        "nodes": [{"id": "b:ob2"}, {"id": "a:oa2"}],
        "pageInfo": {"hasNextPage": True},
    }


async def test_a_failed_source_leaves_no_total():
    """What the other one counted is not the number of orders."""
    failed = two("b")
    failed.failure = SourceUnavailableError()
    assert await page_of(two("a"), failed) == {
        "totalCount": None,
        "unavailable": ["b"],
        "nodes": [{"id": "a:oa2"}, {"id": "a:oa1"}],
        "pageInfo": {"hasNextPage": False},
    }


async def test_a_source_that_did_not_count_leaves_no_total():
    """Also when the other one did; the records of both are there."""
    page = await page_of(two("a"), two("b", kind=Uncounted))
    assert (page["totalCount"], len(page["nodes"]), page["unavailable"]) == (None, 2, [])


@pytest.mark.parametrize(("counts", "more"), [((1, 1), False), ((3, 0), True), ((0, 3), True)])
async def test_a_page_is_the_last_when_it_holds_all(counts: Sequence[int], more: bool):
    """One and one fill a page of two; a source that has more by itself says so, although the other has none."""
    page = await page_of(*(holding(name, *shop.ORDERS["c1"][:held]) for name, held in zip("ab", counts, strict=True)))
    assert (page["totalCount"], len(page["nodes"]), page["pageInfo"]) == (sum(counts), 2, {"hasNextPage": more})


@pytest.mark.parametrize(("first", "more"), [(1, True), (2, False)])
async def test_records_of_two_keys_share_a_page(first: int, more: bool):
    """One ticket for each e-mail address: a page of one has a next one, a page of two has not."""
    query = f'{{ customer(by: {{id: "c1"}}) {{ tickets(first: {first}) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }} }}'
    async with gateway_on([shop.crm(), shop.support()]) as gateway:
        tickets = (await gateway.data(query))["customer"]["tickets"]
    assert tickets == {"nodes": [{"id": "support:t2"}, {"id": "support:t1"}][:first], "pageInfo": {"hasNextPage": more}}


@pytest.mark.parametrize(
    ("starts", "asked", "counts"),
    [([JUNE_4, JUNE_3], JUNE_3, (2, 3)), ([JUNE_4, None], None, (2, 5)), ([None, JUNE_4], None, (5, 2))],
)
async def test_records_are_read_back_to_the_earliest_bound(
    starts: Sequence[datetime | None], asked: datetime | None, counts: tuple[int, ...]
):
    """One measure without a window needs all records, and each measure counts in its own window."""
    source = holding("orders", *shop.ORDERS["c1"], measures=False)
    measures = tuple(Measure(op=MeasureOp.COUNT, since=since) for since in starts)
    async with services_on([shop.crm(), source]) as services:
        (customer,) = await stitched(services, "c1")
        (answer,) = await measure_customers(
            [customer], MeasureRequest(record=r.Order, measures=measures, fields=Fields.from_paths("id", "placed_at"))
        )
    ((_, _, _, ask),) = source.calls
    assert isinstance(ask, Ask)
    assert (ask.since, answer.rows) == (asked, [counts])


async def test_figures_of_a_failed_source_are_an_error_and_not_zero():
    """At a source whose records are measured here."""
    failed = two("orders", measures=False)
    failed.failure = SourceUnavailableError()
    async with gateway_on([shop.crm(), failed]) as gateway:
        answer = await gateway.ask(STATISTICS)
    assert answer["data"]["customer"]["orderStatistics"] is None
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["customer", "orderStatistics"], "SOURCE_UNAVAILABLE")
    ]


async def test_figures_are_of_the_sources_that_answered():
    """A failed source adds nothing, and the figures say that they are partial."""
    failed = two("a", measures=False)
    failed.failure = SourceUnavailableError()
    async with gateway_on([shop.crm(), failed, two("b", measures=False)]) as gateway:
        data = await gateway.data(STATISTICS)
    assert data["customer"]["orderStatistics"] == {"count": 2, "firstAt": "2026-06-01T12:00:00Z", "partial": True}


@pytest.mark.parametrize("early", [0, 1])
async def test_figures_are_as_old_as_the_earliest_answer(early: int):
    """Of two sources, whichever answered a second before the other."""
    count, by = Measure(op=MeasureOp.COUNT), KeyKind.CUSTOMER_ID
    clock = HandClock()
    began = clock.now()
    async with services_on([shop.crm(), two("a"), two("b")], clock=clock) as services:
        selection = Selection(fields=Fields.from_paths("id"), stitches=frozenset({r.Order}))
        customer = await services.stitcher().customer(by, "c1", selection)
        assert customer is not None
        asked = [(source, key) for source, kind in customer.configured(r.Order) for key in customer.keys(source, kind)]
        source, key = asked[early]
        await customer.loaders.wait_all([customer.loaders.enqueue(source, source.measures(r.Order, by, (count,)), [key])])
        clock.advance(timedelta(seconds=1))
        question = MeasureRequest(record=r.Order, measures=(count,), fields=Fields.from_paths("id"))
        (answer,) = await measure_customers([customer], question)
    assert (len(asked), len(answer.rows), answer.as_of) == (2, 2, began)


@pytest.mark.parametrize(("held", "partial"), [(MAX_RECORDS, False), (MAX_RECORDS + 1, True)])
async def test_a_tag_over_more_records_than_are_read_is_partial(held: int, partial: bool):
    """At a source that cannot measure: the figure, its fact and the tag say whether orders are left out."""
    source = holding("orders", *(shop.order(number, "c1", 1) for number in range(held)), measures=False)
    async with gateway_on([shop.crm(), source], **shop.PINNED) as gateway:
        tag = (await gateway.data(ACTIVITY))["customer"]["tag"]
    facts = [(fact["value"], fact["partial"], fact["missing"]) for fact in tag["evidence"]]
    assert (tag["value"], tag["partial"], facts) == ("HIGH", partial, [(MAX_RECORDS, partial, None)] * 2)


async def test_a_tag_without_a_dropped_record_is_partial():
    """The malformed order is not counted, and fact and tag say so."""
    async with gateway_on([shop.crm(), two("orders", kind=Spoilt, measures=False)], **shop.PINNED) as gateway:
        tag = (await gateway.data(ACTIVITY))["customer"]["tag"]
    assert (tag["value"], tag["partial"]) == ("MEDIUM", True)
    assert [(fact["value"], fact["partial"]) for fact in tag["evidence"]] == [(2, True)] * 2


async def test_an_id_that_two_customers_have_costs_its_own_place():
    """It is an error with its place in the list and names the candidates; the other customer is given."""
    held = {"c1": [shop.ANA], "shared": [shop.ANA, shop.LI]}
    async with gateway_on([MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): held})]) as gateway:
        answer = await gateway.ask('{ customers(ids: ["shared", "c1"]) { id } }')
    (error,) = answer["errors"]
    assert answer["data"] == {"customers": [None, {"id": "crm:c1"}]}
    assert (error["path"], error["extensions"]["code"]) == (["customers", 0], "AMBIGUOUS_IDENTITY")
    assert error["extensions"]["candidates"] == ["crm:c1", "crm:c2"]


async def test_what_two_fields_read_is_reported_once():
    """Two names for the same orders: one call, one dropped record."""
    source = two("orders", kind=Spoilt)
    async with gateway_on([shop.crm(), source]) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "c1"}) { a: orders { nodes { id } } b: orders { nodes { id } }
            sources { name droppedRecords } } }"""
        )
    assert len(source.calls) == 1
    assert data["customer"]["a"] == data["customer"]["b"] == {"nodes": [{"id": "orders:oorders2"}, {"id": "orders:oorders1"}]}
    assert data["customer"]["sources"][1] == {"name": "orders", "droppedRecords": 1}


@pytest.mark.parametrize("latencies", [(5.0, 30.0, 7.0), (30.0, 7.0, 5.0), (5.0, 7.0, 30.0)])
async def test_a_source_is_as_slow_as_its_slowest_call(latencies: Sequence[float]):
    """Whether that was the first one, one in between or the last."""
    found = [Found(source="orders", as_of=shop.at(1), latency_ms=latency_ms, records=[]) for latency_ms in latencies]
    reports = ContributionReports([(r.Order, found[0])])
    for outcome in found[1:]:
        reports.add(r.Order, outcome)
    assert [report.latency_ms for report in await reports.wait_all()] == [30.0]


@pytest.mark.cases
@pytest.mark.parametrize("reverse", [False, True])
async def test_fields_that_nobody_selected_stay_out(reverse):
    """Of two sources one filters and one has it done for it, whose records hold more; whichever gives the first record."""

    days = (5, 1) if reverse else (1, 5)
    plain = holding("a", shop.order(1, "a", days[0]), pushdown=set(Push) - {Push.WHERE})
    filtering = holding("b", shop.order(5, "b", days[1]))
    query = '{ customer(by: {id: "c1"}) { orders(filter: {status: [DELIVERED]}) { nodes { id placedAt } } } }'
    async with gateway_on([shop.crm(), plain, filtering]) as gateway:
        nodes = (await gateway.data(query))["customer"]["orders"]["nodes"]
    assert sorted(map(tuple, nodes)) == [("id", "placedAt")] * 2
