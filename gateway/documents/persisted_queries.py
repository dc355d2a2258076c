"""Remember texts by their hashes, as clients with automatic persisted queries have it."""

from __future__ import annotations

import sys

from gateway.lru_cache import SegmentedLru

BYTES_PER_TEXT = 400
"""What an entry takes beside its text: its hash, and its places in the caches."""


def weigh_text(text: str) -> float:
    """Tell what a text takes, in bytes."""
    return sys.getsizeof(text) + BYTES_PER_TEXT


class PersistedQueries:
    """The texts of each caller, in `max_bytes` for all of them.

    Where these are full, who holds most gives way: however many texts one caller sends, others keep theirs as long as they
    hold less. A caller finds what he himself sent, so a hash tells nobody what others ask.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._by_caller: dict[str, SegmentedLru[str, str]] = {}
        self.size_bytes = 0.0

    def __bool__(self) -> bool:
        """Tell whether anything may be remembered."""
        return self._max_bytes > 0

    def find_text(self, caller: str, sha256: str) -> str | None:
        """Find the text of a hash that this caller sent before."""
        texts = self._by_caller.get(caller)
        return None if texts is None else texts.get(sha256)

    def remember_text(self, caller: str, sha256: str, text: str) -> None:
        """Remember a valid text of a caller by its hash."""
        texts = self._by_caller.get(caller)
        if texts is None:
            texts = self._by_caller[caller] = SegmentedLru(self._max_bytes, weigh_text)
        elif texts.get(sha256) is not None:
            return
        self.size_bytes -= texts.weight
        texts.add(sha256, text)
        self.size_bytes += texts.weight
        while self.size_bytes > self._max_bytes:
            largest = max(self._by_caller.values(), key=lambda own: own.weight)
            before = largest.weight
            largest.drop_least()
            self.size_bytes -= before - largest.weight
