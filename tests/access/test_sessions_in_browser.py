"""A session in a real browser: the gateway's own page asks with it, a page of another site causes nothing in its name."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.test_origins_in_browser import call, open_page, site
from tests.support import shop
from tests.support.browser import CHROMIUM, Page, browser_page
from tests.support.people_session import gateway_of_people

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

SIGN_IN = """async (address, method, key) => {
    const headers = { "x-csrf": "1", ...(key && { authorization: `Bearer ${key}` }) };
    return (await fetch(`${address}/session`, { method, headers, credentials: "include" })).status;
}"""
ASK = """async (address, csrf) => {
    const headers = { "content-type": "application/json", ...(csrf && { "x-csrf": "1" }) };
    const body = JSON.stringify({ query: "{ customer(by: {id: \\"c1\\"}) { name } }" });
    try {
        const answer = await fetch(`${address}/graphql`, { method: "POST", headers, body, credentials: "include" });
        const { data, errors } = await answer.json();
        return [answer.status, data ?? errors[0].extensions.code];
    } catch (error) {
        return error.name;
    }
}"""
NAVIGATE = """address => {
    setTimeout(() => { location.href = `${address}/graphql?query=${encodeURIComponent("{ viewer { caller } }")}`; });
}"""
FORM = """(address, path) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", action: `${address}${path}`, enctype: "text/plain" });
    document.body.append(form);
    setTimeout(() => form.submit());  // when this is answered: a page that goes away answers nothing
}"""
ANA = [200, {"customer": {"name": "Ana Souza"}}]


async def open_own(page: Page, address: str) -> None:
    """A page of the gateway's own origin; any answer of it is one to a browser."""
    await page.open(f"{address}/healthz")
    await page.until("document.readyState === 'complete' && location.pathname === '/healthz'")


async def test_own_pages_ask_in_a_session_and_others_do_not(tmp_path: Path):
    """By scripts, links and forms; and a session that was ended is no more. The cookie is none for scripts."""
    crm = shop.crm()
    words: dict[str, Any] = {"environment": "development", "access": {"anonymous": "public"}}
    callers: dict[str, Any] = {"console": {}, "public": {"sees": {"identifying": "shown"}}}
    served = gateway_of_people(tmp_path, [crm], callers, **words)
    async with site() as stranger, browser_page() as page, served as (gateway, keys):
        address = str(gateway.client.base_url).rstrip("/")
        await open_own(page, address)
        # The answers of probes forbid scripts to connect: what the policy of a page allows is that page's own matter.
        await page.call("Page.setBypassCSP", enabled=True)
        await open_own(page, address)
        assert await call(page, ASK, "", "1") == [401, "UNAUTHENTICATED"]
        assert await call(page, SIGN_IN, "", "POST", keys["console"]) == 204
        assert await call(page, ASK, "", "1") == ANA
        assert await page.evaluate("document.cookie") == ""
        assert await call(page, ASK, "", "") == [403, "CSRF_HEADER_MISSING"]
        calls = len(crm.calls)

        other = stranger.replace("127.0.0.1", "localhost")  # another site, to which the cookie is of a third party
        for origin in (stranger, other):
            await open_page(page, origin)
            assert await call(page, ASK, address, "1") == "TypeError"  # no preflight allows the header
            assert await call(page, ASK, address, "") != ANA
            await page.evaluate(f"({NAVIGATE})({json.dumps(address)})")
            await page.until("location.pathname === '/graphql' && document.readyState === 'complete'")
            shown = await page.evaluate("document.body.innerText")
            assert "console" not in shown, shown
            for path in ("/session", "/graphql"):
                await open_page(page, origin)
                await page.evaluate(f"({FORM})({json.dumps(address)}, {json.dumps(path)})")
                await page.until(f"location.pathname === {json.dumps(path)} && document.readyState === 'complete'")
                assert "errors" in await page.evaluate("document.body.innerText")
        assert len(crm.calls) == calls

        await open_own(page, address)
        assert await call(page, ASK, "", "1") == ANA, "the session goes on, whatever others tried"
        assert await call(page, SIGN_IN, "", "DELETE", "") == 204
        assert await call(page, ASK, "", "1") == [401, "UNAUTHENTICATED"]
