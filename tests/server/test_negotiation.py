"""What is seen of a request before its document is: the size of its headers, and the hash of a persisted query."""

import hashlib

import pytest

from gateway.http.negotiation import MAX_KNOWN_MEDIA, MAX_NEGOTIATED_BYTES, known_media
from tests.support.http_view import JSON, RESPONSE_JSON, Executor, client_of, codes, post

QUERY = "{ hello }"
HASH = hashlib.sha256(QUERY.encode()).hexdigest()

pytestmark = pytest.mark.cases


@pytest.mark.parametrize("name", ["accept", "content-type"])
@pytest.mark.parametrize("filling", [";a=", ",", ";", "*/*,"])
def test_a_header_that_takes_long_to_read_is_refused(name: str, filling: str):
    """One of more than 4 KiB is 431 before it is taken apart; one that is just within the limit is read."""
    executor = Executor()
    value = (JSON + filling * MAX_NEGOTIATED_BYTES)[: MAX_NEGOTIATED_BYTES + 1]
    answer = post({"query": QUERY}, client=client_of(executor), **{name: value})
    assert (answer.status_code, codes(answer), executor.calls) == (431, ["BAD_REQUEST"], [])
    assert post({"query": QUERY}, **{name: value[:-1]}).status_code in (200, 415)


def test_only_short_headers_are_remembered():
    """Of many long ones nothing stays, and of many short ones no more than 256."""
    client = client_of()
    for number in range(300):
        assert post({"query": QUERY}, client=client, accept=f"{JSON};a={number}").status_code == 200
        assert post({"query": QUERY}, client=client, accept=f"{JSON};a={number:01000}").status_code == 200
    assert len(known_media) <= MAX_KNOWN_MEDIA
    assert max(map(len, known_media)) <= 256


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
def test_an_unknown_persisted_query_is_asked_for_in_full(accept: str):
    """Apollo's clients send the text after this code with status 200, and it is run where the hash is its own."""
    asked = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}}
    answer = post(asked, accept=accept)
    assert (answer.status_code, codes(answer)) == (200, ["PERSISTED_QUERY_NOT_FOUND"])
    assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert post({**asked, "query": QUERY}, accept=accept).json() == {"data": {"hello": "Hello, you!"}}


@pytest.mark.parametrize("given", [HASH[:-1] + ("0" if HASH[-1] != "0" else "1"), "0" * 64])
@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
def test_a_text_with_a_hash_that_is_not_its_own_is_refused(given: str, accept: str):
    """400, and it is not run."""
    executor = Executor()
    asked = {"query": QUERY, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": given}}}
    answer = post(asked, accept=accept, client=client_of(executor))
    assert (answer.status_code, codes(answer), executor.calls) == (400, ["BAD_REQUEST"], [])


@pytest.mark.parametrize(
    "persisted",
    [
        *(None, 1, True, "a", [], {}, {"version": 1}, {"sha256Hash": HASH}),
        *({"version": version, "sha256Hash": HASH} for version in (2, 0, 1.0, True, "1", None)),
        *({"version": 1, "sha256Hash": wrong} for wrong in (None, 1, "", HASH[:-1], HASH + "0", HASH[:-1] + "g", [HASH])),
    ],
)
@pytest.mark.parametrize("query", [QUERY, None])
def test_a_persisted_query_of_another_form_is_refused(persisted: object, query: str | None):
    """400 with a message that names it, with a text and without, by POST and by GET; not "not found", which asks for more."""
    answer = post({"query": query, "extensions": {"persistedQuery": persisted}})
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])
    assert answer.json()["errors"][0]["message"].startswith("persistedQuery")
