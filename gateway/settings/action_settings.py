"""Settings of actions: to whom changes of tags and segments are told."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr
from yarl import URL

from connectors.records import FieldClass
from connectors.suggestions import suggest
from connectors.toolkit.text_forms import fits
from gateway.settings.access_settings import CallerSettings, Visibility
from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import CallerName, CollectorAddress

SECRET_PREFIX = "whsec_"  # noqa: S105  what stands before a secret
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64

_LOCAL = ("127.0.0.1", "::1", "localhost")

TargetName = Annotated[
    str, fits(r"[A-Za-z0-9_-]{1,64}", "is no name of a target; write 1 to 64 letters without accents, digits, _ and -")
]


def _cannot_be_read_on_its_way(address: str) -> str:
    url = URL(address)
    if url.scheme != "https" and url.host not in _LOCAL:
        raise ValueError("is not https://, so others could read of whom it tells; http:// is for this machine")
    if url.fragment:
        raise ValueError("has a part behind #, which is never sent; remove it")
    return address


def _is_signing_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        size = len(b64decode(text.removeprefix(SECRET_PREFIX), validate=True))
    except ValueError:
        size = 0
    if not text.startswith(SECRET_PREFIX) or not MIN_SECRET_BYTES <= size <= MAX_SECRET_BYTES:
        sizes = f"{MIN_SECRET_BYTES} to {MAX_SECRET_BYTES}"
        raise ValueError(f"is no signing secret; write {SECRET_PREFIX} and {sizes} bytes by chance in Base64")
    return secret


class TargetSettings(FrozenSettings):
    """Somebody who is told of changes by webhooks. The `secret` signs them; one may stand in the address, too."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[CollectorAddress, AfterValidator(_cannot_be_read_on_its_way), Field(repr=False)]
    secret: Annotated[SecretStr, AfterValidator(_is_signing_secret)]
    caller: CallerName | None = None
    """The caller whose rights decide on the evidence that it is told; without this line it is told none."""
    max_per_second: Annotated[float, Field(ge=0.01, le=1_000)] = 10.0
    max_in_flight: Annotated[int, Field(ge=1, le=64)] = 8
    """How many webhooks wait for an answer at once."""
    timeout_s: Annotated[float, Field(ge=0.1, le=60)] = 15.0
    """How long an answer is waited for."""


class ActionSettings(FrozenSettings):
    """How changes leave, for all targets."""

    targets: dict[TargetName, TargetSettings] = {}
    look_s: Annotated[float, Field(ge=0.01, le=3_600)] = 1.0
    """How often a worker looks for changes, and for webhooks that are due."""
    retry_s: Annotated[float, Field(ge=0.01, le=3_600)] = 5.0
    """When a webhook is sent again for the first time; each time later after four times as long, a day at most."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 12
    """After so many attempts nobody tries any more, until somebody has it replayed."""
    retention_days: Annotated[int, Field(ge=1, le=3_650)] = 400
    """For how long deliveries and outcomes are kept."""

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.retention_days)


def check_targets(settings: ActionSettings, callers: Mapping[str, CallerSettings]) -> None:
    """Check that targets name callers who may know of everybody. Raises `ValueError`, which names the setting."""
    for name, target in settings.targets.items():
        if target.caller is None:
            continue
        at = f"actions.targets.{name}.caller"
        caller = callers.get(target.caller)
        if caller is None:
            raise ValueError(f"{at}: there is no caller {target.caller}{suggest(target.caller, callers, 'name one of yours')}")
        if caller.has_row_rule:
            some = f"{target.caller} may be told of some customers only, and a target is told of all"
            raise ValueError(f"{at}: {some}; name another one")
        if caller.visibilities.get(FieldClass.IDENTIFYING, Visibility.WITHHELD) is not Visibility.SHOWN:
            raise ValueError(f"{at}: {target.caller} is not shown ids, and a webhook names the customer; name another one")
