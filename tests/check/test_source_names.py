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


WRONG = """[customer.fields]
addres = "newest"
name = "newst"
company = "crm"
id = "newest"
locale = []
[identity]
trusts = { crm = ["emial"] }
[identity.blocked]
emial = ["a@b.example"]
customer_id = ["7"]
email = "sales@example.com"
phone = [5]
member_number = ["4711", " "]
external_id = ["erp:3", "4711"]
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:////nowhere/crm.db"
birth_dates = "dayfirst"
[sources.crm.records.customer]
query = "SELECT id FROM customers"
keys = { customer_id = "id" }
"""
KINDS = "links are made by external_id, member_number, email, phone and device_id"


async def test_a_rule_of_fields_or_keys_is_told_at_its_line(tmp_path: Path) -> None:
    """Each once, with what was meant."""
    config = tmp_path / "gateway.toml"
    config.write_text(WRONG, encoding="utf-8")
    problems = (await check(config, environment={})).report.problems
    rule, known = "must be a list of sources, or newest", "day_first, month_first, seconds, milliseconds"
    assert [(own.line, own.path, own.message, own.fix) for own in problems if own.line != 18] == [
        (2, "customer.fields.addres", "a customer's record has no field `addres` to choose", "did you mean 'address'?"),
        (3, "customer.fields.name", rule, "did you mean 'newest'?"),
        (4, "customer.fields.company", rule, "put the names of sources in [ and ]"),
        (5, "customer.fields.id", "a customer's record has no field `id` to choose", "remove it"),
        (6, "customer.fields.locale", "is empty", "give at least one"),
        (8, "identity.trusts.crm.0", KINDS, "did you mean 'email'?"),
        (10, "identity.blocked.emial", KINDS, "did you mean 'email'?"),
        (11, "identity.blocked.customer_id", KINDS, "choose one of these"),
        (12, "identity.blocked.email", "must be a list", "put its values in [ and ]"),
        (13, "identity.blocked.phone.0", "must be text", "put it in quotes"),
        (14, "identity.blocked.member_number.1", "is blank, as no key is", "remove it"),
        (15, "identity.blocked.external_id.1", "is no id at a system", "write it as SYSTEM:ID"),
        (19, "sources.crm.birth_dates", f"must be one of {known}", "did you mean 'day_first'?"),
    ]
