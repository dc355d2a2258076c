"""Settings of the `mongo` kind: a database, and for each record a collection with its paths and keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from connectors.contract import ConnectorSettings, KeyKind, RecordName
from connectors.errors import SettingsError
from connectors.mongo.settings_checks import record_problems
from connectors.records import Record
from connectors.toolkit.ratings import RatingScale
from connectors.toolkit.record_settings import NamedSettings, check_names
from connectors.toolkit.text_forms import fits


def _path(value: str) -> str:
    for name in value.split("."):
        if not name or name.startswith("$") or name.isdecimal() or "\0" in name:
            raise ValueError("a path is names with dots between them, such as contact.email")
    return value


def _flat(value: Any) -> Any:
    """Nested tables by dotted names: `total = { amount = "price" }` is `"total.amount" = "price"`."""
    if not isinstance(value, Mapping):
        return value
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping) and not FieldSettings.model_fields.keys() & inner.keys():
            flat |= {f"{name}.{rest}": own for rest, own in _flat(inner).items()}
        else:
            flat[name] = inner
    return flat


Path = Annotated[str, AfterValidator(_path)]


class FieldSettings(ConnectorSettings):
    """Where a field is: a `path`, or a `value` that all have. `scale` is the number of decimals in a whole number."""

    path: Path | None = None
    value: str | None = None
    scale: Annotated[int, Field(ge=0, le=18)] = 0

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_way(self) -> FieldSettings:
        if (self.path is None) == (self.value is None):
            raise ValueError("says nothing, or two things; give exactly one of path, value")
        return self


FieldsSettings = Annotated[dict[str, FieldSettings], BeforeValidator(_flat)]
Words = dict[str, dict[str, str]]


class ListSettings(ConnectorSettings):
    """A nested list: the array's `path`, and fields by their paths inside an item, or `outer`, in the document around it."""

    path: Path | None = None
    fields: FieldsSettings = {}
    outer: FieldsSettings = {}
    values: Words = {}


class KeySettings(ConnectorSettings):
    """How a kind of key finds documents: the `path` of the value, or `paths` to search in for text.

    A key that cannot be of `type`, or does not begin with `prefix`, is not found.
    """

    path: Path | None = None
    paths: tuple[Path, ...] = ()
    type: Literal["text", "integer", "objectid", "uuid"] = "text"
    prefix: str = ""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_way(self) -> KeySettings:
        if (self.path is None) != bool(self.paths):
            raise ValueError("says nothing, or two things; give exactly one of path, paths")
        return self


class RecordSettings(NamedSettings):
    """A record: the documents of a collection. A field without a path is under its own name, as `names` writes it."""

    collection: Annotated[str, Field(min_length=1)]
    names: Literal["camel", "snake"] = "camel"
    integer_ids: bool = False
    fields: FieldsSettings = {}
    values: Words = {}
    lists: dict[str, ListSettings] = {}
    rating_scale: RatingScale | None = None
    keys: Annotated[dict[KeyKind, KeySettings], Field(min_length=1)]

    @field_validator("keys")
    @classmethod
    def _text_searches(cls, keys: dict[KeyKind, KeySettings]) -> dict[KeyKind, KeySettings]:
        words = {True: "has no paths; give those to search in", False: "paths is for text; give a path"}
        wrong = [kind for kind, key in keys.items() if (kind is KeyKind.TEXT) != bool(key.paths)]
        problems = [f"{kind.value}: {words[kind is KeyKind.TEXT]}" for kind in wrong]
        if problems:
            raise SettingsError(problems)
        return keys

    def problems(self, record: type[Record]) -> Iterator[str]:
        """List fields that the record lacks."""
        return record_problems(record, self)


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
