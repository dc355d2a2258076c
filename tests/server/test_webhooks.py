"""Webhooks over HTTP: what is kept of a changed customer is asked for again, and only for who knows the secret."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import Change, KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.webhooks import MAX_BODY_BYTES, MAX_CHANGES
from tests.support import shop
from tests.support.clocks import SteppedClock
from tests.support.gateway_server import gateway_on, served, settings_for
from tests.support.webhook_requests import SECRET, hook, of, signed, signed_in_base64, sources_with, tell

QUERY = """query ($id: ID!) { customer(by: {id: $id}) { name email orders(first: 2) { nodes { id } } } }"""
BY_EMAIL = """query ($email: String!) { customer(by: {email: $email}) { name } }"""
KEPT = {"customer": 60, "order": 60, "ticket": 60}


@pytest.fixture
def sources():
    """By name."""
    return {source.name: source for source in (shop.crm(), shop.orders())}


@pytest.fixture
def words():
    """Settings that keep all answers of both, the orders of which tell of changes."""
    return {"sources": sources_with({"orders": hook()}, KEPT, "crm")}


def calls(sources):
    return {name: len(source.calls) for name, source in sources.items()}


async def test_what_is_kept_of_a_changed_customer_is_asked_for_again(sources, words):
    """The orders of that customer, whatever was asked about them; those of others and the CRM's answers stay."""
    first_two, one = QUERY, QUERY.replace("first: 2", "first: 1")
    async with gateway_on(list(sources.values()), **words) as gateway:
        for query in (first_two, one):
            for customer in ("c1", "c2"):
                await gateway.data(query, {"id": customer})
        before = calls(sources)
        sources["orders"].records[r.Order, KeyKind.CUSTOMER_ID] = shop.ORDERS | {"c1": [shop.order(9, "c1", 9)]}
        answer = await tell(gateway, "orders", of("c1"))
        told = calls(sources)
        data = [await gateway.data(query, {"id": customer}) for query in (first_two, one) for customer in ("c1", "c2")]
        after = calls(sources)
        for query in (first_two, one):
            await gateway.data(query, {"id": "c1"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-request-id"]
    assert told == before
    assert after == {"crm": before["crm"], "orders": before["orders"] + 2}
    assert calls(sources) == after
    assert [[one["id"] for one in found["customer"]["orders"]["nodes"]] for found in data] == [
        ["orders:oc19"],
        ["orders:oc21"],
        ["orders:oc19"],
        ["orders:oc21"],
    ]


async def test_a_second_delivery_does_no_harm(sources, words):
    """The answer is the same, and what was asked for since is asked for once more."""
    async with gateway_on(list(sources.values()), **words) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        answers = [(await tell(gateway, "orders", of("c1"))).status_code for _ in range(3)]
        data = await gateway.data(QUERY, {"id": "c1"})
    assert answers == [204, 204, 204]
    assert [one["id"] for one in data["customer"]["orders"]["nodes"]] == ["orders:oc15", "orders:oc14"]
    assert calls(sources) == {"crm": 1, "orders": 2}


@pytest.mark.parametrize("signature", ["", "00", signed(b"{}"), signed(json.dumps(of("c1")).encode(), "whsec_of_others"), "é"])
async def test_whoever_does_not_know_the_secret_changes_nothing(sources, words, signature):
    """401, and the next request is answered from what is kept."""
    async with gateway_on(list(sources.values()), **words) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        with capture_logs() as logs:
            answer = await tell(gateway, "orders", of("c1"), **{"x-signature": signature})
        await gateway.data(QUERY, {"id": "c1"})
    assert (answer.status_code, answer.json()["code"]) == (401, "WEBHOOK_SIGNATURE")
    assert [(line["event"], line["source"]) for line in logs] == [("webhook_refused", "orders")]
    assert calls(sources) == {"crm": 1, "orders": 1}


async def test_the_settings_say_how_it_is_signed(sources):
    """Another header, in base64; hex is taken behind `sha256=`, too."""
    body = json.dumps({"ids": [{"at": 1}, {"at": "c1"}]}).encode()
    webhooks = {"orders": hook(header="X-Shop-Signature", encoding="base64", key="ids.at"), "crm": hook(key="ids.at")}
    async with gateway_on(list(sources.values()), sources=sources_with(webhooks, {"order": 60})) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        answers = [
            await tell(gateway, "orders", body, **{"x-signature": "", "x-shop-signature": signed_in_base64(body)}),
            await tell(gateway, "crm", body, **{"x-signature": f"sha256={signed(body)}"}),
        ]
        await gateway.data(QUERY, {"id": "c1"})
    assert [answer.status_code for answer in answers] == [204, 204]
    assert calls(sources) == {"crm": 2, "orders": 2}


async def test_records_that_are_not_named_stay(sources):
    """The source tells of orders; its customers are kept."""
    both = MemoryConnector("shop", sources["crm"].records | sources["orders"].records)
    async with gateway_on([both], sources=sources_with({"shop": hook(records=["order"])}, KEPT)) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        await tell(gateway, "shop", of("c1"))
        both.calls.clear()
        await gateway.data(QUERY, {"id": "c1"})
    assert [(record, keys) for record, _, keys, _ in both.calls] == [(r.Order, ("c1",))]


async def test_what_is_kept_under_other_keys_of_the_customer_is_asked_for_again(sources):
    """The CRM tells of an id; its answers by e-mail address are found by one lookup of that customer."""
    async with gateway_on(list(sources.values()), sources=sources_with({"crm": hook()}, KEPT, "orders")) as gateway:
        for email in ("ana@example.com", "ana.work@example.org", "li@example.com"):
            await gateway.data(BY_EMAIL, {"email": email})
        assert calls(sources)["crm"] == 3
        answer = await tell(gateway, "crm", of("c1"))
        assert (answer.status_code, calls(sources)["crm"]) == (204, 4)
        for email in ("ana@example.com", "ana.work@example.org", "li@example.com"):
            await gateway.data(BY_EMAIL, {"email": email})
    assert [keys for _, _, keys, _ in sources["crm"].calls[4:]] == [("ana@example.com",), ("ana.work@example.org",)]


async def test_a_change_by_another_key_is_normalised(sources):
    """The support desk names an e-mail address in capitals; its tickets are kept under it, and no customer is looked for."""
    support = shop.support()
    words = sources_with({"support": hook(key="requester", by="email")}, {"ticket": 60}, "crm")
    query = """{ customer(by: {id: "c1"}) { tickets(first: 5) { nodes { id } } } }"""
    async with gateway_on([sources["crm"], support], sources=words) as gateway:
        await gateway.data(query)
        answer = await tell(gateway, "support", {"requester": " ANA@Example.com "})
        assert (answer.status_code, len(sources["crm"].calls)) == (204, 1)
        await gateway.data(query)
    assert [keys for _, _, keys, _ in support.calls] == [("ana@example.com", "ana.work@example.org"), ("ana@example.com",)]


async def test_an_answer_on_its_way_is_not_kept(sources, words):
    """It may be of before the change: who waits for it has it, who asks afterwards waits for a new one."""
    orders = sources["orders"]
    async with gateway_on(list(sources.values()), **words) as gateway:
        orders.hang = asyncio.Event()
        first = asyncio.ensure_future(gateway.data(QUERY, {"id": "c1"}))
        while not orders.calls:
            await asyncio.sleep(0)
        assert (await tell(gateway, "orders", of("c1"))).status_code == 204
        second = asyncio.ensure_future(gateway.data(QUERY, {"id": "c1"}))
        while len(orders.calls) < 2:
            await asyncio.sleep(0)
        orders.hang.set()
        assert await first == await second
        await gateway.data(QUERY, {"id": "c1"})
    assert len(orders.calls) == 2


async def test_what_was_kept_still_stands_in_for_a_failure(sources):
    """The source tells of a change and goes down: the old answer is given, stale, for as long as the settings say."""
    clock = SteppedClock()
    words = sources_with({"orders": hook()}, {"order": 60}, "crm", stale_s={"order": 100})
    async with gateway_on(list(sources.values()), with_clock=clock, sources=words) as gateway:
        data = await gateway.data(QUERY, {"id": "c1"})
        await tell(gateway, "orders", of("c1"))
        sources["orders"].failure = SourceUnavailableError()
        clock.passed_s = 99
        assert await gateway.data(QUERY, {"id": "c1"}) == data
        clock.passed_s = 101
        gone = await gateway.ask(QUERY, {"id": "c1"})
    assert gone["data"]["customer"]["orders"] is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"ada@example.com", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b'{"customer": "ada@example.com"}', "the body has no `customer.id`"),
        (b'{"customer": {"id": ["c1", null]}}', "`customer.id` of the body is neither text nor a whole number"),
        (b'{"customer": {"id": "  "}}', "the customer id is empty"),
        (b'{"customer": {"id": "' + b"9" * 400 + b'"}}', "the customer id is longer than 320 characters"),
    ],
)
async def test_a_body_that_cannot_be_read_is_named(sources, words, body, message):
    """400; neither the answer nor the log has anything of it."""
    async with gateway_on(list(sources.values()), **words) as gateway:
        with capture_logs() as logs:
            answer = await tell(gateway, "orders", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_KEY" if "customer id" in message else "WEBHOOK_BODY")
    assert answer.json()["message"] == message
    assert [line["event"] for line in logs] == ["webhook_refused"]
    assert "ada@example" not in f"{answer.text}{logs}"


async def test_one_bad_key_does_not_cost_the_others(sources, words):
    """It is answered 400, and the good one is stale all the same."""
    async with gateway_on(list(sources.values()), **words) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        answer = await tell(gateway, "orders", [of(" "), of("c1")])
        await gateway.data(QUERY, {"id": "c1"})
    assert answer.status_code == 400
    assert calls(sources) == {"crm": 1, "orders": 2}


async def test_what_is_too_large_is_not_read(sources, words):
    """A body of more than a megabyte, and one of more than a thousand changes."""
    async with gateway_on(list(sources.values()), **words) as gateway:
        answers = [
            await tell(gateway, "orders", b" " * (MAX_BODY_BYTES + 1)),
            await tell(gateway, "orders", [of(f"c{n}") for n in range(MAX_CHANGES + 1)]),
            await tell(gateway, "orders", [of(f"c{n}") for n in range(MAX_CHANGES)]),
        ]
    assert [answer.status_code for answer in answers] == [413, 413, 204]
    assert [answer.json()["message"] for answer in answers[:2]] == [
        "the body is larger than 1048576 bytes",
        "the body tells of more than 1000 changes",
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/webhooks/nobody", 404),
        ("POST", "/webhooks/crm", 404),
        ("POST", "/webhooks/", 404),
        ("POST", "/webhooks/orders/more", 404),
        ("GET", "/webhooks/orders", 405),
        ("HEAD", "/webhooks/orders", 405),
        ("PUT", "/webhooks/nobody", 405),
    ],
)
async def test_there_is_nothing_else(sources, words, method, path, status):
    """A source that is not there answers as one without a webhook; other methods are refused. The log is silent."""
    async with gateway_on(list(sources.values()), **words) as gateway:
        with capture_logs() as logs:
            answer = await gateway.client.request(method, path, content=b"{}", headers={"x-signature": signed(b"{}")})
    assert answer.status_code == status
    assert logs == []
    if path in ("/webhooks/nobody", "/webhooks/crm") and status == 404:
        assert {name: answer.json()[name] for name in ("code", "message")} == {
            "code": "WEBHOOK_NOT_FOUND",
            "message": "there is no such webhook",
        }


async def test_a_source_that_cannot_be_asked_is_told_again_later(sources):
    """The CRM is down, so the e-mail addresses of the customer are not known: 503, and nothing of the key is logged."""
    async with gateway_on(list(sources.values()), sources=sources_with({"crm": hook()}, KEPT, "orders")) as gateway:
        sources["crm"].failure = SourceUnavailableError()
        with capture_logs() as logs:
            answer = await tell(gateway, "crm", of("c1"))
        sources["crm"].failure = None
        again = await tell(gateway, "crm", of("c1"))
    assert (answer.status_code, answer.json()["code"], again.status_code) == (503, "SOURCE_UNAVAILABLE", 204)
    assert [line for line in logs if line["event"] == "webhook_not_applied"] == [
        {
            "event": "webhook_not_applied",
            "log_level": "warning",
            "source": "crm",
            "code": "SOURCE_UNAVAILABLE",
            "request_id": answer.json()["requestId"],
        }
    ]
    assert "'c1'" not in str(logs)


class Telling(MemoryConnector):
    """A kind with a webhook of its own, which is signed by its path."""

    def changes(self, request, now):
        assert (request.method, request.path) == ("POST", "/webhooks/orders?v=2")
        if request.headers["x-kind"] != "orders":
            raise ValueError(request.body.decode())
        return [Change(r.Order, KeyKind.CUSTOMER_ID, request.body.decode())]


async def test_a_connector_has_a_webhook_of_its_own(sources):
    """It gives the changes; a mistake in it is 500, and says nothing of the body."""
    sources["orders"] = Telling("orders", sources["orders"].records)
    words = {"sources": sources_with({}, {"order": 60}, "crm", "orders")}
    async with gateway_on(list(sources.values()), **words) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        answer = await tell(gateway, "orders?v=2", b"c1", **{"x-kind": "orders"})
        with capture_logs() as logs:
            failed = await tell(gateway, "orders?v=2", b"ada@example.com", **{"x-kind": "others"})
        await gateway.data(QUERY, {"id": "c1"})
    assert (answer.status_code, failed.status_code, failed.json()["code"]) == (204, 500, "INTERNAL")
    assert calls(sources) == {"crm": 2, "orders": 2}
    assert [(line["event"], line["error"]) for line in logs] == [("webhook_failed", "ValueError")]
    assert "ada@example" not in f"{failed.text}{logs}"


async def test_the_settings_come_before_the_connector(sources):
    """A source whose settings have a webhook is told of as they say."""
    sources["orders"] = Telling("orders", sources["orders"].records)
    words = {"sources": sources_with({"orders": hook()}, {"order": 60}, "crm")}
    async with gateway_on(list(sources.values()), **words) as gateway:
        assert (await tell(gateway, "orders", of("c1"))).status_code == 204


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"secret": ""}, "webhook.secret"),
        ({"by": "text"}, "a change is told by a key that finds one customer, so not by text"),
        ({"key": "a..b"}, "webhook.key"),
        ({"records": ["invoice"]}, "'invoice' is no record; known: customer, order, ticket, event"),
        ({"header": "x signature"}, "webhook.header"),
        ({"encoding": "rot13"}, "webhook.encoding"),
    ],
)
def test_settings_that_are_wrong_are_named(sources, wrong, message):
    """The setting, never the secret."""
    with pytest.raises(Exception, match=message) as caught:
        settings_for(list(sources.values()), sources=sources_with({"orders": hook(**wrong)}, None, "crm"))
    assert SECRET not in str(caught.value)


def test_the_secret_is_not_shown(sources, words):
    """Neither by the settings' repr nor by their JSON."""
    settings = settings_for(list(sources.values()), **words)
    assert settings.sources["orders"].webhook.secret.get_secret_value() == SECRET
    assert SECRET not in f"{settings!r}{settings.model_dump_json()}"


async def test_a_webhook_comes_over_a_socket(sources, words):
    """As the vendor sends it, one after the other on a connection, between questions."""
    settings = settings_for(list(sources.values()), **words)
    async with served(settings, connectors=list(sources.values())) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        answers = [await tell(gateway, "orders", of("c1")), await tell(gateway, "orders", b" " * (MAX_BODY_BYTES + 1))]
        await gateway.data(QUERY, {"id": "c1"})
    assert [answer.status_code for answer in answers] == [204, 413]
    assert calls(sources) == {"crm": 1, "orders": 2}
