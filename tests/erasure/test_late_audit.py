"""What comes to the audit late does not name who is erased, and the receipt names who was told of him until then."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.erasure.worker import REPLAY_HOLD, REPLAY_LEASE
from gateway.settings import MongoSettings
from tests.erasure.erased_people import OPERATOR, any_driver, code_of, documents, erase, gateway_of, people, values_in
from tests.support import shop
from tests.support.audit_trails import SECRET, record, trail_on, verify
from tests.support.known_people import ALL_KINDS, ANA_DESK, knowing
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]
ERASE = """mutation { eraseCustomer(id: "crm:7", reason: "she asked for it") { state recipients { caller lastAt } } }"""


class LateTickets(MemoryConnector):
    """Gives tickets when it is let."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def _fetch(self, record: Any, *words: Any, **more: Any) -> Any:
        if record is r.Ticket:
            self.asked.set()
            await self.let.wait()
        return await super()._fetch(record, *words, **more)


def audit_in(folder: Path, **words: Any) -> dict[str, Any]:
    return {"key": SECRET, "spool": str(folder), **words}


async def test_a_request_under_way_leaves_no_name(mongodb_settings: MongoSettings, tmp_path: Path):
    """It found her before she was erased, and ends when the receipt is complete, which then names its caller."""
    tickets = {(r.Ticket, KeyKind.CUSTOMER_ID): {"u1": [r.Ticket(id="t", created_at=shop.at(4))]}}
    late = knowing("desk", [ANA_DESK], ALL_KINDS, tickets, LateTickets)
    assert isinstance(late, LateTickets)
    async with gateway_of([*people()[:2], late], mongodb_settings, audit=audit_in(tmp_path)) as gateway:
        asking = asyncio.create_task(gateway.ask('{ customer(by: {id: "crm:7"}) { name tickets { nodes { id } } } }'))
        async with asyncio.timeout(40):
            await late.asked.wait()
        assert (await erase(gateway))["state"] == "COMPLETE"
        late.let.set()
        assert "errors" not in await asking
    async with store_of(mongodb_settings) as store:
        kept, found = await documents(store), await verify(store, tmp_path, Clock())
    assert values_in(kept) == []
    assert [own["caller"] for own in kept["erasures"][0]["recipients"]] == ["anybody"]
    assert (found.findings, found.erased) == ([], 1)


async def test_who_was_told_just_now_is_a_recipient(mongodb_settings: MongoSettings, tmp_path: Path):
    """MongoDB does not have it yet. Each caller is there once, with the last time."""
    async with gateway_of(people(), mongodb_settings, audit=audit_in(tmp_path)) as gateway:
        for _ in range(2):
            assert await code_of(gateway, {"id": "crm:7"}) is None
        receipt = (await gateway.ask(ERASE, **OPERATOR))["data"]["eraseCustomer"]
    assert (receipt["state"], [own["caller"] for own in receipt["recipients"]]) == ("COMPLETE", ["anybody"])


async def test_a_machine_that_was_down_names_nobody(mongodb_settings: MongoSettings, tmp_path: Path):
    """Its spool has her, and is delivered after the receipt is complete."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    async with store_of(mongodb_settings) as store:
        ended = trail_on(store, there, Clock())
        record(ended, "r1", Clock(), "crm:7", "crm:8")
        ended.flush()
        ended._journal.release()
        async with gateway_of(people(), mongodb_settings, audit=audit_in(here)) as gateway:
            assert (await erase(gateway))["state"] == "COMPLETE"
        assert await store.leases.acquire([REPLAY_LEASE], hold=REPLAY_HOLD)  # nobody looks through the store soon
        async with gateway_of(people(), mongodb_settings, audit=audit_in(there)), asyncio.timeout(40):
            while [*there.glob("*.0*")]:
                await asyncio.sleep(0.02)
        kept, found = await documents(store), await verify(store, there, Clock())
    assert values_in(kept) == []
    assert [own["customer"] for own in kept["audit_people"]] == ["crm:8"]
    assert [own["caller"] for own in kept["erasures"][0]["recipients"]] == ["console"]
    assert found.findings == []


async def test_a_spool_that_is_away_is_no_mistake_of_the_gateway(mongodb_settings: MongoSettings, tmp_path: Path):
    """The erasure goes on when it is back."""
    spool = tmp_path / "spool"
    async with gateway_of(people(), mongodb_settings, audit=audit_in(spool, on_failure="warn")) as gateway:
        answer = await gateway.ask(ERASE, **OPERATOR)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["STORE_UNAVAILABLE"]
        spool.mkdir()
        async with store_of(mongodb_settings) as store, asyncio.timeout(40):
            while {own["state"] for own in (await documents(store))["erasures"]} != {"COMPLETE"}:
                await asyncio.sleep(0.1)
