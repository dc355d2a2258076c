"""What the check does about sources, stores, tags and faults beside a file of settings."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from connectors.contract import Connector, ConnectorSettings
from gateway.check.command import check
from gateway.check.source_questions import ask_sources

SOUND = """
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///FOLDER/crm.db"

[sources.crm.records.customer]
query = "SELECT id FROM customers"
keys.customer_id = "id"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a database of customers."""
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database:
        database.execute("CREATE TABLE customers (id TEXT)")
    return tmp_path


async def told(
    folder: Path, text: str, variables: Mapping[str, str] = MappingProxyType({}), *, faults: str = "", customer: str = ""
) -> list[str]:
    """What the check says of a settings file with this text."""
    path = folder / "gateway.toml"
    path.write_text(text.replace("FOLDER", str(folder)), encoding="utf-8")
    found = await check(path, folder / faults if faults else None, [customer] if customer else [], variables)
    return [str(problem).replace(str(folder), "FOLDER") for problem in found.report.problems]


async def test_a_tags_file_that_is_not_there_is_told_where_it_is_named(folder: Path) -> None:
    """Or by the variable that names it."""
    message = "cannot be read (No such file or directory); give the path of a readable file"
    assert await told(folder, f'[tags]\nfile = "none.yaml"\n{SOUND}') == [f"gateway.toml:2:1: tags.file: {message}"]
    assert await told(folder, SOUND, {"GATEWAY_TAGS__FILE": "none.yaml"}) == [f"environment: GATEWAY_TAGS__FILE: {message}"]


async def test_a_store_that_is_away_is_told(folder: Path) -> None:
    """At the line of its address."""
    store = '[mongodb]\nuri = "mongodb://127.0.0.1:9/"\ntimeout_ms = 100\n'
    assert await told(folder, store + SOUND) == [
        "gateway.toml:2:1: mongodb.uri: MongoDB does not answer; is it up, and are host and port right?"
    ]


OWN_FIELD = """\
[fields.customer.tier]
type = "enum"
description = "How loyal."
class = "commercial"
[fields.customer.limit]
description = "What may be open."
class = "commercial"
"""
OTHERS = """
[sources.api]
kind = "http"
base_url = "http://127.0.0.1:9"
[sources.api.records.customer]
fields = { id = "id", tier = "t", "limit.amount" = "l", colour = "c" }
keys.customer_id = { path = "/people/{key}" }
[sources.crm2]
kind = "hubspot"
keys = { customer = ["email"] }
token = "t"
fields = { customer = { tier = "tier__c" } }
[tags]
file = "tags.yaml"
"""
FACT_OF_A_FIELD = """\
defaults: {owner: us, category: VALUE, ttl: 6h, version: 1}
facts:
  tier: {label: Tier, record: customer, measure: latest, field: tier}
tags:
  t: {label: T, description: T., words: T., expression: "tier == null ? 'A' : 'B'", values: [A, B]}
"""


async def test_the_address_of_a_store_is_read(folder: Path) -> None:
    """Without its password."""
    store = '[mongodb]\nuri = "mongodb://user:hunter-two@host:port/"\n'
    (problem,) = await told(folder, store + SOUND)
    assert problem.startswith(
        "gateway.toml:2:1: mongodb.uri: is no MongoDB connection string with known options; write one such"
    )
    assert "hunter" not in problem


async def test_faults_that_are_not_there_hide_nothing(folder: Path) -> None:
    """Nor do faults with errors of syntax."""
    bad = SOUND.replace('"id"', '"idd"')
    place = "gateway.toml:8:1: sources.crm.records.customer.keys.customer_id"
    key = f"{place}: the record's query has no column idd; did you mean 'id'?"
    missing = "faults.toml: there is no such file in FOLDER; name one with --faults"
    assert sorted(await told(folder, bad, faults="faults.toml")) == sorted([missing, key])
    (folder / "faults.toml").write_text("[[faults]\n", encoding="utf-8")
    syntax = "faults.toml:1:9: is not TOML: Expected ']]' at the end of an array declaration; correct it there"
    assert sorted(await told(folder, bad, faults="faults.toml")) == sorted([syntax, key])


async def test_a_database_does_not_repeat_secrets(folder: Path) -> None:
    """A query may hold one in a variable. The column is not known then, the line is."""
    text = SOUND.replace('"SELECT id FROM customers"', '"""\nSELECT id\nFORM ${TABLE_OF_SECRETS}\n"""')
    (problem,) = await told(folder, text, {"TABLE_OF_SECRETS": "hidden_table"})
    where, words = "gateway.toml:9: sources.crm.records.customer.query", 'near "${TABLE_OF_SECRETS}": syntax error'
    assert problem == f"{where}: does not run: {words}; correct the query there"


async def test_a_badly_declared_field_is_told_where_it_is_declared(folder: Path) -> None:
    """Not again by each query, mapping, preset and fact that names it; other fields that are none are told as ever."""
    (folder / "exports").mkdir()
    (folder / "tags.yaml").write_text(FACT_OF_A_FIELD, encoding="utf-8")
    text = OWN_FIELD + SOUND.replace("SELECT id FROM", "SELECT id, id AS tier, id AS limit_amount, id AS colour FROM") + OTHERS
    assert [problem.partition(";")[0] for problem in await told(folder, text)] == [
        "gateway.toml:1:1: fields.customer.tier.values: an enum needs its values",
        "gateway.toml:5:1: fields.customer.limit.type: is missing",
        "gateway.toml:14:59: sources.crm.records.customer.query: the column colour is no field",
        "gateway.toml:21:57: sources.api.records.customer.fields.colour: `colour` is no field of Customer",
    ]


async def test_broken_syntax_does_not_hide_queries(folder: Path) -> None:
    """The settings that can be read are checked, and what has an error of syntax is not said to be missing."""
    text = "deadline_ms = 5x\n" + SOUND.replace("SELECT id", "SELECT idd")
    assert await told(folder, text) == [
        "gateway.toml:1:16: is not TOML: Expected newline or end of document after a statement; correct it there",
        "gateway.toml:8:17: sources.crm.records.customer.query: does not run: no such column: idd; correct the query there",
    ]
    without_url = SOUND.replace('url = "', "url = ")
    assert [problem.partition(": ")[0] for problem in await told(folder, without_url)] == ["gateway.toml:4:7"]


async def test_a_source_whose_name_is_wrong_is_not_asked(folder: Path) -> None:
    """What else is wrong with its settings is told."""
    text = SOUND.replace("sources.crm", "sources.'c r m'").replace("FROM customers", "FROM nowhere") + "qurey = 1\n"
    assert [problem.partition(";")[0] for problem in await told(folder, text)] == [
        "gateway.toml:2:1: sources.c r m: is no name of a source",
        "gateway.toml:9:1: sources.c r m.records.customer.qurey: is no setting",
    ]


async def test_lists_and_keys_that_are_wrong_do_not_hide_queries(folder: Path) -> None:
    """What is sound of the record is asked for. Where no key is left, nothing of it is."""
    text = SOUND.replace("SELECT id", "SELECT idd") + 'keys.mail = "id"\nlists.itms.query = "SELECT 1"\n'
    query, key, own = (problem.partition(" ")[2] for problem in await told(folder, text))
    assert query.startswith("sources.crm.records.customer.query: does not run: no such column: idd;")
    assert key.startswith("sources.crm.records.customer.keys.mail: must be one of customer_id, external_id,")
    assert own.startswith("sources.crm.records.customer.lists.itms: customer has no such list;")
    keyless = await told(folder, text.replace("customer_id", "custmer_id"))
    assert [problem.partition(": ")[0] for problem in keyless] == ["gateway.toml:8:1", "gateway.toml:9:1", "gateway.toml:10:1"]


async def test_a_customer_is_read_when_all_else_is_right(folder: Path) -> None:
    """By an id, or by a key with its kind. One that nobody has is told with what a key is."""
    other = "give the id of one, or a key with its kind, such as email:ana@example.com"
    assert await told(folder, SOUND, customer="c1") == [f"customer c1: nobody has this key; {other}"]
    assert await told(folder, SOUND, customer="id:c1") == [f"customer id:c1: nobody has this key; {other}"]
    assert await told(folder, SOUND, customer="urn:1") == [f"customer urn:1: nobody has this key; {other}"]
    assert await told(folder, SOUND, customer="emial:a@b.example") == [
        "customer emial:a@b.example: nobody has this key; did you mean 'email'?"
    ]
    assert await told(folder, SOUND, customer="ordernumber:7") == [
        "customer ordernumber:7: nobody has this key; did you mean 'order_number'?"
    ]
    with closing(sqlite3.connect(folder / "crm.db")) as database, database:
        database.execute("INSERT INTO customers VALUES ('c1')")
    assert await told(folder, SOUND, customer="c1") == []
    assert await told(folder, SOUND, customer="id:c1") == []


async def test_that_no_customer_is_read_beside_problems_is_told(folder: Path) -> None:
    """Else the caller may take him for sound."""
    path = folder / "gateway.toml"
    path.write_text("deadline = 5\n" + SOUND.replace("FOLDER", str(folder)), encoding="utf-8")
    report = (await check(path, None, ["c1"], {})).report
    assert [str(problem) for problem in report.problems] == [
        "gateway.toml:1:1: deadline: is no setting; did you mean 'deadline_ms'?"
    ]
    assert list(map(str, report.warnings)) == ["no customer was read, as there are problems; correct these first"]


async def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """It is all that there is to report."""
    found = await check(tmp_path / "none.toml", environment={})
    (problem,) = found.report.problems
    assert str(problem) == f"none.toml: there is no such file in {tmp_path}; name one with --config"
    assert (found.report.lookups, found.called) == ((), {})


class NoSettings(ConnectorSettings):
    pass


class Failing(Connector[NoSettings]):
    """Fails in a way that no connector should."""

    kind = "failing"
    settings_type = NoSettings
    is_closed = False

    async def check(self) -> list[str]:
        raise KeyError("somebody@example.com")

    async def aclose(self) -> None:
        self.is_closed = True


class Asking(Connector[NoSettings]):
    kind = "asking"
    settings_type = NoSettings

    async def check(self) -> list[str]:
        return [f"sources.{self.name}.url: is away; start it"]


async def test_a_check_that_fails_does_not_hide_the_others() -> None:
    """The kind of the failure is told and not its words, which may be anything; the connector is closed."""
    failing: Connector[Any] = Failing("till", NoSettings())
    assert await ask_sources([failing, Asking("crm", NoSettings())], None) == [
        "sources.till: its check failed (KeyError); report that to the author of the connector",
        "sources.crm.url: is away; start it",
    ]
    assert vars(failing)["is_closed"]
