"""What tags cost when MongoDB holds them: the gateway's queries without tags and with them, in turn.

With them twice: as a gateway gives them that is set up as usual, which remembers for a moment what it has read, and as one
that reads them for each request. MongoDB is SecantusDB here, a child process, which is slower than a MongoDB server.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from bench import data, gateway, sources
from bench.asking import post
from bench.data import customer_id
from bench.load import driven, warmed
from bench.processes import BenchError, Cores, chosen_cores, need_all, on_core
from bench.queries import GATEWAY_QUERIES, body, write_bodies
from connectors.errors import ConfigurationError
from gateway.store.embedded_mongodb import EmbeddedMongo

CUSTOMERS = 500
CALLERS = 32
_TIMES = "query Times($id: ID!) { customer(by: {id: $id}) { tags { key computedAt } } }"


class Beside(msgspec.Struct, frozen=True):
    """Requests per second of one query, by round."""

    query: str
    without_tags: list[float]
    with_tags: list[float]
    read_each_time: list[float]

    @property
    def ratios(self) -> list[float]:
        """With tags over without, by round."""
        return self._shares(self.with_tags)

    @property
    def ratios_each_time(self) -> list[float]:
        """With tags that are read for each request over without, by round."""
        return self._shares(self.read_each_time)

    def document(self) -> dict[str, object]:
        return {
            "gateway": median(self.with_tags),
            "without_tags": median(self.without_tags),
            "read_each_time": median(self.read_each_time),
            "ratios": self.ratios,
            "ratios_each_time": self.ratios_each_time,
        }

    def _shares(self, rounds: list[float]) -> list[float]:
        return [tagged / without for tagged, without in zip(rounds, self.without_tags, strict=True)]


class _Way(NamedTuple):
    """A query as it is sent, with or without tags, to one of the gateways."""

    query: str
    tagged: bool
    each_time: bool


def compared(queries: Sequence[str], *, rounds: int, seconds: int) -> list[Beside]:
    """Raises `BenchError` when something is missing, a request fails, or tags are not served from MongoDB."""
    need_all(["gcc", "wrk"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        uri = stack.enter_context(serve_mongodb(cores))
        urls = {}
        for each_time in (False, True):
            settings = gateway.write_settings(
                folder / f"gateway-{each_time}.toml", found, mongodb=uri, reads_each_time=each_time
            )
            urls[each_time] = f"http://127.0.0.1:{stack.enter_context(gateway.served(settings, cores))}/graphql"
            _warm(urls[each_time])
        ways = [_Way(query, *way) for query in queries for way in ((False, False), (True, False), (True, True))]
        lines = {
            way: write_bodies(
                folder / f"{way.query}-{way.tagged}.txt", way.query, _text(way.query, tagged=way.tagged), CUSTOMERS
            )
            for way in ways
        }
        rps: dict[_Way, list[float]] = {way: [] for way in ways}
        order, draw = list(ways), random.Random(1)
        for _ in range(rounds):
            draw.shuffle(order)
            for way in order:
                url = urls[way.each_time]
                warmed(url, lines[way], callers=CALLERS, seconds=1, cores=cores)
                rps[way].append(driven(url, lines[way], callers=CALLERS, seconds=seconds, cores=cores).rps)
        return [Beside(query, *(rps[way] for way in ways if way.query == query)) for query in queries]


def _text(query: str, *, tagged: bool) -> str:
    text = GATEWAY_QUERIES[query]
    return text.replace("{ id name", "{ id name tags { key value }", 1) if tagged else text


@contextmanager
def serve_mongodb(cores: Cores) -> Iterator[str]:
    """A MongoDB of its own, beside the load driver."""
    mongodb = EmbeddedMongo()
    with asyncio.Runner() as runner:
        try:
            with on_core(cores.load):
                try:
                    uri = runner.run(mongodb.start())
                except ConfigurationError as error:
                    raise BenchError("; ".join(error.problems)) from None
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
