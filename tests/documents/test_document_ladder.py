"""Documents that are named or trusted, over HTTP: the ways in, the ladder, and what is refused."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from connectors.errors import ConfigurationError
from gateway.documents.trusted_documents import TRUSTED_LIMITS
from gateway.operations import Limits
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import gateway_on

NAME = 'query Name { customer(by: {id: "c1"}) { name } }'
EMAIL = "query Email($id: ID!) { customer(by: {id: $id}) { email } }"
UNLINK = 'mutation Unlink { unlinkCustomers(records: ["crm:a"], reason: "b") { __typename } }'
OTHER = 'query Other { customer(by: {id: "c1"}) { id } }'
ANSWER = {"customer": {"name": "Ana Souza"}}
RESPONSE_JSON = "application/graphql-response+json"
WARNING = "this document is not one of the trusted ones, and may be refused later; have it added to the manifest"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(name: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}}


class Asker:
    """Sends requests of one caller, and gives the status with the answer."""

    def __init__(self, client: httpx2.AsyncClient, key: str | None = None) -> None:
        self._client = client
        self._headers = {"accept": RESPONSE_JSON, **({"authorization": f"Bearer {key}"} if key else {})}

    async def post(self, accept: str = RESPONSE_JSON, **body: Any) -> tuple[int, dict[str, Any]]:
        response = await self._client.post("/graphql", json=body, headers={**self._headers, "accept": accept})
        return response.status_code, response.json()

    async def get(self, **body: Any) -> tuple[int, dict[str, Any]]:
        given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
        response = await self._client.get("/graphql", params=given, headers=self._headers)
        return response.status_code, response.json()


@asynccontextmanager
async def documents_on(
    folder: Path, manifest: dict[str, str] | None = None, callers: dict[str, dict[str, str]] | None = None, **documents: Any
) -> AsyncIterator[dict[str, Asker]]:
    """A gateway that trusts the documents of a manifest, and an asker for each caller; without any for nobody, `""`."""
    manifest = {"name-1": NAME, "email-1": EMAIL} if manifest is None else manifest
    (folder / "manifest.json").write_text(json.dumps(manifest))
    settings: dict[str, Any] = {"documents": {"trusted": str(folder / "manifest.json"), **documents}}
    keys: dict[str, str] = {}
    if callers is not None:
        keys, access = await keys_in(folder, callers)
        settings |= {"callers": callers, "access": access}
    async with gateway_on([shop.crm()], **settings) as gateway:
        named = {name: Asker(gateway.client, key) for name, key in keys.items()}
        yield named or {"": Asker(gateway.client)}


def code_of(answer: tuple[int, dict[str, Any]]) -> tuple[int, str, str]:
    """Its status, the code of its only error and the message."""
    (error,) = answer[1]["errors"]
    assert "data" not in answer[1]
    return answer[0], error["extensions"]["code"], error["message"]


WAYS = {
    "documentId": {"documentId": "name-1"},
    "documentId of a hash": {"documentId": sha256(NAME)},
    "documentId with its prefix": {"documentId": f"sha256:{sha256(NAME)}"},
    "doc_id": {"doc_id": "name-1"},
    "persistedQuery": persisted(sha256(NAME)),
    "persistedQuery of a tool": persisted("name-1"),
    "persistedQuery in capitals": persisted(sha256(NAME).upper()),
    "persistedQuery with its text": {"query": NAME, **persisted(sha256(NAME))},
    "persistedQuery of a tool with its text": {"query": NAME, **persisted("name-1")},
    "the text": {"query": NAME},
}


@pytest.mark.parametrize("mode", ["off", "log", "warn", "require"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_trusted_document_is_run_by_all_its_names(way: str, mode: str, tmp_path: Path):
    """By POST and by GET, in every mode, without a word about it."""
    async with documents_on(tmp_path, mode=mode) as askers:
        assert await askers[""].post(**WAYS[way]) == (200, {"data": ANSWER})
        assert await askers[""].get(**WAYS[way]) == (200, {"data": ANSWER})


async def test_a_named_document_has_variables_and_operations(tmp_path: Path):
    """As the text has: variables, an operation of several, and the errors of both."""
    both = 'query A { customer(by: {id: "c1"}) { name } } query B { customer(by: {id: "c2"}) { id } }'
    async with documents_on(tmp_path, {"e": EMAIL, "both": both}) as askers:
        asker = askers[""]
        assert (await asker.post(documentId="e", variables={"id": "c1"}))[1]["data"]["customer"]["email"] == "ana@example.com"
        assert (await asker.get(documentId="e", variables={"id": "c1"}))[1]["data"]["customer"]["email"] == "ana@example.com"
        assert (await asker.post(documentId="both", operationName="A"))[1]["data"] == ANSWER
        assert code_of(await asker.post(documentId="both"))[1] == "OPERATION_RESOLUTION_FAILURE"
        assert code_of(await asker.post(documentId="both", operationName="C"))[1] == "OPERATION_NOT_FOUND"
        assert code_of(await asker.post(documentId="e"))[1] == "BAD_USER_INPUT"


@pytest.mark.parametrize("way", ["documentId", "doc_id"])
async def test_an_unknown_id_is_refused_with_what_to_do(way: str, tmp_path: Path):
    """400 in the media type of GraphQL, 200 in JSON as for other documents that cannot be run, and no id is told again."""
    fix = "no trusted document has this id; release the manifest of a client before the client"
    async with documents_on(tmp_path) as askers:
        for name in ("name-2", "", f"sha256:{sha256(OTHER)}", "x" * 10_000):
            assert code_of(await askers[""].post(**{way: name})) == (400, "DOCUMENT_NOT_FOUND", fix)
            assert code_of(await askers[""].get(**{way: name})) == (400, "DOCUMENT_NOT_FOUND", fix)
            assert code_of(await askers[""].post("application/json", **{way: name})) == (200, "DOCUMENT_NOT_FOUND", fix)
    async with gateway_on([shop.crm()]) as gateway:
        answer = await Asker(gateway.client).post(**{way: "name-1"})
        assert code_of(answer) == (400, "DOCUMENT_NOT_FOUND", "the gateway has no trusted documents; send the text as query")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"documentId": "name-1", "query": NAME}, "documentId and query both say what is asked; send one of them"),
        ({"doc_id": "name-1", "query": NAME}, "doc_id and query both say what is asked; send one of them"),
        ({"documentId": "name-1", "doc_id": "name-1"}, "documentId and doc_id both name a document; send one of them"),
        (
            {"documentId": "name-1", **persisted("name-1")},
            "documentId and persistedQuery both name a document; send one of them",
        ),
        ({"query": OTHER, **persisted("name-1")}, "persistedQuery: sha256Hash must be 64 hexadecimal digits"),
        ({"query": OTHER, **persisted(sha256(NAME))}, "persistedQuery: sha256Hash is not that of the query"),
        ({}, "query is missing"),
    ],
)
async def test_a_request_names_its_document_once(body: dict[str, Any], message: str, tmp_path: Path):
    """What is named twice is refused, also where both are the same; a trusted id does not let another text in."""
    async with documents_on(tmp_path) as askers:
        assert code_of(await askers[""].post(**body)) == (400, "BAD_REQUEST", message)
        assert code_of(await askers[""].get(**body)) == (400, "BAD_REQUEST", message)


@pytest.mark.parametrize("name", ["documentId", "doc_id"])
async def test_an_id_of_another_type_is_refused(name: str, tmp_path: Path):
    """With the name of the parameter."""
    async with documents_on(tmp_path) as askers:
        status, code, message = code_of(await askers[""].post(**{name: 5}))
        assert (status, code) == (400, "BAD_REQUEST")
        assert name in message


async def test_by_get_a_trusted_mutation_is_not_run(tmp_path: Path):
    """405, as with its text."""
    async with documents_on(tmp_path, {"m": UNLINK}) as askers:
        assert code_of(await askers[""].get(documentId="m"))[:2] == (405, "BAD_REQUEST")
        assert (await askers[""].post(documentId="m"))[1]["errors"][0]["extensions"]["code"] == "OPERATOR_REQUIRED"


async def test_an_address_in_a_browser_gives_the_answer(tmp_path: Path):
    """A URL that names a document is no question for the page."""
    async with documents_on(tmp_path) as askers:
        client = askers[""]._client
        for given in (
            {"documentId": "name-1"},
            {"doc_id": "name-1"},
            {"extensions": json.dumps(persisted("name-1")["extensions"])},
        ):
            answer = await client.get("/graphql", params=given, headers={"accept": "text/html,*/*;q=0.8"})
            assert (answer.status_code, answer.json()) == (200, {"data": ANSWER})


async def test_callers_stand_on_their_own_steps(tmp_path: Path):
    """A text that is not trusted: nothing, a line, that and a warning, a refusal. Who has no step has that of all."""
    callers = {name: {"documents": name} for name in ("off", "log", "warn", "require")} | {"plain": {}}
    async with documents_on(tmp_path, callers=callers, mode="warn") as askers:
        with capture_logs() as logged:
            answers = {name: await asker.post(query=OTHER) for name, asker in askers.items()}
    plain = {"data": {"customer": {"id": "crm:c1"}}}
    warned = {**plain, "extensions": {"documents": {"trusted": False, "message": WARNING}}}
    assert {name: answers[name] for name in ("off", "log", "warn", "plain")} == {
        "off": (200, plain),
        "log": (200, plain),
        "warn": (200, warned),
        "plain": (200, warned),
    }
    status, code, message = code_of(answers["require"])
    assert (status, code) == (400, "DOCUMENT_NOT_TRUSTED")
    assert message.endswith("send the id of one, or have the document added to the manifest")
    lines = [line for line in logged if line["event"] == "document_not_trusted"]
    assert lines == [
        {"event": "document_not_trusted", "log_level": "warning", "count": 1, "caller": name}
        for name in ("log", "warn", "plain")
    ]


async def test_a_refused_text_is_not_even_parsed(tmp_path: Path):
    """In `require` a text that is no GraphQL, or too large, has the same refusal."""
    async with documents_on(tmp_path, mode="require") as askers:
        for text in ("{", "", "#" * 100_000, f"{NAME} ", "{ __typename }"):
            assert code_of(await askers[""].post(query=text))[1] == "DOCUMENT_NOT_TRUSTED"


async def test_texts_are_logged_seldom(tmp_path: Path):
    """Once a minute for each caller, with how many there were, and never their words."""
    async with documents_on(tmp_path, mode="log") as askers:
        with capture_logs() as logged:
            for number in range(5):
                await askers[""].post(query=f"query Secret{number} {{ __typename }}")
    assert [line for line in logged if line["event"] == "document_not_trusted"] == [
        {"event": "document_not_trusted", "log_level": "warning", "count": 1}
    ]
    assert "Secret" not in str([line for line in logged if line["event"] == "document_not_trusted"])


async def test_a_trusted_document_may_exceed_the_limits(tmp_path: Path):
    """Of depth, tokens, aliases and the rest, by its id and by its text; another text of that size may not."""
    wide = "{ " + " ".join(f'a{n}: customer(by: {{id: "c1"}}) {{ id }}' for n in range(60)) + " }"
    async with documents_on(tmp_path, {"wide": wide}) as askers:
        for body in ({"documentId": "wide"}, {"query": wide}):
            status, answer = await askers[""].post(**body)
            assert (status, len(answer["data"])) == (200, 60)
        refused = await askers[""].post(query=wide.replace("a1:", "b1:"))
        assert refused[1]["errors"][0]["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"


def test_trusted_limits_are_larger_in_everything():
    """No limit of strangers is wider than that of trusted documents."""
    assert all(getattr(TRUSTED_LIMITS, name) > value for name, value in vars(Limits()).items())


async def test_a_deep_trusted_document_is_run(tmp_path: Path):
    """At the depth that the limits allow, in the plan and its answer."""
    levels = TRUSTED_LIMITS.max_depth - 2
    deep = f'query Deep {{ account(id: "a1") {"{ parent " * levels}{{ name }}{" }" * levels} }}'
    async with documents_on(tmp_path, {"deep": deep}) as askers:
        status, answer = await askers[""].post(documentId="deep")
        assert (status, answer["data"], answer["errors"][0]["path"]) == (200, {"account": None}, ["account"])
        refused = await askers[""].post(query=deep.replace("Deep", "Other"))
        assert refused[1]["errors"][0]["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    with pytest.raises(ConfigurationError) as error:
        async with documents_on(tmp_path, {"deep": deep.replace("{ name }", "{ parent { name } }")}):
            pass
    assert "the operation is nested 101 levels deep, and 100 are the most" in error.value.problems[0]


async def test_what_a_caller_sees_holds_for_trusted_documents(tmp_path: Path):
    """A document is trusted to be asked, not to be shown: fields stay withheld."""
    callers: dict[str, Any] = {"console": {}, "partner": {"sees": {"identifying": "shown"}, "documents": "require"}}
    async with documents_on(tmp_path, callers=callers) as askers:
        shown = await askers["console"].post(documentId="email-1", variables={"id": "c1"})
        hidden = await askers["partner"].post(documentId="email-1", variables={"id": "c1"})
    assert shown[1]["data"]["customer"]["email"] == "ana@example.com"
    assert hidden[1]["data"]["customer"]["email"] is None
    assert hidden[1]["errors"][0]["extensions"]["code"] == "WITHHELD"


async def test_who_may_not_ask_for_the_schema_may_not_by_a_trusted_document(tmp_path: Path):
    """Others may; a text that only names it in a comment is run for both."""
    manifest = {"schema": "{ __schema { queryType { name } } }", "comment": "{ __typename } # __schema"}
    callers: dict[str, Any] = {"tool": {}, "web": {"introspection": False, "documents": "require"}}
    async with documents_on(tmp_path, manifest, callers) as askers:
        assert (await askers["tool"].post(documentId="schema"))[0] == 200
        for _ in range(2):
            status, answer = await askers["web"].post(documentId="schema")
            assert (status, {error["extensions"]["code"] for error in answer["errors"]}) == (400, {"GRAPHQL_VALIDATION_FAILED"})
        for asker in askers.values():
            assert (await asker.post(documentId="comment"))[0] == 200


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"documents": {"mode": "require"}}, "documents.mode"),
        ({"callers": {"a": {"documents": "log"}}, "access": {"anonymous": "a"}}, "callers.a.documents"),
    ],
)
async def test_a_ladder_needs_documents(settings: dict[str, Any], path: str):
    """A step without trusted documents would refuse or tell of everything."""
    with pytest.raises(ConfigurationError) as refused:
        async with gateway_on([shop.crm()], **settings):
            pass
    (problem,) = refused.value.problems
    assert f"{path}: is " in problem
    assert 'and no document is trusted; add documents.trusted, or write "off"' in problem


async def test_documents_that_are_not_valid_stop_the_start(tmp_path: Path):
    """With the problems of all."""
    with pytest.raises(ConfigurationError) as refused:
        async with documents_on(tmp_path, {"a": "{ gone }", "b": NAME, "c": "{"}):
            pass
    assert [problem.split(": ")[2] for problem in refused.value.problems] == ["a", "c"]
