"""Who asks is known by the credential, before anything else is looked at."""

import asyncio
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
from gateway.clock import Clock
from gateway.settings import parse_settings
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway, gateway_on

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
            {"callers": CALLERS, "access": {"keys": {"secret": SECRET}}},
            "access.keys: they are kept in MongoDB, and there is none",
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
