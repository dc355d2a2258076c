"""Find the tables of a folder: files, and those that together are one, such as `orders-2025.csv` and `orders-2026.csv`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from connectors.files.settings import ENDING

MAX_FILES = 2_000
"""In a folder of more files the others are left out."""

_ENDS = re.compile(rf"{ENDING}$", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+(?:[-_.T]\d+)*")
_PARTS = {"", "part", "data", "file", "chunk", "export", "dump"}
"""What files are called that are a table's parts: their folder has its name."""


class FileTable(NamedTuple):
    """A table of files: its name, which queries use, and the pattern below the folder that settings give."""

    name: str
    pattern: str
    files: tuple[Path, ...]


class FolderTables(NamedTuple):
    """The tables of a folder, and what was left out, by the reason."""

    tables: list[FileTable]
    skipped: Mapping[str, list[str]]


def list_tables(folder: Path) -> FolderTables:
    """List the tables below a folder. Files are one table whose names differ by their numbers alone."""
    names, skipped = _names(folder)
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_numbers_as_stars(name), []).append(name)
    patterns: dict[str, list[str]] = {}
    for pattern, own in groups.items():
        together = len(own) > 1 and sorted(own) == sorted(_matching(pattern, names))
        patterns |= {pattern: own} if together else {name: [name] for name in own}
    tables: dict[str, FileTable] = {}
    for pattern, own in sorted(patterns.items()):
        name = _free_name(table_name(pattern), tables)
        tables[name] = FileTable(name, pattern, tuple(folder / one for one in own))
    return FolderTables(list(tables.values()), skipped)


def table_name(pattern: str) -> str:
    """Name a table after its files, with letters, digits and `_` only."""
    path = PurePosixPath(_ENDS.sub("", pattern))
    stem = path.name.replace("*", "")
    if re.sub(r"\W+|_", "", stem).lower() in _PARTS and path.parent.name:
        stem = path.parent.name.replace("*", "")
    name = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_")
    return name if re.match(r"[A-Za-z_]", name) else f"file_{name}".rstrip("_")


def _names(folder: Path) -> tuple[list[str], dict[str, list[str]]]:
    names: list[str] = []
    skipped: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in PurePosixPath(name).parts):
            continue
        if not _ENDS.search(name):
            reason = "no CSV, JSON or Parquet"
        elif "'" in name or "*" in name or "?" in name or "[" in name:
            reason = "a name that settings cannot give"
        elif len(names) == MAX_FILES:
            reason = f"more than {MAX_FILES} files"
        else:
            names.append(name)
            continue
        skipped.setdefault(reason, []).append(name)
    return names, skipped


def _numbers_as_stars(name: str) -> str:
    """Write a pattern of the names that differ by numbers. A digit behind a letter, as in `address2`, is none."""
    path = PurePosixPath(name)
    ending = _ENDS.search(path.name)
    assert ending is not None
    stem = path.name[: ending.start()]
    starred = re.sub(rf"(?<![A-Za-z0-9]){_NUMBERS.pattern}(?![A-Za-z0-9])", "*", stem)
    return (path.parent / f"{starred}{ending[0]}").as_posix()


def _matching(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.count("/") == pattern.count("/") and PurePosixPath(name).match(pattern)]


def _free_name(name: str, taken: Mapping[str, FileTable]) -> str:
    known = {own.lower() for own in taken}
    choices = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(choice for choice in choices if choice.lower() not in known)
