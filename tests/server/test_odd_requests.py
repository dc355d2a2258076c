"""Odd documents and bodies: whatever is sent, the answer is JSON with a code, and says nothing of the inside."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.support import shop
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.http_view import JSON, RESPONSE_JSON
from tests.support.odd_requests import BODIES, DOCUMENTS

INTERNAL = re.compile(
    r"\b(None|True|False|sys\.|Traceback|object at 0x|\w+(Error|Exception)\b(?<!Syntax Error)|\.py\b|lambda)|/\w+/\w+\."
)
"""Words of Python, names of exceptions, paths of files."""

CODES = {
    *("BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "INVALID_ARGUMENT", "INVALID_KEY"),
    *("QUERY_TOO_EXPENSIVE", "OPERATION_NOT_FOUND", "OPERATION_RESOLUTION_FAILURE"),
}
MAX_URL = 65_000
"""More is refused by the client."""

NORMAL = "query ($id: ID!) { customer(by: {id: $id}) { name orders(first: 1) { nodes { id } } } }"

pytestmark = pytest.mark.cases


def checked(answer: httpx2.Response, accept: str, sent: str) -> None:
    """The answer is of the media type, its errors have codes of the caller's, and no message is long or of the inside."""
    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    body = answer.json()
    errors = body.get("errors", [])
    assert "data" in body or errors
    refused = 405 if "by GET only queries are run" in answer.text else 400
    assert (accept == JSON or answer.status_code == refused) if "data" not in body else answer.status_code == 200
    assert {error["extensions"]["code"] for error in errors} <= CODES
    assert len(errors) <= 50
    for error in errors:
        assert len(error["message"]) <= 1_000
        # What the caller wrote may be quoted.
        message = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "", error["message"])
        assert not INTERNAL.search(message), message
    assert len(answer.content) <= 20 * len(sent) + 60_000


async def still_right(gateway: Gateway) -> None:
    """A normal query is answered as ever."""
    assert await gateway.data(NORMAL, {"id": "c1"}) == {
        "customer": {"name": "Ana Souza", "orders": {"nodes": [{"id": "orders:oc15"}]}}
    }


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_document_is_a_failure_of_the_server(method: str, accept: str):
    """Every document is answered or refused as the caller's, twice the same, by both methods; normal ones stay right."""
    assert len(DOCUMENTS) > 150
    async with gateway_on(list(shop.sources().values())) as gateway:
        for query, variables in DOCUMENTS.values():
            answers = []
            for _ in range(2):
                if method == "POST":
                    body: dict[str, Any] = {"json": {"query": query, "variables": variables}}
                elif len(url := urlencode({"query": query, "variables": json.dumps(variables)})) < MAX_URL:
                    body = {"params": url}
                else:
                    continue
                answer = await gateway.client.request(method, "/graphql", **body, headers={"accept": accept})
                checked(answer, accept, query + json.dumps(variables))
                answers.append(re.sub(r'"requestId":"\w+"', "", answer.text))
            assert len(set(answers)) <= 1
        await still_right(gateway)


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
async def test_no_body_is_a_failure_of_the_server(accept: str):
    """Bodies that JSON or GraphQL over HTTP does not have are refused as the caller's."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        for body in BODIES.values():
            headers = {"accept": accept, "content-type": JSON}
            answer = await gateway.client.post("/graphql", content=body, headers=headers)
            checked(answer, accept, str(body))
        await still_right(gateway)


ONE_OF = [
    ("{ customer(by: {}) { id } }", {}),
    ("{ customer(by: {id: null}) { id } }", {}),
    ('{ customer(by: {id: "c1", email: "b"}) { id } }', {}),
    ('{ a: customer(by: {}) { id } b: node(id: "c1") { id } }', {}),
    ("query ($b: ID) { customer(by: {id: $b}) { id } }", {"b": "c1"}),
    ('query ($b: ID = "c1") { customer(by: {id: $b}) { id } }', {"b": None}),
    ("query ($b: ID, $e: String) { customer(by: {id: $b, email: $e}) { id } }", {"b": "c1"}),
    ("query ($b: ID!, $e: String!) { customer(by: {id: $b, email: $e}) { id } }", {"b": "c1", "e": "b"}),
    ("query ($b: ID) { ...F } fragment F on Query { customer(by: {id: $b}) { id } }", {"b": "c1"}),
    ("query ($k: CustomerKey! = {}) { customer(by: $k) { id } }", {}),
    ("query ($k: CustomerKey!) { customer(by: $k) { id } }", {"k": {}}),
    ("query ($k: CustomerKey!) { customer(by: $k) { id } }", {"k": {"id": None}}),
    ("query ($k: CustomerKey!) { customer(by: $k) { id } }", {"k": {"id": "c1", "email": "b"}}),
]


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (RESPONSE_JSON, 400)])
@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize(("query", "variables"), ONE_OF)
async def test_an_input_with_other_than_one_member_is_refused(
    query: str, variables: dict[str, Any], environment: str, accept: str, status: int
):
    """A key that breaks `@oneOf`, or may break it, is refused with its place before anything is asked."""
    sources = shop.sources()
    async with gateway_on(list(sources.values()), environment=environment) as gateway:
        answer = await gateway.client.post(
            "/graphql", json={"query": query, "variables": variables}, headers={"accept": accept}
        )
    code = "BAD_USER_INPUT" if "$k: CustomerKey!)" in query else "GRAPHQL_VALIDATION_FAILED"
    assert answer.status_code == status
    assert "data" not in answer.json()
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {code}
    assert all(error["locations"] for error in answer.json()["errors"])
    assert all(source.calls == [] for source in sources.values())


async def test_one_member_is_answered():
    """Each way to give exactly one key finds the customer."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        for query, variables in (
            ('{ customer(by: {id: "c1"}) { name } }', {}),
            ("query ($b: ID!) { customer(by: {id: $b}) { name } }", {"b": "c1"}),
            ("query ($k: CustomerKey!) { customer(by: $k) { name } }", {"k": {"email": "ana@example.com"}}),
            ('query ($k: CustomerKey! = {id: "c1"}) { customer(by: $k) { name } }', {}),
        ):
            assert await gateway.data(query, variables) == {"customer": {"name": "Ana Souza"}}
