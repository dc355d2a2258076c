"""Recording and replaying connectors around given ones."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.contract import Connector
from gateway.replay.recorder import Recorder, describe_lookups
from gateway.replay.recording_files import open_recording, read_manifest
from gateway.replay.replayer import Replayer

REFERENCE = datetime(2026, 6, 30, 12, tzinfo=UTC)


def recording(folder: Path, connectors: Sequence[Connector[Any]], *, is_plain: bool = True) -> list[Recorder]:
    """Connectors that record into the folder."""
    manifest = open_recording(folder, {one.name: describe_lookups(one) for one in connectors}, REFERENCE, is_plain=is_plain)
    return [Recorder(one, folder, manifest) for one in connectors]


def replaying(folder: Path) -> list[Replayer]:
    """The connectors of a recording."""
    manifest = read_manifest(folder, "--replay")
    return [Replayer(name, folder, manifest) for name in manifest.sources]


def timeless(value: Any) -> Any:
    """An answer without what depends on when, and how fast, it was given."""
    if isinstance(value, Mapping):
        left = {"asOf", "latencyMs", "computedAt", "expiresAt", "requestId", "trace"}
        return {name: timeless(inner) for name, inner in value.items() if name not in left}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value
