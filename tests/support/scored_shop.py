"""Settings of a shop in SQLite, whose customers have scores."""

from pathlib import Path

_SETTINGS = """
[clock]
pinned = "{pinned}"
[tags]
file = "tags.yaml"
{calibration}
[sources.shop]
kind = "sql"
url = "sqlite+aiosqlite:///{path}"
[sources.shop.records.customer]
query = "SELECT id, 'PERSON' AS kind FROM customers"
keys = {{ customer_id = "id" }}
[sources.shop.records.order]
query = "SELECT id, customer_id, placed_at,{columns} total_amount, '{currency}' AS total_currency FROM orders"
keys = {{ customer_id = "customer_id" }}
"""


def write_scored_shop(
    folder: Path, *, pinned: str, currency: str, columns: str = "", calibration: str | None = "calibration.json"
) -> Path:
    """Write the settings over `shop.db` and `tags.yaml` of the folder. `columns` are read beside those of every order."""
    named = "" if calibration is None else f'calibration = "{calibration}"'
    path = folder / "gateway.toml"
    words = {"pinned": pinned, "calibration": named, "path": folder / "shop.db", "columns": columns, "currency": currency}
    path.write_text(_SETTINGS.format(**words), "utf-8")
    return path
