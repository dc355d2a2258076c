"""The one statement of a batch of keys: which records, in which order, how many for each key, and their JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import FromClause, Select, Subquery, Text, and_, bindparam, case, func, literal, not_, or_, select

from connectors.contract import Ask, Condition, KeyKind, Page
from connectors.shapes import Fields
from connectors.sql.columns import columns_for
from connectors.sql.dialect import Dialect, Expression
from connectors.sql.keys import keyed, pairs_of
from connectors.sql.rows import Rows, required

MOST_CHARACTERS = 10 * 1024 * 1024
"""The database cuts the JSON of a record off here, and one that is so long counts as malformed. PostgreSQL cuts at no more."""


class AskShape(msgspec.Struct, frozen=True):
    """What of an ask decides the statement; the rest are parameters."""

    fields: Fields
    first: bool
    after: bool
    since: bool
    until: bool
    where: tuple[tuple[str, bool], ...]
    oldest_first: bool
    count: bool


def shape_of(ask: Ask) -> AskShape:
    bounds = (ask.first is not None, ask.after is not None, ask.since is not None, ask.until is not None)
    return AskShape(ask.fields, *bounds, conditions_shape(ask.where), ask.oldest_first, ask.count)


def conditions_shape(where: Sequence[Condition]) -> tuple[tuple[str, bool], ...]:
    return tuple((condition.field, condition.negated) for condition in where)


def ask_parameters(ask: Ask, dialect: Dialect) -> dict[str, Any]:
    """The values of an ask's parameters by name."""
    values: dict[str, Any] = {f"where_{i}": list(condition.values) for i, condition in enumerate(ask.where)}
    if ask.first is not None:
        values["first"] = ask.first
    if ask.after is not None:
        values["after_id"] = ask.after.id
    after = ask.after.time if ask.after is not None else None
    times = {"after_time": after, "since": ask.since, "until": ask.until}
    return values | {name: dialect.time_value(time) for name, time in times.items() if time is not None}


def matched(rows: Rows, kind: KeyKind, columns: Iterable[str], conditions: Sequence[Expression]) -> Select[Any]:
    """The records of the keys asked for: `key_`, `time_` (null where it cannot be read), and the columns that are read."""
    source = rows.source
    found = keyed(rows, kind)
    read = [source.c[name] for name in dict.fromkeys(("id", *columns)) if name in source.c]
    required(source, "id")
    statement = select(found.key.label("key_"), *read).select_from(found.table).where(*found.conditions, *conditions)
    time = rows.time(source)
    return statement if time is None else statement.add_columns(time.label("time_"))


def order_of(rows: Rows, table: FromClause, oldest_first: bool = False) -> list[Expression]:
    """Newest first by time and id; records without a time by id."""
    id_ = rows.dialect.ordered(table.c.id)
    if "time_" not in table.c:
        return [id_]
    return [*rows.dialect.nulls_last(table.c.time_, not oldest_first), id_ if oldest_first else id_.desc()]


def lookup_statement(rows: Rows, kind: KeyKind, shape: AskShape) -> Select[Any]:
    """Rows of key, total (null unless counted) and JSON; JSON is null in a row that stands for its total alone."""
    source = rows.source
    conditions = [rows.condition(field, negated, f"where_{i}", source) for i, (field, negated) in enumerate(shape.where)]
    conditions += bounds_of(rows, source, shape.since, shape.until)
    conditions += rows.confined(kind, _paths(shape))
    columns = list(columns_for(rows.record, shape.fields))
    found = matched(rows, kind, columns, conditions).subquery("matched")
    table, shown = _numbered(rows, found, shape)
    json = rows.json(shape.fields, table)
    if "time_" in table.c:
        # A record whose time cannot be read is given as null: the gateway drops it alone, and counts it.
        json = case((table.c.time_.is_(None), "null"), else_=json)
    json = rows.dialect.beginning(json, MOST_CHARACTERS)
    order = [table.c.key_, *order_of(rows, table, shape.oldest_first)]
    if not shape.count:
        return select(table.c.key_, json.label("json_")).where(*shown).order_by(*order)
    if not shown:
        return select(table.c.key_, json.label("json_"), table.c.total_).order_by(*order)
    kept = or_(table.c.number_ == 1, and_(*shown))
    return select(table.c.key_, case((and_(*shown), json)).label("json_"), table.c.total_).where(kept).order_by(*order)


def lookup_ids(rows: Rows, kind: KeyKind, shape: AskShape) -> Select[Any] | None:
    """The ids that the lookup's statement needs as constants, None where it needs none."""
    if not rows.confined(kind, _paths(shape)):
        return None
    if rows.record_is_confined(kind):
        return record_ids(rows, kind)
    where = [(i, *condition) for i, condition in enumerate(shape.where) if not rows.in_lists_read_whole(condition[0])]
    conditions = [rows.condition(field, negated, f"where_{i}", rows.source) for i, field, negated in where]
    conditions += bounds_of(rows, rows.source, shape.since, shape.until)
    found = matched(rows, kind, (), conditions).subquery("matched")
    if shape.count or len(where) < len(shape.where):
        return select(found.c.id).distinct()
    table, shown = _numbered(rows, found, shape)
    return select(table.c.id).where(*shown).distinct()


def record_ids(rows: Rows, kind: KeyKind) -> Select[Any]:
    """The ids of all records of the keys asked for."""
    key = rows.settings.keys[kind]
    if key.query is not None:
        return select(pairs_of(rows.dialect, kind, key).c.id).distinct()
    return select(matched(rows, kind, (), ()).subquery("matched").c.id).distinct()


def _paths(shape: AskShape) -> list[str]:
    return [*(name for name, _ in shape.fields), *(field for field, _ in shape.where)]


def bounds_of(rows: Rows, table: FromClause, since: bool, until: bool, prefix: str = "") -> list[Expression]:
    """The window on the record's time."""
    time = rows.time(table) if "time_" not in table.c else table.c.time_
    found: list[Expression] = []
    if since and time is not None:
        found.append(time >= rows.dialect.time_parameter(f"{prefix}since"))
    if until and time is not None:
        found.append(time < rows.dialect.time_parameter(f"{prefix}until"))
    return found


def _numbered(rows: Rows, found: Subquery, shape: AskShape) -> tuple[FromClause, list[Expression]]:
    """The matched records with what windows say about them, and which of them are shown."""
    later = [_later(rows, found, shape.oldest_first)] if shape.after else []
    if not (shape.first or shape.count):
        return found, later
    key = found.c.key_
    windows: list[Expression] = []
    if shape.count:
        windows.append(func.count(found.c.get("time_", literal(1))).over(partition_by=key).label("total_"))
    if shape.first or shape.after:
        order = order_of(rows, found, shape.oldest_first)
        windows.append(func.row_number().over(partition_by=key, order_by=order).label("number_"))
    if shape.count and later:
        # The records up to the cursor are counted too, so they are skipped by their number.
        windows.append(func.count(case((not_(later[0]), 1))).over(partition_by=key).label("skipped_"))
        later = []
    table = select(found, *windows).where(*later).subquery("ranked")
    shown: list[Expression] = []
    skipped: Any = table.c.get("skipped_")
    if skipped is not None:
        shown.append(table.c.number_ > skipped)
    if shape.first:
        first = bindparam("first", type_=table.c.number_.type)
        shown.append(table.c.number_ <= (first if skipped is None else skipped + first))
    return table, shown


def _later(rows: Rows, table: FromClause, oldest_first: bool) -> Expression:
    """Whether a record comes after the cursor."""
    own, end = rows.dialect.ordered(table.c.id), bindparam("after_id", type_=Text())
    if "time_" not in table.c:
        return own > end
    time, end_time = table.c.time_, rows.dialect.time_parameter("after_time")
    if oldest_first:
        return or_(time > end_time, and_(time == end_time, own > end))
    return or_(time < end_time, and_(time == end_time, own < end))


def pages(found: Iterable[Any], asked: Mapping[str, Sequence[str]]) -> dict[str, Page]:
    """Put the rows of a lookup's statement together: one page for each key that has any."""
    records: dict[str, list[str]] = {}
    totals: dict[str, int] = {}
    for key, json, *total in found:
        own = records.setdefault(key, [])
        if json is not None:
            own.append(json if len(json) < MOST_CHARACTERS else "null")
        if total:
            totals[key] = total[0]
    return {
        key: Page(b"[" + ",".join(own).encode() + b"]", totals.get(text))
        for text, own in records.items()
        for key in asked.get(text, ())
    }
