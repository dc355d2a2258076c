"""The `hubspot` kind: contacts of HubSpot's CRM as customers, each with its primary company, and companies as accounts."""

from connectors.vendors.hubspot.connector import HubSpot, HubSpotSettings

__all__ = ["HubSpot", "HubSpotSettings"]
