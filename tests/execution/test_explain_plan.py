"""What a plan says about itself."""

from collections.abc import Sequence

from connectors.records import RECORDS
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.explain import explained_plan
from gateway.services import Services
from tests.support import shop
from tests.support.gateway_server import settings_for


def tree(query: str, variables: str = "{}", services: Services | None = None) -> list[str]:
    """The lines of the tree, without the code."""
    lines = explained_plan(query, variables, services)
    return lines[: lines.index("")]


FURTHER = [f"    {f'(of {name})':17}  id" for name in list(RECORDS)[4:]]
"""A line for each type of record but customers, orders, tickets and events."""


def services_of(connectors: Sequence[MemoryConnector]) -> Services:
    return create_services(settings_for(connectors), connectors=connectors)


def test_records_by_id_say_what_is_asked_of_each_type():
    """A field of one type has a line; `node` has one for each type that it may give."""
    assert tree('{ order(id: "orders:1") { status } node(id: "crm:c1") { id ... on Ticket { subject } } }') == [
        "query",
        "  order                resolved; finds records by their ids",
        "    (of each)          status id",
        "  node                 resolved; finds records by their ids",
        "    (of customer)      id",
        "    (of order)         id",
        "    (of ticket)        id subject",
        "    (of event)         id",
        *FURTHER,
        "    id                 projected",
        "    id                 projected",
    ]


def test_aliases_lists_and_searches():
    """An alias stands before the field's name; objects in lists stand below what holds them, in the words of their fields."""
    query = (
        'query Search { searchCustomers(text: "ana li") { totalCount nodes { who: name '
        "events { nodes { page } } tags { key } } } }"
    )
    assert tree(query) == [
        "query Search",
        "  searchCustomers  resolved; finds customers",
        "    (of each)      name id",
        "    (and)          the keys that find event records",
        "    (and)          the keys that find the records that facts of tags measure",
        "    totalCount     projected",
        "    nodes          here; its objects are completed",
        "      who: name    projected",
        "      events       list of event records, asked for once the customer is known",
        "        (of each)  page",
        "      tags         resolved, over the records that facts of tags measure",
    ]


def test_what_is_asked_ahead_depends_on_the_arguments():
    """Orders are asked for ahead of a customer whose id is named; an e-mail address has to find the customer first."""
    query = 'query ($by: CustomerKey = {id: "c2"}) { customer(by: $by) { orders { nodes { id } } } }'
    said = "list of order records, asked for"
    assert f"{said} ahead where customer ids find them" in tree(query, '{"by": {"id": "c1"}}')[4]
    assert f"{said} once the customer is known" in tree(query, '{"by": {"email": "ana@example.com"}}')[4]
    assert f"{said} once the customer is known" in tree(query, '{"by": null}')[4]


def test_sources_are_named_where_they_are_known():
    """Each source of a list with the kind of key, and whether that is known ahead; or that there is none."""
    query = (
        '{ node(id: "c1") { id ... on Customer { orders { totalCount } tickets { nodes { id } } events { unavailable } } } }'
    )
    assert tree(query, services=services_of([shop.crm(), shop.orders(), shop.support()])) == [
        "query",
        "  node                 resolved; finds records by their ids",
        "    (of customer)      id",
        "    (and)              the keys that find order, ticket, event records",
        "    (of order)         id",
        "    (of ticket)        id",
        "    (of event)         id",
        *FURTHER,
        "    id                 projected",
        "    orders             list of order records",
        "      (of each)        nothing",
        "      (and)            how many there are",
        "      (from)           orders by customer_id, ahead",
        "    tickets            list of ticket records",
        "      (of each)        id",
        "      (from)           support by email, once the customer is known",
        "    events             list of event records",
        "      (of each)        nothing",
        "      (from)           no source has them",
        "    id                 projected",
    ]


def test_a_query_that_asks_no_source():
    """Fields of the gateway's own are resolved or projected, and nothing else is said of them."""
    assert tree("{ sources { name } __typename }") == ["query", "  sources     resolved", "  __typename  projected"]
