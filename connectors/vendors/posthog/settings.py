"""Settings of the `posthog` kind."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from connectors.contract import KeyKind
from connectors.toolkit.text_forms import fits
from connectors.toolkit.vendor_connector import Secret, VendorSettings

Property = Annotated[str, fits(r"[A-Za-z_$][\w$]*", "is no name of a property; write letters, digits, _ and $, no digit first")]


class PostHogSettings(VendorSettings):
    """`customer_id` and `member_number` are the properties of persons that hold these."""

    base_url: str = "https://us.posthog.com"
    project: Annotated[int, Field(ge=1)]
    token: Secret
    customer_id: Property | None = None
    member_number: Property | None = None
    connections: Annotated[int, Field(ge=1)] = 3

    @model_validator(mode="after")
    def _knows_the_ids_of_customers(self) -> Self:
        if self.customer_id is None and set(self.keys.get("customer", ())) - {KeyKind.CUSTOMER_ID}:
            raise ValueError("customer_id: name the property that holds it, or find customers by customer_id only")
        return self
