"""Settings of purposes: for what customers' data are used, and what allows it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from connectors.records import Channel
from gateway.settings.frozen_settings import FrozenSettings


class PurposeBasis(StrEnum):
    """What allows to use data of a person (Article 6 of the GDPR)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGITIMATE_INTEREST = "legitimate_interest"
    LEGAL_DUTY = "legal_duty"


class PurposeSettings(FrozenSettings):
    """A purpose. Consents are looked at for `consent` alone, objections for `legitimate_interest`."""

    basis: PurposeBasis
    consent: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The purpose of the consents that count; without this line they have the name of this one."""
    channels: Annotated[list[Channel], Field(min_length=1)] | None = None
    """The channels of the consents that count; without this line all."""
