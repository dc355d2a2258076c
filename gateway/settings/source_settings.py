"""Settings of sources: how each is called, what is kept of it, how it tells of changes."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from connectors.contract import CUSTOMER_KEYS, KeyKind, RecordName
from connectors.records import BirthDates
from connectors.toolkit.webhook_signatures import Encoding
from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import BodyPath, HeaderName, Region, SourceName


def _no_text(kind: KeyKind) -> KeyKind:
    if kind not in CUSTOMER_KEYS:
        raise ValueError(f"a change is told by a key that finds one customer, so not by {kind.value}; give another kind of key")
    return kind


Seconds = Annotated[float, Field(gt=0, le=86_400)]
SecondsByRecord = dict[RecordName, Seconds]


class BreakerSettings(FrozenSettings):
    """When a source is left alone for a while: when so large a share of its calls in the window failed."""

    enabled: bool = True
    failure_rate: Annotated[float, Field(gt=0, le=1)] = 0.9
    min_calls: Annotated[int, Field(ge=1, le=10_000)] = 10
    window_s: Seconds = 10.0
    pause_s: Seconds = 5.0


class CallSettings(BaseModel):
    """How a source is called. No connector knows of it."""

    max_calls: Annotated[int, Field(ge=1, le=1000)] = 4
    """Calls in flight at a time; while all are taken, keys gather for the next one."""
    calls_per_s: Annotated[float, Field(gt=0, le=100_000)] | None = None
    """Calls of a worker in a second, at most."""
    timeout_s: Seconds | None = None
    """What one call may take; without it, all that is left of the request's time."""
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    """How often a call is tried again whose failure may pass."""
    hedge: bool = False
    """Whether a call that is later than nearly all others gets a second one beside it."""
    breaker: BreakerSettings = BreakerSettings()


class WebhookSettings(FrozenSettings):
    """How a source tells of changes: a signature over the body, and where in the body the key of the customer is."""

    model_config = ConfigDict(hide_input_in_errors=True)

    secret: Annotated[SecretStr, Field(min_length=1)]
    header: HeaderName = "x-signature"
    encoding: Encoding = "hex"
    key: BodyPath
    """A dotted path."""
    by: Annotated[KeyKind, AfterValidator(_no_text)] = KeyKind.CUSTOMER_ID
    records: list[RecordName] = []
    """What changes; all records when none is named."""


class SourceSettings(CallSettings):
    """One named source. What else stands in the block belongs to the connector of that kind."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str
    cache_s: SecondsByRecord = {}
    """For how many seconds a worker keeps answers, by record; those that are not named here are not kept."""
    stale_s: SecondsByRecord = {}
    """For how many seconds more they stand in for answers that cannot be had, by record."""
    webhook: WebhookSettings | None = None
    """How the source tells of changes, whatever its kind."""
    customer_ids_of: SourceName | None = None
    """Whose customer ids the source knows; its own where it finds customers by id, else those of the first that does."""
    order_ids_of: SourceName | None = None
    """Whose order ids the source's own orders have."""
    birth_dates: BirthDates | None = None
    """How the source writes days of birth that can be read in two ways."""
    phone_region: Region | None = None
    """Region of phone numbers that the source gives without a country code; without it, `default_region`."""

    @property
    def connector_settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})
