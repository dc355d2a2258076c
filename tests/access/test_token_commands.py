"""`profile-gateway tokens`: revoke tokens, and list what is revoked."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.access.revocation_file import RevocationFile
from gateway.access.revocations import Revocation
from gateway.cli import app

ISSUERS = "".join(
    f'[access.issuers.{name}]\nissuer = "https://{name}.example.com/"\naudience = "gateway"\nalgorithm = "RS256"\n'
    f'keys = "https://{name}.example.com/keys"\ncaller = "desk"\n'
    for name in ("company", "partner")
)
REST = f'{ISSUERS}[callers.desk]\n[sources.crm]\nkind = "sql"\nurl = "sqlite+aiosqlite:///shop.db"\n'
IN_FILE = f'[access.revocations]\nfile = "revoked.json"\n{REST}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    config = tmp_path / "gateway.toml"
    config.write_text(IN_FILE)
    return config


@pytest.fixture(params=["file", "mongodb"])
def config(request: pytest.FixtureRequest, file: Path) -> Path:
    if request.param == "mongodb":
        uri, database = request.getfixturevalue("mongodb_uri"), request.getfixturevalue("mongodb_database")
        store = f'[mongodb]\nuri = "{uri}"\ndatabase = "{database}"\ntimeout_ms = 30000\n'
        file.write_text(f"{store}[access.revocations]\n{REST}")
    return file


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["tokens", *words, "--config", str(config)])


def listed(config: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(config, "list", "--json").stdout)
    return found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.mongodb
def test_tokens_are_revoked_and_listed(config: Path):
    """One by its id, for so long; all of an issuer that were issued before now. Times are whole seconds, as those of tokens."""
    began = datetime.now(UTC)
    one = run(config, "revoke", "company", "--jti", "a-1", "--ends-in", "2h")
    assert (one.exit_code, one.stdout) == (0, "")
    assert one.stderr.startswith("Of company the token a-1 holds no more. It must have ended by ")
    every = run(config, "revoke", "partner", "--issued-before", "now")
    assert every.stderr.startswith("Of partner no token holds any more that was issued before ")
    first, second = listed(config)
    assert (first["issuer"], first["jti"], first["issuedBefore"]) == ("company", "a-1", None)
    assert at(first["endsAt"]) - at(first["madeAt"]) == timedelta(hours=2)
    assert (second["issuer"], second["jti"], second["endsAt"]) == ("partner", None, None)
    assert began < at(second["issuedBefore"]) < datetime.now(UTC) + timedelta(seconds=1)
    assert at(second["issuedBefore"]).microsecond == 0
    lines = run(config, "list").stdout.splitlines()
    assert lines[0].startswith("company  jti a-1  revoked 20")
    assert ", kept until 20" in lines[0]
    assert lines[1].startswith("partner  all issued before 20")


@pytest.mark.mongodb
def test_an_earlier_time_takes_nothing_back(config: Path):
    """The command says what holds."""
    for text in ("2026-07-01T12:00:00.5Z", "2026-07-01T13:00+02:00"):
        result = run(config, "revoke", "company", "--issued-before", text)
        assert result.stderr == "Of company no token holds any more that was issued before 2026-07-01 12:00:01 UTC.\n"
    assert [own["issuedBefore"] for own in listed(config)] == ["2026-07-01T12:00:01Z"]


def test_an_id_is_kept_for_longer_than_a_token_lasts(file: Path):
    assert run(file, "revoke", "company", "--jti", "a").exit_code == 0
    (own,) = listed(file)
    assert at(own["endsAt"]) - at(own["madeAt"]) == timedelta(days=30)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("compny", "--jti", "a"), "access.issuers: there is no issuer compny; did you mean 'company'?"),
        (("company",), "--jti and --issued-before: give one of them"),
        (("company", "--jti", "a", "--issued-before", "now"), "--jti and --issued-before: give one of them"),
        (("company", "--jti", ""), "--jti: is no id of a token; give 1 to 500 letters"),
        (("company", "--jti", "a" * 501), "--jti: is no id of a token; give 1 to 500 letters"),
        (("company", "--jti", "\x1b[2J"), "--jti: is no id of a token; give 1 to 500 letters"),
        (("company", "--jti", "a", "--ends-in", "soon"), "--ends-in: is no span of time; write a number and s, m, h or d"),
        (("company", "--jti", "a", "--ends-in", "0d"), "--ends-in: must be more than nothing, and 366d or less"),
        (("company", "--jti", "a", "--ends-in", "367d"), "--ends-in: must be more than nothing, and 366d or less"),
        (("company", "--issued-before", "now", "--ends-in", "1d"), "--ends-in: is for one token; leave it out"),
        (("company", "--issued-before", "yesterday"), "--issued-before: is no time; write now, or one with its offset"),
        (("company", "--issued-before", "2026-07-01T12:00"), "--issued-before: is no time; write now, or one with its offset"),
        (("company", "--issued-before", "2999-01-01T00:00Z"), "--issued-before: is yet to come"),
    ],
)
def test_what_cannot_be_done_is_told(file: Path, words: tuple[str, ...], told: str):
    """With the fix; nothing is changed."""
    result = run(file, "revoke", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert listed(file) == []


def test_a_list_that_is_full_is_told(file: Path, monkeypatch: pytest.MonkeyPatch):
    """One that is over makes room; one that is there may be revoked for longer; what is revoked by its time is no id."""
    monkeypatch.setattr("gateway.access.revocations.MAX_REVOKED", 1)
    over = datetime.now(UTC) - timedelta(hours=1)
    old = Revocation("https://company.example.com/", over, "old", ends_at=over)
    asyncio.run(RevocationFile(file.with_name("revoked.json")).add(old))

    def revoke(*words: str) -> Result:
        return run(file, "revoke", "company", *words)

    assert revoke("--jti", "a").exit_code == 0
    full = revoke("--jti", "b")
    assert full.exit_code == 2
    assert "--jti: 1 tokens are revoked already; give --issued-before now, for all of them" in full.stderr
    assert (revoke("--jti", "a").exit_code, revoke("--issued-before", "now").exit_code) == (0, 0)
    assert sorted(own["jti"] or "" for own in listed(file)) == ["", "a"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (REST, "access.revocations: is not there, so no token can be revoked; add [access.revocations], or [access.keys]"),
        (
            IN_FILE.replace('file = "revoked.json"\n', ""),
            "gateway.toml: access.revocations: they are kept in MongoDB, and there is none",
        ),
        (
            '[access]\nanonymous = "desk"\n[callers.desk]\n[sources.crm]\nkind = "sql"\nurl = "sqlite+aiosqlite:///shop.db"\n',
            "access.revocations: is not there, so no token can be revoked; add access.issuers",
        ),
    ],
)
def test_where_nothing_can_be_revoked_the_command_says_so(file: Path, text: str, told: str):
    file.write_text(text)
    for words in (("list",), ("revoke", "company", "--jti", "a")):
        result = run(file, *words)
        assert result.exit_code == 2
        assert told in result.stderr


def test_revoked_tokens_are_kept_beside_the_keys(file: Path):
    """Unless the settings name a place for them."""
    secret = "a secret of digests that is long enough"
    file.write_text(f'[access.keys]\nsecret = "{secret}"\nfile = "keys.json"\n{REST}')
    assert run(file, "revoke", "company", "--jti", "a").exit_code == 0
    written = file.with_name("keys.revoked.json")
    assert [own["tokenId"] for own in json.loads(written.read_text())] == ["a"]
    assert written.stat().st_mode & 0o777 == 0o600
    assert not file.with_name("keys.json").exists()
