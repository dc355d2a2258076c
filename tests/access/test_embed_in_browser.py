"""The page of a customer in a real frame: of a desk's page, and not of another one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.documents.page_documents import read_embedded_texts
from tests.access.test_embed import CALLERS, token_of
from tests.access.test_sessions import PURPOSES
from tests.server.test_origins_in_browser import open_page, site
from tests.support import shop
from tests.support.browser import CHROMIUM, Page, browser_page
from tests.support.people_session import gateway_of_people

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

FRAME = """address => new Promise(done => {
    const frame = document.createElement("iframe");
    frame.onload = () => done(true);
    frame.src = address;
    document.body.append(frame);
})"""
ASK = """async (text, token) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const body = JSON.stringify({ query: text, variables: { id: "crm:c1" } });
    const answer = await fetch("/graphql", { method: "POST", headers, body });
    return (await answer.json()).data?.customer?.name;
}"""


async def frame_in(page: Page) -> dict[str, Any]:
    """The one frame in the page, as the browser knows it."""
    tree = await page.call("Page.getFrameTree")
    (child,) = tree["frameTree"]["childFrames"]
    frame: dict[str, Any] = child["frame"]
    return frame


async def test_only_a_page_of_the_desk_holds_the_frame(tmp_path: Path):
    """In it the token asks, without a cookie; the same page in a frame of another origin is not shown, nor is another page."""
    crm = shop.crm()
    text = next(own for own in read_embedded_texts() if "query Identity" in own)
    async with site() as desk, site() as stranger, browser_page() as page:
        pages = {"embed": {"desk": {"origins": [desk], "caller": "desk"}}}
        async with gateway_of_people(tmp_path, [crm], CALLERS, purposes=PURPOSES, pages=pages) as (gateway, keys):
            address = str(gateway.client.base_url).rstrip("/")
            told = await token_of(gateway, keys["desk"], origin=desk)
            await open_page(page, desk)
            await page.evaluate(f"({FRAME})({json.dumps(address + told['page'])})")
            frame = await frame_in(page)
            assert frame["url"] == address + told["page"]
            world = await page.call("Page.createIsolatedWorld", frameId=frame["id"])
            answer = await page.call(
                "Runtime.evaluate",
                expression=f"({ASK})({json.dumps(text)}, {json.dumps(told['token'])})",
                contextId=world["executionContextId"],
                awaitPromise=True,
                returnByValue=True,
            )
            assert answer["result"]["value"] == "Ana Souza"
            for origin, path in ((stranger, told["page"]), (desk, "/c/crm%3Ac1")):
                await open_page(page, origin)
                await page.evaluate(f"({FRAME})({json.dumps(address + path)})")
                assert (await frame_in(page))["url"].startswith("chrome-error:"), path
                assert any("frame-ancestors" in problem for problem in page.problems)


HAND = """([token, gateway]) => document.querySelector("iframe").contentWindow.postMessage(
    { type: "profile-gateway:token", token }, gateway)"""
WANTED = """window.heard = []; addEventListener("message", event => window.heard.push([event.origin, event.data?.type]))"""


async def evaluate_in_frame(page: Page, script: str) -> Any:
    """The value of an expression in the frame, beside its own scripts."""
    world = await page.call("Page.createIsolatedWorld", frameId=(await frame_in(page))["id"])
    answer = await page.call("Runtime.evaluate", expression=script, contextId=world["executionContextId"], returnByValue=True)
    return answer["result"].get("value")


async def until_in_frame(page: Page, script: str) -> Any:
    for _ in range(1_200):
        if value := await evaluate_in_frame(page, script):
            return value
        await asyncio.sleep(0.05)
    raise TimeoutError(await evaluate_in_frame(page, "document.body.innerText"))


async def test_a_desk_hands_its_token_to_the_page(tmp_path: Path):
    """The page asks for one, shows the customer by it and by nothing else, and takes none that was made for another page."""
    sources = [*shop.sources().values()]
    async with site() as desk, site() as other, browser_page() as page:
        pages = {"embed": {"desk": {"origins": [desk, other], "caller": "desk"}}}
        async with gateway_of_people(tmp_path, sources, CALLERS, purposes=PURPOSES, pages=pages) as (gateway, keys):
            address = str(gateway.client.base_url).rstrip("/")
            told, foreign = [await token_of(gateway, keys["desk"], origin=origin) for origin in (desk, other)]
            await open_page(page, desk)
            await page.evaluate(WANTED)
            await page.evaluate(f"({FRAME})({json.dumps(address + told['page'])})")
            assert await until_in_frame(page, "document.querySelector('[data-state=waiting]')?.innerText")
            assert await page.until("window.heard[0]") == [address, "profile-gateway:token-wanted"]
            await page.evaluate(f"({HAND})({json.dumps([foreign['token'], address])})")
            await page.evaluate(f"({HAND})({json.dumps(['pge_none', address])})")
            assert await evaluate_in_frame(page, "document.querySelector('h1')") is None
            await page.evaluate(f"({HAND})({json.dumps([told['token'], address])})")
            assert await until_in_frame(page, "document.querySelector('h1')?.innerText") == "Ana Souza"
            await until_in_frame(page, "!!document.querySelector('.ticket')")
            shown = await evaluate_in_frame(page, "document.documentElement.outerHTML")
            assert told["token"] not in shown
            assert 'role="combobox"' not in shown
            assert await evaluate_in_frame(page, "JSON.stringify([{...localStorage}, {...sessionStorage}])") == "[{},{}]"
