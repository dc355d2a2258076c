"""Which pages may ask from a browser: preflights, headers by which they read answers, and requests that other sites cause."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.errors import ConfigurationError
from gateway.http.origins import ALLOWED_HEADERS, EXPOSED_HEADERS, OriginPolicy
from gateway.settings import parse_settings
from gateway.uvicorn_protocol import EndpointProtocol
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.endpoint import HEAD
from tests.support.endpoint import served as served_endpoint
from tests.support.gateway_server import Gateway, served, settings_for

CONSOLE, STRANGER = "https://console.example.com", "https://evil.example"
QUERY = {"query": '{ customer(by: {id: "c1"}) { name } }'}
ASKED = {"data": {"customer": {"name": "Ana Souza"}}}
CORS = {"origins": [CONSOLE, "http://localhost:5173"]}
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


def cors_headers(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def refused_code(answer: httpx2.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]


REFUSED = (403, "CROSS_ORIGIN_REFUSED")
GRANTED = {"access-control-allow-origin": CONSOLE, "access-control-expose-headers": ", ".join(EXPOSED_HEADERS)}


async def ask(gateway: Gateway, method: str = "POST", **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "POST":
        return await gateway.client.post("/graphql", json=QUERY, headers=named)
    return await gateway.client.request(method, "/graphql", params=QUERY if method == "GET" else None, headers=named)


def settings(**words: Any) -> Any:
    return settings_for([shop.crm()], **words)


async def test_a_preflight_is_answered_for_an_allowed_origin_alone(tmp_path: Path):
    """204 without a body and without a credential, with methods, headers and how long it holds; others are refused."""
    _, access = await keys_in(tmp_path, ["acme"])
    own = settings(cors=CORS | {"max_age_s": 60}, access=access, callers={"acme": {}})
    async with served(own, connectors=[shop.crm()]) as gateway:
        answer = await gateway.client.options("/graphql", headers={"origin": CONSOLE, **PREFLIGHT})
        assert (answer.status_code, answer.content, answer.headers["vary"]) == (204, b"", "Origin")
        assert cors_headers(answer) == {
            "access-control-allow-origin": CONSOLE,
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": ", ".join(ALLOWED_HEADERS),
            "access-control-max-age": "60",
        }
        assert "content-length" not in answer.headers
        assert {"authorization", "content-type", "accept", "x-purpose", "x-deadline-ms", "traceparent"} <= set(ALLOWED_HEADERS)
        for origin in (
            STRANGER,
            "null",
            CONSOLE + ".evil.example",
            "https://console.example.com:8443",
            "http://console.example.com",
        ):
            answer = await gateway.client.options("/graphql", headers={"origin": origin, **PREFLIGHT})
            assert (refused_code(answer), cors_headers(answer)) == (REFUSED, {})


async def test_without_the_setting_options_names_it():
    """405 as ever, and what to set."""
    async with served(settings(), connectors=[shop.crm()]) as gateway:
        for headers in ({}, {"origin": CONSOLE, **PREFLIGHT}):
            answer = await gateway.client.options("/graphql", headers=headers)
            assert (answer.status_code, answer.headers["allow"], cors_headers(answer)) == (405, "GET, POST", {})
            assert "cors.origins" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_allowed_page_reads_its_answer(method: str):
    """With its origin, never *, and what it may read of the headers. Who says no origin gets none of them."""
    async with served(settings(cors=CORS), connectors=[shop.crm()]) as gateway:
        for site in ("cross-site", "same-site"):
            answer = await ask(gateway, method, origin=CONSOLE, sec_fetch_site=site)
            assert (answer.status_code, answer.json(), cors_headers(answer)) == (200, ASKED, GRANTED)
            assert "Origin" in answer.headers["vary"]
        answer = await ask(gateway, method)
        assert (answer.json(), cors_headers(answer)) == (ASKED, {})
        assert "Origin" in answer.headers["vary"]


class Hasty(EndpointProtocol):
    request_s = 0.2


@pytest.mark.parametrize("path", ["/graphql", "/told"])
@pytest.mark.parametrize(("coding", "path_taken"), [("content-length: 9", "short"), ("transfer-encoding: chunked", "by ASGI")])
async def test_a_page_reads_that_its_request_was_too_slow(coding: str, path_taken: str, path: str):
    """A body that does not come to its end is refused by the framing, on both ways; at another path nobody is let in."""
    async with served_endpoint(Hasty) as it:
        it.view.origins = OriginPolicy([CONSOLE])
        caller = await it.connection()
        caller.send(HEAD.replace(b"/graphql", path.encode()) + f"origin: {CONSOLE}\r\n{coding}\r\n\r\n".encode())
        status, headers, _ = await caller.answer()
        given = {name: value for name, value in headers.items() if name.startswith("access-control-")}
        assert (status, given) == (408, GRANTED if path == "/graphql" else {}), path_taken


async def test_credentials_are_allowed_by_a_setting_alone():
    """Cookies of a proxy go along when somebody wrote so; the preflight and the answer say it."""
    async with served(settings(cors=CORS | {"credentials": True}), connectors=[shop.crm()]) as gateway:
        preflight = await gateway.client.options("/graphql", headers={"origin": CONSOLE, **PREFLIGHT})
        for answer in (preflight, await ask(gateway, origin=CONSOLE)):
            assert answer.headers["access-control-allow-credentials"] == "true"


async def test_an_allowed_page_reads_every_refusal(tmp_path: Path):
    """Of the endpoint (400, 401, 406, 413, 415) and of what comes before it (431), with its origin; others do not."""
    keys, access = await keys_in(tmp_path, ["acme"])
    own = settings(cors=CORS, access=access, callers={"acme": {}})
    key = {"authorization": f"Bearer {keys['acme']}"}
    cases: list[tuple[int, bytes, Mapping[str, str]]] = [
        (401, b"{}", {}),
        (400, b"{", key),
        (406, b"{}", key | {"accept": "text/plain"}),
        (413, b"x" * (1 << 20) + b"x", key),
        (415, b"{}", key | {"content-type": "text/plain"}),
        (431, b"{}", key | {"x": "y" * 70_000}),
    ]
    async with served(own, connectors=[shop.crm()]) as gateway:
        for status, body, headers in cases:
            for origin, given in ((CONSOLE, GRANTED), (STRANGER, {})):
                sent = {"content-type": "application/json", "origin": origin, **headers}
                answer = await gateway.client.post("/graphql", content=body, headers=sent)
                assert cors_headers(answer) == given, (status, origin)
                assert answer.status_code == (status if given or status == 431 else 403), (status, origin)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "unknown"},
        {"sec_fetch_site": "cross-site", "origin": STRANGER},
        {"sec_fetch_site": "same-site", "origin": "https://other.example.com"},
        {"sec_fetch_site": "cross-site", "origin": "null"},
        {"origin": STRANGER},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://gateway.evil.example"},
        {"origin": CONSOLE.upper()},
    ],
)
@pytest.mark.parametrize("cors", [None, CORS], ids=["alone", "beside others"])
async def test_what_another_site_has_a_browser_send_is_refused(cors: Any, headers: dict[str, str], method: str):
    """403 with a code of its own and the setting, before it is known who asks and before a source is asked."""
    crm = shop.crm()
    async with served(settings(cors=cors), connectors=[crm]) as gateway:
        answer = await ask(gateway, method, **headers)
        assert (refused_code(answer), cors_headers(answer), crm.calls) == (REFUSED, {}, [])
        assert "cors.origins" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin", "origin": "https://behind.a.proxy.example"},
        {"origin": "http://gateway.example:8000", "host": "gateway.example:8000"},
        {"origin": "https://gateway.example", "host": "Gateway.example"},
    ],
)
async def test_the_gateways_own_pages_and_those_who_are_no_browsers_may_ask(headers: dict[str, str], method: str):
    """Also behind a proxy that names another host, and in browsers that say their origin alone."""
    async with served(settings(), connectors=[shop.crm()]) as gateway:
        answer = await ask(gateway, method, **headers)
        assert (answer.json(), cors_headers(answer)) == (ASKED, {})


async def test_two_origins_are_nobodys():
    """An allowed origin beside another one is refused, whichever is first."""
    async with served(settings(cors=CORS), connectors=[shop.crm()]) as gateway:
        for both in ((CONSOLE, STRANGER), (STRANGER, CONSOLE)):
            headers = [("origin", origin) for origin in both]
            answer = await gateway.client.post("/graphql", json=QUERY, headers=headers)
            assert (refused_code(answer), cors_headers(answer)) == (REFUSED, {})


async def test_pages_of_this_machine_may_ask_in_development():
    """On every port and by each of its names, but by nothing that looks like them; what is set counts alone."""
    local = (
        "http://localhost:5173",
        "https://localhost",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
        "http://app.localhost:8080",
    )
    others = (
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://evil.example/localhost",
        "http://mylocalhost",
    )
    async with served(settings(environment="development"), connectors=[shop.crm()]) as gateway:
        for origin in local:
            answer = await ask(gateway, origin=origin, sec_fetch_site="cross-site")
            assert (answer.json()["data"], answer.headers["access-control-allow-origin"]) == (ASKED["data"], origin)
        for origin in others:
            assert refused_code(await ask(gateway, origin=origin)) == REFUSED
        page = await gateway.client.get("/graphql", headers={"accept": "text/html", "sec-fetch-site": "cross-site"})
        assert (page.status_code, "GraphiQL" in page.text or "graphiql" in page.text) == (200, True)
    for words in ({}, {"environment": "development", "cors": {"origins": [CONSOLE]}}):
        async with served(settings(**words), connectors=[shop.crm()]) as gateway:
            assert refused_code(await ask(gateway, origin=local[0], sec_fetch_site="cross-site")) == REFUSED


async def test_a_webhook_says_nothing_of_origins():
    """A source signs what it tells, and no browser does: its route looks at the signature alone."""
    async with served(settings(), connectors=[shop.crm()]) as gateway:
        headers = {"origin": STRANGER, "sec-fetch-site": "cross-site"}
        answer = await gateway.client.post("/webhooks/crm", json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "WEBHOOK_NOT_FOUND")


@pytest.mark.parametrize(
    ("origin", "problem"),
    [
        ("*", "must name one origin, as a * would let in pages that you do not know"),
        ("https://*.example.com", "must name one origin, as a * would let in pages that you do not know"),
        ("null", "is the origin of any page in a sandbox and of any file, so it names nobody"),
        ("console.example.com", "is no origin"),
        ("ftp://example.com", "is no origin with http:// or https://"),
        ("https://example.com/", "is not written as browsers send it"),
        ("https://example.com/app", "is not written as browsers send it"),
        ("https://example.com?a", "is not written as browsers send it"),
        ("https://Example.com", "is not written as browsers send it"),
        ("https://user@example.com", "is not written as browsers send it"),
        ("https://exam ple.com", "is not written as browsers send it"),
        ("https://example.com:443", "has the port that its scheme has anyway"),
        ("http://example.com:80", "has the port that its scheme has anyway"),
        ("https://example.com:99999", "is no origin"),
        ("https://m\u00fcnchen.example", "has letters that browsers write otherwise; write its host as xn--..."),
        ("^https://.*$", "must name one origin"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(origin: str, problem: str):
    """Each problem names the setting, and says what to write."""
    document = {"sources": {"crm": {"kind": "memory"}}, "cors": {"origins": [CONSOLE, origin]}}
    with pytest.raises(ConfigurationError) as refused:
        parse_settings(document)
    (told,) = refused.value.problems
    assert told.startswith("settings: cors.origins.1: ") or "cors.origins.1: " in told
    assert problem in told


async def test_an_allowed_page_reads_that_there_is_no_page():
    """It asked for HTML, and is told so rather than that the network failed."""
    async with served(settings(cors=CORS, environment="production"), connectors=[shop.crm()]) as gateway:
        answer = await gateway.client.get("/graphql", headers={"accept": "text/html", "origin": CONSOLE})
        assert (answer.status_code, cors_headers(answer)) == (404, GRANTED)
        other = await gateway.client.get("/graphql", headers={"accept": "text/html", "origin": STRANGER})
        assert (other.status_code, cors_headers(other)) == (404, {})
