"""Find the characters of a page that no font draws, with a font for Chinese that tests alone bring."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from tests.support.browser import Page
from tests.support.node_packages import installed
from tests.support.paths import ROOT

FOLDER = ROOT / "tests" / "pages" / "font"
FONT = FOLDER / "node_modules" / "@fontsource-variable" / "noto-sans-sc"

UNASSIGNED = "\U00050000"
"""No font has a glyph for it: it is drawn as any character is that is missing."""

_FACE = re.compile(r"src: url\(\./(?P<file>[^)]+\.woff2)\).*?unicode-range: (?P<ranges>[^;]+);", re.DOTALL)

_LOAD = """async faces => {
    for (const [family, bytes, ranges] of faces) {
        const content = Uint8Array.from(atob(bytes), each => each.charCodeAt(0));
        document.fonts.add(await new FontFace(family, content, {weight: '100 900', ...ranges}).load());
    }
    const root = document.documentElement;
    root.style.setProperty('--font', `"Glyphs", ${getComputedStyle(root).getPropertyValue('--font')}`);
}"""

_TEXTS = """() => {
    const texts = new Map();
    const note = (element, text, pseudo) => {
        const family = getComputedStyle(element, pseudo).fontFamily;
        const known = texts.get(family) ?? texts.set(family, new Set()).get(family);
        for (const character of text) known.add(character);
    };
    for (const element of document.body.querySelectorAll('*')) {
        for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) note(element, node.data);
        for (const name of ['placeholder', 'title', 'aria-label', 'alt']) note(element, element.getAttribute(name) ?? '');
        for (const pseudo of ['::before', '::after']) {
            const content = getComputedStyle(element, pseudo).content;
            if (content.startsWith('"')) note(element, JSON.parse(content), pseudo);
        }
    }
    return [...texts].map(([family, characters]) => [family, [...characters].join('')]);
}"""

_MISSING = """(texts, unassigned) => {
    const context = new OffscreenCanvas(64, 64).getContext('2d', {willReadFrequently: true});
    const draw = (family, character) => {
        context.clearRect(0, 0, 64, 64);
        context.font = `32px ${family}`;
        context.fillText(character, 8, 48);
        return context.getImageData(0, 0, 64, 64).data.join();
    };
    const nothing = draw('sans-serif', ' ');
    const missing = new Set();
    for (const [family, characters] of texts) {
        // The box of the font for tests, and that of the system's.
        const boxes = new Set([nothing, draw('"Glyphs whole"', unassigned), draw(family, unassigned)]);
        for (const character of characters) {
            if (/[\\p{Z}\\p{C}\\p{M}]/u.test(character) && character !== unassigned) continue;
            if (boxes.has(draw(family, character))) missing.add(character);
        }
    }
    return [...missing].sort().join('');
}"""


def install_font() -> None:
    """Install the font, or skip the test where that cannot be."""
    installed(FOLDER)


async def load_font(page: Page, texts: Iterable[str] = ()) -> None:
    """Have a page that is open use the font, with the parts of it that its characters and those of `texts` are in."""
    install_font()
    shown = "".join(characters for _, characters in await page.evaluate(f"({_TEXTS})()"))
    characters = {ord(character) for text in (shown, *texts) for character in text}
    files = {file: ranges for file, ranges in _faces().items() if any(characters & set(own) for own in _ranges_in(ranges))}
    whole = next(iter(_faces()))
    faces = [["Glyphs", _bytes_of(file), {"unicodeRange": ranges}] for file, ranges in files.items()]
    faces.append(["Glyphs whole", _bytes_of(whole), {}])
    await page.evaluate(f"({_LOAD})({json.dumps(faces)})")


async def missing_glyphs(page: Page, text: str | None = None) -> str:
    """Give the characters of a page that no font draws, or those of a text in the page's font."""
    if text is None:
        texts = await page.evaluate(f"({_TEXTS})()")
    else:
        texts = [[await page.evaluate("getComputedStyle(document.body).fontFamily"), text]]
    missing: str = await page.evaluate(f"({_MISSING})({json.dumps(texts)}, {json.dumps(UNASSIGNED)})")
    return missing


async def fonts_of(page: Page, selector: str) -> dict[str, bool]:
    """Tell by which fonts an element is drawn in truth, and of each whether the page brought it."""
    await page.call("DOM.enable")
    await page.call("CSS.enable")
    root = (await page.call("DOM.getDocument"))["root"]["nodeId"]
    node = (await page.call("DOM.querySelector", nodeId=root, selector=selector))["nodeId"]
    fonts = (await page.call("CSS.getPlatformFontsForNode", nodeId=node))["fonts"]
    return {font["familyName"]: font["isCustomFont"] for font in fonts}


@lru_cache(maxsize=1)
def _faces() -> dict[str, str]:
    css = (FONT / "index.css").read_text(encoding="utf-8")
    return {face["file"]: face["ranges"] for face in _FACE.finditer(css)}


def _ranges_in(ranges: str) -> Iterator[range]:
    for own in ranges.split(","):
        first, _, last = own.strip().removeprefix("U+").partition("-")
        yield range(int(first, 16), int(last or first, 16) + 1)


def _bytes_of(file: str) -> str:
    return base64.b64encode(Path(FONT / file).read_bytes()).decode()
