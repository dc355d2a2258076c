"""Four people, of whom everything is known: two of one company, one of another, one of none; two are members of a club.

All texts of hidden people and of hidden sources can be told in another way, or not be there.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support.filled_people import AS_USUAL, START, Otherwise, filled
from tests.support.operations import ARGUMENTS, DECLARED, Variable
from tests.support.random_views import PERSONAL

PEOPLE = ("c1", "c2", "c3", "c4")
COMPANIES = {"c1": "a1", "c2": "a1", "c3": "a2", "c4": None}
CONSENTS = {"c1": "GRANTED", "c2": "GRANTED", "c3": "DENIED", "c4": None}
SHARED_PHONE = "+4915112345671"
PHONES = {"c1": SHARED_PHONE, "c2": "+4915112345672", "c3": SHARED_PHONE, "c4": "+4915112345674"}
MEMBERS = {"m1": "c1", "m3": "c3"}
RECORDS = {"order": "orders", "ticket": "support", "event": "behaviour", "deal": "sales", "subscription": "sales"}
"""The source of each type of records."""


class Hidden(NamedTuple):
    """What a caller may not see: in one of the worlds it is other, or with `are_gone` not there."""

    people: Collection[str] = ()
    accounts: Collection[str] = ()
    sources: Collection[str] = ()
    are_gone: bool = False


def sources_of_four(hidden: Hidden, *, with_club: bool, by_account: Collection[str]) -> list[MemoryConnector]:
    """Sources of one world. Accounts in `by_account` find orders."""
    found = [_crm(hidden), *([_club(hidden)] if with_club else []), *_sources_of_records(hidden, by_account)]
    for source in found:
        if hidden.are_gone and source.name in hidden.sources:
            source.records = {place: {} for place in source.records}
    return found


def _how(hidden: Hidden, person: str, source: str) -> Otherwise:
    return Otherwise(PERSONAL) if person in hidden.people or source in hidden.sources else AS_USUAL


def _there(hidden: Hidden, people: Collection[str]) -> list[str]:
    return [person for person in people if not (hidden.are_gone and person in hidden.people)]


def _by(records: Collection[Any], name: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for record in records:
        if (key := getattr(record, name)) is not None:
            found.setdefault(key, []).append(record)
    return found


def _customer(person: str, source: str, own_id: str, hidden: Hidden) -> Any:
    state, account = CONSENTS[person], COMPANIES[person]
    said = [] if state is None else [{"channel": "EMAIL", "purpose": "marketing", "state": state, "at": START}]
    given = {
        "id": own_id,
        "email": f"{person}@example.com",
        "memberNumber": own_id,
        "phone": PHONES[person],
        "contactPoints": [],
        "consents": said if source == "crm" else [],
    }
    if account is None or source != "crm":
        given["company"] = None
    number = int(own_id[1:])
    record = filled(r.Customer, number, _how(hidden, person, source), **given)
    if record.company is None:
        return record
    company = msgspec.structs.replace(record.company, account=account)
    return msgspec.structs.replace(record, company=company)


def _crm(hidden: Hidden) -> MemoryConnector:
    people = [_customer(person, "crm", person, hidden) for person in _there(hidden, PEOPLE)]
    accounts = [
        filled(r.Account, number, Otherwise(PERSONAL) if own_id in hidden.accounts else AS_USUAL, id=own_id, parentId=parent)
        for number, (own_id, parent) in enumerate({"a0": None, "a1": "a0", "a2": "a0"}.items())
        if not (hidden.are_gone and own_id in hidden.accounts)
    ]
    held: dict[Any, Any] = {
        (r.Customer, KeyKind.CUSTOMER_ID): _by(people, "id"),
        (r.Customer, KeyKind.EMAIL): _by(people, "email"),
        (r.Customer, KeyKind.PHONE): _by(people, "phone"),
        (r.Customer, KeyKind.TEXT): {"customer": people},
        (r.Customer, KeyKind.ACCOUNT): {
            own_id: [person for person in people if person.company is not None and person.company.account == own_id]
            for own_id in ("a1", "a2")
        },
        (r.Account, KeyKind.ACCOUNT): _by(accounts, "id"),
        (r.Account, KeyKind.PARENT_ACCOUNT): _by(accounts, "parent_id"),
    }
    return MemoryConnector("crm", held)


def _club(hidden: Hidden) -> MemoryConnector:
    """Its members are the same people by their addresses; where it is hidden and other, the other way round."""
    is_other = "club" in hidden.sources
    owners = dict(zip(MEMBERS, reversed(MEMBERS.values()), strict=True)) if is_other else MEMBERS
    members = [
        _customer(person, "club", own_id, hidden) for own_id, person in owners.items() if person in _there(hidden, PEOPLE)
    ]
    held: dict[Any, Any] = {
        (r.Customer, KeyKind.CUSTOMER_ID): _by(members, "id"),
        (r.Customer, KeyKind.EMAIL): _by(members, "email"),
        (r.Customer, KeyKind.MEMBER_NUMBER): _by(members, "member_number"),
        (r.Survey, KeyKind.CUSTOMER_ID): {
            own_id: [filled(r.Survey, int(own_id[1:]), _how(hidden, person, "club"), id=f"n{own_id}", customerId=own_id)]
            for own_id, person in owners.items()
            if person in _there(hidden, PEOPLE)
        },
    }
    return MemoryConnector("club", held)


def _sources_of_records(hidden: Hidden, by_account: Collection[str]) -> list[MemoryConnector]:
    """Two records of each type for each customer, and an order of which only the address says whose it is."""
    served: dict[str, dict[Any, Any]] = {}
    for name, source in RECORDS.items():
        record = r.RECORDS[name]
        has_number = name in ("order", "ticket")
        found = []
        for person in _there(hidden, PEOPLE):
            how = _how(hidden, person, source)
            for place in (1, 2):
                number = int(person[1:]) * 10 + place
                own: dict[str, Any] = {"id": f"{name[0]}{number}", "customerId": person}
                own |= {"number": f"N{number}", "customerEmail": None} if has_number else {}
                found.append(filled(record, number, how, **own))
            if name == "order":
                own = {"id": f"oe{person[1:]}", "number": f"NE{person[1:]}", "customerId": None}
                found.append(filled(record, int(person[1:]), how, **own, customerEmail=f"{person}@example.com"))
        held = served.setdefault(source, {})
        held[record, KeyKind.CUSTOMER_ID] = _by(found, "customer_id")
        held[record, KeyKind(f"{name}_id")] = _by(found, "id")
        if has_number:
            held[record, KeyKind(f"{name}_number")] = _by(found, "number")
        if name == "order":
            held[record, KeyKind.EMAIL] = _by(found, "customer_email")
            first = {account: person for person, account in reversed(COMPANIES.items()) if account in by_account}
            held[record, KeyKind.ACCOUNT] = {
                str(account): [own for own in found if own.customer_id == person] for account, person in first.items()
            }
    return [MemoryConnector(source, records) for source, records in served.items()]


_KEYS = [
    *(f'{{id: "{own_id}"}}' for own_id in (*PEOPLE, "crm:c1", "crm:c3", "crm: c4", "club:m1", "club:m3", "nobody")),
    *(f'{{email: "{person}@example.com"}}' for person in (*PEOPLE, "nobody")),
    *(f'{{orderId: "{own_id}"}}' for own_id in ("orders:o11", "orders:o31", "o42", "orders:oe1", "orders:oe3", "orders:x")),
    *(f'{{orderNumber: "{number}"}}' for number in ("N12", "N32", "NE2", "NE3", "x")),
    '{ticketNumber: "N21"}', '{ticketNumber: "N31"}',
    '{account: "a1"}', '{account: "a2"}', '{memberNumber: "m1"}', '{memberNumber: "m3"}', f'{{phone: "{PHONES["c4"]}"}}',
    "$key", "{id: $id}", "{email: $text}", "{orderId: $id}",
]  # fmt: skip
_IDS = ['"c1"', '"c3"', '"c2"', '"c4"', '"crm:c3"', '"club:m3"', '"nobody"', '""', "$id"]
FOUND = (
    "c1", "c3", "crm:c4", "club:m3", "nobody-1", "c1@example.com", "c3@example.com", "a1", "a2", "o31", "orders:o11", "t31",
    "ann", "name c3", "+44 20 7946 0000",
)  # fmt: skip
"""What may be typed of them."""

ARGUMENTS_OF_FOUR: dict[str, list[str]] = ARGUMENTS | {
    "by": _KEYS,
    "customers.by": [f"[{one}, {other}, {third}]" for one, other, third in zip(_KEYS, _KEYS[3:], _KEYS[-9::-1], strict=False)]
    + ["$many"],
    "ids": ['["c1", "c3"]', '["c4", "crm:c2", "c3"]', '["c3"]', '["club:m1", "club:m3", "nobody"]', "$ids", '["c2", " ", $id]'],
    "id": _IDS,
    "order.id": [f'"{own_id}"' for own_id in ("orders:o11", "orders:o31", "orders:oe1", "orders:oe3", "o41", "orders:x")],
    "ticket.id": [f'"{own_id}"' for own_id in ("support:t11", "support:t31", "t42", "support:x")],
    "account.id": [f'"{own_id}"' for own_id in ("a1", "crm:a2", "a2", "crm:a0", "x")],
    "node.id": [
        f'"{own_id}"'
        for own_id in (
            "crm:c1", "crm:c3", "orders:o31", "support:t31", "club:m3", "club:m1", "crm:a1", "crm:a2", "orders:o12",
            "orders:oe3", "behaviour:e31", "sales:d31", "sales:s11", "c2", "crm:c4", "orders:oe2",
        )
    ],
    "text": ['"customer"', '"b"'],
    "find.text": [f'"{own}"' for own in FOUND] + ["$text"],
    "find.first": ["1", "2", "10"],
}  # fmt: skip
"""Arguments that name these people and what is theirs."""

WITH_SHARED_KEY = f'{{phone: "{SHARED_PHONE}"}}'
ARGUMENTS_WITH_SHARED_KEY = ARGUMENTS_OF_FOUR | {"by": [WITH_SHARED_KEY, *_KEYS]}
ARGUMENTS_OF_IDS = ARGUMENTS_OF_FOUR | {
    "by": [key for key in _KEYS if key.startswith("{id:")],
    "customers.by": ['[{id: "c1"}, {id: "c3"}]', '[{id: "crm:c4"}, {id: "c2"}, {id: "club:m3"}]'],
}

DECLARED_OF_FOUR: Mapping[str, Variable] = DECLARED | {
    "key": ("CustomerKey!", '{id: "c3"}', [{"email": "c3@example.com"}, {"id": "c1"}, {"orderId": "orders:o41"}]),
    "many": ("[CustomerKey!]!", '[{id: "c3"}]', [[{"orderId": "orders:oe3"}, {"email": "c1@example.com"}], {"id": "c4"}, []]),
    "ids": ("[ID!]!", '["c3"]', [["crm:c3", "c1"], "c4", ["c2"]]),
    "id": ("ID!", '"c3"', ["c1", "c4", "crm:c3", "orders:o31"]),
    "other": ("ID", '"c2"', ["c3", None]),
    "text": ("String!", '"customer"', ["c3@example.com", "c1@example.com"]),
}  # fmt: skip

_OWN = "id name email orders { totalCount nodes { number } } tickets { nodes { number } } surveys { nodes { score } }"
_COMPANY = (
    "name orders(members: true) { nodes { number } } members { totalCount partial nodes { role customer { name } } }"
    " parent { name } subsidiaries { nodes { name } }"
)
_SEARCH = f'{{ searchCustomers(text: "customer", first: 3) {{ totalCount partial nodes {{ {_OWN} }} }} }}'
_BY_KEY = f"query ($key: CustomerKey!) {{ customer(by: $key) {{ {_OWN} account {{ name }} identity {{ complete records }} }} }}"
WAYS: list[tuple[str, dict[str, Any]]] = [
    *((_BY_KEY, {"key": {"id": own_id}}) for own_id in ("c1", "c3", "crm:c4", "nobody")),
    *((f'{{ customers(ids: ["c3", "{own_id}", "c2"]) {{ {_OWN} }} }}', {}) for own_id in ("c4", "club:m1", "club:m3")),
]
"""Each way in by ids, and all by other keys below, with something of whoever is found."""

ALL_WAYS_IN: list[tuple[str, dict[str, Any]]] = [
    *WAYS,
    (_SEARCH, {}),
    (f'{{ customers(by: [{{email: "c3@example.com"}}, {{id: "c1"}}, {{orderNumber: "N31"}}]) {{ {_OWN} }} }}', {}),
    *((f'{{ account(id: "{own_id}") {{ {_COMPANY} }} }}', {}) for own_id in ("a1", "a2")),
    *((f'{{ order(id: "orders:{own_id}") {{ number }} }}', {}) for own_id in ("o11", "o31", "oe1", "oe3")),
    *((f'{{ ticket(id: "support:{own_id}") {{ number subject }} }}', {}) for own_id in ("t11", "t41")),
    *(
        (f'{{ node(id: "{own_id}") {{ id ... on Customer {{ {_OWN} }} ... on Order {{ number }} }} }}', {})
        for own_id in ("crm:c3", "crm:c1", "orders:o31", "behaviour:e31", "crm:a2", "club:m3")
    ),
    *((_BY_KEY, {"key": key}) for key in ({"email": "c3@example.com"}, {"email": "c1@example.com"}, {"orderNumber": "NE3"})),
    *(
        (_BY_KEY, {"key": key})
        for key in ({"account": "a1"}, {"account": "a2"}, {"orderId": "orders:o31"}, {"memberNumber": "m3"})
    ),
]
