"""Call a source by the deadline, and make failures values.

What a connector gives is not trusted: records are validated while they are decoded, a malformed one is dropped alone,
keys that were not asked for are ignored, and whatever is raised becomes an error of the tree. Only what is to end
the process passes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import structlog

from connectors.contract import Aggregate, Lister, Lookup, Measure, Page
from connectors.errors import (
    GatewayBusyError,
    SourceError,
    SourceProtocolError,
    SourceTimeoutError,
    SourceUnavailableError,
    without_frames,
)
from connectors.record_fields import Fields, narrow
from connectors.records import RECORD_NAMES, BirthDates, Record
from connectors.toolkit.json_repair import repair_json
from gateway.clock import Clock
from gateway.log import SeldomLog
from gateway.lookups.answer_page import validate_listing, validate_page
from gateway.lookups.call_statistics import CallStatistics
from gateway.lookups.deadline import Deadline
from gateway.lookups.measure_validation import validate_measures, validate_rows
from gateway.lookups.outcome import Failed, Found, Listed, Measured, Outcome
from gateway.lookups.post_filter import PostFilter
from gateway.lookups.timers import Timers
from gateway.lookups.unreadable_values import MISSING, LenientReader, UnreadableValue
from gateway.lookups.validation import drop_invalid, has_id, is_odd

MAX_ABANDONED = 100
"""How many calls of a source may go on after they were cancelled; while there are so many it is not called again."""

MAX_LAG_S = 0.1
"""A timer that fires later than this says that the loop was held, not that a source is late."""

LAG_GRACE_S = 0.05
"""How long what has arrived while the loop was held may take to be read, before it counts as late."""

Call = Callable[[float], Awaitable[Mapping[str, Any]]]
"""Calls the source with the seconds that are left."""

Answered = asyncio.Future[Mapping[str, Any] | SourceError]
"""What a call gave, or that it was late."""

log = structlog.get_logger()


class SourceCaller:
    """Calls one source. Calls that outlive their deadline are cancelled and reaped here, never waited for.

    The log says once that calls fail from now on, and once that they no longer do.
    """

    def __init__(self, source: str, clock: Clock, birth_dates: BirthDates | None = None) -> None:
        self.source = source
        self.clock = clock
        self._birth_dates = birth_dates
        self.timers = Timers()
        self.statistics = CallStatistics()
        self.troubles: dict[tuple[str, str, str], tuple[int, str | None]] = {}
        """How often values could not be read, by record, path and reason, with the id of the first record that had one."""
        self._failed_calls = 0
        self._is_logged = False
        self._seldom = SeldomLog(clock)
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def fetch(self, lookup: Lookup, keys: Sequence[str], post_filter: PostFilter, deadline: Deadline) -> list[Outcome]:
        """One outcome per key, in the order of `keys`."""
        call = lambda left: lookup.fetch(keys, msgspec.structs.replace(post_filter.sent, remaining_s=left))  # noqa: E731
        answer, stamp = await self._call(call, keys, deadline)
        if isinstance(answer, SourceError):
            return [Failed(error=answer, **stamp)] * len(keys)
        return self._found(map(answer.get, keys), post_filter, stamp)

    async def measure(
        self, aggregate: Aggregate, keys: Sequence[str], measures: Sequence[Measure], deadline: Deadline
    ) -> list[Outcome]:
        """One outcome per key, in the order of `keys`."""
        answer, stamp = await self._call(lambda left: aggregate.measure(keys, measures, left), keys, deadline)
        if isinstance(answer, SourceError):
            return [Failed(error=answer, **stamp)] * len(keys)
        given = [*map(answer.get, keys)]
        rows = validate_rows(given, aggregate.record, measures)
        if rows is not None:
            return [Measured(values=row, **stamp) for row in rows]
        return [self._measured(values, aggregate, measures, stamp) for values in given]

    async def list_page(self, lister: Lister, fields: Fields, after: str | None, first: int, deadline: Deadline) -> Outcome:
        """List a page of all records of a type. Those that cannot be read are dropped and counted, as in lookups."""

        async def call(left: float) -> Mapping[str, Any]:
            return {"": await lister.fetch(fields, after, first, left)}

        answer, stamp = await self._call(call, [""], deadline)
        if isinstance(answer, SourceError):
            return Failed(error=answer, **stamp)
        try:
            given = validate_listing(answer[""], after)
            validated = validate_records(given.records, narrow(lister.record, fields), self._birth_dates)
        except Exception as error:  # noqa: BLE001  what a connector gives may raise anything when it is looked at
            return Failed(error=_unreadable(error), **stamp)
        if validated.unreadable:
            self._note_unreadable(lister.record, validated.unreadable)
        unreadable = len(validated.unreadable) - validated.dropped
        return Listed(records=validated.records, next=given.next, dropped=validated.dropped, unreadable=unreadable, **stamp)

    def late(self, waited_s: float, *, is_busy: bool = False) -> Failed:
        """Fail a caller who cannot wait any longer. `is_busy` where that is the gateway's fault."""
        error = GatewayBusyError() if is_busy else SourceTimeoutError()
        return Failed(error=error, source=self.source, as_of=self.clock.now(), latency_ms=round(waited_s * 1000, 3))

    def unreadable(self, error: Exception) -> Failed:
        """Fail the keys whose call, or whose answer, raised."""
        return Failed(error=_unreadable(error), source=self.source, as_of=self.clock.now(), latency_ms=0.0)

    def not_asked(self, error: SourceError) -> Failed:
        """Fail a lookup without a call."""
        return Failed(error=error, source=self.source, as_of=self.clock.now(), latency_ms=0.0, attempts=0)

    async def aclose(self) -> None:
        """Wait for abandoned calls to end; they were cancelled before."""
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=1)

    async def _call(
        self, call: Call, keys: Sequence[str], deadline: Deadline
    ) -> tuple[Mapping[str, Any] | SourceError, dict[str, Any]]:
        started = self.clock.monotonic()
        result: Mapping[str, Any] | SourceError
        if len(self._abandoned) < MAX_ABANDONED:
            result = await self._bounded(call, keys, deadline.remaining_s())
        else:
            result = SourceUnavailableError("too many of its calls have not ended")
        self._note(result)
        stamp = {
            "source": self.source,
            "as_of": self.clock.now(),
            "latency_ms": round((self.clock.monotonic() - started) * 1000, 3),
        }
        return result, stamp

    def _note(self, result: object) -> None:
        if isinstance(result, GatewayBusyError):
            return
        if isinstance(result, SourceError):
            self._failed_calls += 1
            # A source may fail and recover by turns.
            if not self._is_logged and self._seldom.is_due("source_failed"):
                log.warning("source_failed", source=self.source, code=result.code)
                self._is_logged = True
        elif self._is_logged:
            log.info("source_recovered", source=self.source, failed_calls=self._failed_calls)
            self._is_logged, self._failed_calls = False, 0

    async def _bounded(self, call: Call, keys: Sequence[str], left: float) -> Mapping[str, Any] | SourceError:
        loop = asyncio.get_running_loop()
        answered: Answered = loop.create_future()
        task = loop.create_task(_contained(call, keys, left, answered))
        timer = loop.call_later(left, _end_late, answered, loop, loop.time() + left)
        try:
            return await answered
        finally:
            timer.cancel()
            if not task.done():
                self._abandon(task)

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)

    def _found(self, answers: Iterable[Any], post_filter: PostFilter, stamp: dict[str, Any]) -> list[Outcome]:
        """Turn each answer into an outcome. Records that are sound, and not too many, are taken at a glance."""
        source, as_of, latency_ms = stamp["source"], stamp["as_of"], stamp["latency_ms"]
        given, untouched = decode_pages([*answers], post_filter.kind), post_filter.untouched
        lists = [
            records
            if type(answer) is Page
            and type(records := answer.records) is list
            and len(records) <= untouched
            and answer.total is None
            and not answer.partial
            else None
            for answer in given
        ]
        filled = [*filter(None, lists)]
        if not ({post_filter.kind}.issuperset(map(type, chain.from_iterable(filled))) and post_filter.are_single(filled)):
            lists = [None] * len(given)
        return [
            self._outcome(answer, post_filter, stamp)
            if records is None
            else Found(records=records, source=source, as_of=as_of, latency_ms=latency_ms)
            for answer, records in zip(given, lists, strict=True)
        ]

    def _outcome(self, given: Any, post_filter: PostFilter, stamp: dict[str, Any]) -> Outcome:
        try:
            if isinstance(given, SourceError):
                return Failed(error=given, **stamp)
            page = validate_page(given)
            validated = validate_records(page.records, post_filter.kind, self._birth_dates)
            if validated.unreadable:
                self._note_unreadable(post_filter.record, validated.unreadable)
            records, total, has_more, partial, is_short = post_filter.finished(validated.records, page.total, validated.dropped)
        except Exception as error:  # noqa: BLE001  what a connector gives may raise anything when it is looked at
            return Failed(error=_unreadable(error), **stamp)
        return Found(
            records=records,
            total=total,
            has_more=has_more,
            dropped=validated.dropped,
            unreadable=len(validated.unreadable) - validated.dropped,
            partial=partial or page.partial,
            is_short=is_short,
            **stamp,
        )

    def _note_unreadable(self, record: type[Record], unreadable: Iterable[UnreadableValue]) -> None:
        """Count each kind of trouble, and log it once in a while. Neither ids nor values are logged."""
        for value in unreadable:
            kind = (RECORD_NAMES[record], value.path, value.reason)
            counts = self.statistics.dropped if value.drops_record else self.statistics.unreadable
            counts[kind[0], value.reason] += 1
            count, example = self.troubles.get(kind, (0, value.record_id))
            self.troubles[kind] = count + 1, example
            if self._seldom.is_due(" ".join(kind)):
                words = dict(zip(("record", "path", "reason"), kind, strict=True))
                log.warning("value_unreadable", source=self.source, count=count + 1, **words)

    def _measured(self, given: Any, aggregate: Aggregate, measures: Sequence[Measure], stamp: dict[str, Any]) -> Outcome:
        if isinstance(given, SourceError):
            return Failed(error=given, **stamp)
        try:
            return Measured(values=validate_measures(given, aggregate.record, measures), **stamp)
        except Exception as error:  # noqa: BLE001  as above
            return Failed(error=_unreadable(error), **stamp)


def _end_late(answered: Answered, loop: asyncio.AbstractEventLoop, due: float) -> None:
    if loop.time() - due > MAX_LAG_S:
        loop.call_later(LAG_GRACE_S, _end_with, answered, GatewayBusyError())
    else:
        _end_with(answered, SourceTimeoutError())


def _end_with(answered: Answered, error: SourceError) -> None:
    if not answered.done():
        answered.set_result(error)


async def _contained(call: Call, keys: Sequence[str], left: float, answered: Answered) -> None:
    """Make a call. Nobody may wait for its answer any more."""
    result: Mapping[str, Any] | SourceError
    try:
        result = by_key(await call(left), keys)
    except SourceError as error:
        result = without_frames(error)
    except TimeoutError:
        result = SourceTimeoutError()
    except asyncio.CancelledError:
        result = SourceTimeoutError("the call was cancelled")
    except (KeyboardInterrupt, SystemExit):
        raise  # whoever wants the process to end has his way, wherever that is raised
    except BaseException as error:  # noqa: BLE001  a connector may raise anything; it costs its own fields only
        result = _unreadable(error)
    if not answered.done():
        answered.set_result(result)


def by_key(answer: Any, keys: Sequence[str]) -> Mapping[str, Any] | SourceError:
    """Copy an answer into a plain dict that is safe to read."""
    if type(answer) is dict or isinstance(answer, SourceError):
        return answer
    if isinstance(answer, Mapping):
        return {key: _given(answer, key) for key in keys}
    return SourceProtocolError("the connector gave no mapping")


def _given(answer: Mapping[str, Any], key: str) -> Any:
    try:
        return answer.get(key)
    except Exception as error:  # noqa: BLE001  a mapping may be any code
        return _unreadable(error)


def _unreadable(error: BaseException) -> SourceProtocolError:
    """Turn an exception of a connector into an error of ours."""
    if isinstance(error, SourceProtocolError):
        return error
    log.error("connector_raised", error=type(error).__name__)
    return SourceProtocolError("the connector failed")


class Decoded(NamedTuple):
    """Hold sound records, how many were dropped, and the unreadable values. They are of a narrowed type."""

    records: list[Any]
    dropped: int = 0
    unreadable: Sequence[UnreadableValue] = ()


def validate_records(records: bytes | list[Any], kind: type[msgspec.Struct], birth_dates: BirthDates | None = None) -> Decoded:
    """Validate records as `decode_records`, decoded ones too."""
    if isinstance(records, bytes):
        return decode_records(records, kind, birth_dates)
    if not {kind}.issuperset(map(type, records)):
        raise SourceProtocolError("the connector gave other records than it was asked for")
    good = [record for record in records if has_id(record)]
    lost = len(records) - len(good)
    return Decoded(good, lost, [UnreadableValue(None, "id", MISSING, drops_record=True)] * lost)


def decode_pages(answers: list[Any], kind: type[msgspec.Struct]) -> list[Any]:
    """Decode the pages of many keys where all of their records are sound. Else they stay as they are."""
    pages = {
        place: answer.records for place, answer in enumerate(answers) if type(answer) is Page and type(answer.records) is bytes
    }
    if len(pages) < 2:
        return answers
    decode = record_decoder(kind).decode
    try:
        lists = [decode(page) for page in pages.values()]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return answers
    records = [*chain.from_iterable(lists)]
    if len(drop_invalid(records, kind)) < len(records) or any(is_odd(page, kind) for page in pages.values()):
        return answers
    decoded = answers.copy()
    for place, found in zip(pages, lists, strict=True):
        decoded[place] = Page(found, answers[place].total, answers[place].partial)
    return decoded


def decode_records(records: bytes, kind: type[msgspec.Struct], birth_dates: BirthDates | None = None) -> Decoded:
    """Decode the readable records of a JSON array.

    Raises `SourceProtocolError` when the whole is none.
    """
    try:
        decoded = record_decoder(kind).decode(records)
        count = len(decoded)
        good = drop_invalid(decoded, kind)
        if len(good) == count and not is_odd(records, kind):
            return Decoded(good)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            records = repair_json(records)
        except (ValueError, RecursionError):
            raise SourceProtocolError("the answer is not JSON") from None
    return _one_by_one(records, kind, birth_dates)


@lru_cache(maxsize=1024)
def record_decoder(kind: type[Any]) -> msgspec.json.Decoder[list[Any]]:
    """Decodes a JSON array of records of this type."""
    return msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]


def _one_by_one(records: bytes, kind: type[msgspec.Struct], birth_dates: BirthDates | None) -> Decoded:
    try:
        raws = msgspec.json.decode(records, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise SourceProtocolError("the answer is not a list of records") from None
    good: list[Any] = []
    unreadable: list[UnreadableValue] = []
    for raw in raws:
        try:
            sound = [] if is_odd(bytes(raw), kind) else drop_invalid([msgspec.json.decode(raw, type=kind)], kind)
        except (msgspec.MsgspecError, RecursionError):
            sound = []
        if not sound:
            reading = LenientReader(raw, kind, birth_dates)
            unreadable += reading.unreadable
            sound = [] if reading.record is None else [reading.record]
        good += sound
    return Decoded(good, len(raws) - len(good), unreadable)
