"""The form of CSV files, guessed once: DuckDB takes longer to guess it than to read a small file."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from connectors.files.failures import FOREIGN

if TYPE_CHECKING:
    import duckdb

GUESSED = "union_by_name = true"
"""What stands in a reader whose files' form DuckDB guesses each time."""
_SNIFF = (
    "SELECT Delimiter, NewLineDelimiter, SkipRows, Columns"
    """ FROM sniff_csv($1, header = true, all_varchar = true, quote = '"', escape = '"', comment = '')"""
)
_LINE_ENDS = frozenset({"\\n", "\\r\\n", "\\r"})


class File(NamedTuple):
    """Identify a file as it stood. One of the same time, size and node has not changed."""

    path: str
    changed_ns: int
    size: int
    node: int


class FormedReader(NamedTuple):
    """Hold a statement for files of a known form, and these files."""

    statement: str
    files: Mapping[str, tuple[File, ...]]


class Forms:
    """Hold the readers of CSV files and the files' last forms. The readers go by their text in a statement."""

    def __init__(self, readers: Mapping[str, str]) -> None:
        """`readers` have the pattern of their files."""
        self._readers = readers
        self._known: dict[str, tuple[tuple[File, ...], str]] = {}

    def reading(self, statement: str, cursor: duckdb.DuckDBPyConnection) -> FormedReader:
        """Write the statement with the forms that its files have now."""
        files = {}
        for reader, pattern in self._readers.items():
            if reader not in statement:
                continue
            seen = _files(pattern, cursor)
            if not seen:
                continue  # DuckDB says it
            known, text = self._known.get(reader, ((), ""))
            if known != seen:
                try:
                    text = _formed(reader, pattern, seen, cursor)
                except FOREIGN:
                    continue  # what is wrong with the files is said by the statement that reads them
                self._known[reader] = seen, text
            files[pattern] = seen
            statement = statement.replace(reader, text)
        return FormedReader(statement, files)

    def holds(self, reading: FormedReader, cursor: duckdb.DuckDBPyConnection) -> bool:
        """Tell whether no file has changed since."""
        return all(_files(pattern, cursor) == files for pattern, files in reading.files.items())


def _files(pattern: str, cursor: duckdb.DuckDBPyConnection) -> tuple[File, ...]:
    paths = []
    for (path,) in cursor.execute("SELECT file FROM glob($1) ORDER BY file", [pattern]).fetchall():
        try:
            status = Path(path).stat()
        except OSError:
            continue
        paths.append(File(path, status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(paths)


def _formed(reader: str, pattern: str, files: tuple[File, ...], cursor: duckdb.DuckDBPyConnection) -> str:
    """Give a reader the form of its files, side by side."""
    forms = [(_form(file.path, cursor), file.path) for file in files]
    parts = []
    for form, group in groupby(forms, key=lambda pair: pair[0]):
        paths = ", ".join(map(_literal, (path for _, path in group)))
        parts.append("FROM " + reader.replace(_literal(pattern), f"[{paths}]").replace(GUESSED, form))
    return f"({' UNION ALL BY NAME '.join(parts)})" if len(parts) > 1 else parts[0].removeprefix("FROM ")


def _form(path: str, cursor: duckdb.DuckDBPyConnection) -> str:
    row = cursor.execute(_SNIFF, [path]).fetchone()
    assert row is not None
    delimiter, line_end, skipped, columns = row
    named = ", ".join(f"{_literal(column['name'])}: 'VARCHAR'" for column in columns)
    options = [f"delim = {_literal(delimiter)}", f"columns = {{{named}}}", f"skip = {int(skipped)}"]
    if line_end in _LINE_ENDS:
        options.append(f"new_line = {_literal(line_end)}")
    return f"auto_detect = false, {', '.join(options)}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
