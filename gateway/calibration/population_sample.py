"""Sample the facts of a population in bounded memory."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from math import inf, nan
from numbers import Real

import msgspec
import numpy as np
from numpy.typing import NDArray

from connectors.errors import ProfileGatewayError
from gateway.calibration.calibration_plan import Column
from gateway.population.permitted_tags import PermittedTags
from gateway.population.walk import walk_customers
from gateway.services import Services
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.source_reports import SourceState
from gateway.tags.computation import compute_facts
from gateway.tags.computed_tag import NOT_GIVEN, FactValue

Numbers = NDArray[np.float64]

MAX_SAMPLE = 100_000
"""So many customers are kept at most. Cut points and parameters of more are the same to the third digit."""

UNKNOWN = inf
"""A fact of which a source could not be asked, or from which something is left out. NaN is one without a value."""


MAX_MISSING, MIN_JUDGED = 0.5, 20
"""A batch of so many customers, of whom a larger share lacks a fact for now, stands for a source that is down."""

LASTING = frozenset({SourceState.NOT_CONFIGURED.value, NOT_GIVEN})


class PopulationUnreadableError(ProfileGatewayError):
    """A source could not be asked about most of a batch."""

    code = "SOURCE_UNAVAILABLE"

    def __init__(self, fact: str, missing: int, customers: int, code: str) -> None:
        super().__init__(
            f"calibrate: of {missing} of {customers} customers of a batch {fact} could not be read ({code}); run it again when "
            "the source answers, --resume goes on from there"
        )


class SampleCounts(msgspec.Struct):
    """What became of the customers of a walk: `withheld` are those who may not be used for what the tags are for.

    Of those `left_out` some fact is unknown, or `partial` and so a number that is too low.
    """

    listed: int = 0
    customers: int = 0
    withheld: int = 0
    left_out: int = 0
    partial: int = 0


class PopulationSample:
    """Keeps rows of facts: those of all customers, or of as many as there is room for.

    Who is kept is decided by a digest of the id, so the same population gives the same sample in any order, and one that is
    resumed gives what an unbroken one would. Of a customer there is nothing but this digest and the numbers.
    """

    def __init__(self, columns: Sequence[Column], room: int = MAX_SAMPLE) -> None:
        self.columns = [*columns]
        self.counts = SampleCounts()
        self.after: str | None = None
        self._room = room
        self._rows: list[tuple[int, array[float]]] = []  # a heap by digest, turned round: the largest one is replaced first

    def __len__(self) -> int:
        return len(self._rows)

    def add_row(self, id_: str, values: Iterable[float]) -> None:
        """Keep a row, or drop it or another one."""
        row = array("d", values)
        self.counts.customers += 1
        self.counts.left_out += UNKNOWN in row
        priority = -int.from_bytes(blake2b(id_.encode(), digest_size=7).digest())
        if len(self._rows) < self._room:
            heapq.heappush(self._rows, (priority, row))
        elif priority > self._rows[0][0]:
            heapq.heapreplace(self._rows, (priority, row))

    def matrix(self) -> Numbers:
        """Give the rows in the order of their digests, which is that of no property of the customers."""
        rows = [row for _, row in sorted(self._rows, key=lambda entry: entry[0])]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))

    def pack_rows(self) -> list[tuple[int, bytes]]:
        """Encode the rows, to go on later."""
        return [(priority, row.tobytes()) for priority, row in self._rows]

    def unpack_rows(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Take encoded rows back."""
        self._rows = [(priority, array("d", content)) for priority, content in rows]
        heapq.heapify(self._rows)


Progress = Callable[[PopulationSample], None]
"""Told after each batch."""


async def fill_sample(
    services: Services, sample: PopulationSample, batch: int, progress: Progress, tags: Collection[str]
) -> None:
    """Walk over the population from where the sample stands, and keep the facts of customers. The services are open.

    Each moment has its own question to the sources: what they answer holds nothing that came after it. Customers of whom none
    of the `tags` may be computed are left out.

    Raises `PopulationUnreadableError` where a source could not be asked about most of a batch, and as `walk_customers`.
    """
    permitted = PermittedTags(services)
    async for page in walk_customers(services, batch=batch, after=sample.after, selection=permitted.selection):
        people = [own.tagged for own in page.customers if not set(tags).isdisjoint(permitted.keys_of(own))]
        facts = await _facts_at_moments(services, sample.columns, people)
        _refuse_outage(facts, people)
        for customer in people:
            sample.add_row(customer.id, (number_of(facts[column][customer.id]) for column in sample.columns))
            sample.counts.partial += any(is_in_part(facts[column][customer.id]) for column in sample.columns)
        sample.counts.listed += page.listed
        sample.counts.withheld += len(page.customers) - len(people)
        sample.after = page.after
        progress(sample)


async def _facts_at_moments(
    services: Services, columns: Sequence[Column], people: Sequence[StitchedCustomer]
) -> Mapping[Column, Mapping[str, FactValue]]:
    found: dict[Column, dict[str, FactValue]] = {}
    for moment in dict.fromkeys(column.at for column in columns):
        names = [column.fact for column in columns if column.at == moment]
        by_customer = await compute_facts(services.tags.pack, names, people, services.clock, reference=moment)
        for name in names:
            found[Column(name, moment)] = {customer: facts[name] for customer, facts in by_customer.items()}
    return found


def _refuse_outage(facts: Mapping[Column, Mapping[str, FactValue]], people: Sequence[StitchedCustomer]) -> None:
    """End the walk while a source is down: who is left then would be a part of the population that nobody has chosen."""
    for column, values in facts.items():
        codes = Counter(own.missing for own in values.values() if own.missing is not None and own.missing not in LASTING)
        if len(people) >= MIN_JUDGED and codes.total() > MAX_MISSING * len(people):
            (code, _), *_ = codes.most_common(1)
            raise PopulationUnreadableError(column.fact, codes.total(), len(people), code)


def is_in_part(fact: FactValue) -> bool:
    """Tell whether something is left out of a fact of this customer. What no source ever gives is left out of everybody's."""
    return fact.partial and fact.missing is None


def number_of(fact: FactValue) -> float:
    """Write a fact as a number of a row."""
    if is_in_part(fact) or (fact.missing is not None and not fact.is_known_in_part):
        return UNKNOWN
    return float(fact.value) if isinstance(fact.value, Real) else nan
