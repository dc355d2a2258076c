"""Export all that is held and shown of a customer (Articles 15 and 20 of the GDPR)."""
