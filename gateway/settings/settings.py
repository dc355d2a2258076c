"""Settings: one TOML file, `GATEWAY_*` variables on top, read once and frozen. The only reader of the environment.

`GATEWAY_DEADLINE_MS=500` sets `deadline_ms`; two underscores step into a table: `GATEWAY_MONGODB__URI`.
In the file, `${NAME}` inside a string is replaced by that variable. Unknown keys are errors.
"""

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.errors import ConfigurationError
from connectors.suggestions import suggest
from gateway.settings.access_settings import (
    NO_KEY_STORE,
    NO_REVOCATION_STORE,
    SHOWN_BY,
    AccessSettings,
    CallerSettings,
    check_callers,
)
from gateway.settings.action_settings import ActionSettings, check_targets
from gateway.settings.audit_settings import NO_AUDIT_STORE, AuditSettings
from gateway.settings.browser_settings import CorsSettings
from gateway.settings.change_settings import ChangeSettings
from gateway.settings.customer_settings import CustomerSettings, IdentitySettings
from gateway.settings.document import SettingsDocument, fill_in
from gateway.settings.documents_settings import DocumentsSettings, check_documents
from gateway.settings.erasure_settings import NO_ERASURE_STORE, ErasureSettings
from gateway.settings.federation_settings import FederationSettings
from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.limit_settings import LimitSettings, check_limits
from gateway.settings.mcp_settings import McpSettings
from gateway.settings.order_settings import OrderSettings
from gateway.settings.own_field_settings import OwnFieldsSettings
from gateway.settings.page_settings import PageSettings, check_pages, derive_embed_callers
from gateway.settings.purpose_settings import PurposeSettings
from gateway.settings.quota_settings import QuotaSettings
from gateway.settings.source_settings import SourceSettings
from gateway.settings.texts import (
    CallerName,
    CollectorAddress,
    DatabaseName,
    OperationName,
    PurposeName,
    Region,
    SourceName,
)
from gateway.settings.toml_files import checked, read_toml
from gateway.settings.validation import SettingProblem, Validated, validate


class ClockSettings(FrozenSettings):
    pinned: AwareDatetime | None = None
    """The end of every window; for data sets that have ended."""


class MongoSettings(FrozenSettings):
    """Where MongoDB is. `uri` may hold a password, so it is left out of the `repr`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    uri: Annotated[str, Field(repr=False)]
    database: DatabaseName = "profile_gateway"
    driver: Literal["pymongo", "motor"] = "pymongo"
    timeout_ms: Annotated[int, Field(ge=1)] = 250
    """One operation, all of it: finding the server, connecting, asking, retrying."""
    retry_after_ms: Annotated[int, Field(ge=0)] = 1_000

    @field_validator("driver")
    @classmethod
    def _driver_installed(cls, value: str) -> str:
        if value == "motor" and find_spec("motor") is None:
            raise ValueError("Motor needs an extra; install customer-profile-gateway[motor], or use pymongo")
        return value


class TagSettings(FrozenSettings):
    file: Path | None = None
    """A `tags.yaml`, relative to the settings file; without it the shipped pack."""
    calibration: Path | None = None
    """The file that `profile-gateway calibrate` wrote, relative to the settings file. Without it scores are not known."""
    cache_s: Annotated[float, Field(ge=0)] = 2.0
    """For how long a worker gives fresh tags again without asking MongoDB."""
    schedule_s: Annotated[float, Field(ge=0)] = 30.0
    """How often a worker looks for tags that time alone has changed; 0 is never."""
    schedule_per_s: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Of how many customers in a second such tags are renewed, by all workers together."""


class TraceSettings(FrozenSettings):
    """Where spans go, and of how many requests. `headers` may hold a credential, so they are left out of the `repr`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    endpoint: CollectorAddress
    sample: Annotated[float, Field(ge=0, le=1)] = 0.01
    """The share of requests that have spans."""
    trust_parent: bool = False
    """Whether a request belongs to the trace that its `traceparent` names, which then also says whether it is sampled."""
    headers: Annotated[dict[str, SecretStr], Field(repr=False)] = {}


class TelemetrySettings(FrozenSettings):
    """What is told of requests, beside their counts. Never a value."""

    operations: Annotated[list[OperationName], Field(max_length=500)] = []
    """The operations that metrics name; without any, the first ones that come."""
    slow_request_ms: Annotated[int, Field(ge=1)] | None = None
    """The log has a line for each request that takes longer."""
    request_log: bool = False
    """Whether the log has a line for each request."""
    traces: TraceSettings | None = None


class Settings(FrozenSettings):
    """Everything that an operator can set."""

    fields: OwnFieldsSettings = OwnFieldsSettings()
    """Fields of one's own. They come first: the others may name them."""
    environment: Literal["development", "production"] = "production"
    deadline_ms: Annotated[int, Field(ge=50, le=60_000)] = 2_000
    max_deadline_ms: Annotated[int, Field(ge=50, le=60_000)] | None = None
    """The most that a caller may ask for; without it callers may shorten their deadline only."""
    server_timing: bool | None = None
    """Whether answers say in a header how long each source took; without it, in development only."""
    introspection: bool = True
    """Whether the schema can be asked for."""
    cors: CorsSettings | None = None
    """Whose pages may ask from a browser; without it those of this machine in development, else none but the gateway's own."""
    gzip: bool = True
    """Whether answers are compressed for callers who accept that."""
    limits: LimitSettings = LimitSettings()
    """What a request may hold before it is run."""
    cache_bytes: Annotated[int, Field(ge=0)] = 64 * 1024 * 1024
    """What a worker keeps of answers of all sources that say `cache_s`, at most."""
    default_region: Region | None = None
    """ISO 3166-1 region of phone numbers that are given without a country code, by callers and sources."""
    clock: ClockSettings = ClockSettings()
    mongodb: MongoSettings | None = None
    access: AccessSettings = AccessSettings()
    audit: AuditSettings | None = None
    """Where it is written who was told of whom; without it nowhere."""
    quota: QuotaSettings | None = None
    """What each caller may ask for in a while that has no quota of its own."""
    callers: dict[CallerName, CallerSettings] = {}
    """Who may ask. Without any, everybody may."""
    purposes: dict[PurposeName, PurposeSettings] = {}
    """For what customers' data are used."""
    documents: DocumentsSettings = DocumentsSettings()
    erasure: ErasureSettings | None = None
    """Without it nobody can be erased for good."""
    changes: ChangeSettings | None = None
    """What is told of changes of customers; without it nothing."""
    federation: FederationSettings = FederationSettings()
    """Whether the gateway is a subgraph of a supergraph."""
    mcp: McpSettings | None = None
    """Assistants may ask at `/mcp`; without it they may not."""
    tags: TagSettings = TagSettings()
    actions: ActionSettings = ActionSettings()
    customer: CustomerSettings = CustomerSettings()
    identity: IdentitySettings = IdentitySettings()
    order: OrderSettings = OrderSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    pages: PageSettings = PageSettings()
    """Pages for people."""
    sources: Annotated[dict[SourceName, SourceSettings], Field(min_length=1)]

    @property
    def effective_max_deadline_ms(self) -> int:
        return self.deadline_ms if self.max_deadline_ms is None else self.max_deadline_ms

    @property
    def phone_regions(self) -> dict[str, str | None]:
        """Give the region of the phone numbers of each source."""
        return {name: block.phone_region or self.default_region for name, block in self.sources.items()}

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @property
    def has_pages(self) -> bool:
        return self.is_development if self.pages.enabled is None else self.pages.enabled

    @property
    def shows_timing(self) -> bool:
        return self.is_development if self.server_timing is None else self.server_timing

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.effective_max_deadline_ms < self.deadline_ms:
            raise ValueError(
                "max_deadline_ms: is less than deadline_ms, which callers have who ask for nothing; raise it, or remove it"
            )
        return self

    @model_validator(mode="after")
    def _knows_its_callers(self) -> Self:
        given = self.model_fields_set
        access, callers = (self.access if "access" in given else None), (self.callers if "callers" in given else None)
        check_callers(access, callers, self.identity.operators)
        check_limits(self.limits, self.callers)
        check_targets(self.actions, self.callers)
        check_pages(self.pages, self.callers, have_keys=self.access.keys is not None)
        return self

    @model_validator(mode="after")
    def _has_documents_to_trust(self) -> Self:
        check_documents(self.documents, {name: caller.documents for name, caller in self.callers.items()})
        return self

    @property
    def quota_secret(self) -> str:
        """The secret under which it is counted whom callers were given."""
        access = self.access
        secrets = (access.hash_secret, None if access.keys is None else access.keys.secret, self.identity.secret)
        return next((own.get_secret_value() for own in secrets if own is not None), "")

    @property
    def lacks_key_store(self) -> bool:
        """Tell whether API keys are to be in MongoDB, and there is none."""
        return self.access.keys is not None and self.access.keys.file is None and self.mongodb is None

    @property
    def lacks_revocation_store(self) -> bool:
        """Tell whether revoked tokens are to be in MongoDB, and there is none."""
        return self.access.revocations is not None and self.access.revocations.file is None and self.mongodb is None

    @property
    def lacks_audit_store(self) -> bool:
        """Tell whether there is an audit, and no MongoDB to keep it in."""
        return self.audit is not None and self.mongodb is None

    @model_validator(mode="after")
    def _can_count_customers(self) -> Self:
        quotas = {"quota": self.quota} | {f"callers.{name}.quota": own.quota for name, own in self.callers.items()}
        for path, own in quotas.items():
            if own is not None and own.customers_per_day is not None and not self.quota_secret:
                fix = "add access.hash_secret, or identity.secret"
                raise ValueError(f"{path}.customers_per_day: customers are counted under a secret; {fix}")
        return self

    @model_validator(mode="after")
    def _names_known_sources(self) -> Self:
        for path, name in self._named_sources():
            if name not in self.sources:
                raise ValueError(f"{path}: there is no source {name}{suggest(name, self.sources, 'name one of yours')}")
        return self

    @model_validator(mode="after")
    def _names_known_purposes(self) -> Self:
        if self.purposes and not self.callers:
            raise ValueError("purposes: without callers nobody says for what he asks; add one, such as [callers.console]")
        for name, caller in self.callers.items():
            for place, own in enumerate(caller.purposes or ()):
                if own not in self.purposes:
                    fix = suggest(own, self.purposes, "name one of yours, or add [purposes]")
                    raise ValueError(f"callers.{name}.purposes.{place}: there is no purpose {own}{fix}")
        return self

    def _named_sources(self) -> Iterator[tuple[str, str]]:
        """List the sources that settings name, each with the path of the setting."""
        yield from ((f"customer.{path}", name) for path, name in self.customer.named_sources())
        yield from ((f"identity.trusts.{name}", name) for name in self.identity.trusts)
        yield from ((f"order.priority.{place}", name) for place, name in enumerate(self.order.priority))
        for name, caller in self.callers.items():
            yield from ((f"callers.{name}.sources.{place}", own) for place, own in enumerate(caller.sources or ()))
        for own, block in self.sources.items():
            if block.customer_ids_of is not None:
                yield f"sources.{own}.customer_ids_of", block.customer_ids_of

    @model_validator(mode="after")
    def _joins_known_orders(self) -> Self:
        for name, block in self.sources.items():
            named = [name, block.order_ids_of] if block.order_ids_of is not None else []
            if apart := [source for source in named if source not in self.order.priority]:
                raise ValueError(f"sources.{name}.order_ids_of: {apart[0]} is not in order.priority; add it, or remove this")
            if block.order_ids_of == name:
                raise ValueError(f"sources.{name}.order_ids_of: these are its own ids; name another source")
        return self


def environment_variables() -> Mapping[str, str]:
    """Give the variables of this process."""
    return os.environ


def set_variables(variables: Mapping[str, str]) -> None:
    """Set variables of this process, as whoever starts it would."""
    os.environ.update(variables)


def load_settings(path: Path, environment: Mapping[str, str] | None = None, *, connects: bool = True) -> Settings:
    """Read and check the settings. Those that only connections need are left aside unless it `connects`.

    Raises `ConfigurationError` with every problem, each naming the setting.
    """
    written = read_toml(path, "--config")
    if not connects:
        written = _without_connections(written)
    read = fill_in(written, environment_variables() if environment is None else environment)
    settings, problems = validate_settings(read, connects=connects)
    if problems or settings is None:
        raise ConfigurationError([read.describe(problem, path.name) for problem in problems])
    return with_folder(settings, path.parent)


def validate_settings(read: SettingsDocument, *, connects: bool = True) -> Validated:
    """Validate all settings but those of connectors. The problems begin with the variables that are not set."""
    settings, problems = validate(Settings, read.document, unset=read.unset)
    further = find_access_problems(settings, read.document, connects=connects)
    return Validated(settings, [*read.problems, *problems, *further])


def find_access_problems(
    settings: Settings | None, document: Mapping[str, Any], *, connects: bool = True
) -> list[SettingProblem]:
    """Find what the document itself shows: rounds of validation leave out callers that are wrong, and a wrong MongoDB."""
    found = []
    if document.get("callers") == {}:
        found.append(SettingProblem(("callers",), "the table is empty; add one, such as [callers.console]"))
    access = document.get("access")
    if "callers" in document and isinstance(access, Mapping) and not any(name in access for name in SHOWN_BY):
        fix = "add [access.keys], or name one access.anonymous"
        found.append(SettingProblem(("access",), f"nobody can show that he is a caller; {fix}"))
    if connects and settings is not None and settings.lacks_key_store and "mongodb" not in document:
        found.append(SettingProblem(("access", "keys"), NO_KEY_STORE))
    if connects and settings is not None and settings.lacks_revocation_store and "mongodb" not in document:
        found.append(SettingProblem(("access", "revocations"), NO_REVOCATION_STORE))
    if connects and settings is not None and settings.lacks_audit_store and "mongodb" not in document:
        found.append(SettingProblem(("audit",), NO_AUDIT_STORE))
    if connects and settings is not None and settings.erasure is not None and "mongodb" not in document:
        found.append(SettingProblem(("erasure",), NO_ERASURE_STORE))
    return found


def parse_settings(document: Mapping[str, Any], name: str = "settings", folder: Path = Path()) -> Settings:
    """Check the settings of a document that was read. `folder` is the base of relative paths."""
    return with_folder(checked(Settings, document, name), folder)


def with_folder(settings: Settings, folder: Path) -> Settings:
    """Make paths in the settings relative to a folder."""
    changed: dict[str, Any] = {}
    tags = {
        name: folder / path
        for name, path in (("file", settings.tags.file), ("calibration", settings.tags.calibration))
        if path is not None
    }
    if tags:
        changed["tags"] = settings.tags.model_copy(update=tags)
    if settings.documents.trusted is not None:
        changed["documents"] = settings.documents.model_copy(update={"trusted": folder / settings.documents.trusted})
    if settings.audit is not None:
        changed["audit"] = settings.audit.model_copy(update={"spool": folder / settings.audit.spool})
    access = {
        name: own.model_copy(update={"file": folder / own.file})
        for name, own in (("keys", settings.access.keys), ("revocations", settings.access.revocations))
        if own is not None and own.file is not None
    }
    if access:
        changed["access"] = settings.access.model_copy(update=access)
    return settings.model_copy(update=changed) if changed else settings


def with_embed_callers(settings: Settings) -> Settings:
    """Add the callers that pages in frames are."""
    callers = {**settings.callers, **derive_embed_callers(settings.pages, settings.callers)}
    return settings.model_copy(update={"callers": callers}) if settings.pages.embed else settings


def _without_connections(written: Mapping[str, Any]) -> dict[str, Any]:
    """Cut the tables of connectors and MongoDB out. Their variables need not be set then."""
    left = {name: value for name, value in written.items() if name != "mongodb"}
    if isinstance(sources := written.get("sources"), dict):
        own = SourceSettings.model_fields.keys()
        left["sources"] = {
            name: {key: value for key, value in block.items() if key in own} if isinstance(block, dict) else block
            for name, block in sources.items()
        }
    return left
