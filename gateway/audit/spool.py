"""The folder that takes what is audited before MongoDB has it.

CHAIN.lock                 held by the process of the chain for as long as it lives
CHAIN.00000007.open        the segment that is written: one line for each request
CHAIN.00000006.requests    a segment that takes no more, and is not sealed yet
CHAIN.00000005.links       one that is sealed: one line for each link, with the people in it
CHAIN.head                 the last link that was sealed
spool.lock                 held by who takes segments away or changes them
delivery.lock              held by the process that delivers for all
courier.lock               held by the process that is there for that alone: others leave it to it
"""

from __future__ import annotations

import errno
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
NEW, NEW_HEAD = ".new", ".newhead"
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
        """List the segments to seal: those that are closed, and the open ones of processes that have died.

        One that gets another name meanwhile may not be in a listing. So it is listed again up to the last ones that were
        closed before: those in front of them have their names for good.
        """
        alive: dict[str, bool] = {}
        last: dict[str, str] = {}
        for path in self.list_segments(OPEN, CLOSED):
            chain = path.name.partition(".")[0]
            if path.suffix == OPEN and chain not in alive:
                alive[chain] = self.is_alive(chain)
            if path.suffix == CLOSED or not alive[chain]:
                last[chain] = path.stem
        closed = []
        for path in self.list_segments(OPEN, CLOSED) if last else ():
            chain = path.name.partition(".")[0]
            if path.stem > last.get(chain, ""):
                continue
            if path.suffix == OPEN and alive.get(chain, True):
                last[chain] = ""  # what stands behind one that is written is not sealed before it
            else:
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

    def lock_courier(self) -> int | None:
        """Claim the delivery until the process ends, whoever delivers now. None where another one claims it."""
        descriptor = self._open_lock("courier")
        if _try_lock(descriptor):
            return descriptor
        os.close(descriptor)
        return None

    def has_courier(self) -> bool:
        """Tell whether a process claims the delivery. Several may ask at once."""
        try:
            descriptor = os.open(self._lock_path("courier"), os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

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
        return read_lines(path.read_bytes())

    def read_requests(self, path: Path) -> bytes:
        """Read a segment that is not sealed. Raises `FileNotFoundError` where it is by now."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return path.with_suffix(CLOSED).read_bytes()  # closed since it was listed

    def adopt(self, path: Path, content: bytes) -> None:
        """Keep as a sealed segment what is one already, but for a line that its process was writing when it died."""
        read_lines(content)
        self.write_sealed(path, content[: content.rfind(b"\n") + 1])

    def write_sealed(self, path: Path, content: bytes) -> None:
        """Write the sealed segment of one that is not: it is there as a whole, or not at all."""
        written = path.with_suffix(NEW)
        written.unlink(missing_ok=True)
        with SegmentWriter(written) as segment:
            segment.append(content)
        written.replace(path.with_suffix(SEALED))
        sync_folder(self.folder)

    def remove_unfinished(self) -> None:
        """Remove what somebody was writing who died: it may name people, and has become nothing."""
        for path in self.list_segments(NEW, NEW_HEAD):
            path.unlink(missing_ok=True)

    def remove(self, path: Path) -> None:
        """Remove a segment that MongoDB has."""
        path.unlink()
        self.clear_lock(path.name.partition(".")[0])

    def has_ended(self, chain: str) -> bool:
        """Tell whether nothing comes of a chain any more."""
        return not self.is_alive(chain) and not any(
            own.name.startswith(chain) for own in self.list_segments(OPEN, CLOSED, SEALED, BROKEN)
        )

    def clear_lock(self, chain: str) -> None:
        """Remove the lock of a chain that has ended without a head."""
        if not self._head_path(chain).exists() and self.has_ended(chain):
            self._lock_path(chain).unlink(missing_ok=True)

    def clear_away(self, chain: str) -> None:
        """Remove the head and the lock of a chain that has ended."""
        sync_folder(self.folder)  # before the head: a segment that came back would begin the chain again
        self._head_path(chain).unlink(missing_ok=True)
        self._lock_path(chain).unlink(missing_ok=True)

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

    def require_unnamed(self, customers: Collection[str]) -> None:
        """Raise `OSError` where one of these customers is named in a file that cannot be read."""
        names = [msgspec.json.encode(own) for own in customers]
        for path in self.list_segments(BROKEN):
            content = path.read_bytes()
            if any(name in content for name in names):
                raise OSError(errno.EIO, f"{path.name} cannot be read, and names them; mend or remove it, and do this again")

    def _forget_in(self, path: Path, customers: Collection[str]) -> int:
        lines = self.read(path)
        left = [SpoolLine(own.link, tuple(one for one in own.people if one.customer not in customers)) for own in lines]
        erased = sum(len(before.people) - len(after.people) for before, after in zip(lines, left, strict=True))
        if erased:
            self.write_sealed(path, b"".join(encode_line(msgspec.json.encode(own.link), own.people) for own in left))
        return erased

    def _open_lock(self, name: str) -> int:
        return _open_owned(self._lock_path(name), os.O_RDWR | os.O_CREAT)

    def _head_path(self, chain: str) -> Path:
        return self.folder / f"{chain}{HEAD}"

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


def is_sealed(content: bytes) -> bool:
    """Tell whether an open segment has links, as workers of earlier versions wrote."""
    return content.startswith(b'{"link":')


def read_lines(content: bytes) -> Sequence[SpoolLine]:
    """Read the whole lines of what is sealed. Raises one of `UNREADABLE`."""
    return [msgspec.json.decode(line, type=SpoolLine) for line in content.split(b"\n")[:-1]]


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
