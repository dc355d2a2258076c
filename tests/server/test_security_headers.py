"""Headers for browsers stand on every answer of every route, on both ways."""

import gzip

import httpx2
import pytest

from gateway.http.security_headers import SECURITY_HEADERS
from tests.support import shop
from tests.support.endpoint import posted
from tests.support.endpoint import served as served_endpoint
from tests.support.gateway_server import served, settings_for

ROUTES = [
    ("POST", "/graphql", 200),
    ("GET", "/graphql?query={__typename}", 200),
    ("PUT", "/graphql", 405),
    ("OPTIONS", "/graphql", 405),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("POST", "/healthz", 405),
    ("POST", "/webhooks/crm", 404),
    ("GET", "/webhooks/crm", 405),
    ("GET", "/nothing", 404),
]


def secured(answer: httpx2.Response) -> dict[str, str]:
    return {name: answer.headers.get(name, "") for name in SECURITY_HEADERS}


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_every_route_has_them(environment: str):
    """Once each, whatever the answer is; no HSTS, which who ends TLS says."""
    own = settings_for([shop.crm()], environment=environment)
    async with served(own, connectors=[shop.crm()]) as gateway:
        for method, path, status in ROUTES:
            json = {"query": "{ __typename }"} if method == "POST" else None
            answer = await gateway.client.request(method, path, json=json)
            assert (answer.status_code, secured(answer)) == (status, SECURITY_HEADERS), path
            assert "strict-transport-security" not in answer.headers
            names = [name.lower() for name, _ in answer.headers.multi_items()]
            assert len(names) == len(set(names))


async def test_pages_keep_a_policy_of_their_own():
    """GraphiQL loads its own files, which a policy that allows nothing would forbid; nobody frames it."""
    own = settings_for([shop.crm()], environment="development")
    async with served(own, connectors=[shop.crm()]) as gateway:
        page = await gateway.client.get("/graphql", headers={"accept": "text/html"})
        policy = page.headers["content-security-policy"]
        assert ("script-src 'self'" in policy, "frame-ancestors 'none'" in policy) == (True, True)
        others = {name: value for name, value in SECURITY_HEADERS.items() if name != "content-security-policy"}
        assert others.items() <= dict(page.headers).items()
        file = await gateway.client.get("/graphiql-assets/graphiql-start.js")
        assert (file.status_code, secured(file)) == (200, SECURITY_HEADERS)
        assert (await gateway.client.get("/", follow_redirects=False)).headers["referrer-policy"] == "no-referrer"


LARGE = posted(more=b"x: " + b"y" * 70_000 + b"\r\n")


@pytest.mark.parametrize("request_bytes", [b"GARBAGE\r\n\r\n", LARGE, b"CONNECT a:1 HTTP/1.1\r\n\r\n"])
async def test_what_is_refused_before_the_endpoint_has_them(request_bytes: bytes):
    """A request that is none, one that is too large, and one for a proxy."""
    async with served_endpoint() as it:
        caller = await it.connection()
        caller.send(request_bytes)
        status, headers, _ = await caller.answer()
        assert status >= 400
        assert SECURITY_HEADERS.items() <= headers.items()


async def test_large_answers_of_a_gateway_are_compressed_unless_it_is_off():
    """The schema, for who accepts gzip; with `gzip = false` it comes as it is."""
    query = {"query": "{ __schema { types { name description fields { name description } } } }"}
    sent = {"accept-encoding": "gzip"}
    for words, coding in (({}, "gzip"), ({"gzip": False}, None)):
        async with served(settings_for([shop.crm()], **words), connectors=[shop.crm()]) as gateway:
            async with gateway.client.stream("POST", "/graphql", json=query, headers=sent) as answer:
                body = b"".join([piece async for piece in answer.aiter_raw()])
            assert answer.headers.get("content-encoding") == coding
            assert (gzip.decompress(body) if coding else body).startswith(b'{"data":{"__schema":')
