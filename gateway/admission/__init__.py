"""Let requests begin fairly among callers, and have long work pause for others."""
