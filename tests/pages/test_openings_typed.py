"""Sixty ways to begin a call, typed into the box, with each source away in turn: who is shown, and what is said of the rest."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.support.browser import CHROMIUM
from tests.support.called_people import MISHEARD, OPENINGS, SOURCES, Breakable, Opening, five_sources
from tests.support.page_shop import Pages, shown_shop

pytestmark = [
    pytest.mark.browser,
    pytest.mark.mongodb,
    pytest.mark.postgresql,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path"),
]

BOX = "document.activeElement?.getAttribute('role') === 'combobox'"
EMPTY = "document.querySelector('.finder-result').hidden && !document.querySelector('.spinner:not(.idle)')"
ANSWERED = "document.querySelector('.finder-result .silence') && !document.querySelector('.spinner:not(.idle)')"
SHOWN = """({
    names: [...document.querySelectorAll('.candidate strong')].map(each => each.innerText),
    exact: [...document.querySelectorAll('.candidate .match')].map(each => each.classList.contains('exact')),
    said: document.querySelector('.silence').innerText,
})"""
NOT_IN_OUR_SYSTEM = "Not in our system."


class Shown(NamedTuple):
    """The names of the candidates in their order, which are said to be exact, and what stands below them."""

    names: list[str]
    exact: list[bool]
    said: str


@pytest_asyncio.fixture
async def sources(
    tmp_path: Path, postgresql_database: str, mongodb_uri: str, mongodb_database: str
) -> AsyncIterator[dict[str, Breakable]]:
    async with five_sources(tmp_path, postgresql_database, mongodb_uri, mongodb_database) as made:
        yield made


async def type_opening(pages: Pages, opening: Opening) -> Shown:
    await pages.page.press("Escape")
    await pages.until(EMPTY)
    await pages.page.type_text(opening.text)
    await pages.until(ANSWERED)
    shown: dict[str, Any] = await pages.page.evaluate(SHOWN)
    return Shown(**shown)


@pytest.mark.parametrize("away", [None, *SOURCES])
async def test_who_calls_is_among_the_first_three(sources: dict[str, Breakable], away: str | None):
    """Of one edit at least 95 % are, with all sources everybody. No stranger is exact, nor said not to be in our system."""
    if away is not None:
        sources[away].is_down = True
    missed: list[tuple[Opening, Shown]] = []
    async with shown_shop(sources, default_region="GB") as pages:
        await pages.open("/", BOX)
        for opening in OPENINGS:
            shown = await type_opening(pages, opening)
            if opening.who is None:
                assert not any(shown.exact), (opening, shown)
            elif opening.who not in shown.names[:3] and (away is None or opening.edits == 1):
                missed.append((opening, shown))
            if away is not None:
                assert f"Could not be asked: {away}" in shown.said, (opening, shown)
                assert NOT_IN_OUR_SYSTEM not in shown.said, (opening, shown)
        assert await pages.page.evaluate("location.href") == f"{pages.address}/"
        assert pages.page.problems == []
    assert len(missed) <= (0 if away is None else 0.05 * sum(opening.edits == 1 for opening in MISHEARD)), missed
