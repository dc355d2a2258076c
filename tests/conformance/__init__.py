"""Requests of others: the audit of GraphQL over HTTP, and what nobody would send on purpose."""
