"""Pages of other origins in a real browser: one that may ask and one that may not, with keys, images and forms."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.browser import CHROMIUM, Page, browser_page
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import served, settings_for

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

QUERY = '{ customer(by: {id: "c1"}) { name } }'
ASK = """async (address, key, method) => {
    const query = %s;
    try {
        const url = method === "GET" ? `${address}/graphql?query=${encodeURIComponent(query)}` : `${address}/graphql`;
        const headers = { authorization: `Bearer ${key}`, "x-deadline-ms": "60000" };
        if (method === "POST") headers["content-type"] = "application/json";
        const answer = await fetch(url, { method, headers, body: method === "POST" ? JSON.stringify({ query }) : undefined });
        return [answer.status, await answer.json(), !!answer.headers.get("x-request-id")];
    } catch (error) {
        return error.name;
    }
}""" % json.dumps(QUERY)  # noqa: UP031  braces of JavaScript
IMAGE = """address => new Promise(done => {
    const image = new Image();
    image.onload = () => done("shown");
    image.onerror = () => done("not shown");
    image.src = `${address}/graphql?query=${encodeURIComponent(%s)}`;
})""" % json.dumps(QUERY)  # noqa: UP031


@asynccontextmanager
async def site() -> AsyncIterator[str]:
    """The origin of a page that is served on a port of its own."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>A page</title><link rel=icon href=data:,>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def open_page(page: Page, origin: str) -> None:
    await page.open(f"{origin}/")
    await page.until("document.title === 'A page'")
    page.problems.clear()


async def call(page: Page, script: str, *arguments: str) -> object:
    return await page.evaluate(f"({script})({', '.join(map(json.dumps, arguments))})")


async def test_an_allowed_page_asks_with_a_key_and_another_one_does_not(tmp_path: Path):
    """By POST and GET, each behind a preflight; the browser keeps the other page from reading, the gateway from asking."""
    crm: MemoryConnector = shop.crm()
    keys, access = await keys_in(tmp_path, ["console"])
    async with site() as console, site() as stranger, browser_page() as page:
        own = settings_for([crm], cors={"origins": [console]}, access=access, callers={"console": {}})
        async with served(own, connectors=[crm]) as gateway:
            address = str(gateway.client.base_url).rstrip("/")
            await open_page(page, console)
            for method in ("POST", "GET"):
                answer = await call(page, ASK, address, keys["console"], method)
                assert answer == [200, {"data": {"customer": {"name": "Ana Souza"}}}, True]
            refused = await call(page, ASK, address, "nobodys", "POST")
            assert isinstance(refused, list)
            assert (refused[0], refused[1]["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
            calls = len(crm.calls)
            await open_page(page, stranger)
            for method in ("POST", "GET"):
                assert await call(page, ASK, address, keys["console"], method) == "TypeError"
            assert any("blocked by CORS policy" in problem for problem in page.problems)
            assert len(crm.calls) == calls


async def test_an_image_of_another_site_asks_nothing():
    """A query in an image is refused, even where that site may ask with CORS. On the gateway's own page it runs."""
    crm: MemoryConnector = shop.crm()
    async with site() as other, browser_page() as page:
        own = settings_for([crm], environment="development", cors={"origins": [other]})
        async with served(own, connectors=[crm]) as gateway:
            address = str(gateway.client.base_url).rstrip("/")
            await open_page(page, other)
            assert (await call(page, IMAGE, address), crm.calls) == ("not shown", [])
            await page.open(f"{address}/graphql")
            await page.until("document.title === 'Profile Gateway'")
            assert (await call(page, IMAGE, address), len(crm.calls)) == ("not shown", 1)
            answer = await call(page, ASK, address, "", "GET")
            assert isinstance(answer, list)
            assert (answer[0], answer[1]["data"]) == (200, {"customer": {"name": "Ana Souza"}})
