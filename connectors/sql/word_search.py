"""Find the rows that have the words of a text, or nearly, by the indexes that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    CTE,
    BigInteger,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from connectors.contract import KeyKind, WordSearch
from connectors.sql.database import SqlDatabase
from connectors.sql.dialect import Dialect, Expression
from connectors.sql.record_query import RecordQuery
from connectors.sql.search_ways import SearchWay
from connectors.sql.settings import RecordSettings
from connectors.sql.subqueries import as_subquery, required
from connectors.toolkit.search_words import Patterns, Word, words_of

PATTERNS, TEXT, WHOLE = "patterns", "text", "whole_text"
"""The parameters: the patterns of near words, the text as it is asked for, and as a pattern."""
_NUMBER_LENGTH = 1
BEGINNINGS = (SearchWay.LOWER, SearchWay.BEGINNING)
WAYS_LAST_S = 600
"""How long it is taken for granted which indexes there are."""

CONTACTS = ("email", "phone")
"""The columns in which nothing is misspelled that is not so in a name."""

Ways = Mapping[str, SearchWay]
"""The columns that are looked in, each with its way."""


class WordShape(msgspec.Struct, frozen=True):
    """Hold the part of a search that decides the statement: columns with their ways, how many patterns each word has."""

    ways: tuple[tuple[str, SearchWay], ...]
    words: tuple[int, ...]
    near: bool


class WordQuery(msgspec.Struct, frozen=True):
    """A search as it is sent: its shape and its parameters."""

    shape: WordShape
    parameters: Mapping[str, Any]


async def find_ways(database: SqlDatabase, settings: RecordSettings) -> Ways:
    """Find out how each column of the key `text` is searched in. Raises `SourceError`."""
    names = settings.keys[KeyKind.TEXT].columns
    return {name: (await database.search_way(settings.query, name)).way for name in names}


def word_query(text: str, search: WordSearch, ways: Ways) -> WordQuery | None:
    """Write a search for the words of a text. None where it has none, or no column finds them."""
    words = words_of(text)
    looked_in = {name: way for name, way in ways.items() if search.fields is None or name.lower() in search.fields}
    by_pattern = (SearchWay.SCAN, SearchWay.TRIGRAMS)
    usable = {
        name: way for name, way in looked_in.items() if way is not SearchWay.NONE and (not search.near or way in by_pattern)
    }
    if search.near and len(usable) > 1:
        # An address has the words of the name: it is looked in where they are right.
        usable = {name: way for name, way in usable.items() if name.lower() not in CONTACTS} or usable
    if not words or not usable:
        return None
    patterns = Patterns("%", "_", is_scanned=all(way is SearchWay.SCAN for way in usable.values()))
    shape = WordShape(tuple(usable.items()), (), near=search.near)
    if search.near:
        numbered = [f"{number}{pattern}" for number, word in enumerate(words) for pattern in patterns.near(word)]
        return WordQuery(shape, {TEXT: text, PATTERNS: json.dumps(numbered)})
    parameters: dict[str, Any] = {TEXT: text, WHOLE: re.sub(r"([\\%_])", r"\\\1", text.strip())}
    counts = []
    for number, word in enumerate(words):
        own = patterns.whole(word)
        counts.append(len(own))
        parameters |= {f"word_{number}_{place}": pattern for place, pattern in enumerate(own)}
        parameters |= _beginnings(number, word)
    return WordQuery(msgspec.structs.replace(shape, words=tuple(counts)), parameters)


def found_pairs(rows: RecordQuery, shape: WordShape) -> CTE:
    """Select the ids of the rows that have the words, each with the text as its key, as many as are asked for."""
    source = as_subquery(rows.dialect, rows.settings.query, rows.learnt.columns, f"{rows.name}_sought")
    id_, first, text = required(source, "id"), bindparam("first", type_=BigInteger()), cast(bindparam(TEXT, type_=Text()), Text)
    columns = [cast(required(source, name), Text) for name, _ in shape.ways]
    if not shape.near:
        having = _has_words(rows.dialect, source, shape)
        is_whole = or_(*(column.ilike(bindparam(WHOLE, type_=Text()), escape="\\") for column in columns))
        found = select(id_.label("id"), text.label("key")).where(having)
        return found.order_by(case((is_whole, 0), else_=1)).limit(first).cte("gateway_pairs")
    asked = rows.dialect.elements(bindparam(PATTERNS, type_=Text()))
    value = cast(asked.c.value, Text)
    number, pattern = func.substr(value, 1, _NUMBER_LENGTH), func.substr(value, _NUMBER_LENGTH + 1, type_=Text)
    hits = union_all(
        *(
            select(id_.label("id"), number.label("number"))
            .select_from(asked.join(source, column.ilike(pattern, escape="\\")))
            .where(id_.is_not(None))
            for column in columns
        )
    ).subquery("gateway_hits")
    ranked = select(hits.c.id, text.label("key")).group_by(hits.c.id)
    return (
        ranked.order_by(func.count(hits.c.number.distinct()).desc(), func.count().desc(), hits.c.id)
        .limit(first)
        .cte("gateway_pairs")
    )


def search_gaps(where: str, ways: Ways, *, has_trigrams: bool) -> list[str]:
    """Say what is left out for want of an index, and how to add it."""
    gaps = []
    for column, way in ways.items():
        if way in (SearchWay.SCAN, SearchWay.TRIGRAMS):
            continue
        left_out = "not looked in" if way is SearchWay.NONE else f"only found {way.value}, and nothing that is misspelled"
        if has_trigrams:
            fix = (
                "create the extension pg_trgm and, on the table that the column is of, "
                f"an index USING gin ({column} gin_trgm_ops)"
            )
        elif way is SearchWay.NONE:
            fix = f"add an index on {column} without regard to case, by which beginnings are found"
        else:
            fix = "this database has no index for more"
        gaps.append(f"{where}.keys.text: {column} is {left_out}; {fix}")
    return gaps


def _beginnings(number: int, word: Word) -> dict[str, str]:
    """Write what a word is as a beginning, and as a word of full-text search."""
    written = word.written
    return {
        f"word_{number}_begins": f"{written}%",
        f"word_{number}_Begins": f"{written.capitalize()}%",
        f"word_{number}_BEGINS": f"{written.upper()}%",
        f"word_{number}_prefix": f"{written}:*",
    }


def _has_words(dialect: Dialect, source: Subquery, shape: WordShape) -> Expression:
    """Write that a row has all words, each in the way of its column.

    Where that is a beginning, one word is found by it, and the others are anywhere.
    """
    columns = [(required(source, name), way) for name, way in shape.ways]
    looked_in = [
        (column if way is SearchWay.BEGINNING and not dialect.indexes_casts else cast(column, Text), way)
        for column, way in columns
    ]
    words = [*enumerate(shape.words)]
    each = and_(*(or_(*(one for column, way in looked_in for one in _has_word(column, way, *word))) for word in words))
    begins = [one for column, way in looked_in if way in BEGINNINGS for word in words for one in _has_word(column, way, *word)]
    if not begins or len(words) == 1:
        return each
    texts = [cast(column, Text) for column, way in columns if way in BEGINNINGS]
    rest = (or_(*(one for column in texts for one in _has_word(column, SearchWay.SCAN, *word))) for word in words)
    beginning = and_(or_(*begins), *rest)
    return beginning if len(texts) == len(columns) else or_(each, beginning)


def _has_word(column: Expression, way: SearchWay, number: int, count: int) -> Sequence[Expression]:
    def parameter(name: str) -> Expression:
        return bindparam(f"word_{number}_{name}", type_=Text())

    if way is SearchWay.LOWER:
        return [func.lower(column).like(parameter("begins"), escape="\\")]
    if way is SearchWay.BEGINNING:
        return [column.like(parameter(name), escape="\\") for name in ("begins", "Begins", "BEGINS")]
    if way is SearchWay.WORDS:
        simple: Expression = literal_column("'simple'")
        query = func.to_tsquery(simple, parameter("prefix"))
        return [func.to_tsvector(simple, column).op("@@", is_comparison=True)(query)]
    return [column.ilike(parameter(str(place)), escape="\\") for place in range(count)]
