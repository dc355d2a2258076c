"""Connectors: one file per kind of source, the contract they follow, canonical records, errors."""
