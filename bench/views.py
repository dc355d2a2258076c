"""What it costs to know a caller and to show him less: CPU of a request, in many short turns with one of nobody."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from bench import data, gateway, sources
from bench.callers import session
from bench.local_http import QuietHandler, serving
from bench.processes import BenchError, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, write_bodies
from bench.turns import TurnCosts, answering_turns, measure_cpu
from gateway.access.api_keys import new_key
from gateway.access.key_file import KeyFile

NOBODY, KEY, TOKEN, VIEW = "nobody", "a key", "a token", "a key that sees less"
WARM_UP = 2_000
"""Requests before the first turn."""
VIEWS = ("all", "partner", "storefront", "insights")
"""The callers who ask side by side."""
CALLERS = 32
MAX_CALLS = 1.3
"""How many times the calls to sources for a request of one view they are at most with four."""
MIN_SPEEDS = {"Q1": 0.85, "Q2": 0.75, "Q3": 0.90}
"""The share of the speed that each way has at least."""

_SECRET = "a secret of keys and hashes that is long enough"
_ISSUER, _AUDIENCE = "https://id.example.com/", "bench"
_ACCESS = """
[access]
hash_secret = "{secret}"
[access.keys]
secret = "{secret}"
file = "keys.json"
[access.issuers.bench]
issuer = "{issuer}"
audience = "{audience}"
algorithm = "RS256"
keys = "{jwks}"
caller = "all"
[callers.all]
[callers.partner]
find_by = ["customer_id"]
[callers.partner.sees]
identifying = "hashed"
contact = "masked"
personal = "masked"
behavioural = "shown"
commercial = "shown"
[callers.storefront]
find_by = ["customer_id"]
[callers.storefront.sees]
identifying = "shown"
contact = "masked"
personal = "shown"
behavioural = "shown"
commercial = "shown"
free_text = "masked"
[callers.insights]
find_by = ["customer_id"]
[callers.insights.sees]
identifying = "hashed"
contact = "hashed"
personal = "masked"
behavioural = "shown"
commercial = "shown"
free_text = "masked"
"""
"""Of Q1, three fields of a partner are masked, two hashed, two withheld."""


class Rights(TurnCosts, frozen=True):
    """CPU of a request by what its caller shows."""

    def speed(self, way: str) -> float:
        """The requests of a way for one of nobody."""
        return self.undisturbed_us(NOBODY) / self.undisturbed_us(way)

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        least = MIN_SPEEDS[self.query]
        ways = [way for way in self.cpu_us if way != NOBODY]
        return [
            (f"{self.query}: {way}, {self.speed(way):.0%} of the speed, at least {least:.0%}", self.speed(way) >= least)
            for way in ways
        ]


class Mixture(msgspec.Struct, frozen=True):
    """Calls to each source for a request, by how many views ask side by side, and in each round."""

    query: str
    calls: dict[int, list[float]]

    def ratio(self) -> float:
        """How many times the calls of one view those of four are."""
        return median(self.calls[len(VIEWS)]) / median(self.calls[1])

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        ratio = self.ratio()
        return [(f"{self.query}: {ratio:.2f} x the calls with {len(VIEWS)} views, at most {MAX_CALLS} x", ratio <= MAX_CALLS)]


def mixed(query: str, *, rounds: int, seconds: float) -> Mixture:
    """Count the calls of callers of one view, and of four who ask side by side. Raises `BenchError`."""
    need_all(["gcc"])
    cores = chosen_cores()
    calls: dict[int, list[float]] = {1: [], len(VIEWS): []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        lines = write_bodies(folder / "lines.txt", query, GATEWAY_QUERIES[query]).read_bytes().splitlines()
        _, jwks = stack.enter_context(_issuer())
        settings = _write_known(folder, gateway.write_settings(folder / "plain.toml", found), jwks)
        keys = asyncio.run(_keys_in(folder))
        port = stack.enter_context(gateway.served(settings, cores))
        for number in range(rounds + 1):
            for many, counted in calls.items():
                before = sum(found.calls().values())
                credentials = [keys[name] for name in VIEWS[:many]]
                requests = asyncio.run(_ask_for(f"http://127.0.0.1:{port}/graphql", lines, credentials, seconds))
                if number:  # the first round warms up
                    counted.append((sum(found.calls().values()) - before) / requests)
    return Mixture(query, calls)


async def _ask_for(url: str, lines: Sequence[bytes], credentials: Sequence[str], seconds: float) -> int:
    """Ask with all credentials in turn. Gives the number of answers."""
    waiting, ends, count = cycle(lines), time.monotonic() + seconds, 0
    async with session(CALLERS) as opened:

        async def call(credential: str) -> None:
            nonlocal count
            headers = {"authorization": f"Bearer {credential}"}
            while time.monotonic() < ends:
                async with opened.post(url, data=next(waiting), headers=headers) as response:
                    if response.status != 200:
                        raise BenchError(f"status {response.status}")
                    await response.read()
                count += 1

        await asyncio.gather(*(call(credentials[number % len(credentials)]) for number in range(CALLERS)))
    return count


def measured(query: str, *, rounds: int, requests: int) -> Rights:
    """Raises `BenchError` when something is missing, or a request fails."""
    need_all(["gcc"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        lines = write_bodies(folder / "lines.txt", query, GATEWAY_QUERIES[query])
        token, jwks = stack.enter_context(_issuer())
        plain = gateway.write_settings(folder / "plain.toml", found)
        known = _write_known(folder, plain, jwks)
        keys = asyncio.run(_keys_in(folder))
        ways = {NOBODY: (plain, ""), KEY: (known, keys["all"]), TOKEN: (known, token), VIEW: (known, keys["partner"])}
        turns = {
            way: stack.enter_context(answering_turns(settings, lines, gateway.TREE, cores.server, credential))
            for way, (settings, credential) in ways.items()
        }
        return Rights(query, measure_cpu(turns, warm_up=WARM_UP, rounds=rounds, requests=requests))


def _write_known(folder: Path, plain: Path, jwks: str) -> Path:
    """Write plain settings with callers."""
    known = folder / "known.toml"
    words = _ACCESS.format(secret=_SECRET, issuer=_ISSUER, audience=_AUDIENCE, jwks=jwks)
    known.write_text(plain.read_text("utf-8") + words, "utf-8")
    return known


async def _keys_in(folder: Path) -> dict[str, str]:
    texts = {}
    for name in VIEWS:
        texts[name], key = new_key(name, _SECRET, datetime.now(UTC))
        await KeyFile(folder / "keys.json").add(key)
    return texts


class _Keys(QuietHandler):
    """Gives the public key of an issuer."""

    answer = b""

    def do_GET(self) -> None:  # noqa: N802  its name in the library
        """Give it, whatever is asked for."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)


@contextmanager
def _issuer() -> Iterator[tuple[str, str]]:
    """Sign a token that holds for a day; it, and the address of the key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = {"iss": _ISSUER, "aud": _AUDIENCE, "exp": int(time.time()) + 86_400, "sub": "bench"}
    token = jwt.encode(claims, key, "RS256", headers={"kid": "bench"})
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "bench"}
    handler = type("Keys", (_Keys,), {"answer": json.dumps({"keys": [public]}).encode()})
    with serving(handler) as address:
        yield token, f"{address}/jwks"
