"""The door of `/mcp`: who may call, from where, with what; and what a hostile message comes to."""

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.errors import ConfigurationError
from gateway.admission.caller_row import REQUEST_S
from gateway.mcp.mcp_endpoint import MAX_BODY_BYTES
from gateway.mcp.turn import MESSAGE_S
from gateway.settings import mcp_settings, parse_settings
from tests.support.assistants import CALLERS, CANARIES, assistant_gateway, text_of
from tests.support.caller_keys import keys_in
from tests.support.paths import ROOT

LIST: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def call(name: Any, arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


async def test_without_the_table_there_is_nothing(tmp_path: Path) -> None:
    """`/mcp` is 404, as any other path that is not there."""
    async with assistant_gateway(tmp_path, mcp=None) as gateway:
        assert (await gateway.post(LIST, **gateway.headers_of("console"))).status_code == 404


def test_nothing_of_the_protocol_is_imported_without_it() -> None:
    """Who does not ask for it does not pay for it."""
    looked = "import sys, gateway.app, gateway.cli; sys.exit('mcp' in sys.modules or 'mcp_types' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", looked], cwd=ROOT, check=False).returncode == 0


def test_settings_that_ask_for_it_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the SDK is not installed the table is refused, and its fix is named."""
    monkeypatch.setattr(mcp_settings, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"mcp: assistants need an extra; install customer-profile-gateway\[mcp\]"):
        parse_settings({"sources": {"a": {"kind": "sql"}}, "mcp": {}})


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "UNAUTHENTICATED"),
        ({"authorization": "Bearer pgk_nobody"}, 401, "UNAUTHENTICATED"),
        ({"cookie": "__Host-profile_gateway=x"}, 401, "UNAUTHENTICATED"),
        ({"origin": "https://evil.example", "KEY": ""}, 403, "CROSS_ORIGIN_REFUSED"),
        ({"origin": "null", "KEY": ""}, 403, "CROSS_ORIGIN_REFUSED"),
        ({"sec-fetch-site": "same-origin", "KEY": ""}, 403, "CROSS_ORIGIN_REFUSED"),
        ({"origin": "http://rebound.example:8000", "host": "rebound.example:8000", "KEY": ""}, 403, "CROSS_ORIGIN_REFUSED"),
        ({"content-type": "text/plain", "KEY": ""}, 415, "BAD_REQUEST"),
        ({"content-encoding": "gzip", "KEY": ""}, 415, "BAD_REQUEST"),
        ({"x-deadline-ms": "soon", "KEY": ""}, 200, None),
    ],
)
async def test_who_may_not_call_is_refused(tmp_path: Path, headers: dict[str, str], status: int, code: str | None) -> None:
    """Without a credential, from a page, also one whose name leads here by now, or with another type of body."""
    async with assistant_gateway(tmp_path) as gateway:
        given = dict(headers)
        if given.pop("KEY", None) is not None:
            given |= gateway.headers_of("console")
        answer = await gateway.post(LIST, **given)
        assert answer.status_code == status
        if code is not None:
            error = answer.json()["error"]
            assert (error["data"]["code"], error["data"]["requestId"]) == (code, answer.headers["x-request-id"])
            assert [own["answer"] for own in gateway.audit.entries] == [code]


async def test_the_token_of_a_page_in_a_frame_calls_no_tool(tmp_path: Path) -> None:
    """It runs the documents of that page alone, and those of tools are others; the audit has that it was tried."""
    desk = {"origins": ["https://desk.example.com"], "caller": "console"}
    pages = {"enabled": True, "secret": "a secret of pages that is long enough", "embed": {"desk": desk}}
    async with assistant_gateway(tmp_path, pages=pages) as gateway, httpx2.AsyncClient() as client:
        wanted = {"customer": "crm:p1", "origin": desk["origins"][0]}
        told = await client.post(f"{gateway.url}/embed/token", json=wanted, headers=gateway.headers_of("console"))
        by_token = {"authorization": f"Bearer {told.json()['token']}"}
        for message in (LIST, call("read_customer", {"id": "crm:p1"}), call("list_open_issues", {"id": "crm:p1"})):
            refused = await gateway.post(message, **by_token)
            assert (refused.status_code, refused.json()["error"]["data"]["code"]) == (403, "DOCUMENT_NOT_TRUSTED")
            assert not [own for own in CANARIES.values() if own in refused.text]
        tried = [(own["caller"], own["answer"]) for own in gateway.audit.entries[1:]]
        assert tried == [("embed.desk", "DOCUMENT_NOT_TRUSTED")] * 3


async def test_pages_that_are_named_may_call(tmp_path: Path) -> None:
    """Their preflight allows the headers of the protocol, and they may read answers."""
    page = "https://assistant.example"
    async with assistant_gateway(tmp_path, cors={"origins": [page]}) as gateway:
        async with httpx2.AsyncClient() as client:
            asking = {"origin": page, "access-control-request-method": "POST"}
            preflight = await client.options(f"{gateway.url}/mcp", headers=asking)
            assert preflight.status_code == 204
            assert "mcp-protocol-version" in preflight.headers["access-control-allow-headers"]
        answer = await gateway.post(LIST, **gateway.headers_of("console", origin=page))
        assert answer.headers["access-control-allow-origin"] == page
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
async def test_nothing_stays_open(tmp_path: Path, method: str) -> None:
    """There are no streams and no sessions: messages are posted, one each."""
    async with assistant_gateway(tmp_path) as gateway, httpx2.AsyncClient() as client:
        headers = gateway.headers_of("console", accept="text/event-stream")
        answer = await client.request(method, f"{gateway.url}/mcp", headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        json.dumps([LIST, LIST]).encode(),
        b'{"jsonrpc": "2.0", "id": 1, "result": {}}',
        b'{"jsonrpc": "1.0", "id": 1, "method": "tools/list"}',
        b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "tools/list"}',
        b'{"jsonrpc": "2.0", "id": 1, "method": 7}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": [1]}',
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "find_customer", "x": ' + b"[" * 20_000,
        b"\xff\xfe",
    ],
)
async def test_what_is_no_message_is_refused_and_not_quoted(tmp_path: Path, body: bytes) -> None:
    """Nothing of the libraries is in the refusal, and the next message is answered."""
    async with assistant_gateway(tmp_path) as gateway:
        answer = await gateway.post(body, **gateway.headers_of("console"))
        assert answer.status_code == 400
        assert "pydantic" not in answer.text
        assert (await gateway.post(LIST, **gateway.headers_of("console"))).status_code == 200


async def test_bodies_are_limited(tmp_path: Path) -> None:
    """A body that says or shows that it is too large is refused while it comes."""

    async def chunks() -> Any:
        for _ in range(MAX_BODY_BYTES // 1_024 + 2):
            yield b" " * 1_024

    async with assistant_gateway(tmp_path) as gateway, httpx2.AsyncClient() as client:
        large = await gateway.post(b" " * (MAX_BODY_BYTES + 1), **gateway.headers_of("console"))
        headers = gateway.headers_of("console", **{"content-type": "application/json"})
        long = await client.post(f"{gateway.url}/mcp", content=chunks(), headers=headers)
        assert (large.status_code, long.status_code) == (413, 413)


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("find_customer", {"text": "a" * 201}, "INVALID_ARGUMENT: text"),
        ("find_customer", {"text": ""}, "INVALID_ARGUMENT: text"),
        ("find_customer", {"text": ["ana"]}, "INVALID_ARGUMENT: text"),
        ("find_customer", {"text": "ana", "first": True}, "INVALID_ARGUMENT: first"),
        ("find_customer", {"text": "ana", "first": 11}, "INVALID_ARGUMENT: first"),
        ("read_customer", {}, "INVALID_ARGUMENT: id"),
        ("read_customer", {"id": None}, "INVALID_ARGUMENT: id"),
        ("read_customer", {"id": "p1", "query": "{ customers { id } }"}, "INVALID_ARGUMENT: read_customer takes id"),
        ("explain_tag", {"id": "p1", "tag": "no_such_tag"}, "INVALID_ARGUMENT"),
    ],
)
async def test_arguments_are_those_of_the_schema(tmp_path: Path, name: str, arguments: dict[str, Any], code: str) -> None:
    """The assistant is told what to give, and nothing that it gave is run."""
    async with assistant_gateway(tmp_path) as gateway, gateway.connected("console") as assistant:
        refused = await assistant.call_tool(name, arguments)
        assert refused.is_error
        assert text_of(refused).startswith(code)
        (entry,) = gateway.audit.entries
        assert (entry["caller"], entry["answer"]) == ("console", "INVALID_ARGUMENT"), "the call is in the audit all the same"


@pytest.mark.parametrize(
    "message",
    [
        call("no_such_tool", {}),
        call("__class__", {}),
        call(7, {}),
        call("read_customer", "p1"),
        {**LIST, "method": "resources/list"},
        {**LIST, "method": "subscriptions/listen"},
        {**LIST, "method": "initialize", "params": {"protocolVersion": 7}},
        {**LIST, "method": "x" * 10_000},
    ],
)
async def test_what_the_server_has_not_is_an_error(
    tmp_path: Path, message: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """By either version of the protocol, soon, without a word of how it is made, and without a line in the log."""
    async with assistant_gateway(tmp_path) as gateway:
        for version in ("2025-11-25", "2026-07-28", "1999-01-01", "x" * 2_000):
            headers = gateway.headers_of("console", **{"mcp-protocol-version": version})
            answer = await asyncio.wait_for(gateway.post(message, **headers), 10)
            assert answer.json()["error"]["code"] < 0
            assert not [word for word in ("pydantic", "Traceback", "site-packages", "gateway/") if word in answer.text]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_source_that_is_away_is_named(tmp_path: Path) -> None:
    """What could not be read is told from what is not there, without a word of the source's."""
    async with assistant_gateway(tmp_path) as gateway, gateway.connected("console") as assistant:
        (tmp_path / "people.db").unlink()
        read = await assistant.call_tool("read_customer", {"id": "p1"})
        assert "name" not in read.structured_content["data"]["customer"]
        (unavailable,) = read.structured_content["unavailable"]
        assert (unavailable["source"], unavailable["code"]) == ("crm", "SOURCE_UNAVAILABLE")
        assert "customer.name" in unavailable["paths"]
        assert str(tmp_path) not in text_of(read)


async def test_calls_take_from_the_quota(tmp_path: Path) -> None:
    """Who has used up what it may ask for is told so, at /graphql and here alike."""
    quota = {"calls": 6, "window_s": 86_400}
    callers = {name: ({"quota": quota} if name == "console" else {}) for name in CALLERS}
    async with assistant_gateway(tmp_path, callers=callers, purposes=None) as gateway:
        async with gateway.connected("console") as assistant:
            answers = [await assistant.call_tool("read_customer", {"id": "p1"}) for _ in range(2)]
        assert text_of(answers[-1]).startswith("QUOTA_EXCEEDED")
        assert [own["answer"] for own in gateway.audit.entries][-1] == "QUOTA_EXCEEDED"


async def test_no_place_stays_taken(tmp_path: Path) -> None:
    """Whatever becomes of messages, none is under way when all are answered; a caller that goes away leaves nothing."""
    async with assistant_gateway(tmp_path) as gateway:
        headers = gateway.headers_of("console")
        messages = [
            LIST,
            call("read_customer", {"id": "p1"}),
            call("nobody", {}),
            {"jsonrpc": "2.0", "method": "notifications/x"},
        ]
        await asyncio.gather(*(gateway.post(message, **headers) for message in messages * 10))
        with pytest.raises(httpx2.TimeoutException):
            async with httpx2.AsyncClient(timeout=httpx2.Timeout(5, read=0.0001)) as client:
                await client.post(f"{gateway.url}/mcp", json=messages[1], headers=headers | {"accept": "application/json"})
        answer = await gateway.post(messages[1], **headers)
        assert CANARIES["commercial"] in answer.text
        await gateway.wait_idle()


async def test_a_proxy_names_the_caller_of_an_assistant(tmp_path: Path) -> None:
    """As at /graphql: by its header alone, and who has none is anonymous."""
    proxy = {"header": "x-authenticated-caller", "networks": ["127.0.0.1"]}
    keys, access = await keys_in(tmp_path, ["console"])
    access |= {"proxy": proxy, "anonymous": "orders"}
    async with assistant_gateway(tmp_path, access=access) as gateway:
        read = call("read_customer", {"id": "p1"})
        named = await gateway.post(read, **{"x-authenticated-caller": "console"})
        nameless = await gateway.post(read)
        both = await gateway.post(read, authorization=f"Bearer {keys['console']}", **{"x-authenticated-caller": "console"})
        assert CANARIES["contact"] in named.text
        assert CANARIES["contact"] not in nameless.text
        assert both.status_code == 401
        assert [own["caller"] for own in gateway.audit.entries] == ["console", "orders", ""]


async def test_without_callers_everybody_may_call(tmp_path: Path) -> None:
    """As at /graphql."""
    async with assistant_gateway(tmp_path, callers=None, access=None, purposes=None) as gateway:
        assert CANARIES["contact"] in (await gateway.post(call("read_customer", {"id": "p1"}))).text


async def test_the_time_of_the_protocol_is_charged_to_who_calls(tmp_path: Path) -> None:
    """Lists of tools cost their caller, who gives way when he has used more than his share; the others are not charged."""
    async with assistant_gateway(tmp_path) as gateway:
        row, other = (gateway.app.admission.find_row(name) for name in ("console", "masked"))
        before = row.used_s, other.used_s
        for _ in range(5):
            assert (await gateway.post(LIST, **gateway.headers_of("console"))).status_code == 200
        await gateway.wait_idle()
        assert row.used_s - before[0] == pytest.approx(5 * (MESSAGE_S + REQUEST_S) * row.crowding)
        assert other.used_s == before[1]
        assert row.under_way == 0
