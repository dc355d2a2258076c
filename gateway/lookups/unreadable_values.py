"""Read the readable part of a malformed record, and count each trouble.

A value that cannot be read becomes null where it may be null. Where it is required the part that holds it is left out (an item,
a payment, an amount), and the record only where it means nothing without the value: its id, its own time, an event's type.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from numbers import Number
from typing import Any, NamedTuple

import msgspec

from connectors.record_fields import LIST, OBJECT, FieldInfo, fields_of
from connectors.records import BirthDates
from connectors.toolkit.converters import field_converter, to_number
from gateway.lookups.validation import normalise_value

MISSING, MALFORMED, OUT_OF_RANGE = "missing", "malformed", "out of range"
"""Why something cannot be read: it is required and not there, of another kind or form, or too large or too small."""


_TEXTS = (datetime, Decimal, Number)
"""Leaves that decoders read from texts in ways of their own."""


class UnreadableValue(NamedTuple):
    """A value that could not be read: its record, if the id can be read, its path, the reason. It never holds the value.

    It `drops_record` that means nothing without it.
    """

    record_id: str | None
    path: str
    reason: str
    drops_record: bool = False


class _CannotReadError(Exception):
    """Leave out a value, part or record. Holds its path and the reason."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason


class LenientReader:
    """The reading of one malformed record of a narrowed type."""

    def __init__(self, raw: bytes | msgspec.Raw, kind: type[msgspec.Struct], birth_dates: BirthDates | None = None) -> None:
        self._birth_dates = birth_dates
        self.troubles: list[tuple[str, str]] = []
        self.record: msgspec.Struct | None = None
        self._id: str | None = None
        try:
            self.record = self._struct(_members(raw, ""), kind, "")
            self._id = getattr(self.record, "id", None)
        except _CannotReadError as error:
            self.troubles.append((error.path, error.reason))

    @property
    def unreadable(self) -> Iterator[UnreadableValue]:
        """List the values that could not be read. Where there is no `record`, the last of them says why."""
        fatal = len(self.troubles) - 1 if self.record is None else None
        return (UnreadableValue(self._id, path, reason, place == fatal) for place, (path, reason) in enumerate(self.troubles))

    def _struct(self, given: Mapping[str, msgspec.Raw], kind: type[msgspec.Struct], path: str) -> msgspec.Struct:
        values: dict[str, Any] = {}
        for field in fields_of(kind).values():
            where = f"{path}{field.json_name}"
            raw = given.get(field.json_name)
            if raw is None or bytes(raw) == b"null":
                if field.required:
                    raise _CannotReadError(where, MISSING)
                continue
            try:
                values[field.name] = self._value(raw, field, where)
            except _CannotReadError as error:
                if field.required or (field.leaf is Number and field.default is not None):  # a quantity of 1 would be a lie
                    raise
                self.troubles.append((error.path, error.reason))
            if field.name == "id" and not path:
                if not values["id"].strip():
                    raise _CannotReadError(where, MISSING)
                self._id = values["id"]
        return kind(**values)

    def _value(self, raw: msgspec.Raw, field: FieldInfo, path: str) -> Any:
        if field.form == LIST:
            return self._list(raw, field, path)
        if field.form == OBJECT and field.struct is not None:
            return self._struct(_members(raw, path), field.struct, f"{path}.")
        return _leaf(raw, field, path, self._birth_dates)

    def _list(self, raw: msgspec.Raw, field: FieldInfo, path: str) -> list[Any]:
        try:
            items = msgspec.json.decode(raw, type=list[msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError):
            raise _CannotReadError(path, MALFORMED) from None
        values = []
        for item in items:
            try:
                if field.struct is None:
                    values.append(_leaf(item, field, path, self._birth_dates))
                else:
                    values.append(self._struct(_members(item, path), field.struct, f"{path}."))
            except _CannotReadError as error:
                self.troubles.append((error.path, error.reason))
        return values


def _members(raw: bytes | msgspec.Raw, path: str) -> Mapping[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        raise _CannotReadError(path.rstrip(".") or "record", MALFORMED) from None


def _leaf(raw: msgspec.Raw, field: FieldInfo, path: str, birth_dates: BirthDates | None) -> Any:
    """Read a value by its type, or by the table of conversions."""
    kind = Any if field.type is None else (field.leaf or Any) if field.form == LIST else field.type
    try:
        if field.leaf not in _TEXTS:
            return _sound(msgspec.json.decode(raw, type=kind), field, path)
    except (msgspec.ValidationError, RecursionError):
        pass
    try:
        given = _decode_any(raw)
        value = field_converter(field, birth_dates)(given)
        if field.leaf in (Decimal, Number) and isinstance(value, str) and to_number(value) is None:
            raise ValueError
        value = msgspec.convert(value, kind)
    except (msgspec.MsgspecError, ArithmeticError, ValueError, TypeError, RecursionError) as error:
        is_number = isinstance(error, msgspec.ValidationError) and "Expected `" in str(error) and "<=" in str(error)
        raise _CannotReadError(path, OUT_OF_RANGE if is_number else MALFORMED) from None
    if value is None and (field.required or field.default is not None):
        raise _CannotReadError(path, MISSING)
    return _sound(value, field, path)


_decode_any: Callable[[bytes | msgspec.Raw], Any] = msgspec.json.Decoder(float_hook=Decimal).decode


def _sound(value: Any, field: FieldInfo, path: str) -> Any:
    try:
        return normalise_value(value, field.leaf)
    except OverflowError:
        raise _CannotReadError(path, OUT_OF_RANGE) from None
