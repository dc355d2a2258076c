"""Two tabs have one cookie: neither shows a caller's name, or a customer, whom the other one's caller has replaced."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import CHROMIUM, Page
from tests.support.caller_keys import keys_in
from tests.support.page_shop import CUSTOMER, DONE, Pages, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

SEES = dict.fromkeys(("identifying", "personal", "contact", "commercial", "behavioural", "free_text"), "shown")
CALLERS: dict[str, Any] = {"desk": {"sees": SEES}, "shop": {"sees": {**SEES, "contact": "withheld"}}}
DOOR = "document.querySelector('.door input[name=key]')"
WHOLE = "document.documentElement.outerHTML"


@asynccontextmanager
async def two_tabs(folder: Path) -> AsyncIterator[tuple[Pages, Pages, dict[str, str]]]:
    """Two tabs in which a desk looks at a customer, and the keys of all callers."""
    keys, access = await keys_in(folder, CALLERS)
    async with shown_shop(access=access, callers=CALLERS, pages={"secret": "s" * 32}) as pages:
        await pages.open(CUSTOMER, DOOR)
        await sign_in(pages, keys["desk"])
        async with pages.page.other_tab() as tab:
            other = Pages(tab, pages.address)
            await other.open(CUSTOMER)
            assert await pages.text(".who-name") == await other.text(".who-name") == "desk"
            assert "ana@example.com" in await pages.page.evaluate(WHOLE)
            yield pages, other, keys


async def sign_in(pages: Pages, key: str) -> None:
    await pages.page.evaluate(f"{DOOR}.focus()")
    await pages.page.type_text(key)
    await pages.page.press("Enter")
    await pages.until(DONE)


async def begin_session(page: Page, key: str) -> None:
    """Change the cookie, as a program would that tells no tab of it."""
    request = f"{{method: 'POST', headers: {{authorization: 'Bearer {key}', 'x-csrf': '1'}}}}"
    assert await page.evaluate(f"fetch('/session', {request}).then(answer => answer.status)") == 204


async def test_who_signs_out_and_in_does_so_in_all_tabs(tmp_path: Path):
    """Nothing of the customer stays; then both say who looks now, and show what that caller sees."""
    async with two_tabs(tmp_path) as (pages, other, keys):
        await other.page.click(".who button")
        await pages.until(DOOR)
        assert "Ana" not in await pages.page.evaluate(WHOLE)
        await other.until(DOOR)
        await sign_in(other, keys["shop"])
        await pages.until(f"{DONE} && document.querySelector('.who-name').innerText === 'shop'")
        assert "ana@example.com" not in await pages.page.evaluate(WHOLE)


async def test_who_comes_back_to_a_tab_is_who_looks(tmp_path: Path):
    """Where nobody told the tab: it asks when it is looked at again, and loads nothing while it is the same caller."""
    async with two_tabs(tmp_path) as (pages, other, keys):
        await pages.page.evaluate("document.querySelector('main').isBefore = true")
        await begin_session(other.page, keys["shop"])
        await pages.page.call("Page.bringToFront")
        await pages.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await pages.until(f"{DONE} && document.querySelector('.who-name').innerText === 'shop'")
        assert "ana@example.com" not in await pages.page.evaluate(WHOLE)
        assert not await pages.page.evaluate("document.querySelector('main').isBefore")
        await pages.page.evaluate("document.querySelector('main').isBefore = true")
        looks = "performance.getEntriesByType('resource').filter(each => each.name.endsWith('/graphql')).length"
        asked = await pages.page.evaluate(looks)
        await pages.page.evaluate("dispatchEvent(new Event('focus'))")
        await pages.until(f"{looks} === {asked + 1}")
        assert await pages.page.evaluate("document.querySelector('main').isBefore")
