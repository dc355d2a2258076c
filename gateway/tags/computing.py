"""Computing tags: the facts that their rules read are asked of the sources, then the rules are evaluated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from connectors.records import Record
from gateway.clock import Clock
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.measuring import Measurement, Question, measured
from gateway.stitching.reports import SourceState
from gateway.tags import facts, rules
from gateway.tags.definitions import Fact, Pack
from gateway.tags.model import ComputedTag, FactValue

Wanted = tuple[StitchedCustomer, str]
"""A customer and a tag's key."""

Pair = tuple[str, str]
"""A customer's id and a tag's key."""

Tags = dict[Pair, ComputedTag]


async def compute(pack: Pack, clock: Clock, wanted: Iterable[Wanted]) -> Tags:
    """The wanted tags. Never raises for a source: what is missing stands in the evidence."""
    by_customer: dict[StitchedCustomer, list[str]] = {}
    for customer, key in wanted:
        by_customer.setdefault(customer, []).append(key)
    # The facts of all wanted tags are asked for every customer, so that each source gets one question.
    names = {name for keys in by_customer.values() for key in keys for name in pack.tags[key].fact_names}
    reference = clock.reference()
    questions = _questions([pack.facts[name] for name in sorted(names)], reference)
    seen = await asyncio.gather(*(_facts(customer, questions, reference) for customer in by_customer))
    now = clock.now()
    return {
        (customer.id, key): rules.evaluate(pack.tags[key], known, now)
        for (customer, keys), known in zip(by_customer.items(), seen, strict=True)
        for key in keys
    }


def is_missing_for_now(tag: ComputedTag) -> bool:
    """Whether asking again may give more: a source was down, in contrast to one that is not configured."""
    return any(fact.missing not in (None, SourceState.NOT_CONFIGURED.value) for fact in tag.evidence)


def _questions(asked: Sequence[Fact], reference: datetime) -> list[tuple[Question, list[Fact]]]:
    fields = facts.needed_fields(asked)
    groups: dict[type[Record], list[Fact]] = {}
    for fact in asked:
        groups.setdefault(fact.record, []).append(fact)
    return [
        (
            Question(
                record=record,
                measures=tuple(facts.measure_of(fact, reference) for fact in group),
                fields=fields[record],
            ),
            group,
        )
        for record, group in groups.items()
    ]


async def _facts(
    customer: StitchedCustomer, questions: Sequence[tuple[Question, list[Fact]]], reference: datetime
) -> dict[str, FactValue]:
    answers = await asyncio.gather(*(measured(customer, question) for question, _ in questions))
    return {
        value.name: value
        for (question, group), answer in zip(questions, answers, strict=True)
        for value in _fact_values(question, group, answer, reference)
    }


def _fact_values(question: Question, group: Sequence[Fact], answer: Measurement, reference: datetime) -> Iterable[FactValue]:
    for place, (fact, measure) in enumerate(zip(group, question.measures, strict=True)):
        value = facts.fact_value(
            fact,
            measure,
            [row[place] for row in answer.rows],
            reference=reference,
            sources=answer.sources,
            as_of=answer.as_of,
            missing=answer.missing,
        )
        yield msgspec.structs.replace(value, partial=value.partial or answer.cut)
