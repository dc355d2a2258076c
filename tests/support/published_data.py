"""Data that others have published. They are no part of the project: tests skip where they are absent."""

import csv
import gzip
import os
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FOLDER = Path(os.environ.get("GATEWAY_TEST_OLIST_DATA", ROOT.parent / "shared" / "data"))


def published_file(*parts: str) -> Path:
    """The path of a published file."""
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not here: name the folder of published data in GATEWAY_TEST_OLIST_DATA")
    return path


def published_text(*parts: str) -> str:
    """The text of a published file, which may be compressed."""
    path = published_file(*parts)
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")


def published_rows(*parts: str) -> list[dict[str, str]]:
    """The rows of a published CSV file, without outer spaces."""
    lines = published_text(*parts).splitlines(keepends=True)
    return [{name: value.strip() for name, value in row.items()} for row in csv.DictReader(lines, skipinitialspace=True)]
