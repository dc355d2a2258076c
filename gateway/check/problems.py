"""Problems of a configuration, as people and programs read them."""

import re
from collections.abc import Collection, Iterable, Sequence

import msgspec

MAX_LINE = 1_000_000_000
"""Problems without a line come after those that have one."""

DEFAULT_FIX = "correct it there"
"""For a message that says what must be, and so what to do."""

ENVIRONMENT = "environment"
"""What stands for the file of a problem that a variable has."""


class Problem(msgspec.Struct, frozen=True):
    """A mistake: the file, the line (from 1), the path of the setting, what is wrong, and what to do about it.

    `path` is dotted, as in `sources.shop.records.order.keys.email`. `column` (from 1) is that of a character in the line.
    """

    file: str | None
    line: int | None
    path: str
    message: str
    fix: str
    column: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        words = f"{self.message}; {self.fix}" if self.fix else self.message
        return ": ".join(part for part in (place, self.path, words) if part)


class SettingText(msgspec.Struct, frozen=True):
    """A problem as a connector writes it: `PATH: WORDS`, or `PATH:LINE:COLUMN: WORDS` for a place in a long text.

    `line` and `column` begin with 1 where the text begins.
    """

    path: str
    words: str
    line: int | None = None
    column: int | None = None


_SETTING = re.compile(
    r"((?:access|callers|sources|mongodb|tags|clock|documents)(?:\.[^\s:]+)?)(?::(\d+)(?::(\d+))?)?: (.+)", re.DOTALL
)
_IN_FILE = re.compile(r"(?P<file>[^:\s]+):(?P<line>\d+)(?::(?P<column>\d+))?: (?:(?P<path>[\w.-]+): )?(?P<words>.+)", re.DOTALL)

_NO_FIELD = re.compile(
    r"(?:(?:the column |`)(?P<name>[\w.]+)`? )?is no (?:such )?field\b|the record has no field '(?P<fact>[\w.]+)'"
)
"""How it is told that a record has no such field; without a name, the setting has it: `sources.NAME.fields.RECORD.NAME`."""


def read_setting_text(text: str) -> SettingText | None:
    """Take the text of a connector apart. None for one that names no setting."""
    match = _SETTING.fullmatch(text)
    if match is None:
        return None
    path, line, column, words = match.groups()
    return SettingText(path, words, *(None if number is None else int(number) for number in (line, column)))


def read_file_text(text: str) -> Problem | None:
    """Take `FILE:LINE: PATH: WORDS`, or `FILE:LINE:COLUMN: PATH: WORDS`, apart. None for a text of another form."""
    match = _IN_FILE.fullmatch(text)
    if match is None:
        return None
    column = None if match["column"] is None else int(match["column"])
    return Problem(match["file"], int(match["line"]), match["path"] or "", *split_fix(match["words"]), column)


def split_fix(words: str) -> tuple[str, str]:
    """Split what is wrong from what to do. What must be is a fix already."""
    message, _, fix = words.partition("; ")
    return message, fix or DEFAULT_FIX


def problem_without_place(text: str) -> Problem:
    """Take a text that names no setting, such as that of a customer's record."""
    message, _, fix = text.partition("; ")
    return Problem(None, None, "", message, fix)


def without_consequences(problems: Sequence[Problem]) -> list[Problem]:
    """Leave out that a record has no such field, where a field of one's own of that name is badly declared."""
    paths = [problem.path.split(".") for problem in problems]
    declared = {path[2] for path in paths if path[0] == "fields" and len(path) > 2}
    return [problem for problem in problems if not _is_consequence(problem, declared)]


def _is_consequence(problem: Problem, declared: Collection[str]) -> bool:
    """Tell whether a source names one of these fields, or a part of it, and is told that there is none."""
    match = _NO_FIELD.match(problem.message)
    if match is None:
        return False
    name = match["name"] or match["fact"] or ".".join(problem.path.split(".")[4:])
    return any(name == own or name.startswith((f"{own}.", f"{own}_")) for own in declared)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sort problems by line, file after file as they come, each once."""
    once = list(dict.fromkeys(problems))
    files = list(dict.fromkeys(problem.file for problem in once))
    return sorted(once, key=lambda own: (files.index(own.file), own.line or MAX_LINE, own.column or 0))
