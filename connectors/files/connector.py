"""The connector of the `files` kind: the `sql` kind's, over a folder of exports."""

from __future__ import annotations

import asyncio
from pathlib import Path
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
        if await self.database.unreachable() is not None:
            return await super().check()
        path, tables = self.settings.path, self.settings.tables
        missing = [name for name, own in tables.items() if not await asyncio.to_thread(_has_files, path, own)]
        readable = [name for name, record in self.settings.records.items() if not record.names_any(missing)]
        problems = [f"{name}: no file below path is named so; correct it, or export the file" for name in missing]
        return [*(f"sources.{self.name}.tables.{problem}" for problem in problems), *await self.check_records(readable)]


def _has_files(path: Path, pattern: str) -> bool:
    return any(path.glob(pattern))
