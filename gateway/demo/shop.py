"""The demo's shop: a made-up company's customers in six systems, the same for the same seed."""

from pathlib import Path

from gateway.demo.databases import Progress, write_sqlite
from gateway.demo.shop_markets import CAPACITY
from gateway.demo.shop_people import FAMILY_NUMBERS, SHOP_CLOCK, Population
from gateway.demo.shop_rows import ShopRows
from gateway.demo.shop_tables import SHOP_TABLES

__all__ = [
    "AMBIGUOUS_PHONE",
    "EXAMPLE_EMAIL",
    "EXAMPLE_ID",
    "EXAMPLE_MEMBER_NUMBER",
    "EXAMPLE_PHONE",
    "SHOP_CLOCK",
    "shop_rows",
    "write_shop",
]

EXAMPLE_ID = "c00001"
EXAMPLE_EMAIL = "emma.clarke@example.com"
EXAMPLE_PHONE = "+442079460000"
EXAMPLE_MEMBER_NUMBER = "M-000001"
"""Keys that find one customer, the same one, in every shop."""

AMBIGUOUS_PHONE = "+441164960000"
"""A telephone that customers c00002 and c00003 share in every shop."""


def shop_rows(*, customers: int = 2000, seed: int = 1, progress: Progress | None = None) -> ShopRows:
    """Draw the shop's rows in memory. `customers` is between 3, the examples, and `CAPACITY`; else `ValueError`."""
    if not FAMILY_NUMBERS[-1] <= customers <= CAPACITY:
        raise ValueError(f"a shop has between {FAMILY_NUMBERS[-1]} and {CAPACITY} customers")
    population = Population(seed)
    shoppers = [population.draw(number) for number in range(1, customers + 1)]
    gathered = ShopRows(seed)
    for done, shopper in enumerate(shoppers):
        if progress is not None and done % 100 == 0:
            progress("customers", done, customers)
        gathered.add(shopper)
    if progress is not None:
        progress("customers", customers, customers)
    return gathered


def write_shop(folder: Path, *, customers: int = 2000, seed: int = 1, progress: Progress | None = None) -> None:
    """Write the six databases of the shop into `folder`. Files of these names are replaced."""
    write_sqlite(folder, SHOP_TABLES, shop_rows(customers=customers, seed=seed, progress=progress).rows, progress)
