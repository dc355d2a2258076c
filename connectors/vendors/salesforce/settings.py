"""Settings of the `salesforce` kind."""

from typing import Annotated

from connectors.toolkit.text_forms import fits
from connectors.toolkit.vendor_connector import Secret, VendorSettings

FieldName = Annotated[
    str, fits(r"[A-Za-z]\w*", "is no name of a field; write letters, digits and _, a letter first, such as Member_Number__c")
]
CURRENCY_FIELD = "CurrencyIsoCode"
"""The field that has the currency of amounts, in an org with several."""
Currency = Annotated[str, fits(rf"[A-Z]{{3}}|{CURRENCY_FIELD}", f"is no currency; write one such as EUR, or {CURRENCY_FIELD}")]
Version = Annotated[str, fits(r"\d{2,3}\.0", "is no version of the API; write one such as 62.0")]


class SalesforceSettings(VendorSettings):
    """Configure Salesforce. `member_number` and `external_ids` name fields of contacts, the latter by the other system.

    `country_codes` is on in an org that has state and country picklists, `person_accounts` in one where an account may be a
    person. `birth_date` is off where the user may not read birth dates. `currency` is that of amounts, or the field with it.
    """

    client_id: Secret
    client_secret: Secret
    refresh_token: Secret | None = None
    api_version: Version = "62.0"
    country_codes: bool = False
    person_accounts: bool = False
    birth_date: bool = True
    currency: Currency | None = None
    member_number: FieldName | None = None
    external_ids: dict[str, FieldName] = {}
