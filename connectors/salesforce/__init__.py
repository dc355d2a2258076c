"""The `salesforce` kind: contacts and accounts as customers, with opportunities as deals, and cases as tickets."""

from connectors.salesforce.connector import Salesforce
from connectors.salesforce.settings import SalesforceSettings

__all__ = ["Salesforce", "SalesforceSettings"]
