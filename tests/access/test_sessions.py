"""Who signs in with a key asks with a cookie, as the caller whose key it is, as long as that holds."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from gateway.access.api_keys import new_key
from gateway.access.browser_sessions import BrowserSessions
from gateway.access.key_file import KeyFile
from tests.support import shop
from tests.support.caller_keys import SECRET as KEY_SECRET
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.people_session import CSRF, SECRET, WHO, gateway_of_people, sign_in
from tests.support.recorded_audit import RecordedAudit, audited_gateway

QUERY = '{ customer(by: {id: "c1"}) { name email orders { nodes { number } } } }'
CALLERS: dict[str, Any] = {
    "console": {"sees": {"identifying": "shown", "personal": "shown", "contact": "masked"}, "purposes": ["advice"]},
    "public": {"sees": {"identifying": "shown"}},
}
PURPOSES = {"advice": {"basis": "contract"}, "news": {"basis": "consent"}}

OTHERS: dict[str, Any] = {"access": {"anonymous": "public"}, "purposes": PURPOSES}
"""Where others may ask without a credential."""


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


async def asked(gateway: Gateway, headers: dict[str, str], query: str = WHO) -> list[httpx2.Response]:
    """What is answered by the short way, the long one with a body in chunks, and by GET."""
    body = json.dumps({"query": query})

    async def chunks() -> AsyncIterator[bytes]:
        yield body.encode()

    posted = headers | {"content-type": "application/json"}
    return [
        await gateway.client.post("/graphql", content=body, headers=posted),
        await gateway.client.post("/graphql", content=chunks(), headers=posted),
        await gateway.client.get("/graphql", params={"query": query}, headers=headers),
    ]


async def test_a_key_is_exchanged_for_a_cookie(tmp_path: Path):
    """Scripts cannot read it, other sites do not cause that it is sent, and it ends after eight hours at the latest."""
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, purposes=PURPOSES) as (gateway, keys):
        answer = await gateway.client.post("/session", headers={"authorization": f"Bearer {keys['console']}", **CSRF})
        assert (answer.status_code, answer.content) == (204, b"")
        name, _, value = answer.headers["set-cookie"].partition("=")
        assert name == "__Host-profile_gateway"
        value, *attributes = value.split("; ")
        assert attributes == ["Path=/", "HttpOnly", "SameSite=Strict", "Secure", "Max-Age=28800"]
        assert keys["console"].split("_")[2] not in value
        assert answer.headers["cache-control"] == "no-store"
        ended = await gateway.client.delete("/session", headers=CSRF)
        assert (ended.status_code, ended.headers["set-cookie"].partition(";")[0]) == (204, "__Host-profile_gateway=")
        assert ended.headers["set-cookie"].endswith("; Max-Age=0")


async def test_a_session_is_its_caller(tmp_path: Path):
    """It sees what the caller sees, masked and withheld, for its purposes; behind it stands the key."""
    callers = CALLERS | {"console": CALLERS["console"] | {"quota": {"nodes": 100_000}}}
    async with gateway_of_people(tmp_path, [shop.crm(), shop.orders()], callers, purposes=PURPOSES) as (gateway, keys):
        session = await sign_in(gateway, keys["console"])
        by_key = {"authorization": f"Bearer {keys['console']}"}
        user = "key:" + keys["console"].split("_")[1]
        for answer in await asked(gateway, session):
            assert answer.json()["data"] == {"viewer": {"caller": "console", "user": user, "purpose": "advice"}}
        for answer, other in zip(await asked(gateway, session, QUERY), await asked(gateway, by_key, QUERY), strict=True):
            told, expected = answer.json(), other.json()
            assert told["data"] == expected["data"]
            assert told["data"]["customer"] == {"name": "Ana Souza", "email": "a***@example.com", "orders": None}
            assert [error["extensions"]["code"] for error in told["errors"]] == ["WITHHELD"]
            assert answer.headers["ratelimit"]
        assert {code_of(answer)[1] for answer in await asked(gateway, {**session, "x-purpose": "news"}, QUERY)} == {"FORBIDDEN"}


async def test_a_cookie_needs_the_header_that_only_own_pages_send(tmp_path: Path):
    """Without it no source is asked, whatever the cookie is; and nothing is begun or ended."""
    crm = shop.crm()
    async with gateway_of_people(tmp_path, [crm], CALLERS, **OTHERS) as (
        gateway,
        keys,
    ):
        session = await sign_in(gateway, keys["console"])
        for cookie in (session["cookie"], "__Host-profile_gateway=x"):
            for answer in await asked(gateway, {"cookie": cookie}, QUERY):
                assert code_of(answer) == (403, "CSRF_HEADER_MISSING")
        by_key = {"authorization": f"Bearer {keys['console']}"}
        for method, headers in (("POST", by_key), ("DELETE", {}), ("DELETE", {"cookie": session["cookie"]})):
            answer = await gateway.client.request(method, "/session", headers=headers)
            assert code_of(answer) == (403, "CSRF_HEADER_MISSING")
            assert "set-cookie" not in answer.headers
        for from_elsewhere in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://a.example"},
        ):
            answer = await gateway.client.post("/session", headers={**by_key, **CSRF, **from_elsewhere})
            assert code_of(answer) == (403, "CROSS_ORIGIN_REFUSED")
    assert not crm.calls


async def test_a_page_is_never_anonymous(tmp_path: Path):
    """What a page asks is refused where nobody is signed in, though others may ask without a credential."""
    crm = shop.crm()
    async with gateway_of_people(tmp_path, [crm], CALLERS, **OTHERS) as (
        gateway,
        keys,
    ):
        for headers in (CSRF, {"x-csrf": ""}, {**CSRF, "cookie": "theme=dark; a"}):
            for answer in await asked(gateway, headers, QUERY):
                assert code_of(answer) == (401, "UNAUTHENTICATED")
        assert not crm.calls
        for headers in ({}, {"cookie": "theme=dark"}):
            for answer in await asked(gateway, headers):
                assert answer.json()["data"]["viewer"]["caller"] == "public"
        session = await sign_in(gateway, keys["public"])
        both = {**session, "authorization": f"Bearer {keys['console']}"}
        del both["x-csrf"]  # a key is not sent by itself
        for answer in await asked(gateway, both):
            assert answer.json()["data"]["viewer"] == {"caller": "console", "user": None, "purpose": "advice"}


async def test_what_is_no_session_is_nobodys(tmp_path: Path):
    """A cookie that was changed, cut, doubled, or sealed by another secret: 401, never anonymous, and told nothing of."""
    crm = shop.crm()
    async with gateway_of_people(tmp_path, [crm], CALLERS, **OTHERS) as (
        gateway,
        keys,
    ):
        session = await sign_in(gateway, keys["console"])
        name, _, value = session["cookie"].partition("=")
        id_, ends_at, signature = value.split(".")
        other = await sign_in(gateway, keys["public"])
        other_id = other["cookie"].partition("=")[2].split(".")[0]
        key = (await KeyFile(tmp_path / "keys.json").read())[0]
        forged = BrowserSessions("another secret that is long enough.", 3600, HandClock(), is_plain=False).begin(key)
        wrong = [
            "",
            "x",
            value[:-1],
            value + "a",
            value * 50,
            f"{other_id}.{ends_at}.{signature}",
            f"{id_}.{int(ends_at) + 1}.{signature}",
            f"{id_}.0{ends_at}.{signature}",
            f"{id_}.{ends_at}.{'A' * 43}",
            forged.partition("=")[2].partition(";")[0],
        ]
        with capture_logs() as lines:
            for text in wrong:
                for answer in await asked(gateway, {"cookie": f"{name}={text}", **CSRF}, QUERY):
                    assert code_of(answer) == (401, "UNAUTHENTICATED"), text
                    assert len(text) < 9 or text not in answer.text
            for cookie in (f"{name}={value}; {name}={value}", f"{name}=x;{name}={value}", f"a=1; {name}"):
                for answer in await asked(gateway, {"cookie": cookie, **CSRF}, QUERY):
                    assert code_of(answer) == (401, "UNAUTHENTICATED"), cookie
        assert not crm.calls
        assert value not in repr(lines)
        for cookie in (f"a=1; {name}={value}; b=2", f"a=1;{name}={value}"):
            for answer in await asked(gateway, {"cookie": cookie, **CSRF}):
                assert answer.json()["data"]["viewer"]["caller"] == "console"


async def test_only_a_callers_key_begins_a_session(tmp_path: Path):
    """No other credential, none that is over; and nothing of it stands in an answer or the log."""
    operators = {"anna": "anna-key-0123456789-0123456789-0123"}
    words: dict[str, Any] = {"identity": {"operators": operators}, "purposes": PURPOSES}
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, **words) as (gateway, _):
        ended, _ = new_key("console", KEY_SECRET, datetime.now(UTC))
        past, own = new_key("console", KEY_SECRET, datetime.now(UTC), datetime.now(UTC) - timedelta(seconds=1))
        await KeyFile(tmp_path / "keys.json").add(own)
        with capture_logs() as lines:
            for credential in (None, "x", ended, past, operators["anna"], "a.b.c"):
                sent = {} if credential is None else {"authorization": f"Bearer {credential}"}
                answer = await gateway.client.post("/session", headers={**sent, **CSRF})
                assert code_of(answer) == (401, "UNAUTHENTICATED")
                assert "set-cookie" not in answer.headers
                assert not credential or credential == "x" or credential not in answer.text + repr(lines)


async def test_a_session_ends(tmp_path: Path):
    """After its time, or with its key where that ends sooner; and when the key is revoked."""
    clock = HandClock()
    file, ends_at = KeyFile(tmp_path / "keys.json"), clock.now() + timedelta(minutes=5)
    pages = {"session_s": 600}
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, clock=clock, pages=pages, purposes=PURPOSES) as (
        gateway,
        keys,
    ):
        short, own = new_key("public", KEY_SECRET, clock.now(), ends_at)
        await file.add(own)
        answer = await gateway.client.post("/session", headers={"authorization": f"Bearer {short}", **CSRF})
        assert answer.headers["set-cookie"].endswith("Max-Age=300")
        gateway.client.cookies.clear()
        shorter = {"cookie": answer.headers["set-cookie"].partition(";")[0], **CSRF}
        session = await sign_in(gateway, keys["console"])

        async def statuses() -> tuple[int, int]:
            first, second = await asked(gateway, shorter), await asked(gateway, session)
            assert len({one.status_code for one in first}) == len({one.status_code for one in second}) == 1
            return first[0].status_code, second[0].status_code

        assert await statuses() == (200, 200)
        clock.advance(timedelta(seconds=299))
        assert await statuses() == (200, 200)
        clock.advance(timedelta(seconds=2))
        assert await statuses() == (401, 200)
        clock.advance(timedelta(seconds=300))
        assert await statuses() == (401, 401)
        again = await sign_in(gateway, keys["console"])
        assert {answer.status_code for answer in await asked(gateway, again)} == {200}
        await file.end(keys["console"].split("_")[1], clock.now(), is_revoked=True)
        while {answer.status_code for answer in await asked(gateway, again)} != {401}:
            await asyncio.sleep(0.02)  # until the worker has read of it


@pytest.mark.parametrize(
    "words", [{"pages": {"enabled": False, "secret": SECRET}}, {"pages": {}}, {"environment": "development"}]
)
async def test_without_pages_or_their_secret_there_are_no_sessions(words: dict[str, Any]):
    """A cookie is nothing then; in development, where pages are on by themselves, it is told what is missing."""
    access = {"anonymous": "public"}
    async with gateway_on([shop.crm()], access=access, callers={"public": {}}, **words) as gateway:
        begun = await gateway.client.post("/session", headers=CSRF)
        assert begun.status_code == 404
        assert ("add pages.secret" in begun.text) is ("environment" in words)
        answer = await gateway.ask(WHO, cookie="__Host-profile_gateway=x; profile_gateway=x")
        assert answer["data"]["viewer"]["caller"] == "public"


async def test_development_needs_no_tls(tmp_path: Path):
    """Browsers refuse a cookie that asks for TLS from a gateway without it."""
    async with gateway_of_people(tmp_path, [shop.crm()], {"public": {}}, environment="development") as (gateway, keys):
        answer = await gateway.client.post("/session", headers={"authorization": f"Bearer {keys['public']}", **CSRF})
        assert re.fullmatch(
            r"profile_gateway=\S+; Path=/; HttpOnly; SameSite=Strict; Max-Age=\d+", answer.headers["set-cookie"]
        )
        gateway.client.cookies.clear()
        session = {"cookie": answer.headers["set-cookie"].partition(";")[0], **CSRF}
        for answer in await asked(gateway, session):
            assert answer.json()["data"]["viewer"]["caller"] == "public"


async def test_the_audit_names_who_signed_in(tmp_path: Path):
    """The beginning of a session, and what is asked in it; a refused one as well."""
    audit, clock = RecordedAudit(), HandClock()
    text, key = new_key("console", KEY_SECRET, clock.now())
    await KeyFile(tmp_path / "keys.json").add(key)
    words: dict[str, Any] = {
        "access": {"hash_secret": KEY_SECRET, "keys": {"secret": KEY_SECRET, "file": str(tmp_path / "keys.json")}},
        "callers": CALLERS,
        "purposes": PURPOSES,
        "pages": {"enabled": True, "secret": SECRET},
    }
    async with audited_gateway([shop.crm()], audit, with_clock=clock, **words) as gateway:
        session = await sign_in(gateway, text)
        await gateway.ask(QUERY, **session)
        await gateway.ask(QUERY, cookie=session["cookie"])
        await gateway.client.post("/session", headers=CSRF)
    told = [(own["caller"], own["user"], own["purpose"], own["operation"], own["answer"]) for own in audit.entries]
    user = f"key:{key.id}"
    assert told == [
        ("console", user, None, None, "OK"),
        ("console", user, "advice", "query", "WITHHELD"),
        ("", None, None, None, "CSRF_HEADER_MISSING"),
        ("", None, None, None, "UNAUTHENTICATED"),
    ]
    assert audit.entries[1]["customers"] == ["crm:c1"]
