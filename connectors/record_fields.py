"""The shape of a record: its fields as data, read off the msgspec structs, and selections of them.

Everything that depends on which fields a record has (columns in SQL, mappings in HTTP, decoding of a selection, checks
of paths in `tags.yaml`) asks here, so a new field is added in `records.py` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from numbers import Number
from sys import intern
from typing import Annotated, Any, get_args

import msgspec
from msgspec import inspect as mi

from connectors.interned_values import intern_results
from connectors.record_parts import MARKED_CLASSES
from connectors.records import RECORDS, FieldClass, Money, Part, Personal, Record

LEAF, OBJECT, LIST = "leaf", "object", "list"


class Fields(msgspec.Struct, frozen=True, cache_hash=True):
    """A selection of a record's fields, in order: the name and, for objects and lists of objects, the selection inside."""

    items: tuple[tuple[str, Fields], ...] = ()

    @classmethod
    def from_paths(cls, *names: str) -> Fields:
        """From dotted paths: `Fields.of("id", "total.amount")`."""
        return cls.build(_tree(names))

    @classmethod
    def build(cls, tree: Mapping[str, Any]) -> Fields:
        """From nested mappings, empty at the leaves."""
        return cls(tuple((name, cls.build(inner)) for name, inner in tree.items()))

    def __iter__(self) -> Iterator[tuple[str, Fields]]:
        return iter(self.items)

    def __contains__(self, name: str) -> bool:
        return any(own == name for own, _ in self.items)

    def __or__(self, other: Fields) -> Fields:
        mine = dict(self.items)
        for name, inner in other.items:
            mine[name] = mine[name] | inner if name in mine else inner
        return Fields(tuple(mine.items()))


def _tree(paths: Iterable[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        here = tree
        for name in path.split("."):
            here = here.setdefault(name, {})
    return tree


class FieldInfo(msgspec.Struct, frozen=True):
    """One field: `name` (snake_case), `json_name` (camelCase), what it is, and the struct inside objects and lists.

    The `leaf` of a `Quantity`, which is an int or a Decimal, is `Number`.
    `personal` is what it says of a person, `field_class` by which callers see it. What holds fields with classes has none.
    """

    name: str
    json_name: str
    form: str
    type: Any
    leaf: type | None
    struct: type[msgspec.Struct] | None
    required: bool
    default: Any
    personal: Personal | None = None
    field_class: FieldClass | None = None


_declared: dict[type[msgspec.Struct], dict[str, FieldInfo]] = {}
"""Fields that settings have declared beside those of the structs."""


def declare(struct: type[msgspec.Struct], field: FieldInfo) -> None:
    """Have a record or part have one more field. Raises `ValueError` where it has another one of that name, here or in JSON."""
    known_fields = fields_of(struct)
    before = known_fields.get(field.name)
    if before == field:
        return
    if before is not None:
        is_own = field.name in _declared.get(struct, ())
        known = "was declared with another type before; restart, or" if is_own else "is there already;"
        raise ValueError(f"{known} choose another name")
    if like := [other.name for other in known_fields.values() if other.json_name == field.json_name]:
        raise ValueError(f"is `{field.json_name}` in answers, as `{like[0]}` is; choose another name")
    _declared.setdefault(struct, {})[field.name] = field
    for remembered in (fields_of, all_fields, leaves_of, has_decimals):
        remembered.cache_clear()


def declared_fields(struct: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    """List the fields that settings have declared, by name."""
    return _declared.get(struct, {})


@lru_cache(maxsize=256)
def fields_of(struct: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    """List a record's or part's fields by name, in order, those that settings declare behind the others."""
    info = mi.type_info(struct)
    assert isinstance(info, mi.StructType)
    types = _annotations(struct)
    own = {field.name: _shape(field, types[field.name]) for field in info.fields}
    _require_classes(struct, own.values())
    return own | declared_fields(struct)


def _annotations(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


def _shape(field: mi.Field, annotation: Any) -> FieldInfo:
    form, leaf, inner = _classify(field.type)
    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    marks = getattr(annotation, "__metadata__", ())
    personal = next((mark for mark in marks if isinstance(mark, Personal)), None)
    field_class = next((mark for mark in marks if isinstance(mark, FieldClass)), None)
    if field_class is None and personal is not None:
        field_class = MARKED_CLASSES[personal]
    kind = annotation
    if field_class is not None:
        kind = annotation.__origin__
        for mark in marks:
            kind = kind if isinstance(mark, Personal | FieldClass) else Annotated[kind, mark]
    return FieldInfo(field.name, field.encode_name, form, kind, leaf, inner, field.required, default, personal, field_class)


def _require_classes(struct: type[msgspec.Struct], fields: Iterable[FieldInfo]) -> None:
    """Raise `TypeError` for a field of a record or part that has no class, and holds nothing that has one."""
    if not issubclass(struct, Record | Part) or struct in (Record, Money):
        return
    for field in fields:
        if field.field_class is None and field.struct in (None, Money):
            raise TypeError(f"{struct.__name__}.{field.name} has no class: say what it tells of a person, by a FieldClass")


_LEAVES: dict[type[mi.Type], type] = {
    mi.StrType: str,
    mi.IntType: int,
    mi.FloatType: float,
    mi.BoolType: bool,
    mi.DateTimeType: datetime,
    mi.DecimalType: Decimal,
    mi.DictType: dict,
}


def _classify(kind: mi.Type) -> tuple[str, type | None, type[msgspec.Struct] | None]:
    match kind:
        case mi.Metadata(type=inner):
            return _classify(inner)
        case mi.UnionType(types=types):
            kinds = [t for t in types if not isinstance(t, mi.NoneType)]
            return (LEAF, Number, None) if len(kinds) > 1 else _classify(kinds[0])
        case mi.StructType(cls=cls):
            return OBJECT, None, cls
        case mi.ListType(item_type=item):
            _, leaf, struct = _classify(item)
            return LIST, leaf, struct
        case mi.EnumType(cls=cls):
            return LEAF, cls, None
    return LEAF, _LEAVES[type(kind)], None


@lru_cache(maxsize=64)
def all_fields(struct: type[msgspec.Struct]) -> Fields:
    """The selection of everything."""
    return Fields(tuple((s.name, all_fields(s.struct) if s.struct else Fields()) for s in fields_of(struct).values()))


def leaf_field(struct: type[msgspec.Struct], path: str) -> FieldInfo | None:
    """Find the field at a dotted path (`items.unit_price.amount`). None if there is none."""
    here: type[msgspec.Struct] | None = struct
    field: FieldInfo | None = None
    for name in path.split("."):
        field = fields_of(here).get(name) if here is not None else None
        if field is None:
            return None
        here = field.struct
    return field


@lru_cache(maxsize=64)
def leaves_of(struct: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    """List the fields that hold no other ones by their dotted paths, in order."""
    leaves: dict[str, FieldInfo] = {}
    for name, field in fields_of(struct).items():
        inner = {"": field} if field.struct is None else leaves_of(field.struct)
        leaves |= {f"{name}.{path}" if path else name: leaf for path, leaf in inner.items()}
    return leaves


_MEANT = (1, False)
"""Defaults that are values. `None`, nothing in a list and `UNKNOWN` say that there is none."""


def absent_paths(struct: type[msgspec.Struct], is_given: Callable[[str], bool]) -> frozenset[str]:
    """List the fields that a source never gives by their dotted paths, of whose leaves it gives those that `is_given` says.

    An object is absent without what it needs, and with it all that is inside. So is a list of which nothing is given. A field
    that means something by its default, as a quantity of 1 does, is given with its object.
    """
    absent: set[str] = set()
    for name, field in fields_of(struct).items():
        absent |= _absent_in(field, name, is_given)
    return frozenset(absent)


def _absent_in(field: FieldInfo, path: str, is_given: Callable[[str], bool]) -> set[str]:
    if field.struct is None:
        return set() if is_given(path) else {path}
    own = fields_of(field.struct)
    inside = set().union(*(_absent_in(inner, f"{path}.{name}", is_given) for name, inner in own.items()))
    gone = {name for name in own if f"{path}.{name}" in inside}
    if len(gone) == len(own):
        return inside | {path}
    if field.form == OBJECT and any(own[name].required for name in gone):
        return {path} | {f"{path}.{leaf}" for leaf in (*own, *leaves_of(field.struct))}
    return inside - {f"{path}.{name}" for name, inner in own.items() if inner.default in _MEANT}


@lru_cache(maxsize=1024)
def has_decimals(struct: type[msgspec.Struct], fields: Fields) -> bool:
    """Tell whether a selection holds a decimal."""
    own = fields_of(struct)
    return any(
        own[name].leaf is Decimal or ((part := own[name].struct) is not None and has_decimals(part, inner))
        for name, inner in fields
    )


@intern_results
def narrow(struct: type[msgspec.Struct], fields: Fields) -> type[msgspec.Struct]:
    """Make a struct of the selected fields only. They keep their names, types and defaults, in the order of the selection.

    Decoding canonical JSON into it validates the selected fields and skips the rest, in C. Its class attributes
    `record_type` and `time_field` are those of the struct that it was narrowed from. The same selection gives the same struct.
    """
    chosen: list[Any] = []
    own = fields_of(struct)
    for name, inner in fields:
        field = own[name]
        name = intern(name)  # so that keywords are found by identity when one is made
        kind = field.type
        if field.struct is not None:
            part = narrow(field.struct, inner)
            kind = list[part] if field.form == LIST else part | None  # type: ignore[valid-type]
        if field.required:
            chosen.append((name, kind))
        else:
            default = (
                msgspec.field(default_factory=type(field.default)) if isinstance(field.default, list | dict) else field.default
            )
            chosen.append((name, kind, default))
    return msgspec.defstruct(
        struct.__name__,
        chosen,
        namespace={"record_type": struct, "time_field": getattr(struct, "time_field", None)},
        rename="camel",
        frozen=True,
        kw_only=not all(own[name].required for name, _ in fields),
        gc=False,
    )


def limits(annotation: Any) -> tuple[int | None, int | None]:
    """The least and the greatest number of a type."""
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, msgspec.Meta):
            return mark.ge, mark.le  # type: ignore[return-value]
    return next((bounds for own in get_args(annotation) if (bounds := limits(own)) != (None, None)), (None, None))


for _record in RECORDS.values():
    all_fields(_record)  # each of their fields has a class, or nothing imports
