"""Say how far the delivery of a spool is, for metrics."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from gateway.audit.spool import Spool

_FORM = Struct("<qqd")


class DeliveryState(NamedTuple):
    """How often delivery failed, the size of the spool, and when the oldest segment was written that is there.

    Where there is none that is the time at which it was looked, in seconds since 1970.
    """

    failures: int
    spool_bytes: int
    oldest_at: float

    def pack(self) -> bytes:
        """Write it for a pipe, always in as many bytes."""
        return _FORM.pack(*self)


def measure_spool(spool: Spool, failures: int, now: float) -> DeliveryState:
    """Look at a spool. Raises `OSError`."""
    oldest_at = spool.find_oldest()
    return DeliveryState(failures, spool.measure_bytes(), now if oldest_at is None else min(now, oldest_at))


def unpack_last(received: bytes) -> DeliveryState | None:
    """Read the last of several that came at once."""
    start = len(received) // _FORM.size * _FORM.size - _FORM.size
    return None if start < 0 else DeliveryState(*_FORM.unpack_from(received, start))
