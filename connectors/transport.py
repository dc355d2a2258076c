"""For connectors that speak HTTP: one call to a source, bytes out, JSON in, and every failure as one of our errors.

What the source says (bodies, headers, addresses) never enters an error.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import aiohttp
import msgspec
from pydantic import Field, field_validator
from yarl import URL

from connectors.contract import ConnectorSettings
from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
    without_frames,
)

_FAILURES: tuple[tuple[type[Exception], type[SourceError], str], ...] = (
    (TimeoutError, SourceTimeoutError, ""),
    (aiohttp.ClientPayloadError, SourceUnavailableError, "the connection broke during the answer"),
    (aiohttp.ClientResponseError, SourceProtocolError, "the answer is not HTTP"),
    (aiohttp.InvalidURL, SourceProtocolError, "the address cannot be used"),
    (aiohttp.ClientError, SourceUnavailableError, "no connection"),
    (OSError, SourceUnavailableError, "no connection"),
)
"""The first that fits counts: aiohttp's timeouts are connection errors, too."""


@contextmanager
def source_failures() -> Iterator[None]:
    """Turn what the HTTP client raises into our errors."""
    try:
        yield
    except tuple(foreign for foreign, _, _ in _FAILURES) as error:
        ours, note = next((ours, note) for foreign, ours, note in _FAILURES if isinstance(error, foreign))
        raise ours(note) from without_frames(error)


class WebSettings(ConnectorSettings):
    """What every source behind HTTP has. Sizes in bytes."""

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


class Transport:
    """An open HTTP client for one source. `headers` go with every call; they hold the credentials."""

    def __init__(self, settings: WebSettings, headers: Mapping[str, str]) -> None:
        self._max_bytes = settings.max_response_bytes
        self._session = aiohttp.ClientSession(
            headers={"Accept": "application/json"} | dict(headers),
            connector=aiohttp.TCPConnector(limit=settings.connections),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def aclose(self) -> None:
        await self._session.close()

    async def reach(self, url: URL, timeout_s: float) -> None:
        """Connect and wait for any answer, whatever its status."""
        with source_failures():
            async with self._session.head(url, timeout=aiohttp.ClientTimeout(timeout_s), allow_redirects=False):
                return

    async def call(self, method: str, url: URL, body: Any, *, one_key: bool, until: float | None) -> bytes | None:
        """The answer's content, None when the source has nothing. `until` is a time of the event loop's clock, in seconds.

        `one_key`: the call is about a single key, so 404 means that it is not there and 400 that it is refused.
        """
        timeout_s = None if until is None else until - asyncio.get_running_loop().time()
        if timeout_s is not None and timeout_s <= 0:
            raise SourceTimeoutError
        data = None if body is None else msgspec.json.encode(body)
        headers = None if body is None else {"Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        with source_failures():
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status == 204 or (one_key and response.status in {404, 410}):
                    return None
                _expect_success(response.status, response.headers, one_key)
                return await self._read(response)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for piece in response.content.iter_any():
            content += piece
            if len(content) > self._max_bytes:
                raise SourceProtocolError("larger than max_response_bytes")
        return bytes(content)


def decoded(content: bytes) -> Any:
    """The JSON of an answer."""
    try:
        return msgspec.json.decode(content)
    except (ValueError, RecursionError) as error:
        raise SourceProtocolError("not JSON") from error


def _expect_success(status: int, headers: Mapping[str, str], one_key: bool) -> None:
    if 200 <= status < 300:
        return
    if status in {401, 403}:
        raise SourceAuthError
    if status == 429:
        raise SourceThrottledError(retry_after_s=_retry_after_s(headers))
    if status in {400, 422} and one_key:
        raise SourceRejectedError
    if status >= 500:
        raise SourceUnavailableError(retry_after_s=_retry_after_s(headers))
    raise SourceProtocolError(f"HTTP status {status}")


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds, or a date, which is compared with the source's own clock in `Date`."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(headers["Date"])).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None
