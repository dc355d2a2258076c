"""The client `gql` for Python over a gateway in processes of its own."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, print_ast

from tests.support.known_clients import keyed_gateway

gql = pytest.importorskip("gql")
transport = pytest.importorskip("gql.transport.aiohttp")
exceptions = pytest.importorskip("gql.transport.exceptions")

pytestmark = pytest.mark.clients

NAME = "query Name($id: ID!) { customer(by: {id: $id}) { name } }"


async def ask(url: str, key: str) -> tuple[Any, list[Any]]:
    """What a trusted text gives, and the errors of another one."""
    headers = {"authorization": f"Bearer {key}"}
    client = gql.Client(transport=transport.AIOHTTPTransport(url=url, headers=headers))
    asked = gql.gql(NAME)
    asked.variable_values = {"id": "c1"}
    async with client as session:
        answer = await session.execute(asked)
        with pytest.raises(exceptions.TransportQueryError) as refused:
            await session.execute(gql.gql("{ sources { name } }"))
    return answer, refused.value.errors


def test_gql_sends_trusted_texts(tmp_path: Path):
    """It sends documents as it prints them: such a text is trusted in a file, and any other is refused with its code."""
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "Name.graphql").write_text(print_ast(parse(NAME)))
    with keyed_gateway(tmp_path, {"trusted": "trusted", "mode": "require"}) as gateway:
        answer, errors = asyncio.run(ask(f"{gateway.process.url}/graphql", gateway.key))
    assert answer == {"customer": {"name": "Ana Souza"}}
    assert [error["extensions"]["code"] for error in errors] == ["DOCUMENT_NOT_TRUSTED"]
