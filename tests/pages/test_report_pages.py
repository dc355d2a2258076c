"""The pages of figures: sources, tags and segments, each chart with its table, and nothing for who lacks the right."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import SourceTimeoutError, SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support.browser import CHROMIUM
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import PLAINLY, gateway_on
from tests.support.page_shop import Pages, page_sources, shown_shop
from tests.support.paths import ROOT
from tests.tags.test_segments import MINE, PACK, people, until_counted

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

AXE = ROOT / "gateway" / "pages" / "web" / "node_modules" / "axe-core" / "axe.min.js"
READY = "document.querySelector('.report[aria-busy=false]') !== null"
ASK = '{ customer(by: {id: "c1"}) { name orders { nodes { id } } events { nodes { id } } } }'
TABLES = """[...document.querySelectorAll('SELECTOR [data-chart]')].map(chart => [
    chart.dataset.chart,
    (chart.querySelector('caption, figcaption')).innerText.trim(),
    [...chart.querySelectorAll('tbody tr')].map(row => [...row.children].map(cell => cell.textContent.trim())),
])"""


async def tables(pages: Pages, within: str) -> dict[str, tuple[str, list[list[str]]]]:
    """The charts in a part of the page by their titles: the form of each, and the rows of its table."""
    found = await pages.page.evaluate(TABLES.replace("SELECTOR", within))
    return {title: (form, rows) for form, title, rows in found}


async def ask(pages: Pages, text: str) -> Any:
    """Ask the gateway as its pages do."""
    request = {
        "method": "POST",
        "headers": {"content-type": "application/json", "x-csrf": "1"},
        "body": json.dumps({"query": text}),
    }
    return await pages.page.evaluate(f"fetch('/graphql', {json.dumps(request)}).then(answer => answer.json())")


@asynccontextmanager
async def shown_sources(language: str = "en-GB", **words: Any) -> AsyncIterator[Pages]:
    """Pages of sources that were asked, of which one fails and one is slow."""
    sources: dict[str, MemoryConnector] = page_sources()
    async with shown_shop(sources, language, **words) as pages:
        await pages.open("/sources", READY)
        await ask(pages, ASK)
        sources["orders"].failure = SourceUnavailableError()
        sources["behaviour"].failure = SourceTimeoutError()
        await ask(pages, ASK)
        await pages.page.click(".report-head .again")
        await pages.page.until(f"{READY} && document.querySelector('[data-source=orders] [data-chart=shares]') !== null")
        yield pages


async def test_each_source_is_shown_with_its_calls_and_how_they_ended() -> None:
    """By code and by minute, with the process that counted; each chart has its table, lines also a sentence."""
    async with shown_sources() as pages:
        assert "As the process " in await pages.text(".report .note")
        assert await pages.text("[data-source=orders] .health") == "asked"
        charts = await tables(pages, "[data-source=orders]")
        assert charts["How calls ended"] == (
            "shares",
            [["answered", "1", "50%"], ["it cannot be reached (SOURCE_UNAVAILABLE)", "1", "50%"]],
        )
        form, rows = charts["Calls a minute"]
        assert form == "lines"
        assert sum(int(calls) for _, calls, _ in rows) == 2
        assert sum(int(failed) for _, _, failed in rows) == 1
        told = await pages.page.evaluate("document.querySelector('[data-source=orders] [role=img]').getAttribute('aria-label')")
        assert told.startswith("Calls a minute. Calls: ")
        assert "Everything could be read." in await pages.text("[data-source=crm]")
        assert (await tables(pages, "[data-source=behaviour]"))["How calls ended"][1][1][
            0
        ] == "no answer in time (SOURCE_TIMEOUT)"
        assert await pages.page.evaluate("document.querySelector('.pages [aria-current=page]').innerText") == "Sources"
        assert pages.page.problems == []


async def test_a_source_that_is_left_alone_is_told_apart() -> None:
    """By words, not by colour alone."""
    sources = page_sources()
    sources["crm"].failure = SourceUnavailableError()
    called = {**PLAINLY, "breaker": {"min_calls": 1, "failure_rate": 0.5, "pause_s": 600}}
    async with shown_shop(sources, called=called) as pages:
        await pages.open("/sources", READY)
        await ask(pages, ASK)
        await pages.page.click(".report-head .again")
        await pages.page.until("document.querySelector('[data-source=crm] [data-state=PAUSED]') !== null")
        assert (await pages.text("[data-source=crm] .health")).startswith("left alone for ")


@pytest.mark.parametrize(
    ("path", "word"), [("/sources", "callers with operate = true"), ("/tags", "callers with govern = true")]
)
async def test_who_lacks_the_right_is_told_so_and_shown_nothing(path: str, word: str, tmp_path: Path) -> None:
    """No link leads there; who goes there all the same reads which right it is."""
    keys, access = await keys_in(tmp_path, ["desk"])
    async with shown_shop(access=access, callers={"desk": {}}) as pages:
        await pages.page.call("Network.enable")
        await pages.page.call("Network.setExtraHTTPHeaders", headers={"authorization": f"Bearer {keys['desk']}"})
        await pages.open(path, READY)
        assert word in await pages.text(".report [data-state=withheld]")
        assert await pages.page.evaluate("document.querySelectorAll('.pages a, [data-chart]').length") == 0
        assert await pages.page.evaluate("document.querySelectorAll('[data-source]').length") == 0


@asynccontextmanager
async def shown_tags(uri: str, database: str, folder: Path, language: str = "en-GB") -> AsyncIterator[Pages]:
    """Pages of tags and segments that were asked for of six customers."""
    path = folder / "tags.yaml"
    path.write_text(PACK, "utf-8")
    words: dict[str, Any] = {
        "tags": {"file": str(path)},
        "mongodb": {"uri": uri, "database": database, "timeout_ms": 20_000},
        "identity": {"secret": "0123456789abcdef" * 2},
        "clock": None,
    }
    async with gateway_on(people(6, tickets=True), **words) as gateway:
        for number in range(6):
            await gateway.data(MINE, {"id": f"c{number}"})
            await gateway.data(f'{{ customer(by: {{id: "c{number}"}}) {{ tags {{ key }} }} }}')
        await until_counted(gateway, 6)
    sources = {source.name: source for source in people(6, tickets=True)}
    async with shown_shop(sources, language, **words) as pages:
        yield pages


@pytest.mark.mongodb
async def test_each_tag_is_shown_with_its_values_and_who_uses_it(
    mongodb_uri: str, mongodb_database: str, tmp_path: Path
) -> None:
    """Distribution, share of what is whole, callers, readers and the history of the rule."""
    async with shown_tags(mongodb_uri, mongodb_database, tmp_path) as pages:
        await pages.open("/tags", f"{READY} && document.querySelector('[data-tag=buyer] [data-chart=shares]') !== null")
        buyer = "[data-tag=buyer]"
        charts = await tables(pages, buyer)
        assert charts["What customers have, 6 chosen at random"] == ("bars", [["true", "6", "100%"], ["no value", "0", "0%"]])
        assert charts["How complete it is"][1][0] == ["complete", "6", "100%"]
        assert charts["Given to, in 30 days"][0] == "bars"
        assert charts["Given to, in 30 days"][1][0][0] == "without a name"
        shown = await pages.text(buyer)
        assert "crm-team" in shown
        assert "vip, calm" in shown
        assert await pages.page.evaluate("document.querySelectorAll('[data-tag=buyer] .history tbody tr').length") == 1
        await pages.page.evaluate("document.querySelector('.span select').value = '7'")
        await pages.page.evaluate("document.querySelector('.span select').dispatchEvent(new Event('change', {bubbles: true}))")
        await pages.page.until("document.querySelector('[data-tag=buyer]').innerText.includes('in 7 days')")
        assert pages.page.problems == []


@pytest.mark.mongodb
async def test_each_segment_is_shown_with_its_size(mongodb_uri: str, mongodb_database: str, tmp_path: Path) -> None:
    """Who is in it, of how many that is known, and a way there from the other pages; in Chinese as well."""
    async with shown_tags(mongodb_uri, mongodb_database, tmp_path, "zh-CN") as pages:
        await pages.open("/tags", READY)
        await pages.page.click(".pages a[href='/segments']")
        await pages.page.until(f"{READY} && document.querySelector('[data-segment=vip] [data-chart=shares]') !== null")
        assert await pages.page.evaluate("location.pathname") == "/segments"
        assert await pages.text("[data-segment=vip] h2") == "最好"
        charts = await tables(pages, "[data-segment=vip]")
        assert charts["在已计算的客户中"] == ("shares", [["属于", "3", "50%"], ["不属于", "3", "50%"], ["无法判断", "0", "0%"]])
        sizes = await tables(pages, ".report")
        assert sizes["成员"][1][0] == ["最好", "3", "50%"]
        assert pages.page.problems == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make pages")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(scheme: str) -> None:
    """On the page with all three forms of charts, a table opened, on a phone too, in both schemes."""
    async with shown_sources() as pages:
        await pages.page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await pages.page.call("Page.setBypassCSP", enabled=True)
        for width in (1280, 375):
            await pages.open("/sources", f"{READY} && document.querySelector('[data-chart=lines] summary') !== null", width)
            await pages.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            await pages.page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
            found = await pages.page.evaluate("axe.run().then(result => result.violations)")
            serious = [(own["id"], own["nodes"][0]["html"][:200]) for own in found if own["impact"] in ("serious", "critical")]
            assert serious == []
            assert await pages.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_figures_are_reached_by_keys_alone() -> None:
    """Tab leads to the way to ask again and to each table, which Enter opens."""
    async with shown_sources() as pages:
        await pages.page.evaluate("document.querySelector('.report-head .again').focus()")
        for _ in range(5):
            await pages.page.press("Tab")
            if await pages.page.evaluate("document.activeElement.matches('[data-chart=lines] summary')"):
                break
        await pages.page.press("Enter")
        await pages.page.until("document.activeElement.parentElement.open")
        assert await pages.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
