"""Read a TOML file in spite of errors of syntax, and list these.

`tomllib` ends at the first one. So its line is left out, and the rest is read again.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.check.toml_positions import TextPosition, TomlPositions
from gateway.settings.paths import Path
from gateway.settings.toml_files import explain_toml_error

MAX_ERRORS = 50
"""So many errors are looked for in a file."""

_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_UNCLOSED = ("Unclosed", "Unterminated", "Expected \"'''\"", 'Expected \'"""\'')
"""How errors begin that are told far behind the place where something was opened."""
_DOUBLED = ("Cannot ", "Duplicate ")


class SyntaxProblem(NamedTuple):
    position: TextPosition
    message: str


class TomlText(NamedTuple):
    """What a file holds (None where its tables cannot be told), its errors, and the settings that have one."""

    document: Mapping[str, Any] | None
    problems: Sequence[SyntaxProblem]
    unset: Sequence[Path]


def read_toml_text(text: str, positions: TomlPositions) -> TomlText:
    """Read the text, and list its errors of syntax."""
    lines = text.split("\n")
    problems: list[SyntaxProblem] = []
    unset: list[Path] = []
    has_tables = True
    while len(problems) < MAX_ERRORS:
        try:
            document = tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError as error:
            message, position = _place(explain_toml_error(error))
            if position is None or message.startswith(_UNCLOSED):
                told = {problem.position.line for problem in problems}
                begin = positions.last_error(position, told) or position or TextPosition(len(lines))
                problems.append(SyntaxProblem(begin, message))
                break
            is_doubled = message.startswith(_DOUBLED)
            first, last = positions.rows_of_pair(position.line) if is_doubled else (position.line, position.line)
            if has_tables or not is_doubled:
                problems.append(SyntaxProblem(TextPosition(first) if is_doubled else position, message))
            if lines[first - 1].lstrip().startswith("["):
                has_tables = False
            elif not is_doubled and (path := (*positions.table_at(first), *_key_in(lines[first - 1]))):
                unset.append(path)
            lines[first - 1 : last] = [""] * (last - first + 1)
        else:
            return TomlText(document if has_tables else None, problems, unset)
    return TomlText(None, problems, ())


def _place(message: str) -> tuple[str, TextPosition | None]:
    match = _PLACE.fullmatch(message)
    if match is None or match[2] is None:
        return (message if match is None else match[1]), None
    return match[1], TextPosition(int(match[2]), int(match[3]))


def _key_in(line: str) -> Path:
    """Read the key of a line; () for one that has none."""
    try:
        table = tomllib.loads(f"{line.partition('=')[0]} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    path: Path = ()
    while isinstance(table, dict):
        (name,) = table
        path, table = (*path, name), table[name]
    return path
