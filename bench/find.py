"""What `find` costs on many customers in one PostgreSQL, beside the plain indexed query, and how often it finds who was meant.

It needs a server with `pg_trgm`: one of yours, or that of the system's packages, which is started for the run.
"""

import asyncio
import os
import pwd
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any, NamedTuple

import asyncpg
import httpx2
import msgspec
import typer

from bench.output import RESULTS, keep_results, out
from bench.processes import BenchError
from gateway.app import create_app
from gateway.settings import parse_settings

_TABLE = "CREATE TABLE people (id text PRIMARY KEY, name text NOT NULL, email text NOT NULL, phone text NOT NULL)"
_INDEXES = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX ON people (email);
CREATE INDEX ON people (phone);
CREATE INDEX ON people USING gin (name gin_trgm_ops);
CREATE INDEX ON people USING gin (email gin_trgm_ops);
"""
_QUERY = "query ($text: String!) { find(text: $text, first: 3) { matches { customer { sourceId name } exact } unavailable } }"
_GIVEN = ("em", "jo", "ma", "lu", "an", "ka", "pet", "so", "vik", "hel", "ro", "dan", "is", "fre", "os", "gre", "bri", "cla")
_MIDDLE = ("ri", "la", "na", "be", "to", "li", "da", "mi", "se", "vo", "ste", "ru", "ka", "pe", "nne", "go")
_END = ("n", "a", "o", "s", "tte", "rd", "el", "y", "ck", "m", "sen", "berg", "ton", "well", "ski", "ley")
_HAN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"
LIKE_ONE = "SELECT id, name FROM people WHERE {} LIMIT 3"


class Person(NamedTuple):
    """A row of the table."""

    id: str
    name: str
    email: str
    phone: str


class Way(NamedTuple):
    """A way to begin a call: what is typed of a person, and the plain query with its values."""

    name: str
    type: Callable[[Person, random.Random], str]
    plain: Callable[[str], tuple[str, Sequence[str]]]


class WayFigures(msgspec.Struct, frozen=True):
    """Milliseconds of `find` and of the plain query, and how often each had the person among three."""

    name: str
    find_ms: list[float]
    plain_ms: list[float]
    found: int
    plain_found: int

    @property
    def line(self) -> str:
        """Write a row of the table."""
        count = len(self.find_ms)
        return (
            f"{self.name:<22}{median(self.find_ms):>9.1f}{_high(self.find_ms):>9.1f}{self.found / count:>8.0%}"
            f"{median(self.plain_ms):>10.1f}{_high(self.plain_ms):>9.1f}{self.plain_found / count:>8.0%}"
        )


HEADER = f"{'typed':<22}{'find ms':>9}{'p95':>9}{'found':>8}{'plain ms':>10}{'p95':>9}{'found':>8}"


def measure_find(customers: int, calls: int, url: str | None) -> list[WayFigures]:
    """Fill the table, and ask for people in turn by `find` and by the plain query. Raises `BenchError`."""
    with TemporaryDirectory(prefix="find-") as folder, _server(Path(folder), url) as address:
        return asyncio.run(_measure(address, customers, calls))


def _words_anywhere(text: str) -> tuple[str, Sequence[str]]:
    words = text.split()
    return " AND ".join(f"name ILIKE ${place}" for place in range(1, len(words) + 1)), [f"%{word}%" for word in words]


def _misheard(person: Person, draw: random.Random) -> str:
    """Write a name with one edit in its longest word: two letters swapped, one left out, put in, or another one."""
    words = person.name.split()
    longest = max(range(len(words)), key=lambda place: len(words[place]))
    word = words[longest].lower()
    place = draw.randrange(1, len(word) - 1)
    edit = draw.randrange(4)
    words[longest] = (
        word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        if edit == 0
        else word[:place] + word[place + 1 :]
        if edit == 1
        else word[:place] + draw.choice("aeiorst") + word[place + (edit == 3) :]
    )
    return " ".join(words)


def _family(person: Person) -> Person:
    """Leave the family name alone: who has it is right."""
    return person._replace(name=person.name.split()[-1])


_SIMILAR = "name % $1 ORDER BY name <-> $1"
_ALIKE = "$1 <% name ORDER BY $1 <<-> name"
WAYS = [
    Way("an address", lambda own, _: own.email.upper(), lambda text: ("email = $1", [text.lower()])),
    Way("a number", lambda own, _: f"0{own.phone[3:]}", lambda text: ("phone = $1", [f"+44{text[1:]}"])),
    Way("the name", lambda own, _: own.name.lower(), _words_anywhere),
    Way("the name turned round", lambda own, _: " ".join(reversed(own.name.split())), _words_anywhere),
    Way("the family name", lambda own, _: own.name.split()[-1], _words_anywhere),
    Way("one edit", _misheard, lambda text: (_SIMILAR, [text])),
    Way("one edit, alone", lambda own, draw: _misheard(_family(own), draw), lambda text: (_ALIKE, [text])),
]


def draw_people(count: int) -> Iterator[Person]:
    """Draw people, some with Chinese names; the same ones in each run."""
    draw = random.Random(7)
    for number in range(count):
        if number % 50 == 0:
            name = "".join(draw.choice(_HAN) for _ in range(draw.choice((2, 3))))
            address = f"han{number}"
        else:
            given = draw.choice(_GIVEN) + draw.choice(_MIDDLE) + draw.choice(_END[:9])
            family = "".join((draw.choice(_GIVEN), draw.choice(_MIDDLE), draw.choice(_MIDDLE), draw.choice(_END)))
            name, address = f"{given.capitalize()} {family.capitalize()}", f"{given}.{family}{number}"
        yield Person(f"c{number:07}", name, f"{address}@example.com", f"+44207{number:07}")


async def _measure(url: str, customers: int, calls: int) -> list[WayFigures]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"DROP TABLE IF EXISTS people; {_TABLE}")
        await connection.copy_records_to_table("people", records=draw_people(customers))
        await connection.execute(_INDEXES)
        await connection.execute("VACUUM ANALYZE people")
        app = create_app(parse_settings(_settings(url)))
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://gateway", timeout=60) as client:
                return [await _measure_way(way, connection, client, customers, calls) for way in WAYS]
    finally:
        await connection.close()


def _is_right(name: str, person: Person, text: str) -> bool:
    """Tell whether somebody found is who was meant: anyone of the name, or of the family name where no more was typed."""
    return name.split()[-1] == person.name.split()[-1] if len(text.split()) == 1 and "@" not in text else name == person.name


async def _measure_way(way: Way, connection: Any, client: httpx2.AsyncClient, customers: int, calls: int) -> WayFigures:
    draw = random.Random(way.name)
    people = draw.sample([own for own in draw_people(customers) if own.name.isascii()], calls)
    find_ms, plain_ms, found, plain_found = list[float](), list[float](), 0, 0
    for person in people:
        text = way.type(person, draw)
        condition, values = way.plain(text)
        started = perf_counter()
        rows = await connection.fetch(LIKE_ONE.format(condition), *values)
        plain_ms.append((perf_counter() - started) * 1000)
        plain_found += any(_is_right(row["name"], person, text) for row in rows)
        started = perf_counter()
        response = await client.post("/graphql", json={"query": _QUERY, "variables": {"text": text}})
        find_ms.append((perf_counter() - started) * 1000)
        answer = response.json()
        if "errors" in answer or answer["data"]["find"]["unavailable"]:
            raise BenchError(f"find failed: {response.text[:300]}")
        found += any(_is_right(match["customer"]["name"], person, text) for match in answer["data"]["find"]["matches"])
    return WayFigures(way.name, find_ms, plain_ms, found, plain_found)


def _settings(url: str) -> dict[str, Any]:
    keys = {"customer_id": "id", "email": "email", "phone": "phone", "text": {"columns": ["name", "email"]}}
    query = "SELECT id, name, email, phone FROM people"
    source = {
        "kind": "sql",
        "url": url.replace("postgresql://", "postgresql+asyncpg://"),
        "records": {"customer": {"query": query, "keys": keys}},
    }
    return {"sources": {"crm": source}, "default_region": "GB", "deadline_ms": 30_000}


@contextmanager
def _server(folder: Path, url: str | None) -> Iterator[str]:
    """Give the address of a server with `pg_trgm`. That of the system runs as somebody else where this is root."""
    if url is not None:
        yield url
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(own) for own in [shutil.which("initdb")] if own]
    if not found:
        raise BenchError("there is no PostgreSQL of the system's packages; install it with its contrib, or give --url")
    tools, data = found[-1].parent, folder / "data"
    runs_as: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres" if any(own.pw_name == "postgres" for own in pwd.getpwall()) else "nobody")
        folder.chmod(0o755)
        data.mkdir()
        os.chown(data, user.pw_uid, user.pw_gid)
        os.chown(folder, user.pw_uid, user.pw_gid)
        runs_as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    plain: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder, **runs_as}
    subprocess.run([tools / "initdb", "-D", data, "-U", "bench", "-E", "UTF8", "--locale=C.UTF-8"], **plain)
    settings = f"-k {folder} -h '' -c fsync=off -c shared_buffers=1GB -c max_wal_size=4GB"
    subprocess.run([tools / "pg_ctl", "-D", data, "-w", "-o", settings, "-l", folder / "log", "start"], **plain)
    try:
        yield f"postgresql://bench@/postgres?host={folder}"
    finally:
        subprocess.run([tools / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **plain)


def find(
    customers: Annotated[int, typer.Option(min=1_000, help="How many customers there are.")] = 1_000_000,
    calls: Annotated[int, typer.Option(min=2, help="How many people are asked for in each way.")] = 100,
    url: Annotated[str | None, typer.Option(help="A PostgreSQL of yours with pg_trgm; its table people is replaced.")] = None,
) -> None:
    """Measure `find` over one PostgreSQL beside the plain indexed query."""
    figures = measure_find(customers, calls, url)
    out.print("\n".join([HEADER, *(own.line for own in figures)]), highlight=False)
    keep_results(msgspec.to_builtins({own.name: own for own in figures}), RESULTS / "find.json")


def _high(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
