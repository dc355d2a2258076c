"""What tags cost when MongoDB holds them: the gateway's queries with and without tags, in turn.

MongoDB is SecantusDB here, a child process, which is slower than a MongoDB server.
"""

import asyncio
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from bench import data, gateway, sources
from bench.asking import post
from bench.data import customer_id
from bench.load import driven, warmed
from bench.processes import BenchError, Cores, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body, write_bodies
from connectors.errors import ConfigurationError
from gateway.store.embedded import EmbeddedMongo

CUSTOMERS = 500
CALLERS = 32
_TIMES = "query Times($id: ID!) { customer(by: {id: $id}) { tags { key computedAt } } }"


class Beside(msgspec.Struct, frozen=True):
    """Requests per second of one query, by round."""

    query: str
    without_tags: list[float]
    with_tags: list[float]

    @property
    def ratios(self) -> list[float]:
        """With tags over without, by round."""
        return [with_tags / without for with_tags, without in zip(self.with_tags, self.without_tags, strict=True)]

    def document(self) -> dict[str, object]:
        return {"gateway": median(self.with_tags), "without_tags": median(self.without_tags), "ratios": self.ratios}


def compared(queries: Sequence[str], *, rounds: int, seconds: int) -> list[Beside]:
    """Raises `BenchError` when something is missing, a request fails, or tags are not served from MongoDB."""
    need_all(["gcc", "wrk"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        uri = stack.enter_context(_mongodb(cores))
        settings = gateway.write_settings(folder / "gateway.toml", found, mongodb=uri)
        url = f"http://127.0.0.1:{stack.enter_context(gateway.served(settings, cores))}/graphql"
        _warm(url)
        texts = {(query, tagged): _text(query, tagged=tagged) for query in queries for tagged in (False, True)}
        lines = {
            (query, tagged): write_bodies(folder / f"{query}-{tagged}.txt", query, text, CUSTOMERS)
            for (query, tagged), text in texts.items()
        }
        rps: dict[tuple[str, bool], list[float]] = {one: [] for one in lines}
        order, draw = list(lines), random.Random(1)
        for _ in range(rounds):
            draw.shuffle(order)
            for one in order:
                warmed(url, lines[one], callers=CALLERS, seconds=1, cores=cores)
                rps[one].append(driven(url, lines[one], callers=CALLERS, seconds=seconds, cores=cores).rps)
        return [Beside(query, rps[query, False], rps[query, True]) for query in queries]


def _text(query: str, *, tagged: bool) -> str:
    text = GATEWAY_QUERIES[query]
    return text.replace("{ id name", "{ id name tags { key value }", 1) if tagged else text


@contextmanager
def _mongodb(cores: Cores) -> Iterator[str]:
    """A MongoDB of its own, beside the load driver."""
    mongodb, usual = EmbeddedMongo(), os.sched_getaffinity(0)
    with asyncio.Runner() as runner:
        try:
            if cores.load is not None:
                os.sched_setaffinity(0, {cores.load})  # a child runs where its parent did
            try:
                uri = runner.run(mongodb.start())
            except ConfigurationError as error:
                raise BenchError("; ".join(error.problems)) from None
            finally:
                os.sched_setaffinity(0, usual)
            yield uri
        finally:
            runner.run(mongodb.stop())


def _warm(url: str) -> None:
    """Have the tags of all customers computed and stored."""
    for number in range(CUSTOMERS):
        _times(url, number)
    for number in range(0, CUSTOMERS, 50):
        if _times(url, number) != _times(url, number):
            raise BenchError("tags are computed on every request: MongoDB did not keep them")


def _times(url: str, number: int) -> object:
    """When the tags of a customer were computed."""
    answer = msgspec.json.decode(post(url, body("Times", _TIMES, {"id": customer_id(number)})))
    if "errors" in answer or not answer["data"]["customer"]["tags"]:
        raise BenchError(f"no tags: {answer.get('errors')}")
    found: object = answer["data"]["customer"]["tags"]
    return found
