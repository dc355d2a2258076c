"""A link that a rule withholds is told of each customer that it concerns, whichever way it was found, from nothing or not."""

from collections.abc import Sequence
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support.gateway_server import gateway_on
from tests.support.known_people import ALL_KINDS, NUMBER, knowing, person

pytestmark = pytest.mark.mongodb

OPERATOR_KEY = "anna-key-0123456789-0123456789-0123"
ANNA = {"Authorization": f"Bearer {OPERATOR_KEY}"}
KINDS = (*ALL_KINDS, KeyKind.DEVICE_ID)
SHARED, OTHER = "family@example.com", "+442079460999"


def emails(name: str, count: int) -> list[str]:
    return [f"{name}{number}@example.com" for number in range(count)]


People = dict[str, Sequence[r.Customer]]
CASES: dict[str, tuple[People, dict[str, Any]]] = {
    "CUT": ({"crm": [person("1", email=SHARED, phone=NUMBER)], "shop": [person("2", email=SHARED, phone=OTHER)]}, {}),
    "SHARED_KEY": (
        {
            "crm": [person("1", email=SHARED, phone=NUMBER)],
            "shop": [person("2", email=SHARED, phone=OTHER), person("3", email=SHARED)],
        },
        {},
    ),
    "BIRTH_DATE": (
        {
            "crm": [person("1", email=SHARED, phone=NUMBER, birth_date="1980-01-02")],
            "shop": [person("2", email=SHARED, phone=OTHER, birth_date="1990-03-04")],
        },
        {},
    ),
    "MEMBER_NUMBER": (
        {
            "crm": [person("1", email=SHARED, phone=NUMBER, member_number="M-1")],
            "shop": [person("2", email=SHARED, phone=OTHER, member_number="M-2")],
        },
        {},
    ),
    "RECORDS_PER_SOURCE": (
        {
            "crm": [person("1", email=SHARED), person("3", phone=NUMBER)],
            "shop": [person("2", email=SHARED, phone=NUMBER, member_number="M-2")],
        },
        {},
    ),
    "RECORDS_PER_CUSTOMER": (
        {
            "crm": [person("1", email=SHARED)],
            "shop": [person("2", email=SHARED, phone=NUMBER)],
            "desk": [person("3", phone=NUMBER)],
        },
        {"records": 2},
    ),
    "KEYS_PER_KIND": (
        {"crm": [person("1", emails=[SHARED, *emails("ana", 5)])], "shop": [person("2", email=SHARED, phone=OTHER)]},
        {},
    ),
    "KEYS_PER_KIND of both": (
        {
            "crm": [person("1", emails=[SHARED, *emails("ana", 2)], phone=NUMBER)],
            "shop": [person("2", emails=[*emails("bea", 3)], phone=NUMBER, member_number="M-2")],
        },
        {},
    ),
    "TWO_PEOPLE": (
        {
            "crm": [person("1", email=SHARED, device_ids=["d1"])],
            "shop": [person("2", email="bea@example.com", device_ids=["d1"])],
        },
        {},
    ),
    "UNCONFIRMED": (
        {"crm": [person("1", phone=NUMBER)], "shop": [person("2", phone=NUMBER)], "desk": []},
        {"trusts": {"desk": ["external_id", "member_number"]}},
    ),
}
"""Who is where, and the settings of identity."""

TOLD = "id identity { complete reason records withheld { by records reason } }"


def keys_of(people: People) -> list[str]:
    """Write all keys by which somebody is found, as callers do."""
    words: dict[str, None] = {}
    for source, own in people.items():
        for who in own:
            words[f'id: "{source}:{who.id}"'] = None
            words[f'externalId: {{source: "{source}", id: "{who.id}"}}'] = None
            for address in [who.email, *(point.value for point in who.contact_points)]:
                words[f'email: "{address}"'] = None
            words[f'phone: "{who.phone}"'] = None
            words[f'memberNumber: "{who.member_number}"'] = None
            words |= dict.fromkeys(f'deviceId: "{device}"' for device in who.device_ids)
    return [word for word in words if "None" not in word]


def sources_of(people: People) -> list[MemoryConnector]:
    """The desk is not found by numbers of members in any case."""
    return [knowing(name, own, KINDS[:2] if not own else KINDS) for name, own in people.items()]


@pytest.mark.parametrize("case", CASES)
async def test_a_withheld_link_is_told_whichever_way_it_is_found(mongodb_uri: str, mongodb_database: str, case: str):
    """Customers that are complete say the same, by each key of each record and as a node, once they are known, too."""
    people, identity = CASES[case]
    settings: dict[str, Any] = {
        "identity": {"max_turns": 4, "secret": "what keys are digested with", "operators": {"anna": OPERATOR_KEY}, **identity},
        "mongodb": {"uri": mongodb_uri, "database": mongodb_database, "timeout_ms": 20_000},
    }
    told: dict[str, set[str]] = {}
    reasons: set[str] = set()
    async with gateway_on(sources_of(people), **settings) as gateway:
        if case == "CUT":
            cut = 'mutation { unlinkCustomers(records: ["crm:1"], reason: "two") { preview } }'
            assert "errors" not in await gateway.ask(cut, **ANNA)
        for _ in range(3):  # cold, known, concluded
            for key in keys_of(people):
                answer = await gateway.ask(f"{{ customer(by: {{{key}}}) {{ {TOLD} }} }}")
                note(answer["data"]["customer"], told, reasons)
            for source, own in people.items():
                for who in own:
                    answer = await gateway.ask(
                        f'{{ node(id: "{source}:{who.id}") {{ ... on Customer {{ currentId {TOLD} }} }} }}'
                    )
                    note(answer["data"]["node"], told, reasons)
    assert case.split()[0] in reasons
    assert {id_: len(ways) for id_, ways in told.items()} == dict.fromkeys(told, 1), told
    assert set() == {id_ for id_, ways in told.items() if "[]" in ways}  # each is one of two whom the rule keeps apart


def note(customer: Any, told: dict[str, set[str]], reasons: set[str]) -> None:
    """Note what a customer says. One that is not complete may say less."""
    if customer is None:
        return
    identity = customer["identity"]
    reasons |= {link["reason"] for link in identity["withheld"]}
    if identity["complete"]:
        told.setdefault(" ".join(sorted(identity["records"])), set()).add(str(identity["withheld"]))
