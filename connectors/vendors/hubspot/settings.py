"""Settings of the `hubspot` kind."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from connectors.contract import KeyKind
from connectors.toolkit.text_forms import fits
from connectors.toolkit.vendor_connector import AppSettings, Secret


class HubSpotSettings(AppSettings):
    """Configure HubSpot.

    `member_number` and `external_ids` (by the other system's name) are properties whose values are unique. `currency` is
    that of amounts of deals which name none. `hub_id` is the account's, which stands in the addresses of its pages.
    """

    base_url: str = "https://api.hubapi.com"
    refresh_token: Secret | None = None
    member_number: str | None = None
    external_ids: dict[str, str] = {}
    currency: Annotated[str, fits("[A-Z]{3}", "is no currency; write one such as EUR")] | None = None
    hub_id: Annotated[int, Field(ge=1)] | None = None
    webhook_secret: Secret | None = None
    webhook_url: str = ""

    @model_validator(mode="after")
    def _can_find_by_its_keys(self) -> Self:
        kinds = self.keys.get("customer", ())
        if (KeyKind.MEMBER_NUMBER in kinds and not self.member_number) or (
            KeyKind.EXTERNAL_ID in kinds and not self.external_ids
        ):
            raise ValueError("keys: to find by member_number or external_id, set the property that holds it")
        if (self.refresh_token is None) != (self.client_id is None):
            raise ValueError("refresh_token: with client_id and client_secret, and only with them")
        if self.webhook_secret is not None and not self.webhook_url:
            raise ValueError("webhook_url: HubSpot signs the address that it calls; set it as it is set there")
        return self
