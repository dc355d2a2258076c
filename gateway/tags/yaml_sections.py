"""Read settings out of YAML, and report all problems by line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import yaml

from connectors.errors import ConfigurationError
from connectors.suggestions import did_you_mean

T = TypeVar("T")

_DURATION = re.compile(r"(\d{1,18})([mhdw])")
_MAX_DEPTH = 10
"""So deep settings are looked for. A mapping that is its own part would have no end."""

_MERGE = "tag:yaml.org,2002:merge"
_COLON_IN_TEXT = "mapping values are not allowed here"
MAX_SPAN = 9_999
"""The most minutes, hours, days or weeks of a span."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Problems:
    """Collect problems of a file and of those that it includes, and raise them in order of files and lines."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.is_included = False
        self.rank = 0
        self._places: dict[str, tuple[int, int]] = {}

    def beside(self, file: str, rank: int) -> Problems:
        """Collect the problems of a file that is included with those of this one. `rank` is its place among them."""
        other = copy(self)
        other.file, other.rank, other.is_included = file, rank, True
        return other

    def add(self, line: int, path: str, message: str, column: int | None = None) -> None:
        """Take a problem; the same one found twice counts once."""
        place = ":".join(str(part) for part in (self.file, line, column) if part is not None)
        self._places[f"{place}: {f'{path}: ' if path else ''}{message}"] = self.rank, line

    def __len__(self) -> int:
        return len(self._places)

    def raise_any(self) -> None:
        if self._places:
            raise ConfigurationError(sorted(self._places, key=self._places.__getitem__))


def read_yaml_text(path: Path) -> str:
    """Read the text of a file. Raises `ConfigurationError`."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); give the path of a readable file"
    except UnicodeDecodeError:
        problem = "is not UTF-8 text; save it as UTF-8"
    except ValueError:
        problem = "is no path of a file; take the character of code 0 out"
    raise ConfigurationError([f"{path.name}: {problem}"])


def read_sections(path: Path, problems: Problems, text: str | None = None) -> Section:
    """Read a file, or its text, as one section. It raises at once when it cannot be read or is no mapping."""
    try:
        root = yaml.compose(read_yaml_text(path) if text is None else text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(filter(None, (error.context, error.problem)))
        fix = "; put text that has ': ' in it into quotation marks" if error.problem == _COLON_IN_TEXT else ""
        problems.add(mark.line + 1 if mark else 1, "", f"is not YAML: {reason}{fix}")
    except RecursionError:
        problems.add(1, "", "is nested too deeply; write what is in it flatter")
    except yaml.YAMLError:
        problems.add(1, "", "is not YAML: it has characters that text does not have; remove them")
    else:
        if isinstance(root, yaml.MappingNode):
            return Section(root, "", 1, problems)
        problems.add(1, "", "needs the sections 'facts' and 'tags'")
    problems.raise_any()
    raise AssertionError


def read_lines(path: Path) -> dict[str, int]:
    """Find the lines of a file's settings by dotted paths. Nothing for a file that is no YAML."""
    try:
        root = yaml.compose(read_yaml_text(path), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ConfigurationError):
        return {}
    return dict(_lines_in(root, "", _MAX_DEPTH))


def _lines_in(node: yaml.Node | None, prefix: str, depth: int) -> Iterator[tuple[str, int]]:
    for key, value in node.value if depth and isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode):
            yield f"{prefix}{key.value}", key.start_mark.line + 1
            yield from _lines_in(value, f"{prefix}{key.value}.", depth - 1)


class Section:
    """A mapping in the file: reads its settings by name and reports those that are missing, unknown or of a wrong kind."""

    def __init__(self, node: yaml.MappingNode, path: str, line: int, problems: Problems) -> None:
        self._path = path
        self._line = self.line = line
        self._problems = problems
        self._values: dict[str, yaml.Node] = {}
        self._lines: dict[str, int] = {}
        merged: list[tuple[int, yaml.Node]] = []
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                problems.add(line, path, "a name must be plain text")
            elif key.tag == _MERGE:
                merged.append((line, value))
            elif key.value in self._lines:
                problems.add(line, self._at(key.value), f"stands twice, first in line {self._lines[key.value]}; keep one")
            else:
                self._lines[key.value] = line
                self._values[key.value] = value
        for line, value in merged:
            self._merge(value, line, {id(node)})

    def _merge(self, node: yaml.Node, line: int, seen: set[int]) -> None:
        """Add the settings of a mapping that is merged by `<<`. Settings that stand here themselves count first."""
        for mapping in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(mapping, yaml.MappingNode):
                self._problems.add(line, self._at("<<"), "must name a mapping, such as *name of one with &name")
            elif id(mapping) not in seen:
                seen.add(id(mapping))
                for key, value in mapping.value:
                    if key.tag != _MERGE and isinstance(key, yaml.ScalarNode) and key.value not in self._values:
                        self._lines[key.value] = key.start_mark.line + 1
                        self._values[key.value] = value
                for key, value in mapping.value:  # what a mapping has itself counts before what it merges
                    if key.tag == _MERGE:
                        self._merge(value, line, seen)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @property
    def place(self) -> str:
        """The file and the line."""
        return f"{self._problems.file}:{self._line}"

    @property
    def is_included(self) -> bool:
        """Whether the file is one that another one includes."""
        return self._problems.is_included

    @property
    def included_file(self) -> str | None:
        """The file where it is one that another one includes."""
        return self._problems.file if self.is_included else None

    def place_of(self, name: str) -> str:
        """Name the file and the line of a setting."""
        return f"{self._problems.file}:{self._lines[name]}"

    def content(self, without: Collection[str] = ()) -> dict[str, object]:
        """Give what is written, to compare it with what is written elsewhere."""
        return {name: _content(node, _MAX_DEPTH) for name, node in self._values.items() if name not in without}

    def report(self, name: str, message: str) -> None:
        """Report a problem with one setting, at its line.

        At the section's when it is absent. The name "" is the section itself.
        """
        self._problems.add(self._lines.get(name, self._line), self._at(name), message)

    def report_at(self, name: str, offset: int, message: str) -> None:
        """Report a problem at a character (from 0) of a text setting, by line and column of the file."""
        position = _position(self._values[name], offset)
        if position is None:
            self._problems.add(self._lines[name], self._at(name), f"character {offset + 1}: {message}")
        else:
            line, column = position
            self._problems.add(line, self._at(name), message, column)

    def expect(self, known: Collection[str]) -> None:
        """Report every setting that is not one of `known`."""
        for name in self._values:
            if name not in known:
                self.report(name, f"unknown setting{did_you_mean(name, known)}")

    def text(self, name: str) -> str:
        """Read a required text; empty when it is reported."""
        if name not in self._values:
            self.report(name, "is missing; add it")
        return self.optional_text(name) or ""

    def optional_text(self, name: str) -> str | None:
        """Read a text; None when it is absent or reported. Unquoted YES and 90 are the texts that they look like."""
        node = self._values.get(name)
        if node is None:
            return None
        texts = _texts(node)
        if texts is None or isinstance(node, yaml.SequenceNode) or not texts[0].strip():
            self.report(name, "must be text, and not empty")
            return None
        return texts[0].strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """Read one text or a list of texts. They are empty when it is absent or reported."""
        node = self._values.get(name)
        texts = _texts(node) if node else ()
        if node and texts is None:
            self.report(name, "must be a text or a list of texts")
        elif node and not texts:
            self.report(name, "is an empty list; give at least one text, or remove it")
        return texts or ()

    def version(self, name: str) -> int:
        """Read a required whole number from 1."""
        text = self.text(name)
        if text and not re.fullmatch(r"[1-9]\d{0,8}", text):
            self.report(name, "must be a whole number from 1 to 999,999,999; write it in digits")
            return 0
        self.refuse_quotes(name, "a whole number")
        return int(text or 0)

    def refuse_quotes(self, name: str, needed: str) -> None:
        """Report numbers of a setting, or of its list, that stand in quotation marks: in YAML they are texts then."""
        node = self._values.get(name)
        if isinstance(node, yaml.SequenceNode):
            for quoted in filter(_is_quoted, node.value):
                self.report(name, f"must have {needed} without quotes; write {quoted.value} in the list")
        elif node is not None and _is_quoted(node):
            self.report(name, f"must be {needed} without quotes; write `{name}: {node.value}`")

    def is_null(self, name: str) -> bool:
        """Tell whether a setting says null."""
        node = self._values.get(name)
        return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"

    def is_mapping(self, name: str) -> bool:
        """Tell whether a setting is a mapping."""
        return isinstance(self._values.get(name), yaml.MappingNode)

    def items(self, name: str) -> list[Section]:
        """Read a list of mappings. Empty when it is absent; others are reported and left out."""
        node = self._values.get(name)
        if node is not None and not isinstance(node, yaml.SequenceNode):
            self.report(name, "must be a list, with '- ' before each of its entries")
            return []
        sections = []
        for number, item in enumerate(node.value if node else (), 1):
            line = item.start_mark.line + 1
            if isinstance(item, yaml.MappingNode):
                sections.append(Section(item, f"{self._at(name)}[{number}]", line, self._problems))
            else:
                self._problems.add(line, f"{self._at(name)}[{number}]", "must be a mapping of names to settings")
        return sections

    def is_quoted(self, name: str) -> bool:
        """Tell whether a setting stands in quotation marks."""
        node = self._values.get(name)
        return node is not None and _is_quoted(node)

    def duration(self, name: str) -> timedelta | None:
        """Read a span, for example 90d. None when it is absent or reported."""
        text = self.optional_text(name)
        if not text:
            return None
        match = _DURATION.fullmatch(text)
        if match is None:
            self.report(name, f"'{text}' is not a span of time; write a number and m, h, d or w, such as 6h or 90d")
        elif not 1 <= int(match[1]) <= MAX_SPAN:
            word = "long" if int(match[1]) else "short"
            self.report(name, f"'{text}' is too {word}; write a number from 1 to {MAX_SPAN:,} and m, h, d or w")
        else:
            return timedelta(**{_UNITS[match[2]]: int(match[1])})
        return None

    def required_duration(self, name: str) -> timedelta | None:
        """Read a span that must be there; None when it is reported."""
        self.text(name)
        return self.duration(name)

    def choice(self, name: str, known: Mapping[str, T]) -> T | None:
        """Read a required word out of `known`; None when it is reported."""
        text = self.text(name)
        if text and text not in known:
            self.report(name, f"unknown word '{text}'{did_you_mean(text, known)}")
        return known.get(text)

    def require(self, names: Collection[str]) -> None:
        """Report settings that are absent."""
        for name in names:
            if name not in self._values:
                self.report(name, "is missing; add it")

    def sections(self, name: str) -> dict[str, Section]:
        """Read the mappings under a name that may be absent, by their own names. Others are reported and left out."""
        entries = self.section(name)
        if entries is None:
            return {}
        return {each: section for each in entries if (section := entries.section(each))}

    def section(self, name: str) -> Section | None:
        """Read the mapping under a name; None when absent or reported."""
        node = self._values.get(name)
        if isinstance(node, yaml.MappingNode):
            return Section(node, self._at(name), self._lines[name], self._problems)
        if node is not None:
            self.report(name, "must be a mapping of names to settings")
        return None

    def _at(self, name: str) -> str:
        return ".".join(part for part in (self._path, name) if part)


def _content(node: yaml.Node, depth: int) -> object:
    if isinstance(node, yaml.ScalarNode):
        return node.tag, node.value
    if not depth:
        return None
    if isinstance(node, yaml.MappingNode):
        pairs = [(_content(key, depth - 1), _content(value, depth - 1)) for key, value in node.value]
        return sorted(pairs, key=repr)
    return [_content(item, depth - 1) for item in node.value]


def _texts(node: yaml.Node) -> tuple[str, ...] | None:
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not all(isinstance(each, yaml.ScalarNode) and each.tag != "tag:yaml.org,2002:null" for each in nodes):
        return None
    return tuple(each.value for each in nodes)


def _is_quoted(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style in ("'", '"')


def _position(node: yaml.Node, offset: int) -> tuple[int, int] | None:
    """Find the line and column of a character of a text. YAML folds spaces and lines, so other characters are counted.

    None where the text stands there otherwise than it reads, with escapes.
    """
    mark, end = node.start_mark, node.end_mark
    if not isinstance(node, yaml.ScalarNode) or not isinstance(mark.buffer, str):
        return None
    written = mark.buffer[mark.pointer : end.pointer]
    begin = {"|": written.find("\n") + 1, ">": written.find("\n") + 1, "'": 1, '"': 1}.get(node.style or "", 0)
    if (node.style == "'" and "''" in written[1:-1]) or (node.style == '"' and "\\" in written):
        return None
    text = node.value.strip()
    places = [place for place in range(begin, len(written)) if not written[place].isspace()]
    count = len("".join(text[:offset].split()))
    place = places[count] if offset < len(text) else places[count - 1] + 1
    before = written[:place].split("\n")
    column = len(before[-1]) + (mark.column if len(before) == 1 else 0)
    return mark.line + len(before), column + 1
