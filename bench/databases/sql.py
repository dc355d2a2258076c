"""The gateway and its peers over PostgreSQL, and the gateway's tags beside figures without tags."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench import gateway
from bench.asking import post
from bench.databases import peers
from bench.databases.comparison import Contest, Lane, run_contests
from bench.databases.postgresql import Postgresql, serve_postgresql
from bench.databases.queries import QUERIES, TAGGED, TAGGED_CUSTOMERS, request, rotate_variables, text_of, write_requests
from bench.databases.servers import checked_lanes, serve
from bench.databases.settings import write_sql_settings
from bench.peers import install
from bench.processes import BenchError, Cores, chosen_cores, cpu_seconds, need_all
from bench.tagged import serve_mongodb

SERVERS = ("gateway", *peers.PEERS)
ALL_QUERIES = (*QUERIES, TAGGED)
WITHOUT_TAGS = "without tags"
Floors = dict[int, dict[str, dict[str, float]]]
FLOORS: Floors = {
    1: {
        "handwritten": {"Q1": 0.5, "Q2": 0.5, "Q3": 0.8, "Q4": 0.5},
        "mercurius": {"Q1": 1.2, "Q2": 0.9, "Q3": 1.0, "Q4": 1.0},
        "postgraphile": dict.fromkeys(QUERIES, 1.2),
    },
    32: {
        "handwritten": {"Q1": 0.8, "Q2": 1.0, "Q3": 0.6, "Q4": 0.6},
        "mercurius": dict.fromkeys(QUERIES, 1.2),
        "postgraphile": dict.fromkeys(QUERIES, 1.5),
        WITHOUT_TAGS: {TAGGED: 0.8},
    },
}
"""How many times as fast as each the gateway is to be, by callers."""
_MAX_WARMING_S, _PAUSE_S = 60.0, 3.0
"""Longer than a worker remembers tags by itself."""
_TIMES = "query Times($ids: [ID!]!) { customers(ids: $ids) { tags { key computedAt } } }"


def measure_sql(
    queries: Sequence[str],
    servers: Sequence[str],
    callers: Sequence[int],
    *,
    rounds: int,
    seconds: int,
    warm_up: int,
    before: Path | None = None,
) -> list[Contest]:
    """Measure the servers, and the gateway of another tree.

    Raises `BenchError` when something is missing, does not start, fails, or answers differently.
    """
    servers = [*servers, *(["before"] if before else [])]
    need_all(["wrk", *(["npm"] if {*servers} & {*peers.IN_NODE} else [])])
    if {*servers} & {*peers.IN_NODE}:
        install(peers.NODE)
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        database = stack.enter_context(serve_postgresql(cores))
        lanes: dict[str, dict[str, Lane]] = {}
        compared = [query for query in queries if query != TAGGED]
        if compared:
            settings = write_sql_settings(folder / "gateway.toml", database.url)
            started = {name: stack.enter_context(serve(name, settings, database.url, cores, before)) for name in servers}
            for query in compared:
                lanes[query] = checked_lanes(query, started, folder)
        if TAGGED in queries:
            lanes[TAGGED] = stack.enter_context(_tagged_lanes(folder, database, cores))
        contests = [Contest(query, many, lanes[query]) for query in queries for many in callers]
        run_contests(contests, lambda: cpu_seconds(database.pid), cores, rounds=rounds, seconds=seconds, warm_up=warm_up)
    return contests


@contextmanager
def _tagged_lanes(folder: Path, database: Postgresql, cores: Cores) -> Iterator[dict[str, Lane]]:
    """One gateway with a store that holds the tags, asked for them and not asked for them."""
    with serve_mongodb(cores) as store:
        settings = write_sql_settings(folder / "tagged.toml", database.url, store=store)
        with gateway.started(settings, cores) as (port, process):
            url = f"http://127.0.0.1:{port}/graphql"
            groups = [variables["ids"] for variables in rotate_variables(TAGGED, TAGGED_CUSTOMERS)]
            _warm(url, groups)
            lanes = {}
            for name, query in (("gateway", TAGGED), (WITHOUT_TAGS, "Q4")):
                text = text_of("gateway", query)
                answers = [post(url, request(text, query, {"ids": ids})) for ids in groups]
                lines = write_requests(folder / f"tagged-{query}.txt", text, query, TAGGED_CUSTOMERS)
                lanes[name] = Lane(url, process, lines, sum(map(len, answers)) / len(answers))
            yield lanes


def _warm(url: str, groups: list[list[str]]) -> None:
    """Ask until the store gives what it holds: it writes behind the answers."""
    end, before = time.monotonic() + _MAX_WARMING_S, list[object]()
    while (computed := [_read_times(url, ids) for ids in groups]) != before:
        if time.monotonic() > end:
            raise BenchError("tags are computed on every request: the store did not keep them")
        before = computed
        time.sleep(_PAUSE_S)


def _read_times(url: str, ids: list[str]) -> object:
    """When the tags of customers were computed."""
    answer = msgspec.json.decode(post(url, request(_TIMES, "Times", {"ids": ids})))
    if "errors" in answer or not all(customer["tags"] for customer in answer["data"]["customers"]):
        raise BenchError(f"no tags: {answer.get('errors')}")
    found: object = answer["data"]["customers"]
    return found
