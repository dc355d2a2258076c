"""Find the documents that have the words of a text, or nearly, by the indexes that there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any

from bson import Regex

from connectors.contract import WordSearch
from connectors.inspection import MIN_INDEXED_ROWS
from connectors.mongo.database import MongoDatabase
from connectors.mongo.filters import Match
from connectors.toolkit.learnt_value import LearntValue
from connectors.toolkit.search_words import Word, expressions_of, words_of

WAYS_LAST_S, LEARNING_S = 600, 5
"""How long it is taken for granted which indexes there are."""


class WordWay(Enum):
    """How the words of a path are found."""

    SCAN = "by reading a collection that is small"
    WORDS = "as whole words"
    BEGINNING = "by the beginning"
    NONE = "not at all"


Ways = Mapping[str, WordWay]
"""The paths that are looked in, each with its way."""


class WordWays:
    """Finds out how the paths of a record are searched in, again after a while: an index may have come."""

    def __init__(self, database: MongoDatabase, collection: str, paths: Sequence[str]) -> None:
        self._database = database
        self._collection = collection
        self._paths = paths
        self.found: Ways = {}
        self._learnt = LearntValue(self._find, WAYS_LAST_S)

    async def find(self) -> Ways:
        """Find the way of each path. Raises `SourceError`."""
        self.found = await self._learnt.find()
        return self.found

    async def aclose(self) -> None:
        await self._learnt.aclose()

    async def _find(self) -> Ways:
        with self._database.within(LEARNING_S):
            return await self._look()

    async def _look(self) -> Ways:
        indexed = await self._database.indexed_paths(self._collection)
        if indexed is not None and await self._database.estimated_count(self._collection) <= MIN_INDEXED_ROWS:
            return dict.fromkeys(self._paths, WordWay.SCAN)
        in_words = await self._database.text_paths(self._collection)
        return {path: _way_of(path, in_words, indexed or set()) for path in self._paths}


def _way_of(path: str, in_words: Collection[str], indexed: Collection[str]) -> WordWay:
    if path in in_words or "$**" in in_words:
        return WordWay.WORDS
    return WordWay.BEGINNING if path in indexed else WordWay.NONE


def matches_of_words(text: str, search: WordSearch, ways: Ways, fields: Mapping[str, str]) -> Sequence[Match]:
    """Write what matches the words of a text; nothing where no path finds them. `fields` are the fields of the paths."""
    words = words_of(text)
    usable = {path: way for path, way in ways.items() if search.fields is None or fields.get(path) in search.fields}
    kinds = set(usable.values()) - {WordWay.NONE}
    if not words or not kinds:
        return ()
    if WordWay.SCAN in kinds:
        own = [_in_any(usable, expressions_of(word, near=search.near)) for word in words]
        return [{"$and": own}, {"$or": own}] if search.near and len(own) > 1 else [{"$and": own}]
    if search.near:
        return ()
    begins = [path for path, way in usable.items() if way is WordWay.BEGINNING]
    beginning = {"$or": [{path: Regex(f"^{form}")} for word in words for form in _forms(word) for path in begins]}
    # An index of words has all of its paths together: who may not look in one of them looks in none.
    whole = " ".join(f'"{word.written}"' for word in words)
    has_all = all(path in usable for path, way in ways.items() if way is WordWay.WORDS)
    in_words = [{"$text": {"$search": whole}}] if WordWay.WORDS in kinds and has_all else []
    return [*in_words, *([beginning] if begins else [])]


def search_gaps(where: str, collection: str, ways: Ways) -> list[str]:
    """Say what is left out for want of an index, and how to add it."""
    gaps = []
    for path, way in ways.items():
        if way is not WordWay.SCAN:
            left_out = "not looked in" if way is WordWay.NONE else f"only found {way.value}, and nothing that is misspelled"
            fix = (
                "" if way is WordWay.WORDS else f'; create an index of words, db.{collection}.createIndex({{"{path}": "text"}})'
            )
            gaps.append(f"{where}.keys.text: {path} is {left_out}{fix}")
    return gaps


def _in_any(paths: Mapping[str, Any], expressions: Sequence[str]) -> Match:
    return {"$or": [{path: Regex(own, "i")} for path in paths for own in expressions]}


def _forms(word: Word) -> list[str]:
    return [*dict.fromkeys((word.written, word.written.capitalize(), word.written.upper()))]
