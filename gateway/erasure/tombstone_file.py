"""Write tombstones to a file of JSON lines that is kept apart from MongoDB, and read them again after a restore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from connectors.errors import ConfigurationError
from gateway.identity.tombstones import Tombstone

_decoder = msgspec.json.Decoder(Tombstone)


def write_tombstones(path: Path, tombstones: Sequence[Tombstone]) -> None:
    """Write tombstones in the place of a file, all of them or none. Raises `ConfigurationError`."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(b"".join(msgspec.json.encode(own) + b"\n" for own in tombstones))
        part.replace(path)
    except OSError as error:
        raise ConfigurationError([f"--export: {path.name} cannot be written ({error.strerror}); name another file"]) from None


def read_tombstones(path: Path) -> list[Tombstone]:
    """Read the tombstones of a file. Raises `ConfigurationError` with each line that is none."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigurationError([f"--import: {path.name} cannot be read ({error.strerror}); name one of --export"]) from None
    read, problems = [], []
    for number, line in enumerate(lines, 1):
        try:
            read.append(_decoder.decode(line))
        except msgspec.DecodeError:
            problems.append(f"--import: line {number} is no tombstone; give a file as --export writes it")
    if problems:
        raise ConfigurationError(problems)
    return read
