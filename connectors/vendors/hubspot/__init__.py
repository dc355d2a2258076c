"""The `hubspot` kind: contacts of HubSpot's CRM as customers, companies as accounts, tickets, deals and surveys."""

from connectors.vendors.hubspot.connector import HubSpot
from connectors.vendors.hubspot.settings import HubSpotSettings

__all__ = ["HubSpot", "HubSpotSettings"]
