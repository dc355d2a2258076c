"""Export the customers of a segment as a caller sees them, page by page: each is written before the next one is read."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TextIO

import msgspec
from graphql import ExecutionResult

from connectors.errors import ConfigurationError
from connectors.suggestions import did_you_mean
from connectors.toolkit.evaluation import encode_json
from gateway.access.caller import Caller
from gateway.app import opened
from gateway.command_audit import audited_command
from gateway.context import RequestContext
from gateway.documents.limits import Limits
from gateway.execution.executor import Executor
from gateway.execution.schema_types import core_schema
from gateway.lookups.access_notes import AccessNotes
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.operations import Operation, Operations
from gateway.services import Services, hide_erased
from gateway.stitching.stitcher import Stitcher
from gateway.views.asked_classes import AskedClasses
from gateway.views.views import Views
from resolvers.connection import MAX_FIRST
from resolvers.schema import schema_with

COMMAND = "segments export"
PAGE_S = 60.0
"""The deadline of each page, in seconds: no caller waits behind it."""

AUDITED = 1_000
"""How many customers an entry of the audit is about."""

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  which some spreadsheets read alike
"""How texts begin that spreadsheets take for formulas. A `'` stands before them in CSV."""

_EXPECTED = frozenset({"WITHHELD", "WITHHELD_PURPOSE"})


class ExportReport(msgspec.Struct, frozen=True):
    """What was exported: how many customers, and how many errors of each code there were beside them."""

    customers: int
    errors: Mapping[str, int]

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing is missing but what the caller may not see."""
        return not self.errors.keys() - _EXPECTED


class SegmentExporter:
    """Reads the customers of segments from open services, for one caller and one purpose."""

    def __init__(self, services: Services, caller: str, purpose: str | None = None) -> None:
        settings = services.settings
        if caller not in settings.callers and settings.callers:
            fix = did_you_mean(caller, settings.callers)
            raise ConfigurationError([f"--caller: the settings have no caller {caller}{fix}"])
        if purpose is not None and purpose not in settings.purposes:
            fix = did_you_mean(purpose, settings.purposes)
            raise ConfigurationError([f"--purpose: the settings have no purpose {purpose}{fix}"])
        schema = schema_with(tuple(settings.fields.declared()))
        core = core_schema(schema)
        self._services = services
        self._caller = Caller(caller) if settings.callers else Caller("")
        self._headers = {} if purpose is None else {b"x-purpose": purpose.encode()}
        self._operations = Operations(core, limits=Limits())
        self._executor = Executor(schema, suggestions=True, clock=services.clock)
        self._views = Views(core, schema.sdl, settings, services.tags.pack, services.router)
        self._classes = AskedClasses(self._views, services.tags.pack)

    def prepare(self, key: str, paths: Sequence[str]) -> Operation:
        """Write the operation that reads a page of fields. Raises `ConfigurationError` and `CallerError`."""
        segments = self._services.tags.pack.segments
        if key not in segments:
            raise ConfigurationError([f"{key}: no segment is called so{did_you_mean(key, segments)}"])
        page = f"nodes {_selection(paths)} pageInfo {{ hasNextPage endCursor }}"
        customers = f"customers(first: {MAX_FIRST}, after: $after) {{ {page} }}"
        text = f'query ($after: String) {{ segment(key: "{key}") {{ {customers} }} }}'
        return self._operations.prepare(text, None)

    def classes_of(self, operation: Operation) -> tuple[str, ...]:
        """List the classes of fields that an operation asks for, as the caller is shown it."""
        return self._classes.find(operation, self._caller.name)

    async def read_page(
        self, operation: Operation, after: str | None, notes: AccessNotes
    ) -> tuple[Mapping[str, Any], Sequence[str]]:
        """Read a page, with the codes of the errors in it. Raises `CallerError`, or the first error where there is no page."""
        services = self._services
        loaders = Loaders(Deadline.within(services.clock, PAGE_S), notes=notes)
        stitcher = Stitcher(services.router, loaders, hide_erased(services.router))
        context = RequestContext(services, COMMAND, stitcher, headers=self._headers, caller=self._caller)
        try:
            result = await self._run(operation, {"after": after}, context)
        finally:
            notes.add_sources(loaders.list_sources())
        answer = msgspec.json.decode(encode_json(result.data or {}))
        page = (answer.get("segment") or {}).get("customers")
        errors = result.errors or []
        if page is None:
            for error in errors:
                raise error.original_error or ConfigurationError([error.message])
            raise ConfigurationError(["segments export: there is no page to read"])
        codes = [str((error.extensions or {}).get("code", "INTERNAL")) for error in errors]
        # Where others know the customer, or nobody may be shown who is not known to consent, that is no error of a field.
        return page, codes + [code for code in loaders.list_failures() if code not in codes]

    async def _run(self, operation: Operation, variables: dict[str, Any], context: RequestContext) -> ExecutionResult:
        """Run an operation as the caller may. As the application does."""
        view = self._views.view_of(self._caller.name)
        if view is None or self._views.only_reports:
            return await self._executor.run(operation, variables, context)
        hidden_tags = self._views.confine(context, view, self._caller, operation)
        admitted = self._views.admit(operation, variables, view, context.stitcher.loaders.notes)
        result = await self._executor.run(*admitted, context)
        self._views.complete(result, operation, view, hidden_tags)
        return result


async def export_segment(
    services: Services,
    key: str,
    caller: str,
    paths: Sequence[str],
    write: Callable[[Mapping[str, Any]], None],
    purpose: str | None = None,
) -> ExportReport:
    """Export a segment: each customer is written as JSON by the names of the fields. Each thousand is in the audit.

    Raises `ConfigurationError`, `CallerError` and `StoreError`.
    """
    exporter = SegmentExporter(services, caller, purpose)
    operation = exporter.prepare(key, paths)
    count, errors = 0, Counter[str]()
    async with opened(services):
        fields = exporter.classes_of(operation)
        after: str | None = None
        while True:
            async with audited_command(services, COMMAND, fields=fields) as notes:
                part = 0
                async for page, codes in _pages(exporter, operation, after, notes):
                    for node in page["nodes"]:
                        write(node)
                    part += len(page["nodes"])
                    errors.update(codes)
                    after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
                    if after is None or part >= AUDITED:
                        break
            count += part
            if after is None:
                return ExportReport(count, dict(errors))


async def _pages(
    exporter: SegmentExporter, operation: Operation, after: str | None, notes: AccessNotes
) -> AsyncIterator[tuple[Mapping[str, Any], Sequence[str]]]:
    while True:
        page, codes = await exporter.read_page(operation, after, notes)
        yield page, codes
        after = page["pageInfo"]["endCursor"]


def _selection(paths: Sequence[str]) -> str:
    """Write the selection of dotted paths."""
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for name in path.split("."):
            if not name.isidentifier():
                raise ConfigurationError([f"--fields: '{path[:80]}' is no field; write names such as email or company.name"])
            node = node.setdefault(name, {})
    return _written(tree)


def _written(tree: Mapping[str, Any]) -> str:
    return "{ " + " ".join(f"{name} {_written(inner)}" if inner else name for name, inner in tree.items()) + " }"


class CsvWriter:
    """Writes customers as lines of CSV (RFC 4180), with a head."""

    def __init__(self, file: TextIO, paths: Sequence[str]) -> None:
        self._head: Sequence[str] | None = paths
        self._paths = [path.split(".") for path in paths]
        self._writer = csv.writer(file, lineterminator="\r\n")

    def write(self, node: Mapping[str, Any]) -> None:
        """Write a customer."""
        self.write_head()
        self._writer.writerow([write_cell(_value_at(node, path)) for path in self._paths])

    def write_head(self) -> None:
        """Write the names of the fields, once. Until there is a customer there may be a problem instead."""
        if self._head is not None:
            self._writer.writerow(self._head)
            self._head = None


class JsonLinesWriter:
    """Writes customers as JSON, one a line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write_head(self) -> None:
        """Write nothing: the names are in each line."""

    def write(self, node: Mapping[str, Any]) -> None:
        """Write a customer."""
        self._file.write(json.dumps(node, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_cell(value: Any) -> str:
    """Write a value as text that no spreadsheet takes for a formula. What is no single value is written as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"'{text}" if text.startswith(RISKY) else text


def _value_at(node: Any, path: Sequence[str]) -> Any:
    for name in path:
        if isinstance(node, list):
            return [_value_at(own, [name]) for own in node]
        node = None if node is None else node.get(name)
    return node
