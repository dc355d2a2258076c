"""Clients of others, as their vendors document them, over a gateway in processes of its own that knows them by a key."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.known_clients import KeyedGateway, Workshop, keyed_gateway

pytestmark = pytest.mark.clients

NAME = {"customer": {"name": "Ana Souza"}}
APOLLO = {"customer": {"__typename": "Customer", "id": "crm:c1", "name": "Ana Souza"}}
PHONE = {"customer": {"__typename": "Customer", "phone": "+5511912345678"}}
NOT_FOUND, NOT_TRUSTED = "PERSISTED_QUERY_NOT_FOUND", "DOCUMENT_NOT_TRUSTED"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[KeyedGateway]:
    """A gateway that trusts nothing."""
    with keyed_gateway(tmp_path, {}) as own:
        yield own


def requiring(workshop: Workshop, file: str) -> dict[str, str]:
    """Settings that trust what a tool wrote, and nothing else."""
    return {"trusted": str(workshop.persisted / file), "mode": "require"}


@pytest.mark.parametrize(("mode", "method"), [("automatic", "POST"), ("automatic-get", "GET")])
def test_apollo_client_teaches_the_gateway_its_queries(workshop: Workshop, gateway: KeyedGateway, mode: str, method: str):
    """The hash, then the text with it, and from then on the hash alone, of another client as well."""
    report = workshop.ask("apollo.mjs", gateway, mode)
    assert report.results == [APOLLO, APOLLO, PHONE]
    learnt = [(method, "persistedQuery", NOT_FOUND), ("POST", "query", "persistedQuery", None)]
    assert report.sent == [*learnt, (method, "persistedQuery", None), *learnt]
    assert {own.status for own in report.exchanges} == {200}


def test_apollo_client_sends_texts_where_nothing_is_remembered(workshop: Workshop, tmp_path: Path):
    """Each client is told once that hashes are not supported, and goes on without."""
    with keyed_gateway(tmp_path, {"persisted_bytes": 0}) as gateway:
        report = workshop.ask("apollo.mjs", gateway, "automatic")
    assert report.results == [APOLLO, APOLLO, PHONE]
    assert report.sent == [("POST", "persistedQuery", "PERSISTED_QUERY_NOT_SUPPORTED"), ("POST", "query", None)] * 3


def test_apollo_client_sends_the_ids_of_its_manifest(workshop: Workshop, tmp_path: Path):
    """Its generator's manifest is trusted: one request each. A text that is not in it is refused, as a GraphQL error."""
    workshop.run_tool("@apollo/generate-persisted-query-manifest/cli.js")
    with keyed_gateway(tmp_path, requiring(workshop, "apollo.json")) as gateway:
        report = workshop.ask("apollo.mjs", gateway, "manifest")
    assert report.results == [APOLLO, APOLLO, {"error": NOT_TRUSTED}]
    assert report.sent == [("POST", "persistedQuery", None)] * 2 + [("POST", "query", NOT_TRUSTED)]


@pytest.mark.parametrize(("mode", "method"), [("automatic", "POST"), ("automatic-get", "GET")])
def test_urql_teaches_the_gateway_its_queries(workshop: Workshop, gateway: KeyedGateway, mode: str, method: str):
    """Its exchange speaks as Apollo's link does, but that it sends the text by GET, too, where that is short."""
    report = workshop.ask("urql.mjs", gateway, mode)
    assert report.results == [NAME, NAME]
    assert report.sent == [
        (method, "persistedQuery", NOT_FOUND),
        (method, "query", "persistedQuery", None),
        (method, "persistedQuery", None),
    ]


def test_urql_names_documents_by_id(workshop: Workshop, tmp_path: Path):
    """A document with an id and no text is sent as `documentId`: here, of a file, the hash of its text with its prefix."""
    text = "query Name($id: ID!) { customer(by: {id: $id}) { name } }"
    (workshop.persisted / "Name.graphql").write_text(text)
    with keyed_gateway(tmp_path, {"trusted": str(workshop.persisted), "mode": "require"}) as gateway:
        report = workshop.ask("urql.mjs", gateway, "documentId", f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")
    assert report.results == [NAME, NAME]
    assert report.sent == [("POST", "documentId", None)] * 2


@pytest.mark.parametrize("algorithm", ["MD5", "SHA256"])
def test_relay_sends_the_ids_of_its_compiler(workshop: Workshop, tmp_path: Path, algorithm: str):
    """Its compiler's file is trusted, whatever it hashes by; its runtime gets the answer by `doc_id`."""
    config = workshop.folder / "relay.config.json"
    settings = json.loads(config.read_text())
    config.write_text(json.dumps(settings | {"persistConfig": settings["persistConfig"] | {"algorithm": algorithm}}))
    (workshop.persisted / "relay.json").write_text("{}")
    workshop.run_tool("relay-compiler/cli.js")
    ((name, text),) = json.loads((workshop.persisted / "relay.json").read_text()).items()
    assert name == hashlib.new(algorithm, text.encode()).hexdigest()
    with keyed_gateway(tmp_path, requiring(workshop, "relay.json")) as gateway:
        report = workshop.ask("relay.mjs", gateway)
    assert report.results == [{"name": "Ana Souza", "email": "ana@example.com"}]
    assert report.sent == [("POST", "doc_id", None)]


def test_graphql_codegen_knows_documents_by_its_hashes(workshop: Workshop, tmp_path: Path):
    """The file of its client preset is trusted, and the hashes in its code are sent in both ways."""
    workshop.run_tool("@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.yml")
    file = workshop.folder / "gql" / "persisted-documents.json"
    assert all(
        name == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for name, text in json.loads(file.read_text()).items()
    )
    with keyed_gateway(tmp_path, {"trusted": str(file), "mode": "require"}) as gateway:
        report = workshop.ask("codegen.mjs", gateway)
    assert report.results == [{"customer": {"id": "crm:c1", "name": "Ana Souza"}}] * 2
    assert report.sent == [("GET", "persistedQuery", None), ("POST", "documentId", None)]


def test_several_workers_learn_a_query_each(workshop: Workshop, tmp_path: Path):
    """A worker that does not know a hash is told the text; the client sees none of that."""
    with keyed_gateway(tmp_path, {}, workers=2) as gateway:
        for _ in range(3):
            assert workshop.ask("apollo.mjs", gateway, "automatic").results == [APOLLO, APOLLO, PHONE]
