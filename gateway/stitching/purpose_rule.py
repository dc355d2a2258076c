"""Say whether a customer may be shown for a purpose, by what the customer said."""

from __future__ import annotations

import msgspec

from connectors.record_fields import Fields, fields_of
from connectors.records import Channel, Consent, ConsentState
from gateway.settings.purpose_settings import PurposeBasis, PurposeSettings
from gateway.stitching.consents import current_consents, same_purpose
from gateway.stitching.customer import StitchedCustomer

CONSENT_FIELDS = Fields.from_paths(*(f"consents.{name}" for name in fields_of(Consent)))


class PurposeRule(msgspec.Struct, frozen=True):
    """The consents that a purpose asks for. With `needs_grant` one has to be given, else none may be taken back.

    `givers` are all sources of consents, also those that are not asked for a caller.
    """

    name: str
    consent: str
    channels: frozenset[Channel] | None
    needs_grant: bool
    givers: frozenset[str]

    def permits(self, customer: StitchedCustomer) -> bool:
        """Tell whether a customer may be shown. What is not known for sure is no."""
        if not customer.is_whole or not self.givers or not self.givers.issubset(customer.consulted):
            return False
        said = [own for own in current_consents(customer.record.consents) if same_purpose(own.purpose) == self.consent]
        if self.channels is not None:
            if any(own.channel is Channel.UNKNOWN and own.state is not ConsentState.GRANTED for own in said):
                return False  # it may be of one of these
            said = [own for own in said if own.channel in self.channels]
        states = {own.state for own in said}
        return ConsentState.GRANTED in states if self.needs_grant else states <= {ConsentState.GRANTED}


def read_purpose(name: str, settings: PurposeSettings, givers: frozenset[str]) -> PurposeRule | None:
    """Make the rule of a purpose. None where its basis asks for no consent. `givers` are the sources of consents."""
    if settings.basis not in (PurposeBasis.CONSENT, PurposeBasis.LEGITIMATE_INTEREST):
        return None
    channels = None if settings.channels is None else frozenset(settings.channels)
    return PurposeRule(name, same_purpose(settings.consent or name), channels, settings.basis is PurposeBasis.CONSENT, givers)
