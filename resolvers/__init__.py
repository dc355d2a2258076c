"""The GraphQL schema: one file per type, no I/O."""
