"""The folder that takes what is audited before MongoDB has it.

CHAIN.lock                 held by the process of the chain for as long as it lives
CHAIN.00000007.open        the segment that is written: one line for each request
CHAIN.00000006.requests    a segment that takes no more, and is not sealed yet
CHAIN.00000005.links       one that is sealed: one line for each link, with the people in it
CHAIN.head                 the last link that was sealed
spool.lock                 held by who takes segments away or changes them
delivery.lock              held by the process that delivers for all
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import msgspec
import structlog

from gateway.audit.entry import Person
from gateway.audit.link import AuditLink

log = structlog.get_logger()

OPEN, CLOSED, SEALED, BROKEN, HEAD = ".open", ".requests", ".links", ".broken", ".head"
"""What files end with. A segment that is broken cannot be read, and is left for people to look at."""

UNREADABLE = (msgspec.MsgspecError, UnicodeError)
"""What is raised for a segment that is none."""


class SpoolLine(msgspec.Struct, frozen=True):
    """A link as it is in the spool: with the people whom its commitments are of."""

    link: AuditLink
    people: tuple[Person, ...] = ()


class _EncodedLine(msgspec.Struct, frozen=True):
    link: msgspec.Raw
    people: Sequence[Person]


class Spool:
    """The segments of all chains in a folder. Methods raise `OSError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def is_writable(self) -> bool:
        return self.folder.is_dir() and os.access(self.folder, os.W_OK | os.X_OK)

    def measure_bytes(self) -> int:
        """Add up the sizes of all segments."""
        with os.scandir(self.folder) as files:
            return sum(_size_of(file) for file in files)

    def find_oldest(self) -> float | None:
        """Find when the segment was written last that has waited longest, in seconds since 1970. None where there is none."""
        times = []
        for path in self.list_segments(OPEN, CLOSED, SEALED):
            with suppress(FileNotFoundError):
                times.append(path.stat().st_mtime)
        return min(times, default=None)

    def list_segments(self, *endings: str) -> list[Path]:
        """List the segments with these endings, those of each chain in their order."""
        return sorted(path for path in self.folder.iterdir() if path.suffix in endings)

    def list_unsealed(self) -> list[Path]:
        """List the segments to seal: those that are closed, and the open ones of processes that have died."""
        alive: dict[str, bool] = {}
        closed = []
        for path in self.list_segments(OPEN, CLOSED):
            chain = path.name.partition(".")[0]
            if path.suffix == CLOSED or not alive.setdefault(chain, self.is_alive(chain)):
                closed.append(path)
        return closed

    def segment_path(self, chain: str, number: int, ending: str) -> Path:
        return self.folder / f"{chain}.{number:08}{ending}"

    def lock_chain(self, chain: str) -> int:
        """Hold the lock of a new chain until its process ends. Gives its descriptor."""
        descriptor = self._open_lock(chain)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor

    def is_alive(self, chain: str) -> bool:
        """Tell whether the process of a chain lives."""
        try:
            descriptor = os.open(self._lock_path(chain), os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            return not _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def lock_delivery(self) -> int | None:
        """Become the process that delivers, until it ends. Gives the descriptor of the lock, None where another one has it."""
        descriptor = self._open_lock("delivery")
        if _try_lock(descriptor):
            return descriptor
        os.close(descriptor)
        return None

    @contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Take segments away, or change them, beside nobody else. Gives False where somebody does so now."""
        descriptor = self._open_lock("spool")
        try:
            yield _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def list_unsealed_of(self, sealed: Path) -> list[Path]:
        """List what a sealed segment was made of, while that is there."""
        return [path for path in (sealed.with_suffix(OPEN), sealed.with_suffix(CLOSED)) if path.exists()]

    def read(self, path: Path) -> Sequence[SpoolLine]:
        """Read a sealed segment.

        Raises `FileNotFoundError` where it has gone to MongoDB, one of `UNREADABLE` where it is no segment.
        """
        return [msgspec.json.decode(line, type=SpoolLine) for line in path.read_bytes().split(b"\n")[:-1]]

    def read_requests(self, path: Path) -> bytes:
        """Read a segment that is not sealed. Raises `FileNotFoundError` where it is by now."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return path.with_suffix(CLOSED).read_bytes()  # closed since it was listed

    def remove(self, path: Path) -> None:
        """Remove a segment that MongoDB has, and with the last of a dead process what is left of that."""
        path.unlink()
        self.clear_away(path.name.partition(".")[0])

    def clear_away(self, chain: str) -> None:
        """Remove the head and the lock of a chain of which nothing comes any more."""
        if not self.is_alive(chain) and not any(
            own.name.startswith(chain) for own in self.list_segments(OPEN, CLOSED, SEALED, BROKEN)
        ):
            sync_folder(self.folder)  # before the head: a segment that came back would begin the chain again
            (self.folder / f"{chain}{HEAD}").unlink(missing_ok=True)
            self._lock_path(chain).unlink(missing_ok=True)

    def clear_all_away(self) -> None:
        """Do so with all chains that have a head: one may have died when MongoDB had all of it."""
        for path in self.list_segments(HEAD):
            self.clear_away(path.name.removesuffix(HEAD))

    def set_aside(self, path: Path) -> None:
        """Leave a segment that cannot be read for people to look at."""
        path.rename(path.with_suffix(BROKEN))
        log.error("audit_segment_unreadable", file=path.with_suffix(BROKEN).name)

    def forget(self, customers: Collection[str]) -> int:
        """Erase these customers from all sealed segments. Gives how often they were there. The links stay as they are."""
        erased = 0
        for path in self.list_segments(SEALED):
            try:
                erased += self._forget_in(path, customers)
            except UNREADABLE:
                self.set_aside(path)
        return erased

    def _forget_in(self, path: Path, customers: Collection[str]) -> int:
        lines = self.read(path)
        left = [SpoolLine(own.link, tuple(one for one in own.people if one.customer not in customers)) for own in lines]
        erased = sum(len(before.people) - len(after.people) for before, after in zip(lines, left, strict=True))
        if erased:
            written = path.with_suffix(".new")
            written.unlink(missing_ok=True)
            with SegmentWriter(written) as segment:
                segment.append(b"".join(encode_line(msgspec.json.encode(own.link), own.people) for own in left))
            written.replace(path)
            sync_folder(self.folder)
        return erased

    def _open_lock(self, name: str) -> int:
        return _open_owned(self._lock_path(name), os.O_RDWR | os.O_CREAT)

    def _lock_path(self, name: str) -> Path:
        return self.folder / f"{name}.lock"


class SegmentWriter:
    """Appends to a file that did not exist. What it wrote is on the disk. Methods raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = 0
        self._descriptor = _open_owned(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, data: bytes) -> None:
        """Append all of the data, or nothing."""
        try:
            written = 0
            while written < len(data):
                written += os.write(self._descriptor, memoryview(data)[written:])
            os.fdatasync(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.size_bytes)
            raise
        self.size_bytes += len(data)

    def close(self) -> None:
        os.close(self._descriptor)


def encode_line(link: bytes, people: Sequence[Person]) -> bytes:
    """Write a line of a segment, of a link as JSON."""
    return msgspec.json.encode(_EncodedLine(msgspec.Raw(link), people)) + b"\n"


def read_segment_name(path: Path) -> tuple[str, int]:
    """Read the chain of a segment, and its number in it. Raises `ValueError` for one that is none."""
    chain, number, _ = path.name.split(".")
    return chain, int(number)


def sync_folder(folder: Path) -> None:
    """Have the names of files on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_owned(path: Path, flags: int) -> int:
    """Open a file for its owner alone: that of the folder, also where root runs a command."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        about = path.parent.stat()
        os.fchown(descriptor, about.st_uid, about.st_gid)
    return descriptor


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _size_of(file: os.DirEntry[str]) -> int:
    try:
        return file.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # it has gone to MongoDB meanwhile
        return 0
