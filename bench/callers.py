"""Callers that look at each answer: whether it is complete, and when it came. Figures of speed come from wrk."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
def asking(url: str, bodies: Sequence[bytes], *, callers: int) -> Iterator[list[Answer]]:
    """So many callers ask, each again once it is answered, until the block ends; the answers so far.

    Raises `BenchError` when a request has no answer, or one that is no 200.
    """
    answers: list[Answer] = []
    ended = Event()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(lambda: asyncio.run(_ask(url, bodies, callers, ended, answers)))
        try:
            yield answers
        finally:
            ended.set()
    try:
        asked.result()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise BenchError(f"{url}: a request has no answer: {type(error).__name__}") from error


async def _ask(url: str, bodies: Sequence[bytes], callers: int, ended: Event, answers: list[Answer]) -> None:
    waiting = cycle(bodies)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=callers),
        timeout=aiohttp.ClientTimeout(_TIMEOUT_S),
        headers={"Content-Type": "application/json"},
    ) as session:

        async def call() -> None:
            while not ended.is_set():
                started = time.monotonic()
                async with session.post(url, data=next(waiting)) as response:
                    content = await response.read()
                if response.status != 200:
                    raise BenchError(f"status {response.status}")
                took_ms = (time.monotonic() - started) * 1000
                answers.append(Answer(time.time(), took_ms, _top(content).errors is None))

        await asyncio.gather(*(call() for _ in range(callers)))
