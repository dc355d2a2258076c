"""What a result becomes: data, errors with their codes, and nothing of what went wrong inside."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
import structlog
from graphql import ExecutionResult

from gateway.errors import InvalidKeyError
from tests.support.http_view import JSON, RESPONSE_JSON, Executor, client_of, codes, post


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
