"""The settings that all presets have."""

from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator

from connectors.contract import KeyKind, RecordName
from connectors.toolkit.http_client import WebSettings
from connectors.toolkit.record_links import Link, check_links


def _single_line(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.strip() or not text.isprintable():
        raise ValueError("is empty or holds a line break; set it to one line without spaces around it")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_single_line)]
"""A credential, which no repr and no error shows."""


class VendorSettings(WebSettings):
    """The settings of all presets. `keys` says which records are asked for at this source, and by which kinds of keys.

    `values` says what words of the account's own mean, by record and field. `fields` names the custom properties that fields
    of one's own are read from, in the same way. `link` leads to the pages of records, by record, in the place of the preset's.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    keys: Annotated[dict[str, Annotated[list[KeyKind], Field(min_length=1)]], Field(min_length=1)]
    values: dict[RecordName, dict[str, dict[str, str]]] = {}
    fields: dict[RecordName, dict[str, str]] = {}
    link: Annotated[dict[RecordName, Link], AfterValidator(check_links)] = {}
    max_pages: Annotated[int, Field(ge=1)] = 20
    connections: Annotated[int, Field(ge=1)] = 10


class AppSettings(VendorSettings):
    """Configure a lasting token, or an app that fetches tokens. The app has an id and a secret."""

    token: Secret | None = None
    client_id: Secret | None = None
    client_secret: Secret | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if (self.client_id is None) != (self.client_secret is None) or (self.token is None) == (self.client_id is None):
            raise ValueError("token, or client_id and client_secret: set the one or the others")
        return self
