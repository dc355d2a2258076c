"""Keep keys in a file, for gateways without MongoDB. It is written whole, and made for its owner alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec

from gateway.access.api_keys import ApiKey
from gateway.errors import StoreError


class KeyFile:
    """The keys of one file. One that was never there has none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._was_there = False

    async def version(self) -> str:
        """Tell when it was written last, and as what."""
        try:
            about = self._path.stat()
        except FileNotFoundError:
            if self._was_there:
                raise StoreError("the file of the keys is gone") from None
            return ""
        except OSError as error:
            raise StoreError(f"the file of the keys cannot be read ({error.strerror})") from None
        self._was_there = True
        return f"{about.st_ino} {about.st_mtime_ns} {about.st_size}"

    async def read(self) -> Sequence[ApiKey]:
        return self._read()

    async def add(self, key: ApiKey) -> None:
        with self._changing() as keys:
            keys.append(key)

    async def end(self, id_: str, at: datetime, *, is_revoked: bool = False) -> ApiKey | None:
        with self._changing() as keys:
            for place, key in enumerate(keys):
                if key.id == id_:
                    keys[place] = ended = msgspec.structs.replace(key, ends_at=at, is_revoked=is_revoked)
                    return ended
        return None

    def _read(self) -> list[ApiKey]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[ApiKey])
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"the file of the keys cannot be read ({error.strerror})") from None
        except msgspec.MsgspecError:
            raise StoreError("the file of the keys is not one that these commands wrote") from None

    @contextmanager
    def _changing(self) -> Iterator[list[ApiKey]]:
        """Lend the keys, and write them. Of two commands at once the second waits."""
        try:
            with self._path.with_name(f"{self._path.name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                keys = self._read()
                yield keys
                self._write(keys)
        except OSError as error:
            raise StoreError(f"the file of the keys cannot be written ({error.strerror})") from None

    def _write(self, keys: list[ApiKey]) -> None:
        """Replace the file. It stays its owner's, for workers read it, whoever runs the command."""
        with NamedTemporaryFile(dir=self._path.parent, prefix=f"{self._path.name}.", delete=False) as new:
            path = Path(new.name)
            try:
                new.write(msgspec.json.format(msgspec.json.encode(keys)))
                new.flush()
                if self._path.exists():
                    about = self._path.stat()
                    os.chown(path, about.st_uid, about.st_gid)
                    path.chmod(about.st_mode & 0o777)
                os.fsync(new.fileno())
                path.replace(self._path)
            except OSError:
                path.unlink()
                raise
