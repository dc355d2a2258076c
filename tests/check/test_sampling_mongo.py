"""`check` looks at documents as it does at rows."""

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.check.data_checks import SampleSummary, check_data
from gateway.check.sampler import Sampler
from gateway.clock import Clock
from gateway.tags.definitions import Pack
from tests.support.mongo_shop import MongoShop
from tests.support.sql_shop import day

RECORDS = {
    "customer": {
        "collection": "customers",
        "keys": {"customer_id": "_id", "email": "email", "text": {"paths": ["name"]}},
    },
    "order": {
        "collection": "orders",
        "fields": {"placed_at": "placed", "total.amount": "amount", "total.currency": "currency"},
        "values": {"status": {"gone": "SHIPPED"}},
        "keys": {"customer_id": "customer"},
    },
}
CUSTOMERS = [{"_id": f"c{number}", "name": "A", "email": f"c{number}@example.com"} for number in (1, 2)]
GOOD = {"customer": "c1", "placed": day(1), "amount": "10.00", "currency": "EUR", "status": "gone"}
ORDER = "sources.shop.records.order"
UNKNOWN = (
    f"{ORDER}: status has words that nobody mapped, and that become UNKNOWN: 'packed' (1); say which of PENDING, CONFIRMED, "
    "PROCESSING, SHIPPED, DELIVERED, CANCELLED, RETURNED, UNKNOWN each of them means, by CASE in the query or in values"
)


@pytest.mark.mongodb
@pytest.mark.parametrize(
    ("changes", "problems", "warnings"),
    [
        ({}, [], []),
        (
            {"placed": "2018-01-01"},
            [f"{ORDER}: placedAt is missing, once in 2 records: these records are left out; give a time"],
            [],
        ),
        (
            {"amount": "ten"},
            [f"{ORDER}: total.amount is malformed, once in 2 records: what holds it is left out; give a number"],
            [],
        ),
        ({"status": "packed"}, [], [UNKNOWN]),
    ],
)
async def test_mistakes_in_documents_are_told(
    mongo_shop: MongoShop, changes: Mapping[str, Any], problems: list[str], warnings: list[str]
) -> None:
    """A date that is a text is none to a source that sorts by dates."""
    await mongo_shop.configured(records=RECORDS)
    await mongo_shop.fill(customers=CUSTOMERS, orders=[{"_id": "o1"} | GOOD, {"_id": "o2"} | GOOD | dict(changes)])
    found = await check_data([mongo_shop.connector], Pack(facts={}, tags={}), None, Sampler(Clock()))
    assert [str(own)[: len(text)] for own, text in zip(found.problems, problems, strict=True)] == problems
    assert [str(own) for own in found.warnings] == warnings
    assert found.samples == [
        SampleSummary("shop", "customer", "customer_id", 2, 2),
        SampleSummary("shop", "customer", "email", 2, 2),
        SampleSummary("shop", "customer", "text", None, None),
        SampleSummary("shop", "order", "customer_id", 1, 2),
    ]
