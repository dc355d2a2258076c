"""Each character of the pages has a glyph, in English and in Chinese, with a font that tests bring and nobody is served."""

from pathlib import Path

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support.browser import CHROMIUM
from tests.support.demo_sources import demo_rows
from tests.support.page_glyphs import FOLDER, UNASSIGNED, fonts_of, install_font, load_font, missing_glyphs
from tests.support.page_shop import DONE, page_sources, shown_demo, shown_shop
from tests.support.paths import ROOT

needs_browser = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]
CATALOGUES = ROOT / "gateway" / "pages" / "web" / "src" / "i18n"
BUNDLE = ROOT / "gateway" / "pages" / "bundle"


def chinese_customer() -> str:
    """The id of a customer of the demo whose name is written in Chinese, and who has a ticket."""
    tables = demo_rows()
    return next(str(row[0]) for row in tables["customers"] if any("\u4e00" <= str(field)[:1] <= "\u9fff" for field in row))


class TestGlyphs:
    """What is drawn, looked at in a browser."""

    pytestmark = needs_browser

    @pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
    async def test_a_customer_with_a_chinese_name_has_no_boxes(self, language: str, tmp_path: Path):
        """On the customer's page, in the box with candidates, and of all kinds of text in them."""
        install_font()
        async with shown_demo(tmp_path, language) as pages:
            await pages.open(f"/c/crm:{chinese_customer()}", DONE)
            await load_font(pages.page)
            assert await missing_glyphs(pages.page) == ""
            assert True in (await fonts_of(pages.page, "h1")).values()
            await pages.open("/", "document.activeElement?.getAttribute('role') === 'combobox'")
            await pages.page.type_text("欧阳")
            await pages.until("document.querySelector('.finder-page .candidate, .silence')")
            await load_font(pages.page)
            assert await missing_glyphs(pages.page) == ""

    async def test_each_character_of_catalogues_and_data_has_a_glyph(self, tmp_path: Path):
        """Also of texts that no page shows at the moment."""
        install_font()
        catalogues = "".join(file.read_text(encoding="utf-8") for file in CATALOGUES.glob("*.ts"))
        text = "".join(sorted({*catalogues, *str(demo_rows())}))
        assert len([character for character in text if "\u4e00" <= character <= "\u9fff"]) > 400
        async with shown_demo(tmp_path, "zh-CN") as pages:
            await pages.open("/", "document.querySelector('h1')")
            await load_font(pages.page, [text])
            assert await missing_glyphs(pages.page, text) == ""

    async def test_a_character_without_a_glyph_is_seen(self):
        """In the name of a customer, and with the font: it is what the other tests would fail of."""
        install_font()
        sources = page_sources()
        named = r.Customer(id="c1", name=f"王{UNASSIGNED}霞", email="wang@example.com")
        sources["crm"] = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [named]}})
        async with shown_shop(sources, "zh-CN") as pages:
            await pages.open("/c/crm:c1", DONE)
            await load_font(pages.page)
            assert await missing_glyphs(pages.page) == UNASSIGNED


def test_the_font_is_no_part_of_what_is_served():
    """The bundle has no font and names none of a web; who looks has fonts of his own."""
    assert {file.suffix for file in BUNDLE.iterdir()} == {".css", ".js", ".json"}
    assert "@font-face" not in (BUNDLE / "app.css").read_text(encoding="utf-8")


def test_its_lock_names_no_registry():
    """The font comes from the registry of who installs it, checked by its sum."""
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
