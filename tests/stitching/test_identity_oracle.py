"""Every key of a troublesome population finds whom a union-find over all records finds, or says that it may not."""

import asyncio
import os
from collections import Counter
from typing import Any, NamedTuple

import pytest

from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields
from gateway.errors import AmbiguousIdentityError, SourceFailure
from gateway.services import Services
from gateway.stitching.identity_lookup import MAX_CANDIDATES
from gateway.stitching.selection import Selection
from tests.support.population import FINDS, TRUSTS, Id, Key, Population
from tests.support.tag_shop import services_on

PEOPLE = int(os.environ.get("IDENTITY_PEOPLE", "100"))
pytestmark = [pytest.mark.cases, pytest.mark.timeout(max(300, PEOPLE))]
WHO = Selection(fields=Fields.from_paths("id"), members=True)
AT_ONCE = 50


class Answered(NamedTuple):
    """The records of the customer, several customers when the key is of several; `reason` says why there may be more."""

    found: frozenset[frozenset[Id]]
    reason: str | None = None


async def answer(services: Services, key: Key) -> Answered:
    """Ask by a key. An id is one of its source."""
    stitcher = services.stitcher()
    kind, value = key
    try:
        customer = await (
            stitcher.customer_of(value, WHO) if kind == "customer_id" else stitcher.customer(KeyKind(kind), value, WHO)
        )
    except AmbiguousIdentityError as error:
        own_ids = [tuple(id_.split(":", 1)) for id_ in error.extensions["candidates"]]
        reason = "SOURCE_UNAVAILABLE" if error.extensions.get("missingSources") else None
        return Answered(frozenset(frozenset([(source, own_id)]) for source, own_id in own_ids), reason)
    except SourceFailure as failure:
        return Answered(frozenset(), failure.source_name)
    if customer is None:
        return Answered(frozenset())
    records = frozenset((member.source, member.source_id) for member in customer.members)
    return Answered(frozenset([records]), customer.identity.reason)


def keys_of(population: Population) -> list[tuple[Key, set[frozenset[Id]]]]:
    """Each key that a source is found by, with whom the union-find finds."""
    ids = [(("customer_id", ":".join(id_)), {population.components[id_]}) for id_ in population.entries]
    keys = sorted({key for entry in population.entries.values() for key in entry.keys})
    others = [(key, holders) for key in keys if key[0] != "external_id" and (holders := population.holders(key))]
    return [*ids, *others]


async def reasons_of(population: Population, services: Services) -> Counter[str | None]:
    """Compare all answers with the union-find. Counts the reasons for which some may be a part; None are equal."""
    reasons: Counter[str | None] = Counter()
    keys = keys_of(population)
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        answers = await asyncio.gather(*(answer(services, key) for key, _ in part))
        for (key, expected), answered in zip(part, answers, strict=True):
            customers = [{population.components[id_] for id_ in records} for records in answered.found]
            assert [len(joined) for joined in customers] == [1] * len(customers), f"a false join by {key}"
            reasons[answered.reason] += 1
            if answered.reason is not None:
                continue
            if len(answered.found) == 1:
                assert answered.found == expected, key
            else:  # Each candidate is a record of a customer: an ambiguous key, or one that several of a source share.
                named = set[frozenset[Id]]().union(*customers)
                assert named == expected or (len(named) >= MAX_CANDIDATES and named < expected), key
    return reasons


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("turns", "also"), [(2, {"OUT_OF_TURNS"}), (10, set())])
async def test_every_key_equals_the_union_find_or_is_incomplete(seed: int, turns: int, also: set[str]):
    """With turns enough all are complete but for ids that are stated one way; nobody is joined falsely."""
    population = Population.of(seed, PEOPLE)
    identity = {"trusts": TRUSTS, "max_turns": turns}
    async with services_on(population.connectors(), identity=identity) as services:
        reasons = await reasons_of(population, services)
    assert set(reasons) == {None, "ONE_WAY_KEYS", *also}
    assert reasons[None] > PEOPLE


async def warmed(population: Population, services: Services) -> None:
    """Ask by all keys, and wait until what was found is stored."""
    assert services.router.known is not None
    await reasons_of(population, services)
    await services.router.known.join()


def stored(uri: str, database: str) -> dict[str, Any]:
    """Settings of a gateway that keeps what it finds."""
    identity = {"trusts": TRUSTS, "max_turns": 10, "secret": "what keys are digested with"}
    return {"identity": identity, "mongodb": {"uri": uri, "database": database, "timeout_ms": 20_000}}


@pytest.mark.mongodb
async def test_every_key_equals_the_union_find_from_what_is_stored(mongodb_uri: str, mongodb_database: str):
    """Warm answers are the cold ones, and take one turn where the records say by which keys they are found."""
    population = Population.of(3, PEOPLE)
    connectors = population.connectors()
    async with services_on(connectors, **stored(mongodb_uri, mongodb_database)) as services:
        cold = await reasons_of(population, services)
        await services.router.known.join()
        cold_calls = [len(connector.calls) for connector in connectors]
        warm = await reasons_of(population, services)
    warm_calls = [len(connector.calls) - before for connector, before in zip(connectors, cold_calls, strict=True)]
    assert set(warm) == {None, "ONE_WAY_KEYS"}
    assert warm[None] >= cold[None]
    assert sum(warm_calls) < sum(cold_calls) / 2


@pytest.mark.mongodb
@pytest.mark.parametrize("down", FINDS)
async def test_no_outage_joins_anybody_falsely_from_what_is_stored(mongodb_uri: str, mongodb_database: str, down: str):
    """Keys that need not be asked for count as unanswered where a source is down that might have found more by them."""
    population = Population.of(7, PEOPLE)
    connectors = population.connectors()
    async with services_on(connectors, **stored(mongodb_uri, mongodb_database)) as services:
        await warmed(population, services)
        next(connector for connector in connectors if connector.name == down).failure = SourceUnavailableError()
        reasons = await reasons_of(population, services)
    assert reasons["SOURCE_UNAVAILABLE"] > PEOPLE / 2
    assert reasons[None] > 0


@pytest.mark.parametrize("down", FINDS)
async def test_no_outage_joins_anybody_falsely(down: str):
    """What the others know is given, and that there may be more is said of everybody who is found."""
    population = Population.of(7, PEOPLE)
    connectors = population.connectors()
    async with services_on(connectors, identity={"trusts": TRUSTS, "max_turns": 10}) as services:
        next(connector for connector in connectors if connector.name == down).failure = SourceUnavailableError()
        reasons = await reasons_of(population, services)
    assert reasons["SOURCE_UNAVAILABLE"] > PEOPLE
