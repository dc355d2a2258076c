"""Automatic persisted queries: what is remembered, of whom, and what gives way."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.documents.persisted_queries import PersistedQueries, weigh_text
from tests.documents.test_document_ladder import NAME, OTHER, Asker, code_of, documents_on, persisted, sha256
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import gateway_on

NOT_FOUND = (200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
ANSWER = {"data": {"customer": {"id": "crm:c1"}}}


def texts(prefix: str, count: int, length: int = 1_000) -> dict[str, str]:
    made = [f"{prefix}{number:04}".ljust(length, "x") for number in range(count)]
    return {hashlib.sha256(text.encode()).hexdigest(): text for text in made}


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_hash_is_known_once_its_text_has_come(accept: str):
    """As Apollo's clients have it: not found with status 200, the text with the hash, then the hash alone, also by GET."""
    async with gateway_on([shop.crm()]) as gateway:
        asker, asked = Asker(gateway.client), persisted(sha256(OTHER))
        assert code_of(await asker.post(accept, **asked)) == NOT_FOUND
        assert code_of(await asker.get(**asked)) == NOT_FOUND
        assert await asker.post(accept, query=OTHER, **asked) == (200, ANSWER)
        assert await asker.post(accept, **asked) == (200, ANSWER)
        assert await asker.get(**asked) == (200, ANSWER)
        assert await asker.post(accept, **persisted(sha256(OTHER).upper())) == (200, ANSWER)


async def test_a_text_may_come_by_get():
    """Apollo's link does so with `useGETForHashedQueries`."""
    async with gateway_on([shop.crm()]) as gateway:
        asker, asked = Asker(gateway.client), persisted(sha256(OTHER))
        assert await asker.get(query=OTHER, **asked) == (200, ANSWER)
        assert await asker.get(**asked) == (200, ANSWER)


async def test_nothing_is_remembered_of_what_was_refused():
    """Not a text that is not valid, nor one whose hash is another's, nor a mutation by GET."""
    mutation = 'mutation { unlinkCustomers(records: ["crm:a"], reason: "b") { __typename } }'
    async with gateway_on([shop.crm()]) as gateway:
        asker = Asker(gateway.client)
        for text, code in (("{ gone }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_PARSE_FAILED")):
            assert code_of(await asker.post(query=text, **persisted(sha256(text))))[1] == code
            assert code_of(await asker.post(**persisted(sha256(text)))) == NOT_FOUND
        assert code_of(await asker.post(query=OTHER, **persisted(sha256(NAME))))[1] == "BAD_REQUEST"
        assert code_of(await asker.post(**persisted(sha256(NAME)))) == NOT_FOUND
        assert code_of(await asker.get(query=mutation, **persisted(sha256(mutation))))[0] == 405
        assert code_of(await asker.post(**persisted(sha256(mutation)))) == NOT_FOUND


async def test_without_room_hashes_are_not_supported():
    """Clients then send texts alone. One with its hash is run all the same."""
    async with gateway_on([shop.crm()], documents={"persisted_bytes": 0}) as gateway:
        asker = Asker(gateway.client)
        expected = (200, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        assert code_of(await asker.post(**persisted(sha256(OTHER)))) == expected
        assert await asker.post(query=OTHER, **persisted(sha256(OTHER))) == (200, ANSWER)
        assert code_of(await asker.post(**persisted(sha256(OTHER)))) == expected


async def test_trusted_hashes_go_on_where_nothing_is_remembered(tmp_path: Path):
    """A client that was told "not supported" would send no hashes any more: an unknown one is not found."""
    async with documents_on(tmp_path, persisted_bytes=0) as askers:
        assert code_of(await askers[""].post(**persisted(sha256(OTHER)))) == NOT_FOUND
        assert await askers[""].post(query=OTHER, **persisted(sha256(OTHER))) == (200, ANSWER)
        assert code_of(await askers[""].post(**persisted(sha256(OTHER)))) == NOT_FOUND


async def test_where_trust_is_required_no_text_is_learnt(tmp_path: Path):
    """Neither by its hash nor by that of a caller who may send any."""
    callers = {"free": {}, "bound": {"documents": "require"}}
    async with documents_on(tmp_path, callers=callers) as askers:
        assert await askers["free"].post(query=OTHER, **persisted(sha256(OTHER))) == (200, ANSWER)
        assert code_of(await askers["bound"].post(**persisted(sha256(OTHER)))) == NOT_FOUND
        assert code_of(await askers["bound"].post(query=OTHER, **persisted(sha256(OTHER))))[1] == "DOCUMENT_NOT_TRUSTED"
        assert code_of(await askers["bound"].post(**persisted(sha256(OTHER)))) == NOT_FOUND
        assert (await askers["bound"].post(**persisted(sha256(NAME))))[0] == 200


async def test_a_remembered_text_is_told_of_as_any_other(tmp_path: Path):
    """In `warn` a hash does not make a text trusted."""
    async with documents_on(tmp_path, mode="warn") as askers:
        for body in ({"query": OTHER}, {}):
            _, answer = await askers[""].post(**body, **persisted(sha256(OTHER)))
            assert answer["extensions"]["documents"]["trusted"] is False


async def test_a_caller_finds_his_own_texts_alone(tmp_path: Path):
    """A hash tells nobody what another one asks, and the answer is what its caller may see."""
    callers: dict[str, Any] = {"all": {}, "some": {"sees": {"identifying": "shown"}}}
    keys, access = await keys_in(tmp_path, callers)
    text = "query ($id: ID!) { customer(by: {id: $id}) { id email } }"
    async with gateway_on([shop.crm()], callers=callers, access=access) as gateway:
        askers = {name: Asker(gateway.client, key) for name, key in keys.items()}
        asked: dict[str, Any] = {"variables": {"id": "c1"}, **persisted(sha256(text))}
        _, answer = await askers["all"].post(query=text, **asked)
        assert answer["data"]["customer"]["email"] == "ana@example.com"
        assert code_of(await askers["some"].post(**asked)) == NOT_FOUND
        for body in ({"query": text}, {}):
            _, answer = await askers["some"].post(**body, **asked)
            assert answer["data"]["customer"] == {"id": "crm:c1", "email": None}


def test_texts_have_bounded_room():
    """What is remembered never takes more than its bytes, and what is used again outlives what comes once."""
    store = PersistedQueries(20_000)
    (often, text), *_ = texts("often", 1).items()
    store.remember_text("a", often, text)
    for sha, own in texts("flood", 500).items():
        assert store.find_text("a", often) == text
        store.remember_text("a", sha, own)
        assert store.size_bytes <= 20_000
    assert store.size_bytes == sum(map(weigh_text, [text, *_values(store, "a", texts("flood", 500))]))
    store.remember_text("a", "f" * 64, "x" * 30_000)
    assert store.find_text("a", "f" * 64) is None
    assert 0 <= store.size_bytes <= 20_000


def _values(store: PersistedQueries, caller: str, known: dict[str, str]) -> list[str]:
    return [own for own in (store.find_text(caller, sha) for sha in known) if own is not None]


def test_a_flood_pushes_out_its_own_caller_alone():
    """Twenty callers with a twentieth of the room each keep all of it, before and after the flood began."""
    store = PersistedQueries(100 * 1_500)
    own = {f"c{number}": texts(f"c{number}-", 3) for number in range(20)}
    for number, (caller, known) in enumerate(own.items()):
        if number == 10:
            for sha, text in texts("flood", 2_000).items():
                store.remember_text("flood", sha, text)
        for sha, text in known.items():
            store.remember_text(caller, sha, text)
    for sha, text in texts("again", 2_000).items():
        store.remember_text("flood", sha, text)
    assert {caller: len(_values(store, caller, known)) for caller, known in own.items()} == dict.fromkeys(own, 3)
    assert len(_values(store, "flood", texts("again", 2_000))) > 30


def test_the_same_text_takes_its_room_once():
    """Sent over and over, it is there once."""
    store = PersistedQueries(10_000)
    for _ in range(100):
        store.remember_text("a", sha256(NAME), NAME)
    assert store.size_bytes == weigh_text(NAME)
    assert json.dumps(store.find_text("a", sha256(NAME))) == json.dumps(NAME)
