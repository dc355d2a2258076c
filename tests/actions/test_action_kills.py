"""Workers are killed at random while tags change and a receiver fails: each change is told at least once, with one id.

`GATEWAY_TEST_ACTION_CHANGES` and `GATEWAY_TEST_ACTION_KILLS` say how many there are, 100 and 5 without them.
"""

import asyncio
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pymongo import MongoClient

from gateway.actions.webhook_delivery import delivery_id
from gateway.changes.tag_change import TagChanged
from gateway.tags.tag_history import ChangeCause
from tests.support.acting_source import refuses
from tests.support.kind_folder import write_kinds
from tests.support.serve_process import PATIENCE_S, ServeProcess, serve_process, wait_until
from tests.support.webhook_receiver import CLOSE, HANG, SECRET, Receiver, receiving

CHANGES = int(os.environ.get("GATEWAY_TEST_ACTION_CHANGES", "100"))
KILLS = int(os.environ.get("GATEWAY_TEST_ACTION_KILLS", "5"))
BATCH = 20
MAX_FAILURES = 3
"""Of one webhook: each attempt is later after four times as long."""

pytestmark = [pytest.mark.mongodb, pytest.mark.timeout(60 + KILLS * 40)]

TAGS = """\
facts:
  orders:
    label: Orders ever
    record: order
    measure: count
tags:
  tier:
    label: Tier
    description: Whether a customer has bought.
    owner: crm-team
    category: VALUE
    ttl: 6h
    version: 1
    words: By orders.
    values: [LOW, HIGH]
    expression: "orders > 0 ? 'HIGH' : 'LOW'"
actions:
  welcome:
    when: {tag: tier, from: LOW, to: HIGH}
    target: shop
    purpose: marketing
    channel: email
    owner: crm-team
    description: Greets those who buy.
"""
SETTINGS = """\
[mongodb]
uri = "{uri}"
database = "{database}"
timeout_ms = 20000

[tags]
file = "tags.yaml"
cache_s = 0

[callers.console]

[access]
anonymous = "console"

[purposes.marketing]
basis = "consent"

[actions]
look_s = 0.05
retry_s = 0.1
max_attempts = 100

[actions.targets.shop]
url = "{url}"
secret = "{secret}"
max_per_second = 200
timeout_s = 0.5

[sources.crm]
kind = "acting"
folder = "{folder}"
"""
ASK = 'query ($ids: [ID!]!) { customers(ids: $ids) { tag(key: "tier") { value } } }'


@contextmanager
def receiving_beside() -> Iterator[Receiver]:
    """A receiver in a thread of its own."""
    ready, ended, found = threading.Event(), threading.Event(), list[Receiver]()

    async def run() -> None:
        async with receiving() as receiver:
            found.append(receiver)
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    ready.wait(PATIENCE_S)
    try:
        yield found[0]
    finally:
        ended.set()
        thread.join()


def fail_at_random(receiver: Receiver, chance: random.Random) -> None:
    attempts: Counter[str] = Counter()

    def answer(id_: str) -> int:
        attempts[id_] += 1
        if attempts[id_] > MAX_FAILURES:
            return 200
        return chance.choices([200, 500, CLOSE, HANG], [60, 25, 10, 5])[0]

    receiver.answers = answer


class ActingGateway:
    """A gateway whose customers buy, and its database."""

    def __init__(self, folder: Path, uri: str, database: str, url: str) -> None:
        self.folder, self.config = folder, folder / "gateway.toml"
        self._uri, self._database = uri, database
        write_kinds(folder / "kinds", acting="tests.support.acting_source:Acting")
        (folder / "tags.yaml").write_text(TAGS, "utf-8")
        words = {"uri": uri, "database": database, "url": url, "secret": SECRET, "folder": folder}
        self.config.write_text(SETTINGS.format(**words), "utf-8")
        self.ids = [str(number) for number in range(CHANGES)]

    def tags(self) -> list[dict[str, Any]]:
        with MongoClient[dict[str, Any]](self._uri, timeoutMS=20_000, tz_aware=True) as client:
            return [*client[self._database].tags.find()]

    def values(self) -> Counter[str]:
        return Counter(own["now"]["tier"]["value"] for own in self.tags() if "now" in own)

    def mark_stale(self) -> None:
        """As a webhook of the source does."""
        with MongoClient[dict[str, Any]](self._uri, timeoutMS=20_000) as client:
            client[self._database].tags.update_many({}, {"$unset": {"tags": "", "at": ""}})

    def expire(self) -> None:
        """Have all tags be stale, which are given while there is nothing newer."""
        marked = {"$inc": {"marks": 1}, "$set": {"staleAt": datetime.now(UTC)}}
        with MongoClient[dict[str, Any]](self._uri, timeoutMS=20_000) as client:
            client[self._database].tags.update_many({}, marked)

    def ask_all(self, gateway: ServeProcess) -> None:
        """Ask for the tags of all, also where workers die meanwhile."""
        for start in range(0, CHANGES, BATCH):
            with suppress(httpx2.TransportError, json.JSONDecodeError):
                query = {"query": ASK, "variables": {"ids": self.ids[start : start + BATCH]}}
                httpx2.post(f"{gateway.url}/graphql", json=query, timeout=PATIENCE_S).json()

    def expected(self) -> dict[str, str]:
        """The webhooks that there are to be, by the history of all customers, with the customer of each."""
        found = {}
        for document in self.tags():
            assert "outbox" not in document
            for own in document["history"]["tier"]:
                changed = TagChanged(
                    customer=document["_id"],
                    key="tier",
                    before=own["from"],
                    value=own["to"],
                    at=own["at"],
                    cause=ChangeCause(own["cause"]),
                    rule=document["now"]["tier"]["rule"],
                )
                is_met = (changed.before, changed.value, changed.cause) == ("LOW", "HIGH", ChangeCause.FACTS)
                if is_met and not refuses(changed.customer):
                    found[delivery_id(changed.id, "welcome")] = changed.customer
        return found

    def waiting(self) -> int:
        with MongoClient[dict[str, Any]](self._uri, timeoutMS=20_000) as client:
            database = client[self._database]
            return database.deliveries.count_documents({"state": "WAITING"}) + database.tags.count_documents(
                {"changesOut": {"$exists": True}}
            )


def kill_some(gateway: ServeProcess, chance: random.Random, killed: list[int]) -> None:
    """Kill workers one after the other, each at a random moment."""
    while len(killed) < KILLS:
        time.sleep(chance.uniform(0.1, 1.5))  # the moment is a matter of chance, and nothing waits for it
        pids = gateway.ready_pids(gateway.readiness() or {"workers": []})
        if pids:
            pid = chance.choice(pids)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)


def test_each_change_is_told_whatever_dies(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """After the receiver has taken each id once, its log is that of the changes that the rule selects and consents allow."""
    chance, killed = random.Random(7), list[int]()
    with receiving_beside() as receiver:
        fail_at_random(receiver, chance)
        acting = ActingGateway(tmp_path, mongodb_uri, mongodb_database, receiver.url)
        with serve_process(acting.config, workers=2, path=tmp_path / "kinds") as gateway:
            gateway.wait_ready(2)
            wait_until(lambda: acting.ask_all(gateway) or acting.values() == {"LOW": CHANGES}, "all are LOW")
            began = time.monotonic()
            (tmp_path / "bought").touch()
            acting.mark_stale()
            killer = threading.Thread(target=kill_some, args=(gateway, random.Random(11), killed))
            killer.start()
            wait_until(lambda: acting.ask_all(gateway) or acting.values() == {"HIGH": CHANGES}, "all are HIGH")
            killer.join()
            wait_until(lambda: not acting.waiting(), "all is sent")
            took = time.monotonic() - began
            expected = acting.expected()
            assert gateway.events("deliveries_failed") == gateway.events("changes_not_taken") == []
    assert len(killed) == KILLS
    assert len(expected) == sum(not refuses(own) for own in acting.ids)
    told = {id_: body["data"]["customer"]["id"].removeprefix("crm:") for id_, body in receiver.taken}
    assert told == expected
    print(f"{CHANGES} changes, {KILLS} kills, {len(receiver.taken)} webhooks of {len(told)} ids in {took:.1f} s")  # noqa: T201  with -s
