"""MongoDB: one small module per collection."""
