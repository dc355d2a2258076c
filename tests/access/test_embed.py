"""The page of one customer in the frame of a desk: its token gives that customer, for one purpose, for five minutes."""

import asyncio
import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from connectors.errors import ConfigurationError
from gateway.access.embed_tokens import EmbedGrant, EmbedTokens
from gateway.access.key_file import KeyFile
from gateway.documents.manifests import sha256_of
from gateway.documents.page_documents import EMBEDDED, read_embedded_texts
from gateway.errors import UnauthenticatedError
from gateway.http.embed_routes import embed_page_route
from gateway.settings import parse_settings
from gateway.settings.page_settings import EmbedSettings
from tests.access.test_sessions import PURPOSES, code_of
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway
from tests.support.people_session import SECRET, gateway_of_people, sign_in
from tests.support.recorded_audit import RecordedAudit, audited_gateway

ORIGIN = "https://desk.example.com"
CALLERS: dict[str, Any] = {
    "desk": {
        "sees": dict.fromkeys(["identifying", "personal", "contact", "behavioural", "commercial"], "shown"),
        "purposes": ["advice", "news"],
    },
    "team": {},
}
EMBED = {"desk": {"origins": [ORIGIN, "https://desk.example.net"], "caller": "desk"}}
WORDS: dict[str, Any] = {"purposes": PURPOSES, "pages": {"embed": EMBED}}
ASKED = {"customer": "crm:c1", "origin": ORIGIN, "purpose": "advice"}
TEXTS = sorted(read_embedded_texts())


def test_each_document_of_the_page_is_in_the_bundle():
    """One that has another name there would be refused."""
    assert len(TEXTS) == len(EMBEDDED)
    assert {name for name in EMBEDDED if not any(f"query {name}" in text for text in TEXTS)} == set()


def text_of(name: str) -> str:
    return next(text for text in TEXTS if f"query {name}" in text)


async def token_of(gateway: Gateway, key: str, **asked: Any) -> dict[str, Any]:
    answer = await ask_token(gateway, key, ASKED | asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told: dict[str, Any] = answer.json()
    return told


async def ask_token(gateway: Gateway, key: str, body: Any, **headers: str) -> httpx2.Response:
    sent = {"authorization": f"Bearer {key}"} if key else {}
    return await gateway.client.post("/embed/token", json=body, headers=sent | headers)


async def ask(gateway: Gateway, token: str, text: str, *, customer: str = "crm:c1", **headers: str) -> httpx2.Response:
    body = {"query": text, "variables": {"id": customer} if "$id" in text else {}}
    return await gateway.client.post("/graphql", json=body, headers={"authorization": f"Bearer {token}", **headers})


async def test_a_token_gives_one_customer_on_the_page_alone(tmp_path: Path):
    """What the desk's caller sees of him, and nobody else; by the documents of the page, and by no other way."""
    crm = shop.crm()
    async with gateway_of_people(tmp_path, [crm, shop.support()], CALLERS, **WORDS) as (gateway, keys):
        told = await token_of(gateway, keys["desk"])
        assert told["page"] == "/embed/c/crm%3Ac1"
        identity, viewer = text_of("Identity"), text_of("Viewer")
        (customer,) = (await ask(gateway, told["token"], identity)).json()["data"].values()
        assert (customer["name"], customer["email"]) == ("Ana Souza", "ana@example.com")
        told_of = (await ask(gateway, told["token"], text_of("Service"))).json()
        assert [(own["number"], own["subject"]) for own in told_of["data"]["customer"]["open"]["nodes"]] == [("T-1", None)]
        assert {error["extensions"]["code"] for error in told_of["errors"]} == {"WITHHELD"}
        for other in ("crm:c2", "c2", "crm:nobody"):
            assert (await ask(gateway, told["token"], identity, customer=other)).json()["data"] == {"customer": None}
        (who,) = (await ask(gateway, told["token"], viewer)).json()["data"].values()
        expected = {"caller": "embed.desk", "user": "desk:desk", "purpose": "advice", "operates": False, "governs": False}
        assert {name: who[name] for name in expected} == expected
        assert [own["key"] for own in who["purposes"]] == ["advice", "news"]
        calls = len(crm.calls)
        by_hash = {"persistedQuery": {"version": 1, "sha256Hash": sha256_of(identity)}}
        for body in (
            {"query": '{ customer(by: {id: "crm:c1"}) { name } }'},
            {"query": identity + " "},
            {"query": '{ find(text: "li") { tooShort } }'},
            {"query": "{ __schema { queryType { name } } }"},
            {"documentId": "Identity"},
            {"query": identity, "extensions": by_hash},
            {"extensions": by_hash},
        ):
            sent = {"authorization": f"Bearer {told['token']}", "accept": "application/graphql-response+json"}
            answer = await gateway.client.post("/graphql", json={"variables": {"id": "crm:c1"}} | body, headers=sent)
            assert code_of(answer) == (400, "DOCUMENT_NOT_TRUSTED"), body
        assert len(crm.calls) == calls
        by_key = {"authorization": f"Bearer {keys['team']}"}
        answer = await gateway.client.post("/graphql", json={"query": "{ sources { name } }"}, headers=by_key)
        assert answer.json()["data"], "others send what they like"


async def test_a_token_has_one_purpose(tmp_path: Path):
    """Another one is refused, whatever the caller may ask for else; so is any where the token names none."""
    crm = shop.crm()
    embed = EMBED | {"team": {"origins": [ORIGIN], "caller": "team"}}
    async with gateway_of_people(tmp_path, [crm], CALLERS, purposes=PURPOSES, pages={"embed": embed}) as (gateway, keys):
        token = (await token_of(gateway, keys["desk"]))["token"]
        answer = await ask(gateway, token, text_of("Identity"), **{"x-purpose": "advice"})
        assert answer.json()["data"]["customer"]["name"] == "Ana Souza"
        refused = await ask(gateway, token, text_of("Identity"), **{"x-purpose": "news"})
        assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        for consent in ("news",):
            other = (await token_of(gateway, keys["desk"], purpose=consent))["token"]
            hidden = (await ask(gateway, other, text_of("Identity"))).json()
            assert hidden["data"] == {"customer": None}
            assert hidden["errors"][0]["extensions"]["code"] == "WITHHELD_PURPOSE"
        free = (await token_of(gateway, keys["team"], purpose=None))["token"]
        assert (await ask(gateway, free, text_of("Identity"))).json()["data"]["customer"]["name"] == "Ana Souza"
        refused = await ask(gateway, free, text_of("Identity"), **{"x-purpose": "advice"})
        assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_token_gives_one_customer_where_rights_are_tried_out(tmp_path: Path):
    """`access.mode = "report"` shows callers everything; a token that stands in a page is no key to everybody."""
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, access={"mode": "report"}, **WORDS) as (gateway, keys):
        token = (await token_of(gateway, keys["desk"]))["token"]
        own, other = [(await ask(gateway, token, text_of("Identity"), customer=id_)).json() for id_ in ("crm:c1", "crm:c2")]
        assert own["data"]["customer"]["name"] == "Ana Souza"
        assert other["data"] == {"customer": None}
        refused = await ask(gateway, token, text_of("Identity"), **{"x-purpose": "news"})
        assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        by_key = {"authorization": f"Bearer {keys['desk']}", "x-purpose": "advice"}
        query = {"query": '{ customer(by: {id: "crm:c2"}) { name } }'}
        answer = await gateway.client.post("/graphql", json=query, headers=by_key)
        assert answer.json()["data"]["customer"]["name"], "the desk's own caller is shown everybody, as all are"


async def test_a_page_in_a_frame_has_the_layout_of_its_desk(tmp_path: Path):
    """That of the caller whose key the desk has, as its own pages have it."""
    own = {"hide": ["records"]}
    pages = {"embed": EMBED, "layout": {"hide": ["account"]}, "layouts": {"desk": own}}
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, purposes=PURPOSES, pages=pages) as (gateway, keys):
        token = (await token_of(gateway, keys["desk"]))["token"]
        assert (await ask(gateway, token, text_of("Viewer"))).json()["data"]["viewer"]["layout"] == own


async def test_a_token_with_the_longest_texts_holds(tmp_path: Path):
    """What is handed out can be read again."""
    wide = "\U00020000"
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, **WORDS) as (gateway, keys):
        token = (await token_of(gateway, keys["desk"], customer="crm:" + wide * 196, user=wide * 254))["token"]
        assert (await ask(gateway, token, text_of("Viewer"))).json()["data"]["viewer"]["user"] == wide * 254


@pytest.mark.parametrize(
    ("key", "body", "status", "code"),
    [
        ("team", ASKED, 403, "FORBIDDEN"),
        ("desk", ASKED | {"origin": "https://desk.example.org"}, 403, "FORBIDDEN"),
        ("desk", ASKED | {"purpose": "sales"}, 403, "FORBIDDEN"),
        ("desk", {"customer": "crm:c1", "origin": ORIGIN}, 403, "FORBIDDEN"),
        ("desk", ASKED | {"customer": ""}, 400, "BAD_REQUEST"),
        ("desk", ASKED | {"customer": "c" * 201}, 400, "BAD_REQUEST"),
        ("desk", ASKED | {"customer": 4711}, 400, "BAD_REQUEST"),
        ("desk", ASKED | {"customers": ["crm:c2"]}, 400, "BAD_REQUEST"),
        ("desk", ASKED | {"user": "ana\n"}, 400, "BAD_REQUEST"),
        ("desk", ASKED | {"user": "ana, eve"}, 400, "BAD_REQUEST"),
        ("desk", [ASKED], 400, "BAD_REQUEST"),
        ("desk", ASKED | {"user": "a" * 4_096}, 413, "BAD_REQUEST"),
        ("", ASKED, 401, "UNAUTHENTICATED"),
    ],
)
async def test_what_gives_no_token_is_told(tmp_path: Path, key: str, body: Any, status: int, code: str):
    """Of another caller, for a page elsewhere, for what it may not ask, in another form."""
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, **WORDS) as (gateway, keys):
        answer = await ask_token(gateway, keys.get(key, ""), body)
        assert code_of(answer) == (status, code)
        assert "pge_" not in answer.text


async def test_neither_a_session_nor_a_token_asks_for_a_token(tmp_path: Path):
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, **WORDS) as (gateway, keys):
        session = await sign_in(gateway, keys["desk"])
        assert code_of(await ask_token(gateway, "", ASKED, **session)) == (401, "UNAUTHENTICATED")
        token = (await token_of(gateway, keys["desk"]))["token"]
        assert code_of(await ask_token(gateway, token, ASKED)) == (401, "UNAUTHENTICATED")
        begun = await gateway.client.post("/session", headers={"authorization": f"Bearer {token}", "x-csrf": "1"})
        assert code_of(begun) == (401, "UNAUTHENTICATED")


async def test_a_token_ends(tmp_path: Path):
    """After five minutes, and when the key is revoked that asked for it. One that is none is nobody's, and stands nowhere."""
    clock, text = HandClock(), text_of("Viewer")
    async with gateway_of_people(tmp_path, [shop.crm()], CALLERS, clock=clock, **WORDS) as (gateway, keys):
        token = (await token_of(gateway, keys["desk"]))["token"]
        clock.advance(timedelta(seconds=298))
        assert (await ask(gateway, token, text)).status_code == 200
        payload, _, signature = token.removeprefix("pge_").partition(".")
        grant = json.loads(base64.urlsafe_b64decode(payload + "=="))
        longer = base64.urlsafe_b64encode(json.dumps(grant | {"ends_at": grant["ends_at"] + 9}).encode()).decode().rstrip("=")
        wrong = [f"pge_{longer}.{signature}", f"pge_{payload}.", f"pge_{payload}", "pge_", "pge_.", token + "a", token * 9]
        with capture_logs() as lines:
            for one in wrong:
                answer = await ask(gateway, one, text)
                assert code_of(answer) == (401, "UNAUTHENTICATED"), one
                assert len(one) < 9 or one not in answer.text + repr(lines)
        clock.advance(timedelta(seconds=3))
        assert code_of(await ask(gateway, token, text)) == (401, "UNAUTHENTICATED")
        token = (await token_of(gateway, keys["desk"]))["token"]
        assert (await ask(gateway, token, text)).status_code == 200
        await KeyFile(tmp_path / "keys.json").end(keys["desk"].split("_")[1], clock.now(), is_revoked=True)
        while (await ask(gateway, token, text)).status_code != 401:
            await asyncio.sleep(0.02)


def test_settings_take_tokens_back():
    """One of a desk, or of an origin, that is there no more; one that another secret has sealed."""
    clock, desk = HandClock(), EmbedSettings(origins=[ORIGIN], caller="desk")
    tokens = EmbedTokens(SECRET, {"desk": desk}, clock)
    grant = EmbedGrant("desk", "crm:c1", ORIGIN, "0" * 12, tokens.ends_at())
    token = tokens.make(grant)
    assert tokens.read(token) == grant
    moved = EmbedSettings(origins=["https://desk.example.org"], caller="desk")
    for other in (
        EmbedTokens(SECRET, {}, clock),
        EmbedTokens(SECRET, {"desk": moved}, clock),
        EmbedTokens(SECRET.upper(), {"desk": desk}, clock),
    ):
        with pytest.raises(UnauthenticatedError):
            other.read(token)


async def test_the_audit_and_the_quota_are_those_of_the_desk(tmp_path: Path):
    """The audit has the person at the desk; what the page costs is what its caller may use."""
    audit, (keys, access) = RecordedAudit(), await keys_in(tmp_path, CALLERS)
    callers = CALLERS | {"desk": CALLERS["desk"] | {"quota": {"nodes": 100_000}}}
    pages = {"enabled": True, "secret": SECRET, "embed": EMBED}
    words: dict[str, Any] = {"access": access, "callers": callers, "purposes": PURPOSES, "pages": pages}
    async with audited_gateway([shop.crm()], audit, with_clock=HandClock(), **words) as gateway:
        token = (await token_of(gateway, keys["desk"], user="ana@desk.example.com"))["token"]
        left = []
        for _ in range(2):
            answer = await ask(gateway, token, text_of("Identity"))
            left.append(answer.headers["ratelimit"])
            by_key = {"authorization": f"Bearer {keys['desk']}", "x-purpose": "advice"}
            query = {"query": '{ customer(by: {id: "crm:c1"}) { name } }'}
            left.append((await gateway.client.post("/graphql", json=query, headers=by_key)).headers["ratelimit"])
    nodes = [int(own.partition("r=")[2].partition(";")[0]) for own in left]
    assert nodes == sorted({*nodes}, reverse=True), "each of them leaves less to both"
    minted, asked, *_ = audit.entries
    assert (minted["caller"], minted["user"], minted["answer"]) == ("desk", "key:" + keys["desk"].split("_")[1], "OK")
    assert (asked["caller"], asked["user"], asked["purpose"]) == ("embed.desk", "ana@desk.example.com", "advice")
    assert asked["customers"] == ["crm:c1"]


def test_a_page_is_framed_by_its_desks_alone():
    """Its policy names their origins; all else of it is as of the page that is not in a frame."""

    async def serve(request: Request) -> HTMLResponse:
        policy = "default-src 'none'; frame-ancestors 'none'; script-src 'self'"
        return HTMLResponse("a page", headers={"content-security-policy": policy, "cross-origin-opener-policy": "same-origin"})

    route = embed_page_route(serve, [ORIGIN, "https://a.example", ORIGIN])
    answer = TestClient(Starlette(routes=[route])).get("/embed/c/crm%3Ac1")
    expected = f"default-src 'none'; frame-ancestors https://a.example {ORIGIN}; script-src 'self'"
    assert answer.headers["content-security-policy"] == expected
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "cross-origin-opener-policy" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"embed": {"desk": {"origins": [], "caller": "desk"}}}, "pages.embed.desk.origins: "),
        ({"embed": {"desk": {"origins": ["*"], "caller": "desk"}}}, "pages.embed.desk.origins.0: must name one origin"),
        ({"embed": {"desk": {"origins": [ORIGIN], "caller": "dask"}}}, "pages.embed.desk.caller: no caller has the name dask"),
        ({"embed": {"desk": {"origins": [ORIGIN], "caller": "some"}}}, "pages.embed.desk.caller: some may be told of some"),
        ({"embed": {"x": {"origins": [ORIGIN], "caller": "desk"}}}, "pages.embed.x: a caller has the name embed.x"),
        ({"enabled": False, "secret": None}, "pages.embed.desk: its tokens are sealed by pages.secret"),
    ],
)
def test_a_desk_that_cannot_be_is_told(changes: dict[str, Any], problem: str):
    callers = {"desk": {}, "some": {"customers": ["crm:c1"]}, "embed.x": {}}
    pages = {"enabled": True, "secret": SECRET, "embed": EMBED} | changes
    access = {"keys": {"secret": SECRET, "file": "keys.json"}}
    with pytest.raises(ConfigurationError) as refused:
        parse_settings({"sources": {"crm": {"kind": "demo"}}, "callers": callers, "access": access, "pages": pages})
    (told,) = refused.value.problems
    assert told.startswith(f"settings: {problem}")
