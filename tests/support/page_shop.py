"""The shop behind its pages, and a browser that looks at them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from connectors.contract import Connector
from connectors.testing import MemoryConnector
from gateway.settings import parse_settings
from tests.support import shop
from tests.support.browser import Page, browser_page
from tests.support.demo_config import read_config
from tests.support.demo_sources import demo_shop
from tests.support.gateway_server import served, settings_for

CUSTOMER = "/c/crm:c1"
DONE = "document.querySelector('.customer') && !document.querySelector('.customer [aria-busy=true]')"
"""Whether a customer is shown, and no region is awaited any more."""

PATIENCE_S = 60.0


def page_sources() -> dict[str, MemoryConnector]:
    """All sources of the shop, by name, which find records by their own keys, too."""
    return {**shop.sources_by_own_keys(), "sales": shop.sales()}


class Pages:
    """A tab on the pages of a gateway."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    async def open(self, path: str, until: str = DONE, width: int = 1280, height: int = 800) -> None:
        """Open an address of the gateway, and wait."""
        await self.page.open("about:blank")
        await self.page.open(self.address + path, width, height)
        await self.until(f"location.href.startsWith({self.address!r}) && {until}")

    async def until(self, condition: str) -> None:
        """Wait until a condition holds, such as that an element is there."""
        await self.page.until(f"!!({condition})", PATIENCE_S)

    async def text(self, selector: str) -> str:
        """Give the text of an element that comes."""
        await self.until(f"document.querySelector({selector!r})")
        shown: str = await self.page.evaluate(f"document.querySelector({selector!r}).innerText")
        return shown

    async def states(self) -> dict[str, list[str]]:
        """List the states that each region of the customer's page is in."""
        script = """Object.fromEntries([...document.querySelectorAll('[data-region]')].map(region =>
            [region.dataset.region, [...region.querySelectorAll('[data-state]')].map(each => each.dataset.state)]))"""
        states: dict[str, list[str]] = await self.page.evaluate(script)
        return states


@asynccontextmanager
async def shown_shop(
    sources: Mapping[str, Connector[Any]] | None = None, language: str = "en-GB", **words: Any
) -> AsyncIterator[Pages]:
    """Serve the pages of a shop and open a browser; `words` are settings."""
    connectors = [*(page_sources() if sources is None else sources).values()]
    settings = settings_for(connectors, **({"environment": "development", **shop.PINNED} | words))
    async with served(settings, connectors=connectors) as gateway, browser_page() as page:
        yield await _pages(page, str(gateway.client.base_url), language)


@asynccontextmanager
async def shown_demo(folder: Path, language: str = "en-GB", **words: Any) -> AsyncIterator[Pages]:
    """Serve the pages of the demo's shop and open a browser; `words` are settings."""
    config = read_config("shop.toml", await demo_shop("sqlite", "", folder)) | words
    async with served(parse_settings(config)) as gateway, browser_page() as page:
        yield await _pages(page, str(gateway.client.base_url), language)


async def _pages(page: Page, address: str, language: str) -> Pages:
    # The pages ask in four queries and more at once, which a busy machine answers late: patience is set by the gateway.
    await page.call("Emulation.setUserAgentOverride", userAgent="Mozilla/5.0 Chrome", acceptLanguage=language)
    return Pages(page, address.rstrip("/"))
