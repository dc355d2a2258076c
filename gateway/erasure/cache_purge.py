"""Empty what a worker holds in memory of customers, so that nothing of an erased one is left there.

All of it is dropped, whoever it is of: an erasure is rare, and what is not looked through cannot be overlooked.
"""

from __future__ import annotations

from contextlib import suppress

from gateway.errors import StoreError
from gateway.identity.keys import forget_forms
from gateway.stitching.source_router import SourceRouter
from gateway.tags.service import TagService


async def purge_caches(router: SourceRouter, tags: TagService) -> None:
    """Empty the caches of a worker, and wait for what it is writing: whatever comes later knows the tombstones."""
    router.sources.cache.clear()
    purge_keys(router)
    await tags.clear_cache()
    if router.known is not None:
        await router.known.clear_cache()
    if router.decisions is not None:
        with suppress(StoreError):  # the whole is read again within an hour
            await router.decisions.known.reread()


def purge_keys(router: SourceRouter) -> None:
    """Empty what remembers keys with their spellings and digests. That is soon full again, so it may be done each second."""
    forget_forms()
    if router.known is not None:
        router.known.forget_digests()
