"""nginx takes the configuration that is shipped, and lets through what it should."""

import json
import re
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.support.fleet import gateway_process
from tests.support.paths import ROOT
from tests.support.serve_process import free_port

PATHS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
NGINX, OPENSSL = shutil.which("nginx", path=PATHS), shutil.which("openssl", path=PATHS)
SHIPPED = (ROOT / "deploy" / "nginx" / "profile-gateway.conf").read_text("utf-8")
MAIN = """daemon off; master_process off; pid {folder}/pid; error_log stderr emerg;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/profile-gateway.conf;
}}
"""
QUERY = '{ customer(by: {id: "c1"}) { name } }'
START_S = 60

pytestmark = pytest.mark.skipif(NGINX is None or OPENSSL is None, reason="nginx or openssl is not installed")


class Proxy(NamedTuple):
    """A running nginx: its two addresses and its access log."""

    plain: str
    tls: str
    log: Path
    certificate: Path


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a certificate for the name in the configuration, which the user that nginx runs as may read."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        words = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
        words += ["-subj", "/CN=profiles.example.com", "-addext", "subjectAltName=DNS:profiles.example.com,IP:127.0.0.1"]
        subprocess.run(
            [OPENSSL or "", *words, "-keyout", f"{name}/key", "-out", f"{name}/certificate"], check=True, capture_output=True
        )
        Path(name).chmod(0o755)
        yield Path(name)


def write_configuration(folder: Path, changes: Mapping[str, str]) -> list[str]:
    """Write the shipped configuration with other ports and paths; the command that runs nginx with it."""
    changes = {
        "listen [::]:80;": "",
        "listen [::]:443 ssl http2;": "",
        "/etc/nginx/tls/profiles.example.com.crt": f"{folder}/certificate",
        "/etc/nginx/tls/profiles.example.com.key": f"{folder}/key",
        "/var/log/nginx/profile-gateway.log": f"{folder}/access.log",
        **changes,
    }
    text = SHIPPED
    for shipped, changed in changes.items():
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, changed)
    (folder / "profile-gateway.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    return [NGINX or "", "-p", str(folder), "-c", f"{folder}/nginx.conf"]


@contextmanager
def running(folder: Path, upstream: str) -> Iterator[Proxy]:
    """nginx on two free ports before the gateway at `upstream`."""
    plain, tls = free_port(), free_port()
    words = write_configuration(
        folder,
        {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{tls} ssl http2;",
            "server 127.0.0.1:8000 ": f"server {upstream} ",
        },
    )
    process = subprocess.Popen(words, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + START_S
        while not (folder / "pid").exists() or not (folder / "pid").read_text():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, "nginx is not ready"
            time.sleep(0.02)
        yield Proxy(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", folder / "access.log", folder / "certificate")
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
async def proxy(folder: Path, tmp_path: Path) -> AsyncIterator[Proxy]:
    """nginx before a gateway with one source."""
    records = {"customer": {"query": "SELECT 'c1' AS id, 'Ann' AS name", "keys": {"customer_id": "id"}}}
    url = f"sqlite+aiosqlite:///{tmp_path}/shop.db"
    (tmp_path / "shop.db").touch()
    settings = {"deadline_ms": 60_000, "sources": {"shop": {"kind": "sql", "url": url, "records": records}}}
    async with gateway_process(settings) as gateway:
        with running(folder, str(gateway.client.base_url).removeprefix("http://").rstrip("/")) as started:
            yield started


def logged(log: Path) -> list[Any]:
    """The lines of the access log, once there are any: nginx writes them after its answers."""
    deadline = time.monotonic() + START_S
    while not (text := log.read_text()).endswith("\n"):
        assert time.monotonic() < deadline, "nginx logs nothing"
        time.sleep(0.02)
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[httpx2.AsyncClient]:
    """A caller that trusts the certificate."""
    trust = ssl.create_default_context(cafile=str(proxy.certificate))
    async with httpx2.AsyncClient(base_url=proxy.tls, verify=trust, timeout=90) as caller:
        yield caller


def test_nginx_takes_the_configuration(folder: Path) -> None:
    """`nginx -t` has nothing to say against it."""
    done = subprocess.run([*write_configuration(folder, {}), "-t"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"\[(?:warn|error|emerg)\].*", done.stderr) == []


async def test_a_query_is_answered_over_tls(proxy: Proxy, client: httpx2.AsyncClient) -> None:
    """The answer is the gateway's. The log has its request id and its status, and neither query nor address of the caller."""
    answer = await client.post("/graphql", json={"query": QUERY}, headers={"user-agent": "an agent"})
    assert answer.json() == {"data": {"customer": {"name": "Ann"}}}
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    (line,) = logged(proxy.log)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/graphql", 200)
    assert line.keys() == {"time", "request_id", "method", "path", "status", "bytes", "seconds", "upstream", "upstream_seconds"}
    assert "agent" not in proxy.log.read_text()


async def test_a_body_over_the_gateways_limit_stays_outside(client: httpx2.AsyncClient) -> None:
    """A body of one byte more than 1 MiB is refused by nginx; one of just that size by the gateway, which reads it."""
    too_large = await client.post("/graphql", content=b" " * (1024 * 1024 + 1))
    assert (too_large.status_code, "x-request-id" in too_large.headers) == (413, False)
    largest = await client.post("/graphql", content=b" " * (1024 * 1024), headers={"content-type": "application/json"})
    assert (largest.status_code, "x-request-id" in largest.headers) == (400, True)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
async def test_probes_are_not_open_to_the_outside(client: httpx2.AsyncClient, path: str) -> None:
    """Only the endpoint and the webhooks are."""
    answer = await client.get(path)
    assert (answer.status_code, "x-request-id" in answer.headers) == (404, False)


async def test_webhooks_reach_the_gateway_by_post_alone(client: httpx2.AsyncClient) -> None:
    """A POST has the gateway's answer, which knows no such source; another method is nginx's to refuse."""
    posted = await client.post("/webhooks/nobody", content=b"{}")
    assert (posted.status_code, posted.json().keys()) == (404, {"code", "message", "requestId"})
    assert (await client.put("/webhooks/nobody")).status_code == 403


async def test_plain_http_is_sent_to_tls(proxy: Proxy) -> None:
    """With a status that keeps the method and the body."""
    async with httpx2.AsyncClient() as caller:
        answer = await caller.post(f"{proxy.plain}/graphql?a=b", headers={"host": "profiles.example.com"})
    assert (answer.status_code, answer.headers["location"]) == (308, "https://profiles.example.com/graphql?a=b")
