"""Settings of callers: who they are, and what they show who they are with."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from yarl import URL

from connectors.contract import KeyKind
from connectors.records import FieldClass
from connectors.suggestions import suggest
from gateway.settings.documents_settings import DocumentMode
from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.limit_settings import CallerLimitSettings
from gateway.settings.proxy_settings import ProxySettings
from gateway.settings.quota_settings import QuotaSettings
from gateway.settings.texts import CallerName, CollectorAddress, LongSecret, PurposeName, SourceName

SHOWN_BY = ("keys", "issuers", "proxy", "anonymous")
"""What of the table `access` says who a caller is."""

NO_KEY_STORE = "they are kept in MongoDB, and there is none, as in a replay; add [mongodb], or name access.keys.file"
"""What is wrong where keys have no place."""

NO_REVOCATION_STORE = (
    "they are kept in MongoDB, and there is none, as in a replay; add [mongodb], or name access.revocations.file"
)
"""What is wrong where revoked tokens have no place."""


class Visibility(StrEnum):
    """What becomes of a field, the strictest last."""

    SHOWN = "shown"
    MASKED = "masked"
    HASHED = "hashed"
    WITHHELD = "withheld"

    @property
    def strictness(self) -> int:
        return _BY_STRICTNESS.index(self)


_BY_STRICTNESS = [*Visibility]

_BY_CLASS: Mapping[FieldClass, tuple[KeyKind, ...]] = {
    FieldClass.IDENTIFYING: (
        KeyKind.CUSTOMER_ID,
        KeyKind.EXTERNAL_ID,
        KeyKind.MEMBER_NUMBER,
        KeyKind.DEVICE_ID,
        KeyKind.ACCOUNT,
    ),
    FieldClass.CONTACT: (KeyKind.EMAIL, KeyKind.PHONE),
    FieldClass.COMMERCIAL: (KeyKind.ORDER_ID, KeyKind.ORDER_NUMBER),
    FieldClass.BEHAVIOURAL: (KeyKind.TICKET_ID, KeyKind.TICKET_NUMBER),
}
WAYS_IN: Mapping[KeyKind, tuple[FieldClass, ...]] = {
    **{kind: (own,) for own, kinds in _BY_CLASS.items() for kind in kinds},
    KeyKind.TEXT: (FieldClass.PERSONAL, FieldClass.CONTACT),
}
"""The kinds of keys that callers ask by, with the classes of what is asked by. `text` is that of a search."""


def _names_no_technical(sees: dict[FieldClass, Visibility]) -> dict[FieldClass, Visibility]:
    if FieldClass.TECHNICAL in sees:
        raise ValueError("`technical` is always shown; leave it out")
    return sees


CLAIM = "claim:"


def _one_claim_or_ids(value: Any) -> Any:
    is_claim = isinstance(value, str) and value.startswith(CLAIM) and value != CLAIM
    if not is_claim and not isinstance(value, list):
        raise ValueError(f"must be a list of ids, or {CLAIM} and the claim of a token that names the customer, as {CLAIM}sub")
    return value


Customers = Annotated[
    Annotated[list[Annotated[str, Field(min_length=1)]], Tag("ids")] | Annotated[str, Tag("claim")],
    Discriminator(lambda value: "ids" if isinstance(value, list) else "claim"),
    BeforeValidator(_one_claim_or_ids),
]
"""The ids of customers, or the claim of a token that is the id of the one who asks."""


def _are_ways_in(kinds: list[KeyKind]) -> list[KeyKind]:
    for kind in kinds:
        if kind not in WAYS_IN:
            raise ValueError(f"nobody is found by {kind}; choose from {', '.join(WAYS_IN)}")
    return kinds


class CallerSettings(FrozenSettings):
    """Somebody who asks: an application, a team, a partner."""

    owner: Annotated[str, Field(max_length=200)] = ""
    """Who answers for it, for people. Callers do not see it."""
    sees: Annotated[dict[FieldClass, Visibility], AfterValidator(_names_no_technical)] | None = None
    """What becomes of fields by their classes; one that is not named is withheld. Without this table everything is shown."""
    find_by: Annotated[list[KeyKind], AfterValidator(_are_ways_in)] | None = None
    """By which keys it may find customers and records; without this line by those whose class it is shown."""
    customers: Customers | None = None
    """The customers whom it may be told of; without this line all."""
    accounts: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] | None = None
    """The companies of whose customers it may be told, by the ids of their accounts, in the place of `customers`."""
    sources: Annotated[list[SourceName], Field(min_length=1)] | None = None
    """The sources that are asked for it; without this line all."""
    purposes: Annotated[list[PurposeName], Field(min_length=1)] | None = None
    """The purposes of which each request has one; without this line it may name any, or none."""
    quota: QuotaSettings | None = None
    """What it may ask for in a while; without this table `[quota]`."""
    hash_group: CallerName | None = None
    """Callers of one group have the same hashes; without this line each has its own."""
    documents: DocumentMode | None = None
    """What becomes of a text of it that is not trusted; without this line what `documents.mode` says."""

    limits: CallerLimitSettings = CallerLimitSettings()
    """What its requests may hold, where that differs from `limits`."""
    access_log: bool = False
    """Whether it may read in the audit who was told of a customer."""
    tag_report: bool = False
    """Whether it may read who asks for which tags, and what they say of customers on the whole."""
    outcomes: bool = False
    """Whether it may record what became of customers after an action."""
    changes: bool = False
    """Whether it may read which customers have changed."""
    operate: bool = False
    """Whether it may read how the sources are."""
    govern: bool = False
    """Whether it may read how tags and segments are."""
    introspection: bool | None = None
    """Whether it may ask for the schema; without this line as the setting `introspection` says."""
    share: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    """How much of a busy worker it has, beside others who ask."""

    @property
    def is_restricted(self) -> bool:
        own = (self.sees, self.find_by, self.customers, self.accounts, self.sources, self.purposes)
        return any(value is not None for value in own)

    @property
    def customer_claim(self) -> str | None:
        """Name the claim that says which customer the caller is."""
        return self.customers.removeprefix(CLAIM) if isinstance(self.customers, str) else None

    @property
    def has_row_rule(self) -> bool:
        """Tell whether it may be told of some customers only."""
        return self.customers is not None or self.accounts is not None

    @property
    def visibilities(self) -> Mapping[FieldClass, Visibility]:
        """What becomes of each class but the technical one."""
        return dict.fromkeys(FieldClass, Visibility.SHOWN) if self.sees is None else self.sees

    @property
    def key_kinds(self) -> Collection[KeyKind]:
        """The kinds of keys that it may find by."""
        if self.find_by is not None:
            return self.find_by
        if self.customer_claim is not None:
            return [KeyKind.CUSTOMER_ID]
        by_class = [kind for kind, own in WAYS_IN.items() if all(self.visibilities.get(one) is Visibility.SHOWN for one in own)]
        return [kind for kind in by_class if kind is KeyKind.CUSTOMER_ID] if self.has_row_rule else by_class

    @property
    def hashes(self) -> bool:
        return Visibility.HASHED in self.visibilities.values()


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
    """Who signs tokens, and which caller they are. A token can choose among `callers` alone."""

    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    """The `iss` of its tokens, letter by letter."""
    audience: Annotated[str, Field(min_length=1, max_length=500)]
    """What `aud` must name."""
    algorithm: Literal["RS256", "PS256", "ES256", "EdDSA"]
    keys: Annotated[CollectorAddress, AfterValidator(_cannot_be_changed)]
    """The address of its public keys, a JWKS."""
    caller: CallerName | None = None
    """The caller of all of its tokens."""
    caller_claim: Annotated[str, Field(min_length=1)] | None = None
    """In its place the claim that names one of `callers`: a text, or a list, such as roles."""
    callers: Annotated[list[CallerName], Field(min_length=1)] | None = None

    @property
    def named(self) -> Sequence[str]:
        """List the callers whom its tokens may be."""
        return [self.caller] if self.caller is not None else self.callers or []

    @model_validator(mode="after")
    def _names_callers(self) -> Self:
        is_chosen = self.caller_claim is not None and self.callers is not None
        if self.caller is not None and (self.caller_claim is not None or self.callers is not None):
            raise ValueError("caller: is that of all tokens, so none can choose; remove it, or caller_claim and callers")
        if self.caller is None and not is_chosen:
            raise ValueError("nothing says which caller a token is; add caller, or caller_claim and callers")
        return self


def _are_usable(value: dict[str, IssuerSettings]) -> dict[str, IssuerSettings]:
    if value and not (find_spec("jwt") and find_spec("cryptography")):
        raise ValueError("tokens need an extra; install customer-profile-gateway[jwt]")
    if len({own.issuer for own in value.values()}) < len(value):
        raise ValueError("two of them have the same issuer; name each once")
    return value


class RevocationSettings(FrozenSettings):
    """Where it is kept which tokens are revoked: in MongoDB or in a file."""

    file: Path | None = None
    """A file that workers read and commands write, relative to the settings file; without it MongoDB."""
    stale_s: Annotated[int, Field(ge=5, le=86_400)] = 60
    """For how long tokens hold while it was last read so many seconds ago."""


class AccessSettings(FrozenSettings):
    """How callers show who they are."""

    anonymous: CallerName | None = None
    """The caller of requests without a credential; without it such requests are refused."""
    keys: KeySettings | None = None
    mode: Literal["enforce", "report"] = "enforce"
    """`report` shows everything, and tells in `extensions.access` what would not be shown."""
    hash_secret: LongSecret | None = None
    """The secret of hashed values; with another one all of them change."""
    issuers: Annotated[dict[SourceName, IssuerSettings], AfterValidator(_are_usable)] = {}
    """Who signs tokens (JWT) of callers."""
    revocations: RevocationSettings | None = None
    """Where it is kept which tokens are revoked; without this table where `keys` are."""
    proxy: ProxySettings | None = None
    """Proxies that name the caller."""

    @property
    def revocation_place(self) -> RevocationSettings | None:
        """Tell where it is kept which tokens are revoked. None where none can be."""
        keys = self.keys
        if not self.issuers or self.revocations is not None or keys is None:
            return self.revocations
        file = None if keys.file is None else keys.file.with_suffix(".revoked.json")
        return RevocationSettings(file=file, stale_s=keys.stale_s)


MAX_VIEWS = 64
"""So many callers may have rights of their own."""


def check_callers(
    access: AccessSettings | None, callers: Mapping[str, CallerSettings] | None, operators: Collection[str]
) -> None:
    """Check that callers and what they show go together. None is for a table that is not there.

    Raises `ValueError`, which names the setting.
    """
    if callers is None:
        if access is not None and access != AccessSettings():
            raise ValueError("access: there is no caller; add one, such as [callers.console]")
        return
    if access is None:
        raise ValueError("callers: nobody can show that he is one of them; add [access.keys], or name one access.anonymous")
    _check_issuers(access, callers)
    _check_proxy(access, callers)
    if access.revocations is not None and not access.issuers:
        raise ValueError("access.revocations: there are no tokens to revoke; add access.issuers, or remove it")
    _check_rights(access, callers, operators)
    anonymous = access.anonymous
    if anonymous is not None and anonymous not in callers:
        raise ValueError(f"access.anonymous: no caller has this name{suggest(anonymous, callers, 'name one of yours')}")


def _check_issuers(access: AccessSettings, callers: Mapping[str, CallerSettings]) -> None:
    for name, own in access.issuers.items():
        setting = "caller" if own.caller is not None else "callers"
        for one in own.named:
            if one not in callers:
                fix = suggest(one, callers, "name one of yours")
                raise ValueError(f"access.issuers.{name}.{setting}: no caller has the name {one}{fix}")
    named = {one for own in access.issuers.values() for one in own.named}
    for name, caller in callers.items():
        if caller.customer_claim is not None and name not in named:
            fix = "no issuer names this caller, so no token says who he is; add access.issuers"
            raise ValueError(f"callers.{name}.customers: {fix}")


def _check_proxy(access: AccessSettings, callers: Mapping[str, CallerSettings]) -> None:
    for setting, name in {} if access.proxy is None else access.proxy.named.items():
        if name not in callers:
            fix = suggest(name, callers, "name one of yours")
            raise ValueError(f"access.proxy.{setting}: no caller has the name {name}{fix}")
        if callers[name].customer_claim is not None:
            raise ValueError(f"access.proxy.{setting}: {name} is a customer, whom a proxy does not name; name another caller")


def _check_rights(access: AccessSettings, callers: Mapping[str, CallerSettings], operators: Collection[str]) -> None:
    for name, caller in callers.items():
        if name in operators:
            raise ValueError(f"callers.{name}: an operator has this name, who sees everything; choose another one")
        if caller.customers is not None and caller.accounts is not None:
            raise ValueError(f"callers.{name}.accounts: customers are named, too; remove one of the two")
        if caller.has_row_rule and KeyKind.TEXT in (caller.find_by or ()):
            raise ValueError(f"callers.{name}.find_by: a search tells of all customers, and this caller sees some; remove text")
        if caller.customer_claim is not None and access.anonymous == name:
            raise ValueError(f"access.anonymous: {name} is a customer, who must say which; name another caller")
        if caller.hashes and access.hash_secret is None:
            raise ValueError(f"callers.{name}.sees: hashes need a secret; add access.hash_secret")
    if sum(caller.is_restricted for caller in callers.values()) > MAX_VIEWS:
        raise ValueError(f"callers: more than {MAX_VIEWS} have `sees` or `find_by`; give several the same name")
