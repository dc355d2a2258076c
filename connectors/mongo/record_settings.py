"""Settings of a record of the `mongo` kind: a collection with its paths and keys, checked against the record that they fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from connectors.contract import ConnectorSettings, KeyKind, misplaced_keys
from connectors.record_fields import LEAF, LIST, fields_of, leaf_field
from connectors.records import RECORD_NAMES, Record
from connectors.suggestions import did_you_mean, explain_choice
from connectors.toolkit.ratings import RatingScale, scale_problems
from connectors.toolkit.record_settings import NamedSettings, check_searches


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
        check_searches({kind: bool(key.paths) for kind, key in keys.items()}, "path")
        return keys

    def problems(self, record: type[Record]) -> Iterator[str]:
        """List fields of the settings that the record lacks, and words that are none of its enums' values."""
        yield from _field_problems("fields", record, self.fields)
        yield from _word_problems("values", record, self.values)
        yield from scale_problems(record, self.rating_scale)
        yield from misplaced_keys(RECORD_NAMES[record], self.keys)
        for own, part in self.lists.items():
            field = fields_of(record).get(own)
            if field is None or field.form != LIST or field.struct is None:
                lists = [field.name for field in fields_of(record).values() if field.form == LIST and field.struct]
                yield f"lists: `{own}` is no list of objects; use {', '.join(lists) or 'none'}"
                continue
            yield from _field_problems(f"lists.{own}.fields", field.struct, part.fields)
            yield from _field_problems(f"lists.{own}.outer", field.struct, part.outer)
            yield from _word_problems(f"lists.{own}.values", field.struct, part.values)


def _field_problems(where: str, struct: type[msgspec.Struct], fields: Mapping[str, FieldSettings]) -> Iterator[str]:
    known = list(_paths(struct))
    for path, field in fields.items():
        info = leaf_field(struct, path)
        if info is None or path not in known:
            yield f"{where}: {_unknown(struct, path, known)}"
        elif field.value is not None and (info.form != LEAF or info.leaf is dict):
            yield f"{where}.{path}: is no single value; give a path"
        elif field.scale and info.leaf is not Decimal:
            yield f"{where}.{path}: scale is for amounts; remove it"
        elif path in ("id", getattr(struct, "time_field", None)) and field.path is None:
            yield f"{where}.{path}: differs from document to document; give a path"


def _word_problems(where: str, struct: type[msgspec.Struct], values: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    texts = [path for path in _paths(struct) if _is_word(struct, path)]
    for path, words in values.items():
        field = leaf_field(struct, path)
        if field is None or path not in texts:
            yield f"{where}: {_unknown(struct, path, texts)}"
        elif field.leaf is not None and issubclass(field.leaf, Enum):
            members = field.leaf.__members__
            wrong = [word for word in words.values() if word not in members]
            yield from (f"{where}.{path}: {explain_choice(word, members)}" for word in wrong)


def _is_word(struct: type[msgspec.Struct], path: str) -> bool:
    field = leaf_field(struct, path)
    return field is not None and field.form == LEAF and field.leaf is not None and issubclass(field.leaf, str)


def _paths(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """List the fields with a path of their own. Lists of objects have their settings elsewhere."""
    for field in fields_of(struct).values():
        if field.struct is None or field.form != LIST:
            yield prefix + field.name
            if field.struct is not None:
                yield from _paths(field.struct, f"{prefix}{field.name}.")


def _unknown(struct: type[msgspec.Struct], path: str, known: Iterable[str]) -> str:
    if leaf_field(struct, path) is not None:
        own, _, inner = path.partition(".")
        if fields_of(struct)[own].form == LIST:
            return f"`{path}` is a list or inside one; " + (f"set `{inner}` in " if inner else "use ") + f"lists.{own}"
    return f"`{path}` is no such field of {struct.__name__}{did_you_mean(path, list(known))}"
