"""Read fields of one's own from a vendor's custom properties, which the settings of a preset name."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from connectors.errors import SourceError
from connectors.record_fields import LIST, FieldInfo, Fields, absent_paths, declared_fields, fields_of
from connectors.records import Money, Record
from connectors.suggestions import suggest
from connectors.toolkit.converters import (
    Convert,
    decode_exactly,
    field_converter,
    given,
    is_blank,
    to_list,
    to_object,
    translated,
)

Words = Mapping[str, Mapping[str, str]]
ValueOf = Callable[[str], Any]
"""Gives the value of a property, None where there is none."""
_CONSTANT = re.compile(r"'([^']*)'")
_CURRENCY_CODE = "currency_code"
"""How some vendors call the currency of an amount."""


class PropertyNames(NamedTuple):
    """What the names of a vendor's properties look like: a pattern, and what to write.

    `has_objects`: a property may be an object, such as an amount with its currency. `separator` parts the texts of a list.
    """

    pattern: str
    advice: str
    has_objects: bool = False
    separator: str | None = None


class OwnProperties:
    """The fields of one record that are read from properties. `named` has a property by the dotted path of its field."""

    def __init__(self, record: type[Record], named: Mapping[str, str], words: Words, names: PropertyNames) -> None:
        self._record = record
        self._named = named
        self._names = names
        self._fields = {name: field for name, field in declared_fields(record).items() if self._paths(name)}
        self._convert = {name: _converter(field, words.get(name, {}), names) for name, field in self._fields.items()}
        self.by_field = {name: tuple(self._properties(self._paths(name))) for name in self._fields}
        """The properties that are needed for each field."""

    def needed(self, fields: Fields) -> list[str]:
        """List the properties that a selection needs."""
        return sorted({name for field, _ in fields for name in self.by_field.get(field, ())})

    def read(self, value_of: ValueOf) -> dict[str, Any]:
        """Read the fields, by their names in JSON."""
        values = {field.json_name: self._convert[name](self._value(name, value_of)) for name, field in self._fields.items()}
        return given(**values)

    def expressions(self, expression_of: Callable[[str], str]) -> dict[str, str]:
        """Write the mapping of a kind that maps by expressions. `expression_of` writes that of a property."""
        written = {path: name if _CONSTANT.fullmatch(name) else expression_of(name) for path, name in self._named.items()}
        whole = [name for name, field in self._fields.items() if field.struct is Money and name in self._named]
        for name in whole:
            value = written.pop(name)
            written |= {
                f"{name}.amount": f"{{v: {value}}} | v.amount",
                f"{name}.currency": f"{{v: {value}}} | v.{_CURRENCY_CODE}",
            }
        return written

    def problems(self, record: str) -> Iterator[str]:
        """List what is wrong with the names, each with the path of its setting."""
        declared = declared_fields(self._record)
        for path, name in self._named.items():
            own, _, part = path.partition(".")
            problem = self._problem(declared.get(own), own, part)
            if problem is None:
                problem = f"is no field of your own{suggest(path, declared, f'declare it in fields.{record}')}"
            elif not problem and not _CONSTANT.fullmatch(name) and not re.fullmatch(self._names.pattern, name):
                problem = f"`{name}` is no name of a property; {self._names.advice}"
            if problem:
                yield f"fields.{record}.{path}: {problem}"

    def named_properties(self) -> dict[str, str]:
        """List the properties by the paths of their settings."""
        return {path: name for path, name in self._named.items() if not _CONSTANT.fullmatch(name)}

    def _problem(self, field: FieldInfo | None, own: str, part: str) -> str | None:
        """Explain what is wrong with a path, None where it leads to no field."""
        if field is None or (part and (field.struct is not Money or part not in fields_of(Money))):
            return None
        if part and not {f"{own}.{name}" for name in fields_of(Money)} <= self._named.keys():
            return f"an amount of money has {own}.amount and {own}.currency; name both, such as \"'EUR'\" for a currency of all"
        if field.struct is Money and not part and not self._names.has_objects:
            return f"is an amount of money; name {own}.amount and {own}.currency"
        return ""

    def _paths(self, name: str) -> list[str]:
        paths = (name, *(f"{name}.{part}" for part in fields_of(Money)))
        return [path for path in paths if path in self._named]

    def _properties(self, paths: Iterable[str]) -> list[str]:
        return sorted({self._named[path] for path in paths if not _CONSTANT.fullmatch(self._named[path])})

    def _value(self, name: str, value_of: ValueOf) -> Any:
        paths = self._paths(name)
        values = {path: self._read(self._named[path], value_of) for path in paths}
        return values[name] if name in values else {path.removeprefix(f"{name}."): value for path, value in values.items()}

    @staticmethod
    def _read(name: str, value_of: ValueOf) -> Any:
        constant = _CONSTANT.fullmatch(name)
        return value_of(name) if constant is None else constant[1]


async def unknown_properties(
    source: str, own: Mapping[str, OwnProperties], names_of: Callable[[str], Awaitable[Collection[str] | None]]
) -> list[str]:
    """Say for `check` which properties an account does not have. `names_of` lists those of a record.

    Where it fails, or does not tell, nothing is said: what the credentials lack is told beside.
    """
    problems: list[str] = []
    for record, properties in own.items():
        if named := properties.named_properties():
            try:
                known = await names_of(record)
            except SourceError:
                continue
            if known is None:
                continue
            where = f"sources.{source}.fields.{record}"
            problems += [
                f"{where}.{path}: the account has no `{name}`{suggest(name, known, 'correct the name')}"
                for path, name in named.items()
                if name not in known
            ]
    return problems


def absent_vendor_fields(record: type[Record], named: Mapping[str, str], filled: Collection[str]) -> frozenset[str]:
    """Name the fields that a preset does not fill, by dotted paths.

    `filled` are those that it fills, by paths that hold for all below them. Without any it fills all but the declared ones
    that have no property.
    """
    own = {path.partition(".")[0] for path in named}

    def is_given(path: str) -> bool:
        if _is_own(record, path):
            return path.partition(".")[0] in own
        return not filled or any(path == outer or path.startswith(f"{outer}.") for outer in filled)

    return absent_paths(record, is_given)


def _is_own(struct: type[msgspec.Struct], path: str) -> bool:
    name, _, rest = path.partition(".")
    if name in declared_fields(struct):
        return True
    inner = fields_of(struct)[name].struct
    return inner is not None and bool(rest) and _is_own(inner, rest)


def _converter(field: FieldInfo, words: Mapping[str, str], names: PropertyNames) -> Convert:
    if field.struct is Money:
        return _to_money
    convert = translated(words, field_converter(field)) if words else field_converter(field)
    return (lambda value: _to_texts(value, convert, names.separator)) if field.form == LIST else convert


def _to_texts(value: Any, convert: Convert, separator: str | None) -> Any:
    texts = to_list(_unpacked(value))
    if isinstance(texts, str) and separator is not None:
        texts = [text.strip() for text in texts.split(separator)]
    return [convert(text) for text in texts if not is_blank(text)] if isinstance(texts, list) else texts


def _to_money(value: Any) -> Any:
    """Read an amount with its currency. A currency without an amount is no money."""
    money = to_object(_unpacked(value))
    if not isinstance(money, dict):
        return money
    parts = {"currency": money.get(_CURRENCY_CODE), **money}
    fields = {name: field_converter(field)(parts.get(name)) for name, field in fields_of(Money).items()}
    return None if fields["amount"] is None else given(**fields)


def _unpacked(value: Any) -> Any:
    """Read an array or an object that stands in a text."""
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return value
    try:
        return decode_exactly(value.encode(), Any)
    except (msgspec.MsgspecError, ArithmeticError, RecursionError, ValueError):
        return value
