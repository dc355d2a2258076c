"""Seal what workers wrote to the spool into links of their chains.

Of a segment the links are written first, then the head of the chain, and then it is removed. Whoever comes after a death
between two of these seals it anew in the place of those links, which nobody has seen, or only removes what the head has.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from gateway.audit.entry_batch import EntryBatch
from gateway.audit.journal import Block, read_blocks
from gateway.audit.link import AuditLink, LinkKind, cut_to_milliseconds
from gateway.audit.request_buffer import RecordedRequest
from gateway.audit.sealed_head import HeadError, SealedHead, SealedHeads
from gateway.audit.spool import SEALED, UNREADABLE, SegmentWriter, Spool, encode_line, read_segment_name, sync_folder
from gateway.clock import Clock
from gateway.log import SeldomLog

HEAD_S = 60.0
"""How often the log has the head of a chain, in seconds."""

MAX_LINK_ENTRIES = 250

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
        self._seldom = SeldomLog(clock)

    def seal_all(self) -> None:
        """Seal all segments to which nothing is added any more. Raises `OSError`, also where one cannot be sealed."""
        if [path for path in self._spool.list_unsealed() if not self.seal(path)]:
            raise OSError(errno.EIO, "a segment cannot be sealed, as its chain has no head that can be read")

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

    def _seal(self, path: Path) -> None:
        chain, number = read_segment_name(path)
        head = self._heads.read_head(chain)
        links: Sequence[AuditLink] = ()
        if head is None or head.segment < number:
            links = self._write_links(path, chain, head)
            if links:
                head = SealedHead(chain, number, links[-1].seq, links[-1].mac)
                self._heads.write_head(head)
        if links and links[0].kind == "begin":
            self._tell_head(SealedHead(chain, number, links[0].seq, links[0].mac))
        if head is not None:
            self._tell_head(head, is_ended=bool(links) and links[-1].kind == "end")
        path.unlink()
        self._spool.clear_away(chain)

    def _write_links(self, path: Path, chain: str, head: SealedHead | None) -> Sequence[AuditLink]:
        """Seal and write the links of a segment, all or none of them."""
        batch = _LinkBatch(chain, self._key, head, gives_way=self._gives_way)
        for block, requests in read_blocks(self._spool.read_requests(path)):
            batch.add_block(block, requests)
        if batch.links:
            written = path.with_suffix(".new")
            written.unlink(missing_ok=True)
            with SegmentWriter(written) as segment:
                segment.append(b"".join(batch.lines))
            written.replace(path.with_suffix(SEALED))
            sync_folder(self._spool.folder)
        return batch.links

    def _tell_head(self, head: SealedHead, *, is_ended: bool = False) -> None:
        """Log the head of a chain when that was not done for a minute, and of its end."""
        now = self._clock.monotonic()
        self._told_at = {chain: at for chain, at in self._told_at.items() if now - at < HEAD_S}
        if is_ended or head.chain not in self._told_at:
            self._told_at[head.chain] = now
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
        for start in range(0, max(1, len(requests)), MAX_LINK_ENTRIES):
            slice_ = requests[start : start + MAX_LINK_ENTRIES]
            self._add(block.kind, at, slice_, 0 if start else block.lost)

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
