"""What it costs that three sources know a customer: Q1 with one, with three from nothing, and with three from what is stored.

The three have the same customers under ids of their own, and find them by e-mail address too.
"""

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import data, gateway, sources
from bench.data import customer_id
from bench.processes import chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body
from bench.sources import Sources
from bench.tagged import serve_mongodb
from bench.turns import TurnCosts, answering_turns, shuffled_orders

ONE, COLD, WARM = "one source", "three, from nothing", "three, from what is stored"
MIN_SHARE = 0.6
"""How many requests per second, of those with one source, there must be with three of which it is stored who is who."""
CUSTOMERS = 500
WARM_UP = 4 * CUSTOMERS

_SOURCE = """
[sources.{name}]
kind = "http"
max_batch = 400
base_url = "{url}"

[sources.{name}.records.customer]
fields = {{ name = "full_name", member_number = "lifecycle_stage" }}
keys.customer_id = {{ path = "/crm/customers?ids={{keys}}", key = "id" }}
keys.email = {{ path = "/crm/customers?ids={{keys}}", key = "email" }}
"""
_IDENTITY = """
[identity]
secret = "a secret of the benchmark"
trusts = { crm = ["email"], shop = ["email"], desk = ["email"] }
"""


class MemberCosts(TurnCosts, frozen=True):
    """CPU of a request, and requests per second, by way and round."""

    rps: dict[str, list[float]]

    def share(self, way: str) -> float:
        """How many requests the CPU of one with one source would be enough for."""
        return self.undisturbed_us(ONE) / self.undisturbed_us(way)

    def speed(self, way: str) -> float:
        """Requests per second, as a share of those with one source: the median of the rounds."""
        return median(own / one for own, one in zip(self.rps[way], self.rps[ONE], strict=True))

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold, and whether it does."""
        share = self.share(WARM)
        return [
            (
                f"{self.query}: with three sources {share:.0%} of the speed with one, at least {MIN_SHARE:.0%}",
                share >= MIN_SHARE,
            )
        ]


def measured(query: str, *, rounds: int, requests: int) -> MemberCosts:
    """Raises `BenchError` when something is missing, or a request fails."""
    need_all(["gcc"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        found = stack.enter_context(sources.served(data.prepared(), cores))
        mongodb = stack.enter_context(serve_mongodb(cores))
        lines = folder / "lines.txt"
        variables = [{"id": f"crm:{customer_id(number)}"} for number in range(CUSTOMERS)]
        lines.write_bytes(b"".join(body(query, GATEWAY_QUERIES[query], one) + b"\n" for one in variables))
        settings = written_settings(folder, found, mongodb)
        turns = {
            way: stack.enter_context(answering_turns(path, lines, gateway.TREE, cores.server)) for way, path in settings.items()
        }
        costs = MemberCosts(query, {way: [] for way in turns}, {way: [] for way in turns})
        for answering in turns.values():
            answering.answer(WARM_UP)
        for order in shuffled_orders(list(turns), rounds):
            for way in order:
                began = time.perf_counter()
                costs.cpu_us[way].append(turns[way].answer(requests))
                costs.rps[way].append(requests / (time.perf_counter() - began))
        return costs


def written_settings(folder: Path, found: Sources, mongodb: str) -> dict[str, Path]:
    """Write the settings of each way."""
    one, cold, warm = [folder / f"{name}.toml" for name in ("one", "cold", "warm")]
    text = gateway.write_settings(one, found).read_text("utf-8")
    by_email = 'keys.email = { path = "/crm/customers?ids={keys}", key = "email" }\n'
    text = text.replace("keys.customer_id", f"{by_email}keys.customer_id", 1)
    text += "".join(_SOURCE.format(name=name, url=found.url("crm")) for name in ("shop", "desk")) + _IDENTITY
    cold.write_text(text, "utf-8")
    warm.write_text(f'{text}\n[mongodb]\nuri = "{mongodb}"\n', "utf-8")
    return {ONE: one, COLD: cold, WARM: warm}
