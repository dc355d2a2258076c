"""Say what a database says of a query that does not run, for the operator's own terminal, and where in the query that is.

Logs and answers have none of this: a database repeats what it was given.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from connectors.errors import SourceError
from connectors.sql.failures import unwrapped

MAX_WORDS = 300
"""So many characters of a database's message are shown."""

POSTGRESQL_SYNTAX = "42"
"""The class of PostgreSQL's errors that are about a statement's text, and repeat no data."""

_SHORTER = (
    (re.compile(r"\n+LINE \d+:.*", re.DOTALL), ""),
    (re.compile(r"^\w+ Error: "), ""),
    (re.compile(r"^You have an error in your SQL syntax; .* to use near", re.DOTALL), "syntax error near"),
    (re.compile(r"\s*Did you mean \"(?:pg_|sqlite_|duckdb_|information_).*", re.DOTALL), ""),
    (re.compile(r"(?<=') at line \d+$"), ""),
    (re.compile(r"\s*\) AS learnt\b[^']*"), ""),
)
"""What is left out of messages: DuckDB's picture of the place, which has a line of the query, and its guesses at tables of its
own; kinds of errors; advice to read a manual; the line in the whole statement, and our own part of that."""

_NAMES = re.compile(
    r"""no\ such\ (?:column|table|function):\ (\S+)
      | ambiguous\ column\ name:\ (\S+)
      | (?:[Cc]olumn|relation|[Tt]able|FUNCTION)\ ["'](?:[^"'.]+\.)?([^"']+)["']
      | with\ name\ (\S+)\ does""",
    re.VERBOSE,
)
"""How the databases name what is not there."""
_NEAR = re.compile(r"""near ["'](.+?)["'](?: at line \d+|: syntax error|$)|unrecognized token: "(.+)"$""", re.DOTALL)
"""How they name the text that they do not understand."""


class QueryFailure(NamedTuple):
    """What is wrong with a query, the fix, and the place as it follows the path of the setting."""

    words: str
    fix: str
    place: str = ""


def explain_failure(error: SourceError, query: str, statement: str) -> QueryFailure | None:
    """Explain the failure of a statement that holds a user's query. None where the database has said nothing."""
    cause = error.__cause__
    foreign: Any = None if cause is None else unwrapped(cause)
    words = "" if foreign is None else database_words(foreign)
    if not words:
        return None
    hint = getattr(foreign, "hint", None)
    fix = _one_line(hint) if hint else "correct the query there"
    position = getattr(foreign, "position", None)
    begin = statement.find(query.strip())
    if position and begin >= 0:
        index = int(position) - 1 - begin
        found = index if 0 <= index < len(query) else None
    else:
        found = _find(query, words)
    return QueryFailure(words, fix, _place(query, found))


def find_name(query: str, name: str) -> str:
    """Find the last place where a query has a name, which is mostly that of `AS`."""
    places = [own.start() for own in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", query, re.IGNORECASE)]
    return _place(query, places[-1] if places else None)


def explain_statement(error: SourceError) -> str | None:
    """Repeat what a database says of a whole statement, where that is about its text. None otherwise."""
    cause = error.__cause__
    foreign: Any = None if cause is None else unwrapped(cause)
    is_about_text = str(getattr(foreign, "sqlstate", "")).startswith(POSTGRESQL_SYNTAX)
    return database_words(foreign) if is_about_text else None


def database_words(foreign: BaseException) -> str:
    """Take the message of a database's error, without its parts that repeat data."""
    arguments = foreign.args
    if type(foreign).__module__.startswith("asyncmy"):
        arguments = arguments[1:]
    words = str(arguments[0]) if arguments else ""
    for pattern, short in _SHORTER:
        words = pattern.sub(short, words)
    return _one_line(words)


def _place(query: str, index: int | None) -> str:
    """Write line and column of a character, from 1, as they follow the path of the setting."""
    if index is None:
        return ""
    above = query[:index]
    return f":{above.count(chr(10)) + 1}:{index - above.rfind(chr(10))}"


def _one_line(text: str) -> str:
    words = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    words = words.replace("; ", ", ").rstrip(".;")
    return words if len(words) <= MAX_WORDS else words[:MAX_WORDS].rpartition(" ")[0] + " ..."


def _find(query: str, words: str) -> int | None:
    """Find the first place that a message names. Text that is not understood must stand in one place only."""
    if (match := _NEAR.search(words)) is not None:
        near = (match[1] or match[2]).split(") AS ")[0].strip()
        places = [own.start() for own in re.finditer(re.escape(near).replace(r"\ ", r"\s+"), query)]
        return places[0] if len(places) == 1 else None
    for name in (own for match in _NAMES.finditer(words) for own in match.groups() if own):
        for spelling in (name, name.rpartition(".")[2]):
            place = re.search(rf"(?<!\w){re.escape(spelling)}(?!\w)", query, re.IGNORECASE)
            if place is not None:
                return place.start()
    return None
