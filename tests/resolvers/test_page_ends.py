"""What a page says of the rest: whether there is more, and how many there are in all."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import msgspec
import pytest

from connectors import records as r
from connectors.contract import Answer, Ask, Condition, KeyKind, Keys, Page, Push
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Found
from gateway.lookups.post_filter import PostFilter
from gateway.lookups.source_call import SourceCaller
from tests.support import shop
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases

PUSHDOWNS = [set(chosen) for size in range(len(Push) + 1) for chosen in combinations(Push, size)]
ASKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "filtered": {"where": (Condition("status", ("DELIVERED",)),)},
    "bounded": {"since": shop.at(1, 0)},
    "counted": {"count": True},
    "oldest first": {"oldest_first": True},
}


class Spoilt(MemoryConnector):
    """Gives records that nobody can read at the end of what it has, and cuts them like any others."""

    malformed = 0

    async def _fetch(self, record: type[r.Record], by: KeyKind, keys: Keys, ask: Ask) -> Answer:
        answer = {}
        for key, page in (await super()._fetch(record, by, keys, msgspec.structs.replace(ask, first=None))).items():
            assert isinstance(page, Page)
            whole = [*msgspec.json.decode(page.records), *({"id": [7]} for _ in range(self.malformed))]
            first = self._applied(ask).first
            answer[key] = Page(msgspec.json.encode(whole[:first]), None if page.total is None else page.total + self.malformed)
        return answer


@pytest.mark.parametrize("asked", ASKS)
@pytest.mark.parametrize("good", [0, 1, 2, 3])
async def test_what_cannot_be_read_hides_nothing_where_all_is_here(asked: str, good: int):
    """For every set of things that a source applies: there is more if a good record is left, or the source was cut off."""
    clock = Clock()
    ask = Ask(fields=Fields.from_paths("id"), first=1, **ASKS[asked])
    records = [shop.order(n, "c1", 1 + n) for n in range(good)]
    delivered = [msgspec.structs.replace(one, status=r.OrderStatus.DELIVERED) for one in records]
    for pushdown in PUSHDOWNS:
        source = Spoilt("orders", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": delivered}}, pushdown=pushdown)
        source.malformed = 3
        (lookup,) = source.lookups()
        window = PostFilter(ask, lookup)
        (found,) = await SourceCaller("orders", clock).fetch(lookup, ["c1"], window, Deadline.within(clock, 60))
        assert isinstance(found, Found)
        is_cut = source._applied(window.sent).first is not None
        assert found.has_more == (good > 1 or (is_cut and good == 1)), sorted(pushdown)
        assert len(found.records) == min(good, 1)


def support_with(shared: int, own: Sequence[int]) -> MemoryConnector:
    """Tickets of two addresses: each has some of its own, and the older ones both find."""
    both = [r.Ticket(id=f"s{n}", created_at=shop.at(1 + n)) for n in range(shared)]
    first, second = (
        [r.Ticket(id=f"{name}{n}", created_at=shop.at(20 + n)) for n in range(number)] + both
        for name, number in zip("ab", own, strict=True)
    )
    held = {"ana@example.com": first, "ana.work@example.org": second}
    return MemoryConnector("support", {(r.Ticket, KeyKind.EMAIL): held})


@pytest.mark.parametrize(
    ("shared", "own", "first", "total"),
    [
        (3, (2, 2), 2, None),  # seven, of which three are older than the page and found twice
        (3, (2, 2), 10, None),  # seen to be shared
        (0, (2, 2), 10, 4),  # all are here, and differ
        (0, (2, 2), 1, None),  # nobody knows whether the others differ
        (0, (4, 0), 1, 4),  # one address alone finds any
        (0, (0, 0), 1, 0),
    ],
)
async def test_a_total_over_keys_is_given_only_where_it_is_known(
    shared: int, own: Sequence[int], first: int, total: int | None
):
    """Two addresses may find the same tickets, so what each of them counts is their sum only when all are seen."""
    query = f'{{ customer(by: {{id: "c1"}}) {{ tickets(first: {first}) {{ totalCount }} }} }}'
    async with gateway_on([shop.crm(), support_with(shared, own)]) as gateway:
        data = await gateway.data(query)
    assert data["customer"]["tickets"] == {"totalCount": total}
