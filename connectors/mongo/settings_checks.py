"""Checks of the settings against the record that they fill: every field they name must exist, every enum value too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from connectors.contract import misplaced_keys
from connectors.record_fields import LEAF, LIST, fields_of, leaf_field
from connectors.records import RECORD_NAMES, Record
from connectors.suggestions import did_you_mean, explain_choice
from connectors.toolkit.ratings import scale_problems

if TYPE_CHECKING:
    from connectors.mongo.settings import FieldSettings, RecordSettings


def record_problems(record: type[Record], rules: RecordSettings) -> Iterator[str]:
    """List fields of the settings that the record lacks."""
    yield from _field_problems("fields", record, rules.fields)
    yield from _word_problems("values", record, rules.values)
    yield from scale_problems(record, rules.rating_scale)
    yield from misplaced_keys(RECORD_NAMES[record], rules.keys)
    for own, part in rules.lists.items():
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
