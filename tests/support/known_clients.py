"""Clients of others: a gateway in processes of its own that they ask with a key, and a folder in which their tools work."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.support.caller_keys import SECRET, keys_in
from tests.support.node_packages import installed
from tests.support.paths import ROOT
from tests.support.serve_process import ServeProcess, serve_process

NODE = ROOT / "tests" / "clients" / "node"
TOOL_S = 100
SOURCE = """
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///{folder}/crm.db"
[sources.crm.records.customer]
query = "SELECT 'c1' AS id, 'Ana Souza' AS name, 'ana@example.com' AS email, '+5511912345678' AS phone"
keys = {{ customer_id = "id" }}
"""


class Workshop:
    """A folder with the clients and their packages. What tools write of documents is in `persisted`."""

    def __init__(self, folder: Path) -> None:
        self._node = installed(NODE)
        self.folder = folder / "app"
        shutil.copytree(NODE / "app", self.folder)
        shutil.copy(ROOT / "schema.graphql", self.folder)
        (self.folder / "node_modules").symlink_to(NODE / "node_modules")
        (self.folder / "persisted").mkdir()

    @property
    def persisted(self) -> Path:
        return self.folder / "persisted"

    def run_tool(self, script: str, *words: str) -> None:
        """Run the command of a package."""
        self._run(str(self.folder / "node_modules" / script), *words)

    def run_script(self, script: str, *words: str) -> str:
        """Run a script of the folder, and give what it printed."""
        return self._run(script, *words)

    def ask(self, client: str, gateway: "KeyedGateway", *words: str) -> "Report":
        """Have a client ask, and give what it printed."""
        return msgspec.json.decode(self._run(client, gateway.process.url, gateway.key, *words), type=Report)

    def _run(self, *words: str) -> str:
        environment = {**os.environ, "NO_COLOR": "1", "NODE_ENV": "production"}  # as the clients are released
        done = subprocess.run(
            [self._node, *words], cwd=self.folder, capture_output=True, text=True, timeout=TOOL_S, env=environment, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


class Exchange(msgspec.Struct, frozen=True):
    """A request of a client, by what names its document in it, and how it was answered."""

    method: str
    names: list[str]
    status: int
    code: str | None


class Report(msgspec.Struct):
    results: list[Any]
    exchanges: list[Exchange]

    @property
    def sent(self) -> list[tuple[Any, ...]]:
        return [(own.method, *own.names, own.code) for own in self.exchanges]


class KeyedGateway(msgspec.Struct):
    """A gateway that runs, and the key of its caller."""

    process: ServeProcess
    key: str


@contextmanager
def keyed_gateway(folder: Path, documents: Mapping[str, Any], workers: int = 1, more: str = "") -> Iterator[KeyedGateway]:
    """Serve a customer to a caller with a key, with these settings of documents, and `more` tables."""
    keys, _ = asyncio.run(keys_in(folder, ["web"]))
    tables = [
        f'[callers.web]\n[access.keys]\nsecret = "{SECRET}"\nfile = "keys.json"\n[documents]',
        *(f"{name} = {json.dumps(value)}" for name, value in documents.items()),
        SOURCE.format(folder=folder),
        more,
    ]
    (folder / "crm.db").touch()
    (folder / "gateway.toml").write_text("\n".join(tables), "utf-8")
    with serve_process(folder / "gateway.toml", workers=workers) as process:
        process.wait_ready(workers)
        yield KeyedGateway(process, keys["web"])
