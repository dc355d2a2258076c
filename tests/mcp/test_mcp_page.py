"""docs/mcp.md says what there is: its settings are read, its files start an assistant's session, its tables are complete."""

import json
import re
import sys
import tomllib
from pathlib import Path

from mcp import Client, StdioServerParameters

from gateway.mcp import stdio_relay
from gateway.mcp.fence import MAX_TEXT
from gateway.mcp.tool_answer import MAX_BYTES, MAX_SHORT_TEXT
from gateway.mcp.tools import TOOLS
from gateway.settings import parse_settings
from tests.support.assistants import assistant_gateway
from tests.support.markdown import blocks
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "mcp.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = list(blocks(PAGE))


def test_the_settings_are_those_of_a_gateway() -> None:
    """With a source they are read, and open the door."""
    (example,) = [block for block in BLOCKS if block.language == "toml"]
    text = re.sub(r"\$\{\w+\}", "a secret that is long enough for all of them", example.text)
    settings = parse_settings(tomllib.loads(text) | {"sources": {"crm": {"kind": "sql", "url": "sqlite+aiosqlite:///a.db"}}})
    assert settings.mcp is not None


def test_tables_name_all_tools_and_variables() -> None:
    """And no others."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", TEXT, re.MULTILINE)
    taken = {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in rows if name in TOOLS}
    assert taken == {name: {argument.name for argument in tool.arguments} for name, tool in TOOLS.items()}
    variables = {stdio_relay.URL_VARIABLE, stdio_relay.KEY_VARIABLE, stdio_relay.PURPOSE_VARIABLE}
    assert {name for name, _ in rows if name.isupper()} == variables
    for figure in (f"{MAX_BYTES:,} bytes", f"first {MAX_TEXT} characters", f"more than {MAX_SHORT_TEXT} characters"):
        assert figure in TEXT


async def test_the_file_of_an_assistant_starts_its_session(tmp_path: Path) -> None:
    """The command, its words and variables are those that the page has; the address and the key are of a gateway here."""
    files = [json.loads(block.text)["mcpServers"]["customers"] for block in BLOCKS if "mcpServers" in block.text]
    by_http, by_command = files
    assert by_http["url"].endswith("/mcp")
    assert by_command["command"] == "profile-gateway"
    async with assistant_gateway(tmp_path) as gateway:
        own = {"PROFILE_GATEWAY_URL": gateway.url, "PROFILE_GATEWAY_KEY": gateway.keys["console"], "PYTHONPATH": str(ROOT)}
        assert own.keys() - {"PYTHONPATH"} < by_command["env"].keys()
        words = ["-c", "from gateway.cli import app; app()", *by_command["args"]]
        async with Client(StdioServerParameters(command=sys.executable, args=words, env=own)) as assistant:
            assert {tool.name for tool in (await assistant.list_tools()).tools} == TOOLS.keys()
