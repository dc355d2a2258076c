"""Upload a segment as a list: each line a key of a customer, resolved as callers' keys are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import TextIO

import msgspec

from connectors.contract import KeyKind
from connectors.errors import ConfigurationError
from connectors.record_fields import Fields
from connectors.suggestions import did_you_mean
from gateway.app import opened
from gateway.command_audit import audited_command
from gateway.errors import SourceFailure
from gateway.explain import COMMAND_S
from gateway.identity.records import Key
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.services import Services, hide_erased
from gateway.stitching.admitted_customers import find_all_admitted
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.tags.definitions import CustomerSegment
from resolvers.customer_key import KINDS

BATCH = 200
"""How many lines are looked up at a time."""

MAX_LINE = 1_000
"""Characters. No key is as long."""

COMMAND = "segments upload"

Line = tuple[int, str]
"""A line with its number, without what is blank around it."""


class UploadReport(msgspec.Struct, frozen=True):
    """What became of an upload: how many lines it had, and customers, and the numbers of the lines that found nobody."""

    lines: int
    customers: int
    unknown: Sequence[int]


async def upload_list(
    services: Services, key: str, file: Path, by: str | None, progress: Callable[[int], None]
) -> UploadReport:
    """Replace a list by that of a file. `by` is the kind of its keys; without it lines may begin with one, or are ids.

    Lines that find nobody are left out. Raises `ConfigurationError`, and `SourceFailure` or `StoreError`, which leave the list
    as it was.
    """
    segment, store = _list_of(services, key), _store_of(services)
    if by is not None and by not in KINDS:
        raise ConfigurationError([f"--by: there are no keys of kind '{by}'{did_you_mean(by, KINDS)}"])
    async with opened(services), audited_command(services, COMMAND):
        version = store.segment_lists.new_version()
        lines, unknown = 0, list[int]()
        with file.open(encoding="utf-8-sig") as text:
            for batch in _batches(_read_lines(text)):
                found = await _find(services, [_read_key(line, by) for _, line in batch])
                unknown += [number for (number, _), record in zip(batch, found, strict=True) if record is None]
                await store.segment_lists.add(segment.key, version, sorted({record for record in found if record is not None}))
                lines += len(batch)
                progress(lines)
        if not await store.segment_lists.put_in_force(segment.key, version):
            raise ConfigurationError([f"{key}: a later upload came before this one, which has changed nothing"])
        (own,) = (await store.segment_lists.read([segment.key])).values()
    return UploadReport(lines, own.count, unknown)


def _list_of(services: Services, key: str) -> CustomerSegment:
    segments = services.tags.pack.segments
    if key not in segments:
        raise ConfigurationError([f"{key}: no segment is called so{did_you_mean(key, segments)}"])
    if not segments[key].is_list:
        raise ConfigurationError([f"{key}: who is in it follows from its condition; upload a segment of `kind: list`"])
    return segments[key]


def _store_of(services: Services) -> Store:
    if services.store is None:
        raise ConfigurationError(["mongodb: lists are stored nowhere else; add [mongodb] to the settings"])
    return services.store


def _read_lines(text: TextIO) -> Iterator[Line]:
    """Read the lines that are not blank. Raises `ConfigurationError` for one that is no key, by its number."""
    for number in count(1):
        try:
            line = text.readline(MAX_LINE + 2)  # with its end; of a longer one no more is read
        except UnicodeDecodeError:
            raise ConfigurationError(["the file is not UTF-8 text; save it as UTF-8"]) from None
        if not line:
            return
        if len(line.rstrip("\n")) > MAX_LINE:
            raise ConfigurationError([f"line {number}: is longer than {MAX_LINE} characters; write one key a line"])
        if line.strip():
            yield number, line.strip()


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while batch := [*islice(lines, BATCH)]:
        yield batch


def _read_key(line: str, by: str | None) -> Key:
    if by is not None:
        return Key(KINDS[by], line)
    prefix, colon, value = line.partition(":")
    return Key(KINDS[prefix], value) if colon and prefix in KINDS else Key(KeyKind.CUSTOMER_ID, line)


async def _find(services: Services, keys: Sequence[Key]) -> list[str | None]:
    """Find the customers of keys, each by the id of its record. None for a key that finds nobody, or several."""
    loaders = Loaders(Deadline.within(services.clock, COMMAND_S))
    stitcher = Stitcher(services.router, loaders, hide_erased(services.router))
    found = await find_all_admitted(stitcher, keys, Selection(fields=Fields.from_paths("id"), members=True))
    for result in found:
        if isinstance(result, SourceFailure):
            raise result
        if isinstance(result, StitchedCustomer):
            _ = result.record.id  # which a source that is away has not given
    return [result.current_id if isinstance(result, StitchedCustomer) else None for result in found]
