"""A view over a small schema, and a client of it."""

import json

from graphql import GraphQLError, build_schema, execute
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from connectors.errors import SourceTimeoutError
from gateway.http.endpoint import GraphQLView
from gateway.operations import Limits, Operations

SCHEMA = build_schema("""
    type Query { hello(name: String): String must: String! broken: String slow: String refused: String }
    type Mutation { rename(id: ID!): String }
""")

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"


def fail(*_):
    raise ValueError("secret of ada@example.com")


def time_out(*_):
    raise SourceTimeoutError


def refuse(*_):
    raise GraphQLError("not for you", extensions={"code": "FORBIDDEN"})


ROOT = {
    "hello": lambda info, name="you": f"Hello, {name}!",
    "must": lambda info: None,
    "broken": fail,
    "slow": time_out,
    "refused": refuse,
}


class Executor:
    """Runs operations on graphql-core, or gives a fixed result, and counts."""

    def __init__(self, result=None):
        self.result = result
        self.calls = []

    async def __call__(self, operation, variables, head):
        self.calls.append((operation, variables, head.request_id))
        if isinstance(self.result, Exception):
            raise self.result
        if self.result is not None:
            return self.result
        return execute(SCHEMA, operation.document, ROOT, variable_values=variables)


def client_of(executor=None, **words):
    view = GraphQLView(Operations(SCHEMA, limits=Limits()), executor or Executor(), **words)
    return TestClient(Starlette(routes=[Route("/graphql", view)]))


def post(body, *, accept=RESPONSE_JSON, client=None, **headers):
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    return (client or client_of()).post(
        "/graphql", content=content, headers={"content-type": JSON, "accept": accept, **headers}
    )


def codes(answer):
    return [error["extensions"]["code"] for error in answer.json()["errors"]]
