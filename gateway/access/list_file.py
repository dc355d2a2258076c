"""Keep a list in a file, for gateways without MongoDB. It is written whole, and made for its owner alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Generic, TypeVar

import msgspec

from gateway.errors import StoreError

E = TypeVar("E")


class ListFile(Generic[E]):
    """The entries of one file. One that was never there has none. Methods raise `StoreError`.

    A symbolic link is followed, and stays.
    """

    def __init__(self, path: Path, entry: type[E], what: str) -> None:
        """`what` names the entries in errors."""
        self._path = path
        self._entry = entry
        self._what = what
        self._was_there = False

    async def version(self) -> str:
        """Tell when it was written last, and as what."""
        try:
            about = self._path.stat()
        except FileNotFoundError:
            if self._was_there or not self._path.parent.is_dir():
                raise StoreError(f"the file of the {self._what} is gone") from None
            return ""
        except OSError as error:
            raise StoreError(f"the file of the {self._what} cannot be read ({error.strerror})") from None
        self._was_there = True
        return f"{about.st_ino} {about.st_mtime_ns} {about.st_size}"

    async def read(self) -> Sequence[E]:
        return self._read()

    def _read(self) -> list[E]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[self._entry])  # type: ignore[name-defined]
        except FileNotFoundError:
            if self._was_there:  # it went since its version was told
                raise StoreError(f"the file of the {self._what} is gone") from None
            return []
        except OSError as error:
            raise StoreError(f"the file of the {self._what} cannot be read ({error.strerror})") from None
        except msgspec.MsgspecError:
            raise StoreError(f"the file of the {self._what} is not one that these commands wrote") from None

    @contextmanager
    def _changing(self) -> Iterator[list[E]]:
        """Lend the entries, and write them. Of two commands at once the second waits."""
        try:
            path = Path(os.path.realpath(self._path))
            with _locked(path.with_name(f"{path.name}.lock"), path):
                entries = self._read()
                yield entries
                _replace(path, msgspec.json.format(msgspec.json.encode(entries)))
        except OSError as error:
            raise StoreError(f"the file of the {self._what} cannot be written ({error.strerror})") from None


@contextmanager
def _locked(lock: Path, path: Path) -> Iterator[None]:
    """Hold the lock of a file. It is of the same owner, and for him alone: who holds it keeps others from writing."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        with suppress(PermissionError):
            os.fchmod(descriptor, 0o600)
            if path.exists():
                about = path.stat()
                os.fchown(descriptor, about.st_uid, about.st_gid)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Replace a file. It stays its owner's, for workers read it, whoever runs the command."""
    with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", delete=False) as new:
        written = Path(new.name)
        try:
            new.write(content)
            new.flush()
            if path.exists():
                about = path.stat()
                os.chown(written, about.st_uid, about.st_gid)
                written.chmod(about.st_mode & 0o777)
            os.fsync(new.fileno())
            written.replace(path)
        except OSError:
            written.unlink()
            raise
