"""Remember how far a chain is sealed, in a file beside its segments. It is never taken from MongoDB."""

from __future__ import annotations

import hmac
from pathlib import Path

import msgspec

from gateway.audit.spool import HEAD, NEW_HEAD, SegmentWriter, Spool, sync_folder


class HeadError(Exception):
    """The file is none that was written here."""


class SealedHead(msgspec.Struct, frozen=True):
    """The last link of a chain, and the number of the segment whose requests it is the last of."""

    chain: str
    segment: int
    seq: int
    mac: str


class _HeadFile(msgspec.Struct, frozen=True):
    head: SealedHead
    seal: str


class SealedHeads:
    """The files of all chains of a spool. Methods raise `OSError`."""

    def __init__(self, spool: Spool, key: bytes) -> None:
        self._spool = spool
        self._key = key

    def read_head(self, chain: str) -> SealedHead | None:
        """Read how far a chain is, None where nothing of it is sealed. Raises `HeadError`."""
        try:
            content = self._path_of(chain).read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = msgspec.json.decode(content, type=_HeadFile)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise HeadError from error
        if found.head.chain != chain or not hmac.compare_digest(found.seal.encode(), self._seal_of(found.head).encode()):
            raise HeadError
        return found.head

    def write_head(self, head: SealedHead) -> None:
        """Replace the head of a chain: it is there as a whole, or the one before it is."""
        path = self._path_of(head.chain)
        written = path.with_suffix(NEW_HEAD)
        written.unlink(missing_ok=True)
        with SegmentWriter(written) as file:
            file.append(msgspec.json.encode(_HeadFile(head, self._seal_of(head))))
        written.replace(path)
        sync_folder(self._spool.folder)

    def _path_of(self, chain: str) -> Path:
        return self._spool.folder / f"{chain}{HEAD}"

    def _seal_of(self, head: SealedHead) -> str:
        return hmac.digest(self._key, b"head " + msgspec.json.encode(head), "sha256").hex()
