"""Read trusted documents: manifests of Apollo, Relay and graphql-codegen, and folders of `.graphql` files.

A manifest is recognised by what is in it. The files of a folder are joined.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from connectors.errors import ConfigurationError

SETTING = "documents.trusted"
APOLLO_FORMAT = "apollo-persisted-query-manifest"
APOLLO_VERSION = 1
MAX_ID_SHOWN = 80
_SUFFIXES = (".json", ".graphql", ".gql")


class DocumentFile(msgspec.Struct, frozen=True):
    """A file of documents as it was read. `name` is its path below the folder."""

    name: str
    content: bytes


class DocumentText(msgspec.Struct, frozen=True):
    """A document of a file: the text, and the id that clients name it by."""

    id: str
    text: str
    file: str

    def problem(self, message: str) -> str:
        """Write a problem of it."""
        return _problem(f"{self.file}: {shown_id(self.id)}", message)


class _DuplicateKeys(msgspec.Struct):
    """A JSON object as it is written, with names that are there twice."""

    pairs: list[tuple[str, Any]]


def shown_id(name: str) -> str:
    """Cut an id for a message."""
    return name if len(name) <= MAX_ID_SHOWN else f"{name[:MAX_ID_SHOWN]}..."


def sha256_of(text: str) -> str:
    """Hash a text as clients do."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_document_files(path: Path, max_bytes: int) -> tuple[DocumentFile, ...]:
    """Read a file, or all files of a folder with an end that is known; hidden ones aside.

    Raises `ConfigurationError`.
    """
    paths = [path]
    if path.is_dir():
        below = sorted(path.rglob("*"))
        paths = [own for own in below if own.suffix in _SUFFIXES and not _is_hidden(own.relative_to(path)) and own.is_file()]
        if not paths:
            raise ConfigurationError(
                [_problem(path.name, f"no file in it ends in {', '.join(_SUFFIXES)}; put a manifest there")]
            )
    files: list[DocumentFile] = []
    problems: list[str] = []
    size = 0
    for own in paths:
        name = own.relative_to(path).as_posix() if own is not path else own.name
        try:
            size += own.stat().st_size
            if size > max_bytes:
                fix = "raise documents.trusted_bytes, or remove what no client sends any more"
                raise ConfigurationError([_problem(name, f"the files have more than {max_bytes} bytes up to here; {fix}")])
            files.append(DocumentFile(name, own.read_bytes()))
        except OSError as error:
            problems.append(_problem(name, f"cannot be read ({error.strerror}); put it there, and let the gateway read it"))
    if problems:
        raise ConfigurationError(problems)
    return tuple(files)


def parse_document_files(files: Iterable[DocumentFile]) -> tuple[list[DocumentText], list[str]]:
    """Parse the documents in files. Gives the sound ones, and the problems of others."""
    documents: list[DocumentText] = []
    problems: list[str] = []
    for file in files:
        try:
            documents += _read_file(file)
        except ConfigurationError as error:
            problems += error.problems
    return documents, problems


def _read_file(file: DocumentFile) -> list[DocumentText]:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError([_problem(file.name, "is not UTF-8; write it so")]) from None
    if not file.name.endswith(".json"):
        return [DocumentText(sha256_of(text), text, file.name)]
    try:
        document = json.loads(text, object_pairs_hook=_object_of)
    except (ValueError, RecursionError):
        raise ConfigurationError([_problem(file.name, "is not JSON; have the tool write it anew")]) from None
    entries = _apollo_entries(file, document) if _is_apollo(document) else _plain_entries(file, document)
    return [DocumentText(name, own, file.name) for name, own in entries]


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _DuplicateKeys:
    value = dict(pairs)
    # A name that is there twice with one value says nothing else.
    return value if all(value[name] == own for name, own in pairs) else _DuplicateKeys(pairs)


def _is_apollo(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("operations"), list)


def _apollo_entries(file: DocumentFile, document: dict[str, Any]) -> Sequence[tuple[str, str]]:
    """List ids and bodies of Apollo's manifest."""
    kind, version = document.get("format"), document.get("version")
    if kind != APOLLO_FORMAT or version != APOLLO_VERSION or isinstance(version, bool):
        expected = f"format must be {APOLLO_FORMAT} and version {APOLLO_VERSION}"
        fix = "write it by @apollo/generate-persisted-query-manifest"
        raise ConfigurationError([_problem(file.name, f"it looks like a manifest of Apollo, whose {expected}; {fix}")])
    problems, entries = [], []
    for place, operation in enumerate(document["operations"]):
        name = operation.get("id") if isinstance(operation, dict) else None
        body = operation.get("body") if isinstance(operation, dict) else None
        if isinstance(name, str) and name and isinstance(body, str):
            entries.append((name, body))
            continue
        where = f"{file.name}: operations.{place}"
        problems.append(_problem(where, "needs an id and a body, both texts; have the tool write it anew"))
    if problems:
        raise ConfigurationError(problems)
    return entries


def _plain_entries(file: DocumentFile, document: Any) -> Sequence[tuple[str, str]]:
    """List ids and texts of Relay's compiler, or of graphql-codegen's client preset."""
    pairs = document.pairs if isinstance(document, _DuplicateKeys) else document
    entries = list(pairs.items()) if isinstance(pairs, dict) else pairs
    if not isinstance(document, dict | _DuplicateKeys) or not all(isinstance(text, str) for _, text in entries):
        known = "an object of ids and texts (Relay, graphql-codegen), or a manifest of Apollo"
        raise ConfigurationError([_problem(file.name, f"is no manifest that is known; it must be {known}")])
    if any(not name for name, _ in entries):
        raise ConfigurationError([_problem(file.name, "has a document without an id; have the tool write it anew")])
    return entries


def _is_hidden(path: Path) -> bool:
    """Tell whether a path has a hidden part: a mounted volume has its files twice, once so."""
    return any(part.startswith(".") for part in path.parts)


def _problem(where: str, message: str) -> str:
    return f"{SETTING}: {where}: {message}"
