"""What is sent over HTTP, where to, and by whom it is read."""

import asyncio
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from connectors.errors import (
    SourceError,
    SourceProtocolError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from tests.support.http_bytes import (
    CONTENT,
    READABLE,
    calling,
    framed,
    get,
    giving,
    keeping_silent,
    post,
    serving_bytes,
)


async def test_what_is_sent():
    """The head of a request, line by line."""
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        await get(client, server, "/a%20b?c=%2F&d=e+f")
        await post(client, server, {"q": "ä"})
        await post(client, server, b"a=b", headers={"content-type": "text/form", "accept": "*/*", "Authorization": "Bearer t"})
    host = server.url.removeprefix("http://")
    got, posted, formed = (request.decode().split("\r\n") for requests in server.requests for request in requests)
    shared = {f"Host: {host}", "Accept-Encoding: gzip, deflate"}
    assert got[0] == "GET /a%20b?c=%2F&d=e+f HTTP/1.1"
    assert shared | {"Accept: application/json"} <= set(got)
    assert not [line for line in got if line.lower().startswith(("content-", "transfer-", "cookie", "expect"))]
    assert posted[0] == "POST /x HTTP/1.1"
    assert shared | {"Content-Type: application/json", "Content-Length: 10", '{"q":"ä"}'} <= set(posted)
    assert formed[-1] == "a=b"
    names = [line.partition(":")[0].lower() for line in formed[1:-2]]
    assert len(names) == len(set(names))
    assert {"accept: */*", "content-type: text/form", "authorization: bearer t"} <= {line.lower() for line in formed}


@pytest.mark.parametrize("path", ["/a\r\nX-Injected: 1", "/a HTTP/1.1\r\nX: ", "/a\n"])
async def test_an_address_cannot_add_lines(path: str):
    """Nothing of it is sent."""
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        with suppress(SourceError):
            await get(client, server, path)
        assert not [request for requests in server.requests for request in requests if b"\nX" in request]


async def test_a_header_cannot_add_lines():
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        for headers in ({"X": "a\r\nX-Injected: 1"}, {"X\r\nY": "a"}, {"X": "a\0"}):
            with pytest.raises((SourceError, ValueError)):
                await get(client, server, headers=headers)
        assert sum(server.counts) == 0


async def test_any_answer_reaches():
    """Of HEAD, whose length is of content that does not come."""
    for status in ("200 OK", "404 Not Found", "500 No", "301 Moved"):
        answer = f"HTTP/1.1 {status}\r\nContent-Length: 1000\r\n\r\n".encode()
        async with serving_bytes(giving(answer)) as server, calling(server.url) as client:
            await client.reach(URL(server.url), 30)
            await client.reach(URL(server.url), 30)
            assert all(request.startswith(b"HEAD / HTTP/1.1\r\n") for requests in server.requests for request in requests)
    async with serving_bytes(keeping_silent) as server, calling(server.url) as client:
        with pytest.raises(SourceTimeoutError):
            await client.reach(URL(server.url), 0.05)


async def test_an_answer_may_come_before_the_request_is_read():
    """A large body that is refused unread."""

    ended: list[asyncio.Future[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = asyncio.get_running_loop().create_future()
        ended.append(end)
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(framed(b"", status="413 Too Large"))
            await writer.drain()
            await end_of_call.wait()
            while await reader.read(100_000):
                pass
        writer.close()
        end.set_result(None)

    end_of_call = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url) as client:
        for _ in range(2):
            with pytest.raises(SourceProtocolError, match="413"):
                await client.call("POST", URL(url), b"x" * 20_000_000, one_key=False, until=None)
        end_of_call.set()
        await asyncio.gather(*ended)
    assert len(ended) == 2


async def test_an_address_of_ipv6_is_called():
    """It stands in brackets where the request names it."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(framed(CONTENT, "Connection: close"))
        writer.close()

    try:
        server = await asyncio.start_server(serve, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    url = f"http://[::1]:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url) as client:
        assert await get(client, url) == CONTENT
    assert f"Host: {url.removeprefix('http://')}\r\n".encode() in heads[0]


async def test_calls_stay_at_the_origin_of_their_source():
    """Whatever address a call has; a spelling of the same origin is no other."""
    async with serving_bytes(giving(framed(CONTENT))) as server, calling(server.url) as client:
        for other in (
            "http://127.0.0.1:1",
            server.url.replace("http:", "https:"),
            server.url.replace("127.0.0.1", "localhost"),
        ):
            with pytest.raises(SourceProtocolError):
                await get(client, other)
        assert server.counts == []
    async with calling("http://127.0.0.1") as client:
        with pytest.raises(SourceUnavailableError):
            await get(client, "HTTP://127.0.0.1:80")


class Names:
    """Answers what `source.test` resolves to."""

    def __init__(self, *hosts: str, port: int) -> None:
        self.found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]
        self.asked = 0
        self._ask = asyncio.get_running_loop().getaddrinfo

    async def getaddrinfo(self, host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "source.test":
            return await self._ask(host, *args, **kwargs)
        self.asked += 1
        await asyncio.sleep(0.01)
        return self.found


async def test_an_address_that_refuses_is_not_the_only_one(monkeypatch: pytest.MonkeyPatch):
    """The next one is tried, and the name is looked up once for all who wait."""
    async with serving_bytes(giving(framed(CONTENT))) as server:
        names = Names("127.0.0.9", "127.0.0.1", port=URL(server.url).port or 0)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo)
        base = f"http://source.test:{URL(server.url).port}"
        async with calling(base) as client:
            assert await asyncio.gather(*(get(client, base) for _ in range(4))) == [CONTENT] * 4
    assert names.asked == 1


@pytest.mark.parametrize(
    ("host", "error"),
    [("nowhere.invalid", SourceUnavailableError), ("a" * 70 + ".test", SourceError)],
)
async def test_a_name_without_an_address_is_an_error(host: str, error: type[SourceError]):
    base = f"http://{host}"
    async with calling(base) as client:
        with pytest.raises(error):
            await get(client, base)


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate authority in a file, and a server that it vouches for at 127.0.0.1 alone."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "source")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "authority.pem"
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


async def test_tls_is_verified(authority: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch):
    """By the authorities of the system, or of `SSL_CERT_FILE`, and by the name."""
    path, context = authority
    async with serving_bytes(giving(framed(CONTENT)), tls=context) as server:
        async with calling(server.url) as client:
            with pytest.raises(SourceUnavailableError, match="no connection"):
                await get(client, server)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        async with calling(server.url) as client:
            assert [await get(client, server) for _ in range(3)] == [CONTENT] * 3
            assert sum(server.counts) == 3
            assert len([count for count in server.counts if count]) == 1
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        async with calling(elsewhere) as client:
            with pytest.raises(SourceUnavailableError, match="no connection"):
                await get(client, elsewhere)


async def test_tls_carries_every_form_of_an_answer(authority: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch):
    path, context = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    for answer, closes in READABLE.values():
        async with serving_bytes(giving(answer, closes=closes), tls=context) as server, calling(server.url) as client:
            assert await get(client, server) == CONTENT
    async with serving_bytes(keeping_silent, tls=context) as server, calling(server.url) as client:
        with pytest.raises(SourceTimeoutError):
            await get(client, server, seconds=0.3)
        await server.wait_until(lambda server: server.open == 0)


async def test_a_source_without_tls_is_no_source_with_it():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read(1000)
            writer.write(framed(b"", status="400 No"))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url) as client:
        with pytest.raises(SourceUnavailableError, match="no connection"):
            await get(client, url)


async def test_a_handshake_does_not_outlast_its_call():
    """A source that accepts, and says nothing."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(1000):
                pass
        writer.close()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, calling(url) as client:
        with pytest.raises(SourceTimeoutError):
            await get(client, url, seconds=0.2)
        await ended.wait()
