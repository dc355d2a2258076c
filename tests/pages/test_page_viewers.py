"""Who looks: a key becomes a session, a purpose is chosen once, and neither stays where it could be read."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import CHROMIUM
from tests.support.caller_keys import keys_in
from tests.support.page_shop import CUSTOMER, DONE, shown_demo, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

SEES = dict.fromkeys(("identifying", "personal", "contact", "commercial", "behavioural", "free_text"), "shown")
CALLERS: dict[str, Any] = {"desk": {"sees": SEES, "purposes": ["advice", "news"]}}
PURPOSES = {"advice": {"basis": "contract"}, "news": {"basis": "consent"}}
DOOR = "document.querySelector('.door input[name=key]')"
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state])"


async def test_a_key_and_a_purpose_open_the_page(tmp_path: Path):
    """Before that nothing of the customer is there; after signing out, neither."""
    keys, access = await keys_in(tmp_path, CALLERS)
    words = {"access": access, "callers": CALLERS, "purposes": PURPOSES, "pages": {"secret": "s" * 32}}
    async with shown_shop(**words) as pages:
        await pages.open(CUSTOMER, DOOR)
        await pages.page.evaluate(f"{DOOR}.focus()")
        await pages.page.type_text("pgk_nobody")
        await pages.page.press("Enter")
        await pages.until("document.querySelector('#problem').innerText")
        assert await pages.text("#problem") == "This key is not known, or holds no more."
        await pages.page.type_text(keys["desk"])
        await pages.page.press("Enter")
        await pages.until("document.querySelectorAll('.choice').length === 2")
        assert "Ana" not in await pages.page.evaluate("document.documentElement.outerHTML")
        await pages.page.click("li:first-child .choice")
        await pages.until(DONE)
        assert await pages.text("h1") == "Ana Souza"
        assert await pages.text(".who-name") == "desk"
        assert await pages.page.evaluate("document.querySelector('.who select').value") == "advice"
        stored = await pages.page.evaluate(STORED)
        assert keys["desk"] not in stored
        assert "Ana" not in stored
        await pages.open(CUSTOMER)  # in the same tab the purpose is chosen already
        assert await pages.text("h1") == "Ana Souza"
        await pages.page.click(".who button")
        await pages.until(DOOR)
        assert "Ana" not in await pages.page.evaluate("document.documentElement.outerHTML")
        await pages.open(CUSTOMER, DOOR)


async def test_a_phone_says_who_looks_and_in_which_language(tmp_path: Path):
    """At 360 pixels they stand in a menu, beside the purpose and the way out; nothing is wider than the screen."""
    keys, access = await keys_in(tmp_path, CALLERS)
    words = {"access": access, "callers": CALLERS, "purposes": PURPOSES, "pages": {"secret": "s" * 32}}
    async with shown_shop(**words) as pages:
        await pages.open(CUSTOMER, DOOR, width=360, height=740)
        await pages.page.evaluate(f"{DOOR}.focus()")
        await pages.page.type_text(keys["desk"])
        await pages.page.press("Enter")
        await pages.page.click("li:first-child .choice")
        await pages.until(DONE)
        seen = (
            "[...document.querySelectorAll('.who-name, .who select, .who button, .language')].filter(e => e.checkVisibility())"
        )
        assert await pages.page.evaluate(f"{seen}.length") == 0
        await pages.page.click(".menu summary")
        assert await pages.page.evaluate(f"{seen}.length") == 4
        assert await pages.text(".who-name") == "desk"
        within = "{x, right} = each.getBoundingClientRect(), x >= 0 && right <= document.documentElement.clientWidth"
        assert await pages.page.evaluate(f"{seen}.every(each => {{ const {within.replace(', x >=', '; return x >=')}; }})")
        assert await pages.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        await pages.page.press("Escape")
        assert await pages.page.evaluate("[document.querySelector('.menu').open, document.activeElement.tagName]") == [
            False,
            "SUMMARY",
        ]
        await pages.page.click(".menu summary")
        await pages.page.click(".who button")
        await pages.until(DOOR)
        await pages.page.click(".menu summary")
        assert await pages.page.evaluate(f"{seen}.map(each => each.className)") == ["quiet language"]


async def test_signing_out_without_the_gateway_shows_nobody(tmp_path: Path):
    """The customer goes from the screen, and it is said that the gateway is not there."""
    keys, access = await keys_in(tmp_path, CALLERS)
    words = {"access": access, "callers": CALLERS, "purposes": PURPOSES, "pages": {"secret": "s" * 32}}
    async with shown_shop(**words) as pages:
        await pages.open(CUSTOMER, DOOR)
        await pages.page.evaluate(f"{DOOR}.focus()")
        await pages.page.type_text(keys["desk"])
        await pages.page.press("Enter")
        await pages.page.click("li:first-child .choice")
        await pages.until(DONE)
        await pages.page.call("Network.enable")
        lost = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        await pages.page.call("Network.emulateNetworkConditions", **lost)
        await pages.page.click(".who button")
        await pages.until("document.querySelector('.door [role=alert]')")
        assert "cannot be reached" in await pages.text(".door [role=alert]")
        assert "Ana" not in await pages.page.evaluate("document.documentElement.outerHTML")


async def test_a_layout_orders_and_hides(tmp_path: Path):
    """Regions come in the order of the settings, hidden ones are not there, and the header has the tags that are named."""
    layout = {"regions": ["spend", "tickets"], "hide": ["profile", "records"], "tags": ["activity"]}
    async with shown_shop(pages={"layout": layout}) as pages:
        await pages.open(CUSTOMER)
        regions = await pages.page.evaluate("[...document.querySelectorAll('.box')].map(each => each.dataset.region)")
        assert regions[:3] == ["spend", "tickets", "last-order"]
        assert not {"profile", "records"} & {*regions}
        chips = await pages.page.evaluate("[...document.querySelectorAll('.chips .chip')].map(each => each.innerText)")
        assert [chip.split(":")[0] for chip in chips] == ["Activity"]


async def test_fields_of_ones_own_stand_in_the_profile(tmp_path: Path):
    """Those that the layout names are asked for and shown by name; what is no name of a field is left out."""
    layout = {"fields": ["loyaltyTier", "id } } #"]}
    async with shown_demo(tmp_path, pages={"layout": layout}) as pages:
        await pages.open("/c/crm:c00001")
        await pages.until("document.querySelector('.box-profile dl').innerText.includes('Loyalty tier')")
        assert pages.page.problems == []
