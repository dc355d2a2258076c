"""The command: what it writes, keeps and refuses, and that no secret and no value of a row is in it."""

import asyncio
import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.onboarding.source_url import read_url
from gateway.onboarding.vendor_lines import preset_lines, vendor_of
from tests.onboarding.test_recognition import SHOP
from tests.support.paths import ROOT
from tests.support.script_database import new_sqlite, run_script

CANARY = "Zxqcanary"
VENDORS = ["hubspot", "salesforce", "zendesk", "shopify", "stripe", "segment", "posthog"]


def init(folder: Path, url: str, *words: str) -> Result:
    """Run the command without a terminal, and without serving."""
    return CliRunner().invoke(app, ["init", "--url", url, "--folder", str(folder / "out"), "--no-serve", *words])


def make_shop(folder: Path) -> Path:
    """A database of a shop in which each text of a person holds a canary."""
    script = [re.sub(r"'(Ana|Meyer|Bo|Li)'", rf"'{CANARY}\1'", statement) for statement in SHOP]
    script = [re.sub(r"(ana|bo)@", rf"{CANARY.lower()}\1@", statement) for statement in script]
    url = new_sqlite(folder)
    asyncio.run(
        run_script(url, *script, "ALTER TABLE customers ADD COLUMN notes TEXT", f"UPDATE customers SET notes = '{CANARY} 77'")
    )
    return folder / "own.db"


def test_files_are_written_and_checked(tmp_path: Path) -> None:
    """Settings, tags and an environment file of the owner alone are written; `check` finds no problem in them."""
    result = init(tmp_path, str(make_shop(tmp_path)), "--yes")
    assert result.exit_code == 0, result.output
    assert "No problems found." in result.output
    written = tmp_path / "out"
    names = sorted(path.name for path in written.iterdir())
    assert names == [".env", ".gateway.toml.init", ".tags.yaml.init", "gateway.toml", "tags.yaml"]
    assert stat.S_IMODE((written / ".env").stat().st_mode) == 0o600
    assert 'url = "${OWN_URL}"' in (written / "gateway.toml").read_text()


def test_no_value_of_a_row_is_shown(tmp_path: Path) -> None:
    """Neither files nor the report hold what rows hold: the canary is in no text, in any case of letters."""
    result = init(tmp_path, str(make_shop(tmp_path)), "--yes")
    texts = [result.output, *(path.read_text() for path in (tmp_path / "out").iterdir())]
    assert [text for text in texts if CANARY.lower() in text.lower()] == []
    assert "notes (a 9)" in (tmp_path / "out" / "gateway.toml").read_text()


def test_what_is_likely_does_not_run_unasked(tmp_path: Path) -> None:
    """Without `--yes` and without a terminal what is SURE runs alone."""
    init(tmp_path, str(make_shop(tmp_path)))
    text = (tmp_path / "out" / "gateway.toml").read_text()
    running = [line for line in text.splitlines() if "LIKELY" in line and not line.lstrip().startswith(("#", "--"))]
    assert running == []
    assert "email -- SURE" in text


def test_a_second_run_keeps_what_was_changed_by_hand(tmp_path: Path) -> None:
    """Hand edits stay, what is new comes, a line that both changed stays as by hand, and the difference is shown."""
    shop = str(make_shop(tmp_path))
    assert init(tmp_path, shop, "--yes").exit_code == 0
    settings = tmp_path / "out" / "gateway.toml"
    by_hand = settings.read_text().replace("[tags]", "odd = 50\n\n[tags]")
    by_hand = by_hand.replace('kind = "sql"', 'kind = "sql"\npool_size = 7')
    settings.write_text(by_hand)
    again = init(tmp_path, shop, "--yes")
    assert (again.exit_code, settings.read_text()) == (2, by_hand), again.output
    settings.write_text(by_hand.replace("odd = 50\n\n", ""))
    asyncio.run(run_script(f"sqlite+aiosqlite:///{shop}", "ALTER TABLE customers ADD COLUMN phone TEXT"))
    asyncio.run(run_script(f"sqlite+aiosqlite:///{shop}", "UPDATE customers SET phone = '+44207946000' || id"))
    third = init(tmp_path, shop, "--yes")
    assert third.exit_code == 0, third.output
    assert "pool_size = 7" in settings.read_text()
    assert "phone -- SURE" in settings.read_text()
    assert "+     , phone -- SURE: name, data" in third.output


def test_an_empty_database_is_told(tmp_path: Path) -> None:
    """A database without tables, or a folder without files, gets a message, and nothing is written."""
    url = new_sqlite(tmp_path)
    asyncio.run(run_script(url, "CREATE TABLE gone (id INTEGER)", "DROP TABLE gone"))
    result = init(tmp_path, str(tmp_path / "own.db"), "--yes")
    assert (result.exit_code, (tmp_path / "out").exists()) == (2, False)
    assert "--url: has no tables that can be read; check its name" in result.stderr


def test_unread_tables_are_reported(tmp_path: Path) -> None:
    """The report names the tables that no record reads."""
    shop = make_shop(tmp_path)
    asyncio.run(run_script(f"sqlite+aiosqlite:///{shop}", "CREATE TABLE weather (id INTEGER PRIMARY KEY, rain INTEGER)"))
    assert "Read by no record: weather" in init(tmp_path, str(shop), "--yes").stdout


def test_a_file_of_others_is_not_touched(tmp_path: Path) -> None:
    """Settings that `init` did not write are left as they are."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "gateway.toml").write_text("# mine\n")
    result = init(tmp_path, str(make_shop(tmp_path)), "--yes")
    assert (result.exit_code, (tmp_path / "out" / "gateway.toml").read_text()) == (2, "# mine\n")
    assert "gateway.toml: is not of `init`; move it away" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--url", "ftp://example.com/x"], "--url: is no database, folder or known vendor"),
        (["--url", " "], "--url: is empty"),
        (["--url", "missing.db"], "--url: there is no file missing.db"),
        (["--url", "postgresql://host"], "--url: names no database"),
        (["--url", "postgresql://${NOT_SET_ANYWHERE}@host/shop"], "--url: the variable NOT_SET_ANYWHERE is not set"),
    ],
)
def test_bad_urls_name_the_fix(words: list[str], message: str) -> None:
    """What cannot be read ends the command with 2 and says why."""
    result = CliRunner().invoke(app, ["init", *words])
    assert result.exit_code == 2
    assert message in result.stderr


def test_passwords_stay_in_the_environment() -> None:
    """A password of a URL becomes a variable in the settings; one that is a variable already stays that."""
    plain = read_url("postgresql://reader:pa%40ss@db.example/shop?ssl=require", {})
    assert plain.settings["url"] == "postgresql+asyncpg://reader:${SHOP_PASSWORD}@db.example/shop?ssl=require"
    assert (dict(plain.written), dict(plain.variables)) == ({}, {"SHOP_PASSWORD": "pa%40ss"})
    named = read_url("mysql://reader:${PW}@db/shop", {"PW": "secret"})
    assert named.settings["url"] == "mysql+asyncmy://reader:${PW}@db/shop"
    assert "secret" in named.url
    option = read_url("postgresql://db/shop?user=reader&password=hidden", {})
    assert "hidden" not in str(option.settings) + str(option.written)
    without = read_url("postgres://reader@db/shop", {}, "crm")
    assert (without.settings["url"], dict(without.written)) == (
        "${CRM_URL}",
        {"CRM_URL": "postgresql+asyncpg://reader@db/shop"},
    )


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_gets_the_lines_of_its_preset(vendor: str, tmp_path: Path) -> None:
    """The lines are settings that `check` takes, once their variables are set."""
    import tomllib

    from gateway.lookups.connector_registry import build_connector, connector_kinds, validate_block
    from gateway.settings.document import fill_in, variables_in

    address = {"zendesk": "https://acme.zendesk.com", "shopify": "https://acme.myshopify.com"}.get(vendor, vendor)
    assert vendor_of(address) == vendor
    written = tomllib.loads("\n".join(preset_lines(address)))
    ((name, block),) = fill_in(written, dict.fromkeys(variables_in(written), "x")).document["sources"].items()
    kinds = connector_kinds({vendor})
    own = {key: value for key, value in block.items() if key != "kind"}
    validated = validate_block(kinds, name, vendor, own)
    assert validated.problems == []
    assert build_connector(kinds[vendor], name, validated.settings, own)[1] == []
    assert CliRunner().invoke(app, ["init", "--url", address]).exit_code == 0


def test_what_holds_no_customers_ends_with_1(tmp_path: Path) -> None:
    """Where nothing is certain the proposals are comments, and the command says so instead of serving."""
    url = new_sqlite(tmp_path)
    asyncio.run(run_script(url, "CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, email TEXT)"))
    result = init(tmp_path, str(tmp_path / "own.db"), "--yes")
    assert result.exit_code == 1
    assert "no customers are certain" in result.stderr
    assert "[sources.own.records" not in (tmp_path / "out" / "gateway.toml").read_text().replace("# [", "")


_COLUMNS = '"li\nne" TEXT, "a""""""b" TEXT, "${HOME}" TEXT, "back\\slash" TEXT, "[tags]" TEXT'
_ORDERS = "id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id)"
_PEOPLE = [f"({n}, 'p{n}@example.com', 'P {n}', 'one' || char(10) || '[evil]')" for n in range(1, 30)]
_SOLD = [f"({n}, {n}, '2026-01-02 03:04:05', 'paid' || char(10) || '[evil]', '1')" for n in range(1, 30)]
HOSTILE = [
    f"CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, name TEXT, notes TEXT, {_COLUMNS})",
    f'CREATE TABLE orders ({_ORDERS}, "placed:at" TEXT, "order""status" TEXT, "total\n[evil]" TEXT)',
    f'CREATE TABLE "x\n[evil]" ({_ORDERS})',
    f"INSERT INTO customers (id, email, name, notes) VALUES {', '.join(_PEOPLE)}",
    f"INSERT INTO orders VALUES {', '.join(_SOLD)}, (30, 1, '2026-01-02 03:04:05', '${{paid}}', '1')",
]


def test_hostile_names_and_values_write_no_settings(tmp_path: Path) -> None:
    """What a name or a value says is no setting: names that no settings hold are left out and named, the rest runs."""
    asyncio.run(run_script(new_sqlite(tmp_path), *HOSTILE))
    result = init(tmp_path, str(tmp_path / "own.db"), "--yes")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out" / "gateway.toml").read_text()
    assert list(tomllib.loads(text)) == ["tags", "sources"]
    assert [line for line in text.splitlines() if line.startswith("[")] == [
        line for line in text.splitlines() if line.startswith(("[tags]", "[sources.own"))
    ]
    named = ["customers.li?ne", "customers.?{HOME}", "orders.total?[evil]", "x?[evil]"]
    assert [own for own in named if own not in result.output] == []
    assert "x\n[evil]" not in result.output


@pytest.mark.parametrize("file", ["客户.db", "Bücher-2024.db", "2024.db"])
def test_a_file_of_any_name_is_a_source(tmp_path: Path, file: str) -> None:
    """The source is called by what is ASCII in the name of a file."""
    make_shop(tmp_path).rename(tmp_path / file)
    result = init(tmp_path, str(tmp_path / file), "--yes")
    assert result.exit_code == 0, result.output


def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    """A name that settings cannot hold is refused with the fix."""
    result = init(tmp_path, str(make_shop(tmp_path)), "--name", "my shop]")
    assert (result.exit_code, "--name: is no name of a source; write" in result.output) == (2, True)


def test_a_database_that_cannot_be_read_names_the_fix(tmp_path: Path) -> None:
    """A database out of reach, and a file that is none, are told with what to check; the password is not."""
    away = init(tmp_path, "postgresql://reader:hidden@127.0.0.1:1/shop")
    assert (away.exit_code, "--url: the source is unavailable; check that it runs" in away.output) == (2, True), away.output
    (tmp_path / "own.db").write_text("no database")
    none = init(tmp_path, str(tmp_path / "own.db"))
    assert (none.exit_code, "check that it is such a database" in none.output) == (2, True), none.output
    assert "hidden" not in away.output


def test_mongodb_out_of_reach_says_that_alone(tmp_path: Path) -> None:
    """A look for a server that is given up ends when the client is closed, and nobody reads of that."""
    command = [
        sys.executable,
        "-c",
        "from gateway.cli import app; app()",
        "init",
        "--url",
        "mongodb://127.0.0.1:1/shop",
        "--yes",
    ]
    ended = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert ended.stderr.startswith("--url: the source is unavailable; check that it runs")
