"""Seal what workers wrote to the spool into links of their chains.

Of a segment the links are written first, then the head of the chain, and then it is removed. Whoever comes after a death
between two of these seals it anew in the place of those links, which nobody has seen, or only removes what the head has.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from gateway.audit.entry_batch import EntryBatch
from gateway.audit.journal import Block, read_blocks
from gateway.audit.link import AuditLink, LinkKind, cut_to_milliseconds
from gateway.audit.request_buffer import CUSTOMERS, RecordedRequest
from gateway.audit.sealed_head import HeadError, SealedHead, SealedHeads
from gateway.audit.spool import HEAD, UNREADABLE, Spool, encode_line, is_sealed, read_segment_name
from gateway.clock import Clock
from gateway.log import SeldomLog

HEAD_S = 60.0
"""How often the log has the head of a chain, in seconds."""

MAX_LINK_ENTRIES = 250

MAX_LINK_CUSTOMERS = 10_000
"""So many commitments are in a link, but for one request that has more. They must fit into a document of MongoDB."""

log = structlog.get_logger()


class Sealer:
    """Seals segments. It is for who has the lock of the spool. One that `gives_way` lets the loop of its process in."""

    def __init__(self, spool: Spool, key: bytes, clock: Clock, *, gives_way: bool = True) -> None:
        self._spool = spool
        self._heads = SealedHeads(spool, key)
        self._key = key
        self._clock = clock
        self._gives_way = gives_way
        self._told_at: dict[str, float] = {}
        self._told: dict[str, int] = {}
        self._seldom = SeldomLog(clock)

    def seal_all(self) -> None:
        """Seal all segments to which nothing is added any more. Raises `OSError`, also where one cannot be sealed."""
        stopped: set[str] = set()
        for path in self._spool.list_unsealed():
            self.seal_next(path, stopped)
        if stopped:
            raise OSError(errno.EIO, "a segment cannot be sealed, as its chain has no head that can be read")

    def seal_next(self, path: Path, stopped: set[str]) -> None:
        """Seal a segment, the next one of its chain, unless that has stopped. Raises `OSError`.

        A head that comes back meanwhile would have later ones sealed, and those before them taken for sealed.
        """
        chain = path.name.partition(".")[0]
        if chain not in stopped and not self.seal(path):
            stopped.add(chain)

    def seal(self, path: Path) -> bool:
        """Seal a segment. Gives False where its chain has no head that can be read. Raises `OSError`."""
        try:
            self._seal(path)
        except FileNotFoundError:  # its process closed it since it was listed: the next round has it by its new name
            return True
        except (ValueError, *UNREADABLE):
            self._spool.set_aside(path)
        except HeadError:
            if self._seldom.is_due("audit_head_unreadable"):
                log.error("audit_head_unreadable", file=path.name)
            return False
        return True

    def finish_sealing(self, sealed: Path) -> bool:
        """Go on where somebody died who was sealing this segment. Gives False where that cannot be. Raises `OSError`."""
        return all(map(self.seal, self._spool.list_unsealed_of(sealed)))

    def clear_all_away(self) -> None:
        """Log the last head of each chain that has ended, also of one whose process died, and remove what is left of it."""
        for path in self._spool.list_segments(HEAD):
            chain = path.name.removesuffix(HEAD)
            if self._spool.has_ended(chain):
                with suppress(HeadError):
                    head = self._heads.read_head(chain)
                    if head is not None and self._told.pop(chain, None) != head.seq:
                        log.info("audit_head", chain=chain, seq=head.seq, mac=head.mac)
                self._spool.clear_away(chain)

    def _seal(self, path: Path) -> None:
        chain, number = read_segment_name(path)
        content = self._spool.read_requests(path)
        if is_sealed(content):
            self._spool.adopt(path, content)
            path.unlink()
            return
        head = self._heads.read_head(chain)
        links: Sequence[AuditLink] = ()
        if head is None or head.segment < number:
            links = self._write_links(path, chain, head, content)
            if links:
                head = SealedHead(chain, number, links[-1].seq, links[-1].mac)
                self._heads.write_head(head)
        if links and links[0].kind == "begin":
            self._tell_head(SealedHead(chain, number, links[0].seq, links[0].mac))
        if head is not None:
            self._tell_head(head, is_ended=bool(links) and links[-1].kind == "end")
        path.unlink()
        self._spool.clear_lock(chain)

    def _write_links(self, path: Path, chain: str, head: SealedHead | None, content: bytes) -> Sequence[AuditLink]:
        """Seal and write the links of a segment, all or none of them."""
        batch = _LinkBatch(chain, self._key, head, gives_way=self._gives_way)
        for block, requests in read_blocks(content):
            batch.add_block(block, requests)
        if batch.links:
            self._spool.write_sealed(path, b"".join(batch.lines))
        return batch.links

    def _tell_head(self, head: SealedHead, *, is_ended: bool = False) -> None:
        """Log the head of a chain when that was not done for a minute, and of its end."""
        now = self._clock.monotonic()
        self._told_at = {chain: at for chain, at in self._told_at.items() if now - at < HEAD_S}
        if is_ended or head.chain not in self._told_at:
            self._told_at[head.chain] = now
            self._told[head.chain] = head.seq
            log.info("audit_head", chain=head.chain, seq=head.seq, mac=head.mac)


class _LinkBatch:
    """The links of one segment, and their lines in the spool."""

    def __init__(self, chain: str, key: bytes, head: SealedHead | None, *, gives_way: bool) -> None:
        self.links: list[AuditLink] = []
        self.lines: list[bytes] = []
        self._chain = chain
        self._key = key
        self._seq, self._previous = (0, "") if head is None else (head.seq + 1, head.mac)
        self._gives_way = gives_way

    def add_block(self, block: Block, requests: Sequence[RecordedRequest]) -> None:
        """Seal a block, in as many links as it takes."""
        at = cut_to_milliseconds(datetime.fromtimestamp(block.at, UTC))
        if self._seq == 0:
            self._add("begin", at, ())
        for number, slice_ in enumerate(_slice_requests(requests)):
            self._add(block.kind, at, slice_, 0 if number else block.lost)

    def _add(self, kind: LinkKind, at: datetime, requests: Sequence[RecordedRequest], lost: int = 0) -> None:
        batch = EntryBatch(gives_way=self._gives_way)
        batch.add_all(requests)
        link, encoded = AuditLink(
            chain=self._chain,
            seq=self._seq,
            at=at,
            kind=kind,
            entries=tuple(batch.entries),
            lost=lost,
            previous=self._previous,
        ).seal(self._key)
        self._seq, self._previous = self._seq + 1, link.mac
        self.links.append(link)
        self.lines.append(encode_line(encoded, batch.people))


def _slice_requests(requests: Sequence[RecordedRequest]) -> Iterator[Sequence[RecordedRequest]]:
    """Give what each link is of: one that has no requests where there are none."""
    start = customers = 0
    for end, request in enumerate(requests):
        named = request[CUSTOMERS]
        size = 1 if isinstance(named, str) else len(named)
        if end - start == MAX_LINK_ENTRIES or (end > start and customers + size > MAX_LINK_CUSTOMERS):
            yield requests[start:end]
            start, customers = end, 0
        customers += size
    yield requests[start:]
