"""The `zendesk` kind: the tickets of Zendesk's users, and the users as customers."""

from connectors.vendors.zendesk.connector import Zendesk
from connectors.vendors.zendesk.settings import ZendeskSettings

__all__ = ["Zendesk", "ZendeskSettings"]
