"""CPU of a request, in short turns of several gateways: each runs without a server around it, and answers when told to."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import msgspec

from bench.processes import BenchError, pinned


class Turns:
    """A process that answers requests when it is told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def answer(self, requests: int) -> float:
        """Have so many requests answered. Gives the CPU of one in microseconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{requests}\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline()) / requests / 1000
        except (OSError, ValueError):
            raise BenchError("the gateway ended; its last words stand above") from None


class TurnCosts(msgspec.Struct, frozen=True):
    """CPU of a request to the gateway in microseconds, by way and round."""

    query: str
    cpu_us: dict[str, list[float]]

    def undisturbed_us(self, way: str) -> float:
        """CPU of a request in the tenth of the turns that others on the machine disturbed least."""
        return quantiles(self.cpu_us[way], n=10)[0]


@contextmanager
def answering_turns(settings: Path, lines: Path, tree: Path, core: int | None, credential: str = "") -> Iterator[Turns]:
    """Start the gateway of a tree, to answer the requests of a file in turn. Its caller shows a credential, if there is one."""
    program = Path(__file__).with_name("answer_turns.py").read_text("utf-8")
    words = pinned([sys.executable, "-c", program, str(settings), str(lines), credential], core)
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    with subprocess.Popen(
        words, cwd=tree, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Turns(process)
        finally:
            process.terminate()


def measure_cpu(turns: Mapping[str, Turns], *, warm_up: int, rounds: int, requests: int) -> dict[str, list[float]]:
    """Give each way its turn in each round, after so many requests to warm up. Gives the CPU of a request in microseconds."""
    for own in turns.values():
        own.answer(warm_up)
    cpu_us: dict[str, list[float]] = {way: [] for way in turns}
    for order in shuffled_orders(list(turns), rounds):
        for way in order:
            cpu_us[way].append(turns[way].answer(requests))
    return cpu_us


def shuffled_orders(ways: Sequence[str], rounds: int) -> Iterator[list[str]]:
    """Give the ways in another order for each round."""
    draw = random.Random(1)
    for _ in range(rounds):
        yield draw.sample(ways, len(ways))
