"""Refresh all customers of SQLite databases, and say what it cost: time, calls, memory.

`python -m bench.refresh FOLDER --customers 20000 --mongodb mongodb://localhost`, once more with `--since last`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.refresh_shop import change_people, write_people, write_settings
from gateway.app import create_services
from gateway.population.refresh import read_last, refresh_all
from gateway.population.refresh_state import RefreshState, StateFile
from gateway.settings import load_settings
from gateway.store.store_statistics import StoreStatistics

BATCH = 200


def resident_kb() -> int:
    """Read the memory of this process."""
    fields = Path("/proc/self/statm").read_text("ascii").split()
    return int(fields[1]) * resource.getpagesize() // 1024


async def measure_refresh(config: Path, file: StateFile, *, changed: bool) -> dict[str, Any]:
    """Refresh, and measure it."""
    services = create_services(load_settings(config))
    memory: list[int] = []
    began, cpu = time.monotonic(), time.process_time()
    since = read_last(file) if changed else None
    state: RefreshState = await refresh_all(services, file, BATCH, lambda _: memory.append(resident_kb()), since)
    elapsed, cpu = time.monotonic() - began, time.process_time() - cpu
    assert services.store is not None
    store = services.store.statistics
    tenth = max(len(memory) // 10, 1)
    return {
        "customers": state.counts.refreshed,
        "records": state.counts.listed,
        "elapsed_s": round(elapsed, 1),
        "cpu_s": round(cpu, 1),
        "customers_per_s": round(state.counts.refreshed / elapsed, 1),
        "customers_per_cpu_s": round(state.counts.refreshed / cpu, 1),
        "calls": {source.name: sum(source.statistics.calls.values()) for source in services.sources.all},
        "source_s": {source.name: round(source.statistics.durations.total, 1) for source in services.sources.all},
        "store": store_figures(store),
        "resident_mb": {
            "after each tenth": [memory[place] // 1024 for place in range(0, len(memory), tenth)],
            "most": max(memory) // 1024,
        },
    }


def store_figures(store: StoreStatistics) -> dict[str, Any]:
    """Give the operations of the store and how long they took."""
    return {
        kind: {"operations": sum(own.counts), "seconds": round(own.total, 1)} for kind, own in sorted(store.durations.items())
    }


def main() -> None:
    """Write databases where there are none, and measure a refresh."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--customers", type=int, default=20_000)
    options.add_argument("--mongodb", default="mongodb://127.0.0.1:27017")
    options.add_argument("--since", choices=["last"], help="change 1 %% of the customers, and refresh who changed")
    asked = options.parse_args()
    if not (asked.folder / "crm.db").exists():
        asked.folder.mkdir(parents=True, exist_ok=True)
        write_people(asked.folder, asked.customers)
    config = write_settings(asked.folder, asked.mongodb, f"refresh_{asked.customers}")
    file = StateFile(asked.folder / "state.json")
    if asked.since:
        change_people(asked.folder, range(0, asked.customers // 50, 2), datetime.now(UTC))
    measured = asyncio.run(measure_refresh(config, file, changed=asked.since is not None))
    print(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
