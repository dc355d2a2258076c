"""A client in a browser, in a page of another origin than the gateway's."""

import asyncio
import functools
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.support.browser import CHROMIUM, browser_page
from tests.support.known_clients import Workshop, keyed_gateway

pytestmark = [
    pytest.mark.clients,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.skipif("cors" not in Settings.model_fields, reason="the settings have no [cors]"),
]

TEXT = "query Name($id: ID!) { customer(by: {id: $id}) { name } }"


class _QuietHandler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def pages(folder: Path) -> Iterator[str]:
    """The origin of a server of files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_QuietHandler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


async def ask(origin: str, url: str, key: str) -> tuple[list[str], list[str]]:
    """What urql got in a page of the origin, and the problems of the page."""
    name = f"sha256:{hashlib.sha256(TEXT.encode()).hexdigest()}"
    async with browser_page() as page:
        await page.open(f"{origin}/page.html")
        await page.until("window.ask !== undefined")
        return await page.evaluate(f"ask({json.dumps(url)}, {json.dumps(key)}, {json.dumps(name)})"), page.problems


def test_a_page_of_an_origin_that_is_named_asks(tmp_path: Path):
    """urql asks by the id of a trusted document and by hashes, with a key; a page of another one gets nothing."""
    workshop = Workshop(tmp_path)
    (workshop.persisted / "Name.graphql").write_text(TEXT)
    documents = {"trusted": str(workshop.persisted)}
    with (
        pages(workshop.folder) as origin,
        pages(workshop.folder) as stranger,
        keyed_gateway(tmp_path, documents, more=f'[cors]\norigins = ["{origin}"]') as gateway,
    ):
        results, problems = asyncio.run(ask(origin, gateway.process.url, gateway.key))
        refused, _ = asyncio.run(ask(stranger, gateway.process.url, gateway.key))
    assert (results, problems) == (["Ana Souza"] * 3, [])
    assert all("Failed to fetch" in result for result in refused)
