"""The `files` kind: query a folder of exports (CSV, Parquet, JSON)."""

from connectors.files.connector import FilesConnector
from connectors.files.settings import FilesSettings

__all__ = ["FilesConnector", "FilesSettings"]
