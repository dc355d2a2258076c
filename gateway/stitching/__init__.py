"""A customer, put together on demand from what the sources say about its keys."""
