"""What is served for pages: a shell without data, two files, strict headers."""

import gzip
import json
import re
from importlib import resources

import pytest
from graphql import build_schema, parse, validate

from gateway.pages.page_routes import PAGES
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.paths import ROOT

WEB = ROOT / "gateway" / "pages" / "web"
BUNDLE = resources.files("gateway.pages") / "bundle"
MAX_LINES = 400


async def test_all_pages_have_one_shell_and_two_files():
    """The shell names a script and a style sheet by their sums, and both are kept for a year."""
    async with gateway_on([shop.crm()], environment="development") as gateway:
        shells = {(await gateway.client.get(path.replace("{id:path}", "crm:c%2F1"))).text for path in PAGES}
        (shell,) = shells
        addresses = re.findall(r'(?:href|src)="(/[^"]+)"', shell)
        assert [re.sub(r"\?.*", "", address) for address in addresses] == ["/assets/app.css", "/assets/app.js"]
        for address in addresses:
            file = await gateway.client.get(address)
            assert (file.status_code, file.headers["content-encoding"]) == (200, "gzip")
            assert file.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_the_policy_lets_nothing_in():
    """No script or style in the page, no other host, no frame, no form; nothing of it is kept by proxies."""
    async with gateway_on([shop.crm()], environment="development") as gateway:
        page = await gateway.client.get("/")
    policy = dict(part.partition(" ")[::2] for part in page.headers["content-security-policy"].split("; "))
    assert policy.pop("img-src") == "'self' data:"
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-cache")
    assert "<style" not in page.text
    assert re.findall(r"<script(?! type=\"module\" src=)", page.text) == []


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"environment": "production"}, 404),
        ({"environment": "production", "pages": {"enabled": True}}, 200),
        ({"environment": "development"}, 200),
        ({"environment": "development", "pages": {"enabled": False}}, 404),
    ],
)
async def test_pages_are_off_in_production_unless_they_are_named(words: dict[str, object], status: int):
    """Where they are off nothing is served for them; development has the editor in the place of the first one."""
    async with gateway_on([shop.crm()], **words) as gateway:
        assert (await gateway.client.get("/c/c1")).status_code == status
        first = await gateway.client.get("/", follow_redirects=False)
        assert first.status_code == (307 if status == 404 and words["environment"] == "development" else status)


def test_the_bundle_is_small():
    """Script and style sheet are under 80 kB together, compressed."""
    assert sum(len(gzip.compress((BUNDLE / name).read_bytes())) for name in ("app.js", "app.css")) < 80_000


def test_each_document_stands_in_the_manifest_and_fits_the_schema():
    """The manifest has the texts that the script sends, letter by letter."""
    schema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    texts = json.loads((BUNDLE / "documents.json").read_text(encoding="utf-8"))
    written = "".join(file.read_text(encoding="utf-8") for file in (WEB / "src" / "documents").glob("*.graphql"))
    assert sorted(texts) == sorted(re.findall(r"^query (\w+)", written, re.MULTILINE))
    script = (BUNDLE / "app.js").read_text(encoding="utf-8")
    for name, text in texts.items():
        assert validate(schema, parse(text)) == [], name
        assert text in script, name


def test_modules_of_the_pages_are_short():
    """At most 400 lines, as modules in Python."""
    files = [file for file in (WEB / "src").rglob("*") if file.suffix in (".ts", ".tsx") and "generated" not in file.parts]
    assert len(files) > 20
    assert [file.name for file in files if len(file.read_text(encoding="utf-8").splitlines()) > MAX_LINES] == []
