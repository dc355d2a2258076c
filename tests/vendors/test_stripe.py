"""Charges of Stripe's customers as orders, and the customers."""

import msgspec
import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceAuthError, SourceRejectedError, SourceThrottledError
from connectors.record_fields import Fields
from connectors.records import Customer, Order, Subscription
from connectors.testing import ConnectorContract
from connectors.toolkit.evaluation import as_time
from connectors.vendors.stripe import Stripe
from tests.vendors.api import Refusal, expect_refused_settings, failure_of, gateway_to, lookup_of, opened
from tests.vendors.stripe import MANY, TOKEN, StripeApi, charge

pytestmark = pytest.mark.vendors

KINDS = ["customer_id", "external_id", "email"]
SETTINGS = {
    "token": TOKEN,
    "keys": {"customer": [*KINDS, "text"], "order": [*KINDS, "order_id"], "subscription": [*KINDS, "subscription_id"]},
}


def stripe(api, **settings):
    return opened(Stripe, api, "payments", **(SETTINGS | settings))


def gateway_to_stripe(api, **settings):
    return gateway_to(Stripe, api, "payments", **(SETTINGS | settings))


class TestContract(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["cus_Ann", "cus_Ben"],
        (Customer, KeyKind.EXTERNAL_ID): ["payments:cus_Ann"],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "ben@example.com"],
        (Customer, KeyKind.TEXT): ["ann", "brown"],
        (Order, KeyKind.CUSTOMER_ID): ["cus_Ann", "cus_Ben"],
        (Order, KeyKind.EXTERNAL_ID): ["payments:cus_Ann2"],
        (Order, KeyKind.EMAIL): ["ann@example.com"],
        (Order, KeyKind.ORDER_ID): ["ch_1", "ch_b000"],
        (Subscription, KeyKind.CUSTOMER_ID): ["cus_Ann", "cus_Ben"],
        (Subscription, KeyKind.EXTERNAL_ID): ["payments:cus_Ann2"],
        (Subscription, KeyKind.EMAIL): ["ann@example.com"],
        (Subscription, KeyKind.SUBSCRIPTION_ID): ["sub_1", "sub_3"],
    }

    @pytest.fixture
    async def connector(self):
        async with stripe(StripeApi()) as connector:
            yield connector


async def test_subscriptions_are_read_with_those_that_have_ended():
    """The plan and its seats are the first item's; the amount of a period is that of all items, in exact cents."""
    shown = "id plan status seats amount { amount currency } interval intervalCount startedAt renewsAt cancelledAt endsAt"
    async with gateway_to_stripe(StripeApi()) as gateway:
        data = await gateway.data(
            f"""{{ ann: customer(by: {{id: "cus_Ann"}}) {{ subscriptions {{ nodes {{ {shown} }} }} }}
                old: customer(by: {{id: "cus_Ann2"}}) {{ subscriptions {{ nodes {{ status cancelledAt endsAt renewsAt }} }} }}
                ben: customer(by: {{id: "cus_Ben"}}) {{
                    subscriptions {{ nodes {{ sourceId status amount {{ amount }} }} }}
                }} }}"""
        )
    assert data["ann"]["subscriptions"]["nodes"] == [
        {
            "id": "payments:sub_2", "plan": "Base", "status": "CANCELLED", "seats": 1,
            "amount": {"amount": "20.020", "currency": "EUR"}, "interval": "MONTH", "intervalCount": 1,
            "startedAt": "2026-01-02T00:00:00Z", "renewsAt": None, "cancelledAt": "2026-01-02T01:00:00Z",
            "endsAt": "2026-02-10T00:00:00Z",
        },
        {
            "id": "payments:sub_1", "plan": "Pro, monthly", "status": "ACTIVE", "seats": 5,
            "amount": {"amount": "145.00", "currency": "EUR"}, "interval": "MONTH", "intervalCount": 1,
            "startedAt": "2026-01-01T00:00:00Z", "renewsAt": "2026-01-31T00:00:00Z", "cancelledAt": None, "endsAt": None,
        },
    ]  # fmt: skip
    assert data["old"]["subscriptions"]["nodes"] == [
        {"status": "ENDED", "cancelledAt": "2026-01-06T00:00:00Z", "endsAt": "2026-01-07T00:00:00Z", "renewsAt": None}
    ]
    assert data["ben"]["subscriptions"]["nodes"] == [
        {"sourceId": "sub_6", "status": "PAST_DUE", "amount": {"amount": "145.00"}},
        {"sourceId": "sub_5", "status": "UNKNOWN", "amount": {"amount": "145.00"}},
        {"sourceId": "sub_4", "status": "PAUSED", "amount": None},
    ]


async def test_a_customer_has_charges_as_orders():
    """Amounts of currencies with none, two and three decimals; failed attempts are no orders."""
    async with gateway_to_stripe(StripeApi()) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "cus_Ann"}) {
                name email phone locale createdAt address { line postalCode city country } externalIds { source id }
                orders { nodes {
                    id placedAt status total { amount currency } payments { method installments amount { amount } }
                } }
            } }"""
        )
    orders = data["customer"].pop("orders")["nodes"]
    assert data["customer"] == {
        "name": "Ann Archer",
        "email": "ann@example.com",
        "phone": "+442079460000",
        "locale": "en-GB",
        "createdAt": "2025-12-31T00:00:00Z",
        "address": {"line": "1 High Street, Flat 2", "postalCode": "N1 1AA", "city": "London", "country": "GB"},
        "externalIds": [{"source": "payments", "id": "cus_Ann"}],
    }
    shown = [
        (one["id"], one["status"], one["total"]["amount"], one["total"]["currency"], one["payments"][0]["method"])
        for one in orders
    ]
    assert shown == [
        ("payments:ch_7", "CONFIRMED", "300.00", "MXN", "CARD"),
        ("payments:ch_5", "PROCESSING", "7.00", "UGX", "UNKNOWN"),
        ("payments:ch_4", "PENDING", "5.00", "ISK", "BANK_TRANSFER"),
        ("payments:ch_3", "RETURNED", "5.120", "KWD", "INVOICE"),
        ("payments:ch_2", "CONFIRMED", "500", "JPY", "VOUCHER"),
        ("payments:ch_1", "CONFIRMED", "19.99", "EUR", "CARD"),
    ]
    assert orders[0]["placedAt"] == "2026-01-01T00:01:10Z"
    assert orders[0]["payments"] == [{"method": "CARD", "installments": 3, "amount": {"amount": "300.00"}}]


async def test_orders_by_email_are_those_of_every_customer_with_it():
    """Stripe lets two customers have one address; their orders are merged by time."""
    async with gateway_to_stripe(StripeApi(), keys={"customer": ["customer_id"], "order": ["email"]}) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "cus_Ann2"}) { orders(first: 3) { nodes { id payments { method } } } } }'
        )
    assert [one["id"] for one in data["customer"]["orders"]["nodes"]] == ["payments:ch_7", "payments:ch_8", "payments:ch_5"]
    assert data["customer"]["orders"]["nodes"][1]["payments"] == [{"method": "WALLET"}]


async def test_charges_are_paged_through_by_the_last_id():
    """All of more than two pages, each once."""
    api = StripeApi()
    async with stripe(api) as connector:
        by_id = lookup_of(connector, Order, KeyKind.CUSTOMER_ID)
        answer = await by_id.fetch(["cus_Ben"], Ask(fields=Fields.from_paths("id")))
    assert len(set(answer["cus_Ben"].records.split(b"},{"))) == MANY
    starts = [line.partition("starting_after=")[2] for line in api.requests]
    assert len(starts) == 3
    assert starts[0] == ""
    assert len(set(starts)) == 3


async def test_pages_of_the_gateway_follow_each_other_inside_a_second():
    """Charges of one second come in any order; walking through them two by two loses none and repeats none."""
    seen, after, api = [], "null", StripeApi()
    async with gateway_to_stripe(api) as gateway:
        for _ in range(6):
            data = await gateway.data(
                f"""{{ customer(by: {{id: "cus_Ben"}}) {{ orders(first: 3, after: {after}) {{
                    nodes {{ id placedAt }} pageInfo {{ endCursor }}
                }} }} }}"""
            )
            orders = data["customer"]["orders"]
            seen += [(one["placedAt"], one["id"]) for one in orders["nodes"]]
            after = f'"{orders["pageInfo"]["endCursor"]}"'
    assert len(set(seen)) == 18
    assert "GET /v1/charges?customer=cus_Ben&created[lte]=1767225651&limit=4" in api.requests
    assert seen == sorted(seen, reverse=True)


async def test_a_window_and_a_few_orders_cost_one_small_call():
    """The first two of a time: its bounds are sent, and no more than what decides the two is read."""
    api = StripeApi()
    async with stripe(api) as connector:
        by_id = lookup_of(connector, Order, KeyKind.CUSTOMER_ID)
        ask = Ask(
            fields=Fields.from_paths("id"),
            first=2,
            since=as_time("2026-01-01T00:00:19.5Z"),
            until=as_time("2026-01-01T00:00:55Z"),
        )
        answer = await by_id.fetch(["cus_Ann"], ask)
    assert [one["id"] for one in msgspec.json.decode(answer["cus_Ann"].records)] == ["ch_5", "ch_4"]
    assert api.requests == ["GET /v1/charges?customer=cus_Ann&created[gte]=1767225620&created[lt]=1767225655&limit=3"]


async def test_many_failed_attempts_do_not_take_many_calls():
    """The first page is small for a few orders, the following ones are not."""
    api = StripeApi()
    api.charges += [charge(f"ch_f{n}", "cus_Cleo", 200 + n, 100, status="failed") for n in range(90)]
    api.charges += [charge("ch_c1", "cus_Cleo", 100, 100), charge("ch_c2", "cus_Cleo", 90, 100)]
    async with stripe(api) as connector:
        by_id = lookup_of(connector, Order, KeyKind.CUSTOMER_ID)
        answer = await by_id.fetch(["cus_Cleo"], Ask(fields=Fields.from_paths("id"), first=1))
    assert [one["id"] for one in msgspec.json.decode(answer["cus_Cleo"].records)] == ["ch_c1"]
    assert api.requests == [
        "GET /v1/charges?customer=cus_Cleo&limit=2",
        "GET /v1/charges?customer=cus_Cleo&limit=100&starting_after=ch_f88",
    ]


async def test_a_batch_costs_a_call_for_each_customer_and_one_for_the_charges_of_each():
    """Stripe has no batches."""
    api = StripeApi()
    async with gateway_to_stripe(api) as gateway:
        await gateway.data('{ customers(ids: ["cus_Ann", "cus_Ann2", "cus_Cleo"]) { name orders(first: 1) { nodes { id } } } }')
    assert sorted(api.requests) == [
        "GET /v1/charges?customer=cus_Ann&limit=2",
        "GET /v1/charges?customer=cus_Ann2&limit=2",
        "GET /v1/charges?customer=cus_Cleo&limit=2",
        "GET /v1/customers/cus_Ann",
        "GET /v1/customers/cus_Ann2",
        "GET /v1/customers/cus_Cleo",
    ]


async def test_an_unknown_customer_is_nobody():
    """Neither one that is not there, nor a deleted one, nor what can be no id; nobody's charges are never all charges."""
    api = StripeApi()
    async with gateway_to_stripe(api) as gateway:
        for id_ in ("cus_Nobody", "cus_Gone"):
            assert await gateway.data(f'{{ customer(by: {{id: "{id_}"}}) {{ name orders {{ totalCount }} }} }}') == {
                "customer": None
            }
        api.requests.clear()
        assert await gateway.data('{ customer(by: {id: "?limit=3"}) { name orders { totalCount } } }') == {"customer": None}
    assert api.requests == []


async def test_charges_of_another_customer_are_nobodys():
    """Whatever a list holds, an order is given to nobody but its customer."""
    api = StripeApi()
    async with stripe(api) as connector:
        by_id = lookup_of(connector, Order, KeyKind.CUSTOMER_ID)
        api.refusal = Refusal(200, {"object": "list", "data": [charge("ch_x", "cus_Other", 1, 100)], "has_more": False})
        answer = await by_id.fetch(["cus_Ann"], Ask(fields=Fields.from_paths("id")))
    assert answer["cus_Ann"].records == b"[]"


async def test_a_malformed_charge_is_dropped_alone():
    """One whose time is none is left out and counted; one without an amount is served without it."""
    api = StripeApi()
    api.charges += [charge("ch_91", "cus_Ann2", 80, None), charge("ch_92", "cus_Ann2", 90, 100) | {"created": "noon"}]
    async with gateway_to_stripe(api) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "cus_Ann2"}) { orders { nodes { id total { amount } } } sources { droppedRecords } } }'
        )
    assert data["customer"] == {
        "orders": {"nodes": [{"id": "payments:ch_91", "total": None}, {"id": "payments:ch_8", "total": {"amount": "1.00"}}]},
        "sources": [{"droppedRecords": 1}],
    }


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "2"}, 2.0), ({"Stripe-Should-Retry": "true"}, None)])
async def test_a_throttled_call_says_when_to_come_back(headers, seconds):
    """Where Stripe says it; mostly it does not."""
    api = StripeApi()
    api.refusal = Refusal(429, {"error": {"type": "invalid_request_error", "code": "rate_limit"}}, headers)
    async with stripe(api) as connector:
        error = await failure_of(lookup_of(connector, Order, KeyKind.CUSTOMER_ID), "cus_Ann")
    assert isinstance(error, SourceThrottledError)
    assert error.retry_after_s == seconds


async def test_a_throttled_source_costs_the_orders_alone():
    """The customer is there, and the error has the code."""
    api = StripeApi()
    api.refusal, api.refused_path = Refusal(429, {"error": {"code": "lock_timeout"}}), "charges"
    async with gateway_to_stripe(api) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "cus_Ann"}) { name orders { nodes { id } } } }')
    assert answer["data"]["customer"] == {"name": "Ann Archer", "orders": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_THROTTLED"]


async def test_check_names_the_permission_that_a_restricted_key_lacks():
    """A key that may read customers and no charges."""
    api = StripeApi()
    api.refusal, api.refused_path = Refusal(403, {"error": {"type": "invalid_request_error"}}), "charges"
    async with stripe(api) as connector:
        assert await connector.check() == [
            "sources.payments.token: the source accepts it, but it lacks the permission to read charges; grant that"
        ]
        assert isinstance(await failure_of(lookup_of(connector, Order, KeyKind.CUSTOMER_ID), "cus_Ann"), SourceAuthError)


async def test_a_search_takes_words_as_they_are():
    """Quotes in them end nothing; Stripe refuses words that are too short, for that key alone."""
    async with stripe(StripeApi()) as connector:
        by_text = lookup_of(connector, Customer, KeyKind.TEXT)
        answer = await by_text.fetch(['"the bean"', "zz"], Ask(fields=Fields.from_paths("id")))
    assert b"cus_Ben" in answer['"the bean"']
    assert isinstance(answer["zz"], SourceRejectedError)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"token": TOKEN}, "keys\n  Field required"),
        ({**SETTINGS, "account": "acct_1\r\nX-Other: 1"}, "account\n  Value error, cannot stand in a header"),
        ({**SETTINGS, "token": ""}, "token\n  Value error, is empty"),
    ],
)
def test_settings_that_cannot_be_served_are_refused(settings, message):
    """Keys are needed, and what goes into a header is one word."""
    expect_refused_settings(Stripe, message, **settings)
