"""What the page claims: none, all, the beginning and "asked now" are said only where they are so."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.browser import CHROMIUM
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import PLAINLY
from tests.support.page_shop import CUSTOMER, DONE, Pages, page_sources, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

TICKETS = (r.Ticket, KeyKind.EMAIL)
ORDERS = (r.Order, KeyKind.CUSTOMER_ID)
EVENTS = (r.Event, KeyKind.DEVICE_ID)


class Broken(MemoryConnector):
    """Gives one record for each key, which has no id."""

    async def _fetch(self, record: Any, by: Any, keys: Any, ask: Any) -> Any:
        return dict.fromkeys(keys, b'[{"placedAt": "2026-06-03T12:00:00Z", "createdAt": "2026-06-03T12:00:00Z"}]')


def customer_with(sources: dict[str, MemoryConnector], **words: Any) -> None:
    """Give Ana other words in all that the CRM holds."""
    ana = msgspec.structs.replace(shop.ANA, **words)
    for held in sources["crm"].records.values():
        for key, records in [*held.items()]:
            held[key] = [ana if record.id == "c1" else record for record in records]


async def cut_network(pages: Pages, *, offline: bool) -> None:
    await pages.page.call("Network.enable")
    await pages.page.call(
        "Network.emulateNetworkConditions", offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1
    )


async def test_what_cannot_be_read_is_not_none():
    """The only ticket and the only order have no id: it is not said that there are none."""
    sources = page_sources()
    for name, (record, by) in {"support": TICKETS, "orders": ORDERS}.items():
        sources[name] = Broken(name, {(record, by): {}})
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        states = await pages.states()
        assert (states["tickets"], states["last-order"]) == (["incomplete"], ["incomplete"])
        assert "There may be more" in await pages.text(".box-tickets")


async def test_a_ticket_of_a_state_that_nobody_mapped_is_shown():
    """It may be open, so it stands among the open ones, and says that its state is not known."""
    sources = page_sources()
    ticket = msgspec.structs.replace(shop.TICKETS["ana@example.com"][0], status=r.TicketStatus.UNKNOWN)
    sources["support"].records[TICKETS] = {"ana@example.com": [ticket]}
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        assert "Where is it?" in await pages.text(".box-tickets")
        assert "state not known" in await pages.text(".box-tickets")


async def test_more_open_tickets_than_are_shown_are_counted():
    """Of twelve ten are given, which is said beside them."""
    sources = page_sources()
    first = shop.TICKETS["ana@example.com"][0]
    many = [msgspec.structs.replace(first, id=f"m{number}", number=f"M-{number}") for number in range(12)]
    sources["support"].records[TICKETS] = {"ana@example.com": many}
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        assert "The newest 10 of 12." in await pages.text(".box-tickets")


async def test_none_of_a_kept_answer_was_not_asked_now():
    """The sentence has the time of the answer."""
    sources = page_sources()
    async with shown_shop(sources, called={**PLAINLY, "stale_s": {"ticket": 3600, "order": 3600}}) as pages:
        await pages.open("/c/crm:c2")
        sources["support"].failure = SourceUnavailableError()
        await pages.open("/c/crm:c2")
        said = await pages.text(".box-tickets")
        assert "asked now" not in said
        assert "No open tickets in support, as of " in said


async def test_a_filtered_timeline_names_whom_it_asked():
    """Of one kind there is nothing; that is said of its sources alone."""
    async with shown_shop() as pages:
        await pages.open("/c/crm:c2#only=SUBSCRIPTION", f"{DONE} && document.querySelector('.box-timeline .none')")
        assert await pages.text(".box-timeline .none") == "Nothing in sales, asked now."


async def test_a_timeline_that_cannot_go_on_says_so():
    """Neither a page that was refused nor one without a source is where it begins."""
    sources = page_sources()
    event = shop.EVENTS["d1"][0]
    many = [msgspec.structs.replace(event, id=f"x{number}", at=shop.at(1 + number % 28)) for number in range(60)]
    sources["behaviour"].records[EVENTS] = {"d1": many}
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        await cut_network(pages, offline=True)
        await pages.page.evaluate("document.querySelector('.box-timeline .more').click()")
        assert await pages.text(".box-timeline [role=alert]") == "The gateway cannot be reached."
        await cut_network(pages, offline=False)
        sources["support"].failure = SourceUnavailableError()
        await pages.page.evaluate("document.querySelector('.box-timeline .more').click()")
        await pages.until("document.querySelector('.box-timeline .unavailable')")
        assert "Without support, which could not be asked." in await pages.text(".box-timeline .unavailable")
        assert not await pages.page.evaluate("!!document.querySelector('.box-timeline .end')")


async def test_why_a_tag_is_so_is_not_unknown_when_it_cannot_be_asked():
    """What opens under the tag says that the gateway is away."""
    async with shown_shop() as pages:
        await pages.open(CUSTOMER)
        await cut_network(pages, offline=True)
        await pages.page.evaluate("document.querySelector('.tag').click()")
        assert await pages.text(".tag-group [role=alert]") == "The gateway cannot be reached."


async def test_all_consents_can_be_seen():
    """The fifth, a refusal, is counted and can be opened."""
    sources = page_sources()
    states = ["GRANTED"] * 4 + ["DENIED"]
    consents = [r.Consent(purpose=f"p{place}", state=r.ConsentState(state)) for place, state in enumerate(states)]
    customer_with(sources, consents=consents)
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        assert "p4" not in await pages.text(".consents")
        assert await pages.text(".consents button") == "1 more"
        await pages.page.click(".consents button")
        await pages.until("document.querySelector('.consents').innerText.includes('p4: no')")


async def test_what_is_masked_cannot_be_called(tmp_path: Path):
    """Neither a button nor a link leads to a number or an address of which little is left."""
    classes = ("identifying", "personal", "commercial", "behavioural", "free_text")
    callers: dict[str, Any] = {"desk": {"sees": {**dict.fromkeys(classes, "shown"), "contact": "masked"}}}
    keys, access = await keys_in(tmp_path, callers)
    async with shown_shop(access=access, callers=callers, pages={"secret": "s" * 32}) as pages:
        await pages.page.call("Network.enable")
        await pages.page.call("Network.setExtraHTTPHeaders", headers={"authorization": f"Bearer {keys['desk']}"})
        await pages.open(CUSTOMER)
        assert "a***@example.com" in await pages.text(".box-contacts")
        links = '[...document.querySelectorAll(\'a.call, a[href^="tel:"], a[href^="mailto:"]\')].length'
        assert await pages.page.evaluate(links) == 0


async def test_a_source_without_a_key_was_not_asked():
    """The customer has no address by which tickets are found: it is not said that there are none."""
    sources = page_sources()
    customer_with(sources, email=None, contact_points=[])
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        said = "Not looked for: no source finds these by what is known of the customer."
        assert said in await pages.text(".box-tickets")
        assert (await pages.states())["tickets"] == ["not-asked"]


async def test_a_shop_without_tickets_says_that_none_has_them():
    """No source of tickets is configured, which is no silence of a source."""
    sources = page_sources()
    del sources["support"]
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        assert await pages.text(".box-tickets .none") == "No source has these."
