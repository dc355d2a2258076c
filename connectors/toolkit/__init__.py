"""Tools that kinds share: values, requests, mappings of JSON, the base of vendors."""
