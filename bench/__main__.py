"""`python -m bench`: check that both give the same answers, drive them in turn, print medians and ratios."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from bench.load import Call, Figures, driven
from bench.peer import CARD
from gateway.demo.prepare import prepare_shop

CUSTOMERS = 2000
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = 3
RESULTS = Path("bench/results/latest.json")


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        prepared = prepare_shop(folder, customers=CUSTOMERS, seed=1, progress=lambda *_: None)
        gateway_port, peer_port = _free_port(), _free_port()
        serve = "from gateway.cli import app; app()"
        words = ["serve", "--config", str(prepared.settings), "--port", str(gateway_port)]
        stack.enter_context(_running([sys.executable, "-c", serve, *words], gateway_port))
        words = ["bench.peer:create", "--factory", "--port", str(peer_port), "--no-access-log", "--log-level", "warning"]
        environment = {**os.environ, "BENCH_FOLDER": str(folder)}
        stack.enter_context(_running([sys.executable, "-m", "uvicorn", *words], peer_port, environment))
        calls: dict[str, Call] = {
            "gateway": lambda session, number: session.post(
                f"http://127.0.0.1:{gateway_port}/graphql", json={"query": CARD, "variables": {"id": _customer(number)}}
            ),
            "handwritten": lambda session, number: session.get(f"http://127.0.0.1:{peer_port}/card/{_customer(number)}"),
        }
        _check_equal(gateway_port, peer_port)
        results = {callers: _compared(calls, callers) for callers in (1, 32)}
    _show(results)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)))


def _compared(calls: dict[str, Call], callers: int) -> dict[str, list[Figures]]:
    """Rounds of each in turn, so that a noisy minute hits both."""
    found: dict[str, list[Figures]] = {name: [] for name in calls}
    for call in calls.values():
        asyncio.run(driven(call, callers=callers, seconds=1))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            found[name].append(asyncio.run(driven(call, callers=callers, seconds=SECONDS)))
    return found


def _show(results: dict[int, dict[str, list[Figures]]]) -> None:
    table = Table("Callers", "Who", "Requests/s", "p50 ms", "p99 ms", "Ratio (spread)")
    for callers, found in results.items():
        for name, rounds in found.items():
            ratios = [one.rps / peer.rps for one, peer in zip(rounds, found["handwritten"], strict=True)]
            table.add_row(
                str(callers),
                name,
                f"{median(one.rps for one in rounds):,.0f}",
                f"{median(one.p50_ms for one in rounds):.2f}",
                f"{median(one.p99_ms for one in rounds):.2f}",
                f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            )
    Console().print(table)


def _check_equal(gateway_port: int, peer_port: int) -> None:
    for number in range(0, CUSTOMERS + 1, 97):
        body = json.dumps({"query": CARD, "variables": {"id": _customer(number)}}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{gateway_port}/graphql", body, {"content-type": "application/json"})
        ours = json.load(urllib.request.urlopen(request))
        theirs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{peer_port}/card/{_customer(number)}"))
        assert ours == theirs, f"the answers differ for customer {_customer(number)}"


def _customer(number: int) -> str:
    return f"c{number % CUSTOMERS + 1:05d}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
            else:
                break
        yield
    finally:
        process.terminate()
        process.wait(15)


if __name__ == "__main__":
    main()
