"""What a caller may not see is nowhere in its browser: a canary in every text, four callers, all that a page holds."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import CHROMIUM
from tests.support.caller_keys import keys_in
from tests.support.filled_people import sources_of_everything
from tests.support.page_shop import DONE, Pages, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

CLASSES = ("identifying", "personal", "contact", "commercial", "behavioural", "free_text")
SHOWN = dict.fromkeys(CLASSES, "shown")
CALLERS: dict[str, Any] = {
    "all": {"sees": SHOWN},
    "masked": {"sees": SHOWN | {"contact": "masked", "free_text": "withheld"}, "find_by": ["customer_id"]},
    "hashed": {"sees": SHOWN | {"personal": "hashed", "commercial": "withheld"}, "find_by": ["customer_id"]},
    "service": {"sees": {"identifying": "shown", "behavioural": "shown"}, "find_by": ["customer_id"]},
}
CLEAR = {
    name: {own for own in CLASSES if caller["sees"].get(own) == "shown"} for name, caller in CALLERS.items()
}  # what a page may show as it is
DOOR = "document.querySelector('.door input[name=key]')"
RECORD = """(() => { const fetched = window.__told = []; const fetch = window.fetch;
    window.fetch = async (url, init) => {
        const answer = await fetch(url, init);
        fetched.push(String(url), String(init?.body ?? ''), await answer.clone().text());
        return answer;
    }; })()"""
HELD = """[document.documentElement.outerHTML, [...document.querySelectorAll('input, textarea')].map(each => each.value),
    {...localStorage}, {...sessionStorage}, document.cookie, location.href, document.title, history.state,
    performance.getEntriesByType('resource').map(each => each.name), window.__told]"""
OPENED = """[...document.querySelectorAll('.customer button[aria-expanded=false], .customer summary')].slice(0, 40)
    .forEach(each => each.click())"""


async def sign_in(pages: Pages, key: str, path: str) -> None:
    await pages.page.call("Page.enable")
    await pages.page.call("Page.addScriptToEvaluateOnNewDocument", source=RECORD)
    await pages.open(path, DOOR)
    await pages.page.evaluate(f"{DOOR}.focus()")
    await pages.page.type_text(key)
    await pages.page.press("Enter")
    await pages.until(f"!{DOOR}")


@pytest.mark.parametrize("name", CALLERS)
async def test_no_canary_that_is_not_shown_is_anywhere(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """In the page, open and shut, its answers, its addresses, what it stores, and what the gateway logs."""
    keys, access = await keys_in(tmp_path, CALLERS)
    access = {**access, "hash_secret": "h" * 32}
    sources = {source.name: source for source in sources_of_everything()}
    words = {"access": access, "callers": CALLERS, "pages": {"secret": "s" * 32}}
    async with shown_shop(sources, **words) as pages:
        await sign_in(pages, keys[name], "/c/crm:c1")
        await pages.until(DONE)
        states = await pages.states()
        await pages.page.evaluate(OPENED)
        await pages.until(DONE)
        held = str(await pages.page.evaluate(HELD))
        answered = await pages.page.evaluate("window.__told.filter(each => each.startsWith('{\"data\"')).length")
        problems = pages.page.problems
    logged = capfd.readouterr()
    assert answered >= 6  # what was sent and answered is among it
    told = {own for own in CLASSES if f"{own}~" in held}
    assert told == CLEAR[name]
    assert [own for own in CLASSES if f"{own}~" in logged.out + logged.err] == []
    assert keys[name] not in held
    assert [problem for problem in problems if "401" not in problem] == []  # before somebody signs in
    withheld = [region for region, own in states.items() if "withheld" in own]
    assert bool(withheld) is (name != "all"), states
