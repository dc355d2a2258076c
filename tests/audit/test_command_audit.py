"""What commands and erasures leave in the audit, also where they are refused or find nobody."""

import hmac
from pathlib import Path
from typing import Any

import pytest

from gateway.app import create_services
from gateway.audit.entry import KeyAttempt
from gateway.command_audit import audited_command, name_user
from gateway.errors import AuditUnavailableError, ErasedError
from gateway.linkage.erasure import forget_customers
from gateway.settings import MongoSettings
from gateway.store.store import Store
from tests.erasure.erased_people import OPERATOR, SETTINGS, any_driver, erase, gateway_of, people
from tests.erasure.test_customer_commands import run
from tests.support.audit_trails import KEYS, SECRET
from tests.support.doubled_people import doubled_people
from tests.support.exports import export_of
from tests.support.gateway_server import settings_for
from tests.support.people_files import write_people, write_settings
from tests.support.recorded_audit import RecordedAudit, audited_gateway
from tests.support.tag_shop import store_of

Left = tuple[str, str, tuple[KeyAttempt, ...]]
"""Who asked, how it was answered, and which keys gave nobody."""


def attempt(key: str, kind: str = "customer_id") -> KeyAttempt:
    return KeyAttempt(kind, hmac.digest(KEYS.attempt, key.encode(), "sha256").hex())


async def entries_in(store: Store) -> list[Any]:
    """All entries in MongoDB, in the order of their times."""
    links = [own.link for chain in await store.audit_links.list_chains() async for own in store.audit_links.read(chain)]
    return sorted((entry for link in links if link is not None for entry in link.entries), key=lambda entry: entry.at)


async def left_in(store: Store) -> list[Left]:
    return [(entry.caller, entry.answer, entry.attempts) for entry in await entries_in(store)]


MUTATION = "mutation ($id: ID!) { eraseCustomer(id: $id, reason: %s) { id } }"


@pytest.mark.mongodb
@any_driver
async def test_a_mutation_leaves_the_key_however_it_is_answered(mongodb_settings: MongoSettings):
    """Also of nobody, of what is no id, without a reason, and of somebody who is no operator."""
    audit = RecordedAudit()
    words = {**SETTINGS, "mongodb": mongodb_settings.model_dump()}
    expected = [
        (" crm:7", '"she asked"', OPERATOR, "operator:anna", "OK", "crm:7"),
        ("crm:none", '"she asked"', OPERATOR, "operator:anna", "OK", "crm:none"),
        ("nowhere:1", '"she asked"', OPERATOR, "operator:anna", "INVALID_ARGUMENT", "nowhere:1"),
        ("crm:8", '" "', OPERATOR, "operator:anna", "INVALID_ARGUMENT", "crm:8"),
        ("crm:8", '"she asked"', {}, "", "OPERATOR_REQUIRED", "crm:8"),
    ]
    async with audited_gateway(people(), audit, **words) as gateway:
        for id_, reason, headers, *_ in expected:
            await gateway.ask(MUTATION % reason, {"id": id_}, **headers)
    found = [(own["caller"], own["answer"], [*own["attempts"]], own["customers"]) for own in audit.entries]
    assert found == [(caller, code, [("customer_id", key)], ()) for *_, caller, code, key in expected]


async def test_a_mutation_that_a_caller_may_not_ask_for_leaves_the_key():
    audit = RecordedAudit()
    words: dict[str, Any] = {"access": {"anonymous": "one"}, "callers": {"one": {}}}
    async with audited_gateway(people(), audit, **words) as gateway:
        await gateway.ask(MUTATION % '"mine"', {"id": "crm:8"})
    assert (audit.last["caller"], audit.last["attempts"]) == ("one", [("customer_id", "crm:8")])
    assert audit.last["answer"] != "OK"


@pytest.mark.mongodb
@any_driver
async def test_an_export_leaves_an_entry_however_it_ends(mongodb_settings: MongoSettings, tmp_path: Path):
    """Of nobody, of somebody erased, and of somebody: with the key, or with whom it was given."""
    async with gateway_of(people(), mongodb_settings) as gateway:
        assert (await erase(gateway))["state"] == "COMPLETE"
    words = {**SETTINGS, "mongodb": mongodb_settings.model_dump(), "audit": {"key": SECRET, "spool": str(tmp_path)}}
    assert await export_of(people(), "crm:none", **words) is None
    with pytest.raises(ErasedError):
        await export_of(people(), "crm:7", **words)
    assert (await export_of(people(), "crm:8", **words))["customer"]["name"] == "Li"
    async with store_of(mongodb_settings) as store:
        entries = await entries_in(store)
        assert await left_in(store) == [
            ("operator:customer export", "OK", (attempt("crm:none"),)),
            ("operator:customer export", "ERASED", (attempt("crm:7"),)),
            ("operator:customer export", "OK", ()),
        ]
    assert [len(entry.customers) for entry in entries] == [0, 0, 1]
    who = hmac.digest(KEYS.user, name_user().encode(), "sha256").hex()
    assert {entry.user for entry in entries} == {who}
    assert all(len(entry.fields) > 3 for entry in entries)


@pytest.mark.mongodb
def test_erasures_by_commands_leave_an_entry(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """Of somebody, of nobody, of what is no id, and without a reason; their end and `identity forget`, too."""
    pairs = [*doubled_people(3)]
    write_people(tmp_path / "crm.csv", [pair.crm for pair in pairs])
    write_people(tmp_path / "shop.csv", [pair.shop for pair in pairs])
    config, spool = write_settings(tmp_path), tmp_path / "spool"
    spool.mkdir()
    text = config.read_text() + f'\n[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\ntimeout_ms = 20000\n'
    text += f'\n[erasure]\nkey = "{SETTINGS["erasure"]["key"]}"\n[audit]\nkey = "{SECRET}"\nspool = "{spool}"\n'
    config.write_text(text)
    why = ("--reason", "request 1", "--config", str(config))
    done = [
        run("customer", "erase", "crm:c00001", *why),
        run("customer", "erase", "crm:none", *why),
        run("customer", "erase", "nowhere:1", *why),
        run("customer", "erase", "crm:c00002", "--reason", " ", "--config", str(config)),
        run("customer", "lift", "crm:c00001", "--config", str(config)),
        run("customer", "lift", "nowhere:1", "--config", str(config)),
        run("identity", "forget", "crm:c00002", "crm:c9", "--config", str(config)),
    ]
    assert [own.returncode for own in done] == [0, 0, 2, 2, 0, 2, 0], done
    assert _left_of(mongodb_uri, mongodb_database) == [
        ("operator:customer erase", "OK", {"crm:c00001"}),
        ("operator:customer erase", "OK", {"crm:none"}),
        ("operator:customer erase", "INVALID_ARGUMENT", {"nowhere:1"}),
        ("operator:customer erase", "INVALID_ARGUMENT", {"crm:c00002"}),
        ("operator:customer lift", "OK", {"crm:c00001"}),
        ("operator:customer lift", "INVALID_ARGUMENT", {"nowhere:1"}),
        ("operator:identity forget", "OK", {"crm:c00002", "crm:c9"}),
    ]


def _left_of(uri: str, database: str) -> list[tuple[str, str, set[str]]]:
    from pymongo import MongoClient

    names = {attempt(key).hmac: key for key in ("crm:c00001", "crm:c00002", "crm:none", "nowhere:1", "crm:c9")}
    with MongoClient[dict[str, Any]](uri, timeoutMS=20_000) as client:
        entries = [entry for link in client[database].audit_links.find() for entry in link["entries"]]
    entries.sort(key=lambda entry: entry["at"])
    return [(own["caller"], own["answer"], {names[one["hmac"]] for one in own["attempts"]}) for own in entries]


@pytest.mark.mongodb
@any_driver
async def test_nothing_is_forgotten_that_cannot_be_recorded(mongodb_settings: MongoSettings, tmp_path: Path):
    words = {"mongodb": mongodb_settings.model_dump(), "audit": {"key": SECRET, "spool": str(tmp_path / "away")}}
    connectors = people()
    services = create_services(settings_for(connectors, **words), connectors=connectors)
    with pytest.raises(AuditUnavailableError):
        await forget_customers(services, ["crm:7"], records_only=False)
    assert not [call for own in connectors for call in own.calls]


async def test_a_command_that_is_ended_or_fails_leaves_its_code():
    """An error that nobody expected, and one of the keyboard."""
    from msgspec.structs import replace

    audit: Any = RecordedAudit()
    connectors = people()
    services = replace(create_services(settings_for(connectors), connectors=connectors), audit=audit)
    for error in (ZeroDivisionError(), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            async with audited_command(services, "customer erase", ["crm:7"]):
                raise error
    assert [own["answer"] for own in audit.entries] == ["INTERNAL", "ABANDONED"]
