"""The wheel, installed from the lock into an empty environment, serves as another user on a read-only root.

Each extra is installed in an environment of its own, and serves something that needs it.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from tests.support.paths import ROOT
from tests.support.serve_process import free_port

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
READ_ONLY = """
mount --make-rprivate /
mount --bind "$0" "$0"
mount -o remount,bind,ro "$0"
mount -o remount,bind,ro /
if touch "$0/probe" /probe 2>/dev/null; then echo "the root can be written" >&2; exit 99; fi
mount -t tmpfs -o mode=1777 tmpfs "$0/volume"
cd /
exec "$@"
"""
"""Makes all that is on disk read-only but for an empty volume, as a container has it, and runs a command."""
PATIENCE_S = 300
QUERY = '{ customer(by: {id: "c00001"}) { name } }'
MYSQL = """
[sources.ledger]
kind = "sql"
url = "mysql+asyncmy://reader@127.0.0.1:9/ledger"
[sources.ledger.records.ticket]
query = "SELECT id, customer_id, subject FROM tickets"
keys = { customer_id = "customer_id" }
"""
FILES = """
[sources.exports]
kind = "files"
path = "{folder}/exports"
tables = { orders = "orders.csv" }
[sources.exports.records.order]
query = "SELECT id, customer_id, placed_at FROM orders"
keys = { customer_id = "customer_id" }
"""


def may_isolate() -> bool:
    """Whether this user may make a mount namespace and change to another user."""
    words = ["unshare", "--mount", *NOBODY, "true"]
    tools = os.geteuid() == 0 and shutil.which("unshare") and shutil.which("setpriv")
    return bool(tools) and subprocess.run(words, capture_output=True, cwd="/").returncode == 0


def find_python() -> str | None:
    """A Python that another user may run: that of the tests, or the system's."""
    for python in (Path(sys.executable).resolve(), Path("/usr/bin/python3")):
        # Through a shell, for setpriv itself still reaches folders that are closed to others.
        test = [*NOBODY, "sh", "-c", f"'{python}' -c 'import sys; sys.exit(sys.version_info < (3, 11))'"]
        if subprocess.run(test, capture_output=True, cwd="/").returncode == 0:
            return str(python)
    return None


pytestmark = [
    pytest.mark.release,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not may_isolate(), reason="only root on Linux may make a read-only root with unshare and setpriv"),
]


class Release(NamedTuple):
    """The built wheel, the Python to install it for, and the folder that all is in."""

    folder: Path
    wheel: Path
    python: str

    def run_uv(self, *words: str) -> None:
        """Run uv, from the index that pip is configured with."""
        configured = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
        ).stdout.strip()
        index = os.environ.get("PIP_INDEX_URL") or configured
        environment = os.environ | ({"UV_DEFAULT_INDEX": index} if index and "UV_DEFAULT_INDEX" not in os.environ else {})
        done = subprocess.run([sys.executable, "-m", "uv", *words], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def install(self, extras: str) -> Path:
        """Install the wheel as the Dockerfile does; the folder with its commands."""
        environment = self.folder / f"with-{extras or 'nothing'}"
        self.run_uv("venv", "--python", self.python, str(environment))
        pip = ["pip", "install", "--python", str(environment), "--no-build", "--compile-bytecode"]
        self.run_uv(*pip, "--require-hashes", "--requirement", "requirements/runtime.txt")
        self.run_uv(*pip, "--constraint", "requirements/dev.txt", f"{self.wheel}[{extras}]")
        return environment / "bin"

    def run(self, *words: str) -> None:
        """Run a command as nobody, with the disk as it is."""
        done = subprocess.run([*NOBODY, *words], capture_output=True, text=True, cwd="/", env={"HOME": "/nonexistent"})
        assert done.returncode == 0, done.stderr

    @contextmanager
    def serving(self, *words: str, environment: Mapping[str, str]) -> Iterator[str]:
        """The address of a gateway that runs as nobody on a read-only root, until SIGTERM."""
        port = free_port()
        isolated = ["unshare", "--mount", "sh", "-euc", READ_ONLY, str(self.folder), *NOBODY, *words, "--port", str(port)]
        with (self.folder / "log").open("w+") as log:
            process = subprocess.Popen(
                isolated, env={"HOME": "/nonexistent", "PATH": os.environ["PATH"], **environment}, stdout=log, stderr=log
            )
            try:
                wait_ready(f"http://127.0.0.1:{port}", process, self.folder / "log")
                yield f"http://127.0.0.1:{port}"
                process.terminate()
                assert process.wait(PATIENCE_S) in {0, -signal.SIGTERM}
            finally:
                process.kill()
                process.wait()


def wait_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the gateway says that it is ready."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            if httpx2.get(f"{address}/readyz", timeout=10).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail(log.read_text())


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    """The wheel, built without the network in a folder that everybody may read."""
    python = find_python()
    if python is None:
        pytest.skip("no Python that another user may run")
    with tempfile.TemporaryDirectory(prefix="release-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "volume").mkdir()
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        (wheel,) = folder.glob("*.whl")
        yield Release(folder, wheel, python)


@pytest.fixture(scope="module")
def plain(release: Release) -> Path:
    """The commands of a gateway without extras."""
    return release.install("")


@pytest.fixture(scope="module")
def shop(release: Release, plain: Path) -> Path:
    """The settings of the demo's shop, which nobody wrote."""
    folder = release.folder / "data"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    release.run(str(plain / "profile-gateway"), "demo", "--prepare-only", "--folder", str(folder), "--customers", "30")
    return folder / "shop" / "gateway.toml"


def ask(address: str, query: str = QUERY) -> dict[str, object]:
    """The data that a query gives."""
    answer = httpx2.post(f"{address}/graphql", json={"query": query}, timeout=PATIENCE_S).json()
    assert "errors" not in answer
    return answer["data"]


def serve(bin_folder: Path, settings: Path, *words: str) -> list[str]:
    """The command that serves these settings."""
    return [str(bin_folder / "profile-gateway"), "serve", "--config", str(settings), *words]


def test_it_serves_without_extras(release: Release, plain: Path, shop: Path) -> None:
    """Two workers answer and end, in production, with nothing on disk that they may write."""
    words = serve(plain, shop, "--workers", "2")
    with release.serving(*words, environment={"GATEWAY_ENVIRONMENT": "production"}) as address:
        assert ask(address) == {"customer": {"name": "Emma Clarke"}}


class Case(NamedTuple):
    """Settings that need an extra, what they answer, and what is said without it."""

    source: str
    environment: Mapping[str, str]
    query: str
    answer: Mapping[str, object]
    problem: str


CASES = {
    "motor": Case(
        "",
        {"GATEWAY_MONGODB__URI": "mongodb://127.0.0.1:9", "GATEWAY_MONGODB__DRIVER": "motor"},
        '{ customer(by: {id: "c00001"}) { tag(key: "lifecycle_stage") { value } } }',
        {"customer": {"tag": {"value": "ACTIVE"}}},
        "GATEWAY_MONGODB__DRIVER: Motor needs an extra; install customer-profile-gateway[motor]",
    ),
    "mysql": Case(
        MYSQL,
        {},
        QUERY,
        {"customer": {"name": "Emma Clarke"}},
        "sources.ledger.url: MySQL needs an extra; install customer-profile-gateway[mysql]",
    ),
    "files": Case(
        FILES,
        {},
        '{ customer(by: {id: "c00001"}) { orders(first: 1) { nodes { id } } } }',
        {"customer": {"orders": {"nodes": [{"id": "exports:7"}]}}},
        "sources.exports: files need an extra; install customer-profile-gateway[files]",
    ),
}


@pytest.mark.parametrize("extra", CASES)
def test_it_serves_with_an_extra(release: Release, plain: Path, shop: Path, extra: str) -> None:
    """Settings that need the extra are served with it; without it, the problem names it."""
    case = CASES[extra]
    settings = shop.with_name(f"{extra}.toml")
    settings.write_text(shop.read_text() + case.source.replace("{folder}", str(shop.parent)))
    settings.chmod(0o644)
    exports = shop.parent / "exports"
    exports.mkdir(exist_ok=True)
    (exports / "orders.csv").write_text("id,customer_id,placed_at\n7,c00001,2026-06-30\n")
    without = subprocess.run(
        [*NOBODY, *serve(plain, settings)], capture_output=True, text=True, cwd="/", env=dict(case.environment)
    )
    assert (without.returncode, case.problem in without.stderr) == (2, True), without.stderr
    with release.serving(*serve(release.install(extra), settings), environment=case.environment) as address:
        assert ask(address, case.query) == case.answer


def test_traces_can_be_sent_with_their_extra(release: Release) -> None:
    """The exporter can be imported, which it cannot without the extra."""
    imported = [str(release.install("otel") / "python"), "-c", "import opentelemetry.exporter.otlp.proto.http.trace_exporter"]
    release.run(*imported)


def test_the_demo_runs_with_the_embedded_database(release: Release) -> None:
    """It needs a place to write, and has SecantusDB there."""
    words = [str(release.install("embedded") / "profile-gateway"), "demo", "--no-open", "--customers", "30"]
    with release.serving(*words, "--folder", str(release.folder / "volume"), environment={}) as address:
        assert ask(address) == {"customer": {"name": "Emma Clarke"}}


def test_a_lock_with_another_hash_is_refused(release: Release) -> None:
    """What an extra brings is installed only with the content that the lock names."""
    lock = release.folder / "lock.txt"
    text = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    before, package, after = re.split(r"^(duckdb==.*?)$(?=\n\S)", text, maxsplit=1, flags=re.MULTILINE | re.DOTALL)
    lock.write_text(before + re.sub("sha256:[0-9a-f]+", "sha256:" + "0" * 64, package) + after)
    environment = release.folder / "refused"
    release.run_uv("venv", "--python", release.python, str(environment))
    with pytest.raises(AssertionError, match="Hash mismatch for `duckdb=="):
        release.run_uv("pip", "install", "--python", str(environment), "--constraint", str(lock), f"{release.wheel}[files]")
