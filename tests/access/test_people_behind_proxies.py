"""A proxy names the person behind a caller, whom the audit has; it may choose the caller by groups."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.errors import ConfigurationError
from gateway.settings import parse_settings
from tests.access.test_sessions import CALLERS, PURPOSES, QUERY, asked, code_of
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import served, settings_for
from tests.support.people_session import CSRF, SECRET, sign_in
from tests.support.recorded_audit import RecordedAudit, audited_gateway

NETWORKS = {"networks": ["127.0.0.1"]}
USER, GROUPS = "x-auth-request-email", "x-auth-request-groups"
ONE = NETWORKS | {"user_header": USER, "caller": "console"}
BY_GROUP = NETWORKS | {"user_header": USER, "groups_header": GROUPS, "groups": {"support": "console", "all": "public"}}
NAMED = NETWORKS | {"user_header": USER, "header": "x-caller"}
ANA = {"x-auth-request-email": "ana@corp.example"}


def settings_of(proxy: dict[str, Any], access: dict[str, Any], **words: Any) -> dict[str, Any]:
    pages = {"enabled": True, "secret": SECRET}
    return {"access": access | {"proxy": proxy}, "callers": CALLERS, "purposes": PURPOSES, "pages": pages} | words


@pytest.mark.parametrize(
    ("proxy", "headers", "viewer"),
    [
        (ONE, ANA, ("console", "ana@corp.example", "advice")),
        (ONE, {USER: "王霞".encode()}, ("console", "王霞", "advice")),
        (BY_GROUP, ANA | {GROUPS: "support"}, ("console", "ana@corp.example", "advice")),
        (BY_GROUP, ANA | {GROUPS: "staff, all,it"}, ("public", "ana@corp.example", None)),
        (NAMED, ANA | {"x-caller": "public"}, ("public", "ana@corp.example", None)),
        (NAMED, {"x-caller": "public"}, ("public", None, None)),
    ],
)
async def test_a_proxy_names_the_person(
    tmp_path: Path, proxy: dict[str, Any], headers: dict[str, Any], viewer: tuple[Any, ...]
):
    """The caller is that of everybody, of a group, or the one that is named; its rights are as for all."""
    _, access = await keys_in(tmp_path, CALLERS)
    crm = shop.crm()
    async with served(settings_for([crm], **settings_of(proxy, access)), connectors=[crm]) as gateway:
        for answer in await asked(gateway, headers | CSRF):
            assert tuple(answer.json()["data"]["viewer"].values()) == viewer
        (answer, *_) = await asked(gateway, headers | CSRF, QUERY)
        shown = {"console": "a***@example.com", "public": None}[viewer[0]]
        assert answer.json()["data"]["customer"]["email"] == shown


async def test_another_site_does_not_ask_for_a_person(tmp_path: Path):
    """A proxy knows its people by a cookie, which browsers send along: without the header that pages send it is refused."""
    _, access = await keys_in(tmp_path, CALLERS)
    crm = shop.crm()
    async with served(settings_for([crm], **settings_of(NAMED, access)), connectors=[crm]) as gateway:
        for answer in await asked(gateway, ANA | {"x-caller": "console"}, QUERY):
            assert code_of(answer) == (403, "CSRF_HEADER_MISSING")
        assert not crm.calls
        for answer in await asked(gateway, {"x-caller": "public"}):
            assert answer.json()["data"]["viewer"]["caller"] == "public", "a program behind it needs none"


@pytest.mark.parametrize(
    ("proxy", "headers"),
    [
        (ONE, [(USER, "")]),
        (ONE, [(USER, "a" * 255)]),
        (ONE, [(USER, b"a\xff")]),
        (ONE, [(USER, "a\u202eb".encode())]),
        (ONE, [(USER, "a\tb")]),
        (ONE, [(USER, "ana@corp.example, eve@corp.example")]),
        (ONE, [(USER, "ana@corp.example"), (USER, "ana@corp.example")]),
        (ONE, [(USER, "ana@corp.example"), ("authorization", "Bearer x")]),
        (BY_GROUP, [(USER, "ana@corp.example")]),
        (BY_GROUP, [(USER, "ana@corp.example"), (GROUPS, "")]),
        (BY_GROUP, [(USER, "ana@corp.example"), (GROUPS, "Support,console")]),
        (BY_GROUP, [(USER, "ana@corp.example"), (GROUPS, "support,all")]),
        (BY_GROUP, [(USER, "ana@corp.example"), (GROUPS, "\u3000support,support\u00a0".encode())]),
        (BY_GROUP, [(USER, "ana@corp.example"), (GROUPS, "support"), (GROUPS, "support")]),
        (BY_GROUP, [(GROUPS, "support")]),
        (NAMED, [(USER, "ana@corp.example")]),
        (NAMED, [(USER, "ana@corp.example"), ("x-caller", "nobody")]),
    ],
)
async def test_what_names_no_person_is_nobodys(tmp_path: Path, proxy: dict[str, Any], headers: list[tuple[str, Any]]):
    """It is 401, never another caller and never anonymous; no source is asked, and the person stands nowhere."""
    _, access = await keys_in(tmp_path, CALLERS)
    crm = shop.crm()
    own = settings_for([crm], **settings_of(proxy, access | {"anonymous": "public"}))
    async with served(own, connectors=[crm]) as gateway:
        sent = [*headers, *CSRF.items(), ("content-type", "application/json")]
        with capture_logs() as lines:
            answer = await gateway.client.post("/graphql", json={"query": QUERY}, headers=sent)
        assert code_of(answer) == (401, "UNAUTHENTICATED")
        assert "ana@" not in answer.text + repr(lines)
    assert not crm.calls


@pytest.mark.parametrize("header", [USER, GROUPS])
async def test_the_headers_of_a_stranger_are_refused(tmp_path: Path, header: str):
    """Each of them, also beside a key that holds, and beside a session; without them he is who he shows that he is."""
    keys, access = await keys_in(tmp_path, CALLERS)
    crm = shop.crm()
    own = settings_for([crm], **settings_of(BY_GROUP | {"networks": ["10.0.0.0/8"]}, access | {"anonymous": "public"}))
    async with served(own, connectors=[crm]) as gateway:
        session = await sign_in(gateway, keys["console"])
        for more in ({}, {"authorization": f"Bearer {keys['console']}"}, session):
            for answer in await asked(gateway, {header: "support", **more}, QUERY):
                assert code_of(answer) == (401, "UNAUTHENTICATED")
                assert "only a proxy of access.proxy.networks may send it" in answer.text
        by_key = {"authorization": f"Bearer {keys['console']}", header: "support", **CSRF}
        begun = await gateway.client.post("/session", headers=by_key)
        assert code_of(begun) == (401, "UNAUTHENTICATED")
        assert "set-cookie" not in begun.headers
        assert not crm.calls
        for answer in await asked(gateway, session):
            assert answer.json()["data"]["viewer"]["caller"] == "console"


@pytest.mark.parametrize("path", ["/session", "/embed/token"])
async def test_a_key_begins_nothing_beside_the_header_of_a_proxy(tmp_path: Path, path: str):
    """Two ways to say who asks are none, here as everywhere."""
    keys, access = await keys_in(tmp_path, CALLERS)
    crm, desk = shop.crm(), {"origins": ["https://desk.example.com"], "caller": "console"}
    pages = {"enabled": True, "secret": SECRET, "embed": {"desk": desk}}
    async with served(settings_for([crm], **settings_of(ONE, access, pages=pages)), connectors=[crm]) as gateway:
        wanted = {"customer": "crm:c1", "origin": desk["origins"][0], "purpose": "advice"}
        by_key = {"authorization": f"Bearer {keys['console']}", **CSRF}
        assert code_of(await gateway.client.post(path, json=wanted, headers=by_key | ANA)) == (401, "UNAUTHENTICATED")
        assert (await gateway.client.post(path, json=wanted, headers=by_key)).is_success


async def test_a_session_of_a_key_stays_behind_a_proxy(tmp_path: Path):
    """Whom the proxy names counts more than a cookie; who comes through it unnamed is who he shows that he is."""
    keys, access = await keys_in(tmp_path, CALLERS)
    crm = shop.crm()
    async with served(settings_for([crm], **settings_of(ONE, access)), connectors=[crm]) as gateway:
        session = await sign_in(gateway, keys["public"])
        for headers, caller in ((session, "public"), (session | ANA, "console")):
            for answer in await asked(gateway, headers):
                assert answer.json()["data"]["viewer"]["caller"] == caller


async def test_the_audit_has_the_person(tmp_path: Path):
    """An HMAC of it, in the end; the caller and the purpose as of every other."""
    audit, (_, access) = RecordedAudit(), await keys_in(tmp_path, CALLERS)
    async with audited_gateway([shop.crm()], audit, **settings_of(ONE, access)) as gateway:
        await gateway.ask(QUERY, **ANA, **CSRF)
    (entry,) = audit.entries
    assert (entry["caller"], entry["user"], entry["purpose"]) == ("console", "ana@corp.example", "advice")
    assert entry["customers"] == ["crm:c1"]


@pytest.mark.parametrize(
    ("proxy", "problem"),
    [
        (NETWORKS, "proxy: nothing says which caller it is; name one of header, caller and groups_header"),
        (ONE | {"header": "x-caller"}, "proxy: header and caller both say which caller it is"),
        (NETWORKS | {"caller": "console"}, "access.proxy.user_header: is missing"),
        (NETWORKS | {"user_header": USER, "groups_header": GROUPS}, "proxy: groups_header and groups say together"),
        (ONE | {"groups": {"support": "console"}}, "proxy: groups_header and groups say together"),
        (NAMED | {"user_header": "X-Caller"}, "proxy: two of its headers are the same one"),
        (ONE | {"user_header": "cookie"}, "proxy.user_header: has a meaning of its own"),
        (ONE | {"user_header": "x-csrf"}, "proxy.user_header: has a meaning of its own"),
        (ONE | {"caller": "consol"}, "access.proxy.caller: no caller has the name consol; did you mean 'console'?"),
        (BY_GROUP | {"groups": {"a b": "publik"}}, "access.proxy.groups.a b: no caller has the name publik"),
        (ONE | {"caller": "shopper"}, "access.proxy.caller: shopper is a customer, whom a proxy does not name"),
    ],
)
def test_a_proxy_that_cannot_be_one_is_told(proxy: dict[str, Any], problem: str):
    company = {"issuer": "i", "audience": "a", "algorithm": "RS256", "keys": "https://i.example/", "caller": "shopper"}
    access = {"proxy": proxy, "issuers": {"company": company}}
    callers = {"console": {}, "public": {}, "shopper": {"customers": "claim:sub"}}
    with pytest.raises(ConfigurationError) as refused:
        parse_settings({"sources": {"crm": {"kind": "demo"}}, "callers": callers, "access": access})
    (told,) = refused.value.problems
    assert problem in told
