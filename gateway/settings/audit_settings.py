"""Settings of the audit: where it is written, and what happens when it cannot be."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import LongSecret

NO_AUDIT_STORE = "it is kept in MongoDB, and there is none, as in a replay; add [mongodb], or remove [audit]"
"""What is wrong where the audit has no place."""


class AuditSettings(FrozenSettings):
    """What is written of each request. The `key` seals it, so it must not be where MongoDB is administered."""

    model_config = ConfigDict(hide_input_in_errors=True)

    key: LongSecret
    spool: Path
    """The folder that takes entries before MongoDB has them, relative to the settings file."""
    on_failure: Literal["refuse", "warn"] = "refuse"
    """What becomes of requests while nothing can be written: they are refused, or answered without an entry."""
    user_claim: Annotated[str, Field(min_length=1)] | None = None
    """The claim of a token that names the person behind a caller."""
    retention_days: Annotated[int, Field(ge=1, le=3_650)] = 400
    """For how long entries are kept."""
    max_spool_bytes: Annotated[int, Field(ge=1_048_576)] = 1_073_741_824
    """What the spool may hold."""

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.retention_days)
