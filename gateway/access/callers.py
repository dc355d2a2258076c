"""Know who asks by the credential of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from hashlib import blake2b
from typing import Any

from gateway.access.api_keys import ApiKey, is_key
from gateway.access.browser_sessions import CSRF_HEADER, BrowserSessions, require_csrf
from gateway.access.caller import EVERYBODY, Caller
from gateway.access.embed_tokens import EmbedGrant, EmbedTokens, is_embed_token
from gateway.access.key_table import KeyTable
from gateway.access.operators import Operators, bearer_of
from gateway.access.proxies import NamedCaller, Proxies, RequestHead
from gateway.access.revocation_table import RevocationTable
from gateway.access.tokens import Tokens
from gateway.clock import Clock
from gateway.errors import UnauthenticatedError
from gateway.settings.access_settings import CallerSettings
from gateway.settings.page_settings import embed_caller

_TOKEN_DOTS = 2
MAX_RECOGNISED = 10_000
"""The headers that are known with their keys."""


class Callers:
    """The callers of the settings. Without any, everybody may ask, and has no name."""

    def __init__(
        self,
        settings: Mapping[str, CallerSettings],
        anonymous: str | None,
        keys: KeyTable | None,
        tokens: Tokens | None,
        operators: Operators,
        clock: Clock,
        revocations: RevocationTable | None = None,
        proxies: Proxies | None = None,
        sessions: BrowserSessions | None = None,
        embeds: EmbedTokens | None = None,
        *,
        have_pages: bool = False,
    ) -> None:
        """`revocations` are those that `tokens` know of, which are begun and ended here.

        Without `sessions` no key begins one, without `embeds` no page is in a frame.
        Where callers `have_pages`, nobody opens one without being somebody.
        """
        self.keys = keys
        self.tokens = tokens
        self.revocations = revocations
        self.sessions = sessions
        self.embeds = embeds
        self._have_pages = have_pages
        self._proxies = proxies
        self._callers = {name: Caller(name) for name in settings}
        self._customers = {name for name, own in settings.items() if own.customer_claim is not None}
        self._anonymous = anonymous
        self._operators = operators
        self._clock = clock
        self._recognised: dict[bytes, ApiKey] = {}

    async def start(self, previous: Callers | None = None) -> None:
        """Begin to know credentials, but for what is shared with previous callers, which does already."""
        await asyncio.gather(*(own.start() for own in self._apart_from(previous)))

    async def aclose(self, following: Callers | None = None) -> None:
        """End what is not shared with the following callers."""
        for own in self._apart_from(following):
            await own.aclose()

    def _apart_from(self, other: Callers | None) -> list[KeyTable | RevocationTable | Tokens]:
        shared = () if other is None else (other.keys, other.revocations, other.tokens)
        return [own for own in (self.keys, self.revocations, self.tokens) if own is not None and own not in shared]

    @property
    def identifies(self) -> Callable[[RequestHead], Caller | Coroutine[Any, Any, Caller]]:
        """What finds the caller of a request. Without callers that takes no time."""
        return self.identify_request if self._callers else _anybody

    def identify_request(self, head: RequestHead) -> Caller | Coroutine[Any, Any, Caller]:
        """Find the caller whom a proxy names, or whose credential the request has. Raises as `identify`."""
        authorization = head.headers.get(b"authorization")
        named = None if self._proxies is None else self._proxies.read_caller(head)
        if named is not None:
            return self._identify_named(named, authorization, head)
        if authorization is None:
            return self._identify_bare(head)
        if self.embeds is not None and is_embed_token(authorization):
            return self._identify_framed(self.embeds.read(bearer_of(authorization) or ""))
        return self.identify(authorization)

    def _identify_named(self, named: NamedCaller, authorization: bytes | None, head: RequestHead) -> Caller:
        """Find the caller whom a proxy names, and the person behind him."""
        if authorization is not None:
            raise UnauthenticatedError("a proxy names the caller, and there is a credential, too; send one of the two")
        caller = self._callers.get(named.name)
        if caller is None:
            raise UnauthenticatedError("the proxy names a caller who is not in the settings; correct the proxy")
        if caller.name in self._customers:
            raise UnauthenticatedError("this caller is a customer, whom a proxy does not name; send his own token")
        if named.user is None:
            return caller
        require_csrf(head.headers)  # whom the proxy knows by a cookie of its own
        return Caller(caller.name, user=named.user)

    def _identify_framed(self, grant: EmbedGrant) -> Caller | Coroutine[Any, Any, Caller]:
        """Find the caller of a page in a frame, as long as the key holds that asked for its token."""
        assert self.keys is not None
        key = self.keys.find_by_id(grant.key)
        return self._identify_new_framed(self.keys, grant) if key is None else self._caller_in_frame(grant, key)

    async def _identify_new_framed(self, keys: KeyTable, grant: EmbedGrant) -> Caller:
        await keys.look()  # as with sessions
        return self._caller_in_frame(grant, keys.find_by_id(grant.key))

    def _caller_in_frame(self, grant: EmbedGrant, key: ApiKey | None) -> Caller:
        assert self.embeds is not None
        if self._caller_of(key).name != self.embeds.desks[grant.desk].caller:
            raise _nobody()
        return Caller(embed_caller(grant.desk), grant.customer, grant.user or f"desk:{grant.desk}", grant.purpose or "")

    def _identify_bare(self, head: RequestHead) -> Caller | Coroutine[Any, Any, Caller]:
        """Find the caller of a request without a credential: of a session, else the anonymous one. Pages have no other one."""
        if self._have_pages:
            if self.sessions is not None and b"cookie" in head.headers:
                key_id = self.sessions.read_key_id(head.fields)
                if key_id is not None:
                    return self._identify_session(key_id)
            if CSRF_HEADER in head.headers:
                raise UnauthenticatedError("a page asks, and nobody is signed in; sign in first")
        return self.identify(None)

    def _identify_session(self, key_id: str) -> Caller | Coroutine[Any, Any, Caller]:
        """Find the caller of a session, as long as its key holds."""
        assert self.keys is not None
        key = self.keys.find_by_id(key_id)
        return self._identify_new_session(self.keys, key_id) if key is None else self.user_of(key)

    async def _identify_new_session(self, keys: KeyTable, key_id: str) -> Caller:
        await keys.look()  # the session may have begun at another worker, with a key that was just made
        return self.user_of(keys.find_by_id(key_id))

    def user_of(self, key: ApiKey | None) -> Caller:
        """Name the key as the one who is behind its caller: nothing that is typed would prove who that is."""
        caller = self._caller_of(key)
        assert key is not None
        return Caller(caller.name, user=f"key:{key.id}")

    async def find_key(self, head: RequestHead) -> ApiKey:
        """Find the key that a request shows. Raises `UnauthenticatedError` and `AccessUnavailableError`."""
        if self._proxies is not None and self._proxies.read_caller(head) is not None:
            raise UnauthenticatedError("a proxy names the caller, whose key is none of this request; send one of the two")
        text = bearer_of(head.headers.get(b"authorization"))
        if self.keys is None or text is None or not is_key(text):
            raise UnauthenticatedError("a session begins with a caller's key; send Authorization: Bearer and the key")
        key = self.keys.find(text) or await self.keys.find_new(text)
        self._caller_of(key)
        assert key is not None
        return key

    def identify(self, authorization: bytes | None) -> Caller | Coroutine[Any, Any, Caller]:
        """Find the caller whose credential is in an `Authorization` header; an operator has his own name.

        Raises `UnauthenticatedError` where it is nobody's, and `AccessUnavailableError` where that cannot be told. For a key
        or a token that is not known yet, the caller is to be awaited.
        """
        if authorization is None:
            if self._anonymous is None:
                raise UnauthenticatedError("nobody may ask without a credential; send Authorization: Bearer and your key")
            return self._callers[self._anonymous]
        mark = _mark_of(authorization)
        caller = self._find_recognised(mark)
        if caller is not None:
            return caller
        text = bearer_of(authorization)
        if text is None:
            raise _nobody()
        if self.keys is not None and is_key(text):
            key = self.keys.find(text)
            return self._identify_new(self.keys, text) if key is None else self._recognise(mark, key)
        name = self._operators.find(authorization)  # whose key may look like a token
        if name is not None:
            return Caller(name)
        if self.tokens is not None and text.count(".") == _TOKEN_DOTS:
            return self.tokens.verify(text, mark)
        raise _nobody()

    def _find_recognised(self, mark: bytes) -> Caller | None:
        """Find the caller of a header that came before."""
        key = self._recognised.get(mark)
        if key is not None and self.keys is not None and self.keys.has(key):
            return self._caller_of(key)
        return None if self.tokens is None else self.tokens.find(mark)

    def _recognise(self, mark: bytes, key: ApiKey) -> Caller:
        """Know a header again by its key."""
        if len(self._recognised) >= MAX_RECOGNISED:
            self._recognised.clear()
        self._recognised[mark] = key
        return self._caller_of(key)

    async def _identify_new(self, keys: KeyTable, text: str) -> Caller:
        return self._caller_of(await keys.find_new(text))

    def _caller_of(self, key: ApiKey | None) -> Caller:
        if key is None or key.caller not in self._callers or not key.holds(self._clock.now()):
            raise _nobody()
        if key.caller in self._customers:
            raise UnauthenticatedError("this caller is a customer, whom a key does not name; send his own token")
        return self._callers[key.caller]


def _anybody(_head: RequestHead) -> Caller:
    return EVERYBODY


def _mark_of(authorization: bytes) -> bytes:
    """Digest a header: in 1 us, where the digest of a key takes 10 between requests."""
    return blake2b(authorization, digest_size=32).digest()


def _nobody() -> UnauthenticatedError:
    return UnauthenticatedError("the credential is nobody's, or holds no more; send Authorization: Bearer and your key")
