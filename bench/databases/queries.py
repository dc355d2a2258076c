"""Four queries over the shop, as each schema says them, for rotating customers.

Q1 is the page of a support console, Q2 a card by e-mail address, Q3 an overview of 50 customers with orders and items,
Q4 figures of the orders of 50 customers without those that were cancelled. All texts of a query ask for the same leaves: see
`bench.databases.answers`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.queries import body

QUERIES = ("Q1", "Q2", "Q3", "Q4")
TAGGED = "Q4-tags"
GROUP = 50
CUSTOMERS, BUSY = 20_000, 4_000
TAGGED_CUSTOMERS = 500
_STRIDE = 7919
"""A prime, so that neighbours in time are no neighbours in the data."""

_GATEWAY = {
    "Q1": """query Q1($id: ID!) { customer(by: {id: $id}) { id name email phone memberNumber
        orders(first: 20) { nodes {
            id status total { amount currency } placedAt items { sku name quantity unitPrice { amount } } } }
        tickets(first: 10) { nodes { id subject status priority createdAt messages { author body at } } }
        events(first: 20) { nodes { type page at } } } }""",
    "Q2": """query Q2($email: String!) { customer(by: {email: $email}) { name address { line postalCode city country } } }""",
    "Q3": """query Q3($ids: [ID!]!) { customers(ids: $ids) { id name email
        orders(first: 5) { nodes { id total { amount } status items { sku quantity } } } } }""",
    "Q4": """query Q4($ids: [ID!]!) { customers(ids: $ids) { id name
        orderStatistics { count total { amount currency } firstAt lastAt } } }""",
}
_GATEWAY[TAGGED] = _GATEWAY["Q4"].replace("{ id name", "{ id name tags { key value }")

_PEERS = {
    "Q1": """query Q1($id: ID!) { customer(id: $id) { id name email phone memberNumber
        orders(first: 20) { id status total currency placedAt items { sku name quantity unitPrice } }
        tickets(first: 10) { id subject status priority createdAt messages { author body at } }
        events(first: 20) { type page at } } }""",
    "Q2": """query Q2($email: String!) { customer: customerByEmail(email: $email) {
        name address { line postalCode city country } } }""",
    "Q3": """query Q3($ids: [ID!]!) { customers(ids: $ids) { id name email
        orders(first: 5) { id total status items { sku quantity } } } }""",
    "Q4": """query Q4($ids: [ID!]!) { customers(ids: $ids) { id name
        orderStatistics { count total currency firstAt lastAt } } }""",
}

_POSTGRAPHILE = {
    "Q1": """query Q1($id: String!) { customer: customerByRowId(rowId: $id) { id: rowId name email phone memberNumber
        orders: ordersByCustomerIdList(first: 20, orderBy: [PLACED_AT_DESC, ROW_ID_DESC]) {
            id: rowId status total currency placedAt items: orderItemsByOrderIdList { sku name quantity unitPrice } }
        tickets: ticketsByCustomerIdList(first: 10, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) {
            id: rowId subject status priority createdAt messages: messagesByTicketIdList { author body at } }
        events: eventsByCustomerIdList(first: 20, orderBy: [AT_DESC, ROW_ID_DESC]) { type page at } } }""",
    "Q2": """query Q2($email: String!) { customer: customerByEmail(email: $email) {
        name line: addressLine postalCode city country } }""",
    "Q3": """query Q3($ids: [String!]!) { customers: customersByIds(ids: $ids) { id: rowId name email
        orders: ordersByCustomerIdList(first: 5, orderBy: [PLACED_AT_DESC, ROW_ID_DESC]) {
            id: rowId total status items: orderItemsByOrderIdList { sku quantity } } } }""",
    "Q4": """query Q4($ids: [String!]!) { customers: customersByIds(ids: $ids) { id: rowId name
        orderStatistics { count total currency firstAt lastAt } } }""",
}


def text_of(server: str, query: str) -> str:
    """The query as the schema of a server says it."""
    return {"gateway": _GATEWAY, "before": _GATEWAY, "postgraphile": _POSTGRAPHILE}.get(server, _PEERS)[query]


def request(text: str, query: str, variables: dict[str, Any]) -> bytes:
    """A request in one line."""
    return body(query.partition("-")[0], text, variables)


def rotate_variables(query: str, customers: int = CUSTOMERS) -> Iterator[dict[str, Any]]:
    """Of the first so many customers: busy ones for Q1, all for Q2, groups of all for Q3 and Q4."""
    if query == "Q1":
        busy = min(BUSY, customers)
        for number in range(busy):
            yield {"id": customer_id(number * _STRIDE % busy + 1)}
    elif query == "Q2":
        for number in range(customers):
            yield {"email": f"customer{number * _STRIDE % customers + 1}@example.com"}
    else:
        groups = customers // GROUP
        for group in range(groups):
            yield {"ids": [customer_id(group + place * groups + 1) for place in range(GROUP)]}


def customer_id(number: int) -> str:
    return f"c{number:05d}"


def write_requests(path: Path, text: str, query: str, customers: int = CUSTOMERS) -> Path:
    """A file with a request in each line, as `bench/load.lua` reads them."""
    lines = [request(text, query, variables) + b"\n" for variables in rotate_variables(query, customers)]
    path.write_bytes(b"".join(lines))
    return path
