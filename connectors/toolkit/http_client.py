"""For connectors that speak HTTP: one call to a source, bytes out, JSON in, and every failure as one of our errors.

What the source says (bodies, headers, addresses) never enters an error.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cache, partial
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from multidict import CIMultiDict
from pydantic import ConfigDict, Field, field_validator
from yarl import URL

from connectors.contract import Answer, ConnectorSettings, Found, Keys, PoolUsage
from connectors.errors import (
    UNTIL_IT_FITS,
    SettingsError,
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
    without_frames,
)
from connectors.toolkit.converters import json_decoder
from connectors.toolkit.http_connection import ContentLimit, Fields, SourceResponse
from connectors.toolkit.http_pool import HttpPool
from connectors.toolkit.json_repair import in_utf8
from connectors.toolkit.trace_context import traceparent

T = TypeVar("T")


class RefusedResponse(NamedTuple):
    """An answer that is no success. `said` is its JSON, None where that cannot be read; nothing of it may enter an error."""

    status: int
    headers: Mapping[str, str]
    said: Any


Refusal = Callable[[RefusedResponse], SourceError | None]
"""What a source means by such an answer, None where it means what it means everywhere."""
_FIELDS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "profile-gateway"}
"""Sent with every call unless the source's own headers say otherwise."""
_CONTENT_FIELDS = {"Content-Type": "application/json"}
_FRAMING = ("Content-Length", "Transfer-Encoding")
"""Of each call by itself."""
_decode = json_decoder()
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile("[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
MAX_REFUSAL_BYTES = 64 * 1024
"""Of an answer that is no success."""
_QUOTA = re.compile(rb"(\d{1,9})(?:/(\d{1,9}))?")
_ABSENT = {404, 410}
_MANY, _TINY_BYTES = 250_000, 32
"""So many objects and lists in an answer must have so many bytes each, for reading one takes its time however small it is."""
_THROTTLED = {420, 429, 430}
_PASSING = {408, 423, 425, 477}
_HALVINGS = {400: 2, 413: UNTIL_IT_FITS, 414: UNTIL_IT_FITS, 422: 2, 431: UNTIL_IT_FITS}
"""How often in a row a batch may be halved that is refused so: for its size, or for one of its keys."""


class WebSettings(ConnectorSettings):
    """The settings of every source behind HTTP. Sizes in bytes."""

    base_url: str
    max_response_bytes: Annotated[int, Field(ge=1)] = 16 * 1024 * 1024
    connections: Annotated[int, Field(ge=1)] = 100

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        try:
            url = URL(value)
        except ValueError:
            url = URL()
        if url.scheme not in {"http", "https"} or not url.host:
            raise ValueError("must be an address such as https://api.example.com/v2")
        if url.user or url.password or url.query_string or url.fragment:
            raise ValueError("must be scheme, host and path only; credentials belong in headers, parameters in a path")
        return value.rstrip("/")


class HeaderSettings(WebSettings):
    """A source that wants headers of its own. They hold credentials, so no error and no repr shows what was set."""

    model_config = ConfigDict(hide_input_in_errors=True)

    headers: dict[str, str] = Field(default={}, repr=False)
    propagate_traces: bool = False

    @field_validator("headers")
    @classmethod
    def _are_single_lines(cls, value: dict[str, str]) -> dict[str, str]:
        broken = [name for name, text in value.items() if not _is_field(name, text)]
        if broken:
            raise SettingsError(
                [f"{name}: holds a line break, or what else no header may have; write one line of text" for name in broken]
            )
        return value


class HttpClient:
    """The HTTP client of one source. While it is not open, calls raise `SourceUnavailableError`."""

    def __init__(
        self,
        settings: WebSettings,
        refusal: Refusal | None = None,
        *,
        propagate_traces: bool = False,
        quota_field: bytes = b"",
    ) -> None:
        """`quota_field` is the header, in small letters, in which answers say what is left of a quota."""
        self._quota_field = quota_field
        self.quota_left: int | None = None
        self._base = base = URL(settings.base_url)
        self._origin = (base.scheme, base.raw_host, base.port)
        self._max_bytes = settings.max_response_bytes
        self._connections = settings.connections
        self._refusal = refusal
        self._propagate_traces = propagate_traces
        self._fields: CIMultiDict[str] = CIMultiDict()
        self._head = self._head_with_content = b""
        self._open: HttpPool | None = None

    async def open(self, headers: Mapping[str, str]) -> None:
        """`headers` go with every call; they hold the credentials."""
        _, host, port = self._origin
        assert host is not None
        assert port is not None
        self._fields = CIMultiDict({"Host": self._base.host_port_subcomponent or host, **_FIELDS})
        for name, value in headers.items():
            self._fields[name] = value
        for name in _FRAMING:
            self._fields.popall(name, None)
        self._head = _write_fields(self._fields)
        with_content = self._fields.copy()
        with_content.update(_CONTENT_FIELDS)
        self._head_with_content = _write_fields(with_content)
        tls = await asyncio.to_thread(_tls_context, ssl.get_default_verify_paths()) if self._base.scheme == "https" else None
        self._open = HttpPool(host, port, self._connections, tls)

    async def aclose(self) -> None:
        pool, self._open = self._open, None
        if pool is not None:
            pool.close()

    @property
    def pool_usage(self) -> PoolUsage | None:
        """Count the connections now. None while it is not open."""
        return None if self._open is None else self._open.usage

    async def reach(self, url: URL, timeout_s: float) -> None:
        """Connect and wait for any answer, whatever its status."""
        await self._exchange("HEAD", url, None, {}, _skip_content, asyncio.get_running_loop().time() + timeout_s)

    async def post(self, url: URL, body: bytes, headers: Mapping[str, str], timeout_s: float) -> SourceResponse:
        """Send JSON, and read the status and the headers of any answer alone. A redirection is an answer as others are."""
        until = asyncio.get_running_loop().time() + timeout_s
        return await self._exchange("POST", url, body, headers, _skip_content, until)

    async def call(
        self,
        method: str,
        url: URL,
        body: Any,
        *,
        one_key: bool,
        until: float | None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes | None:
        """Call, and read the content; None when the source has nothing.

        `body` is sent as JSON, bytes as they are. `until` is a time of the event loop's clock, in seconds.
        `one_key`: the call is about a single key, so 404 means that it is not there and 400 that it is refused.
        """
        data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        limit_content = partial(self._limit_content, one_key)
        return self._read_content(await self._exchange(method, url, data, headers or {}, limit_content, until), one_key)

    async def _exchange(
        self,
        method: str,
        url: URL,
        data: bytes | None,
        headers: Mapping[str, str],
        limit_content: ContentLimit,
        until: float | None,
    ) -> SourceResponse:
        pool = self._open
        if pool is None:
            raise SourceUnavailableError("the connector is closed")
        if until is not None and until <= asyncio.get_running_loop().time():
            raise SourceTimeoutError
        request = self._write_request(method, url, data, headers)
        try:
            async with asyncio.timeout_at(until):
                return await pool.exchange(request, limit_content, again=method == "GET")
        except TimeoutError as error:
            raise SourceTimeoutError from without_frames(error)

    def _write_request(self, method: str, url: URL, data: bytes | None, headers: Mapping[str, str]) -> bytes:
        """Write a request. It goes to the origin of `base_url`, wherever a link leads."""
        target = url.raw_path_qs
        if " " in target or not target.isprintable() or (url.scheme, url.raw_host, url.port) != self._origin:
            raise SourceProtocolError("the address cannot be used")
        head = self._head if data is None else self._head_with_content
        if self._propagate_traces and (parent := traceparent.get()) is not None:
            headers = {"traceparent": parent, **headers}
        if headers:
            fields = self._fields.copy()
            if data is not None:
                fields.update(_CONTENT_FIELDS)
            for name, value in headers.items():
                fields[name] = value
            for name in _FRAMING:
                fields.popall(name, None)
            head = _write_fields(fields)
        if data is None:
            return b"%b %b HTTP/1.1\r\n%b\r\n" % (method.encode(), target.encode(), head)
        length = len(data)
        return b"%b %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (method.encode(), target.encode(), head, length, data)

    def _limit_content(self, one_key: bool, status: int, fields: Fields) -> int:
        if 200 <= status < 300:
            return self._max_bytes
        is_refusal = self._refusal is not None and status >= 400 and not (one_key and _is_absence(status, fields))
        return MAX_REFUSAL_BYTES if is_refusal else 0

    def _read_content(self, response: SourceResponse, one_key: bool) -> bytes | None:
        status, fields, content = response
        if self._quota_field and (said := fields.get(self._quota_field)) is not None:
            self.quota_left = _read_quota(said)
        if status == 204 or (one_key and _is_absence(status, fields)):
            return None
        if not 200 <= status < 300:
            headers = response.headers
            if self._refusal is not None and status >= 400:
                said = None if content is None else in_utf8(content, fields.get(b"content-type", b""))
                self._refuse(self._refusal, status, headers, said)
            raise _error(status, headers, one_key)
        if content is None:
            raise _too_large()
        return in_utf8(content, fields.get(b"content-type", b""))

    def _refuse(self, refusal: Refusal, status: int, headers: Mapping[str, str], content: bytes | None) -> None:
        said = None
        with suppress(SourceProtocolError):
            said = None if content is None else decoded(content)
        error = refusal(RefusedResponse(status, headers, said))
        if error is not None:
            if error.retry_after_s is None:
                error.retry_after_s = read_retry_after(headers)
            raise error


def _read_quota(said: bytes) -> int | None:
    """Read what is left of a quota: `4982`, or what is used of it, `api-usage=18/5000`."""
    found = _QUOTA.search(said)
    if found is None:
        return None
    return int(found[1]) if found[2] is None else max(0, int(found[2]) - int(found[1]))


def _too_large() -> SourceProtocolError:
    error = SourceProtocolError("larger than max_response_bytes")
    error.halvings = UNTIL_IT_FITS
    return error


def _skip_content(status: int, fields: Fields) -> int:  # noqa: ARG001
    return 0


def _is_absence(status: int, fields: Fields) -> bool:
    """Whether a call about one key says that it is not there."""
    return status in _ABSENT and b"retry-after" not in fields


def _is_field(name: str, value: str) -> bool:
    return _FIELD_NAME.fullmatch(name) is not None and _FIELD_VALUE.fullmatch(value) is not None


def _write_fields(fields: CIMultiDict[str]) -> bytes:
    """Write header fields as lines. One that would break them is not sent."""
    lines = []
    for name, value in fields.items():
        if not _is_field(name, value):
            raise SourceProtocolError("a header cannot be sent")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode()


@cache
def _tls_context(_paths: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    """Load the authorities of the system, once for all sources: they take 800 KB."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def ask_each(keys: Keys, ask_one: Callable[[str], Awaitable[Found | SourceError | None]]) -> Answer:
    """Call once for each key, side by side. A failure costs its own key. None is a key that is not there.

    Raises the failure of the first key when all have failed and not for being refused: the source failed then, not a key, and
    whoever counts failures should see it.
    """

    async def contained(key: str) -> Found | SourceError | None:
        try:
            return await ask_one(key)
        except SourceError as error:
            return error

    # The pool bounds how many of these calls are on the wire at once.
    async with asyncio.TaskGroup() as calls:
        tasks = {key: calls.create_task(contained(key)) for key in keys}
    answer = {key: outcome for key, task in tasks.items() if (outcome := task.result()) is not None}
    failures = [outcome for outcome in answer.values() if isinstance(outcome, SourceError)]
    if failures and len(failures) == len(tasks) and not isinstance(failures[0], SourceRejectedError):
        raise failures[0]
    return answer


async def gathered(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Wait for calls side by side. The first that fails ends the others, and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def decoded(content: bytes) -> Any:
    """Decode the JSON of an answer, its numbers as they are written.

    Raises `SourceProtocolError` for what is no JSON, and for parts that are many and tiny: 5 million held the loop for 40 s.
    """
    if len(content) > 3 * _MANY:  # each has three bytes at least
        parts = content.count(b"{") + content.count(b"[")
        if parts > _MANY and parts * _TINY_BYTES > len(content):
            raise SourceProtocolError(f"more than {_MANY:,} objects and lists of less than {_TINY_BYTES} bytes")
    try:
        return _decode(content)
    except (ValueError, RecursionError) as error:
        raise SourceProtocolError("not JSON") from error


def _error(status: int, headers: Mapping[str, str], one_key: bool) -> SourceError:
    """Map a status to an error. What may be asked again later passes, whatever else it says."""
    passes = 400 <= status < 500 and "Retry-After" in headers
    if status in _THROTTLED or (status == 403 and passes):
        return SourceThrottledError(retry_after_s=read_retry_after(headers))
    if status >= 500 or status in _PASSING or passes:
        error: SourceError = SourceUnavailableError(retry_after_s=read_retry_after(headers))
        error.halvings = int(status == 500)
        return error
    if status in {401, 403}:
        return SourceAuthError()
    if status in {400, 422} and one_key:
        return SourceRejectedError()
    error = SourceProtocolError(f"HTTP status {status}")
    error.halvings = _HALVINGS.get(status, 0)
    error.refuses_keys = status in _HALVINGS
    return error


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Read seconds to wait, or a date. It is compared with the source's own clock in `Date`; seconds may have decimals."""
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(headers["Date"])).total_seconds())
    except (KeyError, ValueError, TypeError, OverflowError):  # a date may have any digits
        return None
