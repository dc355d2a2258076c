"""`check` names callers whom nobody can show to be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.access.api_keys import new_key
from gateway.access.key_file import KeyFile
from gateway.check.command import check
from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.store.store import Store
from tests.support.checked_settings import SOURCE, report_of

SECRET = "a secret of digests that is long enough"
CALLERS = "[callers.acme]\n[callers.desk]\n[callers.old]\n"
ISSUER = """
[access.issuers.id]
issuer = "i"
audience = "a"
algorithm = "RS256"
keys = "https://id.example.com/"
caller = "desk"
"""
IN_FILE = f'[access.keys]\nsecret = "{SECRET}"\nfile = "keys.json"\n'
PROXY = '[access.proxy]\nheader = "x-caller"\nnetworks = ["10.0.0.1"]\n'
NO_KEY = (
    "nobody can show that he is this caller: it has no key that holds; "
    "make one by `profile-gateway keys create {0}`, or remove the caller"
)


async def add_keys(kept: Any) -> None:
    """Give acme a key that holds, and old one that does not."""
    now = datetime.now(UTC).replace(microsecond=0)
    await kept.add(new_key("acme", SECRET, now)[1])
    await kept.add(new_key("old", SECRET, now, now - timedelta(seconds=1))[1])


async def warnings_of(folder: Path, text: str) -> list[str]:
    report = await report_of(folder, text)
    assert [str(problem) for problem in report.problems] == []
    return [str(problem) for problem in report.warnings]


async def test_a_caller_without_a_key_is_named(tmp_path: Path):
    """Where he stands in the file; not who is anonymous, nor whom an issuer names."""
    await add_keys(KeyFile(tmp_path / "keys.json"))
    assert await warnings_of(tmp_path, IN_FILE + CALLERS) == [
        f"gateway.toml:{line}:1: callers.{name}: {NO_KEY.format(name)}" for line, name in ((5, "desk"), (6, "old"))
    ]
    named = f'[access]\nanonymous = "old"\n{IN_FILE}{ISSUER}{CALLERS}'
    assert await warnings_of(tmp_path, named) == []


async def test_whom_a_proxy_may_name_is_known(tmp_path: Path):
    assert await warnings_of(tmp_path, IN_FILE + PROXY + CALLERS) == []


async def test_whom_a_proxy_names_by_the_settings_is_known(tmp_path: Path):
    """By groups, or as the caller of all; the others are not, as no header can name them."""
    await add_keys(KeyFile(tmp_path / "keys.json"))
    one = '[access.proxy]\nnetworks = ["10.0.0.1"]\nuser_header = "x-user"\n'
    for way, name in (('caller = "desk"', "old"), ('groups_header = "x-groups"\ngroups = { a = "old" }', "desk")):
        (told,) = await warnings_of(tmp_path, f"{IN_FILE}{one}{way}\n{CALLERS}")
        assert told.endswith(f"callers.{name}: {NO_KEY.format(name)}")


async def test_without_keys_a_caller_needs_an_issuer(tmp_path: Path):
    told = "nobody can show that he is this caller: there is no [access.keys], and no issuer names it; add one of them"
    found = await warnings_of(tmp_path, f'[access]\nanonymous = "acme"\n{ISSUER}{CALLERS}')
    assert [text.split(": ", 1)[1] for text in found] == [f"callers.old: {told}"]


async def test_a_file_of_keys_that_cannot_be_read_is_told(tmp_path: Path):
    (tmp_path / "keys.json").write_text("odd")
    (told,) = await warnings_of(tmp_path, IN_FILE + CALLERS)
    fix = "let the gateway read it"
    assert told.endswith(f": access.keys.file: the file of the keys is not one that these commands wrote; {fix}")


@pytest.mark.mongodb
async def test_keys_in_mongodb_are_looked_at(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """Nothing of them is told where it is away, for that is a problem of its own."""
    store = Store(MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000), Clock())
    await store.open()
    await add_keys(store.api_keys)
    await store.aclose()
    where = f'[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\ntimeout_ms = 20000\n'
    keys = f'[access.keys]\nsecret = "{SECRET}"\n'
    found = await warnings_of(tmp_path, where + keys + CALLERS)
    assert [text.split(": ")[1] for text in found] == ["callers.desk", "callers.old"]
    away = where.replace(mongodb_uri, "mongodb://127.0.0.1:1").replace("20000", "200")
    (tmp_path / "gateway.toml").write_text(away + keys + CALLERS + SOURCE.format(folder=tmp_path))
    report = (await check(tmp_path / "gateway.toml", environment={})).report
    assert [problem.path for problem in report.problems] == ["mongodb.uri"]
    assert report.warnings == []
