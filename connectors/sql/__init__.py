"""The `sql` kind: query a database whose columns are the record's fields."""

from connectors.sql.connector import SqlConnector
from connectors.sql.settings import SqlSettings

__all__ = ["SqlConnector", "SqlSettings"]
