"""Share one expiring token among all calls of a source."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

import msgspec

from connectors.errors import SourceAuthError, SourceProtocolError

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SessionEndedError(SourceAuthError):
    """The source no longer knows the token. That says nothing of the credentials that it was given for."""


class _Granted(msgspec.Struct):
    access_token: str


class Session:
    """Hold a token. The first call that needs it fetches it, while the others wait.

    `fetch` gives what the token endpoint answers. It is told until when, by the event loop's clock, in seconds.
    """

    def __init__(self, fetch: Callable[[float | None], Awaitable[bytes | None]]) -> None:
        self._fetch = fetch
        self._token: str | None = None
        self._fetching = asyncio.Lock()

    async def token(self, until: float | None, ended: str | None = None) -> str:
        """The token that is good as far as anybody knows. One that has `ended` is fetched again, once for all who say so."""
        async with self._fetching:
            if self._token is None or self._token == ended:
                self._token = None
                self._token = _granted(await self._fetch(until))
            return self._token


def form(values: Mapping[str, str]) -> bytes:
    """Encode the body for a token endpoint."""
    return urlencode(values).encode()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _granted(content: bytes | None) -> str:
    try:
        return msgspec.json.decode(content or b"", type=_Granted).access_token
    except (msgspec.MsgspecError, ValueError) as error:
        raise SourceProtocolError("no token where one was asked for") from error
