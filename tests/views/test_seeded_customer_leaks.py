"""Checks of the checks: where one place no longer keeps to of whom a caller may be told, two worlds tell it."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from gateway.stitching.source_router import SourceRouter
from tests.support.caller_keys import SECRET, keys_in
from tests.support.clocks import StoppedClock
from tests.support.customer_leak_seeds import SEEDS
from tests.support.gateway_server import gateway_on
from tests.views.test_two_worlds_of_customers import DifferenceError, compare_worlds

CUSTOMERS = (r.Customer, KeyKind.CUSTOMER_ID)
NOTICED_BY = {
    "one customer is not judged": ("ids", False, False),
    "customers by keys are not judged": ("keys", False, True),
    "customers by ids are not judged": ("ids", True, False),
    "nodes are not judged": ("keys", False, False),
    "records by their ids are not judged": ("accounts", True, False),
    "members are not judged": ("purposes", False, False),
    "searches are not judged": ("purposes", False, True),
    "accounts are not judged": ("accounts", False, False),
    "records are asked for before the customer is judged": ("ids", False, True),
    "candidates are not judged": ("keys", True, True),
    "all sources are asked": ("sources", False, True),
    "plans are for all sources": ("sources", True, False),
    "a rule is that of the request before": ("ids", False, True),
    "all purposes are one": ("purposes", False, False),
}
"""What a caller may see, whether the rest is gone in one of the worlds, and whether there are two sources of customers."""

OPERATIONS = 40
"""After each way in has been asked by."""


@pytest.mark.parametrize("name", NOTICED_BY)
async def test_a_leak_of_customers_is_noticed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """That nothing is noticed without it is for the test of the two worlds."""
    SEEDS[name](monkeypatch)
    with pytest.raises(DifferenceError):
        await compare_worlds(*NOTICED_BY[name], OPERATIONS, tmp_path)


def test_every_seed_is_sown():
    assert NOTICED_BY.keys() == SEEDS.keys()


def read_what_is_stored(patch: pytest.MonkeyPatch) -> None:
    """Read what is stored of customers for callers of some sources, too."""
    within = SourceRouter.within

    def route_within(self: SourceRouter, names: Collection[str]) -> SourceRouter:
        router = within(self, names)
        router.known = self.known
        return router

    patch.setattr(SourceRouter, "within", route_within)


def three_sources() -> list[MemoryConnector]:
    """Sources of one customer: the club has the keys of both others, so that only it links them."""
    crm = r.Customer(id="c1", email="ana@example.com")
    club = r.Customer(id="m1", email="ana@example.com", member_number="7")
    shop = r.Customer(id="s1", member_number="7")
    return [
        MemoryConnector("crm", {CUSTOMERS: {"c1": [crm]}, (r.Customer, KeyKind.EMAIL): {"ana@example.com": [crm]}}),
        MemoryConnector(
            "club",
            {
                CUSTOMERS: {"m1": [club]},
                (r.Customer, KeyKind.EMAIL): {"ana@example.com": [club]},
                (r.Customer, KeyKind.MEMBER_NUMBER): {"7": [club]},
            },
        ),
        MemoryConnector("shop", {CUSTOMERS: {"s1": [shop]}, (r.Customer, KeyKind.MEMBER_NUMBER): {"7": [shop]}}),
    ]


@pytest.mark.mongodb
async def test_a_leak_of_stored_links_is_noticed(
    mongodb_settings: MongoSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What another caller's sources linked is stored. It is no link for one who has not the source that links."""
    keys, access = await keys_in(tmp_path, ["console", "some"])
    words = {
        "access": access,
        "callers": {"console": {}, "some": {"sources": ["crm", "shop"]}},
        "mongodb": mongodb_settings.model_dump(),
        "identity": {"secret": SECRET},
    }
    text = '{ customer(by: {id: "crm:c1"}) { identity { records } } }'

    async def ask(name: str) -> tuple[Any, list[Any]]:
        """The records of the customer, and the keys that the shop is asked by."""
        sources = three_sources()
        async with gateway_on(sources, with_clock=StoppedClock(), **words) as gateway:
            answer = await gateway.ask(text, authorization=f"Bearer {keys[name]}")
            return answer["data"]["customer"]["identity"]["records"], [call[2] for call in sources[2].calls]

    linked, _ = await ask("console")
    assert sorted(linked) == ["club:m1", "crm:c1", "shop:s1"]
    assert await ask("some") == (["crm:c1"], [])
    read_what_is_stored(monkeypatch)
    assert await ask("some") == (["crm:c1"], [("s1",)]), "what is stored is asked for, and no link without what it hangs on"
