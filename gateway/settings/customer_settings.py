"""Settings of customers that several sources know: whose value a field is, and which records are one customer."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    field_validator,
)

from connectors.contract import LINKING_KINDS, KeyKind
from connectors.errors import SettingsError
from connectors.record_fields import fields_of
from connectors.records import Customer
from connectors.suggestions import suggest
from connectors.toolkit.text_forms import fits
from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import LongSecret, OperatorName, SourceName

NEWEST = "newest"

MAX_AGE_S = 30 * 86_400
"""For how long it is stored at most which records were found together."""


def _linking(kind: Any) -> Any:
    if kind not in LINKING_KINDS:
        fix = suggest(kind if isinstance(kind, str) else "", LINKING_KINDS, "choose one of these")
        raise ValueError(f"links are made by external_id, member_number, email, phone and device_id{fix}")
    return kind


def _field(name: str) -> str:
    known = [own for own in fields_of(Customer) if own != "id"]
    if name not in known:
        fix = "; remove it" if name == "id" else suggest(name, known, "name one of its fields")
        raise ValueError(f"a customer's record has no field `{name}` to choose{fix}")
    return name


def _rule(rule: Any) -> Any:
    if not isinstance(rule, list) and rule != NEWEST:
        fix = suggest(rule if isinstance(rule, str) else "", [NEWEST], "put the names of sources in [ and ]")
        raise ValueError(f"must be a list of sources, or {NEWEST}{fix}")
    return rule


LinkingKind = Annotated[KeyKind, BeforeValidator(_linking)]
"""A kind of key that can link records."""

FieldRule = Annotated[
    Annotated[list[SourceName], Field(min_length=1), Tag("sources")] | Annotated[Literal["newest"], Tag(NEWEST)],
    Discriminator(lambda rule: NEWEST if isinstance(rule, str) else "sources"),
    BeforeValidator(_rule),
]
"""The sources that a field comes from, the first one that has a value; or the record that changed last."""


def _no_key(kind: KeyKind, value: str) -> str | None:
    """Say why no record has a key. Records have odd addresses and numbers, which can be blocked as they are written."""
    if not value.strip():
        return "is blank, as no key is; remove it"
    if kind is KeyKind.EXTERNAL_ID and not all(part.strip() for part in value.partition(":")):
        return "is no id at a system; write it as SYSTEM:ID"
    return None


class CustomerSettings(FrozenSettings):
    """Whose value a field of a customer is."""

    priority: list[SourceName] = []
    """Sources of customers, the first one first; the others come after them, in the order of the settings."""
    fields: dict[Annotated[str, AfterValidator(_field)], FieldRule] = {}

    def named_sources(self) -> Iterator[tuple[str, str]]:
        """List the sources that are named here, each with the path of its setting, for a check that they exist."""
        yield from ((f"priority.{place}", name) for place, name in enumerate(self.priority))
        for field, rule in self.fields.items():
            if isinstance(rule, list):
                yield from ((f"fields.{field}.{place}", name) for place, name in enumerate(rule))


class IdentitySettings(FrozenSettings):
    """Which records are one customer. Only of use where several sources find customers."""

    model_config = ConfigDict(hide_input_in_errors=True)

    records_per_source: Annotated[int, Field(ge=1, le=50)] = 1
    keys_per_kind: Annotated[int, Field(ge=1, le=50)] = 5
    """E-mail addresses, phone numbers, ids at one system."""
    records: Annotated[int, Field(ge=1, le=500)] = 50
    """Records of one customer."""
    max_sharers: Annotated[int, Field(ge=1, le=100)] = 1
    """A key that finds more records of one source than this links nobody."""
    max_turns: Annotated[int, Field(ge=0, le=10)] = 2
    """How often the keys of what was found are asked for, after the first turn."""
    trusts: dict[SourceName, list[LinkingKind]] = {}
    """The kinds of keys that link records of a source; without it, those by which the source finds customers."""
    blocked: dict[LinkingKind, list[str]] = {}
    """Values that link nobody, beside those that are placeholders everywhere."""
    identifier: Annotated[
        str, fits(r"[^:\s]+", "is no name of a system; write it without spaces and colons, such as member_number or shop")
    ] = "member_number"
    """What proposals compare as an identifier: the member number, or the ids at the system of this name."""
    operators: Annotated[dict[OperatorName, LongSecret], Field(repr=False)] = {}
    """Who may link and cut customers, by name: the key of each."""
    block_role_addresses: bool = False
    """Whether addresses such as info@ link nobody."""
    secret: Annotated[SecretStr, Field(min_length=16)] | None = None
    """What keys are digested with, before it is stored which records have them. Without it nothing is stored."""
    max_age_s: Annotated[int, Field(ge=10, le=MAX_AGE_S)] = 3_600
    """For how long what is stored spares turns. After half of it the records are found anew, behind an answer."""

    @field_validator("blocked")
    @classmethod
    def _can_be_keys(cls, blocked: dict[KeyKind, list[str]]) -> dict[KeyKind, list[str]]:
        problems = [
            f"{kind.value}.{place}: {problem}"
            for kind, values in blocked.items()
            for place, value in enumerate(values)
            if (problem := _no_key(kind, value)) is not None
        ]
        if problems:
            raise SettingsError(problems)
        return blocked
