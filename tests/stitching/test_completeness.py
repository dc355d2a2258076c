"""How complete a profile is: what sources have, what they lack, what cannot be told."""

from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.record_fields import fields_of
from connectors.testing import MemoryConnector
from gateway.stitching.completeness import PARTS
from tests.support.gateway_server import gateway_on
from tests.support.shop import at

LACKED = {"industry", "education", "household_size", "income_band", "life_stage", "acquisition", "social_accounts", "locale"}
QUERY = """query ($key: CustomerKey!, $records: [RecordType!]) {
  customer(by: $key) { completeness(records: $records) { share missing parts { name state } } } }"""


class Source(MemoryConnector):
    """Says which fields it never has."""

    def __init__(self, name: str, records: Any, absent: set[str] = LACKED) -> None:
        super().__init__(name, records)
        self._absent = frozenset(absent)

    def absent_fields(self, record: type[r.Record]) -> frozenset[str]:
        return self._absent if record is r.Customer else frozenset()


ANA = r.Customer(id="c1", name="Ana", email="a@b.org", address=r.Address(city="Rome"), gender=r.Gender.FEMALE)
ACME = r.Customer(id="c2", kind=r.CustomerKind.COMPANY, name="Acme", email="post@acme.example", address=r.Address(city="Rome"))
DESK = r.Customer(id="d1", email="a@b.org", phone="+442079460000", consents=[r.Consent(channel=r.Channel.EMAIL)])


def by_id_and_email(*customers: r.Customer) -> dict[Any, Any]:
    return {
        (r.Customer, KeyKind.CUSTOMER_ID): {own.id: [own] for own in customers},
        (r.Customer, KeyKind.EMAIL): {own.email: [own] for own in customers},
    }


def states(completeness: dict[str, Any]) -> dict[str, str]:
    return {part["name"]: part["state"] for part in completeness["parts"]}


async def asked(sources: list[MemoryConnector], key: dict[str, Any], *records: str) -> dict[str, Any]:
    async with gateway_on(sources) as gateway:
        data = await gateway.data(QUERY, {"key": key, "records": list(records)})
    found: dict[str, Any] = data["customer"]["completeness"]
    return found


async def test_a_profile_says_what_it_has_and_what_is_missing():
    """What no source is configured to give counts neither way; one call finds it all."""
    crm = Source("crm", by_id_and_email(ANA))
    found = await asked([crm], {"id": "c1"})
    assert found["share"] == 4 / 10
    assert found["missing"] == ["phone", "birthDate", "occupation", "preferredChannel", "company", "consents"]
    assert states(found) == {
        **dict.fromkeys(["name", "email", "address", "gender"], "PRESENT"),
        **dict.fromkeys(found["missing"], "MISSING"),
        **{fields_of(r.Customer)[name].json_name: "NOT_CONFIGURED" for name in LACKED},
    }
    assert len(crm.calls) == 1


async def test_a_company_has_no_birth_date():
    """Nor any other part of people alone."""
    found = await asked([Source("crm", by_id_and_email(ACME))], {"id": "c2"})
    assert found["missing"] == ["phone", "preferredChannel", "company", "consents"]
    assert found["share"] == 3 / 7
    assert "birthDate" not in states(found)


async def test_what_a_source_that_is_down_may_have_is_unknown():
    """Not missing. What the others have counts, and what only they may have is missing."""
    crm, desk = Source("crm", by_id_and_email(ANA)), Source("desk", by_id_and_email(DESK), {*LACKED, "company", "birth_date"})
    whole = await asked([crm, desk], {"email": "a@b.org"})
    assert (whole["share"], whole["missing"]) == (6 / 10, ["birthDate", "occupation", "preferredChannel", "company"])
    desk.failure = SourceUnavailableError()
    found = await asked([crm, desk], {"email": "a@b.org"})
    assert found["missing"] == ["birthDate", "company"]
    assert found["share"] == 4 / 6
    unknown = [name for name, state in states(found).items() if state == "UNKNOWN"]
    assert unknown == ["phone", "occupation", "preferredChannel", "consents"]


async def test_nothing_is_known_of_a_customer_whose_only_source_is_down():
    """There is no share of it, and no error either."""
    crm = Source("crm", by_id_and_email(ANA))
    crm.failure = SourceUnavailableError()
    found = await asked([crm], {"id": "c1"})
    assert (found["share"], found["missing"]) == (None, [])
    assert set(states(found).values()) == {"UNKNOWN", "NOT_CONFIGURED"}


async def test_records_are_looked_for_where_they_are_named():
    """With one call for each, of one record. What may be at a source that is down is unknown."""
    order = r.Order(id="o1", placed_at=at(1))
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [order]}})
    support = MemoryConnector("support", {(r.Ticket, KeyKind.CUSTOMER_ID): {}})
    found = await asked([Source("crm", by_id_and_email(ANA)), orders, support], {"id": "c1"}, "ORDER", "TICKET", "EVENT")
    assert list(states(found).items())[-3:] == [("orders", "PRESENT"), ("tickets", "MISSING"), ("events", "NOT_CONFIGURED")]
    assert found["share"] == 5 / 12
    assert (len(orders.calls), len(support.calls)) == (1, 1)
    support.failure = SourceUnavailableError()
    found = await asked([Source("crm", by_id_and_email(ANA)), orders, support], {"id": "c1"}, "TICKET")
    assert states(found)["tickets"] == "UNKNOWN"


@pytest.mark.parametrize("is_merged", [False, True], ids=["one source", "several"])
async def test_what_an_older_answer_does_not_have_is_unknown(is_merged: bool):
    """It stands in for a source that could not be asked now, and that may have it by now."""
    crm = Source("crm", by_id_and_email(ANA))
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {}})
    others = [Source("desk", by_id_and_email(DESK), set(LACKED) | {"birth_date"})] if is_merged else []
    called = {"retries": 0, "breaker": {"enabled": False}, "stale_s": {"customer": 86_400, "order": 86_400}}
    asked_for = {"key": {"email": "a@b.org"}, "records": ["ORDER"]}
    async with gateway_on([crm, *others, orders], called=called) as gateway:
        whole = states((await gateway.data(QUERY, asked_for))["customer"]["completeness"])
        crm.failure = orders.failure = SourceUnavailableError()
        older = states((await gateway.data(QUERY, asked_for))["customer"]["completeness"])
    assert [whole[name] for name in ("name", "birthDate", "orders")] == ["PRESENT", "MISSING", "MISSING"]
    assert [older[name] for name in ("name", "birthDate", "orders")] == ["PRESENT", "UNKNOWN", "UNKNOWN"]
    assert older["industry"] == "NOT_CONFIGURED"


async def test_what_is_read_for_it_is_not_shown_elsewhere():
    """`origins` tells of the selected fields alone, and a customer has no records of customers."""
    async with gateway_on([Source("crm", by_id_and_email(ANA))]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { name completeness { share } origins { field } } }')
        answer = await gateway.ask('{ customer(by: {id: "c1"}) { completeness(records: [CUSTOMER]) { share } } }')
    assert data["customer"]["origins"] == [{"field": "name"}]
    assert answer["errors"][0]["message"] == "records: a customer has no records of CUSTOMER; leave it out"


def test_every_field_of_the_record_is_in_a_part_or_left_out_on_purpose():
    """Ids, times and the kind say nothing of a profile; deals and touches are records of what happened."""
    left_out = {"id", "kind", "member_number", "device_ids", "external_ids", "created_at", "updated_at", "deals", "touches"}
    assert {name for fields in PARTS.values() for name in fields} == set(fields_of(r.Customer)) - left_out
