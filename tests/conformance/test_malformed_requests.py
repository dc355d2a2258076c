"""Thousands of requests that are wrong in ways nobody wrote down, sent to a gateway with callers and keys.

`MALFORMED_REQUESTS` says how many are sent, `MALFORMED_SEED` which.
"""

import gzip
import os
import re
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.malformed_requests import MalformedRequests, Request
from tests.support.serve_process import ServeProcess
from tests.support.shop_gateway import shop_gateway

pytestmark = pytest.mark.conformance

REQUESTS = int(os.environ.get("MALFORMED_REQUESTS", "5000"))
SEED = int(os.environ.get("MALFORMED_SEED", "1"))
PARTNER = """sees = { identifying = "shown", personal = "masked", contact = "hashed", commercial = "shown" }
find_by = ["customer_id", "email", "order_id", "text"]"""
"""A caller of whose documents some fields are rewritten."""
MAX_REFUSAL_BYTES = 64 << 10
MAX_GROWN_BYTES = 100 << 20
"""What a worker may keep of them: documents that came twice, and what its allocator has not given back."""

INTERNAL = re.compile(
    rb"""Traceback|\bFile[ ]"|\.py\b|site-packages
    |/(?:usr|home|root|tmp|work|opt|var|proc|private)/|<class[ ]'|<function[ ]|[ ]object[ ]at[ ]0x
    |\b[A-Z][A-Za-z]+(?:Error|Exception|Warning)\b|\bNoneType\b|\bNone\b|__[a-z]+__|\b(?:dict|tuple|frozenset|bytearray|msgspec\.Struct)\b
    |\b(?:gateway|connectors|resolvers|graphql|strawberry|msgspec|starlette|uvicorn|pydantic|asyncio|httptools|sqlalchemy|aiosqlite)\.[a-z_]+
    |\bsqlite|\bSELECT\b|no[ ]such[ ](?:table|column)|sys\.[a-z_]+|pgk_|int_max_str|recursion|surrogates|codec[ ]can't""",
    re.VERBOSE,
)
"""Words of Python, of libraries, of files and of databases, which no caller is to read."""


class Connection:
    """A connection that is made anew when the gateway has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def ask(self, request: Request) -> tuple[int, bytes, bytes] | None:
        """Give status, head and body of the answer. None where the request was cut off and nobody answers it."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), 60)
            self._file = self._socket.makefile("rb")
        try:
            self._socket.sendall(request.data)
            if request.cut:
                self._socket.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused before its end; the refusal is there to be read
        answer = self._read(is_head=request.data.startswith(b"HEAD"))
        if request.cut:
            self.close()
        return answer

    def _read(self, *, is_head: bool) -> tuple[int, bytes, bytes] | None:
        try:
            head = b"".join(iter(self._file.readline, b"\r\n")) if self._file.peek(1) else b""
        except ConnectionResetError:
            head = b""
        if not head:
            self.close()
            return None
        length = re.search(rb"^content-length: ([0-9]+)\r$", head, re.MULTILINE | re.IGNORECASE)
        body = b"" if is_head or length is None else self._file.read(int(length[1]))
        if b"\r\ncontent-encoding: gzip\r\n" in head:
            body = gzip.decompress(body)
        if re.search(rb"^connection: close\r$", head, re.MULTILINE | re.IGNORECASE):
            self.close()
        return int(head.split(b" ", 2)[1]), head, body


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServeProcess, dict[str, str]]]:
    """The gateway, as it is in production, and the keys of its callers."""
    folder = tmp_path_factory.mktemp("malformed")
    with shop_gateway(folder, callers={"acme": "", "partner": PARTNER}) as (gateway, keys):
        yield gateway, keys


def size_bytes(pid: int) -> int:
    """What a process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+([0-9]+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def problem_of(request: Request, answer: tuple[int, bytes, bytes] | None) -> str | None:
    """Say what is wrong with an answer."""
    if answer is None:
        return None if request.cut else "no answer"
    status, head, body = answer
    if status >= 500:
        return f"status {status}: {body[:300]!r}"
    if found := re.search(rb'"code":"(?:INTERNAL|SOURCE_(?!REJECTED)[A-Z]+|GATEWAY_BUSY|OVERLOADED)"', body):
        return f"a caller's mistake is held against others: {found[0]!r} in {body[:1000]!r}"
    if b'"errors"' in body and len(body) > MAX_REFUSAL_BYTES:
        return f"a refusal of {len(body)} bytes"
    if found := INTERNAL.search(head + body):
        return f"internal: {found[0]!r} in {body[:1000]!r}"
    return None


@pytest.mark.parametrize(
    "text",
    [
        b'Traceback (most recent call last):\n  File "/usr/lib/python3/x.py"',
        b"/srv/gateway/http/endpoint.py",
        b"'NoneType' object has no attribute 'x'",
        b"KeyError: 'x'",
        b"msgspec.DecodeError",
        b"in gateway.http.parameters",
        b"Expected value of non-null type 'Int!' not to be None.",
        b"(sqlite3.OperationalError) no such column: x",
        b"<graphql.language.ast.NameNode object at 0x7f0000000000>",
        b"Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits()",
        b"'utf-8' codec can't encode character '\\ud800' in position 1: surrogates not allowed",
        b"maximum recursion depth exceeded",
    ],
)
def test_what_is_internal_is_known_by_its_words(text: bytes):
    """The patterns find what Python and libraries say; an answer of ours has none of it."""
    assert INTERNAL.search(text)
    assert problem_of(Request("x", b""), (200, b"", text)) is not None
    assert problem_of(Request("x", b""), (500, b"", b"")) is not None
    assert problem_of(Request("x", b""), (200, b"", b'{"data":{},"errors":[{"extensions":{"code":"INTERNAL"}}]}')) is not None
    assert problem_of(Request("x", b""), (200, b"", b'{"errors": "' + b"x" * MAX_REFUSAL_BYTES)) is not None
    ours = b'{"errors":[{"message":"the body cannot be read: JSON is malformed: invalid character (byte 3)"}]}'
    assert problem_of(Request("x", b""), (400, b"content-type: application/json", ours)) is None


@pytest.mark.timeout(600)
def test_whatever_is_sent_is_refused_shortly_and_tells_nothing(gateway: tuple[ServeProcess, dict[str, str]]):
    """No 5xx, nothing internal, no refusal over 64 KiB; the same worker is there afterwards and has not grown."""
    serving, keys = gateway
    key = keys["acme"]
    (pid,) = serving.ready_pids()
    requests = MalformedRequests(SEED, ("", "pgk_000000000000_nobodys", key + "x", *[*keys.values()] * 10))
    connection, statuses, problems = Connection(serving.port), Counter[int](), list[str]()
    warm_bytes = size_bytes(pid)
    for number in range(REQUESTS):
        request = requests.next()
        answer = connection.ask(request)
        statuses[answer[0] if answer else 0] += 1
        if problem := problem_of(request, answer):
            problems.append(f"{number} {request.kind}: {problem}; sent {request.data[:1500]!r}")
        if number == REQUESTS // 5:
            warm_bytes = size_bytes(pid)
    connection.close()
    assert problems == [], "\n".join(problems[:20])
    assert {200, 400, 401, 403, 405, 406, 413, 415, 431} <= set(statuses), statuses
    assert serving.ready_pids() == [pid]
    assert size_bytes(pid) - warm_bytes < MAX_GROWN_BYTES
    headers = {"authorization": f"Bearer {key}"}
    said = httpx2.post(f"{serving.url}/graphql", json={"query": "{ __typename }"}, headers=headers, timeout=60)
    assert said.json() == {"data": {"__typename": "Query"}}
    assert [line["event"] for line in serving.lines if line["level"] == "error"] == []
