"""Settings of the `mongo` kind: a database and its records."""

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from connectors.contract import ConnectorSettings, RecordName
from connectors.mongo.record_settings import RecordSettings
from connectors.toolkit.record_settings import check_names
from connectors.toolkit.text_forms import fits

DatabaseName = Annotated[
    str,
    fits(
        r'[^/\\. "$\x00]{1,63}',
        "is no name of a database; write 1 to 63 characters, none of which is a space, a dot, a quote, /, \\ or $",
    ),
]


class MongoSourceSettings(ConnectorSettings):
    """A database and its records. `url` is a connection string; it may hold a password, so it is never shown."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[str, Field(repr=False)]
    database: DatabaseName
    max_batch: Annotated[int, Field(ge=1, le=1_000)] = 100
    pool_size: Annotated[int, Field(ge=1, le=100)] = 10
    records: Annotated[dict[RecordName, RecordSettings], Field(min_length=1), check_names(RecordSettings)]

    @field_validator("url")
    @classmethod
    def _is_connection_string(cls, value: str) -> str:
        if value.startswith("mongodb+srv://"):
            return value  # its hosts are found by DNS, so no more can be said before the first call
        try:
            parse_uri(value)
        except (PyMongoError, ValueError):
            raise ValueError(
                "is no connection string; write one such as mongodb://user:password@host:27017/?authSource=admin"
            ) from None
        return value
