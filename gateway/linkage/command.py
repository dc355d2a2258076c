"""Run the commands over the customers of all sources that can list them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from connectors.errors import ConfigurationError
from connectors.records import Customer
from gateway.app import opened
from gateway.identity.decisions import LogEntry, decisions_of
from gateway.linkage.acceptance import Acceptance, AcceptedPair, accept, count_decisions, read_entries
from gateway.linkage.components import ListedDecisions, write_components
from gateway.linkage.customer_pages import list_customers
from gateway.linkage.customer_records import CustomerRecords
from gateway.linkage.linkage_table import LinkageTable
from gateway.linkage.proposals import Proposal, Step, propose
from gateway.linkage.report import IdentityReport, ListedSources, report_identity
from gateway.lookups.sources import Source
from gateway.services import Services
from gateway.stitching.customer_linker import outdate_customers

Progress = Callable[[str, int], None]
"""Told what is done at the moment, and how many records were read in all."""


async def report_customers(services: Services, names: Sequence[str] | None, progress: Progress) -> IdentityReport:
    """Report how the records of all sources that list customers are linked, or of those that are named.

    Raises `ConfigurationError`, `SourceFailure` when a source cannot be listed, `StoreError` when the log cannot be read.
    """
    sources = _listed_sources(services, names)
    with LinkageTable() as table:
        listed, entries = await _fill(services, sources, table, progress)
        counts = write_components(table, _reader(services).rules, ListedDecisions(decisions_of(entries)))
        return report_identity(table, counts, listed, count_decisions(entries))


async def propose_links(
    services: Services, names: Sequence[str] | None, threshold: float, progress: Progress, *, with_values: bool = False
) -> list[Proposal]:
    """Propose which records of different customers are one person, of all sources that list customers or of those named.

    Raises as `report_customers`.
    """
    sources = _listed_sources(services, names)
    rules = _reader(services).rules
    if len(sources) == 1 and rules.limits.records_per_source == 1:
        raise ConfigurationError(
            [f"identity: {sources[0].name} alone lists customers, and each has one record of a source: nobody can be proposed"]
        )
    with LinkageTable() as table:
        _, entries = await _fill(services, sources, table, progress)
        decisions = ListedDecisions(decisions_of(entries))
        step: Step = lambda text: progress(text, table.count)  # noqa: E731
        step("Finding customers")
        write_components(table, rules, decisions)
        return [*propose(table, rules, threshold, decisions, with_values=with_values, step=step)]


async def accept_pairs(services: Services, pairs: Sequence[AcceptedPair], who: str) -> Acceptance:
    """Write links for accepted pairs to the identity log, and drop what is stored of their customers.

    Raises `ConfigurationError` without a store, `StoreError`.
    """
    if services.store is None:
        raise ConfigurationError(["mongodb: links are stored there; add its table to the settings"])
    async with opened(services):
        accepted = await accept(services.store.identity_log, pairs, who, services.clock.now())
        await outdate_customers(services.router, {id_ for pair in pairs for id_ in pair.records})
        return accepted


def customer_sources(services: Services) -> list[str]:
    """Name the sources that find customers."""
    return [source.name for source in services.router.customers.all]


def _listed_sources(services: Services, names: Sequence[str] | None) -> list[Source]:
    """List the sources that are asked. Raises `ConfigurationError` for names of none, and where there is none."""
    finders = services.router.customers.all
    able = [source for source in finders if Customer in source.listings]
    if unable := sorted(set(names or ()) - {source.name for source in able}):
        known = ", ".join(source.name for source in able) or "none"
        raise ConfigurationError([f"--sources: {', '.join(unable)}: no such source lists customers; those that do: {known}"])
    if not able:
        raise ConfigurationError(["sources: none of them lists customers"])
    return [source for source in able if names is None or source.name in names]


def _reader(services: Services) -> CustomerRecords:
    return CustomerRecords(services.router.customers, services.settings.identity.identifier)


async def _fill(
    services: Services, sources: Sequence[Source], table: LinkageTable, progress: Progress
) -> tuple[ListedSources, list[LogEntry]]:
    """List all records into the table, and read what people decided about them."""
    reader, erased = _reader(services), services.router.erased
    records, unreadable = Counter[str](), Counter[str]()
    async with opened(services):
        for source in sources:
            async for page in list_customers(source, reader.fields, services.clock):
                read = (reader.read(source.name, record) for record in page.records)
                table.add(own for own in read if erased is None or not erased.table.find(own.linking))
                records[source.name] += len(page.records)
                unreadable[source.name] += page.dropped
                progress(f"Listing {source.name}", sum(records.values()))
        count = table.seal()
        progress("Reading the identity log", count)
        entries = [] if services.store is None else await read_entries(services.store.identity_log, table.ids())
    others = [source.name for source in services.router.customers.all if source not in sources]
    return ListedSources(records, +unreadable, others), entries
