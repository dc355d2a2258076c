"""What kinds of sources share: values, requests, mappings of JSON, and the base of vendors' connectors."""
