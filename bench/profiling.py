"""Where the gateway spends its time on a query: in this process, over the same sources or over configured ones."""

import asyncio
import gc
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop
from pyinstrument import Profiler
from pyinstrument.renderers import ConsoleRenderer
from pyinstrument.session import Session

from bench import data, gateway, sources
from bench.processes import BenchError, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body, rotating_variables
from gateway.app import create_worker
from gateway.log import configure_logging
from gateway.settings import load_settings

_INTERVAL_S = 0.001
_LONGEST = 40
_SAMPLE = 50


def bodies_of(query: str, variables: str | None) -> list[bytes]:
    """Requests for a query: Q1 to Q3 by name, a text, or a file that holds one. Without variables Q1 to Q3 rotate.

    Raises `BenchError` when the file or the variables cannot be read.
    """
    try:
        given = None if variables is None else msgspec.json.decode(variables)
        text = Path(query).read_text("utf-8") if query.endswith(".graphql") else query
    except (msgspec.DecodeError, OSError) as error:
        raise BenchError(str(error)) from None
    if query in GATEWAY_QUERIES:
        asked = rotating_variables(query) if given is None else [given]
        return [body(query, GATEWAY_QUERIES[query], one) for one in asked]
    return [msgspec.json.encode({"query": text, "variables": given or {}})]


def profiled(bodies: list[bytes], config: Path | None, *, callers: int, seconds: int) -> Iterator[str]:
    """Requests per second without a server around it, what is left to the garbage collector, functions by own time, calls.

    Raises `BenchError` when an answer has errors.
    """
    with _settings(config) as path, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        count, cyclic, session = runner.run(_run(path, bodies, callers, seconds))
    yield f"{count / seconds:,.0f} requests a second with the profiler, {callers} at a time"
    yield f"{cyclic:.0f} objects left by a request for the garbage collector, whose pauses are seen in the 99th percentile\n"
    yield "\n".join(_own_times(session))
    yield ConsoleRenderer(unicode=True, time="percent_of_total").render(session)


@contextmanager
def _settings(config: Path | None) -> Iterator[Path]:
    with ExitStack() as stack:
        if config is None:
            need_all(["gcc"])
            cores = chosen_cores()
            found = stack.enter_context(sources.served(data.prepared(), cores))
            if cores.server is not None:
                os.sched_setaffinity(0, {cores.server})
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
            config = gateway.write_settings(folder / "gateway.toml", found)
        yield config


async def _run(settings: Path, bodies: list[bytes], callers: int, seconds: int) -> tuple[int, float, Session]:
    configure_logging()
    app = create_worker(load_settings(settings))
    turn = cycle(bodies)
    async with app.router.lifespan_context(app):
        answer = msgspec.json.decode(await _answer(app, next(turn)))
        if "errors" in answer:
            raise BenchError(f"the gateway answered with errors: {answer['errors'][:1]}")
        await _asked(app, turn, callers, 1)
        cyclic = await _cyclic(app, turn)
        profiler = Profiler(interval=_INTERVAL_S, async_mode="disabled")
        with profiler:
            count = await _asked(app, turn, callers, seconds)
    assert profiler.last_session is not None
    return count, cyclic, profiler.last_session


async def _cyclic(app: Any, turn: Iterator[bytes]) -> float:
    """How many objects a request leaves in cycles of references."""
    gc.collect()
    gc.disable()
    for _ in range(_SAMPLE):
        await _answer(app, next(turn))
    found = gc.collect()
    gc.enable()
    return found / _SAMPLE


async def _asked(app: Any, turn: Iterator[bytes], callers: int, seconds: int) -> int:
    end, count = time.perf_counter() + seconds, 0

    async def caller() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await _answer(app, next(turn))
            count += 1

    await asyncio.gather(*(caller() for _ in range(callers)))
    return count


def _own_times(session: Session) -> list[str]:
    """The functions that take most time themselves, without what they call."""
    own: defaultdict[str, float] = defaultdict(float)
    todo = [frame for frame in [session.root_frame()] if frame is not None]
    whole = sum(frame.time for frame in todo)
    while todo:
        frame = todo.pop()
        if not frame.is_synthetic:
            own[f"{frame.function}  {frame.code_position_short() or ''}"] += frame.total_self_time
        todo += frame.children
    return [
        f"{time_s / whole:6.1%}  {function}" for function, time_s in sorted(own.items(), key=lambda one: -one[1])[:_LONGEST]
    ]


async def _answer(app: Any, request: bytes) -> bytes:
    """The body of an answer, as a server would ask the application for it."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(request)).encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    sent = []
    read = False

    async def receive() -> dict[str, Any]:
        nonlocal read
        if read:
            await asyncio.get_running_loop().create_future()  # the caller stays connected
        read = True
        return {"type": "http.request", "body": request, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(sent)
