"""The peers: how each is started. All ask the same sources and answer the same three queries at `/graphql`."""

import subprocess
import sys
from pathlib import Path

from bench.processes import need

NODE = Path(__file__).with_name("node")

PEERS = ("strawberry", "apollo", "mercurius", "rest")


def command(peer: str, port: int) -> list[str]:
    if peer in {"strawberry", "rest"}:
        return serve_python(f"bench.peers.{peer}_peer:app", port)
    return [need("node"), str(NODE / f"{peer}.mjs"), str(port)]


def serve_python(application: str, port: int) -> list[str]:
    """The words that serve a Python peer as fast as uvicorn can."""
    served = [application, "--host", "127.0.0.1", "--port", str(port)]
    fast = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", *served, *fast]


def install(folder: Path = NODE) -> None:
    """The packages of Node peers, as their lock says, where they are not there yet."""
    lock, done = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        words = [need("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(words, cwd=folder, check=True)
        done.touch()
