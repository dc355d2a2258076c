"""Cut what is older than the retention off the chains, each at a checkpoint that is sealed."""

from __future__ import annotations

from datetime import timedelta

import structlog

from gateway.audit.chain_check import ChainCheck
from gateway.audit.link import AuditLink, cut_to_milliseconds
from gateway.audit.stores import LinkStore
from gateway.clock import Clock

CUT_S = 3_600.0
"""How often chains are cut, in seconds."""

log = structlog.get_logger()


class Retention:
    """Cuts chains once an hour. Any number of processes may."""

    def __init__(self, links: LinkStore, key: bytes, retention: timedelta, clock: Clock) -> None:
        self._links = links
        self._key = key
        self._retention = retention
        self._clock = clock
        self._cut_at: float | None = None

    async def cut_if_due(self) -> None:
        """Cut all chains if the last time was long ago. Raises `StoreError`."""
        now = self._clock.monotonic()
        if self._cut_at is None or now - self._cut_at >= CUT_S:
            self._cut_at = now
            await self.cut_all()

    async def cut_all(self) -> int:
        """Cut all chains. Gives the number of links that are gone. Raises `StoreError`."""
        limit = self._clock.now() - self._retention
        return sum([await self._cut(await self._check(chain)) for chain in await self._links.list_chains_before(limit)])

    async def _check(self, chain: str) -> ChainCheck:
        """Check what is to be cut: where it was changed it stays, for people to see."""
        check, limit = ChainCheck(chain, self._key), self._clock.now() - self._retention
        checkpoint = await self._links.read_checkpoint(chain)
        if checkpoint is not None:
            check.begin_with_checkpoint(checkpoint)
        async for stored in self._links.read(chain):
            if stored.link is not None and stored.link.at >= limit:
                break  # behind it there may be older ones, where a clock was set back
            check.add(stored)
        return check

    async def _cut(self, check: ChainCheck) -> int:
        if check.findings:
            log.error("audit_not_cut", chain=check.chain, changes=sorted({own.change.value for own in check.findings}))
        if check.findings or check.last is None:
            return 0
        checkpoint = AuditLink(
            chain=check.chain,
            seq=check.last.seq + 1,
            at=cut_to_milliseconds(self._clock.now()),
            kind="checkpoint",
            previous=check.last.mac,
        )
        sealed, _ = checkpoint.seal(self._key)
        return await self._links.cut(sealed)
