"""Who asks is known by the credential, before anything else is looked at."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from connectors.testing import MemoryConnector
from gateway.access.api_keys import ApiKey, new_key
from gateway.access.key_file import KeyFile
from gateway.app import create_services
from gateway.clock import Clock
from gateway.settings import load_settings, parse_settings
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway, gateway_on, served, settings_for

SECRET = "a secret of digests that is long enough"
OPERATOR = "anna-key-0123456789-0123456789-0123"
QUERY = '{ customer(by: {id: "c1"}) { name } }'
ASKED = {"data": {"customer": {"name": "Ana Souza"}}}
CALLERS: dict[str, Any] = {"acme": {}, "console": {"owner": "support"}}


async def new_key_in(folder: Path, caller: str = "acme") -> tuple[str, ApiKey]:
    text, key = new_key(caller, SECRET, datetime.now(UTC))
    await KeyFile(folder / "keys.json").add(key)
    return text, key


@asynccontextmanager
async def gateway_with(folder: Path, crm: MemoryConnector, clock: Clock | None = None, **access: Any) -> AsyncIterator[Gateway]:
    own = {"keys": {"secret": SECRET, "file": str(folder / "keys.json")}} | access
    words: dict[str, Any] = {"access": own, "callers": CALLERS, "identity": {"operators": {"anna": OPERATOR}}}
    async with gateway_on([crm], with_clock=clock, **words) as gateway:
        yield gateway


async def test_who_shows_a_key_may_ask(tmp_path: Path):
    """By POST and GET. Everybody else is refused, and costs no call to a source."""
    (text, _), crm = await new_key_in(tmp_path), shop.crm()
    stranger, _ = new_key("acme", SECRET, datetime.now(UTC))
    async with gateway_with(tmp_path, crm) as gateway:
        for header in (
            {},
            *({"authorization": f"{scheme}{key}"} for scheme in ("", "Bearer ") for key in ("", "x", stranger)),
            {"authorization": f"Basic {text}"},
            {"authorization": text},
            {"authorization": f"Bearer {text} {text}"},
        ):
            refused = await gateway.client.post("/graphql", json={"query": QUERY}, headers=header)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer"), header
            (error,) = refused.json()["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
            assert not crm.calls
        assert await gateway.ask(QUERY, authorization=f"Bearer {text}") == ASKED
        answer = await gateway.client.get("/graphql", params={"query": QUERY}, headers={"authorization": f"bearer {text}"})
        assert answer.json() == ASKED
        assert (await gateway.client.get("/healthz")).status_code == (await gateway.client.get("/readyz")).status_code == 200


async def test_two_credentials_are_nobodys(tmp_path: Path):
    """Who stands before the gateway may have looked at the other one. In either order, by POST and GET, also of an operator."""
    (text, _), crm = await new_key_in(tmp_path), shop.crm()
    good, operator, bad = f"Bearer {text}", f"Bearer {OPERATOR}", "Bearer x"
    async with gateway_with(tmp_path, crm, anonymous="console") as gateway:
        for pair in ((good, bad), (bad, good), (good, good), (operator, bad), (bad, operator), ("", good)):
            headers = [("authorization", value) for value in pair]
            by_post = await gateway.client.post("/graphql", json={"query": QUERY}, headers=headers)
            by_get = await gateway.client.get("/graphql", params={"query": QUERY}, headers=headers)
            assert (by_post.status_code, by_get.status_code) == (401, 401), pair
    assert not crm.calls


async def test_a_connection_has_no_credential(tmp_path: Path):
    """Each request shows its own, also those that come behind each other on one connection, by the short way and the long."""
    (text, _), crm = await new_key_in(tmp_path), shop.crm()
    body = json.dumps({"query": QUERY}).encode()
    length = b"content-length: %d\r\n" % len(body)
    post = b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n%b%b\r\n"
    key = b"authorization: Bearer %b\r\n" % text.encode()
    chunked = post % (b"transfer-encoding: chunked\r\n", b"") + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, key)
    known, unknown = (post % (length, header) + body for header in (key, b""))
    twice = post % (length, key + b"Authorization: Bearer x\r\n") + body
    requests = [known, unknown, known, chunked, twice, post.replace(b"POST", b"HEAD") % (b"connection: close\r\n", b"")]
    access = {"keys": {"secret": SECRET, "file": str(tmp_path / "keys.json")}}
    async with served(settings_for([crm], access=access, callers=CALLERS), connectors=[crm]) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.client.base_url.port)
        writer.write(b"".join(requests))
        answers = await reader.read()
        writer.close()
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"401", b"200", b"401", b"401", b"401"]
    assert len(crm.calls) == 2


async def test_a_wrong_credential_is_not_anonymous(tmp_path: Path):
    """Without a credential one is the caller that the settings name; an operator is known by his own key."""
    await new_key_in(tmp_path)
    async with gateway_with(tmp_path, shop.crm(), anonymous="console") as gateway:
        assert await gateway.ask(QUERY) == ASKED
        assert await gateway.ask(QUERY, authorization=f"Bearer {OPERATOR}") == ASKED
        assert "errors" in await gateway.ask(QUERY, authorization="Bearer x")


async def test_a_key_of_a_caller_that_is_gone_is_nobodys(tmp_path: Path):
    """A caller is one of the settings, whatever keys there are."""
    text, _ = await new_key_in(tmp_path, "partner")
    async with gateway_with(tmp_path, shop.crm()) as gateway:
        assert "errors" in await gateway.ask(QUERY, authorization=f"Bearer {text}")


async def test_keys_come_and_go_while_the_gateway_runs(tmp_path: Path):
    """A new one is known at once, one that has ended soon not any more, and no other is disturbed."""
    (text, key), (other, _) = await new_key_in(tmp_path), await new_key_in(tmp_path)
    async with gateway_with(tmp_path, shop.crm()) as gateway:
        late, _ = await new_key_in(tmp_path)
        assert await gateway.ask(QUERY, authorization=f"Bearer {late}") == ASKED
        await KeyFile(tmp_path / "keys.json").end(key.id, datetime.now(UTC))
        async with asyncio.timeout(60):
            while "errors" not in await gateway.ask(QUERY, authorization=f"Bearer {text}"):
                assert await gateway.ask(QUERY, authorization=f"Bearer {other}") == ASKED
                await asyncio.sleep(0.05)


async def test_a_key_ends_by_the_clock(tmp_path: Path):
    """Whether or not the keys are read meanwhile."""
    clock = HandClock()
    text, key = new_key("acme", SECRET, clock.now(), clock.now() + timedelta(seconds=10))
    await KeyFile(tmp_path / "keys.json").add(key)
    async with gateway_with(tmp_path, shop.crm(), clock=clock) as gateway:
        assert await gateway.ask(QUERY, authorization=f"Bearer {text}") == ASKED
        clock.advance(timedelta(seconds=10))
        assert "errors" in await gateway.ask(QUERY, authorization=f"Bearer {text}")


async def test_where_keys_cannot_be_read_nobody_is_known(tmp_path: Path):
    """That is not to say that the credential is wrong: 503, and the caller may ask again."""
    text, _ = await new_key_in(tmp_path)
    (tmp_path / "keys.json").write_text("no keys")
    async with gateway_with(tmp_path, shop.crm()) as gateway:
        answer = await gateway.client.post("/graphql", json={"query": QUERY}, headers={"authorization": f"Bearer {text}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        (error,) = answer.json()["errors"]
        assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("ACCESS_UNAVAILABLE", True)


async def test_without_callers_everybody_may_ask():
    async with gateway_on([shop.crm()]) as gateway:
        assert await gateway.ask(QUERY, authorization="Bearer x") == ASKED


KEYS = {"secret": SECRET, "file": "keys.json"}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"callers": CALLERS}, "callers: nobody can show that he is one of them"),
        ({"access": {"keys": KEYS}}, "access: there is no caller; add one"),
        (
            {"callers": CALLERS, "access": {"anonymous": "acmee"}},
            "access.anonymous: no caller has this name; did you mean 'acme'?",
        ),
        (
            {"callers": CALLERS, "access": {"keys": KEYS | {"stale_s": 4}}},
            "access.keys.stale_s: ",
        ),
        ({"callers": {"a b": {}}, "access": {"keys": KEYS}}, "callers.a b: is no name of a caller"),
        (
            {"callers": CALLERS, "access": {"keys": KEYS | {"secret": "short s3cret"}}},
            "access.keys.secret: has fewer than 32 characters",
        ),
    ],
)
def test_settings_that_do_not_fit_are_told(settings: dict[str, Any], problem: str):
    """With the setting and the fix. A secret is not repeated."""
    with pytest.raises(ConfigurationError) as refused:
        parse_settings({"sources": {"crm": {"kind": "demo"}}} | settings)
    (told,) = refused.value.problems
    assert told.startswith(f"settings: {problem}")
    assert "s3cret" not in told


IN_MONGODB = """
[mongodb]
uri = "mongodb://127.0.0.1:1"
[access.keys]
secret = "a secret of digests that is long enough"
[callers.acme]
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///shop.db"
"""


def test_keys_in_mongodb_need_one(tmp_path: Path):
    """What serves without MongoDB, such as a replay, says so; what only reads the schema does not need it."""
    (tmp_path / "gateway.toml").write_text(IN_MONGODB)
    settings = load_settings(tmp_path / "gateway.toml", {}, connects=False)
    assert settings.mongodb is None
    problem = "access.keys: they are kept in MongoDB, and there is none"
    with pytest.raises(ConfigurationError, match=problem):
        create_services(settings, connectors=[shop.crm()])
    (tmp_path / "gateway.toml").write_text(IN_MONGODB.replace("[mongodb]", "").replace('uri = "mongodb://127.0.0.1:1"', ""))
    with pytest.raises(ConfigurationError, match=f"gateway.toml: {problem}"):
        load_settings(tmp_path / "gateway.toml", {})


def test_callers_who_can_show_nothing_are_told(tmp_path: Path):
    """A table `access` alone shows nobody."""
    text = '[access]\nmode = "report"\n[callers.acme]\n[sources.crm]\nkind = "sql"\nurl = "sqlite+aiosqlite:///shop.db"\n'
    (tmp_path / "gateway.toml").write_text(text)
    with pytest.raises(ConfigurationError, match="access: nobody can show that he is a caller; add"):
        load_settings(tmp_path / "gateway.toml", {})


def test_a_table_without_callers_does_not_open_the_door(tmp_path: Path):
    """As it is left where the last one is taken out."""
    (tmp_path / "gateway.toml").write_text(IN_MONGODB.replace("callers.acme", "callers"))
    for connects in (True, False):
        with pytest.raises(ConfigurationError) as refused:
            load_settings(tmp_path / "gateway.toml", {}, connects=connects)
        assert refused.value.problems == ("gateway.toml: callers: the table is empty; add one, such as [callers.console]",)
