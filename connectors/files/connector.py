"""The connector of the `files` kind: the `sql` kind's, over a folder of exports."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from connectors.contract import ConnectorSettings
from connectors.files.engine import Folder
from connectors.files.settings import FilesSettings
from connectors.sql.connector import QueriesConnector
from connectors.sql.duckdb import Duckdb


class FilesConnector(QueriesConnector[FilesSettings]):
    """A folder of files, read where they lie."""

    kind = "files"
    settings_type: ClassVar[type[ConnectorSettings]] = FilesSettings

    def __init__(self, name: str, settings: FilesSettings) -> None:
        super().__init__(name, settings, Folder(settings), Duckdb(), settings.named(), settings.max_batch)

    async def check(self) -> list[str]:
        """List the settings' problems as the files show them. Each names the setting and the fix."""
        missing = [
            f"sources.{self.name}.tables.{name}: no file below path is named so; correct it, or export the file"
            for name, pattern in self.settings.tables.items()
            if not await asyncio.to_thread(lambda own: any(self.settings.path.glob(own)), pattern)
        ]
        unreachable = await self.database.unreachable()
        return await super().check() if unreachable or not missing else missing
