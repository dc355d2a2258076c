"""What all workers serve: settings and tags, read once by the master."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import msgspec

from gateway.documents.manifests import DocumentFile, read_document_files
from gateway.replay.modes import ReplayModes
from gateway.settings import Settings, load_settings
from gateway.tags.pack import PackTexts, read_pack_texts

_DIGEST_CHARACTERS = 12


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, tags and trusted documents as they were read. `tags` are the texts of their files.

    `revision` counts the readings of a master from 1. `digest` is of the files as they are written, so of no variable.
    """

    settings: Settings
    tags: PackTexts
    documents: tuple[DocumentFile, ...] | None
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
        return (self.settings, self.tags, self.documents, self.digest) == (
            other.settings,
            other.tags,
            other.documents,
            other.digest,
        )


def read_configuration(path: Path, traffic: ReplayModes, revision: int = 1) -> Configuration:
    """Read settings, tags and trusted documents.

    Raises `ConfigurationError` with the problems of the settings, or of a file that they name.
    """
    settings = load_settings(path, connects=traffic.replay is None)
    written = hashlib.sha256(path.read_bytes())
    tags = read_pack_texts(settings.tags.file, settings.tags.calibration)
    for text in tags.written():
        written.update(b"\0" + text.encode())
    documents = None
    if settings.documents.trusted is not None:
        documents = read_document_files(settings.documents.trusted, settings.documents.trusted_bytes)
        for file in documents:
            written.update(b"\0" + file.name.encode() + b"\0" + file.content)
    return Configuration(
        settings=settings,
        tags=tags,
        documents=documents,
        traffic=traffic,
        revision=revision,
        digest=written.hexdigest()[:_DIGEST_CHARACTERS],
    )


def list_changes(old: Configuration, new: Configuration) -> list[str]:
    """Name the settings that differ, a source by its table. No value is told."""
    before, after = old.settings, new.settings
    names = [name for name in Settings.model_fields if name != "sources" and getattr(before, name) != getattr(after, name)]
    sources = {**before.sources, **after.sources}
    names += [f"sources.{name}" for name in sources if before.sources.get(name) != after.sources.get(name)]
    if old.tags != new.tags and "tags" not in names:
        names.append("tags")
    if old.documents != new.documents and "documents" not in names:
        names.append("documents")
    return names
