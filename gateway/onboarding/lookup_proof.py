"""Prove what is proposed before it is written: its lookups run, find what SQL counts, and hold what they must."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from connectors.catalogue import CatalogueReader
from connectors.contract import Ask, Connector, KeyKind, Lookup, Page
from connectors.errors import SourceError
from connectors.record_fields import Fields, all_fields, leaves_of, narrow
from connectors.records import RECORD_NAMES, Customer
from gateway.lookups.connector_registry import build_connector, connector_kinds, validate_block
from gateway.onboarding.proposal import Confidence, FieldProposal, RecordProposal, SourceProposal
from gateway.onboarding.table_graph import TableGraph
from gateway.settings import SourceSettings
from gateway.settings.document import fill_in

MAX_CUSTOMERS = 10
MAX_READ = 50
MAX_COUNTED = 10**9
ROUNDS = 3


class Proof(NamedTuple):
    """What came of a proof: the proposal without what failed, whom to show, and what was proved in words."""

    proposal: SourceProposal
    sample: str | None
    lines: Sequence[str]


class ProofFailure(NamedTuple):
    """What is wrong with a record, one of its fields or one of its lists, and why."""

    record: str
    part: str
    why: str


class LookupProof:
    """Try the settings of one source, as they would be written, on ten customers."""

    def __init__(self, graph: TableGraph, reader: CatalogueReader, variables: Mapping[str, str]) -> None:
        self._graph = graph
        self._reader = reader
        self._variables = variables

    async def prove_settings(self, text: str, proposal: SourceProposal) -> tuple[Proof, Sequence[ProofFailure]]:
        """Prove the settings of a proposal once. Failures say what must not run."""
        connector, problems = self._connector(text, proposal.name)
        if connector is None:
            return Proof(proposal, None, ()), [_failure_of(problem) for problem in problems]
        await connector.open()
        try:
            problems = [*problems, *await connector.check()]
            if problems:
                return Proof(proposal, None, ()), [_failure_of(problem) for problem in problems]
            failures, sample, lines = await self._prove_lookups(connector, proposal)
            missing = await self._missing_indexes(connector)
            return Proof(msgspec.structs.replace(proposal, missing_indexes=missing), sample, lines), failures
        finally:
            await connector.aclose()

    def _connector(self, text: str, name: str) -> tuple[Connector[Any] | None, list[str]]:
        document = fill_in(tomllib.loads(text), self._variables).document
        block = document["sources"][name]
        if not block.get("records"):
            return None, []
        own = {key: value for key, value in block.items() if key not in SourceSettings.model_fields}
        kinds = connector_kinds({block["kind"]})
        validated = validate_block(kinds, name, block["kind"], own)
        if validated.problems:
            return None, [str(problem) for problem in validated.problems]
        connector, further = build_connector(kinds[block["kind"]], name, validated.settings, own)
        return connector, [str(problem) for problem in further]

    async def _missing_indexes(self, connector: Connector[Any]) -> list[str]:
        try:
            return [own.statement for own in await connector.missing_indexes() if own.statement is not None]
        except SourceError:
            return []

    async def _prove_lookups(
        self, connector: Connector[Any], proposal: SourceProposal
    ) -> tuple[list[ProofFailure], str | None, list[str]]:
        customers = proposal.record("customer")
        if customers is None or customers.fields[0].reached is None:
            return [], None, []
        chosen = await self._choose_customers(proposal, customers.fields[0])
        failures: list[ProofFailure] = []
        lines: list[str] = []
        for lookup in connector.lookups():
            record = proposal.record(RECORD_NAMES[lookup.record])
            if record is None or lookup.by is not KeyKind.CUSTOMER_ID:
                continue
            failure, line = await self._prove_lookup(lookup, record, chosen)
            failures += failure
            lines += [line] if line else []
        return failures, await self._sample(connector, chosen), lines

    async def _sample(self, connector: Connector[Any], ids: Sequence[Any]) -> str | None:
        """Find whom to show: the first customer that the lookup finds, for conditions may leave some out."""
        lookup = next((own for own in connector.lookups() if (own.record, own.by) == (Customer, KeyKind.CUSTOMER_ID)), None)
        if lookup is None or not ids:
            return None
        try:
            answer = await lookup.fetch([str(id_) for id_ in ids], Ask(fields=Fields.from_paths("id"), first=1))
        except SourceError:
            return None
        return next((str(id_) for id_ in ids if _total(answer.get(str(id_)))), None)

    async def _choose_customers(self, proposal: SourceProposal, id_field: FieldProposal) -> list[Any]:
        """Choose the busiest customers, some in the middle, and some without an order."""
        assert id_field.reached is not None
        ids = list(dict.fromkeys(id_field.reached.column.values))
        counts: dict[Any, int] = {}
        for record in proposal.records:
            column = _customer_column(record)
            if record.record == "customer" or record.confidence is Confidence.UNSURE or column is None:
                continue
            try:
                for key, count in (await self._reader.count_rows(record.table, column, ids)).items():
                    counts[key] = counts.get(key, 0) + count
            except SourceError:
                continue
        by_count = sorted(ids, key=lambda id_: -counts.get(id_, 0))
        middle = len(by_count) // 2
        return list(dict.fromkeys([*by_count[:4], *by_count[middle : middle + 3], *by_count[-3:]]))[:MAX_CUSTOMERS]

    async def _prove_lookup(
        self, lookup: Lookup, record: RecordProposal, ids: Sequence[Any]
    ) -> tuple[list[ProofFailure], str | None]:
        """Compare what a lookup finds for customers with what the table has."""
        keys = {str(id_): id_ for id_ in ids}
        ask = Ask(fields=all_fields(lookup.record), first=MAX_READ, count=True)
        try:
            answer = await lookup.fetch(list(keys), ask)
        except SourceError:
            return [ProofFailure(record.record, "", "a lookup failed")], None
        column = _customer_column(record)
        failures: list[ProofFailure] = []
        has_conditions = any(own.confidence is not Confidence.UNSURE for own in record.filters)
        if column is not None and not has_conditions:
            try:
                counts = await self._reader.count_rows(record.table, column, list(keys.values()))
            except SourceError:
                return [], None
            given = {key: _total(answer.get(key)) for key in keys}
            is_person = record.record == "customer"  # rows with one id are one record
            expected = {key: min(counts.get(id_, 0), 1 if is_person else MAX_COUNTED) for key, id_ in keys.items()}
            wrong = [key for key in keys if given[key] != expected[key]]
            if wrong:
                why = f"for {len(wrong)} of {len(keys)} customers a lookup finds another number of rows than the table has"
                failures.append(ProofFailure(record.record, "", why))
        total = sum(_total(found) for found in answer.values())
        failures += _unreadable(lookup, record, [found for found in answer.values() if isinstance(found, Page)])
        is_counted = column is not None and not has_conditions
        told = f", as many as {record.table} has" if is_counted else f"; conditions leave some of {record.table} out"
        told = told if is_counted or has_conditions else ""
        return failures, f"{record.record}: {len(keys)} customers looked up, {total} found{told}."


def _customer_column(record: RecordProposal) -> str | None:
    """Name the column of a record's own table that holds the customer's id."""
    field = record.fields[0] if record.record == "customer" else record.field("customer_id")
    if field is None or field.reached is None or field.reached.joins:
        return None
    return field.reached.column.name


def _total(found: Any) -> int:
    if isinstance(found, Page):
        if found.total is not None:
            return found.total
        found = found.records
    return len(msgspec.json.decode(found)) if isinstance(found, bytes) else len(found) if isinstance(found, list) else 0


def _unreadable(lookup: Lookup, record: RecordProposal, pages: Sequence[Page]) -> list[ProofFailure]:
    """Find the fields whose values are of no use: each is decoded by itself."""
    texts = [page.records for page in pages if isinstance(page.records, bytes)]
    failures = []
    for path in leaves_of(lookup.record):
        column, part = path.replace(".", "_"), path.partition(".")[0]
        if record.field(column) is None and not any(own.name == part for own in record.lists):
            continue
        kind: Any = list.__class_getitem__(narrow(lookup.record, Fields.from_paths(path)))
        for text in texts:
            try:
                msgspec.json.decode(text, type=kind)
            except msgspec.ValidationError:
                failures.append(ProofFailure(record.record, column, "values that cannot be read"))
                break
    return failures


def _failure_of(problem: str) -> ProofFailure:
    """Read which record a problem of settings is about: `sources.shop.records.order.lists.items: ...`."""
    path, _, message = problem.partition(": ")
    parts = path.split(".")
    record = parts[3] if len(parts) > 3 and parts[2] == "records" else ""
    part = ".".join(parts[4:6]) if len(parts) > 5 and parts[4] in ("lists", "keys") else ""
    return ProofFailure(record.partition(":")[0], part, message.partition(";")[0])


def demote(proposal: SourceProposal, failures: Sequence[ProofFailure]) -> SourceProposal:
    """Make comments of what failed: a field, a list or a key alone where it is one, else the record."""
    records = [_demote_record(own, [it for it in failures if it.record == own.record]) for own in proposal.records]
    return msgspec.structs.replace(proposal, records=records)


def _demote_record(record: RecordProposal, failures: Sequence[ProofFailure]) -> RecordProposal:
    for _, part, why in failures:
        what, _, name = part.partition(".")
        if what == "lists":
            lists = [_unsure(own, why) if own.name == name else own for own in record.lists]
            record = msgspec.structs.replace(record, lists=lists)
        elif what == "keys":
            keys = [_unsure(own, why) if own.kind == name else own for own in record.keys]
            record = msgspec.structs.replace(record, keys=keys)
        elif part and any(own.field == part for own in record.fields) and part != "id":
            money = part.removesuffix("_amount").removesuffix("_currency")
            same = (part, f"{money}_amount", f"{money}_currency")
            fields = [_unsure(own, why) if own.field in same else own for own in record.fields]
            record = msgspec.structs.replace(record, fields=fields)
        elif part and any(part.startswith(f"{own.name}_") for own in record.lists):
            lists = [_unsure(own, why) if part.startswith(f"{own.name}_") else own for own in record.lists]
            record = msgspec.structs.replace(record, lists=lists)
        else:
            record = _unsure(record, why)
    return record


def _unsure(own: Any, why: str) -> Any:
    return msgspec.structs.replace(own, confidence=Confidence.UNSURE, note=why)
