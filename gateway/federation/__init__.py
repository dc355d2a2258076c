"""A subgraph of Apollo Federation: its schema, and its entities by their keys."""
