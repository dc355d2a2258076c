"""The files of a recording: a manifest, and for each source one file of JSON lines that only grows.

A line is one answer for one key. Lines are written as they come, so a crash loses at most the last one; a line that cannot be
read is left out and named in the log. Folder and files are for their owner alone.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import structlog

from connectors.contract import Ask, KeyKind, Measure, MeasureOp, Push
from connectors.errors import ConfigurationError
from connectors.records import RECORDS, UtcTime
from gateway.replay.pseudonyms import Hide, Pseudonyms, plain

VERSION = 1
MANIFEST = "manifest.json"

MAX_BYTES = 64 * 1024 * 1024
"""How large the file of a source becomes; what comes then is not recorded."""

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


class RecordedLookup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A lookup (`pushdown`) or an aggregate (`ops`, `keys_share_nothing`) of a recorded source."""

    record: str
    by: KeyKind
    max_batch: int
    pushdown: list[Push] = []
    ops: list[MeasureOp] = []
    keys_share_nothing: bool = False


class RecordedSource(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    lookups: list[RecordedLookup]
    aggregates: list[RecordedLookup]
    phone_region: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a whole recording. `reference` is the end of its windows, `salt` is in hexadecimal.

    `default_region` is that of phone numbers without a country code.
    """

    version: int
    plain: bool
    salt: str
    reference: UtcTime
    sources: dict[str, RecordedSource]
    default_region: str | None = None

    def pseudonyms(self, source: str) -> Pseudonyms:
        return Pseudonyms(bytes.fromhex(self.salt), self.sources[source].phone_region or self.default_region)

    def hide(self, source: str) -> Hide:
        """How personal values of a source were written."""
        return plain if self.plain else self.pseudonyms(source).hide


class RecordedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer for one key: of an ask, or else of measures.

    `key` is a hash. `found` are records as canonical JSON has them; `dropped` others could not be read, and of those that were
    found the places in `unreadable`, by their ids. `partial` says that more are missing. `error` is a code.
    """

    record: str
    by: KeyKind
    key: str
    ask: Ask | None = None
    measures: tuple[Measure, ...] = ()
    found: list[dict[str, Any]] = []
    total: int | None = None
    dropped: int = 0
    unreadable: list[tuple[str, str]] = []
    partial: bool = False
    values: list[Any] = []
    error: str | None = None
    retry_after_s: float | None = None

    def __post_init__(self) -> None:
        if self.record not in RECORDS:
            raise ValueError("there is no such record")
        if not all(isinstance(row.get("id"), str) for row in self.found):
            raise ValueError("a record has no id")


_LINES = msgspec.json.Decoder(RecordedLine)


def hashed(pseudonyms: Pseudonyms, by: KeyKind, key: str) -> str:
    """Hash a key for the files."""
    return pseudonyms.digest(f"key {by.value}", key, 16).hex()


def path_of(folder: Path, source: str) -> Path:
    return folder / f"{quote(source, safe='')}.jsonl"


def read_manifest(folder: Path, option: str) -> Manifest:
    """Read a recording's manifest. Raises `ConfigurationError` when there is none, or one of another version."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ConfigurationError([f"{option}: {folder} holds no recording; make one with serve --record"]) from None
    except OSError as error:
        raise ConfigurationError([f"{option}: {folder} cannot be read ({error.strerror})"]) from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ConfigurationError([f"{option}: {MANIFEST} in {folder} cannot be read; record again"]) from None
    if manifest.version != VERSION:
        raise ConfigurationError(
            [f"{option}: {folder} is a recording of version {manifest.version}, not {VERSION}; record again"]
        )
    return manifest


def open_recording(
    folder: Path,
    sources: dict[str, RecordedSource],
    reference: datetime,
    *,
    is_plain: bool,
    default_region: str | None = None,
) -> Manifest:
    """Make a recording, or go on with the one that is there.

    Raises `ConfigurationError` when the folder holds something else, or a recording that hides what this one would not.
    """
    option = "--record-plain" if is_plain else "--record"
    if (folder / MANIFEST).exists():
        there = read_manifest(folder, option)
        if there.plain != is_plain:
            raise ConfigurationError([f"{option}: {folder} was recorded the other way; name another folder"])
        manifest = msgspec.structs.replace(there, sources={**there.sources, **sources})
    elif folder.exists() and any(folder.iterdir()):
        raise ConfigurationError([f"{option}: {folder} holds other files; name a folder that is empty or not there yet"])
    else:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        salt = secrets.token_hex(16)
        manifest = Manifest(
            version=VERSION, plain=is_plain, salt=salt, reference=reference, sources=sources, default_region=default_region
        )
    folder.chmod(0o700)
    unfinished = folder / f"{MANIFEST}.unfinished"
    with os.fdopen(_opened(unfinished, os.O_TRUNC), "wb") as file:
        file.write(msgspec.json.format(_encode(manifest), indent=1))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / MANIFEST)
    return manifest


class RecordingWriter:
    """Appends to the file of one source. What was written last for the same ask is not written again.

    It raises nothing: a file that is full, or cannot be written, takes no more lines, which the log says once.
    """

    def __init__(self, folder: Path, source: str, max_bytes: int = MAX_BYTES) -> None:
        self._path = path_of(folder, source)
        self._source = source
        self._max_bytes = max_bytes
        self._written: dict[bytes, bytes] = {}
        self._file: int | None = None
        self._ended = False

    def open(self) -> None:
        if self._file is None:
            self._file = _opened(self._path, os.O_APPEND)
            if (size := os.fstat(self._file).st_size) and os.pread(self._file, 1, size - 1) != b"\n":
                os.write(self._file, b"\n")  # a crash left a part of a line

    def append(self, line: RecordedLine) -> None:
        if self._file is None or self._ended:
            return
        asked = _digest(_encode((line.record, line.by, line.key, line.ask, line.measures)))
        answer = _encode(line)
        digest = _digest(answer)
        if self._written.get(asked) == digest:
            return
        try:
            if os.fstat(self._file).st_size + len(answer) >= self._max_bytes:
                self._ended = True
                log.warning("recording_full", source=self._source, bytes=self._max_bytes)
                return
            if os.write(self._file, answer + b"\n") <= len(answer):
                raise OSError("only a part of the line was written")
        except OSError as error:
            self._ended = True
            log.error("recording_failed", source=self._source, error=type(error).__name__)
            return
        self._written[asked] = digest

    def close(self) -> None:
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None


def read_lines(folder: Path, source: str) -> Iterator[RecordedLine]:
    """Read the lines of a source in the order of writing."""
    path = path_of(folder, source)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                yield _LINES.decode(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                log.warning("recording_line_skipped", file=path.name, line=number)


def _opened(path: Path, how: int) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    os.fchmod(file, 0o600)
    return file


def _digest(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=8).digest()
