"""The `sql` kind: a database of the user's own, by queries whose columns are the record's fields."""

from connectors.sql.connector import SqlConnector
from connectors.sql.settings import SqlSettings

__all__ = ["SqlConnector", "SqlSettings"]
