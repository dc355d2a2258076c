"""The published Olist files: finding them in a folder and reading them."""

import csv
import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

from connectors.errors import ConfigurationError

FILES: dict[str, str] = {
    "sellers": "olist_sellers_dataset.csv",
    "orders": "olist_orders_dataset.csv",
    "items": "olist_order_items_dataset.csv",
    "payments": "olist_order_payments_dataset.csv",
    "reviews": "olist_order_reviews_dataset.csv",
    "products": "olist_products_dataset.csv",
    "categories": "product_category_name_translation.csv",
    "leads": "olist_marketing_qualified_leads_dataset.csv",
    "deals": "olist_closed_deals_dataset.csv",
}
"""The files that are read, under the names that Olist published them."""

FOLDERS = ("", "olist_15k", "olist_marketing_funnel")

Line = Mapping[str, str]


def find_files(data: Path) -> dict[str, Path]:
    """Find each file: in the folder or in its two usual sub-folders, as it is or with gzip.

    Raises `ConfigurationError` that lists every missing file.
    """
    paths: dict[str, Path] = {}
    for key, name in FILES.items():
        places = (data / folder / f"{name}{ending}" for folder in FOLDERS for ending in ("", ".gz"))
        path = next((place for place in places if place.is_file()), None)
        if path is not None:
            paths[key] = path
    missing = [name for key, name in FILES.items() if key not in paths]
    if missing:
        raise ConfigurationError([f"Olist: {name} (or {name}.gz) is not in the folder {data.name}" for name in missing])
    return paths


def read_files(data: Path, tell: Callable[[int, int], None] | None = None) -> dict[str, list[Line]]:
    """Read the lines of every file, by the keys of `FILES`. `tell` hears how many files are read, and of how many."""
    lines: dict[str, list[Line]] = {}
    for key, path in find_files(data).items():
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig", newline="") as stream:
            lines[key] = list(csv.DictReader(stream))
        if tell is not None:
            tell(len(lines), len(FILES))
    return lines
