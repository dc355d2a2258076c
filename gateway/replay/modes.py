"""Put recorders, replayers and fault injectors between the gateway and its sources."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog

from connectors.contract import Connector
from connectors.errors import ConfigurationError
from gateway.clock import Clock
from gateway.lookups.connector_registry import build_connectors
from gateway.replay.fault_injection import FaultInjector
from gateway.replay.fault_settings import FaultSettings, load_faults
from gateway.replay.recorder import Recorder, describe_lookups
from gateway.replay.recording_files import Manifest, open_recording, read_manifest
from gateway.replay.replayer import Replayer
from gateway.settings import ClockSettings, Settings

log = structlog.get_logger()


class ReplayModes(msgspec.Struct, frozen=True, kw_only=True):
    """Choose recording, replay and faults.

    `record` and `replay` are folders (at most one of them), `faults` is a file. `is_plain` records nothing hidden.
    """

    record: Path | None = None
    is_plain: bool = False
    replay: Path | None = None
    faults: Path | None = None


class ServedSources(msgspec.Struct, frozen=True, kw_only=True):
    """The served settings and connectors, substitutes included, and the note for `/readyz`."""

    settings: Settings
    connectors: Sequence[Connector[Any]] | None = None
    notes: dict[str, Any] = {}

    def announce(self) -> None:
        """Log the substitutes, so that nobody forgets them."""
        if "recording" in self.notes:
            log.info("recording_active", **self.notes["recording"])
        if "replay" in self.notes:
            log.info("replay_active", **self.notes["replay"])
        if "faults" in self.notes:
            log.warning("faults_active", **self.notes["faults"])


NO_ERASURE = (
    "erasure: a recording does not know who is erased, and would keep and show him; record with settings without [erasure], "
    "and remove erased customers with profile-gateway customer erase --recordings FOLDER"
)

UNTOUCHED = ReplayModes()
"""Nothing stands between."""


def begin_recording(settings: Settings, traffic: ReplayModes) -> None:
    """Make the folder of a recording before any worker writes.

    Raises `ConfigurationError`.
    """
    if traffic.record is not None:
        _refuse_erasure(settings)
        sources = {
            connector.name: describe_lookups(connector, settings.sources[connector.name].phone_region)
            for connector in build_connectors(settings.sources)
        }
        reference = Clock(settings.clock.pinned).reference()
        region = settings.default_region
        open_recording(traffic.record, sources, reference, is_plain=traffic.is_plain, default_region=region)


def substitute(settings: Settings, traffic: ReplayModes) -> ServedSources:
    """Substitute the connectors of the settings.

    A recording and its replay hold the windows still, so that the same is asked, and keep no tags, so that it is asked.
    Raises `ConfigurationError`.
    """
    connectors: Sequence[Connector[Any]] | None = None
    notes: dict[str, Any] = {}
    if traffic.replay is not None:
        manifest = read_manifest(traffic.replay, "--replay")
        connectors = replaying = _replaying(settings, traffic.replay, manifest)
        settings = _held(settings, manifest)
        notes["replay"] = {
            "keys": sum(len(replayer.known) for replayer in replaying),
            "reference": manifest.reference.isoformat(),
        }
    elif traffic.record is not None:
        _refuse_erasure(settings)
        manifest = read_manifest(traffic.record, "--record")
        connectors = [Recorder(connector, traffic.record, manifest) for connector in build_connectors(settings.sources)]
        settings = _held(settings, manifest)
        notes["recording"] = {"plain": manifest.plain}
    if traffic.faults is not None:
        inner = build_connectors(settings.sources) if connectors is None else connectors
        faults = load_faults(traffic.faults, inner)
        connectors = [_faulty(connector, faults) for connector in inner]
        notes["faults"] = {"sources": faults.sources}
    return ServedSources(settings=settings, connectors=connectors, notes=notes)


def _refuse_erasure(settings: Settings) -> None:
    """Refuse to record where somebody may be erased: a recording keeps nothing in MongoDB, and so knows of nobody."""
    if settings.erasure is not None:
        raise ConfigurationError([NO_ERASURE])


def _held(settings: Settings, manifest: Manifest) -> Settings:
    pinned = settings.clock.pinned or manifest.reference
    return settings.model_copy(update={"clock": ClockSettings(pinned=pinned), "mongodb": None})


def _replaying(settings: Settings, folder: Path, manifest: Manifest) -> list[Replayer]:
    strangers = [name for name in settings.sources if name not in manifest.sources]
    if strangers:
        raise ConfigurationError([f"sources.{name}: it is not in the recording in {folder}; record it" for name in strangers])
    return [Replayer(name, folder, manifest) for name in settings.sources]


def _faulty(connector: Connector[Any], faults: FaultSettings) -> Connector[Any]:
    own = [fault for fault in faults.faults if fault.source == connector.name]
    return FaultInjector(connector, own, faults.seed) if own else connector
