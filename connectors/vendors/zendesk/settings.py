"""Settings of the `zendesk` kind."""

from typing import Literal

from connectors.toolkit.vendor_connector import AppSettings, Secret


class ZendeskSettings(AppSettings):
    """Configure Zendesk. With `email` the token is an API token of that agent, without it the token is one of OAuth."""

    email: str | None = None
    customer_id: Literal["id", "external_id"] = "id"
    complaint_tag: str = "complaint"
    order_id_field: int | None = None
    webhook_secret: Secret | None = None
