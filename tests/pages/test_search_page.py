"""The box: it finds, opens, keeps what is typed out of addresses, and says what it could not ask."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from tests.erasure.erased_people import ERASE, OPERATOR, SETTINGS, any_driver, people
from tests.support.browser import CHROMIUM
from tests.support.page_shop import DONE, Pages, page_sources, shown_demo, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

BOX = "document.activeElement?.getAttribute('role') === 'combobox'"
FOUND = "document.querySelectorAll('.finder-page [role=option]').length"


async def find(pages: Pages, text: str, until: str) -> None:
    await pages.open("/", BOX)
    await pages.page.type_text(text)
    await pages.until(until)


async def test_words_as_they_are_said_find_a_customer(tmp_path: Path):
    """Turned round and misspelled; the words are marked, arrows and Enter open the page, and / leads back to the box."""
    async with shown_demo(tmp_path) as pages:
        await find(pages, "clrake emma", f"{FOUND} >= 1 && document.querySelector('.candidate .alert')")
        assert await pages.text(".candidate strong") == "Emma Clarke"
        marked = "[...document.querySelectorAll('.candidate strong')[0].querySelectorAll('mark')].map(each => each.innerText)"
        assert await pages.page.evaluate(marked) == ["Emma", "Clarke"]
        assert "similar" in await pages.text(".match")
        assert await pages.text(".candidate-lately") == "1 open ticket\nordered 5 days ago"
        await pages.page.press("ArrowDown", "ArrowUp", "Enter")
        await pages.until(DONE)
        assert await pages.page.evaluate("location.pathname") == "/c/crm:c00001"
        await pages.page.press("/")
        assert await pages.page.evaluate(BOX)
        await pages.page.type_text("c00002")
        await pages.until("document.querySelector('.finder-bar .match.exact')")
        await pages.page.press("Escape")
        assert await pages.page.evaluate("document.querySelector('.finder-bar input').value") == ""
        assert pages.page.problems == []


async def test_a_candidate_is_a_link(tmp_path: Path):
    """The middle of the mouse opens it in another tab and leaves the box as it is. A click opens it here, and loads nothing."""
    async with shown_demo(tmp_path) as pages:
        await find(pages, "clarke", f"{FOUND} >= 1")
        there = f"{pages.address}/c/crm:c00001"
        assert await pages.page.evaluate("document.querySelector('.finder-page [role=option]').href") == there
        await pages.page.click(".finder-page [role=option]", "middle")
        async with asyncio.timeout(60):
            while there not in await pages.page.tabs():
                await asyncio.sleep(0.05)
        assert await pages.page.evaluate("[location.pathname, document.querySelector('.finder-page input').value]") == [
            "/",
            "clarke",
        ]
        await pages.page.evaluate("window.isSame = true")
        await pages.page.click(".finder-page [role=option]")
        await pages.until(DONE)
        assert await pages.page.evaluate("[location.href, window.isSame]") == [there, True]


@pytest.mark.parametrize("call", ["#email=ana@example.com", "#order=oc11", "#ticket=T-2"])
async def test_a_call_opens_its_customer(call: str):
    """One exact match is opened; what the telephone said is in no address, no history and no request line."""
    async with shown_shop() as pages:
        await pages.open(f"/{call}", DONE)
        shown = (
            "[location.href, document.title, document.referrer, ...performance.getEntriesByType('resource').map(e => e.name)]"
        )
        told = await pages.page.evaluate(shown)
        assert told[0] == f"{pages.address}/c/crm:c1"
        assert [each for each in told if "ana" in each or "oc11" in each or "T-2" in each] == []


async def test_a_call_of_two_customers_opens_none():
    """A telephone that two share shows both, with what was dialled in the box."""
    async with shown_shop() as pages:
        await pages.open("/#phone=%2B5511912345678", f"{FOUND} === 2")
        assert await pages.page.evaluate("location.href") == f"{pages.address}/"
        assert await pages.page.evaluate("document.querySelector('.finder-page input').value") == "+5511912345678"
        assert await pages.page.evaluate("document.querySelectorAll('.match.exact').length") == 2


async def test_nobody_is_in_the_system_only_where_all_were_asked():
    """With a source down, or one that looks for no words, it is said that this does not mean so."""
    sources = page_sources()
    async with shown_shop(sources) as pages:
        sources["crm"].failure = SourceUnavailableError()
        await find(pages, "zoe@example.net", "document.querySelector('.silence-nobody')")
        nobody = await pages.text(".silence")
        assert "Nobody found so far" in nobody
        assert "Could not be asked: crm" in nobody
        assert "Not in our system." not in nobody
        sources["crm"].failure = None
        await find(pages, "zoe@example.net", "document.querySelector('.silence-nobody')")
        assert await pages.text(".silence-nobody")
        await find(pages, "x", "document.querySelector('.finder-result .note')")
        assert "One more letter" in await pages.text(".finder-result")


async def test_a_call_opens_nobody_while_another_may_have_the_number():
    """Of two who share it one is away: the one that is found is shown with what could not be asked."""
    sources = page_sources()
    by_email = r.Customer, KeyKind.EMAIL
    other = MemoryConnector("market", {by_email: dict(sources["crm"].records[by_email])})
    other.failure = SourceUnavailableError()
    async with shown_shop({**sources, "market": other}) as pages:
        await pages.open("/#email=ana@example.com", f"{FOUND} === 1 && document.querySelector('.silence .note')")
        assert await pages.page.evaluate("location.pathname") == "/"
        assert "Could not be asked: market" in await pages.text(".silence")
        await pages.page.press("Enter")
        await pages.until(f"location.pathname === '/c/crm:c1' && {DONE}")


async def test_a_plus_in_an_address_is_kept_and_typing_opens_nobody():
    """A telephone system that writes it plainly means it; and what an agent then types is no call."""
    async with shown_shop() as pages:
        await pages.open("/#email=ana+x@example.com", "document.querySelector('.finder-page input')?.value")
        assert await pages.page.evaluate("document.querySelector('.finder-page input').value") == "ana+x@example.com"
    sources = page_sources()
    async with shown_shop(sources) as pages:
        late = sources["crm"].hang = asyncio.Event()
        await pages.open("/#email=nobody@example.com", BOX)
        await pages.page.evaluate("document.querySelector('.finder-page input').select()")
        await pages.page.type_text("ana@example.com")
        late.set()
        await pages.until(f"{FOUND} === 1 && document.querySelector('.match.exact')")
        assert await pages.page.evaluate("location.pathname") == "/"


async def test_what_was_said_of_other_words_is_taken_back():
    """While longer words are looked for, nothing says that they are not in the system."""
    sources = page_sources()
    async with shown_shop(sources) as pages:
        await find(pages, "zz@example.net", "document.querySelector('.silence-nobody')")
        sources["crm"].hang = asyncio.Event()
        await pages.page.type_text("x")
        await pages.until("document.querySelector('.spinner:not(.idle)')")
        assert not await pages.page.evaluate("!!document.querySelector('.silence-nobody')")
        sources["crm"].hang.set()
        await pages.until("document.querySelector('.silence-nobody')")


async def test_a_last_order_is_told_only_where_all_were_asked():
    """One source of orders is away: the newest of the other may not be the last."""
    sources = page_sources()
    more = MemoryConnector("market", {key: dict(held) for key, held in sources["orders"].records.items()})
    more.failure = SourceUnavailableError()
    sources["support"].failure = SourceUnavailableError()
    async with shown_shop({**sources, "market": more}) as pages:
        await find(pages, "ana@example.com", "document.querySelector('.candidate-lately')?.innerText")
        assert await pages.text(".candidate-lately") == "open tickets not known\nlast order not known"


async def test_what_was_not_looked_for_opens_in_the_bar(tmp_path: Path):
    """The list stays when it is pressed, which takes the focus out of the box."""
    async with shown_demo(tmp_path) as pages:
        await pages.open("/c/crm:c00002")
        await pages.page.press("/")
        await pages.page.type_text("emma clarke")
        await pages.until("document.querySelector('.finder-bar .candidate-lately')?.innerText")
        await pages.page.click(".finder-bar summary")
        await pages.until("document.querySelector('.finder-bar details').open")
        assert await pages.page.evaluate("document.querySelector('.finder-bar summary').checkVisibility()")


async def test_recent_customers_are_kept_as_ids_alone(tmp_path: Path):
    """Their names are asked for again; who is not there any more is forgotten."""
    sources = page_sources()
    async with shown_shop(sources) as pages:
        for customer in ("c1", "c2"):
            await pages.open(f"/c/crm:{customer}")
        await pages.open("/", "document.querySelectorAll('.recent a').length === 2")
        assert await pages.text(".recent ul") != ""
        kept = "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])"
        assert await pages.page.evaluate(kept) == '[[["gateway.recent:|","[\\"crm:c2\\",\\"crm:c1\\"]"]],[]]'
        for held in sources["crm"].records.values():
            for key, records in [*held.items()]:
                held[key] = [record for record in records if record.id != "c2"]  # type: ignore[index]
        await pages.open("/", "document.querySelectorAll('.recent a').length === 1")
        await pages.until("localStorage.getItem('gateway.recent:|') === '[\"crm:c1\"]'")


@any_driver
@pytest.mark.mongodb
async def test_an_erased_customer_is_forgotten(mongodb_settings: MongoSettings):
    """In the list of recent customers and in what the browser keeps; the page says that they were erased."""
    words = {"mongodb": mongodb_settings.model_dump(), "clock": None, **SETTINGS}
    sources = {source.name: source for source in people()}
    async with shown_shop(sources, **words) as pages, httpx2.AsyncClient(base_url=pages.address, timeout=90) as client:
        await pages.open("/c/crm:7")
        await pages.open("/", "document.querySelectorAll('.recent a').length === 1")
        body = {"query": ERASE, "variables": {"id": "crm:7"}}
        answer = (await client.post("/graphql", json=body, headers=OPERATOR)).json()
        assert "errors" not in answer, answer
        await pages.open("/", f"{BOX} && localStorage.getItem('gateway.recent:|') === null")
        assert await pages.page.evaluate("document.querySelectorAll('.recent a').length") == 0
        await pages.open("/c/crm:7", "document.querySelector('[data-state=erased]')")
        shown = await pages.page.evaluate("document.documentElement.outerHTML")
    assert "Ana" not in shown
