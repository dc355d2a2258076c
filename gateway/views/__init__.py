"""What callers see: decided for each field of the schema, and written into their documents before these are run."""
