"""Assistants and a fleet: any worker answers any message, a reload opens and closes the door."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.support.assistants import CANARIES, INJECTION, text_of, write_assistant_settings, write_people
from tests.support.serve_process import serve_process, wait_until


async def write_settings(folder: Path) -> tuple[str, Path]:
    """Settings of two callers in a file. Gives the key of one."""
    keys, document = await write_assistant_settings(folder)
    people = document["sources"]["crm"]
    file = folder / "gateway.toml"
    file.write_text(
        f"""
[mcp]
[tags]
file = "tags.yaml"
[access]
hash_secret = "{document["access"]["hash_secret"]}"
[access.keys]
secret = "{document["access"]["keys"]["secret"]}"
file = "{document["access"]["keys"]["file"]}"
[callers.console]
[callers.masked.sees]
identifying = "shown"
[telemetry]
request_log = true
[sources.crm]
kind = "sql"
url = "{people["url"]}"
{_toml_of(people["records"])}""",
        "utf-8",
    )
    return keys["console"], file


def _toml_of(records: dict[str, Any]) -> str:
    lines = []
    for name, record in records.items():
        lines += [f"[sources.crm.records.{name}]", f"query = {json.dumps(record['query'])}"]
        lines += [f"keys.{kind} = {_inline(key)}" for kind, key in record["keys"].items()]
        lines += [f"lists.{own}.query = {json.dumps(block['query'])}" for own, block in record.get("lists", {}).items()]
    return "\n".join(lines)


def _inline(key: Any) -> str:
    return f"{{ columns = {json.dumps(key['columns'])} }}" if isinstance(key, dict) else json.dumps(key)


async def test_a_session_goes_on_whatever_becomes_of_workers(tmp_path: Path) -> None:
    """Any worker has any message, also one that came after those that the session began with. What is said is in no log."""
    write_people(tmp_path / "people.db")
    key, file = await write_settings(tmp_path)
    with serve_process(file, workers=2) as gateway:
        gateway.wait_ready(2)
        single = httpx2.Limits(max_keepalive_connections=0)  # each message over a connection of its own
        headers = {"authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=90, limits=single) as http_client,
            Client(streamable_http_client(f"{gateway.url}/mcp", http_client=http_client), mode="legacy") as assistant,
        ):
            for pid in gateway.ready_pids():
                for _ in range(10):
                    issues = await assistant.call_tool("list_open_issues", {"id": "p1"})
                    assert INJECTION in text_of(issues)
                os.kill(pid, signal.SIGKILL)
                wait_until(lambda gone=pid: len(own := gateway.ready_pids()) == 2 and gone not in own, "another worker")
            found = await assistant.call_tool("find_customer", {"text": CANARIES["contact"]})
            assert found.structured_content["data"]["find"]["matches"][0]["exact"]
        gateway.end()
        lines = [json.dumps(line) for line in gateway.lines]
        assert len(gateway.events("request")) == 21
        assert not [line for line in lines if INJECTION[:20] in line or any(own in line for own in CANARIES.values())]


async def test_a_reload_opens_and_closes_the_door(tmp_path: Path) -> None:
    """Without `[mcp]` there is nothing, and with it there is again, while requests go on."""
    write_people(tmp_path / "people.db")
    key, file = await write_settings(tmp_path)
    with serve_process(file) as gateway:
        gateway.wait_ready(1)
        text, headers = file.read_text("utf-8"), {"authorization": f"Bearer {key}"}
        listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

        def status() -> int:
            return httpx2.post(f"{gateway.url}/mcp", json=listing, headers=headers).status_code

        assert status() == 200
        for written, expected in ((text.replace("[mcp]\n", ""), 404), (text, 200)):
            file.write_text(written, "utf-8")
            assert gateway.admin.post("/reload").status_code == 200
            wait_until(lambda wanted=expected: status() == wanted, f"status {expected}")
