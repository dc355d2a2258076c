"""From an operation to an answer."""
