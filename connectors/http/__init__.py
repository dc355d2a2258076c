"""The `http` kind: any JSON API over HTTP, by configuration only."""

from connectors.http.connector import HttpConnector
from connectors.http.settings import HttpSettings

__all__ = ["HttpConnector", "HttpSettings"]
