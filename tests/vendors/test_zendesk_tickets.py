"""How far Zendesk's tickets are read, what an account's own words mean, who is deleted; and tokens that end."""

from datetime import UTC, datetime

import msgspec
import pytest

from connectors.contract import Ask, KeyKind, Position
from connectors.errors import SourceAuthError
from connectors.record_fields import Fields, narrow
from connectors.records import Customer, Ticket
from connectors.toolkit.evaluation import as_time
from connectors.vendors.zendesk import Zendesk
from gateway.lookups.source_call import validate_records
from tests.vendors.api import expect_refused_settings, failure_of, gateway_to, ids_of, lookup_of, opened
from tests.vendors.zendesk import AGENT, COMMENTS, MANY, TOKEN, ZendeskApi, ticket, user

pytestmark = [pytest.mark.vendors, pytest.mark.cases]

KEYS = {"customer": ["customer_id", "email"], "ticket": ["customer_id", "email"]}
SETTINGS = {"token": TOKEN, "email": AGENT, "keys": KEYS}
CROWDED = 2_001
ROBOT = "42"


@pytest.fixture
def api():
    api = ZendeskApi()
    api.users.append(user(42, "robot@example.com", None))
    api.tickets += [ticket(5000 + n, 42, n // 50) for n in range(CROWDED)]
    return api


def zendesk(api, **settings):
    return opened(Zendesk, api, "support", **(SETTINGS | settings))


async def test_the_first_ticket_of_many_costs_one_call(api):
    """So does the number of all, which comes with it."""
    async with gateway_to(Zendesk, api, "support", **SETTINGS) as gateway:
        data = await gateway.data(
            f'{{ customer(by: {{id: "{ROBOT}"}}) {{ tickets(first: 1) {{ nodes {{ subject }} totalCount }} }} }}'
        )
    assert data["customer"]["tickets"] == {"nodes": [{"subject": "Ticket 7000"}], "totalCount": CROWDED}
    requested = "GET /api/v2/users/42/tickets/requested?sort_by=created_at&sort_order=desc"
    assert [line for line in api.requests if "requested" in line] == [f"{requested}&per_page=2&page=1"]


@pytest.mark.parametrize("oldest_first", [True, False])
async def test_pages_of_any_size_walk_through_all_tickets_once(api, oldest_first):
    """Many have one time; Zendesk gives those in any order."""
    async with zendesk(api) as connector:
        by_id = lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID)
        for first in (7, 90, 100):
            after, seen = None, []
            while True:
                ask = Ask(fields=Fields.from_paths("id", "created_at"), first=first, after=after, oldest_first=oldest_first)
                rows = msgspec.json.decode((await by_id.fetch(["12"], ask))["12"].records)
                seen += [(one["createdAt"], one["id"]) for one in rows]
                if len(rows) < first:
                    break
                after = Position(as_time(rows[-1]["createdAt"]), rows[-1]["id"])
            assert len(seen) == MANY
            assert seen == sorted(set(seen), reverse=not oldest_first)


async def test_a_window_ends_the_reading(api):
    """At the first ticket that is older; the number is that of the window."""
    since, until = datetime(2026, 2, 10, tzinfo=UTC), datetime(2026, 2, 12, tzinfo=UTC)
    async with zendesk(api) as connector:
        by_id = lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID)
        for oldest_first, calls in ((False, 2), (True, 20)):
            api.requests.clear()
            ask = Ask(fields=Fields.from_paths("id"), since=since, until=until, first=5, count=True, oldest_first=oldest_first)
            page = (await by_id.fetch([ROBOT], ask))[ROBOT]
            assert (page.total, page.partial) == (100, False)
            assert len(api.requests) == calls
        api.requests.clear()
        page = (await by_id.fetch([ROBOT], Ask(fields=Fields.from_paths("id"), since=since, first=5)))[ROBOT]
        assert len(api.requests) == 1


async def test_more_pages_than_allowed_are_given_in_part(api):
    """The newest are there, and the answer says that it is not whole."""
    async with zendesk(api, max_pages=2) as connector:
        by_id = lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID)
        page = (await by_id.fetch([ROBOT], Ask(fields=Fields.from_paths("id"), count=True)))[ROBOT]
        assert (len(msgspec.json.decode(page.records)), page.total, page.partial) == (200, CROWDED, True)
        page = (await by_id.fetch([ROBOT], Ask(fields=Fields.from_paths("id"), first=10)))[ROBOT]
        assert (len(msgspec.json.decode(page.records)), page.partial) == (10, False)


async def test_no_more_is_asked_for_than_zendesk_gives(api):
    """It has ten thousand rows by the numbers of pages."""
    api.tickets += [ticket(20_000 + n, 42, 60) for n in range(10_000)]
    async with zendesk(api, max_pages=200) as connector:
        page = (await lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID).fetch([ROBOT], Ask(fields=Fields.from_paths("id"))))[
            ROBOT
        ]
    assert (len(msgspec.json.decode(page.records)), page.partial) == (10_000, True)
    assert len(api.requests) == 100


async def test_a_ticket_that_comes_in_between_two_pages_repeats_none(api):
    """It moves the others one place on."""
    answers = []

    def spoil(answer):
        answers.append(answer)
        if len(answers) == 1:
            api.tickets.append(ticket(9999, 42, 80))
        return answer

    api.spoil = spoil
    async with zendesk(api) as connector:
        found = (await ids_of(connector, Ticket, KeyKind.CUSTOMER_ID, ["42"], since=datetime(2026, 2, 1, tzinfo=UTC)))["42"]
    assert len(found) == len(set(found))


async def test_a_deleted_user_is_nobody_by_any_key(api):
    """Nor are there tickets under the address, which somebody else may have by now."""
    api.users.append(user(16, "gone@example.com", None))
    api.tickets += [ticket(600, 15, 1), ticket(601, 16, 1)]
    async with zendesk(api) as connector:
        assert await ids_of(connector, Customer, KeyKind.EMAIL, ["gone@example.com"]) == {"gone@example.com": ["16"]}
        assert await ids_of(connector, Customer, KeyKind.CUSTOMER_ID, ["15"]) == {}
        assert await ids_of(connector, Ticket, KeyKind.EMAIL, ["gone@example.com"]) == {"gone@example.com": ["601"]}


INTEGRATION = {
    "channel": "any_channel",
    "source": {"from": {"registered_integration_service_name": "App Store", "integration_service_instance_name": "Acme app"}},
}
WORDS = {
    "status": {"8123": "ON_HOLD", "pending": "OPEN"},
    "channel": {"App Store": "REVIEW", "sample_channel": "CHAT"},
    "priority": {"normal": "LOW"},
    "kind": {"task": "REVIEW"},
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"custom_status_id": 8123, "status": "pending"}, {"status": "ON_HOLD"}),
        ({"custom_status_id": 1, "status": "pending"}, {"status": "OPEN"}),
        ({"custom_status_id": 1, "status": "hold"}, {"status": "ON_HOLD"}),
        ({"via": INTEGRATION}, {"channel": "REVIEW"}),
        ({"via": {"channel": "sample_channel"}}, {"channel": "CHAT"}),
        ({"via": {"channel": "voice"}}, {"channel": "PHONE"}),
        ({"priority": "normal"}, {"priority": "LOW"}),
        ({"type": "task"}, {"kind": "REVIEW"}),
        ({"type": "task", "tags": ["complaint"]}, {"kind": "COMPLAINT"}),
    ],
)
async def test_an_account_may_have_words_of_its_own(api, more, expected):
    """They come before Zendesk's; all that they do not name means what it means everywhere."""
    api.tickets = [ticket(1, 42, 1, **more)]
    async with gateway_to(Zendesk, api, "support", **SETTINGS, values={"ticket": WORDS}) as gateway:
        query = f'{{ customer(by: {{id: "{ROBOT}"}}) {{ tickets {{ nodes {{ {" ".join(expected)} }} }} }} }}'
        assert (await gateway.data(query))["customer"]["tickets"]["nodes"] == [expected]


def test_a_word_means_one_of_ours():
    """Anything else is refused, with what there is."""
    own = SETTINGS | {"base_url": "https://acme.zendesk.com", "values": {"ticket": {"status": {"x": "WAITING"}}}}
    expect_refused_settings(Zendesk, "values.ticket.status: `WAITING` is none of NEW, OPEN", **own)


async def test_a_part_that_cannot_be_read_is_passed_on_in_its_place(api):
    """The ticket is there, and so are the other messages."""
    api.tickets = [ticket(1, 42, 1, via=["web"], satisfaction_rating="fine", custom_fields="none")]
    async with zendesk(api, order_id_field=360) as connector:
        ask = Ask(fields=Fields.from_paths("id", "channel", "satisfaction", "order_id"))
        page = (await lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID).fetch([ROBOT], ask))[ROBOT]
    (found,) = msgspec.json.decode(page.records)
    assert (found["id"], found["channel"], found["satisfaction"], found["orderId"]) == ("1", [["web"]], ["fine"], ["none"])


async def test_a_token_that_ends_is_fetched_again(api):
    """By the first call that finds it so; no caller is told."""
    own = {"keys": KEYS, **api.oauth}
    query = f'{{ customer(by: {{id: "{ROBOT}"}}) {{ name }} }}'
    async with gateway_to(Zendesk, api, "support", **own) as gateway:
        for _ in range(2):
            assert (await gateway.data(query))["customer"]["name"] == "User 42"
            api.expire()
    assert api.requests.count("POST /oauth/tokens") == 2
    assert len(api.requests) == 5
    api.revoke()
    async with opened(Zendesk, api, "support", **own) as connector:
        assert isinstance(await failure_of(lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID), ROBOT), SourceAuthError)
        (problem,) = await connector.check()
        assert problem.startswith("sources.support.client_secret: ")


@pytest.mark.parametrize(
    ("rating", "expected"),
    [
        (None, None),
        ({"score": "unoffered"}, None),
        ({"score": "good_without_comment"}, 5),
        ({"score": "bad"}, 1),
        ({"score": "splendid"}, ["splendid"]),
        ({"score": 4}, [4]),
        ({}, None),
    ],
)
async def test_a_word_of_a_rating_that_is_unknown_is_passed_on(api, rating, expected):
    """For the gateway to leave it out and count it; nothing was said yet where none was given."""
    api.tickets = [ticket(1, 42, 1, satisfaction_rating=rating)]
    async with zendesk(api) as connector:
        ask = Ask(fields=Fields.from_paths("id", "satisfaction"))
        page = (await lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID).fetch(["42"], ask))["42"]
    assert msgspec.json.decode(page.records)[0].get("satisfaction") == expected


async def test_who_wrote_a_comment_is_not_guessed(api):
    """Zendesk itself has an id, too."""
    api.tickets = [ticket(501, 42, 1)]
    own = COMMENTS[501][0]
    authors = [42, "42", -1, 900, None, "somebody"]
    api.spoil = lambda answer: (
        answer | {"comments": [own | {"author_id": author} for author in authors]} if "comments" in answer else answer
    )
    async with zendesk(api) as connector:
        ask = Ask(fields=Fields.from_paths("id", "messages.author", "messages.body"))
        page = (await lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID).fetch(["42"], ask))["42"]
    found = validate_records(page.records, narrow(Ticket, ask.fields))
    assert [one.author for one in found.records[0].messages] == [
        *("CUSTOMER", "CUSTOMER", "SYSTEM", "AGENT", "UNKNOWN", "UNKNOWN"),
    ]
    assert [(one.path, one.reason) for one in found.unreadable] == [("messages.author", "malformed")] * 2


async def test_a_comment_that_does_not_say_whether_it_is_public_is_not_shown(api):
    """It is counted; an internal one is no message at all."""
    api.tickets = [ticket(501, 42, 1)]
    own = COMMENTS[501]
    api.spoil = lambda answer: (
        answer
        | (
            {"comments": [own[0], own[1], own[2] | {"public": "perhaps"}, own[2] | {"public": None}, None]}
            if "comments" in answer
            else {}
        )
    )
    async with zendesk(api) as connector:
        ask = Ask(fields=Fields.from_paths("id", "messages.body"))
        page = (await lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID).fetch(["42"], ask))["42"]
    found = validate_records(page.records, narrow(Ticket, ask.fields))
    assert [one.body for one in found.records[0].messages] == ["It is broken"]
    assert [(one.path, one.reason) for one in found.unreadable] == [("messages", "malformed")] * 3
