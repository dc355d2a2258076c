"""The peers: how each is started. All ask the same sources and answer the same three queries at `/graphql`."""

import subprocess
import sys
from pathlib import Path

from bench.processes import need

_NODE = Path(__file__).with_name("node")

PEERS = ("strawberry", "apollo", "mercurius", "rest")


def command(peer: str, port: int) -> list[str]:
    if peer in {"strawberry", "rest"}:
        served = [f"bench.peers.{peer}_peer:app", "--host", "127.0.0.1", "--port", str(port)]
        fast = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", *served, *fast]
    return [need("node"), str(_NODE / f"{peer}.mjs"), str(port)]


def install() -> None:
    """The packages of the Node peers, as their lock says, where they are not there yet."""
    lock, done = _NODE / "package-lock.json", _NODE / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([need("npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=_NODE, check=True)
        done.touch()
