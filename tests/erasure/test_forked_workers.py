"""An erasure over workers that are forked: all of them are killed in the midst of it, and it is gone on with."""

import json
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from tests.erasure.forked_people import ANA_CRM, ANA_LATE, ANA_SHOP, LI, ForkedPeople, codes_of, erase, tell_change
from tests.support.mongo_proxy import MongoProxy
from tests.support.serve_process import ServeProcess, is_alive, wait_until

pytestmark = [pytest.mark.mongodb, pytest.mark.timeout(280)]

CRASH = timedelta(minutes=3)
"""For how long workers that were killed are waited for at most, with what they had taken on."""


@pytest.fixture
def forked(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> ForkedPeople:
    return ForkedPeople(tmp_path, mongodb_uri, mongodb_database)


def read_by_both(forked: ForkedPeople, gateway: ServeProcess) -> None:
    """Have both customers in both workers, in MongoDB and in the audit there."""
    for id_ in (ANA_CRM["id"], LI["id"]):
        assert codes_of(forked.ask_by_all(gateway, {"id": f"crm:{id_}"})) == {None}

    def is_stored() -> bool:
        found = forked.documents()
        names = ("tags", "identity_components", "audit_people")
        return all(ANA_CRM["id"] in str(found.get(name)) and LI["id"] in str(found.get(name)) for name in names)

    wait_until(is_stored, "both customers are stored")


def kill_all(forked: ForkedPeople, gateway: ServeProcess) -> None:
    """Kill the master, its workers and the process that delivers the audit, and let some time pass."""
    pids = [*gateway.ready_pids(), gateway.wait_for("audit_courier_started")["pid"]]
    gateway.process.kill()
    for pid in pids:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
    gateway.process.wait()
    wait_until(lambda: not any(map(is_alive, pids)), "all are killed")
    forked.let_pass(CRASH)


def stays_away(forked: ForkedPeople, gateway: ServeProcess) -> None:
    """She is erased by each key at each worker, whatever sources tell, and Li is not."""
    assert tell_change(gateway, "crm", ANA_CRM["id"]) == 503
    (forked.folder / "late" / "down").unlink()
    for own in (ANA_CRM, ANA_SHOP, ANA_LATE):
        assert tell_change(gateway, own["id"].partition("-")[0], own["id"]) == 204
    keys = [{"id": f"crm:{ANA_CRM['id']}"}, {"id": f"shop:{ANA_SHOP['id']}"}, {"id": f"late:{ANA_LATE['id']}"}]
    for by in (*keys, {"email": "ANA.souza@example.com"}):
        answers = forked.ask_by_all(gateway, by)
        assert codes_of(answers) == {"ERASED"}, (by, answers)
    assert codes_of([*forked.ask_by_all(gateway, {"id": f"crm:{LI['id']}"})]) == {None}


def nothing_left(forked: ForkedPeople) -> None:
    """When the gateway has ended: no value of hers is anywhere, and the chains hold."""
    assert [*forked.spool.glob("*.links"), *forked.spool.glob("*.open"), *forked.spool.glob("*.requests")] == []
    assert forked.values_left() == {}
    assert LI["id"] in str(forked.documents())
    verified = forked.run("audit", "verify")
    assert (verified.returncode, "No link was changed." in verified.stdout) == (0, True), verified


@pytest.mark.parametrize("stage", ["a worker stands still", "what is stored is removed in part"])
def test_an_erasure_goes_on_after_all_are_killed(forked: ForkedPeople, mongodb_uri: str, stage: str):
    """The next gateway completes it by itself, and she stays away from both of its workers."""
    proxy, is_removing = MongoProxy(mongodb_uri, "delete", "identity_components"), "removed" in stage
    with proxy.running():
        forked.write_settings(proxy.uri)
        with forked.serving() as gateway:
            read_by_both(forked, gateway)
            forked.take_late_away()
            proxy.holds = is_removing
            if not is_removing:
                os.kill(gateway.ready_pids()[0], signal.SIGSTOP)
            receipt = erase(gateway)
            if is_removing:
                assert proxy.held.wait(60)
            (begun,) = forked.documents()["erasures"]
            assert (begun["state"], len(begun["workers"])) == ("RUNNING", 2 if is_removing else 1)
            kill_all(forked, gateway)
    assert forked.values_left().keys() >= {"erasures", "identity_components"}
    forked.write_settings(mongodb_uri)
    with forked.serving() as gateway:
        done = forked.wait_complete()
        assert (done["_id"], {own["caller"] for own in done["recipients"]}) == (receipt["id"], {"anybody"})
        assert {"tags", "identity_components", "audit_people"} <= {name for name, count in done["removed"].items() if count}
        stays_away(forked, gateway)
        assert gateway.end() == 0
    nothing_left(forked)


@pytest.mark.parametrize("is_whole", [True, False], ids=["the database", "its collections"])
def test_a_dump_that_is_put_back_does_not_bring_her_back(forked: ForkedPeople, tmp_path: Path, *, is_whole: bool):
    """From before the erasure, while no gateway runs. Tombstones are those of the file where the dump took the place of all."""
    tombstones = tmp_path / "tombstones.jsonl"
    with forked.serving() as gateway:
        read_by_both(forked, gateway)
        dump = {name: own for name, own in forked.documents().items() if own}
        forked.take_late_away()
        erased = forked.run("customer", "erase", f"crm:{ANA_CRM['id']}", "--reason", "request 1", "--json")
        assert erased.returncode == 0, erased
        receipt = json.loads(erased.stdout)
        assert {"tags", "audit_people"} <= {own["name"] for own in receipt["stores"] if own["removed"]}
        assert forked.run("customer", "replay-erasures", "--export", str(tombstones)).returncode == 0
        assert gateway.end() == 0
    assert forked.values_left() == {}
    forked.put_back(dump, whole=is_whole)
    assert forked.values_left().keys() >= {"tags", "identity_components", "audit_people"}
    if is_whole:
        replayed = forked.run("customer", "replay-erasures", "--import", str(tombstones))
        assert (replayed.returncode, "audit_people: " in replayed.stdout) == (0, True), replayed
    with forked.serving() as gateway:
        assert forked.run("customer", "replay-erasures").returncode == 0
        stays_away(forked, gateway)
        if not is_whole:
            assert forked.run("customer", "receipt", receipt["id"]).returncode == 0
        assert gateway.end() == 0
    nothing_left(forked)
