"""Answer requests in turns, without a server around it: a line with a number in, the CPU since the last turn out.

It runs as a program of its own, on the gateway of any tree: settings, a file of requests and a credential are its arguments.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import uvloop

from gateway.app import create_worker
from gateway.http.request_head import Head
from gateway.log import configure_logging
from gateway.settings import load_settings

CALLERS = 32
_HEADERS = [(b"content-type", b"application/json"), (b"accept", b"*/*"), (b"host", b"127.0.0.1:8000")]


async def _answer_turns(settings: str, bodies: Iterator[bytes], credential: str) -> None:
    headers = [*_HEADERS, (b"authorization", b"Bearer %s" % credential.encode())] if credential else _HEADERS
    app: Any = create_worker(load_settings(Path(settings)))
    async with app.router.lifespan_context(app):
        used_ns = time.process_time_ns()
        for line in sys.stdin:
            left = iter(range(int(line)))

            async def caller() -> None:
                for _ in left:  # noqa: B023  all callers of a turn share it
                    answer = await app.endpoint.answer(Head("POST", headers, b"", time.monotonic()), next(bodies))
                    if b'"errors"' in answer.body[-2000:] and b'"WITHHELD"' not in answer.body[-2000:]:
                        raise SystemExit(f"an answer has errors: {answer.body[-500:]!r}")

            await asyncio.gather(*(caller() for _ in range(CALLERS)))
            now_ns = time.process_time_ns()
            print(now_ns - used_ns, flush=True)
            used_ns = now_ns


if __name__ == "__main__":
    configure_logging("ERROR")  # what is told otherwise would stand among the figures
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_answer_turns(sys.argv[1], cycle(Path(sys.argv[2]).read_bytes().splitlines()), *sys.argv[3:]))
