"""Code that is written for a mapping: expressions for the fields of records, from rows as they were decoded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Number
from typing import Any, NamedTuple, NoReturn

import msgspec

from connectors.interned_values import intern_results
from connectors.record_fields import LEAF, LIST, FieldInfo, Fields, fields_of, narrow
from connectors.records import MAX_DIGITS, ExactWhole, KnownEnum, Money, UtcTime
from connectors.toolkit.code_generation import CodeWriter, indented
from connectors.toolkit.converters import converter, field_converter, translated
from connectors.toolkit.evaluation import is_sound, plain
from connectors.toolkit.mapping.amounts import Amount, amount
from connectors.toolkit.mapping.jmespath_expressions import chain_of, literal_of
from connectors.toolkit.mapping.row_layout import ObjectLayout, SlowPathNeededError, ValuePath, attribute, path_at
from connectors.toolkit.mapping.settings import MappingSettings, PartSettings
from connectors.toolkit.ratings import RATING, Scale, valid_rating

Make = Callable[[Collection[list[Any]]], list[list[Any]]]
"""Makes lists of one thing of lists of another."""

_SOUND: Mapping[type | None, str] = {
    datetime: "({0} if ({1}).tzinfo is UTC and not {0}.microsecond else odd_time({0}))",
    Decimal: (
        f"({{0}} if ({{1}}).is_finite() and -{MAX_DIGITS} <= {{0}}.adjusted() <= {MAX_DIGITS}"
        " and 'E' not in str({0}) and ({0} or not {0}.is_signed()) else misfit())"
    ),
    dict: "({0} if plain(map(type, ({1}).values())) else misfit())",
}
"""What a value becomes that was decoded: as it is where it is sound and canonical. In the form of `ValueExpression.meaning`."""

_READ_AS: Mapping[type | None, Any] = {datetime: UtcTime, Decimal: Decimal, Number: ExactWhole}
"""What a value is decoded as, where that is not the field's type. A quantity that is no whole number does not fit."""

_TEXT = "({1}).amount"

_ENDS = {"<": datetime.max.replace(tzinfo=UTC), ">": datetime.min.replace(tzinfo=UTC)}
_PLAIN = frozenset((str, int, float, bool, type(None)))


class MappingRules:
    """Hold the mapping of one record, or of a list's part."""

    def __init__(self, rules: MappingSettings | PartSettings) -> None:
        self.fields = rules.fields
        self.values = rules.values
        self.lists = rules.lists if isinstance(rules, MappingSettings) else {}
        self.outer = rules.outer if isinstance(rules, PartSettings) else {}
        self.rating_scale = rules.rating_scale if isinstance(rules, MappingSettings) else None


class RowVariable:
    """Hold a variable with an object, and the row around it.

    It is at several places where a name can be written in two ways.
    """

    def __init__(self, places: Sequence[ObjectLayout], variable: str, outer: RowVariable | None = None) -> None:
        self.places = places
        self.variable = variable
        self.outer = outer


class ValueExpression(NamedTuple):
    """Expressions: for what was decoded, None where there is no value, and for what it means.

    `meaning` holds `{0}` where it names what was decoded, and `{1}` where it does so first. `spot` is where a value lies that
    may be needed.
    """

    decoded: str
    meaning: str = "{0}"
    spot: ValuePath | None = None


def misfit() -> NoReturn:
    """For a value that is missing, or not sound."""
    raise SlowPathNeededError


class RowCompiler:
    """Writes expressions, and the loops that make the lists in them. Raises `SlowPathNeededError` for what it cannot say."""

    def __init__(self, *, shows_amounts: bool, as_they_come: bool) -> None:
        self.as_they_come = self.met_fractions = False
        self._may_take = as_they_come
        self._shown_amount = fields_of(Money)["amount"] if shows_amounts else None
        self._code = CodeWriter(
            misfit=misfit, UTC=UTC, odd_time=self._odd_time, plain=_PLAIN.issuperset, amount=amount, looked_at=amount
        )
        self._lines: list[str] = []
        self._before: list[str] = []

    def _odd_time(self, time: datetime) -> datetime:
        self.met_fractions = self.met_fractions or time.microsecond != 0
        return time.astimezone(UTC)

    def records(self, record: str) -> tuple[Make, Make]:
        """Write functions from lists of rows to lists of records.

        They go by the expression for one record, with the loops that were written for it.

        The first takes shown amounts for what they are, as they were decoded; the second looks at each.
        """
        loop = [*self._lines, f"found.append({record})"]
        lines = ["made = []", "for rows in lists:", "  found = []", "  for row in rows:", *indented(loop, 4)]
        careful = [*lines, "  made.append(found)", "return made"]
        quick = [line.replace("looked_at(", "(") for line in careful]
        return self._code.function("lists", quick), self._code.function("lists", careful)

    def order_test(self, field: FieldInfo, rules: MappingRules, row: RowVariable, way: str) -> Make:
        """Write a function that gives unsorted lists of rows.

        In these not each time is less, or greater, than the one before.
        """
        if field.leaf is not datetime or literal_of(rules.fields.get(field.name, "@")) is not None:
            return lambda lists: [rows for rows in lists if len(rows) > 1]
        time = self._spot(field, field.name, rules, row, row).source
        test = [
            "for row in rows:",
            f"  if not (time := {time}) {way} last:",
            "    found.append(rows)",
            "    break",
            "  last = time",
        ]
        lines = [
            "found = []",
            "for rows in lists:",
            f"  last = {self._code.keep(_ENDS[way])}",
            *indented(test, 2),
            "return found",
        ]
        return self._code.function("lists", lines)

    def object(self, struct: type[msgspec.Struct], fields: Fields, rules: MappingRules, row: RowVariable) -> str:
        """Write a record or a part of a list, narrowed."""
        own = fields_of(struct)
        words = (f"{name}={self._field(own[name], inner, name, rules, row)}" for name, inner in fields)
        return f"{self._code.keep(narrow(struct, fields))}({', '.join(words)})"

    def position(
        self, struct: type[msgspec.Struct], names: Sequence[str], rules: MappingRules, row: RowVariable
    ) -> Callable[[Any], Any]:
        """Write a function from a row to these fields. None of them is missing."""
        own = fields_of(struct)
        parts = (self._or(self._value(own[name], name, rules, row, row), "misfit()") for name in names)
        return self._code.expression("row", f"({', '.join(parts)},)")

    def _field(self, field: FieldInfo, inner: Fields, path: str, rules: MappingRules, row: RowVariable) -> str:
        """Write a field: where it has no value its default, or a misfit."""
        if field.form == LIST:
            return (
                self._leaves(field, path, rules, row) if field.struct is None else self._parts(field, inner, path, rules, row)
            )
        missing = "misfit()" if field.required else "{}" if field.leaf is dict else self._constant(field.default)
        if field.struct is not None:
            return self._or(ValueExpression(self._part(field, inner, path, rules, row)), missing)
        value = self._value(field, path, rules, row, row)
        return self._or(value, missing, is_there=field.required and value.spot is not None and value.spot.need())

    def _or(self, value: ValueExpression, missing: str, *, is_there: bool = False) -> str:
        """Write a value's meaning, or its default."""
        if value.meaning == "{0}" and (is_there or missing == "None"):
            return value.decoded
        test, value_text = self._test(value)
        if is_there:
            return value_text.meaning.format(value_text.decoded, test.removesuffix(" is None"))
        return f"({missing} if {test} else {value_text.meaning.format(value_text.decoded, value_text.decoded)})"

    def _test(self, value: ValueExpression) -> tuple[str, ValueExpression]:
        """Test whether there is no value. It also says what is known of it after the test."""
        if value.decoded.isidentifier():
            return f"{value.decoded} is None", value
        name = self._code.new_name()
        return f"({name} := {value.decoded}) is None", ValueExpression(name, value.meaning)

    def _value(
        self, field: FieldInfo, path: str, rules: MappingRules, row: RowVariable, parent: RowVariable, *, is_shown: bool = True
    ) -> ValueExpression:
        literal = None if path in rules.outer else literal_of(rules.fields.get(path, "@"))
        if path == RATING and rules.rating_scale is not None:
            if literal is not None or path in rules.values:
                raise SlowPathNeededError
            return self._rating(self._spot(field, path, rules, row, parent), rules.rating_scale)
        if literal is not None:
            constant = _constant(field, literal, rules.values.get(path))
            if field is self._shown_amount:
                return ValueExpression(self._code.keep(Amount(str(constant))), _TEXT)
            return ValueExpression(self._code.keep(constant))
        spot = self._spot(field, path, rules, row, parent)
        value = self._leaf(spot, field, rules.values.get(path), is_shown=is_shown)
        if path not in rules.outer:
            return value
        name = self._code.new_name()  # the same for all items, so read before their loop
        self._before.append(f"{name} = {value.decoded}")
        return ValueExpression(name, value.meaning)

    def _leaf(self, spot: ValuePath, field: FieldInfo, table: Mapping[str, str] | None, *, is_shown: bool) -> ValueExpression:
        """Has a value decoded."""
        leaf = field.leaf
        if leaf is not None and _is_enum(field):
            convert = translated(table or {}, converter(leaf))
            return self._word(spot, lambda text: _default(field) if (word := convert(text)) is None else leaf(word))
        if table is not None and leaf is not str:
            raise SlowPathNeededError
        if leaf is str and (table is not None or field.type not in (str, str | None)):
            convert = translated(table or {}, field_converter(field))
            return self._word(spot, lambda text: msgspec.convert(convert(text), field.type))
        if field is self._shown_amount:
            spot.read_as(Any)
            return ValueExpression(f"{'looked_at' if is_shown else 'amount'}({spot.source})", _TEXT)
        if leaf is dict and self._shown_amount is not None:  # its numbers would be taken for amounts
            raise SlowPathNeededError
        spot.read_as(_READ_AS.get(leaf, field.type))
        return ValueExpression(spot.source, _SOUND.get(leaf, "{0}"), spot)

    def _rating(self, spot: ValuePath, scale: Scale) -> ValueExpression:
        spot.read_as(float | None)
        return ValueExpression(spot.source, f"{self._code.keep(valid_rating)}({{1}}, {self._code.keep(scale)})")

    def _word(self, spot: ValuePath, read: Callable[[str], Any]) -> ValueExpression:
        meaning = self._code.new_name()
        spot.read_word(meaning, read)
        return ValueExpression(spot.source, f"({{1}}).{meaning}")

    def _leaves(self, field: FieldInfo, path: str, rules: MappingRules, row: RowVariable) -> str:
        if path in rules.values or field.leaf is not str:
            raise SlowPathNeededError
        spot = self._spot(field, path, rules, row, row)
        spot.read_as(list[str | None])
        name, item = self._code.new_name(), self._code.new_name()
        return f"([] if ({name} := {spot.source}) is None else [{item} for {item} in {name} if {item} is not None])"

    def _part(self, field: FieldInfo, inner: Fields, path: str, rules: MappingRules, row: RowVariable) -> str:
        """Write an object. One whose required fields have no value is none, and so is one without any value."""
        assert field.struct is not None
        own = fields_of(field.struct)
        needed = [field.name for field in own.values() if field.required]
        if any(field.form != LEAF or field.default is not None for field in own.values() if not field.required):
            raise SlowPathNeededError
        names = [*needed, *(name for name, _ in inner if name not in needed)]
        parent, opening = row, ""
        if any(f"{path}.{name}" not in {**rules.fields, **rules.outer} for name in names):
            spot = self._spot(field, path, rules, row, row)
            parent = RowVariable(spot.objects(), self._code.new_name())
            opening = f"{parent.variable} := {spot.source}"
        shown = [name for name, _ in inner]
        values = {name: self._value(own[name], f"{path}.{name}", rules, row, parent, is_shown=name in shown) for name in names}
        kind, whole = narrow(field.struct, inner), None
        if kind is Amount and self._shown_amount is not None:
            whole = values["amount"].decoded
            needed.remove("amount")  # without it the whole is none, too
        tests = []
        for name in needed or names:
            if name not in shown and own[name].leaf is not str:  # a text always means something
                values[name] = ValueExpression(self._or(values[name], "None"))
            test, values[name] = self._test(values[name])
            tests.append(test)
        missing = " or ".join(tests) if needed else " & ".join(f"({test})" for test in tests)
        if whole is None:
            words = (f"{name}={self._or(values[name], 'None', is_there=name in needed)}" for name in shown)
            whole = f"{self._code.keep(kind)}({', '.join(words)})"
        part = f"(None if {missing} else {whole})"
        return f"(({opening}), {part})[1]" if opening else part

    def _parts(self, field: FieldInfo, inner: Fields, path: str, rules: MappingRules, row: RowVariable) -> str:
        assert field.struct is not None
        part = rules.lists.get(path, PartSettings())
        spot = self._spot(field, path, rules, row, row, part.list)
        name, item, items = self._code.new_name(), self._code.new_name(), self._code.new_name()
        if self._may_take and _come_as_shown(field.struct, inner, part):
            self.as_they_come = True
            spot.read_as(list[_with_whole_quantities(field.struct, inner)])  # type: ignore[misc]
            return f"([] if ({name} := {spot.source}) is None else {name})"
        around, self._lines = self._lines, []
        self._before = around
        whole = self.object(field.struct, inner, MappingRules(part), RowVariable(spot.lists(), item, row))
        loop = [*self._lines, f"{items}.append({whole})"]
        around += [
            f"{items} = []",
            f"if ({name} := {spot.source}) is not None:",
            f"  for {item} in {name}:",
            *indented(loop, 4),
        ]
        self._lines = around
        return items

    def _spot(
        self,
        field: FieldInfo,
        path: str,
        rules: MappingRules,
        row: RowVariable,
        parent: RowVariable,
        expression: str | None = None,
    ) -> ValuePath:
        """Where a field lies: an expression is read from the row, a field that has none from its parent, by its name."""
        expression = expression or rules.fields.get(path)
        if path in rules.outer and row.outer is not None:
            row, expression = row.outer, rules.outer[path]
        if expression is not None:
            return path_at(row.places, row.variable, chain_of(expression), self._code)
        names = list(dict.fromkeys((field.json_name, field.name)))
        reads = [f"{parent.variable}.{attribute(name)}" for name in names]
        source, name = reads[0], self._code.new_name()
        if len(reads) > 1:
            source = f"({name} if ({name} := {reads[0]}) is not None else {reads[1]})"
        if parent is not row:
            source = f"(None if {parent.variable} is None else {source})"
        return ValuePath(source, [(place, name) for place in parent.places for name in names])

    def _constant(self, value: Any) -> str:
        return "None" if value is None else self._code.keep(value)


def _come_as_shown(struct: type[msgspec.Struct], fields: Fields, part: PartSettings) -> bool:
    """Whether items of a list are simple values under their own names."""
    own = [fields_of(struct)[name] for name, _ in fields]
    mapped = {*part.fields, *part.values, *part.outer}
    return all(
        field.form == LEAF
        and (field.leaf in (int, float, bool, Number) or field.type in (str, str | None))
        and field.name == field.json_name
        and field.name not in mapped
        for field in own
    )


@intern_results
def _with_whole_quantities(struct: type[msgspec.Struct], fields: Fields) -> type[msgspec.Struct]:
    """As `narrow`; another quantity than a whole one does not fit."""
    own, part = fields_of(struct), narrow(struct, fields)
    quantities: list[Any] = [
        (name, ExactWhole) if own[name].required else (name, ExactWhole, own[name].default)
        for name, _ in fields
        if own[name].leaf is Number
    ]
    return msgspec.defstruct(part.__name__, quantities, bases=(part,), frozen=True, gc=False) if quantities else part


def _default(field: FieldInfo) -> Any:
    return misfit() if field.required else field.default


def _is_enum(field: FieldInfo) -> bool:
    return field.leaf is not None and issubclass(field.leaf, KnownEnum) and field.form == LEAF


def _constant(field: FieldInfo, literal: Any, table: Mapping[str, str] | None) -> Any:
    try:
        constant = msgspec.convert(translated(table or {}, field_converter(field))(literal), field.type)
    except msgspec.ValidationError:
        raise SlowPathNeededError from None
    if not isinstance(constant, Decimal):
        return constant
    if not is_sound(constant):
        raise SlowPathNeededError
    return plain(constant)
