"""`profile-gateway mcp`: an assistant starts it, and has the tools of a gateway that runs."""

import asyncio
import os
import sys
from pathlib import Path

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError

from connectors.errors import ConfigurationError
from gateway.mcp.stdio_relay import ToolRelay, read_access
from tests.support.assistants import CANARIES, Assistants, assistant_gateway, text_of
from tests.support.paths import ROOT

WORDS = ["-c", "from gateway.cli import app; app()", "mcp"]


def started(gateway: Assistants, caller: str, **more: str) -> StdioServerParameters:
    """How an assistant starts the command."""
    own = {"PROFILE_GATEWAY_URL": gateway.url, "PROFILE_GATEWAY_KEY": gateway.keys[caller], "PYTHONPATH": str(ROOT)}
    return StdioServerParameters(command=sys.executable, args=WORDS, env=own | more)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_assistant_asks_through_the_command(tmp_path: Path, mode: str) -> None:
    """Tools, answers, refusals and the audit are those of `/mcp`."""
    async with assistant_gateway(tmp_path) as gateway:
        async with Client(started(gateway, "console"), mode=mode) as assistant:
            assert {tool.name for tool in (await assistant.list_tools()).tools} >= {"find_customer", "explain_tag"}
            read = await assistant.call_tool("read_customer", {"id": "p1"})
            assert read.structured_content["data"]["customer"]["memberNumber"] == CANARIES["identifying"]
            assert text_of(await assistant.call_tool("read_customer", {})).startswith("INVALID_ARGUMENT")
        async with Client(started(gateway, "newsletter", PROFILE_GATEWAY_PURPOSE="selling"), mode=mode) as assistant:
            assert text_of(await assistant.call_tool("read_customer", {"id": "p1"})).startswith("FORBIDDEN: X-Purpose")
        assert [(own["caller"], own["answer"]) for own in gateway.audit.entries] == [
            ("console", "OK"),
            ("console", "INVALID_ARGUMENT"),
            ("newsletter", "FORBIDDEN"),
        ]


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({}, "PROFILE_GATEWAY_URL: is no address"),
        ({"PROFILE_GATEWAY_URL": "ftp://a"}, "PROFILE_GATEWAY_URL: is no address"),
        ({"PROFILE_GATEWAY_URL": "https://user:secret@a"}, "PROFILE_GATEWAY_URL: is no address"),
        ({"PROFILE_GATEWAY_URL": "http://gateway.example.com"}, "PROFILE_GATEWAY_URL: http:// shows the key"),
        ({"PROFILE_GATEWAY_URL": "https://a", "PROFILE_GATEWAY_KEY": "pgk_\n1"}, "PROFILE_GATEWAY_KEY: has letters"),
    ],
)
def test_variables_are_checked(variables: dict[str, str], problem: str) -> None:
    """Each problem names the variable, and none holds the key."""
    with pytest.raises(ConfigurationError) as told:
        read_access(variables)
    assert str(told.value).startswith(problem)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://a.example", "https://a.example/mcp"),
        ("https://a.example/", "https://a.example/mcp"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/mcp"),
        ("https://a.example/gateway/mcp", "https://a.example/gateway/mcp"),
    ],
)
def test_a_path_is_added_where_there_is_none(given: str, url: str) -> None:
    """The address of the gateway is enough."""
    assert read_access({"PROFILE_GATEWAY_URL": given}).url == url


async def run_command(**variables: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *WORDS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 50)
    assert out == b""
    return process.returncode, errors.decode()


async def test_a_gateway_that_is_not_to_be_had_ends_the_command(tmp_path: Path) -> None:
    """With 2, and what is wrong on standard error: a key that holds no more, nobody there."""
    async with assistant_gateway(tmp_path) as gateway:
        refused = await run_command(PROFILE_GATEWAY_URL=gateway.url, PROFILE_GATEWAY_KEY="pgk_a_secret")
        assert refused[0] == 2
        assert "the credential is nobody's" in refused[1]
        assert "pgk_a_secret" not in refused[1]
    away = await run_command(PROFILE_GATEWAY_URL="http://127.0.0.1:1")
    assert away[0] == 2
    assert "PROFILE_GATEWAY_URL: the gateway cannot be reached" in away[1]


async def test_a_gateway_that_was_away_is_asked_again(tmp_path: Path) -> None:
    """A call while nobody is there fails by itself, and the next one is answered."""
    async with assistant_gateway(tmp_path) as gateway, httpx2.AsyncClient(headers=gateway.headers_of("console")) as client:
        relay = ToolRelay(read_access({"PROFILE_GATEWAY_URL": "http://127.0.0.1:1"}), client)
        with pytest.raises(MCPError, match="cannot be reached"):
            await relay.list_tools()
        relay._access = read_access({"PROFILE_GATEWAY_URL": gateway.url})
        assert len((await relay.list_tools()).tools) == 4
