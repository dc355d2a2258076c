"""Report how records are linked to customers: counts, kinds and ids, and never a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gateway.identity.node_ids import node_id
from gateway.linkage.components import ComponentCounts
from gateway.linkage.linkage_table import LinkageTable

MAX_KEYS = 10
"""How many keys are reported, those that most records share."""


class SharedKey(msgspec.Struct, frozen=True):
    """A key that several records have: its kind, how many, the id of one of them. `links` is false where it links nobody."""

    kind: str
    records: int
    example: str
    links: bool


class ListedSources(msgspec.Struct, frozen=True):
    """The sources whose customers were listed, with their counts of records, and of those that could not be read.

    `others` find customers and were not listed: what they alone connect is not known here.
    """

    records: Mapping[str, int]
    unreadable: Mapping[str, int]
    others: Sequence[str]


class IdentityReport(msgspec.Struct, frozen=True):
    """All of it. `sizes` counts the customers of so many records, `links` and `withheld` by kind and reason.

    `decisions` counts entries of the identity log: `accepted` proposals, `linked` and `cut` by people, `withdrawn`, and
    `cut_after_acceptance`. `shared_keys` are those of more records than there are sources, and those that link nobody.
    """

    sources: ListedSources
    customers: int
    sizes: Mapping[int, int]
    links: Mapping[str, int]
    withheld: Mapping[str, int]
    shared_keys: Sequence[SharedKey]
    decisions: Mapping[str, int]

    def json(self) -> str:
        """Write the report as JSON, for programs."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()


def report_identity(
    table: LinkageTable, counts: ComponentCounts, sources: ListedSources, decisions: Mapping[str, int]
) -> IdentityReport:
    """Report on a table whose customers were found."""
    return IdentityReport(
        sources=sources,
        customers=sum(counts.sizes.values()),
        sizes={size: count for size, count in sorted(counts.sizes.items()) if count},
        links=dict(sorted(counts.links.items())),
        withheld=dict(sorted(counts.withheld.items())),
        shared_keys=_shared_keys(table, len(sources.records)),
        decisions=decisions,
    )


def _shared_keys(table: LinkageTable, sources: int) -> list[SharedKey]:
    statement = f"""
        WITH held AS (
            SELECT kind, value, count(DISTINCT number) AS records, min(number) AS first FROM keys GROUP BY kind, value
        )
        SELECT held.kind, held.records, source, id, shared.kind IS NULL
        FROM held JOIN records ON first = number LEFT JOIN shared USING (kind, value)
        WHERE held.records > ? OR shared.kind IS NOT NULL ORDER BY held.records DESC, held.kind, first LIMIT {MAX_KEYS}
    """
    rows = table.rows(statement, [sources])
    return [SharedKey(kind, count, node_id(source, id_), links) for kind, count, source, id_, links in rows]


def report_lines(report: IdentityReport) -> list[str]:
    """Write the report for people."""
    listed = report.sources.records
    lines = [f"{sum(listed.values()):,} records: {_counts(listed)}", f"{report.customers:,} customers"]
    lines += [f"  of {size:,} {'record' if size == 1 else 'records'}: {count:,}" for size, count in report.sizes.items()]
    lines += [f"Links: {_counts(report.links)}", f"Withheld: {_counts(report.withheld)}"]
    if any(report.decisions.values()):
        lines.append(f"Decisions: {_counts({name.replace('_', ' '): count for name, count in report.decisions.items()})}")
    if report.shared_keys:
        lines.append("Keys that most records share:")
    for key in report.shared_keys:
        note = "" if key.links else "; it links nobody"
        lines.append(f"  {key.kind}: {key.records:,} records, such as {key.example}{note}")
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
