"""A proxy names the caller, on connections from its own addresses alone."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.errors import ConfigurationError
from connectors.testing import MemoryConnector
from gateway.access.proxies import Proxies
from gateway.app import create_app
from gateway.errors import UnauthenticatedError
from gateway.http.request_head import Head
from gateway.serving.server import AnnouncingServer, configure_server
from gateway.settings import parse_settings
from gateway.settings.proxy_settings import ProxySettings
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import served, settings_for

HEADER = "x-authenticated-caller"
QUERY = {"query": '{ customer(by: {id: "c1"}) { name } }'}
CALLERS: dict[str, Any] = {"acme": {}, "console": {"sees": {"identifying": "shown"}}}
ANA = {"data": {"customer": {"name": "Ana Souza"}}}
WITHHELD = {"customer": {"name": None}}


def proxy(*networks: str) -> dict[str, Any]:
    return {"header": "X-Authenticated-Caller", "networks": list(networks)}


async def answered(client: httpx2.AsyncClient, headers: Sequence[tuple[str, str]]) -> list[tuple[int, Any]]:
    """What is answered by the short way, the long one with a body in chunks, and by GET."""

    async def chunks() -> AsyncIterator[bytes]:
        yield json.dumps(QUERY).encode()

    more = [*headers, ("content-type", "application/json")]
    answers = [
        await client.post("/graphql", content=json.dumps(QUERY), headers=more),
        await client.post("/graphql", content=chunks(), headers=more),
        await client.get("/graphql", params=QUERY, headers=headers),
    ]
    return [(answer.status_code, answer.json()) for answer in answers]


async def test_a_proxy_names_the_caller(tmp_path: Path):
    """Each caller sees what he may; whoever has no such header shows his own credential, or is anonymous."""
    keys, access = await keys_in(tmp_path, ["acme"])
    crm = shop.crm()
    access |= {"proxy": proxy("127.0.0.0/8"), "anonymous": "console"}
    async with served(settings_for([crm], access=access, callers=CALLERS), connectors=[crm]) as gateway:
        key = ("authorization", f"Bearer {keys['acme']}")
        assert await answered(gateway.client, [(HEADER, "acme")]) == [(200, ANA)] * 3
        for headers in ([(HEADER, "console")], []):
            for status, answer in await answered(gateway.client, headers):
                assert (status, answer["data"]) == (200, WITHHELD)
        assert await answered(gateway.client, [key]) == [(200, ANA)] * 3


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ([(HEADER, "acmee")], "names a caller who is not in the settings"),
        ([(HEADER, "")], "names a caller who is not in the settings"),
        ([(HEADER, "acme, console")], "names a caller who is not in the settings"),
        ([(HEADER, "anna")], "names a caller who is not in the settings"),
        ([(HEADER, "shopper")], "this caller is a customer, whom a proxy does not name"),
        ([(HEADER, "acme"), (HEADER, "acme")], "is there more than once"),
        ([(HEADER, "acmee"), ("X-Authenticated-Caller", "acme")], "is there more than once"),
        ([(HEADER, "acme"), ("authorization", "KEY")], "there is a credential, too"),
        ([(HEADER, "acme"), ("authorization", "Bearer x")], "there is a credential, too"),
        ([(HEADER, "acme"), ("authorization", "")], "there is a credential, too"),
    ],
)
async def test_what_a_proxy_may_not_say_is_nobodys(tmp_path: Path, headers: list[tuple[str, str]], problem: str):
    """It is 401, never another caller and never anonymous; no source is asked."""
    keys, access = await keys_in(tmp_path, ["acme"])
    crm = shop.crm()
    company = {"issuer": "i", "audience": "a", "algorithm": "RS256", "keys": "http://127.0.0.1:1/", "caller": "shopper"}
    words: dict[str, Any] = {
        "access": access | {"proxy": proxy("127.0.0.1"), "anonymous": "acme", "issuers": {"company": company}},
        "callers": CALLERS | {"shopper": {"customers": "claim:sub"}},
        "identity": {"operators": {"anna": "anna-key-0123456789-0123456789-0123"}},
    }
    sent = [(name, f"Bearer {keys['acme']}" if value == "KEY" else value) for name, value in headers]
    async with served(settings_for([crm], **words), connectors=[crm]) as gateway:
        for status, answer in await answered(gateway.client, sent):
            (error,) = answer["errors"]
            assert (status, error["extensions"]["code"]) == (401, "UNAUTHENTICATED")
            assert problem in error["message"]
    assert not crm.calls


@pytest.mark.parametrize("forwarded", [[], [("x-forwarded-for", "10.1.2.3"), ("forwarded", "for=10.1.2.3")]])
async def test_the_header_of_a_stranger_is_refused(
    tmp_path: Path, forwarded: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
):
    """Also beside a key that holds, also where anonymous callers may ask, and whatever it says of where it comes from."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    keys, access = await keys_in(tmp_path, ["acme"])
    crm = shop.crm()
    access |= {"proxy": proxy("10.0.0.0/8", "::1"), "anonymous": "acme"}
    async with served(settings_for([crm], access=access, callers=CALLERS), connectors=[crm]) as gateway:
        for credential in ([], [("authorization", f"Bearer {keys['acme']}")]):
            for value in ("acme", ""):
                for status, answer in await answered(gateway.client, [(HEADER, value), *forwarded, *credential]):
                    (error,) = answer["errors"]
                    assert status == 401
                    assert error["message"] == f"{HEADER}: only a proxy of access.proxy.networks may send it; leave it out"
        assert not crm.calls
        assert await answered(gateway.client, forwarded) == [(200, ANA)] * 3


async def test_a_connection_is_not_trusted_for_what_it_named_before(tmp_path: Path):
    """Requests behind each other on one connection are each of the caller whom they name."""
    crm = shop.crm()
    access = {"proxy": proxy("127.0.0.1")}
    body = json.dumps(QUERY).encode()
    post = b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b"
    named = [post % (len(body), b"X-Authenticated-Caller: %b\r\n" % name, body) for name in (b"acme", b"nobody", b" acme ")]
    last = post % (len(body), b"connection: close\r\n", body)
    async with served(settings_for([crm], access=access, callers=CALLERS), connectors=[crm]) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.client.base_url.port)
        writer.write(b"".join([*named, last]))
        answers = await reader.read()
        writer.close()
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"401", b"200", b"401"]


@asynccontextmanager
async def on_unix_socket(path: Path, crm: MemoryConnector, access: dict[str, Any]) -> AsyncIterator[httpx2.AsyncClient]:
    """A gateway behind a Unix socket."""
    settings, started = settings_for([crm], access=access, callers=CALLERS), asyncio.Event()
    config = configure_server(lambda: create_app(settings, connectors=[crm]))
    config.uds = str(path)
    server = AnnouncingServer(config, started.set)
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.wait({serving, asyncio.create_task(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
        transport = httpx2.AsyncHTTPTransport(uds=str(path))
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway", timeout=90) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


async def test_a_unix_socket_is_no_network(tmp_path: Path):
    """Nobody is known by where he comes from there, so the header is refused; keys count as everywhere."""
    keys, access = await keys_in(tmp_path, ["acme"])
    networks = ("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1")
    async with on_unix_socket(tmp_path / "s", shop.crm(), access | {"proxy": proxy(*networks)}) as client:
        assert [status for status, _ in await answered(client, [(HEADER, "acme")])] == [401] * 3
        assert await answered(client, [("authorization", f"Bearer {keys['acme']}")]) == [(200, ANA)] * 3


@pytest.mark.parametrize(
    ("peer", "is_proxy"),
    [
        ("10.1.255.255", True),
        ("::ffff:10.1.0.1", True),
        ("10.2.0.0", False),
        ("::ffff:10.2.0.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("fe80::1%eth0", True),
        ("gateway", False),
        ("", False),
        (None, False),
    ],
)
def test_a_peer_is_known_by_its_address(peer: str | None, is_proxy: bool):
    """In whichever form the system writes it."""
    proxies = Proxies(ProxySettings.model_validate(proxy("10.1.0.0/16", "2001:db8::/32", "fe80::1")))
    head = Head("POST", [(b"x-authenticated-caller", b"acme")], b"", peer=peer)
    for _ in range(2):
        if is_proxy:
            assert proxies.read_caller(head) == ("acme", None)
        else:
            with pytest.raises(UnauthenticatedError):
                proxies.read_caller(head)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"header": "authorization"}, "header: has a meaning of its own; write another one"),
        ({"header": "x caller"}, "header: is no name of a header"),
        ({"networks": []}, "networks: "),
        ({"networks": ["10.0.0.0/33"]}, "networks.0: is no network; write one such as 10.20.0.0/24"),
        ({"networks": ["proxy.internal"]}, "networks.0: is no network"),
        (
            {"networks": ["10.0.0.1", "10.0.0.1/8"]},
            "networks.1: has an address that is not the first of its network; write 10.0.0.0/8",
        ),
        ({"networks": ["0.0.0.0/0"]}, "networks.0: is everybody"),
        ({"networks": ["::/0"]}, "networks.0: is everybody"),
        ({"networks": ["::ffff:10.0.0.0/104"]}, "networks.0: is an IPv4 network in the form of IPv6"),
    ],
)
def test_a_proxy_that_cannot_be_one_is_told(changes: dict[str, Any], problem: str):
    own = proxy("10.0.0.0/8") | changes
    with pytest.raises(ConfigurationError) as refused:
        parse_settings({"sources": {"crm": {"kind": "demo"}}, "callers": {"acme": {}}, "access": {"proxy": own}})
    (told,) = refused.value.problems
    assert told.startswith(f"settings: access.proxy.{problem}")
