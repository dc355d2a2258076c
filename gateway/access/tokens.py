"""Know callers by JSON Web Tokens (RFC 7519) that issuers sign. Keys come from the issuer's own list (RFC 7517)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from yarl import URL

from connectors.errors import SourceError
from connectors.toolkit.http_client import HttpClient, WebSettings, decoded
from gateway.access.caller import Caller
from gateway.access.revocation_table import RevocationTable
from gateway.access.revocations import mark_of_token
from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.errors import AccessUnavailableError, UnauthenticatedError
from gateway.settings.access_settings import IssuerSettings

if TYPE_CHECKING:
    from jwt import PyJWK

MAX_TOKEN_BYTES = 8_192
MAX_VERIFIED = 10_000
"""How many tokens a worker remembers. Each takes about 400 bytes."""

FETCH_S = 30.0
"""How far apart fetches of an issuer's keys are at least, in seconds, whatever keys tokens name."""

MAX_AGE_S = 3_600.0
"""After how long the keys are fetched again, in seconds: a key that the issuer has taken back is not among them."""

CALL_S = 5.0
"""How long a fetch may take, in seconds."""

_FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
"""The type of the keys of an algorithm, by its first letters (RFC 7518, RFC 8037)."""

log = structlog.get_logger()


class _Verified(NamedTuple):
    """What is remembered of a token: also what it may be revoked by."""

    caller: Caller
    ends_at: float
    issuer: str
    mark: bytes | None
    issued_at: float


class Tokens:
    """Verifies tokens of the issuers of the settings. What was verified is remembered by a digest until it ends."""

    def __init__(
        self,
        issuers: Mapping[str, IssuerSettings],
        claims: Mapping[str, str],
        clock: Clock,
        revocations: RevocationTable | None = None,
        user_claim: str | None = None,
    ) -> None:
        """`claims` are those that name the customer, by the callers who are customers; `user_claim` names the end user.

        Without `revocations` a token holds until it ends.
        """
        self._issuers = {own.issuer: _Issuer(name, own, claims, clock, user_claim) for name, own in issuers.items()}
        self._clock = clock
        self._revocations = revocations
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    def go_on_from(self, previous: Tokens) -> None:
        """Know the keys that were known of issuers with the same settings."""
        for iss, issuer in self._issuers.items():
            if iss in previous._issuers:
                issuer.go_on_from(previous._issuers[iss])

    async def start(self) -> None:
        """Fetch the keys of all issuers, each for as long as a call may take."""
        await asyncio.gather(*(issuer.start() for issuer in self._issuers.values()))

    async def aclose(self) -> None:
        await asyncio.gather(*(issuer.aclose() for issuer in self._issuers.values()))

    def find(self, digest: bytes) -> Caller | None:
        """Find the caller of a token that was verified with this digest. None for any other.

        Raises `UnauthenticatedError` where it is revoked, and `AccessUnavailableError` where that cannot be told.
        """
        known = self._verified.get(digest)
        if known is None:
            return None
        if known.ends_at <= self._clock.now().timestamp():
            del self._verified[digest]
            return None
        self._verified.move_to_end(digest)
        self._check_revocation(known)
        return known.caller

    def _check_revocation(self, known: _Verified) -> None:
        if self._revocations is not None and self._revocations.covers(known.issuer, known.mark, known.issued_at):
            raise UnauthenticatedError("the token is revoked; ask for a new one")

    async def verify(self, text: str, digest: bytes) -> Caller:
        """Verify a token, and find its caller. It is found by the digest from then on.

        Raises `UnauthenticatedError`, and `AccessUnavailableError` where the issuer's keys or what is revoked cannot be had.
        """
        import jwt

        if len(text) > MAX_TOKEN_BYTES:
            raise UnauthenticatedError(f"the token is longer than {MAX_TOKEN_BYTES} bytes")
        try:
            read = jwt.decode_complete(text, options={"verify_signature": False})
            issuer = self._issuers[read["payload"]["iss"]]
            key = await issuer.key(read["header"])
            payload = issuer.payload(text, key)
            caller = issuer.caller_of(payload)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, RecursionError):
            raise UnauthenticatedError("the token is not valid here; ask for a new one") from None
        now, slack = self._clock.now().timestamp(), CLOCK_TOLERANCE.total_seconds()
        if payload["exp"] <= now or payload.get("nbf", now) > now + slack:
            raise UnauthenticatedError("the token holds no more, or not yet; ask for a new one")
        iss = payload["iss"]
        known = _Verified(caller, payload["exp"], iss, mark_of_token(iss, payload.get("jti")), _issued_at(payload))
        self._verified[digest] = known  # revoked or not, so that its signature is not verified again
        if len(self._verified) > MAX_VERIFIED:
            self._verified.popitem(last=False)
        self._check_revocation(known)
        return caller


def _issued_at(payload: Mapping[str, Any]) -> float:
    """Read when a token was issued: before all times where it does not say, or says no number."""
    issued_at = payload.get("iat")
    return issued_at if isinstance(issued_at, int | float) and -inf < issued_at < inf else -inf


class _Issuer:
    """One issuer with its keys."""

    def __init__(
        self, name: str, settings: IssuerSettings, claims: Mapping[str, str], clock: Clock, user_claim: str | None
    ) -> None:
        self._claims = claims
        self._user_claim = user_claim
        self._name = name
        self._settings = settings
        self._clock = clock
        self._url = URL(settings.keys)
        self._client = HttpClient(WebSettings(base_url=str(self._url.origin()), max_response_bytes=1 << 20, connections=1))
        self._keys: dict[str | None, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    def go_on_from(self, previous: _Issuer) -> None:
        if self._settings == previous._settings:
            self._keys, self._fetched_at = previous._keys, previous._fetched_at

    async def start(self) -> None:
        await self._client.open({})
        await self._fetch_seldom()

    async def aclose(self) -> None:
        """Close, but for a fetch that runs: requests from before a reload may wait for it."""
        if self._fetching is not None:
            await asyncio.wait({self._fetching})
        await self._client.aclose()

    async def key(self, header: Mapping[str, Any]) -> PyJWK:
        """Find the key that a header names. Raises `KeyError` where the issuer has none, and `AccessUnavailableError`."""
        if header["alg"] != self._settings.algorithm or "crit" in header:
            raise KeyError("alg")
        name = header.get("kid")
        if name not in self._keys or self._age_s(self._fetched_at) > MAX_AGE_S:
            await self._fetch_seldom()
        if name not in self._keys and self._fetched_at is None:
            raise AccessUnavailableError
        return self._keys[name]

    def payload(self, text: str, key: PyJWK) -> dict[str, Any]:
        """Verify the signature, and read the payload. Times are left to the caller. Raises `PyJWTError`."""
        import jwt

        own = self._settings
        payload: dict[str, Any] = jwt.decode(
            text,
            key,
            algorithms=[own.algorithm],
            audience=own.audience,
            issuer=own.issuer,
            options={
                "require": ["exp", "iss", "aud"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )
        times = payload["exp"], payload.get("nbf", 0)
        if not all(isinstance(time, int | float) and -inf < time < inf for time in times):  # NaN and Infinity are read, too
            raise jwt.InvalidTokenError
        return payload

    def caller_of(self, payload: Mapping[str, Any]) -> Caller:
        """Find the caller of a token; a customer by the claim that names him. Raises `KeyError` where it does not."""
        name = self._settings.caller or self._chosen(payload)
        claim, user = self._claims.get(name), self._user_of(payload)
        if claim is None:
            return Caller(name, user=user)
        customer_id = payload[claim]
        if not isinstance(customer_id, str) or not customer_id:
            raise KeyError(claim)
        return Caller(name, customer_id, user)

    def _user_of(self, payload: Mapping[str, Any]) -> str | None:
        """Read the end user, a text or a number. None where the token names none."""
        user = None if self._user_claim is None else payload.get(self._user_claim)
        return str(user) if isinstance(user, str | int) and not isinstance(user, bool) and user != "" else None

    def _chosen(self, payload: Mapping[str, Any]) -> str:
        """Find the one caller whom a token names. Raises `KeyError` where it names none of the settings, or several."""
        claim = self._settings.caller_claim or ""
        value = payload[claim]
        named = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
        chosen = [name for name in self._settings.named if name in named]
        if len(chosen) != 1:
            raise KeyError(claim)
        return chosen[0]

    def _age_s(self, at: float | None) -> float:
        return inf if at is None else self._clock.monotonic() - at

    async def _fetch_seldom(self) -> None:
        """Fetch the keys, unless that was tried lately. A caller who leaves ends his own waiting only."""
        if self._age_s(self._tried_at) >= FETCH_S and (self._fetching is None or self._fetching.done()):
            self._fetching = asyncio.create_task(self._fetch())
        if self._fetching is not None:
            await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        """Fetch the keys. Where that fails those that are known stay."""
        self._tried_at = self._clock.monotonic()
        try:
            until = asyncio.get_running_loop().time() + CALL_S
            content = await self._client.call("GET", self._url, None, one_key=False, until=until)
            keys = [key for own in decoded(content or b"")["keys"] if (key := self._usable(own)) is not None]
        except (SourceError, KeyError, TypeError) as error:
            log.warning("issuer_keys_not_read", issuer=self._name, error=type(error).__name__)
            return
        self._keys = {key.key_id: key for key in keys}
        self._fetched_at = self._tried_at if keys else None
        if not keys:
            log.warning("issuer_has_no_key", issuer=self._name)

    def _usable(self, key: Any) -> PyJWK | None:
        """Read a public key for signatures by the issuer's algorithm. None is any other, and what cannot be read."""
        import jwt

        algorithm = self._settings.algorithm
        if not isinstance(key, dict) or not isinstance(key.get("kid"), str | None) or "d" in key:
            return None
        if (key.get("use", "sig"), key.get("alg", algorithm), key.get("kty")) != ("sig", algorithm, _FAMILIES[algorithm[:2]]):
            return None
        with suppress(jwt.PyJWTError):
            return jwt.PyJWK(key, algorithm)
        return None
