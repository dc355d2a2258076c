"""How a worker handles its memory. Each answer makes much that goes at once, and the next one needs as much again."""

import ctypes
import gc
import sys

MAX_CACHED_BYTES = 64 << 20
"""So much that is free stays with the worker: to give it back and fetch it again costs a page fault for every 4 KB."""

LARGE_BYTES = 8 << 20
"""What is larger comes from the system, and goes back to it at once."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def tune_memory() -> None:
    """To be called when all is made that stays: collections look through it no more, and come less often.

    What caches evict is free at once, but for classes, which are cyclic: a full collection frees them, every few thousand
    documents that never came before (decision 67). It takes up to half a second, so it must not come much more often.
    In a worker a `GarbageCollector` decides when.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 5)
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):  # glibc has it, musl does not
        libc.mallopt(_M_TRIM_THRESHOLD, MAX_CACHED_BYTES)
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
