"""The client `gql` for Python over a gateway in processes of its own."""

from pathlib import Path

import pytest
from graphql import parse, print_ast

from tests.support.known_clients import keyed_gateway

gql = pytest.importorskip("gql")
transport = pytest.importorskip("gql.transport.aiohttp")
exceptions = pytest.importorskip("gql.transport.exceptions")

pytestmark = pytest.mark.clients

NAME = "query Name($id: ID!) { customer(by: {id: $id}) { name } }"


def test_gql_sends_trusted_texts(tmp_path: Path):
    """It sends documents as it prints them: such a text is trusted in a file, and any other is refused with its code."""
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "Name.graphql").write_text(print_ast(parse(NAME)))
    with keyed_gateway(tmp_path, {"trusted": "trusted", "mode": "require"}) as gateway:
        headers = {"authorization": f"Bearer {gateway.key}"}
        client = gql.Client(
            transport=transport.AIOHTTPTransport(url=f"{gateway.process.url}/graphql", headers=headers, ssl=False)
        )
        asked = gql.gql(NAME)
        asked.variable_values = {"id": "c1"}
        assert client.execute(asked) == {"customer": {"name": "Ana Souza"}}
        with pytest.raises(exceptions.TransportQueryError) as refused:
            client.execute(gql.gql("{ sources { name } }"))
    assert refused.value.errors[0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
