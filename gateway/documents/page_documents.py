"""The documents of the pages: what a page in a frame may ask, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from importlib import resources

import msgspec

EMBEDDED = ("Viewer", "Identity", "Completeness", "Service", "Commerce", "Behaviour", "Months", "Tags", "WhyTag")
"""The documents of the page of one customer, by their names in the bundle of the pages."""


@lru_cache(maxsize=1)
def read_embedded_texts() -> Collection[str]:
    """Read the texts that a page in a frame may ask. None where this installation has no pages."""
    file = resources.files("gateway") / "pages" / "bundle" / "documents.json"
    if not file.is_file():
        return frozenset()
    texts = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    return frozenset(text for name, text in texts.items() if name in EMBEDDED)
