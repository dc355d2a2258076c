"""Documents, tokens, numbers, values and headers of which malformed requests are made."""

from typing import Any

DOCUMENTS = (
    """query Card($by: CustomerKey!) { customer(by: $by) { id name tags(keys: ["lifecycle_stage"]) { key value }
    orders(first: 3) { totalCount nodes { id status total { amount currency } items { name quantity } } } } }""",
    """query Page($ids: [ID!]!, $first: Int = 2) { customers(ids: $ids) { id ...More } } fragment More on Customer {
    contactPoints { kind value } orders(first: $first) { nodes { id placedAt } pageInfo { hasNextPage endCursor } } }""",
    """{ a: customer(by: {email: "a@example.com"}) { id }
    b: node(id: "Customer:crm:c00001") { __typename ... on Customer { name } } }""",
    """query Timeline($last: Int, $with: Boolean!) { customer(by: {id: "c00002"}) {
    timeline(first: $last) @include(if: $with) { nodes { __typename ... on Order { id } ... on Ticket { id subject } } } } }""",
    "query Schema { __schema { queryType { name fields { name args { name type { kind name } } } } } }",
    "mutation Link { __typename }",
)
VARIABLES: tuple[Any, ...] = (
    {"by": {"id": "c00001"}},
    {"ids": ["c00001", "c00002"], "first": 2},
    {"last": 3, "with": True},
)
TOKENS = (
    *("{", "}", "(", ")", "[", "]", ":", "=", "!", "|", "&", "@", "$", "...", ",", "#", '"', '"""'),
    *(
        "query",
        "mutation",
        "subscription",
        "fragment",
        "on",
        "true",
        "false",
        "null",
        "customer",
        "id",
        "orders",
        "first",
        "by",
    ),
    *('"x"', '"""a"""', "1", "-0", "1e999", "0.5", "9" * 400, "\u00e9", "\u202e", "\ufeff", "\0", "\U0001f600", "\ud800"),
    *("\\u{110000}", '"\\u12"', "__typename", "first", "by"),
)
PLACES = (
    ("CustomerKey!", "customer(by: $a) { id name orders { totalCount } }"),
    ("[CustomerKey!]", "customers(by: $a) { id }"),
    ("[ID!]", "customers(ids: $a) { id }"),
    ("ID!", "node(id: $a) { id ... on Order { status } }"),
    ("ID!", "order(id: $a) { id }"),
    ("ID!", "ticket(id: $a) { id }"),
    ("ID!", "account(id: $a) { id }"),
    ("String!", "searchCustomers(text: $a) { nodes { id } }"),
    ("String!", 'searchCustomers(text: "an", after: $a) { nodes { id } }'),
    (
        "String!",
        'customer(by: {id: "c00001"}) { orders(after: $a) { nodes { id } } timeline(after: $a) { nodes { __typename } } }',
    ),
    ("Int!", 'customer(by: {id: "c00001"}) { orders(first: $a) { nodes { id } pageInfo { endCursor } } }'),
    ("OrderFilter", 'customer(by: {id: "c00001"}) { orders(filter: $a) { nodes { id } } }'),
    ("[String!]", 'customer(by: {id: "c00001"}) { tags(keys: $a) { key value } }'),
    ("DateTime!", 'identityAsOf(id: "c00001", at: $a) { __typename }'),
    ("Boolean!", "__typename @skip(if: $a)"),
)
"""Where a variable goes, and the type that it has there."""
WORDS = (
    *(
        "c00001",
        "crm:c00001",
        ":",
        "::",
        "Customer:crm:c00001",
        "crm:",
        "nobody:1",
        "%",
        "'",
        "' OR 1=1 --",
        "\\",
        "\0",
        "\ud800",
        "\u202e",
    ),
    *(
        "a@example.com",
        "@",
        "a@\0.com",
        "+44 20 7946 0000",
        "+" + "9" * 30,
        "\u0663" * 12,
        "9" * 5_000,
        "2026-02-30",
        "0000-01-01T00:00:00Z",
    ),
    *(
        "9999-12-31T23:59:59.999999999+23:59",
        "eyJhIjoxfQ==",
        "AAAA",
        "=" * 4_001,
        "x" * 4_001,
        "\U0001f600" * 50,
        " ",
        "\n",
        "NaN",
    ),
)
"""Texts that ids, keys, cursors, times and searches may be taken for."""
TYPES = ("Int", "ID", "CustomerKey", "[Int!]", "OrderFilter", "EventFilter", "Nothing", "Customer", "Boolean")
ARGUMENTS = ("id", "email", "phone", "externalId", "orderId", "account", "memberNumber", "x")
NUMBERS = (
    "1e400",
    "-1e400",
    "9" * 5_000,
    "-" + "9" * 5_000,
    "1" + "0" * 400 + ".5",
    "0.1" + "1" * 3_000,
    "NaN",
    "Infinity",
    "-0",
    "01",
    "1.",
)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2**31,
        2**63,
        2**70,
        1.5,
        "",
        "x",
        "\0",
        "\u202e",
        "x" * 5_000,
        [],
        [None],
        {},
        {"id": None},
        {"id": 1},
    ),
    *({"id": "a", "email": "b"}, [[[[]]]], {"a": {"b": {"c": {}}}}, ["x"] * 1_500, "2026-02-30", "1" * 400, "\ud800"),
)
MEDIA = (
    *("text/plain", "application/graphql", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", ";;;"),
    *(
        "application/json; charset=utf-16",
        "application/json; charset",
        "application/json, text/html",
        "APPLICATION/JSON",
        "\xe4",
    ),
)
HEADERS = (
    *(
        ("accept", value)
        for value in ("text/html", "*/*;q=0", ",,,,", "x" * 5_000, "application/*;q=2", "\xff", "application/json;q=x")
    ),
    *(("x-deadline-ms", value) for value in ("0", "-1", "1e3", "9" * 40, "", "\xb2")),
    *(
        ("authorization", value)
        for value in ("", "Bearer", "Basic eDp5", "Bearer " + "x" * 9_000, "Bearer \xff", "Bearer a.b.c", "bearer  ,")
    ),
    *(("accept-encoding", value) for value in ("gzip;q=x", "*;q=0", "gzip" + ",gzip" * 900, "\xff", "identity;q=0")),
    *(("origin", value) for value in ("null", "https://evil.example", "\xff", "", "http://127.0.0.1")),
    *(("sec-fetch-site", value) for value in ("cross-site", "same-site", "", "\xff")),
    *(("x-purpose", value) for value in ("", "newsletter", "\xff" * 50, "a,b")),
    *(("content-encoding", value) for value in ("gzip", "br", "", "\xff")),
    *(("traceparent", value) for value in ("00-0-0-0", "\xff", "00-" + "f" * 32 + "-" + "f" * 16 + "-01")),
    *(("x-request-id", value) for value in ("<script>", "a" * 70, "\xff", "../../etc/passwd")),
    *(
        ("cookie", "a=" + "b" * 3_000),
        ("expect", "x"),
        ("x-forwarded-for", "::1, \xff"),
        ("range", "bytes=0-1"),
        ("te", "trailers"),
    ),
)
