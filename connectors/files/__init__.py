"""The `files` kind: a folder of exports (CSV, Parquet, JSON), by queries whose columns are the record's fields."""

from connectors.files.connector import FilesConnector
from connectors.files.settings import FilesSettings

__all__ = ["FilesConnector", "FilesSettings"]
