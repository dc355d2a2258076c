"""SOQL as far as tests send it: parsed as documented, and answered from rows in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|[(),]|>=|<=|!=|[=<>]|[\w.:+-]+)")
_ESCAPED = re.compile(r"\\(.)")
_KNOWN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound,
    "=": lambda value, bound: value == bound,
}


class SoqlError(Exception):
    """`code` is the vendor's."""

    def __init__(self, code: str) -> None:
        self.code = code


class Query(NamedTuple):
    """`fields` and the names of parents in them are paths; `children` are queries by the name of their relationship."""

    source: str
    fields: list[str]
    children: dict[str, Query]
    test: Test
    order: list[tuple[str, bool]]
    limit: int | None
    counts: bool = False
    """Whether it asks for nothing but how many rows there are, as `total`."""

    def answer(self, rows: list[Row]) -> list[Row]:
        """The rows that are asked for, whole, in the order that is asked for."""
        found = [row for row in rows if self.test(row)]
        for path, descending in reversed(self.order):
            found.sort(key=lambda row: at(row, path), reverse=descending)
        return found[: self.limit]


def parsed(text: str) -> Query:
    """Raises `SoqlError` as the vendor does: MALFORMED_QUERY, INVALID_QUERY_FILTER_OPERATOR for what is no id."""
    parser = _Parser(list(_tokens(text)))
    query = parser.query()
    if parser.next() != "":
        raise SoqlError("MALFORMED_QUERY")
    return query


def at(row: Row, path: str) -> Any:
    """The value at a dotted path, None where a parent is missing. Raises `SoqlError` for a field that the object has not."""
    here: Any = row
    for name in path.split("."):
        if here is None:
            return None
        if name not in here:
            raise SoqlError("INVALID_FIELD")
        here = here[name]
    return here


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            raise SoqlError("MALFORMED_QUERY")
        yield found.group(1)
        place = found.end()


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*reversed(tokens)]

    def next(self) -> str:
        return self._tokens.pop() if self._tokens else ""

    def _takes(self, word: str) -> bool:
        if self._tokens and self._tokens[-1].upper() == word:
            self._tokens.pop()
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise SoqlError("MALFORMED_QUERY")

    def query(self) -> Query:
        self._must("SELECT")
        fields: list[str] = []
        children: dict[str, Query] = {}
        counts = self._counts()
        while not counts:
            if self._takes("("):
                child = self.query()
                children[child.source] = child
                self._must(")")
            else:
                fields.append(self._name())
            if not self._takes(","):
                break
        self._must("FROM")
        if len(fields) > len(set(fields)):
            raise SoqlError("MALFORMED_QUERY")
        source = self._name()
        test: Test = self._tests() if self._takes("WHERE") else lambda _row: True
        order: list[tuple[str, bool]] = []
        if self._takes("ORDER"):
            self._must("BY")
            order.append(self._ordering())
            while self._takes(","):
                order.append(self._ordering())
        limit = int(self.next()) if self._takes("LIMIT") else None
        return Query(source, fields, children, test, order, limit, counts)

    def _counts(self) -> bool:
        """Take `COUNT(Id) total`, which has an alias since without one it would be called `expr0`."""
        words = ["COUNT", "(", "Id", ")", "total"]
        if self._tokens[-len(words) :][::-1] != words:
            return False
        del self._tokens[-len(words) :]
        return True

    def _name(self) -> str:
        name = self.next()
        if not re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", name):
            raise SoqlError("MALFORMED_QUERY")
        return name

    def _ordering(self) -> tuple[str, bool]:
        path = self._name()
        return path, not self._takes("ASC") and self._takes("DESC")

    def _tests(self) -> Test:
        """One of many, or all of many: a mixture needs parentheses."""
        tests = [self._one()]
        word, joined = ("OR", any) if self._tokens and self._tokens[-1].upper() == "OR" else ("AND", all)
        while self._takes(word):
            tests.append(self._one())
        return lambda row: joined(test(row) for test in tests)

    def _one(self) -> Test:
        if self._takes("("):
            test = self._tests()
            self._must(")")
            return test
        path = self._name()
        if self._takes("NOT"):
            self._must("IN")
            test = self._in(path)
            return lambda row: not test(row)
        if self._takes("IN"):
            return self._in(path)
        if self._takes("!="):
            self._must("NULL")
            return lambda row: at(row, path) is not None
        operator, bound = self.next(), self._value()
        if isinstance(bound, str):
            return _behind(path, operator, bound)
        compare = _COMPARED.get(operator)
        if compare is None:
            raise SoqlError("MALFORMED_QUERY")
        read = (lambda value: value) if isinstance(bound, bool) else datetime.fromisoformat
        return lambda row: (value := at(row, path)) is not None and compare(read(value), bound)

    def _in(self, path: str) -> Test:
        self._must("(")
        if self._tokens and self._tokens[-1].upper() == "SELECT":
            return self._joined(path)
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._must(")")
        if not all(isinstance(value, str) for value in values):
            raise SoqlError("INVALID_FIELD")
        if path.endswith("Id"):
            if not all(_ID.fullmatch(value) for value in values):
                raise SoqlError("INVALID_QUERY_FILTER_OPERATOR")
            return lambda row: (at(row, path) or "")[:15] in {value[:15] for value in values}
        return lambda row: (at(row, path) or "").casefold() in {value.casefold() for value in values}

    def _joined(self, path: str) -> Test:
        """A semi-join of contacts with their roles at accounts: these stand in the row."""
        query = self.query()
        self._must(")")
        if (path, query.source, query.fields) != ("Id", "AccountContactRole", ["ContactId"]):
            raise SoqlError("MALFORMED_QUERY")
        return lambda row: bool(query.answer(row["AccountContactRoles"]))

    def _value(self) -> str | bool | datetime:
        """A text in quotes; a time, or true or false, without them."""
        token = self.next()
        if token.upper() in {"TRUE", "FALSE"}:
            return token.upper() == "TRUE"
        try:
            return _ESCAPED.sub(_unescaped, token[1:-1]) if token.startswith("'") else datetime.fromisoformat(token)
        except ValueError:
            raise SoqlError("MALFORMED_QUERY") from None


def _behind(path: str, operator: str, bound: str) -> Test:
    """Ids are compared with an id, as the Bulk API Developer Guide does under "PK Chunking"."""
    if (path, operator) != ("Id", ">") or not _ID.fullmatch(bound):
        raise SoqlError("INVALID_QUERY_FILTER_OPERATOR")
    return lambda row: bool(at(row, path)[:15] > bound[:15])


def _unescaped(found: re.Match[str]) -> str:
    try:
        return _KNOWN_ESCAPES[found.group(1)]
    except KeyError:
        raise SoqlError("MALFORMED_QUERY") from None
