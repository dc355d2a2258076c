"""What requests cost that ask for keys of each other, while the source is busy: the longest turn of the event loop.

The gateway is asked in a process of its own, `bench/loop_turns.py`, where its loop can be watched.
"""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from bench.gateway import TREE
from bench.processes import BenchError, chosen_cores, pinned

MAX_TURN_MS = 100.0
"""For one turn of the loop, in which everybody else waits."""
MAX_TOTAL_S = 15.0
"""Until all are answered: a quarter of their deadline, by which they have an answer in any case."""
_PROGRAM = Path(__file__).with_name("loop_turns.py")
_PATIENCE_S = 120.0

SHAPES = {"hot": 24, "chain": 2000, "pages": 2000}
"""How the keys of requests overlap, and how many there are: 50 of 500 at random, one of the one before, half a page."""


class Overlap(msgspec.Struct, frozen=True):
    """What came of the requests of one shape. Without figures where they took longer than could be waited for.

    `turn_ms` is the longest run of one callback of the loop, in time of the processor; `lag_ms` is the longest time between
    two turns of a task that always wants one.
    """

    shape: str
    callers: int
    answered: int
    calls: int = 0
    turn_ms: float | None = None
    lag_ms: float | None = None
    total_s: float | None = None

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        if self.turn_ms is None or self.total_s is None:
            return [(f"{self.shape}: not answered in {_PATIENCE_S:.0f} s", False)]
        answered = f"{self.shape}: {self.answered:,} of {self.callers:,} are answered"
        return [
            (
                f"{answered} after {self.total_s:.1f} s, at most {MAX_TOTAL_S:.0f} s",
                self.answered == self.callers and self.total_s <= MAX_TOTAL_S,
            ),
            (
                f"{self.shape}: the longest turn took {self.turn_ms:,.0f} ms, at most {MAX_TURN_MS:.0f} ms",
                self.turn_ms <= MAX_TURN_MS,
            ),
        ]


def measured(shapes: dict[str, int] = SHAPES) -> list[Overlap]:
    """Raises `BenchError` when the gateway cannot be asked."""
    return [_of(shape, callers) for shape, callers in shapes.items()]


def _of(shape: str, callers: int) -> Overlap:
    # -P: or the folder of the program would hide the package `gateway`.
    words = pinned([sys.executable, "-P", str(_PROGRAM), shape, str(callers)], chosen_cores().server)
    try:
        run = subprocess.run(
            words,
            env={**os.environ, "PYTHONPATH": str(TREE)},
            cwd=TREE,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return Overlap(shape, callers, 0)
    if run.returncode:
        raise BenchError(f"{shape}: {run.stderr[-2000:].strip()}")
    return msgspec.json.decode(run.stdout.splitlines()[-1], type=Overlap)
