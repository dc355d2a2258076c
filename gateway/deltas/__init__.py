"""Tell callers which customers have changed: all since they asked last, or each when it does."""
