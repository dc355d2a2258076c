"""Settings of one source of customers, and what `check` finds in them."""

from pathlib import Path

from gateway.check.command import check
from gateway.check.report import Report

SOURCE = """
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///{folder}/crm.db"
[sources.crm.records.customer]
query = "SELECT 'c1' AS id"
keys = {{ customer_id = "id" }}
"""


async def report_of(folder: Path, text: str) -> Report:
    """What `check` reports of settings with this source."""
    (folder / "crm.db").touch()
    (folder / "gateway.toml").write_text(text + SOURCE.format(folder=folder))
    return (await check(folder / "gateway.toml", environment={})).report
