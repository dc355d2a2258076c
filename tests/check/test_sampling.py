"""`check` looks at the data: each mistake in them is reported once, with what it costs, and never with a value."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from connectors.contract import Connector
from gateway.app import create_services
from gateway.check.data_checks import DataReport, SampleSummary, check_data
from gateway.check.sampler import Sampler
from gateway.clock import Clock
from gateway.tags.definitions import Pack
from tests.support.gateway_server import settings_for
from tests.support.literal_sources import Build, Row, people, query_of, record

NO_TAGS = Pack(facts={}, tags={})
PLACED = "2026-06-0{}T10:00:00Z"


async def report(*connectors: Connector[Any], pack: Pack = NO_TAGS, rows: int = 100) -> DataReport:
    services = create_services(settings_for(connectors), connectors=connectors)
    return await check_data(connectors, pack, "tags.yaml", Sampler(Clock(), rows), services.router.customers)


def told(found: DataReport) -> tuple[list[str], list[str]]:
    return [str(own) for own in found.problems], [str(own) for own in found.warnings]


def orders(**changes: Sequence[str | None]) -> list[Row]:
    """Four orders of two customers, with other values in some columns."""
    columns: dict[str, Sequence[str | None]] = {
        "id": ["o1", "o2", "o3", "o4"],
        "customer_id": ["c1", "c1", "c2", "c2"],
        "placed_at": [PLACED.format(day) for day in range(1, 5)],
        "total_amount": ["10.00"] * 4,
        "total_currency": ["EUR"] * 4,
        "status": ["delivered"] * 4,
    } | changes
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def tickets(**changes: Sequence[str | None]) -> dict[str, Any]:
    columns: dict[str, Sequence[str | None]] = {
        "id": ["t1", "t2"],
        "customer_id": ["c1", "c2"],
        "created_at": [PLACED.format(day) for day in (1, 2)],
    } | changes
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return {"ticket": record(rows)}


def items(quantity: str) -> dict[str, Any]:
    """Orders, one of which has an item of this quantity."""
    rows = [{"parent": "o1", "sku": "s1", "quantity": quantity}, {"parent": "o2", "sku": "s2", "quantity": "2"}]
    return {"order": record(orders(), lists={"items": {"query": query_of(rows)}})}


ORDER, TICKET, CUSTOMER = (f"sources.shop.records.{name}" for name in ("order", "ticket", "customer"))
NUMBER = "give a number of digits and a point alone, such as 12.30"
TIME = "give a time such as 2026-06-30T12:00:00Z, or leave such rows out"
PRIORITIES = "LOW, NORMAL, HIGH, URGENT, UNKNOWN"

LOST: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "a time that is none": (
        tickets(created_at=["high", PLACED.format(1)]),
        [f"{TICKET}: createdAt is malformed, once in 2 records: these records are left out; {TIME}"],
    ),
    "a time that is not there": (
        {"order": record(orders(placed_at=[None, None, PLACED.format(1), PLACED.format(2)]))},
        [f"{ORDER}: placedAt is missing, 2 times in 4 records: these records are left out; {TIME}"],
    ),
    "an amount that is none": (
        {"order": record(orders(total_amount=["ten", "10.00", "1,5", "3.20"]))},
        [f"{ORDER}: total.amount is malformed, 2 times in 4 records: what holds it is left out; {NUMBER}"],
    ),
    "a currency that is none": (
        {"order": record(orders(total_currency=["Dollar"] * 4))},
        [
            (
                f"{ORDER}: total.currency is malformed, 4 times in 4 records: what holds it is left out; "
                "give the code of three letters, such as EUR"
            )
        ],
    ),
    "a quantity that is none": (
        items("many"),
        [f"{ORDER}: items.quantity is malformed, once in 4 records: it is null there; {NUMBER}"],
    ),
    "a country by its name": (
        people("c1", "c2", address_country="Germany"),
        [
            (
                f"{CUSTOMER}: address.country is malformed, 2 times in 2 records: it is null there; "
                "give the code of two letters, such as DE"
            )
        ],
    ),
    "a day of birth that may be another one": (
        people("c1", "c2", birth_date="03/04/1971"),
        [
            (
                f"{CUSTOMER}: birthDate is malformed, 2 times in 2 records: it is null there; give the day alone, such as "
                "1971-05-05; say by birth_dates of the source what 03/04/1971 means there, or how days are counted"
            )
        ],
    ),
    "a rating beyond the scale": (
        tickets(satisfaction=["9", "4"]),
        [
            (
                f"{TICKET}: satisfaction is out of range, once in 2 records: it is null there; "
                "give a whole number from 1 to 5, or set rating_scale"
            )
        ],
    ),
    "records that a join repeats": (
        {"order": record([*orders(), *orders()[:1]])},
        [
            (
                f"{ORDER}: 1 of 5 rows have the id of another row of the same key, and one of these is shown; "
                "give a record one row; look for a join that repeats rows, or an id that is none"
            )
        ],
    ),
    "customers that a join repeats": (
        people("c1", "c2", "c1"),
        [
            (
                f"{CUSTOMER}: 1 of 3 rows have the id of another row of the same key, and one of these is shown; "
                "give a record one row; look for a join that repeats rows, or an id that is none"
            )
        ],
    ),
    "texts as keys of whole numbers": (
        {"order": {"query": query_of(orders()), "keys": {"member_number": {"column": "customer_id", "type": "integer"}}}},
        [
            (
                f"{ORDER}.keys.member_number: none of 2 keys that are there leads to a record; "
                "set its type to the column's; a query of its own needs the ids of the record's query"
            )
        ],
    ),
    "pairs of another table's ids": (
        {
            "order": {
                "query": query_of(orders()),
                "keys": {"member_number": {"query": query_of([{"id": "1", "key": "m1"}, {"id": "2", "key": "m2"}])}},
            }
        },
        [
            (
                f"{ORDER}.keys.member_number: none of 2 keys that are there leads to a record; "
                "set its type to the column's; a query of its own needs the ids of the record's query"
            )
        ],
    ),
}


@pytest.mark.parametrize("mistake", LOST)
async def test_what_loses_records_or_values_is_a_problem(build: Build, mistake: str) -> None:
    """The path, the reason, how often, what it costs and the fix are told."""
    records, expected = LOST[mistake]
    assert told(await report(build("shop", records))) == (expected, [])


LATER: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "words that nobody mapped": (
        tickets(priority=["medium", "medium"], kind=["question", "claim"], status=["UNKNOWN", "Open"]),
        [
            (
                f"{TICKET}: kind has words that nobody mapped, and that become UNKNOWN: 'claim' (1); "
                "say which of QUESTION, COMPLAINT, INCIDENT, TASK, REVIEW, UNKNOWN each of them means, "
                "by CASE in the query or in values"
            ),
            (
                f"{TICKET}: priority has words that nobody mapped, and that become UNKNOWN: 'medium' (2); "
                f"say which of {PRIORITIES} each of them means, by CASE in the query or in values"
            ),
        ],
    ),
    "a key that many customers share": (
        people("c1", "c2", "c3", email="nobody@example.com"),
        [
            (
                f"{CUSTOMER}.keys.email: 1 of 1 keys find more than one customer, one of them 3; "
                "give customers keys of their own, and leave out texts that stand for no key"
            )
        ],
    ),
    "e-mail addresses with capitals": (
        people("c1", "c2", "c3", email="Ann.{}@example.com"),
        [
            (
                f"{CUSTOMER}.keys.email: 3 of 3 keys find nobody in the form that callers' keys have; "
                "give each email in its normal form, in lower case"
            )
        ],
    ),
    "phone numbers without a region": (
        people("100", "200", phone="(020) 7946 0{}"),
        [
            (
                f"{CUSTOMER}.keys.phone: 2 of 2 keys find nobody in the form that callers' keys have; "
                "give each phone in E.164, such as +442079460000"
            )
        ],
    ),
    "a weaker kind of key": (
        {"order": {"query": query_of(orders()), "keys": {"customer_id": "customer_id", "member_number": "customer_id"}}},
        [
            (
                f"{ORDER}.keys.member_number: it is never asked for: this source is asked by customer id, which is stronger; "
                "remove it"
            )
        ],
    ),
}


async def test_orders_of_accounts_are_asked_for_by_account(build: Build) -> None:
    """Beside those of customers, which have a stronger key."""
    keys = {"customer_id": "customer_id", "account": "customer_id"}
    accounts = {"query": query_of([{"id": "c1", "name": "Acme"}]), "keys": {"account": "id"}}
    records = {"order": {"query": query_of(orders()), "keys": keys}}
    assert told(await report(build("shop", records | {"account": accounts}))) == ([], [])
    (warning,) = told(await report(build("shop", records)))[1]
    assert warning.startswith(f"{ORDER}.keys.account: it is never asked for")


@pytest.mark.parametrize("mistake", LATER)
async def test_what_looks_wrong_is_a_warning(build: Build, mistake: str) -> None:
    """Nothing is lost by it, or not for certain."""
    records, expected = LATER[mistake]
    assert told(await report(build("shop", records))) == ([], expected)


async def test_own_keys_of_a_record_are_asked_for_beside_its_customers(build: Build) -> None:
    """They find one order, whatever kind of key finds those of a customer."""
    keys = {"order_id": "id", "order_number": "id"}
    shop = {"order": {"query": query_of(orders()), "keys": keys | {"customer_id": "customer_id"}}}
    found = await report(build("crm", people("c1", "c2")), build("shop", shop))
    assert told(found) == ([], [])
    assert {own.key: own.records for own in found.samples if own.record == "order"} == {
        "order_id": 4,
        "order_number": 4,
        "customer_id": 4,
    }


async def test_an_order_found_by_its_own_keys_alone_needs_no_key_of_customers(build: Build) -> None:
    """No customer has its number, and none has to."""
    shop = {"order": {"query": query_of(orders()), "keys": {"order_number": "id"}}}
    assert told(await report(build("crm", people("c1", "c2")), build("shop", shop))) == ([], [])


async def test_the_contacts_of_a_company_share_its_account(build: Build) -> None:
    """What would be wrong with an e-mail address is usual there."""
    customers = people("c1", "c2", "c3", company_name="Example", company_account="A1")
    customers["customer"]["keys"]["account"] = "company_account"
    assert told(await report(build("crm", customers))) == ([], [])


async def test_an_id_that_finds_several_orders_is_told(build: Build) -> None:
    """Such as a number that two shops share, taken for the id. One order for each is right."""
    found = record(orders(number=["1", "1", "2", "3"]))
    found["keys"] |= {"order_id": "number"}
    setting = "sources.shop.records.order.keys.order_id"
    fix = "find records by the same column that gives their id"
    assert told(await report(build("shop", {"order": found}))) == (
        [],
        [f"{setting}: 1 of 3 ids find more than one order; {fix}"],
    )
    found["keys"] |= {"order_id": "id"}
    assert told(await report(build("shop", {"order": found}))) == ([], [])


async def test_customers_of_two_sources_have_keys_in_common(build: Build) -> None:
    """Where no key of one finds a record in the other, none of them is linked."""
    crm, shop = people("c1", "c2", email="{}@example.com"), people("s1", "s2", email="{}@example.com")
    unlinked = (
        "{}: none of 2 customers here has a key that finds one in another source of customers, so none is linked; "
        "give both the same keys, such as the id at the other source"
    )
    found = await report(build("crm", crm), build("shop", shop))
    assert told(found) == ([], [unlinked.format(f"sources.{name}.records.customer") for name in ("crm", "shop")])
    shop = people("c2", "c3", email="{}@example.com")
    assert told(await report(build("crm", crm), build("shop", shop))) == ([], [])


async def test_the_name_of_a_source_in_other_letters_is_told(build: Build) -> None:
    """Ids of it link nothing. One that is no source's is another system's."""
    crm, shop = people("c1", email="{}@example.com"), people("c1", email="{}@example.com")
    stated = [{"parent": "c1", "source": "Shop", "id": "1"}, {"parent": "c1", "source": "market", "id": "1"}]
    crm["customer"]["lists"] = {"external_ids": {"query": query_of(stated)}}
    text = "customers here state ids of 'Shop', which link nothing: the source is 'shop'"
    assert told(await report(build("crm", crm), build("shop", shop))) == (
        [],
        [f"sources.crm.records.customer: {text}; write the system of external_ids as 'shop'"],
    )


async def test_keys_that_never_meet_those_of_customers_are_told_by_their_counts(build: Build) -> None:
    """Neither the customers' keys find an order, nor the keys of orders a customer."""
    shop = {"order": record(orders(customer_id=["A1", "A1", "A2", "A3"]))}
    assert told(await report(build("crm", people("c1", "c2")), build("shop", shop))) == (
        [],
        [
            (
                f"{ORDER}.keys.customer_id: none of 2 customer id keys of customers of crm finds a record here, "
                "and none of 3 keys here finds a customer; give order records the customer id that crm has"
            )
        ],
    )


async def test_a_key_that_no_customer_has_is_never_asked_for(build: Build) -> None:
    """The source of customers has to give it."""
    shop = {"order": record(orders(), by="device_id")}
    assert told(await report(build("crm", people("c1", "c2")), build("shop", shop))) == (
        [],
        [
            (
                f"{ORDER}.keys.device_id: none of 2 customers of crm has a device id, so it is never asked; "
                "let crm give each customer's device id, or choose another kind of key"
            )
        ],
    )


async def test_phones_that_link_nothing_want_a_country_code_or_a_region(build: Build) -> None:
    """A number without either is no key of a customer."""
    crm, shop = people("100", "200", phone="(020) 7946 0{}"), {"order": record(orders(), by="phone")}
    _, warnings = told(await report(build("crm", crm), build("shop", shop)))
    assert warnings[1:] == [
        (
            f"{ORDER}.keys.phone: none of 2 phone keys of customers of crm finds a record here, and none of 2 keys here finds "
            "a customer; give order records the phone that crm has, in E.164, or set phone_region of each source"
        )
    ]


async def test_a_busy_customer_is_not_the_whole_sample(build: Build) -> None:
    """The rows of others count, too, where the first hundred are of one."""
    row = orders()[0]
    busy = [row | {"id": f"o{number}", "customer_id": "c1"} for number in range(101)]
    others = [row | {"id": f"p{number}", "customer_id": f"c{number}"} for number in (2, 3)]
    found = await report(build("shop", {"order": record([*busy, *others])}))
    assert found.samples == [SampleSummary(source="shop", record="order", key="customer_id", keys=2, records=2)]


async def test_one_key_that_meets_a_customer_is_enough(build: Build) -> None:
    """The sampled customers may have no orders: then a sampled order has a customer."""
    shop = {"order": record(orders(customer_id=["c7", "x1", "x2", "x3"]))}
    crm = people(*(f"c{number}" for number in range(1, 9)))
    assert told(await report(build("crm", crm), build("shop", shop), rows=4)) == ([], [])


async def test_good_data_have_no_findings(build: Build) -> None:
    """What was looked at is said of each lookup."""
    shop = {"order": record(orders())} | tickets(priority=["high", "Low"], satisfaction=["5", None])
    found = await report(build("crm", people("c1", "c2", email="{}@example.com")), build("shop", shop))
    assert told(found) == ([], [])
    assert found.samples == [
        SampleSummary("crm", "customer", "customer_id", 2, 2),
        SampleSummary("crm", "customer", "email", 2, 2),
        SampleSummary("shop", "order", "customer_id", 2, 4),
        SampleSummary("shop", "ticket", "customer_id", 2, 2),
    ]


async def test_no_value_is_told(build: Build) -> None:
    """Of a field that holds anything but a few words, only their number is said."""
    shop = tickets(priority=["secret " * 10, "other"], created_at=["secret", "secret"])
    problems, warnings = told(await report(build("shop", shop)))
    assert "secret" not in f"{problems} {warnings}"
    assert [one.partition("; ")[0] for one in warnings] == [
        f"{TICKET}: priority has words that nobody mapped, and that become UNKNOWN: 2 different texts"
    ]


async def test_a_deep_check_looks_at_more_rows(build: Build) -> None:
    """A mistake beyond the first rows is found by looking at more."""
    rows = [
        {"id": f"o{number}", "customer_id": f"c{number}", "placed_at": "never" if number == 30 else PLACED.format(1)}
        for number in range(40)
    ]
    shop = {"order": record(rows)}
    few, more = await report(build("shop", shop), rows=20), await report(build("shop", shop), rows=40)
    assert (few.samples[0].records, more.samples[0].records) == (20, 40)
    assert (len(few.problems), len(more.problems)) == (0, 1)
