"""Compute tags: statements about a customer that carry their evidence. Pure, except for `service`."""
