"""Find settings in the text of a TOML file. `tomllib` reads them without their lines."""

import tomllib
from collections.abc import Collection, Iterator
from typing import NamedTuple

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from gateway.settings.paths import Path

_TABLES = ("table", "table_array_element")
_KEYS = ("bare_key", "quoted_key", "dotted_key")
_QUOTES = ("'''", '"""', "'", '"')


class TextPosition(NamedTuple):
    """A place in a file: line and column, from 1. The column is None where it is not known."""

    line: int
    column: int | None = None


class TomlPositions:
    """The lines of a file's settings. A file with errors of syntax has those of the rest."""

    def __init__(self, text: str) -> None:
        self._lines = text.encode().split(b"\n")
        self._positions: dict[Path, TextPosition] = {}
        self._strings: dict[Path, Node] = {}
        self._tables_in_array: dict[Path, int] = {}
        self._text = text.encode()
        # The nodes are of use while their tree is there.
        self._tree = Parser(Language(tree_sitter_toml.language())).parse(self._text)
        self._headers: list[tuple[int, Path]] = []
        self._pairs: list[tuple[int, int]] = []
        self._read_document()

    def find(self, path: Path) -> TextPosition:
        """Find a setting; one that is not there, by the table that it should be in. Line 1 is that of the whole file."""
        while path and path not in self._positions:
            path = path[:-1]
        return self._positions.get(path, TextPosition(1))

    def find_in_text(self, path: Path, line: int, column: int | None, *, is_stripped: bool = True) -> TextPosition:
        """Find a place in the text of a setting. Where it `is_stripped`, spaces and line ends before it do not count."""
        node = self._strings.get(path)
        if node is None:
            return self.find(path)
        written = self._text[node.start_byte : node.end_byte].decode()
        quote = next(own for own in _QUOTES if written.startswith(own))
        start = len(quote)
        if is_stripped:
            start += len(written[start:]) - len(written[start:].lstrip())
        elif len(quote) == len("'''") and written[start:].startswith("\n"):
            start += 1
        if "\\" in written and quote[0] == '"':
            return self._at(node, written[:start])  # escapes move what follows them
        begin = self._at(node, written[:start])
        if line == 1:
            exact = column is not None and begin.column is not None and "${" not in written[start:].partition("\n")[0]
            return TextPosition(begin.line, begin.column + column - 1 if exact and begin.column and column else None)
        lines = written[start:].split("\n")
        is_plain = line <= len(lines) and "${" not in lines[line - 1]
        return TextPosition(begin.line + line - 1, column if is_plain else None)

    def table_at(self, line: int) -> Path:
        """Find the table whose settings stand in a line; () above the first one."""
        above = [(row, path) for row, path in self._headers if row < line]
        return above[-1][1] if above else ()

    def rows_of_pair(self, line: int) -> tuple[int, int]:
        """Find the first and the last line of the setting that ends in a line."""
        return next((rows for rows in self._pairs if rows[1] == line), (line, line))

    def last_error(self, before: TextPosition | None, told: Collection[int]) -> TextPosition | None:
        """Find where the parser lost its way, at a place or before, in none of the lines that are told."""
        nodes, found = [self._tree.root_node], None
        while nodes:
            node = nodes.pop()
            place = self.position(node.start_point.row, node.start_point.column)
            is_before = (before is None or place.line <= before.line) and place.line not in told
            if (node.is_error or node.is_missing) and is_before:
                found = place if found is None else max(found, place)
            nodes += [child for child in node.children if child.has_error]
        return found

    def position(self, byte_row: int, byte_column: int) -> TextPosition:
        """Write a place of the parser's as people count."""
        return TextPosition(byte_row + 1, len(self._lines[byte_row][:byte_column].decode(errors="replace")) + 1)

    def _at(self, node: Node, before: str) -> TextPosition:
        """Find the end of `before`, which begins with the node."""
        start = self.position(node.start_point.row, node.start_point.column)
        *above, last = before.split("\n")
        assert start.column is not None
        return TextPosition(start.line + len(above), len(last) + (1 if above else start.column))

    def _read_document(self) -> None:
        for child in self._tree.root_node.children:
            if child.type in _TABLES:
                self._read_table(child)
            elif child.type == "pair":
                self._read_pair(child, ())

    def _read_table(self, node: Node) -> None:
        key = next((child for child in node.children if child.type in _KEYS), None)
        if key is None:
            return
        path: Path = ()
        names = list(_names(key))
        for number, name in enumerate(names):
            path = (*path, name)
            if number == len(names) - 1 and node.type == "table_array_element":
                self._tables_in_array[path] = self._tables_in_array.get(path, -1) + 1
            self._mark(path, node)
            if path in self._tables_in_array:
                path = (*path, self._tables_in_array[path])
        self._positions[path] = self.position(node.start_point.row, node.start_point.column)
        self._headers.append((node.start_point.row + 1, path))
        for child in node.children:
            if child.type == "pair":
                self._read_pair(child, path)

    def _read_pair(self, node: Node, table: Path) -> None:
        key = next((child for child in node.children if child.type in _KEYS), None)
        if key is None:
            return
        self._pairs.append((node.start_point.row + 1, node.end_point.row + 1))
        path = table
        for name in _names(key):
            path = (*path, name)
            self._mark(path, node)
        self._read_value(node.children[-1], path)

    def _read_value(self, node: Node, path: Path) -> None:
        if node.type == "string":
            self._strings[path] = node
        elif node.type == "inline_table":
            for child in node.children:
                if child.type == "pair":
                    self._read_pair(child, path)
        elif node.type == "array":
            values = [child for child in node.children if child.is_named and child.type != "comment"]
            for index, child in enumerate(values):
                self._mark((*path, index), child)
                self._read_value(child, (*path, index))

    def _mark(self, path: Path, node: Node) -> None:
        self._positions.setdefault(path, self.position(node.start_point.row, node.start_point.column))


def _names(key: Node) -> Iterator[str]:
    if key.type == "dotted_key":
        for child in key.children:
            yield from _names(child)
    elif key.type in _KEYS and key.text is not None:
        text = key.text.decode()
        yield text if key.type == "bare_key" else next(iter(tomllib.loads(f"{text} = 0")))
