"""The docs as pages: what leads where, and that nobody else's server is asked."""

import asyncio
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.clients.test_another_origin import pages
from tests.support.browser import CHROMIUM, browser_page
from tests.support.paths import ROOT

SCRIPT = ROOT / "scripts" / "site.py"
LOCK = (ROOT / "requirements" / "site.txt").read_text("utf-8")

needs_zensical = pytest.mark.skipif(find_spec("zensical") is None, reason="Zensical is not installed: make site")


def test_the_lock_names_no_registry():
    """Each package has its sums, and none has an address."""
    assert re.findall(r"^(zensical)==", LOCK, re.MULTILINE) == ["zensical"]
    assert "://" not in LOCK
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z])", LOCK)[1:])


def test_pages_of_the_table_are_in_the_navigation(monkeypatch: pytest.MonkeyPatch):
    """Each page that README.md's table names is in it once, and so is each page below docs/tags and docs/decisions."""
    monkeypatch.syspath_prepend(SCRIPT.parent)
    namespace: dict[str, object] = {"__name__": "site_script", "__file__": str(SCRIPT)}
    exec(compile(SCRIPT.read_text("utf-8"), str(SCRIPT), "exec"), namespace)
    readme = (ROOT / "README.md").read_text("utf-8")
    sections = namespace["read_sections"](readme)  # type: ignore[operator]
    listed = [page for links in sections.values() for page in links]
    assert len(listed) == len(set(listed))
    table = readme[readme.index("| to | read |") :]
    assert set(re.findall(r"\]\(([^)#]+\.md)", table)) - set(listed) == set()
    folders = [path for name in ("tags", "decisions") for path in (ROOT / "docs" / name).rglob("*.md")]
    assert {path.relative_to(ROOT).as_posix() for path in folders} - set(listed) == set()
    assert next(iter(sections)) == "Query customers"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages."""
    folder = tmp_path_factory.mktemp("site") / "site"
    done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@needs_zensical
def test_links_lead_to_pages_and_nothing_is_loaded_from_elsewhere(site: Path):
    """On every page: links without a scheme name a file, and scripts, styles and images are files of the site."""
    missing, foreign = [], []
    for page in [path for path in site.rglob("*.html") if path.name != "404.html"]:
        for tag, address in re.findall(r'<(script|link|img|a|iframe)\b[^>]*?\b(?:src|href)="([^"]*)"', page.read_text("utf-8")):
            target = re.split("[#?]", address)[0]
            if re.match("[a-z]+:|//", address):
                foreign += [(page.name, address)] if tag != "a" else []
            elif target and not (page.parent / target).exists():
                missing.append((page.name, address))
    assert (missing, foreign) == ([], [])
    assert (site / "docs" / "clients.html").is_file()


@needs_zensical
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")
def test_the_search_finds_without_a_network(site: Path):
    """Words of a page lead to it, and the browser asks the site alone."""
    asyncio.run(search(site))


async def search(site: Path) -> None:
    with pages(site) as origin:
        async with browser_page() as page:
            await page.open(f"{origin}/docs/schema.html")
            await page.until("document.readyState === 'complete' && !!document.querySelector('.md-search__button')")
            await page.click(".md-search__button")
            roots = "[...document.querySelectorAll('*')].map(own => own.shadowRoot)"
            box = f"{roots}.find(own => own?.querySelector('input[role=combobox]'))"
            await page.until(f"{box}?.activeElement?.role === 'combobox'")
            await page.call("Input.insertText", text="errorPolicy")
            await page.until(f"{box}.querySelector('[role=listbox]').textContent.includes('Clients')")
            asked = await page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
            assert [address for address in asked if not address.startswith(origin)] == []
            assert page.problems == []
