"""A load driver: a number of callers that each wait for their answer before they ask again."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from statistics import quantiles

import aiohttp
import msgspec

Call = Callable[[aiohttp.ClientSession, int], AbstractAsyncContextManager[aiohttp.ClientResponse]]


class Figures(msgspec.Struct, frozen=True):
    """Requests per second, and the time of an answer in milliseconds at the median and the 99th percentile."""

    rps: float
    p50_ms: float
    p99_ms: float


async def driven(call: Call, *, callers: int, seconds: float) -> Figures:
    """Drive for some seconds. Raises `AssertionError` on the first answer that is not 200."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def caller(number: int, session: aiohttp.ClientSession) -> None:
        while (started := time.perf_counter()) < end:
            async with call(session, number) as response:
                await response.read()
                assert response.status == 200, response.status
            times.append(time.perf_counter() - started)
            number += callers

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        started = time.perf_counter()
        await asyncio.gather(*(caller(number, session) for number in range(callers)))
        elapsed = time.perf_counter() - started
    cuts = quantiles(times, n=100)
    return Figures(rps=len(times) / elapsed, p50_ms=cuts[49] * 1000, p99_ms=cuts[98] * 1000)
