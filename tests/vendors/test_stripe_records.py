"""Charges of Stripe by their ids, and the listing of all customers."""

import pytest

from connectors.contract import KeyKind
from connectors.errors import ListingCursorError
from connectors.records import Order
from connectors.toolkit.listing_cursor import encode_cursor
from connectors.vendors.stripe import Stripe
from tests.support.listing_pages import read_page
from tests.vendors.api import gateway_to, ids_of, opened
from tests.vendors.stripe import TOKEN, StripeApi, charge, customer, dispute

pytestmark = pytest.mark.vendors

SETTINGS = {"token": TOKEN, "keys": {"customer": ["customer_id"], "order": ["customer_id", "order_id"]}}


@pytest.fixture
def api():
    return StripeApi()


@pytest.fixture
async def payments(api):
    async with opened(Stripe, api, "payments", **SETTINGS) as connector:
        yield connector


async def test_a_charge_is_found_by_its_id_and_finds_its_customer(api):
    """A failed attempt, one that is not there and one without a customer find nobody."""
    api.charges.append(charge("ch_guest", None, 80, 900))
    async with gateway_to(Stripe, api, "payments", **SETTINGS) as gateway:
        data = await gateway.data(
            """{ order(id: "payments:ch_7") { id status total { amount currency } } failed: order(id: "payments:ch_6") { id }
                gone: order(id: "payments:ch_99") { id } guest: order(id: "payments:ch_guest") { id }
                customer(by: {orderId: "ch_8"}) { id name } nobody: customer(by: {orderId: "ch_guest"}) { id }
                none: customer(by: {orderId: "ch_6"}) { id } }"""
        )
    assert data == {
        "order": {"id": "payments:ch_7", "status": "CONFIRMED", "total": {"amount": "300.00", "currency": "MXN"}},
        "failed": None,
        "gone": None,
        "guest": {"id": "payments:ch_guest"},
        "customer": {"id": "payments:cus_Ann2", "name": "Ann A."},
        "nobody": None,
        "none": None,
    }


async def test_a_charge_costs_one_call(api, payments):
    """What can be no id costs none, and a lost dispute one more where it decides."""
    keys = ["ch_1", "ch_6", "ch_99", "../customers", "a b"]
    assert await ids_of(payments, Order, KeyKind.ORDER_ID, keys) == {"ch_1": ["ch_1"], "ch_6": []}
    assert sorted(api.requests) == [f"GET /v1/charges/{id_}" for id_ in ("ch_1", "ch_6", "ch_99")]
    api.charges.append(charge("ch_lost", "cus_Ann", 90, 900, disputed=True))
    api.disputes.append(dispute("dp_1", "ch_lost", 900, "lost"))
    await ids_of(payments, Order, KeyKind.ORDER_ID, ["ch_lost"], "status")
    assert api.requests[3:] == ["GET /v1/charges/ch_lost", "GET /v1/disputes?charge=ch_lost&limit=100"]


async def test_customers_come_and_go_while_they_are_listed(api, payments):
    """The newest first: who stays is listed once, also when those are deleted who ended a page."""
    api.customers = [customer(f"cus_{number}", None) for number in (9, 8, 7, 6, 5)]
    first = await read_page(payments, None, 2)
    assert first[0] == ["cus_9", "cus_8"]
    api.customers = [customer(f"cus_{number}", None) for number in (10, 9, 7, 6, 5)]
    second = await read_page(payments, first[1], 1)
    assert second[0] == ["cus_7"]
    api.customers = [customer(f"cus_{number}", None) for number in (10, 9, 6, 5)]
    assert await read_page(payments, second[1], 100) == (["cus_6", "cus_5"], None)
    assert api.requests[-3:] == [f"GET /v1/customers?limit=100&starting_after=cus_{number}" for number in (7, 8, 9)]
    api.customers = []
    with pytest.raises(ListingCursorError):
        await read_page(payments, second[1], 100)


@pytest.mark.parametrize("place", ["", "cus_1 cus_2/..", "cus_gone"])
async def test_a_place_that_is_none_is_refused(payments, place):
    """It is the cursor that is refused, and no key."""
    with pytest.raises(ListingCursorError):
        await read_page(payments, encode_cursor("stripe", place), 2)
