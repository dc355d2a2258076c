"""Speak GraphQL over HTTP: requests become operations, results responses."""
