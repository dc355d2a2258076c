"""What MongoDB holds of a customer is exported, and nothing of anybody else."""

import json
from typing import Any

import pytest

from gateway.settings import MongoSettings
from tests.linkage.test_erasure import ANA, OPERATOR_KEY, SETS, documents, filled, settings_of
from tests.support.exports import export_of
from tests.support.gateway_server import gateway_on

CUT = 'mutation { unlinkCustomers(records: ["crm:7"], reason: "two people") { preview } }'


def without_time(decision: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in decision.items() if name != "at"}


@pytest.mark.mongodb
@pytest.mark.parametrize("named", ["crm:7", "desk:u1"])
async def test_every_collection_is_read(mongodb_settings: MongoSettings, named: str):
    """Each has a document of hers; digests, other customers and the names of operators are in none."""
    async with filled(mongodb_settings) as (connectors, store):
        await store.segment_lists.add("fair", version := store.segment_lists.new_version(), ["shop:42", "shop:77"])
        await store.segment_lists.put_in_force("fair", version)
        exported = await export_of(connectors, named, **settings_of(mongodb_settings))
        held = {own["collection"]: own for own in exported["held"]}
        # The identity log is told as decisions, the audit as accesses.
        assert {*held, "identity_log", "audit_people"} == {own.name for own in store.collections}
        mark = store.quota_shares.mark("crm:7").hex()
        keys = [key for own in (await documents(store))["identity_components"] for key in own["keys"]]
    assert exported["missing"] == []
    assert {name: own["records"] for name, own in held.items()} == {
        "tags": ANA, "leases": ANA, "identity_components": ANA, "identity_shared_keys": ["shop:42"], "quota_customers": [],
        "segment_entries": ["shop:42"],
        "deliveries": ANA, "outcomes": ANA,
    }  # fmt: skip
    assert held["tags"]["values"]["activity"]["key"] == "activity"
    assert [change["cause"] for change in held["tags"]["values"]["activity"]["history"]] == ["FIRST"]
    assert held["quota_customers"]["values"] == {"recipient": "console"}
    assert held["segment_entries"]["values"] == {"segment": "fair"}
    assert [name for name, own in held.items() if own["until"] is None] == ["segment_entries"]
    text = json.dumps(exported)
    for other in ("shop:77", "shop:9", "crm:8", "anna", mark, *keys):
        assert other not in text


@pytest.mark.mongodb
async def test_decisions_are_told_without_who_made_them(mongodb_settings: MongoSettings):
    """When, what and why. What was cut off is somebody else's: of a decision about both her own record is told alone."""
    async with filled(mongodb_settings) as (connectors, _):
        settings = settings_of(mongodb_settings)
        whole = await export_of(connectors, "crm:7", **settings)
        async with gateway_on(connectors, **settings) as gateway:
            answer = await gateway.ask(CUT, authorization=f"Bearer {OPERATOR_KEY}")
            assert "errors" not in answer, answer
        cut = await export_of(connectors, "crm:7", **settings)
    link = {"action": "LINK", "rule": "OPERATOR", "reason": "she called"}
    assert [without_time(own) for own in whole["decisions"]] == [link | {"records": ["crm:7", "shop:42"]}]
    first, *others = map(without_time, cut["decisions"])
    assert first == link | {"records": ["crm:7"]}
    assert others
    assert all(own == {"action": "CUT", "rule": "OPERATOR", "reason": "two people", "records": ["crm:7"]} for own in others)
    text = json.dumps(cut)
    for other in ("shop:42", "desk:u1", "anna"):
        assert other not in text


@pytest.mark.mongodb
async def test_tags_of_a_set_with_somebody_else_are_not_hers(mongodb_settings: MongoSettings):
    """Nor are they read because an id begins as hers."""
    async with filled(mongodb_settings) as (connectors, store):
        await store.tags.mark_stale([f"{SETS['ana']}\nshop:77", "crm:7", "crm:77"])
        exported = await export_of(connectors, "crm:7", **settings_of(mongodb_settings))
    sets = [own["records"] for own in exported["held"] if own["collection"] == "tags"]
    assert sorted(sets) == [["crm:7"], ANA]
