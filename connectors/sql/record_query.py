"""The rows of one record: its queries as subqueries, its fields as expressions over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from numbers import Number
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    FromClause,
    Label,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
)

from connectors.contract import KeyKind
from connectors.record_fields import LEAF, LIST, OBJECT, FieldInfo, Fields, fields_of, limits
from connectors.records import RECORDS, Money
from connectors.sql.columns import (
    PARENT,
    POSITION,
    VALUE,
    ColumnPlace,
    columns_of,
    deciding_columns,
    item_field,
    operand_columns,
    place_of,
)
from connectors.sql.dialect import Dialect, Expression
from connectors.sql.settings import RecordSettings
from connectors.sql.subqueries import Columns, as_subquery, rated, required
from connectors.toolkit.converters import code_pattern

NUMBERS = (int, float, Number)
"""What numbers are that are no amounts."""

IDS = "ids"
"""The parameter that holds the records' ids, where a statement needs them as constants."""


class LearntColumns(NamedTuple):
    """Hold the columns of a record's queries. It says which are read whole unless ids are constants."""

    columns: Columns
    lists: Mapping[str, Columns]
    read_whole: frozenset[str] = frozenset()
    """Names of lists, and of the record."""
    by_index: frozenset[str] = frozenset()
    """Columns of keys whose rows an index finds."""


def _is_asked(column: Expression) -> Expression:
    """Test whether a record's id is among the statement's constants."""
    return column.in_(bindparam(IDS, expanding=True))


class RecordQuery:
    """The parts that build statements about a record. Raises `SourceProtocolError` for a column that must be there."""

    def __init__(self, dialect: Dialect, name: str, settings: RecordSettings, learnt: LearntColumns) -> None:
        self.dialect = dialect
        self.name = name
        self.record = RECORDS[name]
        self.settings = settings
        self.learnt = learnt
        source = as_subquery(dialect, settings.query, learnt.columns, name)
        self.source = source if settings.rating_scale is None else rated(dialect, source, settings.rating_scale)
        self._read_whole = learnt.read_whole
        self.by_index = learnt.by_index
        self.lists = {item: self._list_of(item, own) for item, own in learnt.lists.items()}

    def confined(self, kind: KeyKind, paths: Iterable[str]) -> tuple[Expression, ...]:
        """Confine a statement that reads these fields to ids as constants. Nothing where it needs none."""
        id_ = required(self.source, "id")
        if self.record_is_confined(kind):
            return (_is_asked(id_),)
        # A record without an id stays, to be counted as one that cannot be read.
        lists = self._read_whole & {path.partition(".")[0] for path in paths}
        return (or_(_is_asked(id_), id_.is_(None)),) if lists else ()

    def record_is_confined(self, kind: KeyKind) -> bool:
        """Tell whether the record's query needs ids as constants. A query of pairs has them."""
        return self.name in self._read_whole and self.settings.keys[kind].query is not None

    def _list_of(self, name: str, columns: Columns) -> Subquery:
        rows = as_subquery(self.dialect, self.settings.lists[name].query, columns, name)
        if name not in self._read_whole:
            return rows
        return select(rows).where(_is_asked(required(rows, PARENT))).subquery(f"asked_{name}")

    def in_lists_read_whole(self, path: str) -> bool:
        return path.partition(".")[0] in self._read_whole

    def json(self, fields: Fields, table: FromClause) -> Expression:
        """Write the selected fields of a record as JSON text."""
        return cast(self._object(self.record, fields, table, ""), Text)

    def field(self, place: ColumnPlace, table: FromClause) -> Expression:
        """Write a field as JSON, null without a column for it."""
        value = self._value(place.field, None, table, place.column)
        return null() if value is None else value

    def time(self, table: FromClause) -> Expression | None:
        """The time that orders the record, None for records without one."""
        field = self.record.time_field
        return self.dialect.time(required(table, field)) if field else None

    def leaf(self, place: ColumnPlace, table: FromClause, value: Expression) -> Expression:
        """The value of a leaf, null where an object around it is."""
        for struct, prefix in place.inside:
            there = self._presence(struct, prefix, table)
            value = null() if there is None else case((there, value))
        return value

    def text(self, place: ColumnPlace, table: FromClause) -> Expression:
        """Write a leaf as text that compares as our decoded value: enums by their member."""
        return self.leaf(place, table, self._text(place, table))

    def _text(self, place: ColumnPlace, table: FromClause) -> Expression:
        value, default = table.c.get(place.column), _default(place.field)
        if value is None:
            return null() if default is None else literal(default, Text)
        leaf = place.field.leaf
        if leaf in NUMBERS:
            return self._number_text(place.field, value)
        if leaf is None or not issubclass(leaf, Enum):
            return cast(self.canonical(place.field, value), Text)
        # Names of our own members may stand in the text, where they cost no parameter. Most values are one as they are.
        members: list[Expression] = [literal_column(f"'{member.value}'") for member in leaf]
        text = cast(value, Text)
        name = func.upper(func.replace(func.replace(func.trim(text), " ", "_"), "-", "_"), type_=Text)
        known = case((text.in_(members), text), (name.in_(members), name), (name != "", "UNKNOWN"))
        return known if default is None else func.coalesce(known, default)

    def _number_text(self, field: FieldInfo, value: Expression) -> Expression:
        """A number as it stands in JSON, be it there in quotes. What is none has no text."""
        number = func.replace(cast(self.canonical(field, value), Text), '"', "", type_=Text)
        if not self.dialect.may_be_text(value):
            return number
        given = self.dialect.given(value)
        return case((or_(given.is_(None), self.dialect.plain(given).is_not(None)), number))

    def read(self, name: str, field: FieldInfo, table: FromClause) -> Expression:
        """A column to calculate with: null where it is not there or has an empty text, codes in upper case."""
        value = table.c.get(name)
        if value is None:
            # PostgreSQL takes a null without a type for a text, which has no sum.
            return cast(null(), BigInteger) if field.leaf in (int, float) else null()
        return self._canonical(field, value) if code_pattern(field) is not None else self._given(field, value)

    def operand(self, name: str, field: FieldInfo, table: FromClause) -> Expression:
        """Read a column to sum or group by: as `read`, decimals as numbers, null for others."""
        computed = table.c.get(_operand_name(name))
        if computed is not None:
            return computed
        column = table.c.get(name)
        return self.read(name, field, table) if column is None or field.leaf is not Decimal else self.dialect.number(column)

    def operands(self, places: Iterable[ColumnPlace], table: FromClause) -> list[Label[Any]]:
        """The operands of measures, to be computed once for all of them. Those of nested lists are not."""
        columns = {name: field for place in places if place.in_list is None for name, field in operand_columns(place).items()}
        return [
            self.operand(name, field, table).label(_operand_name(name)) for name, field in columns.items() if name in table.c
        ]

    @property
    def required(self) -> tuple[str, ...]:
        """List the fields that a record must have, except its time."""
        return tuple(
            field.name
            for field in fields_of(self.record).values()
            if field.required and field.form == LEAF and field.name != self.record.time_field
        )

    def doubt(self, place: ColumnPlace, table: FromClause) -> Expression | None:
        """Test whether a number or time cannot be read. None where it always can."""
        field, name = place.field, place.column
        if place.in_list is None and name == self.record.time_field:
            return None  # it is in doubt for every measure
        if field.struct is Money:
            field, name = fields_of(Money)["amount"], f"{name}_amount"
        column, least, most = table.c.get(name), *limits(field.type)
        if column is None:
            return None
        value = self._given(field, column)
        doubts: list[Expression] = []
        if field.leaf in (int, float):
            number = self.dialect.plain(value)
            doubts += [number < literal_column(str(least))] if least is not None else []
            doubts += [number > literal_column(str(most))] if most is not None else []
            doubts += [number != func.round(number)] if field.leaf is int else []
        if self.dialect.may_be_odd(column) and field.leaf in (*NUMBERS, Decimal, datetime):
            read = {datetime: self.dialect.time}.get(field.leaf, self.dialect.plain)
            doubts.append((self.operand(name, field, table) if field.leaf is Decimal else read(column)).is_(None))
        return and_(or_(*doubts), value.is_not(None)) if doubts else None

    def texts(self, paths: Iterable[str], table: FromClause) -> list[Label[Any]]:
        """Compute the fields of conditions once for all of them. Those of nested lists are not."""
        places = [place_of(self.record, path) for path in dict.fromkeys(paths)]
        return [self.text(place, table).label(_text_name(place)) for place in places if place.in_list is None]

    def condition(self, path: str, negated: bool, parameter: str, table: FromClause) -> Expression:
        """Test whether a field is one of a parameter's values. Of a nested list, whether any item's is."""
        place = place_of(self.record, path)
        if place.in_list is None:
            computed = table.c.get(_text_name(place))
            value: Expression = self.text(place, table) if computed is None else computed
            test = self.dialect.one_of(value, parameter, Text())
            return or_(value.is_(None), not_(test)) if negated else test
        items = self.items(place.in_list, table)
        if items is None:
            return not_(false()) if negated else false()
        owned = self.owned(place.in_list, items, table)
        matching = select(literal(1)).select_from(items)
        matching = matching.where(*owned, self.dialect.one_of(self.text(place, items), parameter, Text()))
        test = self.dialect.for_each(matching).correlate_except(items).exists()
        return not_(test) if negated else test

    def items(self, name: str, table: FromClause) -> FromClause | None:
        """Select the rows of a nested list: its query, or the elements of a column of JSON."""
        if name in self.lists:
            return self.lists[name]
        own = table.c.get(name)
        return None if own is None else self.dialect.elements(self.dialect.json_text(own))

    def has_column(self, path: str) -> bool:
        """Tell whether a leaf has a column. What is in the elements of a column of JSON is not known, and counts as there."""
        place = place_of(self.record, path)
        if place.in_list is None:
            return place.column in self.source.c
        own = self.lists.get(place.in_list)
        return place.in_list in self.source.c if own is None else place.column in own.c

    def owned(self, name: str, items: FromClause, table: FromClause) -> list[Expression]:
        """Tie the items of a list to their record. Elements of its own column need no tie."""
        if name not in self.lists:
            return []
        return [self.dialect.same_id(required(items, PARENT), self.dialect.outer(required(table, "id")))]

    def position(self, items: FromClause) -> Expression | None:
        """Sort the items of a list. None if the query has no order."""
        own = items.c.get(POSITION)
        return None if own is None else self.dialect.position(own)

    def canonical(self, field: FieldInfo, value: Expression) -> Expression:
        """Write a leaf as in JSON, with its default for null. Booleans and JSON are text to embed."""
        default = _default(field)
        if field.leaf in NUMBERS:
            return self.dialect.plain_json(self.dialect.given(value), default)
        canonical = self._canonical(field, value)
        return canonical if default is None else func.coalesce(canonical, default)

    def plain(self, field: FieldInfo, value: Expression) -> Expression:
        """A number that is no decimal, with the field's default for null."""
        number, default = self.dialect.plain(value), _default(field)
        return number if default is None else func.coalesce(number, default)

    def _canonical(self, field: FieldInfo, value: Expression) -> Expression:
        dialect = self.dialect
        if field.form == LIST or field.leaf is dict:
            return dialect.json_text(value)
        if field.leaf is str and code_pattern(field) is None:
            return dialect.text(value)
        if field.leaf is datetime:
            return dialect.time_json(value, dialect.time(value))
        if field.leaf is Decimal:
            return dialect.decimal_text(value)
        if field.leaf is bool:
            return dialect.boolean(value)
        text = cast(value, Text)
        return dialect.given(text) if code_pattern(field) is None else func.nullif(func.upper(func.trim(text)), "", type_=Text)

    def _object(self, struct: type[msgspec.Struct], fields: Fields, table: FromClause, prefix: str) -> Expression:
        own = fields_of(struct)
        chosen = [(own[name], inner) for name, inner in fields if name in own]
        values = [(field.json_name, self._value(field, inner, table, prefix + field.name)) for field, inner in chosen]
        return self.dialect.json_object([(name, value) for name, value in values if value is not None])

    def _value(self, field: FieldInfo, fields: Fields | None, table: FromClause, name: str) -> Expression | None:
        if field.form == OBJECT and field.struct is not None:
            return self._part(field.struct, fields, table, f"{name}_")
        if name in self.lists and field.form == LIST:
            return self._list(field, fields or Fields(), table)
        value = table.c.get(name)
        if value is None:
            return None
        if name == self.record.time_field and "time_" in table.c:
            return self.dialect.time_json(value, table.c.time_)
        canonical = self.canonical(field, value)
        is_json = field.form == LIST or field.leaf in (dict, bool)
        return self.dialect.embedded(canonical) if is_json else canonical

    def _part(self, struct: type[msgspec.Struct], fields: Fields | None, table: FromClause, prefix: str) -> Expression | None:
        there = self._presence(struct, prefix, table)
        if there is None:
            return None
        inside = self._object(struct, Fields.from_paths(*fields_of(struct)) if fields is None else fields, table, prefix)
        return self.dialect.embedded(case((there, inside)))

    def _presence(self, struct: type[msgspec.Struct], prefix: str, table: FromClause) -> Expression | None:
        """When an object is there: its required columns are, or any where none is required. None when it never can be."""
        needed, every = deciding_columns(struct, prefix)
        own = columns_of(struct, prefix)
        present = [self._given(own[name], table.c[name]).is_not(None) for name in needed or every if name in table.c]
        if needed:
            return and_(*present) if len(present) == len(needed) else None
        return or_(*present) if present else None

    def _given(self, field: FieldInfo, value: Expression) -> Expression:
        """A value, null for an empty text where that means nothing."""
        return value if field.leaf is str and code_pattern(field) is None else self.dialect.given(value)

    def _list(self, field: FieldInfo, fields: Fields, table: FromClause) -> Expression:
        items = self.lists[field.name]
        if field.struct is not None:
            item = self._object(field.struct, fields, items, "")
        else:
            item = self.dialect.quoted(self.canonical(item_field(field), required(items, VALUE)))
        order = [] if (position := self.position(items)) is None else [position]
        (parent,) = self.owned(field.name, items, table)
        return self.dialect.json_list(item, items, parent, order)


def _text_name(place: ColumnPlace) -> str:
    return f"text_{place.column}_"


def _operand_name(column: str) -> str:
    return f"operand_{column}_"


def _default(field: FieldInfo) -> Any:
    """Give a field's canonical default. None when it is null or there is none."""
    default = field.default
    if default is msgspec.NODEFAULT:
        return None
    if isinstance(default, Enum):
        return default.value
    return msgspec.json.encode(default).decode() if isinstance(default, bool | dict | list) else default
