"""Actions: whom changes are told to, how, and what came of it."""
