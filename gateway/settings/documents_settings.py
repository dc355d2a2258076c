"""Settings of documents: which are trusted, who may send others, and what is remembered of these."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gateway.settings.frozen_settings import FrozenSettings

DocumentMode = Literal["off", "log", "warn", "require"]
"""What becomes of a text that is not trusted: nothing, a line in the log, that and a word to the caller, a refusal."""


class DocumentsSettings(FrozenSettings):
    """Documents that are known before they are sent, and those that clients teach the gateway."""

    trusted: Path | None = None
    """A manifest, or a folder of manifests and `.graphql` files, relative to the settings file."""
    mode: DocumentMode = "off"
    """What becomes of a text that is not trusted, of callers who have no `documents` of their own."""
    trusted_bytes: Annotated[int, Field(ge=1)] = 64 * 1024 * 1024
    """What the trusted documents may take of a worker's memory once all were asked for, and their files of the disk."""
    persisted_bytes: Annotated[int, Field(ge=0)] = 4 * 1024 * 1024
    """What a worker remembers of texts that came with their hash; 0 for none."""


def check_documents(documents: DocumentsSettings, modes: Mapping[str, DocumentMode | None]) -> None:
    """Check that a ladder has documents to stand on. `modes` are those of callers.

    Raises `ValueError`, which names the setting.
    """
    if documents.trusted is not None:
        return
    named = {"documents.mode": documents.mode, **{f"callers.{name}.documents": mode for name, mode in modes.items()}}
    for path, mode in named.items():
        if mode not in (None, "off"):
            raise ValueError(f'{path}: is "{mode}", and no document is trusted; add documents.trusted, or write "off"')
