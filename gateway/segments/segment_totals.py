"""Read how many customers are in segments, whether by a condition or on a list."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.store.segment_counts import SegmentCount
from gateway.store.store import Store
from gateway.tags.definitions import CustomerSegment


async def read_totals(store: Store, segments: Mapping[str, CustomerSegment]) -> Mapping[str, SegmentCount]:
    """Read the counts of segments by key. One that was not counted or uploaded yet is left out. Raises `StoreError`."""
    counts = await store.segment_counts.read([key for key, own in segments.items() if not own.is_list])
    lists = await store.segment_lists.read([key for key, own in segments.items() if own.is_list])
    return counts | {
        key: SegmentCount(members=own.count, known=own.count, unknown=0, as_of=own.as_of) for key, own in lists.items()
    }
