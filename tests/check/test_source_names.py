"""Settings that name a source name one that is there: else each is told at its line."""

from pathlib import Path

from gateway.check.command import check

CONFIG = """[customer]
priority = ["crm", "shp"]
[customer.fields]
name = ["erp"]
[identity]
trusts = { shp = ["email"] }
[order]
priority = ["crm", "nope"]
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:////nowhere/crm.db"
customer_ids_of = "cmr"
order_ids_of = "crm"
[sources.crm.records.customer]
query = "SELECT id FROM customers"
keys = { customer_id = "id" }
"""


async def test_a_name_of_no_source_is_told_at_its_line(tmp_path: Path) -> None:
    """All of them in one run, with the nearest name."""
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG, encoding="utf-8")
    problems = (await check(config, environment={})).report.problems
    assert [(own.line, own.path, own.message, own.fix) for own in problems if own.line != 11] == [
        (2, "customer.priority.1", "there is no source shp", "name one of yours"),
        (4, "customer.fields.name.0", "there is no source erp", "name one of yours"),
        (6, "identity.trusts.shp", "there is no source shp", "name one of yours"),
        (8, "order.priority.1", "there is no source nope", "name one of yours"),
        (12, "sources.crm.customer_ids_of", "there is no source cmr", "did you mean 'crm'?"),
        (13, "sources.crm.order_ids_of", "crm is not in order.priority", "add it, or remove this"),
    ]
