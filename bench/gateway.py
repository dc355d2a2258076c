"""The gateway as its users run it: `profile-gateway serve` in production, with four sources of kind `http`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import Cores, Process, free_ports, running
from bench.sources import Sources

TREE = Path(os.environ.get("BENCH_TREE", Path(__file__).parent.parent)).resolve()
"""Whose gateway is measured: of this working tree, or of another one, for figures from before a change."""

_CLI = "from gateway.cli import app; app()"
_DEADLINE_MS = 20_000
"""As long as the load driver waits: a busy machine is to be measured too."""
_STORED = """
[clock]
pinned = "2025-12-01T00:00:00Z"  # a little after the last of the records

[mongodb]
uri = "{mongodb}"
"""
_EACH_TIME = """
[tags]
cache_s = 0
"""


def write_settings(
    path: Path,
    sources: Sources,
    *,
    mongodb: str | None = None,
    reads_each_time: bool = False,
    deadline_ms: int = _DEADLINE_MS,
    orders: str = "",
) -> Path:
    """What a user would write for these four sources. `orders` are further settings of the order source, a line each.

    With `reads_each_time` MongoDB is asked for the tags of each request.
    """
    stored = _STORED.format(mongodb=mongodb) if mongodb else ""
    if reads_each_time:
        stored += _EACH_TIME
    path.write_text(f"""\
environment = "production"
deadline_ms = {deadline_ms}
{stored}
[sources.crm]
kind = "http"
max_batch = 400
base_url = "{sources.url("crm")}"

[sources.crm.records.customer]
fields = {{ name = "full_name", member_number = "lifecycle_stage" }}
keys.customer_id = {{ path = "/crm/customers?ids={{keys}}", key = "id" }}

[sources.orders]
kind = "http"
max_batch = 400
base_url = "{sources.url("orders")}"
{orders}

[sources.orders.records.order]
order = "newest_first"
fields = {{ id = "order_id", "total.amount" = "total", "total.currency" = "currency" }}
values = {{ status = {{ placed = "PENDING", paid = "CONFIRMED" }} }}

[sources.orders.records.order.lists.items]
fields = {{ "unit_price.amount" = "unit_price" }}
outer = {{ "unit_price.currency" = "currency" }}

[sources.orders.records.order.keys.customer_id]
path = "/orders/by-customer?ids={{keys}}&limit={{first}}"
key = "customer_id"
records = "orders"

[sources.support]
kind = "http"
max_batch = 400
base_url = "{sources.url("tickets")}"

[sources.support.records.ticket]
order = "newest_first"
fields = {{ id = "ticket_id" }}
lists = {{ messages = {{ fields = {{ at = "created_at" }} }} }}

[sources.support.records.ticket.keys.customer_id]
path = "/support/by-customer?ids={{keys}}&limit={{first}}"
key = "customer_id"
records = "tickets"

[sources.behaviour]
kind = "http"
max_batch = 400
base_url = "{sources.url("events")}"

[sources.behaviour.records.event]
order = "newest_first"
fields = {{ id = "session" }}

[sources.behaviour.records.event.keys.customer_id]
path = "/behaviour/events?ids={{keys}}&limit={{first}}"
key = "customer_id"
records = "events"
""")
    return path


@contextmanager
def served(settings: Path, cores: Cores) -> Iterator[int]:
    """Gives the port."""
    with started(settings, cores) as (port, _):
        yield port


@contextmanager
def started(settings: Path, cores: Cores, tree: Path = TREE, workers: int = 1) -> Iterator[tuple[int, Process]]:
    """Gives the port and the process, which is to be looked at from outside."""
    (port,) = free_ports(1)
    words = [sys.executable, "-c", _CLI, "serve", "--config", str(settings), "--port", str(port), "--workers", str(workers)]
    url, environment = f"http://127.0.0.1:{port}/readyz", {"PYTHONPATH": str(tree)}
    with running("the gateway", words, url, core=cores.server, environment=environment, folder=tree) as process:
        yield port, process
