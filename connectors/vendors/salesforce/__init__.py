"""The `salesforce` kind: contacts and accounts as customers, with opportunities as deals, and cases as tickets."""

from connectors.vendors.salesforce.connector import Salesforce
from connectors.vendors.salesforce.settings import SalesforceSettings

__all__ = ["Salesforce", "SalesforceSettings"]
