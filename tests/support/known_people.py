"""People whom several systems know: memory sources that find their records by the keys of these."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.identity.key_kinds import KEY_KINDS
from tests.support import shop
from tests.support.gateway_server import gateway_on

ALL_KINDS = (KeyKind.CUSTOMER_ID, KeyKind.EXTERNAL_ID, KeyKind.MEMBER_NUMBER, KeyKind.EMAIL, KeyKind.PHONE)


def person(id_: str, **fields: Any) -> r.Customer:
    """A record; `emails` and `phones` beside the first ones, `ids` at other systems as `source:id`."""
    emails, phones, ids = (fields.pop(name, ()) for name in ("emails", "phones", "ids"))
    points = [r.ContactPoint(kind=r.ContactKind.EMAIL, value=value) for value in emails]
    points += [r.ContactPoint(kind=r.ContactKind.PHONE, value=value) for value in phones]
    external = [r.ExternalId(source=value.partition(":")[0], id=value.partition(":")[2]) for value in ids]
    return r.Customer(id=id_, contact_points=points, external_ids=external, **fields)


def knowing(
    name: str,
    people: Iterable[r.Customer],
    by: Sequence[KeyKind] = ALL_KINDS,
    also: dict[Any, Any] | None = None,
    kind: type[MemoryConnector] = MemoryConnector,
) -> MemoryConnector:
    """A source that finds these people by keys of these kinds, whatever the capitals, and has other records beside them."""
    found: dict[tuple[type[r.Record], KeyKind], dict[str, list[r.Customer]]] = {(r.Customer, own): {} for own in by}
    for one in people:
        for own in by:
            written = [*filter(None, KEY_KINDS[own].read(one))]
            for key in dict.fromkeys([*written, *map(str.lower, written if KEY_KINDS[own].any_case else ())]):
                found[r.Customer, own].setdefault(key, []).append(one)
    return kind(name, {**found, **(also or {})})


def calls_of(*sources: MemoryConnector) -> list[list[tuple[str, tuple[str, ...]]]]:
    """The calls of each source: the kind of key, and the keys."""
    return [[(call[1].value, tuple(call[2])) for call in source.calls] for source in sources]


UNPLANNED = " __schema { queryType { name } } }"
ENDS = pytest.mark.parametrize("end", ["}", UNPLANNED])

NUMBER = "+442079460000"
WHO = "id currentId source sourceId identity { complete reason records } "
ANA_CRM = person("7", name="Ana Souza", email="ana@example.com", phone=NUMBER, locale="pt-BR", updated_at=shop.at(1))
ANA_SHOP = person("42", name="A. Souza", email="ana@example.com", emails=["ana.work@example.org"], updated_at=shop.at(5))
ANA_DESK = person("u1", given_name="Ana", email="ana.work@example.org", created_at=shop.at(2))
LI = person("8", name="Li", email="li@example.com")


def order(name: str) -> r.Order:
    return r.Order(id=f"o-{name}", placed_at=shop.at(3))


def three() -> tuple[MemoryConnector, MemoryConnector, MemoryConnector]:
    """Ana in a CRM, a shop and a help desk, each of which has records of hers by its own id."""
    crm = knowing("crm", [ANA_CRM, LI])
    own = knowing("shop", [ANA_SHOP], also={(r.Order, KeyKind.CUSTOMER_ID): {"42": [order("shop")], "7": [order("other")]}})
    desk = knowing(
        "desk", [ANA_DESK], also={(r.Ticket, KeyKind.CUSTOMER_ID): {"u1": [r.Ticket(id="t", created_at=shop.at(4))]}}
    )
    return crm, own, desk


async def ask_both(query: str, *sources: MemoryConnector, **settings: Any) -> dict[str, Any]:
    """The answer of the plan, which is that of graphql-core."""
    async with gateway_on(sources, **settings) as gateway:
        answer, other = [await gateway.ask(query + end) for end in ("}", UNPLANNED)]
    other["data"].pop("__schema")
    assert answer["data"] == other["data"]
    return answer
