"""What the master counts."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from gateway.serving.configuration import Configuration
from gateway.version import gateway_version

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series, and say nothing of workers


class MasterMetrics:
    """Counters of workers and reloads. `alive` tells how many workers take requests now."""

    def __init__(self, alive: Callable[[], float]) -> None:
        self.registry = registry = CollectorRegistry()
        build = Gauge("gateway_build_info", "The version of the gateway.", ["version"], registry=registry)
        build.labels(gateway_version()).set(1)
        self._settings = Gauge("gateway_settings_info", "The settings served.", ["revision", "digest"], registry=registry)
        Gauge("gateway_workers_ready", "Workers that take requests.", registry=registry).set_function(alive)
        self.configured = Gauge("gateway_workers_configured", "Workers that there should be.", registry=registry)
        self.started = Counter("gateway_workers_started_total", "Workers that were started.", registry=registry)
        self.exited = Counter("gateway_workers_exited_total", "Workers that ended.", ["reason"], registry=registry)
        self.reloads = Counter("gateway_reloads_total", "Reloads of settings and tags.", ["outcome"], registry=registry)
        for reason in EXIT_REASONS:
            self.exited.labels(reason)
        for outcome in RELOAD_OUTCOMES:
            self.reloads.labels(outcome)

    def show_settings(self, configuration: Configuration) -> None:
        """Show which settings are served from now on."""
        self._settings.clear()
        self._settings.labels(str(configuration.revision), configuration.digest).set(1)


EXIT_REASONS = ("ended", "failed", "killed", "hung")
"""It was told to end, it ended by itself, a signal ended it, or the master did because it hung."""

RELOAD_OUTCOMES = ("applied", "unchanged", "rejected")
