"""Read customers again whom another worker has marked stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.lookups.store_reads import StoreReads
from gateway.tags.renewal import Renewals
from gateway.tags.shared_computations import SharedComputations


def outdate_kept(
    shared: SharedComputations, reads: StoreReads[Any] | None, renewals: Renewals | None, concerns: Callable[[str], bool]
) -> None:
    """Forget what a worker computes and keeps of the customers who are concerned."""
    customers = {*filter(concerns, shared.customers if reads is None else shared.customers | reads.keys)}
    shared.forget(customers)
    if renewals is not None:
        renewals.outdate_where(concerns)
    if reads is not None:
        reads.outdate(customers)
