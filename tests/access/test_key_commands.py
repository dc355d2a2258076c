"""`profile-gateway keys`: make, exchange, end and list keys."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.access.api_keys import is_key
from gateway.cli import app

SECRET = "a secret of digests that is long enough"
SOURCES = '[sources.crm]\nkind = "sql"\nurl = "sqlite+aiosqlite:///shop.db"\n'
CALLERS = '[callers.acme]\nowner = "sales"\n[callers.desk]\n'


@pytest.fixture(params=["file", "mongodb"])
def config(request: pytest.FixtureRequest, tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Path:
    file = tmp_path / "gateway.toml"
    where = 'file = "keys.json"\n'
    if request.param == "mongodb":
        where = f'[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\ntimeout_ms = 30000\n'
    file.write_text(f'[access.keys]\nsecret = "{SECRET}"\n{where}{CALLERS}{SOURCES}')
    return file


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words, "--config", str(config)])


def listed(config: Path, *words: str) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(run(config, "list", "--json", *words).stdout)
    return keys


@pytest.mark.mongodb
def test_keys_are_made_exchanged_and_ended(config: Path):
    """Each is shown once, when it is made; of an exchanged one it is known when it ends."""
    made = [run(config, "create", "acme"), run(config, "create", "desk", "--ends-in", "90d")]
    texts = [result.stdout.strip() for result in made]
    assert all(map(is_key, texts))
    acme, desk = listed(config)
    assert [key["id"] for key in (acme, desk)] == [text.split("_")[1] for text in texts]
    assert (acme["caller"], acme["endsAt"], desk["caller"], desk["endsAt"] > desk["madeAt"]) == ("acme", None, "desk", True)
    texts.append(run(config, "rotate", acme["id"], "--overlap", "2h").stdout.strip())
    old, new, desk = listed(config)
    assert (old["id"], new["caller"], new["endsAt"], new["id"]) == (acme["id"], "acme", None, texts[2].split("_")[1])
    assert old["endsAt"] is not None
    ended = run(config, "revoke", desk["id"])
    assert ended.stderr == f"The key {desk['id']} of desk holds no more.\n"
    assert [key["caller"] for key in listed(config)] == ["acme", "acme"]
    assert [key["caller"] for key in listed(config, "--ended")] == ["acme", "acme", "desk"]
    shown = run(config, "list", "--ended")
    assert len(shown.stdout.splitlines()) == 3
    assert f"{new['id']}  acme  made " in shown.stdout
    for text in texts:
        assert text.split("_", 2)[2] not in shown.output
    assert run(config, "rotate", desk["id"]).exit_code == 2


def test_an_exchanged_key_ends_when_it_is_to_end(tmp_path: Path):
    """A caller that is gone gets no other."""
    file = tmp_path / "gateway.toml"
    text = f'[access.keys]\nsecret = "{SECRET}"\nfile = "keys.json"\n{CALLERS}{SOURCES}'
    file.write_text(text)
    id_ = run(file, "create", "desk", "--ends-in", "90d").stdout.split("_")[1]
    assert is_key(run(file, "rotate", id_, "--ends-in", "30d").stdout.strip())
    old, new = listed(file)
    assert new["madeAt"] < old["endsAt"] < new["endsAt"]
    file.write_text(text.replace("[callers.desk]", ""))
    refused = run(file, "rotate", id_)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "there is no caller desk" in refused.stderr
    assert len(listed(file)) == 2


@pytest.mark.mongodb
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "acne"), "there is no caller acne; did you mean 'acme'?"),
        (
            ("create", "acme", "--ends-in", "soon"),
            "--ends-in: is no span of time; write a number and s, m, h or d",
        ),
        (("revoke", "0123456789ab"), "no key that holds has the id 0123456789ab"),
        (("rotate", "x", "--overlap", "1d"), "no key that holds has the id x"),
    ],
)
def test_what_cannot_be_done_is_told(config: Path, words: tuple[str, ...], told: str):
    """With the fix; nothing is changed."""
    result = run(config, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert listed(config) == []


def test_without_keys_in_the_settings_there_are_none(tmp_path: Path):
    (tmp_path / "gateway.toml").write_text(SOURCES)
    result = run(tmp_path / "gateway.toml", "list")
    assert result.exit_code == 2
    assert "gateway.toml: access.keys: is not there, so there are no keys; add [access.keys]" in result.stderr
