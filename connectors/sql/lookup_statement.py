"""Write the one statement of a batch of keys: records, order, page, JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    FromClause,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from connectors.contract import Ask, Condition, KeyKind, Page
from connectors.record_fields import Fields
from connectors.sql.columns import columns_for
from connectors.sql.dialect import KEY_TYPES, Dialect, Expression
from connectors.sql.keys import KEYS, keyed, pairs_of
from connectors.sql.record_query import RecordQuery
from connectors.sql.subqueries import required
from connectors.sql.word_search import WordShape
from connectors.toolkit.json_repair import repair_json

MAX_CHARACTERS = 10 * 1024 * 1024
"""The database cuts the JSON of a record off here, and one that is so long counts as malformed. PostgreSQL cuts at no more."""


class AskShape(msgspec.Struct, frozen=True):
    """Hold the part of an ask that decides the statement. The rest are parameters."""

    fields: Fields
    first: bool
    after: bool
    since: bool
    until: bool
    updated_since: bool
    where: tuple[tuple[str, bool], ...]
    oldest_first: bool
    count: bool
    words: WordShape | None = None


def shape_of(ask: Ask, words: WordShape | None = None) -> AskShape:
    asked = (ask.first, ask.after, ask.since, ask.until, ask.updated_since)
    first, after, since, until, updated_since = (value is not None for value in asked)
    where = conditions_shape(ask.where)
    return AskShape(ask.fields, first, after, since, until, updated_since, where, ask.oldest_first, ask.count, words)


def conditions_shape(where: Sequence[Condition]) -> tuple[tuple[str, bool], ...]:
    return tuple((condition.field, condition.negated) for condition in where)


def ask_parameters(ask: Ask, dialect: Dialect) -> dict[str, Any]:
    """List the values of an ask's parameters by name."""
    values: dict[str, Any] = {f"where_{i}": list(condition.values) for i, condition in enumerate(ask.where)}
    if ask.first is not None:
        values["first"] = ask.first
    if ask.after is not None:
        values["after_id"] = ask.after.id
    after = ask.after.time if ask.after is not None else None
    times = {"after_time": after, "since": ask.since, "until": ask.until, "updated_since": ask.updated_since}
    return values | {name: dialect.time_value(time) for name, time in times.items() if time is not None}


def matched(
    rows: RecordQuery,
    kind: KeyKind,
    columns: Iterable[str],
    conditions: Sequence[Expression],
    words: WordShape | None = None,
) -> Select[Any]:
    """Select the records of the keys asked for: `key_`, `time_`, and the columns that are read.

    `time_` is null where it cannot be read, and where there is no id: either is no record.
    """
    source = rows.source
    matches = keyed(rows, kind, words)
    read = [source.c[name] for name in dict.fromkeys(("id", *columns)) if name in source.c]
    id_ = required(source, "id")
    statement = select(matches.key.label("key_"), *read).select_from(matches.table).where(*matches.conditions, *conditions)
    time = rows.time(source)
    return (
        statement if time is None else statement.add_columns(case((rows.dialect.given(id_).is_not(None), time)).label("time_"))
    )


def order_of(rows: RecordQuery, table: FromClause, oldest_first: bool = False) -> list[Expression]:
    """Newest first by time and id; records without a time by id."""
    id_ = rows.dialect.ordered(table.c.id)
    if "time_" not in table.c:
        return [id_]
    return [*rows.dialect.nulls_last(table.c.time_, not oldest_first), id_ if oldest_first else id_.desc()]


def lookup_statement(rows: RecordQuery, kind: KeyKind, shape: AskShape) -> Select[Any]:
    """Write the statement of a lookup.

    Its rows have key, id, JSON, number, and total where it is counted; JSON is null in a row that stands for its total alone.
    """
    conditions = [*_where(rows, shape), *_bounds(rows, shape), *rows.confined(kind, _paths(shape))]
    columns = list(columns_for(rows.record, shape.fields))
    if shape.first and not shape.count and rows.settings.keys[kind].column in rows.by_index:
        shown: list[Expression] = []
        table: FromClause = _first_of_each(rows, kind, columns, shape)
    else:
        matches = matched(rows, kind, columns, conditions, shape.words).subquery("matched")
        table, shown = _numbered(rows, matches, shape)
    json = rows.json(shape.fields, table)
    if "time_" in table.c and rows.record.time_field not in dict(shape.fields):
        # A record whose time cannot be read is given as null: the gateway drops it alone, and counts it.
        json = case((table.c.time_.is_(None), "null"), else_=json)
    json = rows.dialect.beginning(json, MAX_CHARACTERS)
    order = [table.c.key_, *order_of(rows, table, shape.oldest_first)]
    own = (table.c.key_, rows.dialect.text(table.c.id).label("id_"))
    number = table.c.number_ if "number_" in table.c else literal_column("0")
    if not shape.count:
        return select(*own, json.label("json_"), number).where(*shown).order_by(*order)
    if not shown:
        return select(*own, json.label("json_"), number, table.c.total_).order_by(*order)
    wanted_rows = or_(table.c.number_ == 1, and_(*shown))
    return select(*own, case((and_(*shown), json)).label("json_"), number, table.c.total_).where(wanted_rows).order_by(*order)


def lookup_ids(rows: RecordQuery, kind: KeyKind, shape: AskShape) -> Select[Any] | None:
    """Select the ids that the statement needs as constants. None where it needs none."""
    if not rows.confined(kind, _paths(shape)):
        return None
    if rows.record_is_confined(kind):
        return record_ids(rows, kind)
    where = [(i, *condition) for i, condition in enumerate(shape.where) if not rows.in_lists_read_whole(condition[0])]
    conditions = [rows.condition(field, negated, f"where_{i}", rows.source) for i, field, negated in where]
    conditions += [*_updated(rows, shape), *_bounds(rows, shape)]
    matches = matched(rows, kind, (), conditions, shape.words).subquery("matched")
    if shape.count or len(where) < len(shape.where):
        return _distinct_ids(rows, matches)
    table, shown = _numbered(rows, matches, shape)
    return _distinct_ids(rows, table).where(*shown)


def record_ids(rows: RecordQuery, kind: KeyKind) -> Select[Any]:
    """Select the ids of all records of the keys asked for."""
    key = rows.settings.keys[kind]
    if key.query is not None:
        return _distinct_ids(rows, pairs_of(rows.dialect, kind, key))
    return _distinct_ids(rows, matched(rows, kind, (), ()).subquery("matched"))


def _distinct_ids(rows: RecordQuery, table: FromClause) -> Select[Any]:
    """Select ids in all their spellings. The column that they are compared with may tell apart what theirs does not."""
    exact = (own.label("exact_id_") for own in rows.dialect.exact(table.c.id))
    return select(table.c.id, *exact).distinct()


def _paths(shape: AskShape) -> list[str]:
    return [*(name for name, _ in shape.fields), *(field for field, _ in shape.where)]


def _where(rows: RecordQuery, shape: AskShape) -> list[Expression]:
    where = [rows.condition(field, negated, f"where_{i}", rows.source) for i, (field, negated) in enumerate(shape.where)]
    return [*where, *_updated(rows, shape)]


def _updated(rows: RecordQuery, shape: AskShape) -> list[Expression]:
    """Require a record to have changed in time, or to have no time that says so."""
    column = rows.source.c.get("updated_at")
    if not shape.updated_since or column is None:
        return []
    time = rows.dialect.time(column)
    return [or_(time >= rows.dialect.time_parameter("updated_since"), time.is_(None))]


def _bounds(rows: RecordQuery, shape: AskShape) -> list[Expression]:
    """Bound the records of a lookup.

    A record whose time cannot be read stays, to be counted as one.
    """
    time = rows.time(rows.source)
    bounds = bounds_of(rows, time, shape.since, shape.until)
    return [or_(and_(*bounds), time.is_(None))] if bounds and time is not None else []


def bounds_of(rows: RecordQuery, time: Expression | None, since: bool, until: bool, prefix: str = "") -> list[Expression]:
    """Bound the record's time."""
    bounds: list[Expression] = []
    if since and time is not None:
        bounds.append(time >= rows.dialect.time_parameter(f"{prefix}since"))
    if until and time is not None:
        bounds.append(time < rows.dialect.time_parameter(f"{prefix}until"))
    return bounds


def _numbered(rows: RecordQuery, matches: Subquery, shape: AskShape) -> tuple[FromClause, list[Expression]]:
    """Number the matched records, and test for those to show."""
    later = [_later(rows, matches, shape.oldest_first)] if shape.after else []
    if not (shape.first or shape.count):
        return matches, later
    order = order_of(rows, matches, shape.oldest_first)
    # Rows that are there twice, as a join makes them, are one record and have one number.
    number = func.dense_rank().over(partition_by=matches.c.key_, order_by=order).label("number_")
    if not shape.count:
        table = select(matches, number).where(*later).subquery("ranked")
        return table, [table.c.number_ <= bindparam("first", type_=table.c.number_.type)]
    ranked = select(matches, number).subquery("ranked")
    counts = [_last_number(ranked, ranked.c.time_.is_not(None) if "time_" in ranked.c else true()).label("total_")]
    if later:
        # The records up to the cursor are counted too, so they are skipped by their number.
        counts.append(_last_number(ranked, not_(_later(rows, ranked, shape.oldest_first))).label("skipped_"))
    table = select(ranked, *counts).subquery("counted")
    skipped = [table.c.skipped_] if later else []
    shown = [table.c.number_ > number for number in skipped]
    if shape.first:
        shown.append(table.c.number_ <= sum(skipped, bindparam("first", type_=table.c.number_.type)))
    return table, shown


def _first_of_each(rows: RecordQuery, kind: KeyKind, columns: Iterable[str], shape: AskShape) -> FromClause:
    """Read the first records of each key in the order of an index, and no others.

    Only where they are fewer than are asked for, those are looked for whose time cannot be read.
    """
    dialect, source, key = rows.dialect, rows.source, rows.settings.keys[kind]
    column, id_, own_time = (required(source, name or "") for name in (key.column, "id", rows.record.time_field))
    time = dialect.indexed_time(own_time)
    asked = dialect.asked_keys(KEYS, KEY_TYPES[key.type])
    text = dialect.key(column, KEY_TYPES[key.type])
    read = [source.c[name] for name in dict.fromkeys(("id", *columns)) if name in source.c]
    # Rows of another spelling of the key are not its own.
    same = text.collate(dialect.collation) == cast(asked.c.key_, Text)
    own = select(text.label("key_"), *read).where(column == asked.c.key_, same, *_where(rows, shape)).correlate(asked)
    is_record = and_(dialect.given(id_).is_not(None), dialect.time(own_time).is_not(None))
    bounds = bounds_of(rows, time, shape.since, shape.until)
    by_id = dialect.ordered(id_)
    if shape.after:
        end, end_id = dialect.time_parameter("after_time"), bindparam("after_id", type_=Text())
        # An index takes the first of these as a bound.
        bounds += (
            [time >= end, or_(time > end, by_id > end_id)]
            if shape.oldest_first
            else [time <= end, or_(time < end, by_id < end_id)]
        )
    timed = own.add_columns(time.label("time_"), cast(null(), BigInteger).label("number_")).where(is_record, *bounds)
    first = dialect.first_in_order(timed, (time, by_id), not shape.oldest_first).subquery("gateway_first")
    number = func.dense_rank().over(order_by=by_id if shape.oldest_first else by_id.desc())
    others = own.add_columns(cast(null(), time.type).label("time_"), number.label("number_"))
    others = others.where(not_(is_record), *_bounds(rows, shape))
    # One after the other, until there are enough: so the others are not read where the first suffice.
    found = union_all(select(first), select(others.subquery("gateway_others"))).limit(bindparam("first", type_=BigInteger()))
    rows_of_key = found.lateral("gateway_rows")
    return select(rows_of_key).select_from(asked.join(rows_of_key, true())).subquery("ranked")


def _last_number(ranked: FromClause, condition: Expression) -> Expression:
    """Count a key's leading records that meet a condition."""
    return func.coalesce(func.max(case((condition, ranked.c.number_))).over(partition_by=ranked.c.key_), 0)


def _later(rows: RecordQuery, table: FromClause, oldest_first: bool) -> Expression:
    """Tell whether a record comes after the cursor. Those whose time cannot be read are the last ones."""
    own, end = rows.dialect.ordered(table.c.id), bindparam("after_id", type_=Text())
    if "time_" not in table.c:
        return own > end
    time, end_time = table.c.time_, rows.dialect.time_parameter("after_time")
    if oldest_first:
        return or_(tuple_(time, own) > tuple_(end_time, end), time.is_(None))
    return or_(tuple_(time, own) < tuple_(end_time, end), time.is_(None))


def pages(rows: Iterable[Any], asked: Mapping[str, Sequence[str]]) -> dict[str, Page]:
    """Put the rows of a lookup's statement together: one page for each key that has any, where a record is once.

    Rows of one id and time, which have one number, are one record, as is one without a number. What those of other times are,
    the gateway says.
    """
    records: dict[str, dict[Any, str]] = {}
    totals: dict[str, int] = {}
    for key, id_, json, number, *total in rows:
        own = records.setdefault(key, {})
        if json is not None:
            place = len(own) if number is None or not id_ else (number, id_)
            own.setdefault(place, json if len(json) < MAX_CHARACTERS else "null")
        if total:
            totals[key] = total[0]
    return {
        key: Page(whole(f"[{','.join(own.values())}]"), totals.get(text))
        for text, own in records.items()
        for key in asked.get(text, ())
    }


def whole(json: str) -> bytes:
    """Replace half characters in JSON by U+FFFD: databases store them, decoders refuse them."""
    content = json.encode()
    if "\\ud" in json or "\\uD" in json:
        with suppress(ValueError, RecursionError):  # what is no JSON, the gateway says
            return repair_json(content)
    return content
