"""Settings of callers: who they are, and what they show who they are with."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field
from yarl import URL

from connectors.suggestions import suggest
from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import CallerName, CollectorAddress, LongSecret, SourceName

NO_KEY_STORE = "they are kept in MongoDB, and there is none, as in a replay; add [mongodb], or name access.keys.file"
"""What is wrong where keys have no place."""


class CallerSettings(FrozenSettings):
    """Somebody who asks: an application, a team, a partner."""

    owner: Annotated[str, Field(max_length=200)] = ""
    """Who answers for it, for people. Callers do not see it."""


class KeySettings(FrozenSettings):
    """API keys of callers, in MongoDB or in a file. What is kept of a key is a digest that needs the `secret`, too."""

    model_config = ConfigDict(hide_input_in_errors=True)

    secret: LongSecret
    file: Path | None = None
    """A file that workers read and commands write, relative to the settings file; without it MongoDB."""
    stale_s: Annotated[int, Field(ge=5, le=86_400)] = 60
    """For how long keys hold that were last read so many seconds ago."""


def _cannot_be_changed(address: str) -> str:
    url = URL(address)
    if url.scheme != "https" and url.host not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("is not https://, so who changes the answer on its way could sign tokens; http:// is for this machine")
    return address


class IssuerSettings(FrozenSettings):
    """Who signs tokens, and which caller they are. Nothing of these is taken from a token."""

    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    """The `iss` of its tokens, letter by letter."""
    audience: Annotated[str, Field(min_length=1, max_length=500)]
    """What `aud` must name."""
    algorithm: Literal["RS256", "PS256", "ES256", "EdDSA"]
    keys: Annotated[CollectorAddress, AfterValidator(_cannot_be_changed)]
    """The address of its public keys, a JWKS."""
    caller: CallerName


def _are_usable(value: dict[str, IssuerSettings]) -> dict[str, IssuerSettings]:
    if value and not (find_spec("jwt") and find_spec("cryptography")):
        raise ValueError("tokens need an extra; install customer-profile-gateway[jwt]")
    if len({own.issuer for own in value.values()}) < len(value):
        raise ValueError("two of them have the same issuer; name each once")
    return value


class AccessSettings(FrozenSettings):
    """How callers show who they are."""

    anonymous: CallerName | None = None
    """The caller of requests without a credential; without it such requests are refused."""
    keys: KeySettings | None = None
    issuers: Annotated[dict[SourceName, IssuerSettings], AfterValidator(_are_usable)] = {}
    """Who signs tokens (JWT) of callers."""


def check_callers(access: AccessSettings | None, callers: Mapping[str, CallerSettings] | None) -> None:
    """Check that callers and what they show go together. None is for a table that is not there.

    Raises `ValueError`, which names the setting.
    """
    if callers is None:
        if access is not None and access != AccessSettings():
            raise ValueError("access: there is no caller; add one, such as [callers.console]")
        return
    if access is None:
        raise ValueError("callers: nobody can show that he is one of them; add [access.keys], or name one access.anonymous")
    for name, own in access.issuers.items():
        if own.caller not in callers:
            fix = suggest(own.caller, callers, "name one of yours")
            raise ValueError(f"access.issuers.{name}.caller: no caller has this name{fix}")
    anonymous = access.anonymous
    if anonymous is not None and anonymous not in callers:
        raise ValueError(f"access.anonymous: no caller has this name{suggest(anonymous, callers, 'name one of yours')}")
