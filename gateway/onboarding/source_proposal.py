"""Propose the settings of a source: read it, recognise it, and prove what would be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from connectors.catalogue import Catalogue
from connectors.errors import ConfigurationError
from gateway.clock import Clock
from gateway.onboarding.lookup_proof import ROUNDS, LookupProof, Proof, demote
from gateway.onboarding.proposal import Confidence, SourceProposal
from gateway.onboarding.settings_writer import write_settings
from gateway.onboarding.source_recognition import RecognitionOptions, recognise_source
from gateway.onboarding.source_url import SourceUrl, open_reader
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.tags_writer import write_tags
from gateway.onboarding.writable_names import leave_unwritable


class ProposedSettings(NamedTuple):
    """The texts that would be written, and what they come from. `sample` is the id of a customer to show."""

    settings: str
    tags: str
    proposal: SourceProposal
    sample: str | None
    proofs: Sequence[str]
    skipped: Mapping[str, Sequence[str]]


async def propose_settings(
    source: SourceUrl, environment: Mapping[str, str], options: RecognitionOptions, runs: Sequence[Confidence]
) -> ProposedSettings:
    """Propose settings in which all that runs is proved. Raises `SourceError` where the source cannot be read, and
    `ConfigurationError` where there is nothing in it.
    """
    reader = open_reader(source)
    try:
        catalogue = leave_unwritable(await reader.read_catalogue())
        if not catalogue.tables:
            raise ConfigurationError([_nothing_there(catalogue)])
        graph, proposal = await recognise_source(catalogue, reader, source.name, options)
        connection = _connection(source, graph, options)
        prover = LookupProof(graph, reader, {**environment, **source.written, **source.variables})
        proof = Proof(proposal, None, ())
        for _ in range(ROUNDS):
            running = _running(proof.proposal, runs)
            text = write_settings(graph, running, connection, runs)
            proof, failures = await prover.prove_settings(text, running)
            if not failures:
                break
            proof = Proof(demote(proof.proposal, failures), None, ())
        else:
            proof = Proof(_without_records(proof.proposal), None, ())
        text = write_settings(graph, proof.proposal, connection, runs)
        return ProposedSettings(
            text, write_tags(proof.proposal, Clock().now().date()), proof.proposal, proof.sample, proof.lines, catalogue.skipped
        )
    finally:
        await reader.aclose()


def _nothing_there(catalogue: Catalogue) -> str:
    """Say that there is nothing to read, and what was left out."""
    left_out = "; ".join(f"left out, {why}: {', '.join(names)}" for why, names in catalogue.skipped.items() if names)
    what = "files of rows" if catalogue.kind == "files" else "tables"
    told = f" ({left_out})" if left_out else ""
    return f"--url: has no {what} that can be read{told}; check its name, the schema, and what the user may read"


def _connection(source: SourceUrl, graph: TableGraph, options: RecognitionOptions) -> dict[str, object]:
    connection = dict(source.settings)
    if source.kind == "files":
        connection["tables"] = {table.quoted: table.path for table in graph.catalogue.tables if table.path is not None}
    if options.region is not None:
        connection["phone_region"] = options.region
    return connection


def _running(proposal: SourceProposal, runs: Sequence[Confidence]) -> SourceProposal:
    """Make comments of all that shall not run, so that a proof does not ask for it."""
    records = [
        own if own.confidence in runs else msgspec.structs.replace(own, confidence=Confidence.UNSURE)
        for own in proposal.records
    ]
    return msgspec.structs.replace(proposal, records=records)


def _without_records(proposal: SourceProposal) -> SourceProposal:
    return _running(proposal, ())
