"""Code that is written for a mapping: expressions for the fields of records, from rows as they were decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any, NoReturn

import msgspec

from connectors.mapping.amounts import Amount, amount
from connectors.mapping.expressions import chain_of, literal_of
from connectors.mapping.places import MisfitError, Place, Spot, attribute, spot_at
from connectors.mapping.settings import MappingSettings, PartSettings
from connectors.records import MOST_DIGITS, KnownEnum, Money, UtcTime
from connectors.semantics import is_sound
from connectors.shapes import LEAF, LIST, Fields, Shape, narrowed, shapes
from connectors.values import converter, translated

Rows = Callable[[list[Any]], list[Any]]

_SOUND: Mapping[type | None, tuple[str, str]] = {
    datetime: ("{0}.tzinfo is UTC", "{0}.astimezone(UTC)"),
    Decimal: (f"({{0}}.is_finite() and -{MOST_DIGITS} <= {{0}}.adjusted() <= {MOST_DIGITS})", "misfit()"),
    dict: ("plain(map(type, {0}.values()))", "misfit()"),
}
"""Whether a value is good as it was decoded, and what else it becomes, as expressions."""

_ENDS = {"<": datetime.max.replace(tzinfo=UTC), ">": datetime.min.replace(tzinfo=UTC)}
_PLAIN = frozenset((str, int, float, bool, type(None)))


class Rules:
    """The part of a mapping that holds for one record, or for one part of a list."""

    def __init__(self, rules: MappingSettings | PartSettings) -> None:
        self.fields = rules.fields
        self.values = rules.values
        self.lists = rules.lists if isinstance(rules, MappingSettings) else {}
        self.outer = rules.outer if isinstance(rules, PartSettings) else {}


class Row:
    """An object of the answer that is in a variable, and the row around its list.

    It is at several places where a name can be written in two ways.
    """

    def __init__(self, places: Sequence[Place], variable: str, outer: Row | None = None) -> None:
        self.places = places
        self.variable = variable
        self.outer = outer


def misfit() -> NoReturn:
    """For a value that is missing, or not sound."""
    raise MisfitError


class Writer:
    """Writes expressions, and the loops that make the lists in them. Raises `MisfitError` for what it cannot say."""

    def __init__(self, *, shows_amounts: bool, as_they_come: bool) -> None:
        self.as_they_come = False
        self._may_take = as_they_come
        self._shown_amount = shapes(Money)["amount"] if shows_amounts else None
        self._names: dict[str, Any] = {
            "misfit": misfit,
            "UTC": UTC,
            "plain": _PLAIN.issuperset,
            "amount": amount,
        }
        self._lines: list[str] = []
        self._before: list[str] = []
        self._free = (f"v{number}" for number in count(1))

    def records(self, record: str) -> tuple[Rows, Rows]:
        """Functions from rows to records, by the expression for one, with the loops that were written for it.

        The first takes shown amounts that were decoded as such for what they are, the second looks at each.
        """
        lines = [*self._lines, f"found.append({record})"]
        return self._loop(lines, Taken=Amount), self._loop(lines, Taken=None)

    def _loop(self, lines: Sequence[str], **names: Any) -> Rows:
        return self._defined("rows", ["found = []", "for row in rows:", *_within(lines, 2), "return found"], **names)

    def _defined(self, arguments: str, lines: Sequence[str], **names: Any) -> Callable[..., Any]:
        source = [f"def made({arguments}):", *_within(lines, 2)]
        within = {**self._names, **names}
        exec("\n".join(source), within)  # noqa: S102  written here, names in hex
        made: Callable[..., Any] = within["made"]
        return made

    def function(self, argument: str, source: str) -> Callable[[Any], Any]:
        made: Callable[[Any], Any] = eval(f"lambda {argument}: {source}", self._names)  # noqa: S307  written here, names in hex
        return made

    def order_test(self, shape: Shape, rules: Rules, row: Row, way: str) -> Callable[[list[Any]], bool]:
        """A function that tells of rows whether each time is less, or greater, than the one before. Without times none are."""
        if shape.leaf is not datetime or literal_of(rules.fields.get(shape.name, "@")) is not None:
            return lambda rows: len(rows) < 2
        time = self._spot(shape, shape.name, rules, row, row).source
        lines = ["for row in rows:", f"  if not (time := {time}) {way} last: return False", "  last = time", "return True"]
        return self._defined(f"rows, last={self._keep(_ENDS[way])}", lines)

    def object(self, struct: type[msgspec.Struct], fields: Fields, rules: Rules, row: Row) -> str:
        """A record or a part of a list, narrowed."""
        own = shapes(struct)
        words = (f"{name}={self.field(own[name], inner, name, rules, row)}" for name, inner in fields)
        return f"{self._keep(narrowed(struct, fields))}({', '.join(words)})"

    def field(self, shape: Shape, inner: Fields, path: str, rules: Rules, row: Row) -> str:
        """A field: where it has no value its default, or a misfit."""
        value = self._value(shape, inner, path, rules, row, row)
        if shape.form == LIST or _is_enum(shape) or (shape.default is None and not shape.required):
            return value
        missing = "misfit()" if shape.required else "{}" if shape.leaf is dict else self._keep(shape.default)
        name = self._name()
        return f"({name} if ({name} := {value}) is not None else {missing})"

    def _value(self, shape: Shape, inner: Fields, path: str, rules: Rules, row: Row, parent: Row) -> str:
        if shape.form == LIST and shape.struct is not None:
            return self._parts(shape, inner, path, rules, row)
        if shape.struct is not None:
            return self._part(shape, inner, path, rules, row)
        if shape.form == LIST:
            return self._leaves(shape, path, rules, row, parent)
        literal = None if path in rules.outer else literal_of(rules.fields.get(path, "@"))
        if literal is not None:
            constant = _constant(shape, literal, rules.values.get(path))
            return self._keep(Amount(str(constant)) if shape is self._shown_amount else constant)
        spot = self._spot(shape, path, rules, row, parent)
        show = self._leaf(spot, shape, rules.values.get(path))
        if path not in rules.outer:
            return show(spot.source)
        name = self._name()  # the same for all items, so read before their loop
        self._before.append(f"{name} = {show(spot.source)}")
        return name

    def _leaf(self, spot: Spot, shape: Shape, table: Mapping[str, str] | None) -> Callable[[str], str]:
        """Has a value decoded; gives the expression for it from one for what was decoded."""
        leaf = shape.leaf
        if leaf is not None and _is_enum(shape):
            convert = translated(table or {}, converter(leaf))
            missing = "misfit()" if shape.required else self._keep(shape.default)
            return self._word(spot, lambda text: _default(shape) if (word := convert(text)) is None else leaf(word), missing)
        if table is not None and leaf is not str:
            raise MisfitError
        if leaf is str and (table is not None or shape.type not in (str, str | None)):
            convert = translated(table or {}, converter(str))
            return self._word(spot, lambda text: msgspec.convert(convert(text), shape.type), "None")
        if shape is self._shown_amount:
            spot.read_as(Any)
            name = self._name()
            return lambda source: f"({name} if type({name} := {source}) is Taken else amount({name}))"
        if leaf is dict and self._shown_amount is not None:  # its numbers would be taken for amounts
            raise MisfitError
        spot.read_as(UtcTime if leaf is datetime else Decimal if leaf is Decimal else shape.type)
        if leaf not in _SOUND:
            return lambda source: source
        name = self._name()
        sound, otherwise = (text.format(name) for text in _SOUND[leaf])
        return lambda source: f"({name} if ({name} := {source}) is None or {sound} else {otherwise})"

    def _word(self, spot: Spot, read: Callable[[str], Any], missing: str) -> Callable[[str], str]:
        meaning, name = self._name(), self._name()
        spot.read_word(meaning, read)
        return lambda source: f"({missing} if ({name} := {source}) is None else {name}.{meaning})"

    def _leaves(self, shape: Shape, path: str, rules: Rules, row: Row, parent: Row) -> str:
        if path in rules.values or shape.leaf is not str:
            raise MisfitError
        spot = self._spot(shape, path, rules, row, parent)
        spot.read_as(list[str | None])
        name, item = self._name(), self._name()
        return f"([] if ({name} := {spot.source}) is None else [{item} for {item} in {name} if {item} is not None])"

    def _part(self, shape: Shape, inner: Fields, path: str, rules: Rules, row: Row) -> str:
        """An object. One whose required fields have no value is none, and so is one without any value."""
        assert shape.struct is not None
        own = shapes(shape.struct)
        needed = [one.name for one in own.values() if one.required]
        if any(one.form != LEAF or one.default is not None for one in own.values() if not one.required):
            raise MisfitError
        names = [*needed, *(name for name, _ in inner if name not in needed)]
        parent, opening = row, ""
        if any(f"{path}.{name}" not in {**rules.fields, **rules.outer} for name in names):
            spot = self._spot(shape, path, rules, row, row)
            parent = Row(spot.objects(), self._name())
            opening = f"{parent.variable} := {spot.source}"
        values = {name: self._value(own[name], Fields(), f"{path}.{name}", rules, row, parent) for name in names}
        kept = {name: self._name() for name in names}
        tests = [f"({kept[name]} := {values[name]}) is None" for name in needed or names]
        missing = " or ".join(tests) if needed else " & ".join(f"({test})" for test in tests)
        read = {name: kept[name] if name in (needed or names) else values[name] for name in names}
        kind = narrowed(shape.struct, inner)
        if self._shown_amount in own.values():
            read["amount"] += ".amount"
        words = (f"{name}={read[name]}" for name, _ in inner)
        whole = (
            kept["amount"] if kind is Amount and self._shown_amount is not None else f"{self._keep(kind)}({', '.join(words)})"
        )
        made = f"(None if {missing} else {whole})"
        return f"(({opening}), {made})[1]" if opening else made

    def _parts(self, shape: Shape, inner: Fields, path: str, rules: Rules, row: Row) -> str:
        assert shape.struct is not None
        part = rules.lists.get(path, PartSettings())
        spot = self._spot(shape, path, rules, row, row, part.list)
        name, item, found = self._name(), self._name(), self._name()
        if self._may_take and _come_as_shown(shape.struct, inner, part):
            self.as_they_come = True
            spot.read_as(list[narrowed(shape.struct, inner)])  # type: ignore[misc]
            return f"([] if ({name} := {spot.source}) is None else {name})"
        around, self._lines = self._lines, []
        self._before = around
        made = self.object(shape.struct, inner, Rules(part), Row(spot.lists(), item, row))
        loop = [*self._lines, f"{found}.append({made})"]
        around += [f"{found} = []", f"if ({name} := {spot.source}) is not None:", f"  for {item} in {name}:", *_within(loop, 4)]
        self._lines = around
        return found

    def _spot(self, shape: Shape, path: str, rules: Rules, row: Row, parent: Row, expression: str | None = None) -> Spot:
        """Where a field lies: an expression is read from the row, a field that has none from its parent, by its name."""
        expression = expression or rules.fields.get(path)
        if path in rules.outer and row.outer is not None:
            row, expression = row.outer, rules.outer[path]
        if expression is not None:
            return spot_at(row.places, row.variable, chain_of(expression), self._free)
        names = list(dict.fromkeys((shape.json_name, shape.name)))
        reads = [f"{parent.variable}.{attribute(name)}" for name in names]
        source, name = reads[0], self._name()
        if len(reads) > 1:
            source = f"({name} if ({name} := {reads[0]}) is not None else {reads[1]})"
        if parent is not row:
            source = f"(None if {parent.variable} is None else {source})"
        return Spot(source, [(place, name) for place in parent.places for name in names])

    def _name(self) -> str:
        return next(self._free)

    def _keep(self, value: Any) -> str:
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name


def _within(lines: Sequence[str], spaces: int) -> Iterator[str]:
    return (" " * spaces + line for line in lines)


def _come_as_shown(struct: type[msgspec.Struct], fields: Fields, part: PartSettings) -> bool:
    """Whether items of a list are simple values under their own names."""
    own = [shapes(struct)[name] for name, _ in fields]
    mapped = {*part.fields, *part.values, *part.outer}
    return all(
        shape.form == LEAF
        and (shape.leaf in (int, float, bool) or shape.type in (str, str | None))
        and shape.name == shape.json_name
        and shape.name not in mapped
        for shape in own
    )


def _default(shape: Shape) -> Any:
    return misfit() if shape.required else shape.default


def _is_enum(shape: Shape) -> bool:
    return shape.leaf is not None and issubclass(shape.leaf, KnownEnum) and shape.form == LEAF


def _constant(shape: Shape, literal: Any, table: Mapping[str, str] | None) -> Any:
    try:
        constant = msgspec.convert(translated(table or {}, converter(shape.leaf))(literal), shape.type)
    except msgspec.ValidationError:
        raise MisfitError from None
    if isinstance(constant, Decimal) and not is_sound(constant):
        raise MisfitError
    return constant
