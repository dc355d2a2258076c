"""How the workers are, for `/readyz` of the admin port."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway.serving.fleet import Fleet, Slot
from gateway.serving.messages import Heartbeat
from gateway.serving.reload_outcome import ReloadOutcome
from gateway.version import gateway_version


def describe_fleet(fleet: Fleet, last_reload: ReloadOutcome | None) -> dict[str, Any]:
    """Describe workers, settings and sources. It is `ready` when one worker takes requests."""
    configuration = fleet.configuration
    status = "draining" if fleet.is_ending else "ready" if fleet.list_ready() else "unready"
    report: dict[str, Any] = {
        "status": status,
        "version": gateway_version(),
        "settings": {"revision": configuration.revision, "digest": configuration.digest},
        "workers": [_describe_worker(slot) for slot in fleet.slots],
        "sources": _count_health(fleet),
    }
    for beat in _beats(fleet):
        report |= beat.notes
    if stores := [beat.store_available for beat in _beats(fleet) if beat.store_available is not None]:
        report["mongodb"] = "available" if all(stores) else "unavailable"
    if last_reload is not None:
        report["last_reload"] = {"outcome": last_reload.outcome, "problems": len(last_reload.problems)}
    return report


def _beats(fleet: Fleet) -> list[Heartbeat]:
    return [worker.heartbeat for worker in fleet.workers if worker.heartbeat is not None]


def _count_health(fleet: Fleet) -> dict[str, dict[str, int]]:
    """Count for each source the workers that find it usable, left alone and so on."""
    health: dict[str, Counter[str]] = {}
    for beat in _beats(fleet):
        for source, state in beat.sources.items():
            health.setdefault(source, Counter())[state] += 1
    return {source: dict(states) for source, states in health.items()}


def _describe_worker(slot: Slot) -> dict[str, Any]:
    worker = slot.worker
    if worker is None:
        return {"state": "backing_off", "failures": slot.backoff.failures, "pause_s": slot.pause_s}
    described: dict[str, Any] = {
        "state": worker.state.value,
        "pid": worker.pid,
        "revision": worker.revision,
        "uptime_s": round(worker.uptime_s, 1),
        "failures": slot.backoff.failures,
        "silent_s": round(worker.silent_s, 1),
    }
    if worker.heartbeat is not None:
        described |= {"loop_lag_s": round(worker.heartbeat.lag_s, 3), "requests": worker.heartbeat.requests}
    return described
