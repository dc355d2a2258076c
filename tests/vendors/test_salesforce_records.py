"""Cases and customers of Salesforce by keys of records and of accounts, and the listing of all customers."""

import pytest

from connectors.contract import KeyKind
from connectors.errors import ListingCursorError
from connectors.records import Customer, Ticket
from connectors.toolkit.listing_cursor import encode_cursor
from connectors.vendors.salesforce import Salesforce
from tests.support.listing_pages import read_page, read_pages
from tests.vendors.api import gateway_to, ids_of, opened
from tests.vendors.salesforce import (
    ACME,
    ANN,
    BATCH,
    BOB,
    CROWD,
    LOG_IN,
    PIA,
    QUERY,
    QUOTE,
    SETTINGS,
    SOLO,
    SalesforceApi,
    id_of,
    org,
    org_of_persons,
)

pytestmark = pytest.mark.vendors

PARCEL, COLOUR, FORM = (id_of("500", number) for number in (1, 3, 6))


@pytest.fixture
def api():
    return SalesforceApi(org())


@pytest.fixture
async def crm(api):
    async with opened(Salesforce, api, "crm", **SETTINGS) as connector:
        yield connector


async def test_a_case_is_found_by_its_id_or_number_and_finds_its_customer(api):
    """The contact of the case, or else whoever has the address that was written into a form."""
    async with gateway_to(Salesforce, api, "crm", **SETTINGS) as gateway:
        data = await gateway.data(
            f"""{{ ticket(id: "crm:{PARCEL}") {{ id number subject }} gone: ticket(id: "crm:{id_of("500", 99)}") {{ id }}
                customer(by: {{ticketNumber: "00000003"}}) {{ id name }}
                form: customer(by: {{ticketNumber: "00000006"}}) {{ id }}
                none: customer(by: {{ticketNumber: "3"}}) {{ id }} }}"""
        )
    assert data == {
        "ticket": {"id": f"crm:{PARCEL}", "number": "00000001", "subject": "Parcel lost"},
        "gone": None,
        "customer": {"id": f"crm:{ANN}", "name": "Ann Archer"},
        "form": {"id": f"crm:{BOB}"},
        "none": None,
    }


async def test_an_account_has_the_cases_of_nobody_else(api):
    """A case without a contact is the account's."""
    api.objects["Case"][0] |= {"Contact": None, "ContactId": None}
    async with gateway_to(Salesforce, api, "crm", **SETTINGS) as gateway:
        assert await gateway.data('{ customer(by: {ticketNumber: "00000001"}) { id } }') == {"customer": {"id": f"crm:{ACME}"}}


async def test_a_hundred_cases_are_one_question(api, crm):
    """By id and by number; what no id can be is not sent, and only what is selected is read."""
    ids = [id_of("500", number) for number in range(1000, 1098)]
    assert await ids_of(crm, Ticket, KeyKind.TICKET_ID, [*ids, PARCEL[:15], "1 OR 1"]) == {
        **{id_: [id_] for id_ in ids},
        PARCEL[:15]: [PARCEL],
    }
    numbers = [f"{number:08}" for number in (3, 6, 99)]
    assert await ids_of(crm, Ticket, KeyKind.TICKET_NUMBER, numbers, "customer_id", "customer_email") == {
        "00000003": [COLOUR],
        "00000006": [FORM],
    }
    assert len(api.queries) == 2
    assert api.queries[1] == (
        "SELECT AccountId, Contact.Email, ContactId, SuppliedEmail, Id, CaseNumber FROM Case"
        " WHERE (CaseNumber IN ('00000003', '00000006', '00000099')) ORDER BY CreatedDate DESC, Id DESC"
    )


async def test_an_account_number_finds_the_contacts_of_the_company(api, crm):
    """In any case of letters, in one call. The company itself is an account, and none of its members."""
    keys = ["AC-77", "SO-1", "AC-0"]
    assert await ids_of(crm, Customer, KeyKind.ACCOUNT, keys) == {"AC-77": [ANN], "SO-1": [], "AC-0": []}
    assert api.requests == [LOG_IN, BATCH]


async def test_customers_come_and_go_while_they_are_listed(api, crm):
    """Contacts and then accounts, by their ids: who stays is listed once, by one call a page."""
    assert (first := await read_page(crm, None, 2))[0] == [ANN, BOB]
    api.objects["Contact"] = [row for row in api.objects["Contact"] if row["Id"] != BOB]
    assert (second := await read_page(crm, first[1], 2))[0] == [CROWD, QUOTE]
    assert (third := await read_page(crm, second[1], 2))[0] == []
    assert (fourth := await read_page(crm, third[1], 2))[0] == [ACME, SOLO]
    assert await read_page(crm, fourth[1], 2) == ([], None)
    assert await read_page(crm, third[1], 9) == ([ACME, SOLO], None)
    assert api.requests == [LOG_IN, *[QUERY] * 6]
    assert api.queries[1] == f"SELECT Id FROM Contact WHERE Id > '{BOB}' ORDER BY Id LIMIT 2"


async def test_persons_are_listed_as_contacts():
    """Their accounts are no customers beside them."""
    api = SalesforceApi(org_of_persons())
    async with opened(Salesforce, api, "crm", **SETTINGS, person_accounts=True) as crm:
        assert await read_pages(crm, 9) == [[ANN, BOB, CROWD, QUOTE, PIA], [ACME, SOLO]]


@pytest.mark.parametrize("place", ["Case:", "Contact:003", "Contact:' OR Id != '", f"Lead:{ANN}"])
async def test_a_place_that_is_none_is_refused(api, crm, place):
    """No text of a cursor reaches a question."""
    with pytest.raises(ListingCursorError):
        await read_page(crm, encode_cursor("salesforce", place), 2)
    assert api.queries == []
