"""What retries are worth, and what they cost: the order source fails calls at random, and every answer is looked at."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import msgspec

from bench import data, gateway, sources
from bench.callers import asking
from bench.processes import Cores, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body, rotating_variables
from bench.sources import Sources

QUERY = "Q1"
DEADLINE_MS = 1000
SETTINGS = {"as by default": "", "retries = 0": "retries = 0"}
MAX_EXTRA, RESERVE = 0.1, 10
"""Extra calls as a share of the others, and how many there may be beyond that."""
_SEED = 42
_RETRIED_S = 0.5
"""The same question so soon after it failed is a retry: in the rotation of customers it comes again much later."""


class Flaky(msgspec.Struct, frozen=True):
    """What was seen with one way to call. `extra` are calls for what had just failed; they are among the `calls`."""

    setting: str
    requests: int
    complete: int
    calls: int
    failed: int
    extra: int

    @property
    def share(self) -> float:
        """Of complete answers."""
        return self.complete / self.requests

    @property
    def extra_share(self) -> float:
        return self.extra / (self.calls - self.extra)

    def verdict(self) -> tuple[str, bool]:
        """Whether extra calls stay within their budget."""
        most = MAX_EXTRA * (self.calls - self.extra) + RESERVE
        return f"{self.setting}: {self.extra:,} extra calls ({self.extra_share:.1%}), at most {most:,.0f}", self.extra <= most


class _Front:
    """Stands in front of the order source, and says instead of it that it is out of service."""

    def __init__(self, behind: int, failing: float) -> None:
        self.port = 0
        self.calls = self.failed = self.extra = 0
        self._behind = behind
        self._failing = failing
        self._random = random.Random(_SEED)
        self._failed_at: dict[bytes, float] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection("127.0.0.1", self._behind)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    question = await reader.readuntil(b"\r\n\r\n")
                    if self._fails(question.split(b" ", 2)[1]):
                        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                    else:
                        questions.write(question)
                        writer.write(await _answer(answers))
                    await writer.drain()
        finally:
            questions.close()
            writer.close()

    def _fails(self, target: bytes) -> bool:
        now = time.monotonic()
        self.calls += 1
        self.extra += now - self._failed_at.pop(target, float("-inf")) < _RETRIED_S
        if self._random.random() >= self._failing:
            return False
        self.failed += 1
        self._failed_at[target] = now
        return True


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


@contextmanager
def _fronted(behind: int, failing: float) -> Iterator[_Front]:
    """In a thread of its own, for who measures waits."""
    front, up = _Front(behind, failing), Event()
    ending: list[Callable[[], object]] = []

    async def run() -> None:
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        ending.append(lambda: loop.call_soon_threadsafe(ended.set))
        server = await asyncio.start_server(front.serve, "127.0.0.1", 0)
        front.port = server.sockets[0].getsockname()[1]
        up.set()
        await ended.wait()
        server.close()

    thread = Thread(target=lambda: asyncio.run(run()))
    thread.start()
    up.wait()
    try:
        yield front
    finally:
        ending[0]()
        thread.join()


def measured(*, seconds: float, callers: int, failing: float, customers: int = data.CUSTOMERS) -> list[Flaky]:
    """`failing` is the share of calls that fail. Raises `BenchError` when something is missing, or a request has no answer."""
    need_all(["gcc"])
    folder, cores = data.prepared(customers=customers), chosen_cores()
    with sources.served(folder, cores) as found:
        return [_of(setting, found, cores, seconds, callers, failing, customers) for setting in SETTINGS]


def _of(setting: str, found: Sources, cores: Cores, seconds: float, callers: int, failing: float, customers: int) -> Flaky:
    bodies = [body(QUERY, GATEWAY_QUERIES[QUERY], variables) for variables in rotating_variables(QUERY, customers)]
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        front = stack.enter_context(_fronted(found.ports["orders"], failing))
        known = Sources({**found.ports, "orders": front.port})
        settings = gateway.write_settings(own / "gateway.toml", known, deadline_ms=DEADLINE_MS, orders=SETTINGS[setting])
        port = stack.enter_context(gateway.served(settings, cores))
        with asking(f"http://127.0.0.1:{port}/graphql", bodies, callers=callers) as answers:
            time.sleep(seconds)
        complete = sum(one.complete for one in answers)
        return Flaky(setting, len(answers), complete, front.calls, front.failed, front.extra)
