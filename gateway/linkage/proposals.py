"""Propose which records are one person, with the weight of each comparison: for people to accept, never on a request's path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from gateway.identity.decisions import LogRule, Pair, pair_of
from gateway.identity.node_ids import node_id
from gateway.identity.records import RecordId
from gateway.identity.resolution import DECIDED_STRENGTH, Link, WithheldReason
from gateway.linkage.comparisons import THRESHOLD, words_of
from gateway.linkage.components import Group, ListedDecisions, ResolutionRules, read_groups
from gateway.linkage.linkage_table import LinkageTable
from gateway.linkage.model import LinkageModel
from gateway.linkage.person_row import PersonRow

Step = Callable[[str], None]
"""Told each step as it begins."""


class Weight(msgspec.Struct, frozen=True):
    """What a comparison says: the logarithm to base 2 of how much likelier it makes that the records are one person."""

    comparison: str
    words: str
    weight: float


class Proposal(msgspec.Struct, frozen=True):
    """Two records of different customers that are probably one person.

    `start` is the weight before anything is compared; with the weights it adds up to the logarithm of the odds.
    `withheld` is the reason for which accepting it would join nothing: people with two birth dates are two.
    `values` are what was compared, of both records: given only where they are asked for.
    """

    records: tuple[str, str]
    probability: float
    start: float
    weights: tuple[Weight, ...]
    withheld: WithheldReason | None = None
    values: Mapping[str, tuple[str | None, str | None]] | msgspec.UnsetType = msgspec.UNSET

    def words(self) -> str:
        """Say the weights, the largest first. What says next to nothing is left out."""
        telling = sorted((own for own in self.weights if abs(own.weight) >= 0.05), key=lambda own: -abs(own.weight))
        return "; ".join(f"{own.words} {own.weight:+.1f}" for own in telling)


def propose(
    table: LinkageTable,
    rules: ResolutionRules,
    threshold: float = THRESHOLD,
    decisions: ListedDecisions | None = None,
    *,
    with_values: bool = False,
    step: Step = lambda _: None,
) -> Iterator[Proposal]:
    """Propose pairs of records of different customers over a probability, the likeliest first.

    Of each two customers one pair is proposed at most, and none that people have cut or linked. `table` has its components.
    """
    table.write_people()
    model = LinkageModel(table, across_sources=rules.limits.records_per_source == 1)
    if not model.compared:
        return
    step("Estimating weights")
    model.train()
    step("Comparing records")
    model.predict(threshold)
    decided = decisions or ListedDecisions()
    for row, group in zip(model.read_proposed(), read_groups(table, "proposed_members"), strict=True):
        records = pair_of(*(RecordId(row[f"source_{side}"], row[f"id_{side}"]) for side in "lr"))
        reason = _withheld_reason(group, rules, decided, records)
        if records not in decided.links and reason is not WithheldReason.CUT:
            yield _proposal(model, row, reason, with_values=with_values)


def _withheld_reason(group: Group, rules: ResolutionRules, decided: ListedDecisions, records: Pair) -> WithheldReason | None:
    """Say why a link would join nothing, None where it would."""
    link = Link(DECIDED_STRENGTH[LogRule.PROPOSAL], records)
    components = group.resolve(rules, decided, [link])
    withheld = {own.records: own.reason for component in components for own in component.withheld}
    return withheld.get(records)


def _proposal(model: LinkageModel, row: Mapping[str, Any], withheld: WithheldReason | None, *, with_values: bool) -> Proposal:
    weights = []
    for comparison in model.compared:
        words = words_of(comparison, row[f"gamma_{comparison.name}"])
        if words is not None:
            weight = row[f"mw_{comparison.name}"] + row.get(f"mw_tf_adj_{comparison.name}", 0.0)
            weights.append(Weight(comparison.name, words, round(weight, 2)))
    values = {name: (row[f"{name}_l"], row[f"{name}_r"]) for name in PersonRow._fields}
    return Proposal(
        records=(node_id(row["source_l"], row["id_l"]), node_id(row["source_r"], row["id_r"])),
        probability=round(row["match_probability"], 6),
        start=round(row["match_weight"] - sum(own.weight for own in weights), 2),
        weights=tuple(weights),
        withheld=withheld,
        values={name: pair for name, pair in values.items() if any(pair)} if with_values else msgspec.UNSET,
    )
