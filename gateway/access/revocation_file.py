"""Keep revoked tokens in a file, for gateways without MongoDB."""

from __future__ import annotations

from pathlib import Path

from gateway.access.list_file import ListFile
from gateway.access.revocations import Revocation, merge_revocation


class RevocationFile(ListFile[Revocation]):
    """The revoked tokens of one file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, Revocation, "revoked tokens")

    async def add(self, revocation: Revocation) -> None:
        with self._changing() as known:
            known[:] = merge_revocation(known, revocation)
