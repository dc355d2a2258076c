"""Tokens of pages in the frames of a desk: one customer, one purpose, one origin, five minutes.

The desk's server asks for one with its key, the desk's page hands it to the frame. It is an HMAC-SHA-256 over what it grants,
which the page in the frame reads: a message from another origin than that of the token is none for it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest, digest

import msgspec

from gateway.clock import Clock
from gateway.errors import UnauthenticatedError
from gateway.settings.page_settings import EmbedSettings

PREFIX = "pge_"
_MARK = PREFIX.encode()
TERM_S = 300
MAX_TOKEN_BYTES = 4_096


class EmbedGrant(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token grants. `desk` is the name of the embedding settings, `key` the id of the key that asked for it.

    `user` is the person at the desk, as its server names him.
    """

    desk: str
    customer: str
    origin: str
    key: str
    ends_at: int
    purpose: str | None = None
    user: str | None = None


class EmbedTokens:
    """Makes tokens, and reads those that hold."""

    def __init__(self, secret: str, desks: Mapping[str, EmbedSettings], clock: Clock) -> None:
        self.desks = desks
        self._secret = digest(secret.encode(), b"embed", sha256)
        self._clock = clock
        self._decode = msgspec.json.Decoder(EmbedGrant).decode

    def ends_at(self) -> int:
        """Tell when a token that is made now ends, in seconds since 1970."""
        return int(self._clock.now().timestamp()) + TERM_S

    def make(self, grant: EmbedGrant) -> str:
        """Make a token."""
        text = _base64(msgspec.json.encode(grant))
        return f"{PREFIX}{text}.{self._sign(text)}"

    def read(self, token: str) -> EmbedGrant:
        """Read what a token grants. Raises `UnauthenticatedError` for one that is none, is over, or that settings take back."""
        text, _, signature = token.removeprefix(PREFIX)[:MAX_TOKEN_BYTES].partition(".")
        if not compare_digest(signature.encode(), self._sign(text).encode()):
            raise _nobody()
        grant = self._decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        desk = self.desks.get(grant.desk)
        if desk is None or grant.origin not in desk.origins or grant.ends_at <= self._clock.now().timestamp():
            raise _nobody()
        return grant

    def _sign(self, text: str) -> str:
        return _base64(digest(self._secret, text.encode(), sha256))


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _nobody() -> UnauthenticatedError:
    return UnauthenticatedError("the token of this page is over, or is none; have the desk's server ask for another one")


def is_embed_token(authorization: bytes) -> bool:
    """Tell whether an `Authorization` header has the form of one, before it is read."""
    return authorization[len("Bearer ") :].lstrip().startswith(_MARK)
