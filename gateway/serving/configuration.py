"""What all workers serve: settings and tags, read once by the master."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import msgspec

from gateway.replay.modes import ReplayModes
from gateway.settings import Settings, load_settings
from gateway.tags.yaml_sections import read_yaml_text

_DIGEST_CHARACTERS = 12


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """Settings and tags as they were read. `tags` is the text of the file, None for the shipped pack.

    `revision` counts the readings of a master from 1. `digest` is of the files as they are written, so of no variable.
    """

    settings: Settings
    tags: str | None
    traffic: ReplayModes
    revision: int
    digest: str

    def pickled(self) -> bytes:
        """Encode for a worker."""
        return pickle.dumps(self)

    @staticmethod
    def from_pickled(content: bytes) -> Configuration:
        """Decode what the master encoded."""
        configuration: Configuration = pickle.loads(content)  # noqa: S301  from the master's own pipe
        return configuration

    def is_same(self, other: Configuration) -> bool:
        """Tell whether the other one would serve the same."""
        return (self.settings, self.tags, self.digest) == (other.settings, other.tags, other.digest)


def read_configuration(path: Path, traffic: ReplayModes, revision: int = 1) -> Configuration:
    """Read settings and tags.

    Raises `ConfigurationError` with the problems of the settings, or of the file of the tags.
    """
    settings = load_settings(path, connects=traffic.replay is None)
    written = hashlib.sha256(path.read_bytes())
    tags = None
    if settings.tags.file is not None:
        tags = read_yaml_text(settings.tags.file)
        written.update(b"\0" + tags.encode())
    return Configuration(
        settings=settings, tags=tags, traffic=traffic, revision=revision, digest=written.hexdigest()[:_DIGEST_CHARACTERS]
    )


def list_changes(old: Configuration, new: Configuration) -> list[str]:
    """Name the settings that differ, a source by its table. No value is told."""
    before, after = old.settings, new.settings
    names = [name for name in Settings.model_fields if name != "sources" and getattr(before, name) != getattr(after, name)]
    sources = {**before.sources, **after.sources}
    names += [f"sources.{name}" for name in sources if before.sources.get(name) != after.sources.get(name)]
    if old.tags != new.tags and "tags" not in names:
        names.append("tags")
    return names
