"""CSV files of two systems with the same people, and settings that read them."""

import csv
from collections.abc import Iterable
from pathlib import Path

from connectors import records as r

COLUMNS = ("id", "given_name", "family_name", "birth_date", "email", "address_line", "address_postal_code")

SETTINGS = """
deadline_ms = 60000
{more}
[sources.crm]
kind = "files"
path = "{folder}"
tables = {{ people = "crm.csv" }}
[sources.crm.records.customer]
query = "FROM people"
keys = {{ customer_id = "id", email = "email" }}

[sources.shop]
kind = "files"
path = "{folder}"
tables = {{ people = "shop.csv" }}
[sources.shop.records.customer]
query = "FROM people"
keys = {{ customer_id = "id", email = "email" }}
"""


def write_people(path: Path, people: Iterable[r.Customer]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for person in people:
            address = person.address or r.Address()
            plain = [getattr(person, name) for name in COLUMNS[:5]]
            writer.writerow([*plain, address.line, address.postal_code])


def write_settings(folder: Path, more: str = "") -> Path:
    path = folder / "gateway.toml"
    path.write_text(SETTINGS.format(folder=folder, more=more), encoding="utf-8")
    return path
