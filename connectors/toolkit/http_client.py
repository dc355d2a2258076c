"""For connectors that speak HTTP: one call to a source, bytes out, JSON in, and every failure as one of our errors.

What the source says (bodies, headers, addresses) never enters an error.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar

import aiohttp
import msgspec
from pydantic import ConfigDict, Field, field_validator
from yarl import URL

from connectors.contract import Answer, ConnectorSettings, Found, Keys
from connectors.errors import (
    UNTIL_IT_FITS,
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
from connectors.toolkit.json_repair import BOM

T = TypeVar("T")

_FAILURES: tuple[tuple[type[Exception], type[SourceError], str], ...] = (
    (TimeoutError, SourceTimeoutError, ""),
    (aiohttp.ClientPayloadError, SourceUnavailableError, "the connection broke during the answer"),
    (aiohttp.ClientResponseError, SourceProtocolError, "the answer is not HTTP"),
    (aiohttp.InvalidURL, SourceProtocolError, "the address cannot be used"),
    (aiohttp.ClientError, SourceUnavailableError, "no connection"),
    (OSError, SourceUnavailableError, "no connection"),
)
"""The first that fits counts: aiohttp's timeouts are connection errors, too."""
_FOREIGN = tuple(foreign for foreign, _, _ in _FAILURES)


class RefusedResponse(NamedTuple):
    """An answer that is no success. `said` is its JSON, None where that cannot be read; nothing of it may enter an error."""

    status: int
    headers: Mapping[str, str]
    said: Any


Refusal = Callable[[RefusedResponse], SourceError | None]
"""What a source means by such an answer, None where it means what it means everywhere."""
_decode = json_decoder()
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_MAX_SAID_BYTES = 64 * 1024
"""Of an answer that is no success."""
_THROTTLED = {420, 429, 430}
_PASSING = {408, 423, 425, 477}
_HALVINGS = {400: 2, 413: UNTIL_IT_FITS, 414: UNTIL_IT_FITS, 422: 2, 431: UNTIL_IT_FITS}
"""How often in a row a batch may be halved that is refused so: for its size, or for one of its keys."""


def _ours(error: Exception) -> SourceError:
    """Turn an exception of the HTTP client into one of ours."""
    return next(ours(note) for foreign, ours, note in _FAILURES if isinstance(error, foreign))


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

    @field_validator("headers")
    @classmethod
    def _are_single_lines(cls, value: dict[str, str]) -> dict[str, str]:
        broken = [f"{name}: holds a line break" for name, text in value.items() if {"\r", "\n"} & set(text)]
        if broken:
            raise ValueError("; ".join(broken))
        return value


_IS_NEW: ContextVar[bool] = ContextVar("_IS_NEW", default=False)
"""Whether the call that is under way has opened a connection."""


class _Connections(aiohttp.TCPConnector):
    """Pool one source's connections, and note why they open."""

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        _IS_NEW.set(True)
        return await super()._create_connection(*args, **kwargs)


class HttpClient:
    """The HTTP client of one source. While it is not open, calls raise `SourceUnavailableError`."""

    def __init__(self, settings: WebSettings, refusal: Refusal | None = None) -> None:
        self._max_bytes = settings.max_response_bytes
        self._connections = settings.connections
        self._refusal = refusal
        self._open: aiohttp.ClientSession | None = None

    async def open(self, headers: Mapping[str, str]) -> None:
        """`headers` go with every call; they hold the credentials."""
        self._open = aiohttp.ClientSession(
            headers={"Accept": "application/json"} | dict(headers),
            connector=_Connections(limit=self._connections),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # aiohttp sends a GET again by itself, also on a new connection: calls that nobody counts.
        self._open._retry_connection = False  # noqa: SLF001  it has no public way

    async def aclose(self) -> None:
        session, self._open = self._open, None
        if session is not None:
            await session.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            raise SourceUnavailableError("the connector is closed")
        return self._open

    async def reach(self, url: URL, timeout_s: float) -> None:
        """Connect and wait for any answer, whatever its status."""
        session = self._session
        try:
            async with session.head(url, timeout=aiohttp.ClientTimeout(timeout_s), allow_redirects=False):
                return
        except _FOREIGN as error:
            raise _ours(error) from without_frames(error)

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
        session = self._session
        timeout_s = None if until is None else until - asyncio.get_running_loop().time()
        if timeout_s is not None and timeout_s <= 0:
            raise SourceTimeoutError
        data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        sent = dict(headers or {}) if body is None else {"Content-Type": "application/json"} | dict(headers or {})
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            # Not `async with`, which releases twice what is read to its end and released already.
            request = partial(session.request, method, url, data=data, headers=sent, timeout=timeout, allow_redirects=False)
            response = await _requested(request, again=method == "GET")
            try:
                return await self._content(response, one_key=one_key)
            finally:
                if not response.closed:
                    response.release()
        except _FOREIGN as error:
            raise _ours(error) from without_frames(error)

    async def _content(self, response: aiohttp.ClientResponse, *, one_key: bool) -> bytes | None:
        passes = "Retry-After" in response.headers
        if response.status == 204 or (one_key and response.status in {404, 410} and not passes):
            return None
        if self._refusal is not None and not response.ok:
            await self._refuse(response, self._refusal)
        _expect_success(response.status, response.headers, one_key)
        return await _read(response, self._max_bytes)

    async def _refuse(self, response: aiohttp.ClientResponse, refusal: Refusal) -> None:
        said = None
        with suppress(SourceProtocolError):
            said = decoded(await _read(response, _MAX_SAID_BYTES))
        error = refusal(RefusedResponse(response.status, response.headers, said))
        if error is not None:
            if error.retry_after_s is None:
                error.retry_after_s = _retry_after_s(response.headers)
            raise error


async def _requested(request: Callable[[], Awaitable[aiohttp.ClientResponse]], *, again: bool) -> aiohttp.ClientResponse:
    """Send a request, and again after a stale kept connection: it has not seen it then."""
    _IS_NEW.set(False)
    try:
        return await request()
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        if not again or _IS_NEW.get():
            raise
    return await request()


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


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    pieces, size = [], 0
    while piece := await response.content.readany():
        size += len(piece)
        if size > max_bytes:
            error = SourceProtocolError("larger than max_response_bytes")
            error.halvings = UNTIL_IT_FITS
            raise error
        pieces.append(piece)
    return b"".join(pieces).removeprefix(BOM)


def decoded(content: bytes) -> Any:
    """Decode the JSON of an answer, its numbers as they are written."""
    try:
        return _decode(content)
    except (ValueError, RecursionError) as error:
        raise SourceProtocolError("not JSON") from error


def _expect_success(status: int, headers: Mapping[str, str], one_key: bool) -> None:
    if not 200 <= status < 300:
        raise _error(status, headers, one_key)


def _error(status: int, headers: Mapping[str, str], one_key: bool) -> SourceError:
    """Map a status to an error. What may be asked again later passes, whatever else it says."""
    passes = 400 <= status < 500 and "Retry-After" in headers
    if status in _THROTTLED or (status == 403 and passes):
        return SourceThrottledError(retry_after_s=_retry_after_s(headers))
    if status >= 500 or status in _PASSING or passes:
        error: SourceError = SourceUnavailableError(retry_after_s=_retry_after_s(headers))
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


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read seconds, or a date. It is compared with the source's own clock in `Date`; seconds may have decimals."""
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(headers["Date"])).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None
