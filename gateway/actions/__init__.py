"""Tell others of changes: who is told by which rule, how it is sent, and what came of it."""
