"""GraphQL over HTTP: which bodies, types and methods are taken, and what status, type and code the answers have."""

import gzip
import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
import structlog
from graphql import ExecutionResult, GraphQLError, build_schema, execute
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from connectors.errors import SourceTimeoutError
from gateway.errors import InvalidKeyError
from gateway.http import GraphQLView
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

    async def __call__(self, operation, variables, request):
        self.calls.append((operation, variables, request.state.request_id))
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


def test_query_is_answered():
    """A query with variables is run once and answered with its data alone."""
    executor = Executor()
    answer = post({"query": "query ($n: String) { hello(name: $n) }", "variables": {"n": "Ada"}}, client=client_of(executor))
    assert answer.status_code == 200
    assert answer.json() == {"data": {"hello": "Hello, Ada!"}}
    assert answer.headers["content-type"] == f"{RESPONSE_JSON}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert [variables for _, variables, _ in executor.calls] == [{"n": "Ada"}]


@pytest.mark.parametrize("empty", [None, ""])
def test_empty_operation_name_is_none(empty):
    """Null and the empty string name no operation."""
    assert post({"query": "query A { hello }", "operationName": empty}).json() == {"data": {"hello": "Hello, you!"}}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE_JSON, RESPONSE_JSON),
        (f"{RESPONSE_JSON}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE_JSON),
        (f"{JSON}, {RESPONSE_JSON}", JSON),
        (f"{RESPONSE_JSON},{JSON};q=0.9", RESPONSE_JSON),
        (f"{RESPONSE_JSON};q=0.5,{JSON};q=0.9", JSON),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{RESPONSE_JSON}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", RESPONSE_JSON),
        (f"{JSON};q=0, */*", RESPONSE_JSON),
        ("text/html;q=nonsense, */*;q=0.1", JSON),
        ("APPLICATION/JSON", JSON),
    ],
)
def test_accept_decides_the_type(accept, media):
    """The best range wins, then the most specific, then the first; without a wish it is plain JSON."""
    client = client_of()
    client.headers.pop("accept")
    answer = client.post("/graphql", json={"query": "{ hello }"}, headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream", "multipart/mixed", f"{JSON};q=0", "image/*"])
def test_other_types_are_not_acceptable(accept):
    """A client that takes neither type is told so, and nothing is run."""
    executor = Executor()
    answer = post({"query": "{ hello }"}, accept=accept, client=client_of(executor))
    assert (answer.status_code, codes(answer), executor.calls) == (406, ["BAD_REQUEST"], [])


@pytest.mark.parametrize(
    "body",
    [
        *("null", "1", '"x"', "true", "[]", '[{"query": "{ hello }"}]', "", "{", '{"query": "{ hello }"} x', b"\xff"),
        b'{"query": "\xff"}',
        '{"query": "\\ud800"}',
        '{"query": "{ hello }", "variables": {"a": ' + "[" * 5000 + "]" * 5000 + "}}",
        '{"other": ' + "[" * 5000 + "]" * 5000 + "}",
        "[" * 5000 + "]" * 5000,
        *({"query": wrong} for wrong in (1, 0, False, ["a"], {"a": 1}, None)),
        *({"query": "{ hello }", "variables": wrong} for wrong in ("a", 0, False, ["a"])),
        *({"query": "{ hello }", "operationName": wrong} for wrong in (0, False, ["a"], {"a": 1})),
        *({"query": "{ hello }", "extensions": wrong} for wrong in ("a", 0, False, ["a"])),
        {"qeury": "{ hello }"},
    ],
)
@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
def test_malformed_bodies_are_bad_requests(body, accept):
    """Whatever is no request is 400 for either type, with a code, and nothing is run."""
    executor = Executor()
    answer = post(body, accept=accept, client=client_of(executor))
    assert (answer.status_code, codes(answer), executor.calls) == (400, ["BAD_REQUEST"], [])
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/graphql"},
        {"content-type": ""},
        {"content-type": f"{JSON}; charset=utf-16"},
        {"content-type": f'{JSON}; charset="iso-8859-1"'},
        {"content-encoding": "gzip"},
    ],
)
def test_other_body_types_are_unsupported(headers):
    """Bodies that are not plain JSON in UTF-8 are 415."""
    body = gzip.compress(b'{"query": "{ hello }"}') if "content-encoding" in headers else '{"query": "{ hello }"}'
    answer = client_of().post("/graphql", content=body, headers={"content-type": JSON, **headers})
    assert (answer.status_code, codes(answer)) == (415, ["BAD_REQUEST"])


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_utf8_bodies_are_read(charset):
    """The one charset is known in each way to write it, and text outside ASCII comes back as it was."""
    answer = post({"query": '{ hello(name: "\u00c5sa \U0001f3c3") }'}, **{"content-type": f"{JSON}; charset={charset}"})
    assert answer.json() == {"data": {"hello": "Hello, \u00c5sa \U0001f3c3!"}}


def test_large_body_is_refused_by_its_length():
    """A body that says that it is too large is not read."""
    answer = post(b" " * 101, client=client_of(max_body_bytes=100))
    assert (answer.status_code, codes(answer)) == (413, ["BAD_REQUEST"])


async def test_large_body_without_a_length_is_read_up_to_the_limit():
    """Of an endless body, no more is taken than the part that exceeds the limit."""
    taken, sent = [], []

    async def receive():
        taken.append(40)
        return {"type": "http.request", "body": b" " * 40, "more_body": True}

    async def send(message):
        sent.append(message)

    view = GraphQLView(Operations(SCHEMA, limits=Limits()), Executor(), max_body_bytes=100)
    await view(http_scope(), receive, send)
    assert (sent[0]["status"], len(taken)) == (413, 3)


async def test_client_that_leaves_gets_no_answer():
    """When the connection ends inside the body, nothing is run and nothing is sent."""
    executor, sent = Executor(), []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await GraphQLView(Operations(SCHEMA, limits=Limits()), executor)(http_scope(), receive, send)
    assert (sent, executor.calls) == ([], [])


def http_scope():
    headers = [(b"content-type", b"application/json")]
    return {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{" + " hello" * 21 + "}", {}, "QUERY_TOO_EXPENSIVE"),
        ("query A { hello } query B { hello }", {}, "OPERATION_RESOLUTION_FAILURE"),
        ("query ($n: String!) { hello(name: $n) }", {"n": None}, "BAD_USER_INPUT"),
        ("query ($n: String!) { hello(name: $n) }", {"n": 1}, "BAD_USER_INPUT"),
    ],
)
@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (RESPONSE_JSON, 400)])
def test_documents_that_cannot_run(query, variables, code, accept, status):
    """A well-formed request whose document or variables are wrong is 400, for plain JSON 200, and never has data."""
    answer = post({"query": query, "variables": variables}, accept=accept)
    assert (answer.status_code, codes(answer)) == (status, [code])
    assert "data" not in answer.json()


def test_unknown_operation_name_is_not_found():
    """A name that the document does not have has its own code."""
    answer = post({"query": "query A { hello }", "operationName": "B"})
    assert (answer.status_code, codes(answer)) == (400, ["OPERATION_NOT_FOUND"])


def test_partial_data_is_a_success():
    """A failed field costs itself: status 200, the other data, one error that says which field."""
    answer = post({"query": "{ hello slow refused }"})
    assert answer.status_code == 200
    assert answer.json()["data"] == {"hello": "Hello, you!", "slow": None, "refused": None}
    slow, refused = answer.json()["errors"]
    assert slow["path"] == ["slow"]
    assert slow["message"] == "the source did not answer in time"
    assert slow["extensions"] == {
        "code": "SOURCE_TIMEOUT",
        "retryable": True,
        "requestId": answer.headers["x-request-id"],
    }
    assert refused["extensions"]["code"] == "FORBIDDEN"


def test_data_lost_to_a_required_field_is_null():
    """When the operation was run, `data` is there, as null, and the status is 200."""
    answer = post({"query": "{ must }"})
    assert (answer.status_code, answer.json()["data"]) == (200, None)


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
def test_unexpected_exception_says_nothing(accept):
    """An exception of ours is 500 with a code; its text is neither in the answer nor in the log, its place is."""
    with structlog.testing.capture_logs() as logs:
        answer = post(
            {"query": "{ hello }", "variables": {"secret": "ada@example.com"}},
            accept=accept,
            client=client_of(Executor(ValueError("secret of ada@example.com"))),
        )
    assert (answer.status_code, codes(answer)) == (500, ["INTERNAL"])
    assert "secret" not in answer.text
    assert "ValueError" not in answer.text
    (entry,) = logs
    assert (entry["event"], entry["log_level"], entry["error"]) == ("operation_failed", "error", "ValueError")
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert entry["frames"][-1].endswith(" __call__")
    assert "ada@example.com" not in str(entry)


def test_unexpected_exception_of_a_field_says_nothing():
    """A field that fails by our fault is null, has the code, and tells nothing of the exception."""
    with structlog.testing.capture_logs() as logs:
        answer = post({"query": "{ hello broken }"})
    assert (answer.status_code, answer.json()["data"], codes(answer)) == (
        200,
        {"hello": "Hello, you!", "broken": None},
        ["INTERNAL"],
    )
    assert "secret" not in answer.text
    assert [(entry["path"], entry["error"]) for entry in logs] == [(["broken"], "ValueError")]


def test_result_that_cannot_be_written_is_internal():
    """A result of a type that is no JSON is our failure, not a broken answer."""
    with structlog.testing.capture_logs() as logs:
        answer = post({"query": "{ hello }"}, client=client_of(Executor(ExecutionResult({"hello": object()}))))
    assert (answer.status_code, codes(answer), len(logs)) == (500, ["INTERNAL"], 1)


def test_caller_error_of_the_whole_request_is_shown():
    """A CallerError raised by `execute` is shown as it is."""
    answer = post(
        {"query": "{ hello }"}, client=client_of(Executor(InvalidKeyError("a phone number has seven digits or more")))
    )
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("a phone number has seven digits or more", "INVALID_KEY")


def test_values_beyond_json_are_written():
    """Decimals and times are text, JSON that is already written goes out as it is, extensions are kept."""
    data = {"a": Decimal("1.20"), "b": datetime(2026, 1, 2, tzinfo=UTC), "c": msgspec.Raw(b'{"d":1}')}
    answer = post({"query": "{ hello }"}, client=client_of(Executor(ExecutionResult(data, extensions={"cost": 3}))))
    assert answer.json() == {
        "data": {"a": "1.20", "b": "2026-01-02T00:00:00Z", "c": {"d": 1}},
        "extensions": {"cost": 3},
    }


def test_get_runs_a_query():
    """A query in the URL, with variables as JSON, is run."""
    parameters = {"query": "query A($n: String) { hello(name: $n) }", "variables": '{"n": "Ada"}', "operationName": "A"}
    answer = client_of().get("/graphql", params=parameters)
    assert (answer.status_code, answer.json()) == (200, {"data": {"hello": "Hello, Ada!"}})


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"variables": "{}"},
        {"query": "{ hello }", "variables": "{"},
        {"query": "{ hello }", "variables": "[]"},
        {"query": "{ hello }", "extensions": "1"},
        {"query": "{ hello }", "variables": '{"a":' + "[" * 5000 + "]" * 5000 + "}"},
    ],
)
def test_malformed_urls_are_bad_requests(parameters):
    """A URL without a query, or with parameters of the wrong type, is 400."""
    answer = client_of().get("/graphql", params=parameters)
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
def test_get_runs_no_mutation(accept):
    """A link cannot change anything."""
    executor = Executor()
    answer = client_of(executor).get("/graphql", params={"query": "mutation { rename(id: 1) }"}, headers={"accept": accept})
    assert (answer.status_code, answer.headers["allow"], codes(answer), executor.calls) == (405, "POST", ["BAD_REQUEST"], [])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(method):
    """Only GET and POST are taken."""
    answer = client_of().request(method, "/graphql", json={"query": "{ hello }"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
def test_unknown_persisted_query_is_asked_for_in_full(accept):
    """Apollo's clients send the text after this code with status 200."""
    asked = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    answer = post(asked, accept=accept)
    assert (answer.status_code, codes(answer)) == (200, ["PERSISTED_QUERY_NOT_FOUND"])
    assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert post({**asked, "query": "{ hello }"}, accept=accept).json() == {"data": {"hello": "Hello, you!"}}


def test_sane_request_id_is_kept():
    """The caller's request id is seen by `execute`, by every error and in the header."""
    executor = Executor()
    answer = post({"query": "{ hello refused }"}, client=client_of(executor), **{"x-request-id": "a-1_B.2"})
    assert answer.headers["x-request-id"] == "a-1_B.2"
    assert answer.json()["errors"][0]["extensions"]["requestId"] == "a-1_B.2"
    assert [request_id for _, _, request_id in executor.calls] == ["a-1_B.2"]


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "<script>", "a;", "\u00e9".encode()])
def test_other_request_ids_are_replaced(given):
    """What is no short token gives way to a new id of 32 hexadecimal digits."""
    answer = post("null", **{"x-request-id": given})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_browser_gets_the_page():
    """A browser that opens the address sees the page; with a query in the address it sees the answer."""
    client = client_of(graphiql=HTMLResponse("<p>GraphiQL</p>"))
    assert client.get("/graphql", headers={"accept": BROWSER}).text == "<p>GraphiQL</p>"
    answer = client.get("/graphql", params={"query": "{ hello }"}, headers={"accept": BROWSER})
    assert answer.json() == {"data": {"hello": "Hello, you!"}}


def test_browser_gets_no_page_where_there_is_none():
    """Without the page a browser is told that there is nothing to see."""
    answer = client_of().get("/graphql", headers={"accept": BROWSER})
    assert (answer.status_code, codes(answer)) == (404, ["BAD_REQUEST"])
