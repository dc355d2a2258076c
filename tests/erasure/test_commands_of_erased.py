"""No command shows a customer who is erased, or stores anything of him, though the sources have him still."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from connectors.errors import ConfigurationError
from gateway.app import create_services, opened
from gateway.explain import unreadable_values
from gateway.replay.modes import ReplayModes, begin_recording, substitute
from gateway.settings import load_settings
from tests.erasure.erased_people import SETTINGS
from tests.linkage.test_identity_commands import COMMAND, ENVIRONMENT
from tests.support.audit_trails import SECRET
from tests.support.gateway_server import settings_for
from tests.support.known_people import ALL_KINDS, LI, knowing
from tests.support.people_files import COLUMNS

ANA = ("c1", "Ana", "Souza", "1980-02-03", "ana@example.com", "1 Mill Lane", "10001")
SHOP_ANA = ("s1", "Ana", "Souza", "1980-02-03", "ana@example.com", "1 Mill Lane", "10001")
LEO = ("c2", "Leo", "Costa", "1990-01-01", "leo@example.com", "2 High Street", "20002")
VALUES = ("Souza", "ana@example.com", "Mill Lane", "s1", "crm:c1", "c1\n")


def write_table(path: Path, *rows: tuple[str, ...]) -> None:
    path.write_text("\n".join(",".join(row) for row in (COLUMNS, *rows)) + "\n", encoding="utf-8")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND[:-1], *words], capture_output=True, text=True, timeout=110, env=ENVIRONMENT)


SOURCE = """
[sources.{name}]
kind = "files"
path = "{folder}"
tables = {{ people = "{name}.csv" }}
[sources.{name}.records.customer]
query = "FROM people"
keys = {{ customer_id = "id", email = "email" }}
"""


@pytest.fixture
def config(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Path:
    """Ana in two systems, and somebody else in one. She is erased."""
    write_table(tmp_path / "crm.csv", ANA, LEO)
    write_table(tmp_path / "shop.csv", SHOP_ANA)
    (tmp_path / "spool").mkdir()
    text = "deadline_ms = 60000\n" + "".join(SOURCE.format(name=name, folder=tmp_path) for name in ("crm", "shop"))
    text += f'[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\ntimeout_ms = 20000\n'
    text += f'[erasure]\nkey = "{SETTINGS["erasure"]["key"]}"\n[identity]\nsecret = "{SECRET}"\n'
    text += f'[audit]\nkey = "{SECRET}"\nspool = "{tmp_path / "spool"}"\n'
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    assert run("customer", "erase", "crm:c1", "--reason", "request 1", "--config", str(path)).returncode == 0
    return path


def stored_in(uri: str, database: str) -> str:
    with MongoClient[dict[str, Any]](uri, timeoutMS=20_000) as client:
        return str([[*client[database][name].find()] for name in sorted(client[database].list_collection_names())])


COMMANDS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "check by id": (("check", "--customer", "crm:c1"), 2, "was erased"),
    "check by address": (("check", "--customer", "email:ana@example.com", "--json"), 2, "was erased"),
    "check by the id of another record": (("check", "--customer", "shop:s1"), 2, "was erased"),
    "check of data": (("check", "--deep"), 0, "No problems found"),
    "tags": (("tags", "explain", "crm:c1"), 2, "was erased"),
    "tags by address": (("tags", "explain", "ana@example.com", "--by", "email"), 2, "was erased"),
    "report": (("identity", "report", "--json"), 0, "customers"),
    "propose": (("identity", "propose", "--json"), 0, ""),
    "export": (("customer", "export", "shop:s1"), 2, "was erased"),
    "accesses": (("audit", "list", "--customer", "shop:s1"), 2, "was erased"),
    "verify": (("audit", "verify"), 0, "No link was changed"),
    "replay": (("customer", "replay-erasures"), 0, ""),
    "again": (("customer", "erase", "shop:s1", "--reason", "request 2"), 0, "COMPLETE"),
    "forget": (("identity", "forget", "crm:c9"), 0, "crm:c9"),
}
"""Commands that read customers, how they end, and what they say."""


@pytest.mark.mongodb
@pytest.mark.timeout(300)
def test_no_command_shows_who_is_erased(config: Path, mongodb_uri: str, mongodb_database: str):
    """By whatever key. Afterwards nothing of her is in MongoDB, or in the spool."""
    for name, (words, code, said) in COMMANDS.items():
        done = run(*words, "--config", str(config))
        printed = done.stdout + done.stderr
        assert (done.returncode, said in printed) == (code, True), (name, done)
        assert [value for value in VALUES if value in printed.replace("\\n", "\n")] == [], (name, printed)
    pairs = config.parent / "pairs"
    pairs.write_text("crm:c1\tshop:s1\n", encoding="utf-8")
    run("identity", "propose", "--accept", str(pairs), "--config", str(config))
    stored = stored_in(mongodb_uri, mongodb_database)
    assert [value for value in VALUES if value in stored] == []
    spooled = "".join(path.read_text("utf-8") for path in (config.parent / "spool").iterdir())
    assert [value for value in VALUES if value in spooled] == []
    forgotten = run("identity", "forget", "crm:c1", "--config", str(config))
    assert forgotten.stdout.splitlines()[0] == "records: crm:c1", "her other records are not named"


@pytest.mark.mongodb
def test_what_cannot_be_read_of_her_is_not_said(config: Path):
    """Neither a count nor the id of a record, though others are read before and after her, and theirs is said."""
    folder = config.parent
    write_table(folder / "crm.csv", (*LEO[:3], "1990-02-30", *LEO[4:]), (*ANA[:3], "1980-02-30", *ANA[4:]))
    write_table(folder / "shop.csv", (*SHOP_ANA[:3], "1980-02-30", *SHOP_ANA[4:]))

    async def read() -> list[str]:
        async with opened(create_services(load_settings(config))) as services:
            return await unreadable_values(services, ["crm:c1", "crm:c2", "email:ana@example.com"])

    *erased, other = asyncio.run(read())
    assert [text.partition(": ")[2].startswith("the customer was erased") for text in erased] == [True, True]
    assert (other.startswith("crm: customer.birthDate: malformed, "), other.endswith("first in customer c2")) == (True, True)


def test_nothing_is_recorded_where_somebody_may_be_erased(tmp_path: Path):
    """A recording would not know him."""
    settings = settings_for([knowing("crm", [LI], ALL_KINDS)], **SETTINGS, mongodb={"uri": "mongodb://nowhere"})
    traffic = ReplayModes(record=tmp_path / "recorded")
    for begin in (begin_recording, substitute):
        with pytest.raises(ConfigurationError, match="a recording does not know who is erased"):
            begin(settings, traffic)
    assert not [*tmp_path.iterdir()]
