"""nginx and oauth2-proxy before the gateway, as they are shipped: people are who the identity provider says.

In the place of oauth2-proxy stands what its documentation says of it: `/oauth2/auth` is 202 for a session, with
`X-Auth-Request-Email` and `X-Auth-Request-Groups` (with commas) where `set_xauthrequest` is on, else 401.
"""

import ssl
import subprocess
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from connectors.testing import MemoryConnector
from tests.deploy.test_nginx import MAIN, NGINX, OPENSSL, START_S, folder
from tests.support import shop
from tests.support.gateway_server import served, settings_for
from tests.support.markdown import blocks
from tests.support.paths import ROOT
from tests.support.people_session import CSRF
from tests.support.serve_process import free_port, wait_until

__all__ = ["folder"]

pytestmark = pytest.mark.skipif(NGINX is None or OPENSSL is None, reason="nginx or openssl is not installed")

SHIPPED = ROOT / "deploy" / "oauth2-proxy"
WHO = {"query": '{ viewer { caller user } customer(by: {id: "c1"}) { name } }'}
PEOPLE = {
    "ana": {"X-Auth-Request-Email": "ana@example.com", "X-Auth-Request-Groups": "staff,support"},
    "eve": {"X-Auth-Request-Email": "eve@example.com", "X-Auth-Request-Groups": "staff"},
    "none": {"X-Auth-Request-User": "4711"},
}
"""The sessions that the stand-in knows, by the value of the cookie."""


def access_of_the_docs() -> dict[str, object]:
    """The settings that docs/pages.md gives for this proxy."""
    (block,) = [own for own in blocks(ROOT / "docs" / "pages.md") if own.language == "toml" and "[access.proxy]" in own.text]
    return tomllib.loads(block.text)


def test_the_shipped_files_fit_together() -> None:
    """oauth2-proxy listens where nginx asks it, says what the gateway reads, and has no secret in its file."""
    settings = tomllib.loads((SHIPPED / "oauth2-proxy.cfg").read_text())
    nginx = (SHIPPED / "people.conf").read_text()
    assert settings["reverse_proxy"] is settings["set_xauthrequest"] is True
    assert f"server {settings['http_address']};" in nginx
    assert settings["redirect_url"] == "https://people.example.com/oauth2/callback"
    assert "server_name people.example.com;" in nginx
    assert not {name for name in settings if "secret" in name}
    proxy = access_of_the_docs()["access"]["proxy"]  # type: ignore[index]
    for header in (proxy["user_header"], proxy["groups_header"]):
        assert f"proxy_set_header {header} $people" in nginx.lower()


@pytest.fixture
async def oauth2_proxy() -> AsyncIterator[int]:
    """The port of what stands in for oauth2-proxy."""

    async def auth(request: web.Request) -> web.Response:
        headers = PEOPLE.get(request.cookies.get("__Host-people", ""))
        return web.Response(status=401) if headers is None else web.Response(status=202, headers=headers)

    async def start(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": "https://id.example.com/?rd=" + request.query["rd"]})

    application = web.Application()
    application.router.add_get("/oauth2/auth", auth)
    application.router.add_get("/oauth2/start", start)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@contextmanager
def running(place: Path, gateway: int, oauth2_proxy: int) -> Iterator[str]:
    """nginx as it is shipped, on a free port."""
    port, text = free_port(), (SHIPPED / "people.conf").read_text()
    changes = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{gateway};",
        "server 127.0.0.1:4180;": f"server 127.0.0.1:{oauth2_proxy};",
        "/etc/nginx/tls/people.example.com.crt": f"{place}/certificate",
        "/etc/nginx/tls/people.example.com.key": f"{place}/key",
    }
    for shipped, changed in changes.items():
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, changed)
    (place / "profile-gateway.conf").write_text(text)
    (place / "nginx.conf").write_text(MAIN.format(folder=place))
    process = subprocess.Popen([NGINX or "", "-p", str(place), "-c", f"{place}/nginx.conf"], stderr=subprocess.PIPE)
    try:
        wait_until(lambda: process.poll() is not None or ((place / "pid").exists() and (place / "pid").read_text()), "nginx")
        assert process.poll() is None, process.communicate()[1]
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=START_S)


@pytest.fixture
async def crm() -> MemoryConnector:
    return shop.crm()


@pytest.fixture
async def client(folder: Path, oauth2_proxy: int, crm: MemoryConnector) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser before nginx before a gateway with the settings of the docs."""
    async with served(settings_for([crm], **access_of_the_docs()), connectors=[crm]) as gateway:
        with running(folder, gateway.client.base_url.port, oauth2_proxy) as address:
            trust = ssl.create_default_context(cafile=str(folder / "certificate"))
            async with httpx2.AsyncClient(base_url=address, verify=trust, timeout=90) as browser:
                yield browser


async def test_people_ask_as_the_caller_of_their_group(client: httpx2.AsyncClient) -> None:
    """And stand behind it, whatever they send of the headers that name them, and whichever key."""
    session = {"cookie": "__Host-people=ana", **CSRF}
    forged = {"x-auth-request-email": "eve@example.com", "x-auth-request-groups": "none", "authorization": "Bearer x"}
    for headers in (session, session | forged):
        answer = await client.post("/graphql", json=WHO, headers=headers)
        assert answer.json()["data"] == {
            "viewer": {"caller": "console", "user": "ana@example.com"},
            "customer": {"name": "Ana Souza"},
        }


@pytest.mark.parametrize(("cookie", "status"), [("", 401), ("x", 401), ("eve", 401), ("none", 401)])
async def test_nobody_else_asks(client: httpx2.AsyncClient, crm: MemoryConnector, cookie: str, status: int) -> None:
    """Without a session, of no group, or without an address: 401, and no source is asked; a forged header changes nothing."""
    for forged in ({}, {"x-auth-request-email": "ana@example.com", "x-auth-request-groups": "support"}):
        headers = {"cookie": f"__Host-people={cookie}", **CSRF, **forged}
        assert (await client.post("/graphql", json=WHO, headers=headers)).status_code == status
    assert not crm.calls


async def test_a_page_leads_to_the_sign_in(client: httpx2.AsyncClient) -> None:
    """And back to its path; nothing else of the address is handed on. What is not for people is not there."""
    answer = await client.get("/c/crm:c1?a=b", headers={"accept": "text/html", "host": "people.example.com"})
    assert (answer.status_code, httpx2.URL(answer.headers["location"]).path) == (302, "/oauth2/start")
    started = await client.get(httpx2.URL(answer.headers["location"]).raw_path.decode())
    assert started.headers["location"] == "https://id.example.com/?rd=https://people.example.com/c/crm:c1"
    split = await client.get("/c/x%0d%0aSet-Cookie:%20__Host-people=eve%3b%20Path=/%3b%20Secure%0d%0a%0d%0a<p>hello")
    assert (split.status_code, split.headers["location"].count("%0d%0a")) == (302, 3), "lines stay in the address"
    assert "set-cookie" not in split.headers
    for path in ("/healthz", "/readyz", "/session", "/webhooks/crm"):
        assert (await client.post(path, headers={"cookie": "__Host-people=ana"})).status_code == 404
