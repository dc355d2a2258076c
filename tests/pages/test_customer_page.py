"""The page of a customer: what stands where, by keys alone, on a phone, in another language, without a jump."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.browser import CHROMIUM
from tests.support.node_packages import installed
from tests.support.page_shop import CUSTOMER, DONE, page_sources, shown_demo, shown_shop
from tests.support.paths import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

WEB = ROOT / "gateway" / "pages" / "web"
BOXES = """['h1', '.box-tickets .ticket', '.box-last-order .order'].map(selector => {
    const box = document.querySelector(selector).getBoundingClientRect();
    return [Math.round(box.top), Math.round(box.bottom), Math.round(box.right)];
})"""
SHIFTS = """window.shifts = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => window.shifts += entry.value))
    .observe({type: 'layout-shift', buffered: true});"""


async def test_what_matters_stands_in_the_first_view(tmp_path: Path):
    """Name, open ticket and last order are in view at 1280 by 800; in the order of reading they come first."""
    async with shown_demo(tmp_path) as pages:
        await pages.open("/c/crm:c00001")
        for top, bottom, right in await pages.page.evaluate(BOXES):
            assert 0 <= top < bottom <= 800
            assert right <= 1280
        assert await pages.text("h1") == "Emma Clarke"
        assert "My parcel arrived damaged" in await pages.text(".box-tickets")
        assert "£138.43" in await pages.text(".box-last-order")
        order = await pages.page.evaluate("[...document.querySelectorAll('[data-region]')].map(each => each.dataset.region)")
        assert [each for each in order if each in ("header", "tickets", "last-order", "timeline", "contacts", "tags")] == [
            "header", "tickets", "last-order", "timeline", "contacts", "tags",
        ]  # fmt: skip
        assert await pages.page.evaluate("document.title") == "Profile Gateway"
        assert pages.page.problems == []


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
async def test_a_late_region_moves_nothing(width: int, height: int):
    """Who it is stands there while three sources hang; as one region after the other lands, under 0.02 of the view shifts."""
    sources = page_sources()
    late = {"support": ".ticket", "orders": ".order", "behaviour": ".entry.event"}
    for name in late:
        sources[name].hang = asyncio.Event()
    async with shown_shop(sources) as pages:
        await pages.page.call("Page.enable")
        await pages.page.call("Page.addScriptToEvaluateOnNewDocument", source=SHIFTS)
        await pages.open(CUSTOMER, "document.querySelector('h1')", width, height)
        assert await pages.page.evaluate("document.querySelector('.box-timeline').getAttribute('aria-busy')") == "true"
        for name, shown in late.items():
            assert not await pages.page.evaluate(f"!!document.querySelector({shown!r})")
            sources[name].hang.set()
            await pages.until(f"document.querySelector({shown!r})")
        await pages.until(DONE)
        assert await pages.page.evaluate("window.shifts") < 0.02
        await pages.page.evaluate("document.querySelector('.strip').style.height = '200px'")
        await pages.until("window.shifts > 0.02")  # what moves is seen


async def test_it_is_used_by_keys_alone(tmp_path: Path):
    """Tab reaches the content, an entry opens by Enter, and the address says which one; loaded again it is open."""
    async with shown_demo(tmp_path) as pages:
        await pages.open("/c/crm:c00001")
        await pages.page.press("Tab")
        assert await pages.page.evaluate("document.activeElement.className") == "skip"
        for _ in range(60):
            await pages.page.press("Tab")
            if await pages.page.evaluate("document.activeElement.matches('.entry.order .entry-head')"):
                break
        seen = await pages.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert seen == "solid"
        await pages.page.press("Enter")
        await pages.until("document.querySelector('.entry.order .entry-details')")
        opened = await pages.page.evaluate("location.hash")
        assert opened.startswith("#open=orders%3Ac00001-")
        await pages.open(f"/c/crm:c00001{opened}")
        await pages.until("document.querySelector('.entry.order .entry-details')")
        await pages.page.click(".filters .filter:nth-child(3)")
        await pages.until(f"location.hash.includes('only=TICKET') && {DONE} && !document.querySelector('.entry.order')")
        await pages.page.evaluate("document.querySelector('.tag').focus()")
        await pages.page.press("Enter")
        assert "What the rule saw" in await pages.text(".why")
        assert pages.page.problems == []


@pytest.mark.parametrize("width", [360, 390])
async def test_a_phone_shows_it_in_one_column(width: int, tmp_path: Path):
    """Nothing is wider than the screen; a call, tickets and the last order come before the tabs."""
    async with shown_demo(tmp_path) as pages:
        await pages.open("/c/crm:c00001", width=width, height=844)
        assert await pages.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        top = "document.querySelector('{}').getBoundingClientRect().top"
        order = (".call", ".box-tickets", ".box-last-order", "[role=tablist]")
        places = [await pages.page.evaluate(top.format(each)) for each in order]
        assert places == sorted(places)
        assert (await pages.page.evaluate("document.querySelector('.call').href")) == "tel:+442079460000"
        assert await pages.page.evaluate("document.querySelector('.box-contacts').offsetParent") is None
        await pages.page.evaluate("document.querySelector('#tab-timeline').focus()")
        await pages.page.press("ArrowRight")
        await pages.until("document.querySelector('.box-contacts').offsetParent && document.activeElement.id === 'tab-contact'")
        assert pages.page.problems == []


async def test_a_tag_of_the_header_opens_on_a_phone(tmp_path: Path):
    """Pressed, or named by the address, it is seen: its tab comes to the front."""
    seen = "document.querySelector('.why dl')?.checkVisibility()"
    async with shown_demo(tmp_path) as pages:
        await pages.open("/c/crm:c00001", width=390, height=844)
        await pages.page.click(".chips .chip")
        await pages.until(seen)
        await pages.open("/c/crm:c00001#tag=activity", seen, width=390, height=844)


async def test_the_focus_goes_along_to_a_customer(tmp_path: Path):
    """Who opens a customer from the box is at the content, not at the beginning of the document, and goes on from there."""
    async with shown_demo(tmp_path) as pages:
        await pages.open("/", "document.activeElement?.getAttribute('role') === 'combobox'")
        await pages.page.type_text("emma clarke")
        await pages.until("document.querySelector('.finder-page .candidate-lately')?.innerText")
        await pages.page.press("Enter")
        await pages.until(DONE)
        assert await pages.page.evaluate("document.activeElement.id") == "content"
        await pages.page.press("Tab")
        assert await pages.page.evaluate("!!document.activeElement.closest('main')")
        await pages.page.press("/")
        assert await pages.page.evaluate("document.activeElement.getAttribute('role')") == "combobox"


async def test_a_browser_in_chinese_sees_it_in_chinese(tmp_path: Path):
    """Texts, dates and the language of the document."""
    async with shown_demo(tmp_path, language="zh-CN") as pages:
        await pages.open("/c/crm:c00001")
        assert await pages.page.evaluate("document.documentElement.lang") == "zh"
        assert await pages.text("#box-tickets") == "未结工单"
        assert "2023年3月8日起为客户" in await pages.text(".who-words")
        await pages.open("/", "document.querySelector('h1')")
        assert await pages.text("h1") == "查找客户"
        assert pages.page.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(scheme: str, tmp_path: Path):
    """On the box with candidates and on the page with an entry and a tag opened, in both schemes."""
    installed(WEB)
    axe = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    async with shown_demo(tmp_path) as pages:
        await pages.page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await pages.page.call("Page.setBypassCSP", enabled=True)
        views = {
            "/": "document.activeElement?.getAttribute('role') === 'combobox'",
            "/c/crm:c00001#tag=activity&open=orders:c00001-o01": f"{DONE} && document.querySelector('.why dl')",
        }
        for path, until in views.items():
            await pages.open(path, until)
            if path == "/":
                await pages.page.type_text("emma clarke")
                await pages.until("document.querySelector('.candidate-lately')?.innerText")
            await pages.page.evaluate(f"{axe}; 0")
            found = await pages.page.evaluate("axe.run().then(result => result.violations)")
            serious = [
                (each["id"], [node["html"][:200] for node in each["nodes"]])
                for each in found
                if each["impact"] in ("serious", "critical")
            ]
            assert serious == [], json.dumps(serious, indent=1)
