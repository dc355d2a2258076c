"""Every class and customer has a marker of its own: none comes where it may not, while all around it changes."""

import asyncio
import json
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random

import httpx2

from gateway.access.api_keys import new_key
from gateway.access.key_file import KeyFile
from tests.support.caller_keys import SECRET
from tests.support.serve_process import serve_process

PEOPLE = 30
CLASSES = ("identifying", "contact", "personal", "free_text", "commercial")
VIEWS = {
    "console": dict.fromkeys((*CLASSES, "behavioural"), "shown"),
    "storefront": {"identifying": "shown", "contact": "masked", "personal": "shown", "commercial": "shown"},
    "partner": {"identifying": "hashed", "contact": "hashed", "personal": "masked", "commercial": "shown"},
    "shipper": {"contact": "shown"},
    "some": dict.fromkeys((*CLASSES, "behavioural"), "shown"),
}
ANSWERS = int(os.environ.get("VIEW_CANARIES_ANSWERS", "20"))
"""How many answers each asker has before the next change."""

SOME = frozenset(range(10))
"""The people of whom one caller may be told, and until a reload no others."""

TEXTS = (
    """query ($id: ID!) { customer(by: {id: $id}) { kind memberNumber email name occupation address { line }
        orders(first: 3) { nodes { number } } tickets(first: 3) { nodes { subject } } } }""",
    "query ($id: ID!) { customer(by: {id: $id}) { email memberNumber tickets { nodes { subject } } } }",
    '{ customer(by: {id: "%s"}) { name contactPoints { kind value } orders { nodes { channel } } } }',
    'query ($id: ID!) { __type(name: "Money") { name } customer(by: {id: $id}) { kind email occupation } }',
)
SOURCE = """
[sources.all]
kind = "sql"
url = "sqlite+aiosqlite:///{folder}/all.db"
cache_s = {{ customer = 1, order = 1 }}
[sources.all.records.customer]
query = "SELECT id, member_number, email, name, occupation, line AS address_line FROM people"
keys = {{ customer_id = "id" }}
[sources.all.records.order]
query = "SELECT number AS id, id AS customer_id, placed_at, number, number AS channel FROM people"
keys = {{ customer_id = "customer_id" }}
[sources.all.records.ticket]
query = "SELECT number AS id, id AS customer_id, placed_at AS created_at, subject FROM people"
keys = {{ customer_id = "customer_id" }}
[access]
hash_secret = "{secret}"
[access.keys]
secret = "{secret}"
file = "keys.json"
"""


def marker(own: str, person: int) -> str:
    return f"{own}-of-{person}-end"


def write_people(folder: Path) -> None:
    rows = [
        (
            f"p{person}",
            marker("identifying", person),
            f"{marker('contact', person)}@example.com",
            marker("personal", person),
            marker("personal", person),
            marker("contact", person),
            "2026-05-04T12:00:00Z",
            marker("commercial", person),
            marker("free_text", person),
        )
        for person in range(PEOPLE)
    ]
    with closing(sqlite3.connect(folder / "all.db")) as database, database:
        columns = "id, member_number, email, name, occupation, line, placed_at, number, subject"
        database.execute(f"CREATE TABLE people ({columns})")
        database.executemany(f"INSERT INTO people VALUES ({', '.join('?' * 9)})", rows)


def write_settings(folder: Path, views: dict[str, dict[str, str]], some: Collection[int] = SOME) -> Path:
    callers = []
    for name, sees in views.items():
        callers.append(f'[callers.{name}]\nfind_by = ["customer_id"]')
        if name == "some":
            callers.append(f"customers = {json.dumps([f'p{person}' for person in sorted(some)])}")
        callers.append(f"[callers.{name}.sees]")
        callers += [f'{own} = "{how}"' for own, how in sees.items()]
    file = folder / "gateway.toml"
    file.write_text(SOURCE.format(folder=folder, secret=SECRET) + "\n".join(callers), encoding="utf-8")
    return file


class Asker:
    """Asks as one caller, and counts what comes. `leaks` are answers with a marker that is not the caller's to see."""

    def __init__(self, url: str, name: str, key: str, number: int) -> None:
        self._url = url
        self._key = key
        self._random = Random(f"{name}{number}")
        self.shown = {own for own in CLASSES if VIEWS[name].get(own) == "shown"}
        self.people = SOME if name == "some" else frozenset(range(PEOPLE))
        self.seen: Counter[str] = Counter()
        self.leaks: list[tuple[str, str]] = []
        self.is_over = False

    async def run(self) -> None:
        async with httpx2.AsyncClient(base_url=self._url, timeout=90) as client:
            while not self.is_over:
                person, text = self._random.randrange(PEOPLE), self._random.choice(TEXTS)
                query = {"query": text % f"p{person}" if "%s" in text else text, "variables": {"id": f"p{person}"}}
                try:
                    answer = await client.post("/graphql", json=query, headers={"authorization": f"Bearer {self._key}"})
                except httpx2.TransportError:
                    self.seen["lost"] += 1  # of a worker that was killed
                    continue
                self._look_at(answer.text, person)

    def _look_at(self, answer: str, person: int) -> None:
        self.seen["answers"] += 1
        self.seen["refused"] += "UNAUTHENTICATED" in answer
        for own in CLASSES:
            for other in range(PEOPLE):
                if marker(own, other) in answer:
                    self.seen[own] += 1
                    if own not in self.shown or other != person or person not in self.people:
                        self.leaks.append((marker(own, other), answer))


async def more_from(askers: list[Asker], answers: int) -> None:
    """Wait until each has so many more answers."""
    before = [asker.seen["answers"] for asker in askers]
    while any(asker.seen["answers"] < had + answers for asker, had in zip(askers, before, strict=True)):
        await asyncio.sleep(0.01)


async def test_no_marker_comes_where_it_may_not(tmp_path: Path):
    """Five callers at load, while a key is revoked, the settings are read again with other rights, and a worker is killed."""
    keys, numbers = KeyFile(tmp_path / "keys.json"), count()
    write_people(tmp_path)
    texts, ids = {}, {}
    for name in (*VIEWS, "revoked"):
        text, key = new_key("console" if name == "revoked" else name, SECRET, datetime.now(UTC))
        await keys.add(key)
        texts[name], ids[name] = text, key.id
    with serve_process(write_settings(tmp_path, VIEWS), workers=2) as gateway:
        await asyncio.to_thread(gateway.wait_ready, 2)
        askers = {
            name: [Asker(gateway.url, "console" if name == "revoked" else name, text, next(numbers)) for _ in range(2)]
            for name, text in texts.items()
        }
        everybody = [asker for own in askers.values() for asker in own]
        tasks = [asyncio.create_task(asker.run()) for asker in everybody]
        await more_from(everybody, ANSWERS)
        await keys.end(ids["revoked"], datetime.now(UTC), is_revoked=True)
        await more_from(everybody, ANSWERS)
        others = VIEWS | {"shipper": {"contact": "masked"}, "storefront": VIEWS["storefront"] | {"contact": "withheld"}}
        write_settings(tmp_path, others, range(10, 20))
        for asker in askers["some"]:
            asker.people |= frozenset(range(10, 20))
        gateway.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(gateway.wait_for, "settings_loaded", 2)
        await more_from(everybody, ANSWERS)  # what was asked before the reload has come
        for asker in askers["shipper"]:
            asker.shown = set()
        for asker in askers["some"]:
            asker.people = frozenset(range(10, 20))
        await more_from(everybody, ANSWERS)
        before = gateway.ready_pids()
        os.kill(before[0], signal.SIGKILL)
        await asyncio.to_thread(gateway.wait_ready, 2)
        await more_from(everybody, ANSWERS)
        for asker in everybody:
            asker.is_over = True
        await asyncio.wait(tasks)
    assert [leak for asker in everybody for leak in asker.leaks] == []
    for name, own in askers.items():
        seen = sum((asker.seen for asker in own), Counter[str]())
        shown = {one for one in CLASSES if VIEWS.get(name, VIEWS["console"]).get(one) == "shown"}
        assert shown <= set(seen), name
        assert (seen["refused"] > 0) is (name == "revoked"), name
