"""Who was told of a customer, as the audit in MongoDB has it: for callers who may read it, page by page."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from connectors.toolkit.evaluation import rfc3339
from gateway.app import create_services
from gateway.audit.reader import AuditReader
from gateway.cli import app
from gateway.errors import StoreError
from gateway.linkage.access_history import list_accesses
from gateway.services import Services
from gateway.settings import MongoSettings
from gateway.store.audit_accesses import AuditAccesses
from gateway.store.mongo import Database, Mongo
from tests.support.caller_keys import keys_in
from tests.support.clocks import START
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.recorded_audit import RecordedAudit, audited_gateway
from tests.views.test_customer_rights import SEES, club, sources

pytestmark = pytest.mark.mongodb

LOG = """query ($id: ID!, $first: Int! = 20, $after: String) { customer(by: {id: $id}) {
    accessLog(first: $first, after: $after) { nodes { at caller purpose fieldClasses } endCursor } } }"""


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def entry(seconds: float, request: str, *customers: str, **words: Any) -> dict[str, Any]:
    """An entry about customers, whose commitments are their names with that of the request."""
    usual: dict[str, Any] = {"caller": "console", "user": "0f", "purpose": None, "operation": "query", "answer": "OK"}
    own = {"at": at(seconds), "request": request, "fields": ["contact"], "sources": ["crm"], "attempts": []}
    return {**usual, **own, "customers": list(customers), **words}


async def fill(mongo: Mongo, links: Sequence[Sequence[dict[str, Any]]]) -> None:
    """Store links of these entries. A customer has one commitment in a link, of the time of his first entry there."""
    documents, people = [], {}
    for seq, entries in enumerate(links):
        for own in entries:
            for customer in own["customers"]:
                person = {"nonce": b"n", "customer": customer, "at": own["at"]}
                people.setdefault(f"{seq} {customer}", person)
        shown = [own | {"customers": [f"{seq} {customer}" for customer in own["customers"]]} for own in entries]
        documents.append({"_id": f"chain {seq}", "chain": "chain", "seq": seq, "kind": "entries", "entries": shown})

    async def insert(database: Database) -> None:
        await database["audit_links"].insert_many(documents)
        await database["audit_people"].insert_many([{"_id": name, **own} for name, own in people.items()])

    await mongo.run(insert, kind="write")


async def requests_of(mongo: Mongo, *customers: str, first: int = 10, before: datetime | None = None) -> list[str]:
    reader = AuditReader(AuditAccesses(mongo))
    return [own.request for own in await reader.accesses(customers, first=first, before=before)]


async def test_accesses_are_those_by_all_ids_the_newest_first(mongo: Mongo):
    """Each once, also one that stands under two ids; those of others in the same link are not among them."""
    await fill(
        mongo,
        [
            [entry(0, "a", "crm:c1"), entry(0.1, "b", "crm:c2"), entry(0.2, "c", "crm:c1", "club:m1")],
            [entry(5, "d", "club:m1"), entry(6, "e")],
        ],
    )
    assert await requests_of(mongo, "crm:c1", "club:m1") == ["d", "c", "a"]
    assert await requests_of(mongo, "club:m1") == ["d", "c"]
    assert await requests_of(mongo, "crm:c1", before=at(0.2)) == ["a"]
    assert await requests_of(mongo, "crm:c9") == []


@pytest.mark.parametrize("first", [1, 2, 3, 50])
async def test_pages_hold_all_once_in_order(mongo: Mongo, first: int):
    """Also where links of two workers overlap, and where many are of one moment, which stay together."""
    slow = [entry(own, f"slow {own}", "crm:c1") for own in range(0, 50, 10)]
    links = [slow, *([entry(own, f"quick {own}", "crm:c1")] for own in range(5, 400, 20))]
    links += [[entry(77, f"same {own}", "crm:c1")] for own in range(4)]
    await fill(mongo, links)
    reader, found = AuditReader(AuditAccesses(mongo)), list[str]()
    before = None
    while page := await reader.accesses(["crm:c1"], first=first, before=before):
        times = [own.at for own in page]
        assert times == sorted(times, reverse=True)
        assert before is None or times[0] < before
        found += [own.request for own in page]
        before = times[-1]
    assert sorted(found) == sorted(own["request"] for link in links for own in link)


@pytest.mark.parametrize("at_once", [1, 2, 3, 50])
async def test_all_are_read_once(mongo: Mongo, at_once: int, monkeypatch: pytest.MonkeyPatch):
    """Also where an entry stands under two ids, and many are of one moment; all, or those since a time."""
    monkeypatch.setattr("gateway.audit.reader.MAX_LISTED", at_once)
    monkeypatch.setattr("gateway.audit.reader.PAGE", 2)
    monkeypatch.setattr("gateway.store.audit_accesses.MAX_COMMITMENTS", 1)
    links = [[entry(own, f"slow {own}", "crm:c1", "club:m1") for own in range(0, 50, 10)]]
    links += [[entry(own, f"quick {own}", "crm:c1"), entry(own, f"other {own}", "crm:c2")] for own in range(5, 400, 40)]
    links += [[entry(77, f"same {own}", "club:m1", "crm:c1")] for own in range(4)]
    await fill(mongo, links)
    reader = AuditReader(AuditAccesses(mongo))
    for since in (None, at(30)):
        found = [own.request async for part in reader.read_all(["crm:c1", "club:m1"], since) for own in part]
        own = [one for link in links for one in link if "crm:c1" in one["customers"] and (since is None or one["at"] >= since)]
        assert sorted(found) == sorted(one["request"] for one in own)


async def test_a_person_is_told_apart_from_callers(mongo: Mongo):
    """An operator stands as the user of `operator`; who has no name is nobody."""
    entries = [entry(2, "a", "crm:c1", caller="operator:anna", user=None), entry(1, "b", "crm:c1", caller="")]
    await fill(mongo, [entries])
    found = await AuditReader(AuditAccesses(mongo)).accesses(["crm:c1"], first=5, before=None)
    assert [(own.caller, own.user) for own in found] == [("operator", "anna"), (None, "0f")]


@pytest.mark.parametrize("wrong", [{"caller": 7}, {"at": "yesterday"}])
async def test_a_link_of_another_form_is_told(mongo: Mongo, wrong: dict[str, Any]):
    await fill(mongo, [[entry(1, "a", "crm:c1", **wrong)]])
    with pytest.raises(StoreError, match="audit verify"):
        await requests_of(mongo, "crm:c1")


def told(*names: str) -> list[dict[str, Any]]:
    return [{"caller": "operator" if name == "anna" else name, "purpose": None, "fieldClasses": ["contact"]} for name in names]


async def test_a_customer_shows_who_was_told_of_him(mongo: Mongo, mongodb_settings: MongoSettings, tmp_path: Path):
    """To callers who may read that, and to operators: by the ids of all of his records, page by page, without people."""
    await fill(
        mongo,
        [
            [entry(1, "a", "crm:c1"), entry(2, "b", "crm:c2", caller="other")],
            [entry(3, "c", "club:m1", caller="operator:anna")],
            [entry(4, "d", "club:m1", caller="desk")],
        ],
    )
    keys, access = await keys_in(tmp_path, ["desk", "other"])
    operator = "an operator's key of forty characters or so"
    words: dict[str, Any] = {
        "mongodb": mongodb_settings.model_dump(),
        "access": access,
        "callers": {"desk": {"access_log": True, "sees": SEES}, "other": {}},
        "identity": {"operators": {"anna": operator}},
    }
    async with audited_gateway([*sources(), club()], RecordedAudit(), **words) as gateway:

        async def ask(key: str, first: int = 20, after: str | None = None) -> Any:
            variables = {"id": "crm:c1", "first": first, "after": after}
            return await gateway.ask(LOG, variables, authorization=f"Bearer {key}")

        whole = (await ask(keys["desk"]))["data"]["customer"]["accessLog"]
        assert [node.pop("at") for node in whole["nodes"]] == [rfc3339(at(seconds)) for seconds in (4, 3, 1)]
        assert whole == {"nodes": told("desk", "anna", "console"), "endCursor": None}
        assert "anna" not in str(whole)
        page = (await ask(operator, 2))["data"]["customer"]["accessLog"]
        assert [node["caller"] for node in page["nodes"]] == ["desk", "operator"]
        rest = (await ask(operator, 2, page["endCursor"]))["data"]["customer"]["accessLog"]
        assert [node["caller"] for node in rest["nodes"]] == ["console"]
        for answer, code in ((await ask(keys["other"]), "WITHHELD"), (await ask(operator, 2, "?"), "INVALID_ARGUMENT")):
            assert answer["data"] == {"customer": {"accessLog": None}}
            assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


async def test_without_an_audit_there_is_no_access_log():
    async with gateway_on(sources()) as gateway:
        answer = await gateway.ask(LOG, {"id": "crm:c1"})
    assert answer["data"] == {"customer": {"accessLog": None}}
    assert "add [audit]" in answer["errors"][0]["message"]


async def test_a_history_is_by_all_records(mongo: Mongo, mongodb_settings: MongoSettings):
    """By an id with or without its source; of who is known no more what stands under his id."""
    await fill(mongo, [[entry(1, "a", "crm:c1"), entry(2, "b", "crm:c1", caller="operator:anna", purpose="delivery")]])
    settings = settings_for(sources(), mongodb=mongodb_settings.model_dump())

    def services() -> Services:
        return create_services(settings, connectors=sources())

    found = await list_accesses(services(), "c1", None)
    assert (found.ids, found.complete) == (["c1", "crm:c1"], True)
    assert [own.request for own in found.accesses] == ["b", "a"]
    since = await list_accesses(services(), "crm:c1", at(2))
    assert [own.request for own in since.accesses] == ["b"]
    unknown = await list_accesses(services(), "crm:gone", None)
    assert (unknown.ids, unknown.complete, unknown.accesses) == (["crm:gone"], False, [])


CONFIG = """[mongodb]
uri = "{uri}"
database = "{database}"
timeout_ms = 20000
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///{folder}/none/shop.db"
[sources.crm.records.customer]
query = "select id, name from people"
[sources.crm.records.customer.keys]
customer_id = "id"
"""


async def run(config: Path, *words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["audit", "list", "--config", str(config), *words])


async def test_the_command_prints_who_was_told(mongo: Mongo, mongodb_settings: MongoSettings, tmp_path: Path):
    """People where they are asked for; it says when not all records of the customer are known."""
    told = entry(2, "b", "crm:c1", caller="operator:anna", purpose="delivery", sources=["crm", "shop"])
    await fill(mongo, [[entry(1, "a", "crm:c1"), told]])
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG.format(uri=mongodb_settings.uri, database=mongodb_settings.database, folder=tmp_path))
    printed = await run(config, "--customer", "crm:c1")
    assert printed.exit_code == 0, printed.stderr
    assert printed.stdout.splitlines() == [
        "2026-07-01 00:00:02 UTC  operator  delivery  contact  crm,shop  OK",
        "2026-07-01 00:00:01 UTC  console  -  contact  crm  OK",
    ]
    assert printed.stderr == "warning: not all records of 'crm:c1' are known now: these are the accesses by 'crm:c1'\n"
    people = await run(config, "--customer", "crm:c1", "--users", "--json", "--since", "2026-07-01T00:00:02Z")
    assert [(own["caller"], own["user"]) for own in json.loads(people.stdout)] == [("operator", "anna")]
    assert (await run(config, "--customer", "crm:c1", "--since", "1d")).stdout == ""
    wrong = await run(config, "--customer", "crm:c1", "--since", "soon")
    assert (wrong.exit_code, "--since" in wrong.stderr) == (2, True)
