"""Read a file of tags and all that it includes, and find what each name stands for."""

from __future__ import annotations

import itertools
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import yaml

from connectors.errors import ConfigurationError
from connectors.suggestions import suggest
from gateway.tags.window_settings import read_timezone
from gateway.tags.yaml_sections import Problems, Section, read_lines, read_sections, read_yaml_text

T = TypeVar("T")

PACK_FOLDER = Path(__file__).with_name("packs")
"""Where the packs are that the gateway ships."""

INCLUDE = "include"
FACTS, SCORES, SCORECARDS, TAGS, SEGMENTS, ACTIONS = NAMED_SECTIONS = (
    "facts",
    "scores",
    "scorecards",
    "tags",
    "segments",
    "actions",
)
"""The sections whose entries have names of their own."""

REPLACED = (FACTS, SCORES, "thresholds")
"""The sections whose names rules read."""

FILE_SETTINGS = (INCLUDE, "timezone", "defaults", "thresholds", *NAMED_SECTIONS)
_ENDINGS = (".yaml", ".yml")


class SettingPlace(NamedTuple):
    """Where a setting stands. `is_shipped` says that its file is one of the gateway's own."""

    file: str
    line: int
    is_shipped: bool


class PackFile(NamedTuple):
    """A file that was read. `reach` are the files that it includes, by themselves or through others."""

    path: Path
    name: str
    root: Section
    reach: frozenset[Path]
    timezone: str | None

    @property
    def is_shipped(self) -> bool:
        return is_shipped_path(self.path)


class PlacedSection(NamedTuple):
    """A section, and the file that it stands in."""

    section: Section
    file: PackFile


def shipped_names() -> list[str]:
    """List the packs and parts of packs that a file can include by name."""
    found = (path.relative_to(PACK_FOLDER).with_suffix("").as_posix() for path in PACK_FOLDER.rglob("*.yaml"))
    return sorted(found)


def shipped_path(name: str) -> Path:
    """Find the file of a pack that is shipped."""
    return PACK_FOLDER / f"{name}.yaml"


def is_shipped_path(path: Path) -> bool:
    """Tell whether a file is one of the gateway's own."""
    return path.resolve().is_relative_to(PACK_FOLDER.resolve())


def read_included_texts(path: Path, text: str) -> dict[str, str]:
    """Read the texts of all files that a file includes, by their paths. What cannot be read is left to who reads the pack."""
    texts: dict[str, str] = {}
    left = [*_named_files(path, text)]
    while left:
        included = left.pop()
        if str(included) not in texts:
            try:
                texts[str(included)] = read_yaml_text(included)
            except ConfigurationError:
                continue
            left += _named_files(included, texts[str(included)])
    return texts


def _named_files(path: Path, text: str) -> Iterator[Path]:
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value == INCLUDE:
            for node in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(node, yaml.ScalarNode) and node.value:
                    yield _path_of(node.value, path)


def _path_of(named: str, path: Path) -> Path:
    """Find the file that an entry of `include` names. It is relative to the file at `path`, or a shipped pack."""
    return _normal(path.parent / named) if named.endswith(_ENDINGS) else shipped_path(named)


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


class PackFiles:
    """A file of tags with all that it includes, the included ones first."""

    def __init__(self, files: Sequence[PackFile]) -> None:
        self.all = files
        self.own = files[-1]

    def merge_sections(self, name: str) -> dict[str, PlacedSection]:
        """Find what each name of a section stands for. Two files that say different things of one are reported."""
        placed = {
            file.path: {key: PlacedSection(section, file) for key, section in file.root.sections(name).items()}
            for file in self.all
        }
        return self.merge_values(name, placed, lambda one, other: _is_same(one.section, other.section))

    def merge_values(
        self, name: str, values: Mapping[Path, Mapping[str, T]], is_same: Callable[[T, T], bool] = operator.eq
    ) -> dict[str, T]:
        """Find what each name of a section stands for, given by files what each of them says. Reports as `merge_sections`.

        What a file says counts before what the files say that it includes.
        """
        files_by_key: dict[str, list[PackFile]] = {}
        for file in self.all:
            for key in values.get(file.path, ()):
                files_by_key.setdefault(key, []).append(file)
        merged: dict[str, T] = {}
        for key, files in files_by_key.items():
            first, *others = (file for file in files if not any(file.path in other.reach for other in files))
            merged[key] = values[first.path][key]
            for other in others:
                if not is_same(merged[key], values[other.path][key]):
                    self._report_both(name, key, first, other)
        return merged

    def _report_both(self, name: str, key: str, one: PackFile, other: PackFile) -> None:
        places = [own.place_of(key) for file in (one, other) if (own := file.root.section(name)) is not None]
        both = f"{name}.{key} stands in {' and otherwise in '.join(places)}"
        self.own.root.report(INCLUDE, f"{both}; write the one that counts into this file, or rename one of them")

    def list_values(self, file: PackFile, values: Mapping[Path, Mapping[str, T]]) -> dict[str, T]:
        """Give what names stand for in a file by itself and those that it includes, whatever other files say of them."""
        found: dict[str, T] = {}
        for other in self.all:  # the included ones come first
            if other is file or other.path in file.reach:
                found |= values.get(other.path, {})
        return found

    def find_replacements(self, file: PackFile, names: Iterable[str]) -> dict[str, str]:
        """Find where facts, scores and thresholds stand, by file and line, in files that include this one."""
        above = [other for other in reversed(self.all) if file.path in other.reach]
        sections = [section for other in above for name in REPLACED if (section := other.root.section(name)) is not None]
        places: dict[str, str] = {}
        for name in names:
            found = next((section for section in sections if name in section), None)
            if found is not None:
                places[name] = found.place_of(name)
        return places

    def report_unknown(self) -> None:
        """Report settings that no file of tags has."""
        for file in self.all:
            file.root.expect(FILE_SETTINGS)


def read_pack_files(
    path: Path, problems: Problems, text: str | None = None, included: Mapping[str, str] | None = None
) -> PackFiles:
    """Read a file of tags with all that it includes. `text` and `included` are texts that were read before.

    Problems of `include` are reported. It raises at once when a file is no YAML.
    """
    reader = _PackReader(path, problems, included or {})
    reader.read(path, problems, text, ())
    files = [file._replace(timezone=reader.timezone_of(file)) for file in reader.files]
    return PackFiles(files)


class _PackReader:
    def __init__(self, path: Path, problems: Problems, texts: Mapping[str, str]) -> None:
        self._folder = path.parent
        self._problems = problems
        self._texts = texts
        self.files: list[PackFile] = []
        self._by_path: dict[Path, PackFile] = {}
        self._ranks = itertools.count(1)

    def read(self, path: Path, problems: Problems, text: str | None, above: tuple[Path, ...]) -> PackFile:
        """Read a file after those that it includes. `above` are those that include it."""
        root = read_sections(path, problems, text)
        own = _normal(path)
        reach: set[Path] = set()
        for named in root.texts(INCLUDE):
            included = self._include(root, named, path, (*above, own))
            if included is not None:
                reach |= {included.path, *included.reach}
        file = PackFile(own, problems.file, root, frozenset(reach), read_timezone(root))
        self.files.append(file)
        self._by_path[own] = file
        return file

    def _include(self, root: Section, named: str, by: Path, above: tuple[Path, ...]) -> PackFile | None:
        path = _path_of(named, by)
        if not named.endswith(_ENDINGS) and named not in shipped_names():
            fix = suggest(named, shipped_names(), "a file of yours is named by its path, which ends with .yaml")
            root.report(INCLUDE, f"no pack '{named}' is shipped{fix}")
            return None
        if path in above:
            round_trip = " > ".join(self._name(each) for each in (*above[above.index(path) :], path))
            root.report(INCLUDE, f"'{named}' includes this file again ({round_trip}); remove one of the two")
            return None
        if path in self._by_path:
            return self._by_path[path]
        try:
            text = self._texts.get(str(path)) or read_yaml_text(path)
        except ConfigurationError as error:
            root.report(INCLUDE, error.problems[0].replace(f"{path.name}: ", f"'{named}' ", 1))
            return None
        return self.read(path, self._problems.beside(self._name(path), next(self._ranks)), text, above)

    def _name(self, path: Path) -> str:
        """Name a file for people: a shipped one by its place among the packs, another one as seen from the first."""
        if is_shipped_path(path):
            return path.relative_to(PACK_FOLDER.parent).as_posix()
        return Path(os.path.relpath(path, self._folder)).as_posix()

    def timezone_of(self, file: PackFile) -> str | None:
        """Find the time zone of a file's calendar months: that of the outermost file that has one and includes it."""
        for other in reversed(self.files):
            if other.timezone is not None and (other is file or file.path in other.reach):
                return other.timezone
        return None


def _is_same(one: Section, other: Section) -> bool:
    return one is other or one.content(without=("label",)) == other.content(without=("label",))


def find_places(path: Path) -> dict[str, SettingPlace]:
    """Find where the settings of a pack stand, by dotted paths. Nothing for a file that cannot be read."""
    try:
        files = read_pack_files(path, Problems(path.name))
    except ConfigurationError:
        return {own: SettingPlace(path.name, line, is_shipped_path(path)) for own, line in read_lines(path).items()}
    places: dict[str, SettingPlace] = {}
    for file in files.all:
        is_own = file is files.own
        for setting, line in read_lines(file.path).items():
            if is_own or setting.partition(".")[0] in NAMED_SECTIONS:
                places[setting] = SettingPlace(file.name, line, file.is_shipped)
    return places
