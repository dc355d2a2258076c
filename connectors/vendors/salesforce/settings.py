"""Settings of the `salesforce` kind."""

from typing import Annotated

from pydantic import Field

from connectors.toolkit.vendor_connector import Secret, VendorSettings

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]


class SalesforceSettings(VendorSettings):
    """Configure Salesforce. `member_number` and `external_ids` name fields of contacts, the latter by the other system.

    `country_codes` is on in an org that has state and country picklists, `person_accounts` in one where an account may be a
    person.
    """

    client_id: Secret
    client_secret: Secret
    refresh_token: Secret | None = None
    api_version: Annotated[str, Field(pattern=r"^\d{2,3}\.0$")] = "62.0"
    country_codes: bool = False
    person_accounts: bool = False
    member_number: FieldName | None = None
    external_ids: dict[str, FieldName] = {}
