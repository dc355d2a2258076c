"""Trails of an audit on MongoDB, as a worker has them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.audit.journal import read_request_ids
from gateway.audit.link import AuditKeys, ChainHead
from gateway.audit.sealed_head import SealedHeads
from gateway.audit.spool import Spool, read_segment_name
from gateway.audit.trail import AuditTrail
from gateway.audit.verification import Verification, Verifier
from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.settings.audit_settings import AuditSettings
from gateway.store.store import Store

SECRET = "a secret of the audit that is long enough"


def audit_settings(folder: Path, **words: Any) -> AuditSettings:
    return AuditSettings.model_validate({"key": SECRET, "spool": folder, **words})


KEYS = AuditKeys.from_settings(audit_settings(Path()))


def record(trail: AuditTrail, request: str, clock: Clock, *customers: str, **words: Any) -> None:
    """Record a request of the console that was told of customers."""
    plain: dict[str, Any] = {
        "caller": "console",
        "user": None,
        "purpose": None,
        "operation": "query",
        "answer": "OK",
        "fields": ("contact",),
        "sources": ["shop", "crm"],
        "attempts": [],
    }
    trail.record(at=clock.now(), request=request, customers=customers, **(plain | words))


def trail_on(store: Store, folder: Path, clock: Clock, **words: Any) -> AuditTrail:
    """A trail that is not open: it writes and delivers when it is told to."""
    store.audit_links.ensure_indexes()
    store.audit_people.ensure_indexes()
    return AuditTrail(audit_settings(folder, **words), store.audit_links, store.audit_people, clock)


@asynccontextmanager
async def open_trail(store: Store, folder: Path, clock: Clock, **words: Any) -> AsyncIterator[AuditTrail]:
    trail = trail_on(store, folder, clock, **words)
    await trail.open()
    try:
        yield trail
    finally:
        await trail.aclose()


async def verify(store: Store, folder: Path, clock: Clock, heads: Iterable[ChainHead] = ()) -> Verification:
    return await Verifier(KEYS.chain, store.audit_links, store.audit_people, Spool(folder), clock).verify(heads)


async def requests_in(store: Store, folder: Path) -> list[str]:
    """The requests in MongoDB and the spool, each once, in no order."""
    stored = [own.link async for chain in _chains(store) async for own in store.audit_links.read(chain) if own.link is not None]
    spool = Spool(folder)
    spooled = [line.link for path in spool.list_segments(".links") for line in spool.read(path)]
    links = {(link.chain, link.seq): link for link in (*stored, *spooled)}
    plain = [own for path in spool.list_segments(".open", ".requests") for own in _unsealed_in(spool, path)]
    return [*(entry.request for link in links.values() for entry in link.entries), *plain]


def _unsealed_in(spool: Spool, path: Path) -> list[str]:
    """The requests of a segment that is not sealed, or was when somebody died before it was removed."""
    chain, number = read_segment_name(path)
    head = SealedHeads(spool, KEYS.chain).read_head(chain)
    is_sealed = (head is not None and head.segment >= number) or path.with_suffix(".links").exists()
    return [] if is_sealed else read_request_ids(spool.read_requests(path))


async def _chains(store: Store) -> AsyncIterator[str]:
    for chain in await store.audit_links.list_chains():
        yield chain


def patient(uri: str, database: str) -> MongoSettings:
    return MongoSettings(uri=uri, database=database, timeout_ms=20_000)
