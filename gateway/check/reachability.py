"""Tell which sources are reached from each kind of key, in how many turns, and which are not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from connectors.contract import CUSTOMER_KEYS, LINKING_KINDS, KeyKind
from connectors.records import Customer
from gateway.check.sampler import LookupSample, find_strongest
from gateway.identity.keys import keys_of, words
from gateway.stitching.customer_sources import CustomerSources


class Reach(msgspec.Struct, frozen=True):
    """The sources that a caller's key leads to.

    `customers` are the sources of customers, turn by turn; `records` those of other records, asked afterwards. `never` are
    those that are not reached.
    """

    key: str
    customers: Sequence[Sequence[str]]
    records: Sequence[str]
    never: Sequence[str]


class Reachability:
    """Follows keys by those that sampled records have, as a request follows them.

    A source whose records could not be sampled counts as if they had the kinds of keys by which they are found.
    """

    def __init__(self, samples: Sequence[LookupSample], customers: CustomerSources) -> None:
        self._samples = samples
        self._customers = customers
        self._names = [source.name for source in customers.all]
        self._others = list(dict.fromkeys(sample.source for sample in samples if sample.lookup.record is not Customer))
        self._kinds: dict[str, Collection[KeyKind]] = {}
        self._stated: dict[str, Collection[str]] = {}
        for name in self._names:
            self._read_keys(name, customers.phone_regions[name])

    def _read_keys(self, source: str, region: str | None) -> None:
        own = [sample for sample in self._samples if sample.source == source and sample.lookup.record is Customer]
        records = [record for sample in own for record in sample.records]
        if records:
            self._kinds[source] = [kind for kind in LINKING_KINDS if any(keys_of(record, kind, region) for record in records)]
        else:
            self._kinds[source] = [kind for kind in LINKING_KINDS if any(sample.lookup.by is kind for sample in own)]
        ids = (key for record in records for key in keys_of(record, KeyKind.EXTERNAL_ID))
        self._stated[source] = {key.partition(":")[0] for key in ids}

    def find_all(self) -> list[Reach]:
        """Find what each kind of key leads to, and each source's ids."""
        by_id = [(f"id of {name}", self._asked_by_id(name), None) for name in self._names if self._customers.by_id(name)]
        by_kind = [(words(kind), [own.name for own in self._customers.asked_by(kind)], kind) for kind in CUSTOMER_KEYS]
        return [self._find(key, first, kind) for key, first, kind in (*by_id, *by_kind) if first]

    def _find(self, key: str, first: Sequence[str], kind: KeyKind | None) -> Reach:
        turns = self._turns(first)
        reached = {name for turn in turns for name in turn}
        kinds = {own for name in reached for own in self._kinds[name]} | {kind}
        asked = [name for name in self._others if self._is_asked(name, reached, kinds)]
        never = [name for name in self._names if name not in reached and name not in asked]
        return Reach(key, turns, asked, [*never, *(name for name in self._others if name not in {*asked, *reached})])

    def _turns(self, first: Sequence[str]) -> list[list[str]]:
        turns = [[*first]]
        while len(turns) <= self._customers.max_turns:
            reached = {name for turn in turns for name in turn}
            led_to = dict.fromkeys(name for source in turns[-1] for name in self._led_to(source))
            if not (turn := [name for name in led_to if name not in reached]):
                break
            turns.append(turn)
        return turns

    def _led_to(self, source: str) -> Iterator[str]:
        """Name the sources of customers that are asked by the keys of a source's records."""
        if not self._customers.are_several:
            return
        for kind in self._kinds[source]:
            if kind in self._customers.trusted[source]:
                yield from (own.name for own in self._customers.asked_by(kind))
        for name in self._stated[source]:
            yield from (own.name for own in self._customers.by_id(name))
        yield from self._stating(source)

    def _asked_by_id(self, name: str) -> list[str]:
        """Name the sources that are asked by an id of a source: it, those that know its ids, and those that state them."""
        own = [source.name for source in self._customers.by_id(name)]
        return list(dict.fromkeys([*own, *self._stating(name)])) if self._customers.are_several else own

    def _stating(self, name: str) -> list[str]:
        return [own.name for own in self._customers.asked_by(KeyKind.EXTERNAL_ID) if name in self._stated[own.name]]

    def _is_asked(self, source: str, reached: Collection[str], kinds: Collection[KeyKind | None]) -> bool:
        """Tell whether a source is asked for any of its records."""
        records = dict.fromkeys(own.lookup.record for own in self._samples if own.source == source)
        found = [find_strongest(self._samples, source, record) for record in records if record is not Customer]
        by = {sample.lookup.by for sample in found if sample is not None}
        space = self._customers.id_space(source)
        has_id = any(space in (name, self._customers.id_space(name)) for name in reached)
        return not by.isdisjoint(kinds) or (KeyKind.CUSTOMER_ID in by and has_id)


def reach_lines(reach: Sequence[Reach]) -> list[str]:
    """Write a line for each kind of key. A `>` stands between turns."""
    width = max((len(own.key) for own in reach), default=0)
    return [f"{own.key:<{width}}  {_line(own)}" for own in reach]


def _line(reach: Reach) -> str:
    reached = " > ".join(" ".join(names) for names in [*reach.customers, reach.records] if names)
    return f"{reached}; not {' '.join(reach.never)}" if reach.never else reached
