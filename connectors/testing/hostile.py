"""Break the contract in named ways, to test the code behind connectors.

source = HostileConnector("orders", {(Order, KeyKind.CUSTOMER_ID): {"c1": [...], "c2": [...]}})
source.per_key["c1"] = OnKey.DEEP       # what is said of one key; all others are told the truth
source.per_call = OnCall.REPEATS_KEYS   # how a whole answer is given
source.raises = KeyError("secret")      # every call raises it
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum, auto
from functools import lru_cache, partial
from typing import Any, NoReturn

import msgspec

from connectors.contract import Aggregate, Ask, Keys, Lookup, Page
from connectors.errors import SOURCE_ERRORS, SourceRejectedError
from connectors.record_fields import LEAF, fields_of
from connectors.records import Record
from connectors.testing.memory import MemoryConnector, Served

HUGE_BYTES = 10 * 1024 * 1024
DEEP_LEVELS = 100_000
MANY_RECORDS = 20_000

SECRET = "secret"  # noqa: S105  a word to look for
"""Stands in whatever is raised: it must not be logged or answered."""


class OnKey(StrEnum):
    """A misbehaviour about one key."""

    MISSING = auto()
    """Nothing, though there is something."""
    SHUFFLED = auto()
    """The records in another order than was asked for."""
    REPEATED = auto()
    """Every record twice."""
    MANY = auto()
    """Far more records than were asked for."""
    WRONG_TYPES = auto()
    """Every value of the first record is of another type."""
    NO_PAGE = auto()
    """An object that is neither a page nor records."""
    RAISING_PAGE = auto()
    """A list that raises when it is looked at."""
    NOT_JSON = auto()
    TRUNCATED = auto()
    """The first half of the JSON."""
    HUGE = auto()
    """The first record has a text of ten megabytes: in the first asked field that holds text, or in one that is none."""
    DEEP = auto()
    """The first record has lists in each other, 100,000 levels, in the first asked field after its id."""
    REFUSED = auto()
    """A `SourceRejectedError`."""
    CLASS_OF_ERROR = auto()
    """A `SourceRejectedError` that nobody made an object of."""


class OnCall(StrEnum):
    """How a whole call is answered."""

    SHUFFLES_KEYS = auto()
    LEAVES_OUT_KEYS = auto()
    """Every second one, from the first on."""
    ADDS_KEYS = auto()
    """Keys that were not asked for, of any type, with anything as their records."""
    REPEATS_KEYS = auto()
    """A mapping that gives each key twice when it is gone through, the first time with nonsense."""
    GIVES_NOTHING = auto()
    GIVES_A_LIST = auto()
    GIVES_AN_ERROR = auto()
    """An error of the tree that is returned instead of raised."""
    RAISES_WHEN_ASKED = auto()
    """A mapping that raises when it is asked for a key."""
    RAISES_WHEN_READ = auto()
    """A mapping that raises when it is gone through or counted, and can be asked for each key."""
    IS_NO_COROUTINE = auto()
    """The answer itself, where something to await was agreed."""
    HANGS = auto()
    """Until it is cancelled."""
    HANGS_ON = auto()
    """Until `release` is set, and whatever cancels it."""


class OddBaseError(BaseException):
    """An error that no `except Exception` stops."""


ODD_ERRORS: Sequence[BaseException] = (
    *(kind(SECRET) for kind in SOURCE_ERRORS.values()),
    ValueError(SECRET), KeyError(SECRET), OSError(5, SECRET), RuntimeError(SECRET), StopIteration(SECRET),
    StopAsyncIteration(SECRET), RecursionError(SECRET), MemoryError(SECRET), UnicodeDecodeError("utf-8", b"", 0, 1, SECRET),
    TimeoutError(SECRET), ExceptionGroup(SECRET, [ValueError(SECRET)]), asyncio.CancelledError(SECRET), GeneratorExit(SECRET),
    OddBaseError(SECRET), BaseExceptionGroup(SECRET, [GeneratorExit(SECRET)]),
)  # fmt: skip
"""What a call may raise at the cost of its own fields alone. `KeyboardInterrupt` and `SystemExit` are to end the process."""


class HostileConnector(MemoryConnector):
    """Serve records as `MemoryConnector` does, and misbehave on request."""

    kind = "hostile"

    def __init__(self, name: str, records: Served, **words: Any) -> None:
        super().__init__(name, records, **words)
        self.per_key: dict[str, OnKey] = {}
        self.per_call: OnCall | None = None
        self.raises: BaseException | None = None
        self.release = asyncio.Event()
        self.cancellations = 0

    def lookups(self) -> Sequence[Lookup]:
        return [msgspec.structs.replace(lookup, fetch=self._call(lookup.fetch, lookup.record)) for lookup in super().lookups()]

    def aggregates(self) -> Sequence[Aggregate]:
        return [
            msgspec.structs.replace(aggregate, measure=self._call(aggregate.measure, None))
            for aggregate in super().aggregates()
        ]

    def _call(self, honest: Callable[..., Any], record: type[Record] | None) -> Callable[..., Any]:
        def call(keys: Keys, asked: Any, *remaining_s: float | None) -> Any:
            if self.per_call is OnCall.IS_NO_COROUTINE:
                return dict.fromkeys(keys, b"[]")
            return self._answered(honest, record, keys, asked, *remaining_s)

        return call

    async def _answered(
        self, honest: Callable[..., Any], record: type[Record] | None, keys: Keys, asked: Any, *remaining_s: float | None
    ) -> Any:
        answer: dict[str, Any] = dict(await honest(keys, asked, *remaining_s))
        if self.raises is not None:
            raise self.raises
        await self._hang()
        for key in keys:
            how = self.per_key.get(key)
            if how is OnKey.MISSING:
                answer.pop(key, None)
            elif how is not None and key in answer:
                answer[key] = _values(how, answer[key]) if record is None else _page(how, answer[key], record, asked)
        given = _ANSWERS.get(self.per_call)
        return answer if given is None else given(answer)

    async def _hang(self) -> None:
        if self.per_call is OnCall.HANGS:
            await self.release.wait()
        while self.per_call is OnCall.HANGS_ON and not self.release.is_set():
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                self.cancellations += 1


class _Raising(Mapping[str, Any]):
    """Raise in the methods that are named."""

    def __init__(self, honest: Mapping[str, Any], *, asked: bool) -> None:
        self._honest = honest
        self._asked = asked

    def __getitem__(self, key: str) -> Any:
        return _fail() if self._asked else self._honest[key]

    def __iter__(self) -> Iterator[str]:
        return _fail()

    def __len__(self) -> int:
        return _fail()


class _Repeating(dict[str, Any]):
    def __iter__(self) -> Iterator[str]:
        return (key for own in super().__iter__() for key in (own, own))

    def items(self) -> Any:
        return [pair for key, value in super().items() for pair in ((key, b"nonsense"), (key, value))]


class _RaisingList(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        return _fail()

    def __len__(self) -> int:
        return _fail()


def _fail() -> NoReturn:
    raise ValueError(SECRET)


_ANSWERS: dict[OnCall | None, Callable[[dict[str, Any]], Any]] = {
    OnCall.SHUFFLES_KEYS: lambda honest: dict(reversed(honest.items())),
    OnCall.LEAVES_OUT_KEYS: lambda honest: dict(list(honest.items())[1::2]),
    OnCall.ADDS_KEYS: lambda honest: {**honest, "not asked": b"nonsense", None: 5, 7: [SECRET], ("c1",): ValueError(SECRET)},
    OnCall.REPEATS_KEYS: _Repeating,
    OnCall.GIVES_NOTHING: lambda _: None,
    OnCall.GIVES_A_LIST: lambda honest: list(honest.items()),
    OnCall.GIVES_AN_ERROR: lambda _: SourceRejectedError(SECRET),
    OnCall.RAISES_WHEN_ASKED: partial(_Raising, asked=True),
    OnCall.RAISES_WHEN_READ: partial(_Raising, asked=False),
}


def _page(how: OnKey, page: Page, record: type[Record], ask: Ask) -> Any:
    assert isinstance(page.records, bytes)
    records: list[dict[str, Any]] = msgspec.json.decode(page.records)
    match how:
        case OnKey.SHUFFLED:
            records = [*records[1::2], *records[::2]]
        case OnKey.REPEATED:
            records = [record for record in records for _ in range(2)]
        case OnKey.MANY:
            records = [{**records[0], "id": f"{records[0]['id']}-{number}"} for number in range(MANY_RECORDS)]
        case OnKey.WRONG_TYPES:
            records[0] = {name: {"wrong": [value]} for name, value in records[0].items()}
        case OnKey.HUGE:
            own = fields_of(record)
            texts = (own[name].json_name for name, _ in ask.fields if own[name].leaf is str and own[name].form == LEAF)
            return _first_with(records, next((name for name in texts if name != "id"), "padding"), _huge(), page.total)
        case OnKey.DEEP:
            names = (fields_of(record)[name].json_name for name, _ in ask.fields)
            return _first_with(records, next((name for name in names if name != "id"), "padding"), _deep(), page.total)
        case _:
            return _nonsense(how, page.records)
    return Page(msgspec.json.encode(records), page.total)


def _values(how: OnKey, values: list[Any]) -> Any:
    match how:
        case OnKey.SHUFFLED:
            return values[::-1]
        case OnKey.REPEATED | OnKey.MANY:
            return values * 2
        case OnKey.WRONG_TYPES:
            return [{"wrong": [value]} for value in values]
        case OnKey.HUGE:
            return ["x" * HUGE_BYTES for _ in values]
        case OnKey.DEEP:
            deep: list[Any] = []
            for _ in range(DEEP_LEVELS):
                deep = [deep]
            return [deep for _ in values]
    return _nonsense(how, b"[1, 2]")


def _nonsense(how: OnKey, text: bytes) -> Any:
    match how:
        case OnKey.NO_PAGE:
            return object()
        case OnKey.RAISING_PAGE:
            return _RaisingList()
        case OnKey.NOT_JSON:
            return b"<html>\xff</html>"
        case OnKey.REFUSED:
            return SourceRejectedError(SECRET)
        case OnKey.CLASS_OF_ERROR:
            return SourceRejectedError
    return text[: len(text) // 2]


def _first_with(records: list[dict[str, Any]], name: str, value: bytes, total: int | None) -> Page:
    first = {**records[0], name: msgspec.Raw(value)}
    return Page(msgspec.json.encode([first, *records[1:]]), total)


@lru_cache(maxsize=1)
def _huge() -> bytes:
    return b'"' + b"x" * HUGE_BYTES + b'"'


@lru_cache(maxsize=1)
def _deep() -> bytes:
    return b"[" * DEEP_LEVELS + b"]" * DEEP_LEVELS
