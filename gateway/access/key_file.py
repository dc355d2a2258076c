"""Keep keys in a file, for gateways without MongoDB."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from gateway.access.api_keys import ApiKey
from gateway.access.list_file import ListFile


class KeyFile(ListFile[ApiKey]):
    """The keys of one file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, ApiKey, "keys")

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
