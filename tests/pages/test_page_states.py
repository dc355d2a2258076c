"""Each state of a region looks and reads differently: stale, unavailable, withheld, none, ambiguous, partial, not found."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Ask
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support.browser import CHROMIUM
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import PLAINLY
from tests.support.page_shop import CUSTOMER, DONE, page_sources, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]


def asks_for_records(source: MemoryConnector) -> int:
    """Count the calls for records, which are kept; measures are not."""
    return sum(isinstance(call[3], Ask) for call in source.calls)


async def test_loading_has_its_place_and_says_so():
    """Boxes stand there before anything is answered, with nothing in them that could be taken for a value."""
    sources = page_sources()
    late = sources["crm"].hang = asyncio.Event()
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER, "document.querySelectorAll('.box[aria-busy=true]').length >= 10")
        assert await pages.text(".box-tickets .loading") == "Loading"
        before = await pages.page.evaluate("document.querySelector('.box-last-order').getBoundingClientRect().top")
        late.set()
        await pages.until(f"{DONE} && document.querySelector('.order')")
        assert await pages.page.evaluate("document.querySelector('.box-last-order').getBoundingClientRect().top") == before


async def test_unavailable_is_a_row_that_asks_again():
    """The row is in its place and in the timeline, others are shown; asking again asks for what is missing, then waits."""
    sources = page_sources()
    support = sources["support"]
    support.failure = SourceUnavailableError()
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        states = await pages.states()
        assert (states["tickets"], states["timeline"], states["last-order"]) == (["unavailable"], ["unavailable"], [])
        assert await pages.text(".box-tickets .unavailable p") == "support could not be asked: it cannot be reached."
        assert "No open tickets" not in await pages.text(".box-tickets")
        assert "support: not reachable" in await pages.text(".strip")
        orders, asked = len(sources["orders"].calls), len(support.calls)
        await pages.page.click(".box-tickets .again")
        await pages.until("document.querySelector('.box-tickets .again').innerText.startsWith('again in')")
        assert await pages.page.evaluate("document.querySelector('.box-tickets .again').disabled")
        assert len(support.calls) > asked
        assert len(sources["orders"].calls) == orders
        support.failure = None
        # It is the source that rests, so another button that asks for it rests as well.
        assert await pages.page.evaluate("document.querySelector('.strip .again').disabled")
        await pages.page.evaluate("Date.now = (now => () => now() + 10_000)(Date.now)")
        await pages.until("!document.querySelector('.strip .again').disabled")
        await pages.page.click(".strip .again")
        await pages.until(f"{DONE} && document.querySelector('.ticket') && !document.querySelector('.customer .unavailable')")
        assert await pages.text(".ticket h3") == "Where is it?"
        assert "5 sources, now" in await pages.text(".strip")


async def test_figures_without_a_source_are_at_least():
    """Of two sources of orders one is down: what the other has is a least, and is not told as all."""
    sources = page_sources()
    more = MemoryConnector("market", {key: dict(held) for key, held in sources["orders"].records.items()})
    more.failure = SourceUnavailableError()
    async with shown_shop({**sources, "market": more}) as pages:
        await pages.open(CUSTOMER)
        assert "at least €50.00" in await pages.text(".box-spend")
        assert "at least 5 orders" in await pages.text(".box-spend")
        assert (await pages.states())["last-order"] == ["unavailable"]
        assert "market could not be asked" in await pages.text(".box-last-order")


async def test_asking_again_is_past_the_cache(monkeypatch: pytest.MonkeyPatch):
    """A page that is loaded anew shows what is kept; who asks again has what the sources have now."""
    monkeypatch.setattr("gateway.http.cache_control.FLOOR_S", 0.0)
    sources = page_sources()
    more = MemoryConnector("market", {key: dict(held) for key, held in sources["orders"].records.items()})
    more.failure = SourceUnavailableError()
    called = {**PLAINLY, "cache_s": {"order": 3600}}
    async with shown_shop({**sources, "market": more}, called=called) as pages:
        await pages.open(CUSTOMER)
        asked = asks_for_records(sources["orders"])
        await pages.open(CUSTOMER)
        assert asks_for_records(sources["orders"]) == asked
        more.failure = None
        await pages.page.click(".box-last-order .again")
        await pages.until("!document.querySelector('.box-last-order .unavailable')")
        assert asks_for_records(sources["orders"]) > asked


async def test_stale_says_since_when():
    """What was kept is shown with the clock of its answer, and can be asked for again."""
    sources = page_sources()
    called = {**PLAINLY, "stale_s": {"order": 3600}}
    async with shown_shop(sources, called=called) as pages:
        await pages.open(CUSTOMER)
        assert (await pages.states())["last-order"] == []
        sources["orders"].failure = SourceUnavailableError()
        await pages.open(CUSTOMER)
        assert (await pages.states())["last-order"] == ["stale"]
        assert (await pages.text(".box-last-order .stale")).startswith("as of ")
        assert "#5" in await pages.text(".box-last-order")
        assert "orders: " in await pages.text(".strip .pill")


async def test_none_is_a_sentence_with_whom_was_asked():
    """A customer without tickets and without subscriptions."""
    async with shown_shop() as pages:
        await pages.open("/c/crm:c2")
        assert (await pages.states())["tickets"] == ["none"]
        assert (await pages.text(".box-tickets .none")).strip() == "No open tickets in support, asked now."


async def test_a_tag_without_a_source_is_an_outline():
    """Its rule could not see everything, which the chip says with a word and a dashed border."""
    sources = page_sources()
    sources["orders"].failure = SourceUnavailableError()
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        assert "partial" in (await pages.states())["tags"]
        style = "getComputedStyle(document.querySelector('.tag.partial')).borderTopStyle"
        assert await pages.page.evaluate(style) == "dashed"
        assert "(partial)" in await pages.text(".tag.partial")


async def test_withheld_is_a_lock_of_one_width(tmp_path: Path):
    """Where there is a value and where there is none it looks the same, and no canary is in the page or its store."""
    callers: dict[str, Any] = {"desk": {"sees": {"identifying": "shown", "behavioural": "shown", "commercial": "shown"}}}
    keys, access = await keys_in(tmp_path, callers)
    async with shown_shop(access=access, callers=callers, pages={"secret": "s" * 32}) as pages:
        await pages.page.call("Network.enable")
        await pages.page.call("Network.setExtraHTTPHeaders", headers={"authorization": f"Bearer {keys['desk']}"})
        shown = []
        for customer in ("c1", "c2"):
            await pages.open(f"/c/crm:{customer}")
            assert (await pages.states())["contacts"] == ["withheld"]
            widths = "[...document.querySelectorAll('.withheld')].map(each => each.offsetWidth)"
            shown.append(set(await pages.page.evaluate(widths)))
            everything = "document.documentElement.outerHTML + JSON.stringify([{...localStorage}, {...sessionStorage}])"
            told = await pages.page.evaluate(everything)
            assert [canary for canary in ("Ana", "ana@", "55119", "李娜", "li@") if canary in told] == []
        assert shown[0] == shown[1]
        assert len(shown[0]) == 1
        assert "not for your purpose" in await pages.text(".withheld")


async def test_a_key_of_two_customers_shows_both():
    """Two have an order of this number: nobody's profile is behind the cards, and each leads to one."""
    async with shown_shop() as pages:
        await pages.open("/c/%231", "document.querySelectorAll('[data-state=ambiguous] .cards a').length === 2")
        cards = await pages.page.evaluate("[...document.querySelectorAll('.cards a')].map(each => each.getAttribute('href'))")
        assert sorted(cards) == ["/c/crm:c1", "/c/crm:c2"]
        assert not await pages.page.evaluate("!!document.querySelector('.box')")
        await pages.page.click(".cards li:first-child a")
        await pages.until(DONE)


async def test_any_id_of_a_record_leads_to_its_customer():
    """That of an order and that of a ticket: the address becomes the customer's."""
    async with shown_shop() as pages:
        for record in ("orders:oc13", "support:t2"):
            await pages.open(f"/c/{record}")
            assert await pages.page.evaluate("location.pathname") == CUSTOMER


async def test_not_found_says_what_was_tried():
    """With a source down it is not said that nobody has the id."""
    sources = page_sources()
    async with shown_shop(sources) as pages:
        await pages.open("/c/crm:c99", "document.querySelector('[data-state=not-found]')")
        assert await pages.text("h1") == "Nobody has this id"
        sources["orders"].failure = SourceUnavailableError()
        await pages.open("/c/crm:c99", "document.querySelector('[data-state=not-found]')")
        assert await pages.text("h1") == "Not found, and not everything could be asked"
        assert "Could not be asked: orders" in await pages.text(".lost")


BUSY = """(() => { const fetch = window.fetch, turns = window.turns = {};
    window.fetch = async (url, init) => {
        const turn = turns[init.body] = (turns[init.body] ?? 0) + 1;
        if (turn > %d) return fetch(url, init);
        return new Response('{"errors": [{"message": "busy", "extensions": {"code": "OVERLOADED"}}]}',
            { status: 503, headers: { "retry-after": "0", "content-type": "application/json" } });
    }; })()"""


@pytest.mark.parametrize("refusals", [2, 9])
async def test_a_busy_gateway_is_asked_again(refusals: int):
    """Twice, when it says so; who is refused then is told that."""
    async with shown_shop() as pages:
        await pages.page.call("Page.enable")
        await pages.page.call("Page.addScriptToEvaluateOnNewDocument", source=BUSY % refusals)
        await pages.open(CUSTOMER, DONE if refusals == 2 else "document.querySelector('[role=alert] button')")
        if refusals == 2:
            assert (await pages.states())["tickets"] == []
        turns = await pages.page.evaluate("Object.values(window.turns)")
    assert {*turns} == {3}


QUOTA = """(() => { const fetch = window.fetch;
    window.fetch = async (url, init) => !init?.body?.includes('query Commerce') ? fetch(url, init) :
        new Response('{"errors": [{"message": "too much", "extensions": {"code": "QUOTA_EXCEEDED"}}]}',
            { status: 429, headers: { "content-type": "application/json" } }); })()"""


async def test_what_the_gateway_refuses_is_not_laid_at_a_source():
    """Of one document that is over the quota each box says so, and the strip does not say that all is well."""
    async with shown_shop() as pages:
        await pages.page.call("Page.enable")
        await pages.page.call("Page.addScriptToEvaluateOnNewDocument", source=QUOTA)
        await pages.open(CUSTOMER)
        assert (await pages.text(".box-spend .unavailable p")).startswith("The gateway did not answer this: ")
        assert (await pages.states())["last-order"] == ["unavailable"]
        strip = await pages.text(".strip")
    assert "not all was answered" in strip
    assert "sources, now" not in strip
