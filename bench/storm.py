"""What callers cost who have gone: many send a query that never comes twice, hang up a second later and ask again.

The sources count their calls. Afterwards one caller asks and waits: how long it takes until the gateway is at his service.
"""

import asyncio
import time
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from bench import data, gateway, sources
from bench.data import customer_id
from bench.processes import BenchError, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body
from bench.sources import Sources

DEADLINE_MS = 2000
MAX_WAIT_MS = 2000.0
"""For the first answer after the storm: a deadline."""
MAX_CALLS_AFTER = 40
"""To the sources after the storm, for those who have gone: what was under way."""

_PATIENCE_S = 1.0
_PROBED_FOR_S = 180.0
_NORMAL_MS = 100.0
_QUIET_S = 1.0
_TEXT = """query S%(number)d { s%(number)d: customer(by: {id: "%(id)s"}) { id name
    orders(first: 20) { nodes { id status items { name } } } tickets(first: 10) { nodes { id } }
    events(first: 20) { nodes { type at } } } }"""
_NOTHING = msgspec.json.encode({"query": "{ __typename }"})


class Storm(msgspec.Struct, frozen=True):
    """What was asked and answered in the storm, and how the gateway was afterwards.

    `nothing_ms` is how long `{__typename}` took, asked at its end; `query_ms` how long a query took then, asked behind it.
    `normal_after_s` is when a query was as quick as usual, from the end of the storm. Calls are those to all sources.
    """

    callers: int
    asked: int
    answered: int
    refused: int
    usual_ms: float
    nothing_ms: float
    query_ms: float
    normal_after_s: float
    calls_during: int
    calls_after: int
    before_mb: float
    storm_mb: float
    after_mb: float

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        slowest_ms = max(self.nothing_ms, self.query_ms)
        return [
            (f"after the storm: answers after {slowest_ms:,.0f} ms, at most {MAX_WAIT_MS:,.0f} ms", slowest_ms <= MAX_WAIT_MS),
            (
                f"calls to sources after the storm: {self.calls_after:,}, at most {MAX_CALLS_AFTER}",
                self.calls_after <= MAX_CALLS_AFTER,
            ),
        ]


class _Callers:
    """Those who ask and hang up."""

    def __init__(self, port: int, customers: int) -> None:
        self.asked = self.answered = self.refused = 0
        self._port, self._customers = port, customers
        self._numbers = count()

    async def ask_until(self, end_s: float) -> None:
        while (now := time.monotonic()) < end_s:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(min(_PATIENCE_S, end_s - now)):
                    await self._ask()

    async def _ask(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(_post(self._body()))
            self.asked += 1
            status = int((await reader.readuntil(b"\r\n")).split(b" ", 2)[1])
            self.answered += status == 200
            self.refused += status == 503
            if status == 503:
                await asyncio.sleep(_PATIENCE_S)  # told to come again later
        finally:
            writer.transport.abort()

    def _body(self) -> bytes:
        number = next(self._numbers)
        text = _TEXT % {"number": number, "id": customer_id(number % self._customers)}
        return msgspec.json.encode({"query": " ".join(text.split())})


def measured(*, callers: int, seconds: float, customers: int = data.CUSTOMERS) -> Storm:
    """Raises `BenchError` when something is missing, or the gateway does not find back to its usual speed."""
    need_all(["gcc"])
    folder, cores = data.prepared(customers=customers), chosen_cores()
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(folder, cores))
        settings = gateway.write_settings(own / "gateway.toml", found, deadline_ms=DEADLINE_MS)
        port, process = stack.enter_context(gateway.started(settings, cores))
        usual_ms = median(_took_ms(port, _query(number)) for number in range(20))
        before_mb, calls_before = process.resident_mb(), _calls(found)
        storming = _Callers(port, customers)
        asyncio.run(_storm(storming, callers, seconds))
        ended_s, calls_at_end, storm_mb = time.monotonic(), _calls(found), process.resident_mb()
        nothing_ms = _took_ms(port, _NOTHING)
        query_ms = _took_ms(port, _query(20))
        normal_after_s, probes = _until_normal(port, ended_s, usual_ms)
        calls_after = _calls_when_quiet(found) - calls_at_end - probes * _calls_of_a_query()
        return Storm(
            callers,
            storming.asked,
            storming.answered,
            storming.refused,
            usual_ms,
            nothing_ms,
            query_ms,
            normal_after_s,
            calls_during=calls_at_end - calls_before,
            calls_after=max(0, calls_after),
            before_mb=before_mb,
            storm_mb=storm_mb,
            after_mb=process.resident_mb(),
        )


async def _storm(storming: _Callers, callers: int, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    await asyncio.gather(*(storming.ask_until(end_s) for _ in range(callers)))


def _until_normal(port: int, ended_s: float, usual_ms: float) -> tuple[float, int]:
    """When a query was as quick as usual, in seconds from the storm's end, and how many were asked, with the one before."""
    probes = 1
    while time.monotonic() < ended_s + _PROBED_FOR_S:
        probes += 1
        if _took_ms(port, _query(20 + probes)) <= max(_NORMAL_MS, 3 * usual_ms):
            return time.monotonic() - ended_s, probes
    raise BenchError(f"the gateway is not back to its usual speed in {_PROBED_FOR_S:.0f} s")


def _took_ms(port: int, request: bytes) -> float:
    started = time.monotonic()
    asyncio.run(_answer(port, request))
    return (time.monotonic() - started) * 1000


async def _answer(port: int, request: bytes) -> None:
    """Raises `BenchError` when no answer begins in time."""
    try:
        async with asyncio.timeout(_PROBED_FOR_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(_post(request))
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise BenchError(f"no answer after the storm: {type(error).__name__}") from error


def _query(number: int) -> bytes:
    return body("Q1", GATEWAY_QUERIES["Q1"], {"id": customer_id(number)})


def _calls_of_a_query() -> int:
    return len(data.KINDS)


def _post(content: bytes) -> bytes:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _calls(found: Sources) -> int:
    return sum(found.calls().values())


def _calls_when_quiet(found: Sources) -> int:
    """All calls so far, once there are no new ones for a while."""
    before = -1
    while (now := _calls(found)) != before:
        before = now
        time.sleep(_QUIET_S)
    return now
