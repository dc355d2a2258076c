"""Write the files of `init` into a folder, and keep what people have changed in them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from connectors.errors import ConfigurationError
from gateway.onboarding.text_merge import difference_of, merge_texts

PRIVATE_MODE = 0o600
BASE_NAME = ".{}.init"
"""What `init` wrote last, beside the file: with it changes by hand are told from its own."""


class PlannedFile(NamedTuple):
    """A file that is to be written, and what changes in it. `base` is what `init` itself wrote."""

    path: Path
    text: str
    base: str
    difference: list[str]
    left_out: int = 0


def plan_file(path: Path, text: str) -> PlannedFile:
    """Say what becomes of a file: new, as it is, or with the changes that do not touch what was changed by hand."""
    if not path.exists():
        return PlannedFile(path, text, text, [])
    own = path.read_text("utf-8")
    base_path = path.with_name(BASE_NAME.format(path.name))
    if not base_path.exists():
        raise ConfigurationError(
            [f"{path.name}: is not of `init`; move it away, or give another --folder, and copy what you want from there"]
        )
    merged = merge_texts(base_path.read_text("utf-8"), own, text)
    return PlannedFile(path, merged.text, text, difference_of(own, merged.text, path.name), merged.left_out)


def write_file(planned: PlannedFile) -> None:
    """Write a file, and beside it what `init` itself wrote."""
    planned.path.write_text(planned.text, "utf-8")
    planned.path.with_name(BASE_NAME.format(planned.path.name)).write_text(planned.base, "utf-8")


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Add variables to an environment file that its owner alone may read. Those that are there stay."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    there = {line.partition("=")[0].strip().removeprefix("export ") for line in lines}
    lines += [f"{name}={shlex.quote(value)}" for name, value in variables.items() if name not in there]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), PRIVATE_MODE)
        file.write("\n".join(lines) + "\n")
