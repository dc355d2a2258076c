"""Delay, spoil or fail a connector's answers in a repeatable way."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from connectors.contract import Aggregate, Answer, Ask, Connector, Keys, Lookup, Measure, Measured, Page
from connectors.errors import SOURCE_ERRORS, SourceError, SourceProtocolError
from connectors.record_fields import fields_of
from connectors.records import RECORD_NAMES
from gateway.lookups.answer_page import validate_page
from gateway.replay.connector_wrapper import ConnectorWrapper
from gateway.replay.fault_settings import Fault, WrongData

REMEMBERED = 100_000
"""For how many keys it is counted how often they were asked for."""

Sleep = Callable[[float], Awaitable[None]]


class InjectedFault:
    """Hold a fault that hits some keys of a call. `chance` is the draw of each, below the fault's share."""

    def __init__(self, fault: Fault, chance: Mapping[str, float]) -> None:
        self.fault = fault
        self.chance = chance


class FaultInjector(ConnectorWrapper):
    """Draw faults by seed, key and count. Other keys beside it change nothing.

    An error that hits all keys of a call is raised, as by a source that is down.
    """

    kind = "faults"

    def __init__(self, inner: Connector[Any], faults: Sequence[Fault], seed: int, sleep: Sleep = asyncio.sleep) -> None:
        super().__init__(inner)
        self._faults = faults
        self._seed = seed
        self._sleep = sleep
        self._asked: Counter[str] = Counter()

    async def fetched(self, lookup: Lookup, keys: Keys, ask: Ask) -> Answer:
        hits = self._hits(lookup, keys)
        await self._wait(hits)
        errors = _errors(hits, keys)
        left = [key for key in keys if key not in errors]
        answer = {**await super().fetched(lookup, left, ask), **errors}
        names = [fields_of(lookup.record)[name].json_name for name, _ in ask.fields]
        for key, how, chance in _spoilt(hits, answer):
            answer[key] = _spoilt_page(answer[key], how, chance, names)
        return answer

    async def measured(
        self, aggregate: Aggregate, keys: Keys, measures: Sequence[Measure], remaining_s: float | None = None
    ) -> Measured:
        hits = self._hits(aggregate, keys)
        await self._wait(hits)
        errors = _errors(hits, keys)
        left = [key for key in keys if key not in errors]
        answer = {**await super().measured(aggregate, left, measures, remaining_s), **errors}
        for key, how, _ in _spoilt(hits, answer):
            answer[key] = _spoilt_values(answer[key], how)
        return answer

    def _hits(self, declared: Lookup | Aggregate, keys: Keys) -> list[InjectedFault]:
        place = f"{RECORD_NAMES[declared.record]} {declared.by} {isinstance(declared, Lookup)}"
        if len(self._asked) > REMEMBERED:
            self._asked.clear()
        self._asked.update(f"{place} {key}" for key in keys)
        hits = []
        for number, fault in enumerate(self._faults):
            if fault.concerns(RECORD_NAMES[declared.record], declared.by):
                drawn = {key: self._drawn(f"{number} {self._asked[f'{place} {key}']} {place} {key}") for key in keys}
                hits.append(InjectedFault(fault, {key: chance for key, chance in drawn.items() if chance < fault.share}))
        return [hit for hit in hits if hit.chance]

    def _drawn(self, what: str) -> float:
        digest = hashlib.blake2b(f"{self._seed} {self.name} {what}".encode("utf-8", "replace"), digest_size=7).digest()
        return int.from_bytes(digest) / 2**56

    async def _wait(self, hits: Iterable[InjectedFault]) -> None:
        delays = [
            shortest + (longest - shortest) * chance / (hit.fault.share or 1)
            for hit in hits
            if hit.fault.delay_ms is not None
            for shortest, longest in [hit.fault.delay_ms]
            for chance in hit.chance.values()
        ]
        if delays:
            await self._sleep(max(delays) / 1000)
        if any(hit.fault.hang for hit in hits):
            await asyncio.Event().wait()


def _errors(hits: Iterable[InjectedFault], keys: Keys) -> dict[str, SourceError]:
    """Draw the errors by key.

    Raises the first one when there is one for each key.
    """
    errors = {key: SOURCE_ERRORS[hit.fault.error]() for hit in hits if hit.fault.error for key in hit.chance}
    if len(errors) == len(keys):
        raise next(iter(errors.values()))
    return errors


def _spoilt(hits: Iterable[InjectedFault], answer: Mapping[str, Any]) -> list[tuple[str, WrongData, float]]:
    return [
        (key, hit.fault.wrong_data, chance)
        for hit in hits
        if hit.fault.wrong_data is not None
        for key, chance in hit.chance.items()
        if key in answer and not isinstance(answer[key], SourceError)
    ]


def _spoilt_page(given: Any, how: WrongData, chance: float, names: Sequence[str]) -> Any:
    try:
        page = validate_page(given)
        text = page.records if isinstance(page.records, bytes) else msgspec.json.encode(page.records)
        records = msgspec.json.decode(text, type=list[dict[str, Any]])
    except (SourceProtocolError, msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return given
    if how is WrongData.TRUNCATED:
        return Page(text[: len(text) // 2], page.total, page.partial)
    if how is WrongData.SHUFFLED:
        records = records[1::2] + records[::2]
    elif records and (here := [name for name in names if name in records[0]]):
        name = here[int(chance * 1000) % len(here)]
        value = records[0].pop(name)
        if how is WrongData.WRONG_TYPE:
            records[0][name] = [] if isinstance(value, dict) else {}
    return Page(msgspec.json.encode(records), page.total, page.partial)


def _spoilt_values(given: Any, how: WrongData) -> Any:
    if not isinstance(given, list | tuple):
        return given
    match how:
        case WrongData.WRONG_TYPE:
            return [{} for _ in given]
        case WrongData.SHUFFLED:
            return [*given[1::2], *given[::2]]
    return given[: len(given) // 2]
