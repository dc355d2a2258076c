"""The `mongo` kind: collections of the user's own, by the paths that lead to a record's fields."""

from connectors.mongo.connector import MongoConnector
from connectors.mongo.settings import MongoSourceSettings

__all__ = ["MongoConnector", "MongoSourceSettings"]
