"""Remove the answers about a customer from a recording, in the form in which it hides them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from connectors.contract import KeyKind
from connectors.records import RECORD_NAMES, Customer, Personal
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.keys import spellings
from gateway.identity.records import Key, RecordId, stated_id
from gateway.replay.pseudonymisation import hidden_key
from gateway.replay.recording_files import Manifest, RecordedLine, hashed, path_of, read_lines, read_manifest

_OWNER_FIELD = "customerId"


class _HiddenPerson:
    """The keys of a customer as the files of one source have them: hashed as keys of lines, hidden in records."""

    def __init__(self, manifest: Manifest, source: str, keys: Collection[Key], records: Collection[RecordId]) -> None:
        pseudonyms, hide = manifest.pseudonyms(source), manifest.hide(source)
        own_ids = {key for own in records for key in (Key(KeyKind.CUSTOMER_ID, own.id), stated_id(own))}
        written = [(key.kind, form) for key in own_ids.union(keys) for form in spellings(key.kind, key.value)]
        self.line_keys = {(kind, hashed(pseudonyms, kind, hidden_key(kind, form, hide))) for kind, form in written}
        self.ids = {hide(Personal.IDENTIFIER, own.id) for own in records}
        self.values = {
            hide(mark, form) for kind, form in written if kind in _TELLING and (mark := KEY_KINDS[kind].personal) is not None
        }

    def is_in(self, line: RecordedLine) -> bool:
        """Tell whether a line is about the customer: by its key, or by a record in it."""
        return (line.by, line.key) in self.line_keys or any(self._is_of(line.record, row) for row in line.found)

    def _is_of(self, record: str, row: dict[str, Any]) -> bool:
        own_id = row.get("id") if record == RECORD_NAMES[Customer] else row.get(_OWNER_FIELD)
        return own_id in self.ids or not self.values.isdisjoint(_texts_in(row))


_TELLING = (KeyKind.EMAIL, KeyKind.PHONE, KeyKind.MEMBER_NUMBER)
"""Kinds of keys that tell a person wherever they stand in a record."""


def erase_recorded(folder: Path, keys: Collection[Key], records: Collection[RecordId], option: str) -> int:
    """Remove the lines about a customer from a recording that nobody is making or serving. Gives their number.

    Raises `ConfigurationError` where there is no recording.
    """
    manifest = read_manifest(folder, option)
    return sum(_erase_lines(folder, source, _HiddenPerson(manifest, source, keys, records)) for source in manifest.sources)


def _erase_lines(folder: Path, source: str, person: _HiddenPerson) -> int:
    lines = [*read_lines(folder, source)]
    left = [line for line in lines if not person.is_in(line)]
    if len(left) < len(lines):
        _write_lines(path_of(folder, source), left)
    return len(lines) - len(left)


def _write_lines(path: Path, lines: Iterable[RecordedLine]) -> None:
    """Write a file in the place of another one, for its owner alone."""
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(inner)
