"""What became of Stripe's charges: taken, let go, given back in part or by the bank; and customers in any case of letters."""

from decimal import Decimal

import msgspec
import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceProtocolError
from connectors.record_fields import Fields
from connectors.records import Customer, Order
from connectors.vendors.stripe import Stripe
from tests.vendors.api import gateway_to, ids_of, lookup_of, opened
from tests.vendors.stripe import TOKEN, StripeApi, charge, customer, dispute

pytestmark = [pytest.mark.vendors, pytest.mark.cases]

SETTINGS = {"token": TOKEN, "keys": {"customer": ["email"], "order": ["customer_id", "email"]}}
FIELDS = Fields.from_paths("id", "number", "status", "total", "refunded", "payments.amount")


@pytest.fixture
def api():
    api = StripeApi()
    api.charges = []
    return api


async def orders(api, *charges, fields=FIELDS, **settings):
    """The orders of Cleo, by id."""
    api.charges += charges
    async with opened(Stripe, api, "payments", **(SETTINGS | settings)) as connector:
        answer = await lookup_of(connector, Order, KeyKind.CUSTOMER_ID).fetch(["cus_Cleo"], Ask(fields=fields))
    return {one["id"]: one for one in msgspec.json.decode(answer["cus_Cleo"].records)}


def shown(order):
    return order["status"], order["total"]["amount"], order.get("refunded", {}).get("amount")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"captured": False}, ("PROCESSING", "50.00", "0.00")),
        ({"status": "pending", "captured": False}, ("pending", "50.00", "0.00")),
        ({}, ("CONFIRMED", "50.00", "0.00")),
        ({"amount_captured": 4200, "amount_refunded": 800}, ("CONFIRMED", "42.00", "0.00")),
        ({"amount_captured": 4200, "amount_refunded": 1800}, ("CONFIRMED", "42.00", "10.00")),
        ({"amount_captured": 4200, "amount_refunded": 5000, "refunded": True}, ("RETURNED", "42.00", "42.00")),
        ({"amount_refunded": 4500}, ("CONFIRMED", "50.00", "45.00")),
        ({"refunded": True}, ("RETURNED", "50.00", "50.00")),
    ],
)
async def test_a_charge_is_what_was_taken_and_what_went_back(api, more, expected):
    """What of an authorisation was never taken is neither paid nor given back."""
    found = await orders(api, charge("ch_1", "cus_Cleo", 1, 5000, **more))
    assert shown(found["ch_1"]) == expected


async def test_payments_are_what_was_taken(api):
    """Not what was authorised and never taken."""
    found = await orders(
        api,
        charge("ch_1", "cus_Cleo", 1, 20675, amount_captured=20300, amount_refunded=375, receipt_number="1234-5678"),
    )
    assert found["ch_1"]["payments"] == [{"amount": {"amount": "203.00", "currency": "EUR"}, "method": "CARD"}]
    assert found["ch_1"]["number"] == "1234-5678"


async def test_a_payment_that_was_let_go_is_no_order(api):
    """It is in no list and in no figure, as one that failed."""
    api.charges = [
        charge("ch_1", "cus_Cleo", 1, 5000, captured=False, refunded=True, amount_captured=0),
        charge("ch_2", "cus_Cleo", 2, 100, refunded=True),
    ]
    async with gateway_to(Stripe, api, "payments", **SETTINGS) as gateway:
        data = await gateway.data(
            """{ customer(by: {email: "cleo@example.com"}) {
                orders { nodes { sourceId status } totalCount partial } orderStatistics { count }
                returned: orderStatistics(filter: {status: [RETURNED]}) { count total { amount } }
            } }"""
        )
    assert data["customer"]["orders"] == {
        "nodes": [{"sourceId": "ch_2", "status": "RETURNED"}],
        "totalCount": 1,
        "partial": False,
    }
    assert data["customer"]["orderStatistics"] == {"count": 1}
    assert data["customer"]["returned"] == {"count": 1, "total": [{"amount": "1.00"}]}


@pytest.mark.parametrize(
    ("disputes", "more", "expected"),
    [
        ([("dp_1", 5000, "lost")], {}, ("RETURNED", "50.00", "50.00")),
        ([("dp_1", 5000, "lost")], {"amount_refunded": 1000}, ("RETURNED", "50.00", "50.00")),
        ([("dp_1", 1000, "lost"), ("dp_2", 700, "won")], {}, ("CONFIRMED", "50.00", "10.00")),
        ([("dp_1", 5000, "needs_response")], {}, ("CONFIRMED", "50.00", "0.00")),
        ([("dp_1", 5800, "lost", "usd")], {}, ("RETURNED", "50.00", "50.00")),
    ],
)
async def test_a_lost_dispute_gives_the_money_back(api, disputes, more, expected):
    """One that is won, or under way, does not."""
    api.disputes = [dispute(one[0], "ch_1", *one[1:]) for one in disputes]
    found = await orders(api, charge("ch_1", "cus_Cleo", 1, 5000, disputed=True, **more))
    assert shown(found["ch_1"]) == expected


async def test_disputes_are_asked_for_where_they_matter_only(api):
    """Of charges that have one, when the answer shows it."""
    api.charges = [charge("ch_1", "cus_Cleo", 1, 100), charge("ch_2", "cus_Cleo", 2, 100, disputed=True)]
    await orders(api, fields=Fields.from_paths("id", "total"))
    assert not any("disputes" in line for line in api.requests)
    await orders(api)
    assert [line for line in api.requests if "disputes" in line] == ["GET /v1/disputes?charge=ch_2&limit=100"]


async def test_a_value_that_cannot_be_read_is_passed_on_in_its_place(api):
    """Nothing is guessed, and the order is there."""
    found = await orders(
        api,
        charge("ch_1", "cus_Cleo", 1, 100, amount_captured="much", amount_refunded="little"),
        charge("ch_2", "cus_Cleo", 2, 100, payment_method_details=["card"]),
    )
    assert found["ch_1"]["total"] == {"amount": "much", "currency": "EUR"}
    assert found["ch_1"]["refunded"] == {"amount": "little", "currency": "EUR"}
    assert found["ch_2"]["total"] == {"amount": "1.00", "currency": "EUR"}
    assert found["ch_2"]["payments"][0]["method"] == [["card"]]


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("5000", "eur", "50.00"),
        (Decimal("5000.0"), "eur", "50.000"),
        ("1234", "jpy", "1234"),
        ("5120", "kwd", "5.120"),
        (2**70, "eur", "11805916207174113034.24"),
    ],
)
async def test_amounts_are_in_the_smallest_unit_however_they_are_written(api, amount, currency, expected):
    """Also as a text, or with a point."""
    api.spoil = lambda answer: answer | {"data": [one | {"amount_captured": written} for one in answer["data"]]}
    written = float(amount) if isinstance(amount, Decimal) else amount
    found = await orders(api, charge("ch_1", "cus_Cleo", 1, 100, currency, amount_refunded=0))
    assert found["ch_1"]["total"] == {"amount": expected, "currency": currency.upper()}


async def test_what_says_how_to_read_an_amount_is_not_guessed(api):
    """A currency that is none, and a flag that says neither yes nor no, leave the amount unreadable."""
    found = await orders(
        api,
        charge("ch_1", "cus_Cleo", 1, 100, "euros"),
        charge("ch_2", "cus_Cleo", 2, 100, currency=None),
        charge("ch_3", "cus_Cleo", 3, 100, captured="perhaps"),
        charge("ch_4", "cus_Cleo", 4, 100, amount_captured="much", amount_refunded=10),
    )
    assert found["ch_1"]["total"] == {"amount": "1.00", "currency": "EUROS"}
    assert found["ch_2"]["total"] == {"amount": "100", "currency": None}
    assert (found["ch_3"]["status"], found["ch_3"]["total"]["amount"]) == ("perhaps", "perhaps")
    assert found["ch_4"]["refunded"] == {"amount": "much", "currency": "EUR"}


async def test_an_address_is_found_in_any_case_of_letters(api):
    """Whatever case it is stored in; by the list also when the search does not know it yet."""
    api.customers.append(customer("cus_Cleo2", "cleo@example.com"))
    api.customers.append(customer("cus_Other", "xcleo@example.com"))
    async with opened(Stripe, api, "payments", **SETTINGS) as connector:
        found = await ids_of(connector, Customer, KeyKind.EMAIL, ["cleo@example.com", "none@example.com"])
        assert sorted(found["cleo@example.com"]) == ["cus_Cleo", "cus_Cleo2"]
        assert found["none@example.com"] == []
        api.behind = {"cus_Cleo2"}
        assert sorted((await ids_of(connector, Customer, KeyKind.EMAIL, ["cleo@example.com"]))["cleo@example.com"]) == [
            "cus_Cleo",
            "cus_Cleo2",
        ]
        api.charges = [charge("ch_1", "cus_Cleo", 1, 100), charge("ch_2", "cus_Cleo2", 2, 100)]
        assert await ids_of(connector, Order, KeyKind.EMAIL, ["cleo@example.com"]) == {"cleo@example.com": ["ch_2", "ch_1"]}


async def test_without_a_search_an_address_is_found_as_it_is_stored(api):
    """Also with capitals, where that is what is asked for."""
    async with opened(Stripe, api, "payments", **SETTINGS, search=False) as connector:
        keys = ["cleo@example.com", "Cleo@Example.com"]
        assert await ids_of(connector, Customer, KeyKind.EMAIL, keys) == {keys[0]: [], keys[1]: ["cus_Cleo"]}
        by_email = lookup_of(connector, Order, KeyKind.EMAIL)
        answer = await by_email.fetch(["ben@example.com", "Nobody@Example.com"], Ask(fields=Fields.from_paths("id"), first=1))
        assert {key: page.partial for key, page in answer.items()} == {"ben@example.com": False, "Nobody@Example.com": True}
    assert not any("search" in line for line in api.requests)


async def test_a_quote_in_an_address_ends_no_clause(api):
    """It is a letter like others."""
    api.customers.append(customer("cus_Odd", 'o"dd@example.com'))
    async with opened(Stripe, api, "payments", **SETTINGS) as connector:
        assert await ids_of(connector, Customer, KeyKind.EMAIL, ['o"dd@example.com']) == {'o"dd@example.com': ["cus_Odd"]}


async def test_more_pages_than_allowed_are_given_in_part(api):
    """The newest, and the answer says that it is not whole. The oldest are behind them: that is an error."""
    api.charges = [charge(f"ch_{n}", "cus_Cleo", n, 100) for n in range(250)]
    async with opened(Stripe, api, "payments", **SETTINGS, max_pages=2) as connector:
        by_id = lookup_of(connector, Order, KeyKind.CUSTOMER_ID)
        page = (await by_id.fetch(["cus_Cleo"], Ask(fields=Fields.from_paths("id"))))["cus_Cleo"]
        assert ([one["id"] for one in msgspec.json.decode(page.records)], page.partial) == (
            [f"ch_{n}" for n in range(249, 49, -1)],
            True,
        )
        with pytest.raises(SourceProtocolError):
            await by_id.fetch(["cus_Cleo"], Ask(fields=Fields.from_paths("id"), oldest_first=True))
