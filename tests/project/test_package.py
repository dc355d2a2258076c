"""A stranger's connector: one file in a package of its own, installed beside the gateway."""

import asyncio
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zipfile import ZipFile

import pytest

from connectors.errors import ConfigurationError
from connectors.http import HttpConnector
from gateway.lookups import connector_registry
from tests.support.markdown import blocks
from tests.support.paths import ROOT

SHOWN, ITS_TEST, *_ = (block.text for block in blocks(ROOT / "docs" / "connectors.md") if block.language == "python")
SETTINGS = """[sources.tills]
kind = "tills"
base_url = "http://127.0.0.1:{port}"
token = "secret"
keys = {{ event = ["member_number"] }}
"""
INFO = "storefront_tills-1.0.dist-info"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Where the package is installed: the connector that the docs show, as a wheel with an entry point."""
    folder = tmp_path_factory.mktemp("stranger")
    wheel = folder / "storefront_tills-1.0-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("storefront_tills.py", SHOWN)
        archive.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: storefront-tills\nVersion: 1.0\n")
        archive.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{INFO}/entry_points.txt", "[profile_gateway.connectors]\ntills = storefront_tills:Tills\n")
        archive.writestr(f"{INFO}/RECORD", "")
    target = folder / "site"
    run("-m", "uv", "pip", "install", "--offline", "--no-deps", "--no-index", "--target", str(target), str(wheel))
    return target


class NoVisits(BaseHTTPRequestHandler):
    """The API of tills that have had no visits."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"visits": []}')

    do_HEAD = do_GET  # noqa: N815  the name is the server's

    def log_message(self, *words):
        pass


@pytest.fixture
def tills():
    """The port of the tills' API."""
    with ThreadingHTTPServer(("127.0.0.1", 0), NoVisits) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def run(*words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_appears_in_check(installed, tills, tmp_path):
    """With its kind, its record and its key kind, without a line of the gateway changed."""
    (tmp_path / "gateway.toml").write_text(SETTINGS.format(port=tills))
    told = run(
        "-c",
        "from gateway.cli import app; app()",
        "check",
        "--config",
        str(tmp_path / "gateway.toml"),
        PYTHONPATH=str(installed),
        COLUMNS="160",
    )
    assert [word in told for word in ("tills", "event", "member_number", "No problems found.")] == [True] * 4
    manner = "up to 4 calls at once, 2 retries, left alone for 5 s when 90% of 10 calls in 10 s failed"
    assert f"tills (tills): {manner}" in " ".join(told.split())


def test_it_passes_the_contract_test(installed, tmp_path):
    """The published one, run as the stranger runs it: from the package's own test file."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    (tmp_path / "test_tills.py").write_text(ITS_TEST.replace("connectors.tills", "storefront_tills"))
    paths = os.pathsep.join([str(installed), str(ROOT)])
    told = run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(tmp_path / "pytest.ini"), str(tmp_path), PYTHONPATH=paths
    )
    assert " passed" in told
    assert "failed" not in told


class Entry:
    """An entry point that loads what it was given."""

    def __init__(self, name, found):
        self.name = name
        self.found = found

    def load(self):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (ImportError("secret"), "tills cannot be imported (ImportError); mend or remove the package"),
        (asyncio, "tills is no connector with a `kind`; name the class in the entry point"),
        (HttpConnector, "tills is of the kind 'http'; name the entry point so"),
    ],
)
def test_a_package_of_no_use_is_a_problem_of_the_configuration(monkeypatch, found, problem):
    """It names the entry point and the fix, and nothing of what the package said."""
    monkeypatch.setattr(connector_registry, "entry_points", lambda group: [Entry("tills", found)])
    with pytest.raises(ConfigurationError) as caught:
        connector_registry.connector_kinds()
    assert caught.value.problems == (f"profile_gateway.connectors: {problem}",)


def test_a_package_does_not_take_the_place_of_a_kind(monkeypatch):
    """The gateway's own kind stays what it is."""
    monkeypatch.setattr(connector_registry, "entry_points", lambda group: [Entry("http", HttpConnector)])
    with pytest.raises(ConfigurationError, match="http is a kind that there is already; rename it"):
        connector_registry.connector_kinds()


def test_only_the_wanted_kinds_are_imported(monkeypatch):
    """What another kind needs is not imported either, and a package that nobody wants harms nobody."""
    monkeypatch.setattr(connector_registry, "entry_points", lambda group: [Entry("tills", ImportError())])
    assert connector_registry.connector_kinds({"http"}) == {"http": HttpConnector}
    told = run(
        "-c",
        "import sys\nfrom gateway.lookups.connector_registry import connector_kinds\nconnector_kinds({'http'})\n"
        "print([name for name in ('duckdb', 'sqlalchemy') if name in sys.modules])",
    )
    assert told == "[]\n"
