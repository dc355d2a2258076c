"""Callers that look at each answer: whether it is complete, and when it came. Figures of speed come from wrk."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from itertools import cycle
from threading import Event
from typing import Any, NamedTuple

import aiohttp
import msgspec

from bench.processes import BenchError

_TIMEOUT_S = 30


class Answer(NamedTuple):
    """When it came (seconds of the time of day), how long it took, and whether it has no error."""

    at_s: float
    took_ms: float
    complete: bool


class _Top(msgspec.Struct):
    errors: list[Any] | None = None


_top = msgspec.json.Decoder(_Top).decode


@contextmanager
def asking(
    url: str, bodies: Sequence[bytes] | Iterator[bytes], *, callers: int, any_status: bool = False
) -> Iterator[list[Answer]]:
    """So many callers ask, each again once it is answered, until the block ends; the answers so far.

    Raises `BenchError` when a request has no answer, or one that is no 200; with `any_status` that one is not complete.
    """
    answers: list[Answer] = []
    ended = Event()
    waiting = cycle(bodies) if isinstance(bodies, Sequence) else bodies
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(lambda: asyncio.run(_ask(url, waiting, callers, ended, answers, any_status)))
        try:
            yield answers
        finally:
            ended.set()
    try:
        asked.result()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise BenchError(f"{url}: a request has no answer: {type(error).__name__}") from error


@asynccontextmanager
async def session(callers: int) -> AsyncIterator[aiohttp.ClientSession]:
    """Connections for so many callers at a time."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=callers),
        timeout=aiohttp.ClientTimeout(_TIMEOUT_S),
        headers={"Content-Type": "application/json"},
    ) as opened:
        yield opened


async def _ask(url: str, waiting: Iterator[bytes], callers: int, ended: Event, answers: list[Answer], any_status: bool) -> None:
    async with session(callers) as opened:

        async def call() -> None:
            while not ended.is_set():
                started = time.monotonic()
                async with opened.post(url, data=next(waiting)) as response:
                    content = await response.read()
                if response.status != 200 and not any_status:
                    raise BenchError(f"status {response.status}")
                took_ms = (time.monotonic() - started) * 1000
                complete = response.status == 200 and _top(content).errors is None
                answers.append(Answer(time.time(), took_ms, complete))

        await asyncio.gather(*(call() for _ in range(callers)))
