"""Prepare the demo: its databases, their settings, and example queries."""

import asyncio
import importlib.resources
from collections.abc import Mapping
from pathlib import Path
from string import Template

import msgspec

from gateway.demo import olist, shop
from gateway.demo.databases import Progress, postgresql_urls, sqlite_urls
from gateway.demo.examples import examples, profile_example
from gateway.graphiql import Example

SETTINGS_FILE = "gateway.toml"
CALIBRATION_FILE = "calibration.json"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A prepared demo: its settings file, its example queries, and the id of the customer that they show."""

    settings: Path
    examples: list[Example]
    customer: str


def prepare_shop(folder: Path, *, customers: int, seed: int, progress: Progress) -> Prepared:
    """Generate a shop in SQLite. A shop of the same figures is used again."""
    written = folder / "written.json"
    figures = msgspec.json.encode({"customers": customers, "seed": seed})
    if not written.exists() or written.read_bytes() != figures:
        shop.write_shop(folder, customers=customers, seed=seed, progress=progress)
        written.write_bytes(figures)
    figures_of_shop = importlib.resources.files("gateway.demo").joinpath("shop_calibration.json")
    calibration = (folder / CALIBRATION_FILE).resolve()
    calibration.write_bytes(figures_of_shop.read_bytes())
    by = {"email": shop.EXAMPLE_EMAIL}
    ids = [f"crm:c{number:05d}" for number in range(1, min(customers, 50) + 1)]
    return Prepared(
        settings=_settings(folder, "shop.toml", {**sqlite_urls(folder), "DEMO_CALIBRATION": str(calibration)}),
        examples=[*examples(by, ids), profile_example(by)],
        customer=shop.EXAMPLE_ID,
    )


def prepare_olist(folder: Path, data: Path, *, postgresql: str | None, progress: Progress) -> Prepared:
    """Load the published Olist files into SQLite or PostgreSQL."""
    if postgresql is None:
        seller = olist.write_olist(data, folder, progress=progress)
        urls = sqlite_urls(folder)
    else:
        seller = asyncio.run(olist.copy_olist(data, postgresql, progress=progress))
        urls = postgresql_urls(postgresql)
    return Prepared(
        settings=_settings(folder, "olist.toml", urls),
        examples=examples({"id": f"crm:{seller}"}, [f"crm:{seller}"]),
        customer=seller,
    )


def _settings(folder: Path, name: str, urls: Mapping[str, str]) -> Path:
    """Write the settings to a file, for the other commands."""
    folder.mkdir(parents=True, exist_ok=True)
    text = importlib.resources.files("gateway.demo").joinpath(name).read_text(encoding="utf-8")
    path = folder / SETTINGS_FILE
    path.write_text(Template(text).substitute(urls), encoding="utf-8")
    path.chmod(0o600)
    return path
