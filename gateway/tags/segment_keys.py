"""Name the tags that say whether a customer is in a segment."""

SEGMENT_PREFIX = "segment:"
"""Begins the key of such a tag. No tag of a file has such a key."""


def segment_tag(key: str) -> str:
    """Give the key of a segment's tag."""
    return f"{SEGMENT_PREFIX}{key}"
