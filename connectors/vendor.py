"""The base of presets: connectors that know one vendor's API, in one file each.

A preset says what to call and how a row of the vendor's becomes a record. From here it has one open HTTP client, questions
whose answers are read into typed envelopes, pages with a bound, a way to leave out alone what cannot be read, and `check`.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import Annotated, Any, ClassVar, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
from pydantic import AfterValidator, ConfigDict, Field, SecretStr
from yarl import URL

from connectors.contract import Aggregate, Answer, Ask, Change, Connector, FetchFunction, KeyKind, Keys, Lookup, Position
from connectors.errors import (
    ConfigurationError,
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.records import RECORD_NAMES, Record
from connectors.shapes import Fields
from connectors.transport import Refused, Transport, WebSettings
from connectors.values import decode_exactly, encode_numbers

_CHECK_TIMEOUT_S = 5.0
_UNREADABLE = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError)
"""What reading a row raises that is not as the vendor says."""

_NUMBER = re.compile("0|[1-9][0-9]{0,17}")
_NO_TIME = datetime.min.replace(tzinfo=UTC)

T = TypeVar("T")
R = TypeVar("R")
Parameters = Mapping[str, str | int | None]
"""Of an address. One that is None is left out."""
Turn = Callable[[str | None], Awaitable[tuple[list[Any], str | None]]]
"""Gives the rows of one page, and where the next one begins, None after the last. It is told where the page begins, None for
the first."""


def _single_line(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.strip() or not text.isprintable():
        raise ValueError("is empty or holds a line break; set it to one line without spaces around it")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_single_line)]
"""A credential, which no repr and no error shows."""


class VendorSettings(WebSettings):
    """What all presets have. `keys` says which records are asked for at this source, and by which kinds of keys."""

    model_config = ConfigDict(hide_input_in_errors=True)

    keys: Annotated[dict[str, Annotated[list[KeyKind], Field(min_length=1)]], Field(min_length=1)]
    max_pages: Annotated[int, Field(ge=1)] = 20
    connections: Annotated[int, Field(ge=1)] = 10


class Trial(NamedTuple):
    """A cheap question that `check` asks. `permission` is what the credentials must allow for it, in the vendor's words.

    `one_key`: it is about a single thing, which need not be there. With a `body` it is posted.
    """

    path: str
    permission: str
    parameters: Parameters = {}
    one_key: bool = False
    body: Any = None


class PermissionMissingError(SourceAuthError):
    """The source knows the credentials, and they do not allow this."""


V = TypeVar("V", bound=VendorSettings)


class Vendor(Connector[V]):
    """One vendor's API. A preset gives `headers`, `trials`, and methods with `@lookup`."""

    credential: ClassVar[str] = "token"
    """The setting that an operator corrects when the source does not accept the credentials."""

    def __init__(self, name: str, settings: V) -> None:
        super().__init__(name, settings)
        self._transport = Transport(settings, self._refusal)
        self._refuse_unknown_keys()

    def headers(self) -> Mapping[str, str]:
        """What goes with every call: the credentials."""
        return {}

    def trials(self) -> Sequence[Trial]:
        """What `check` asks."""
        return []

    def refusal(self, answer: Refused) -> SourceError | None:
        """What the vendor means by an answer that is no success, None where that is what it means everywhere."""
        return PermissionMissingError() if answer.status == 403 else None

    async def open(self) -> None:
        await self._transport.open(self.headers())

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def check(self) -> list[str]:
        until = asyncio.get_running_loop().time() + _CHECK_TIMEOUT_S
        problems = await asyncio.gather(*(self._try(trial, until) for trial in self.trials()))
        return list(dict.fromkeys(problem for problem in problems if problem is not None))

    def lookups(self) -> Sequence[Lookup]:
        chosen = (found for found in super().lookups() if self._is_chosen(found))
        return [msgspec.structs.replace(found, fetch=partial(_answer, found.fetch)) for found in chosen]

    def aggregates(self) -> Sequence[Aggregate]:
        return [found for found in super().aggregates() if self._is_chosen(found)]

    def until(self, ask: Ask) -> float | None:
        """When the time that an ask has is over, by the event loop's clock, in seconds."""
        return None if ask.remaining_s is None else asyncio.get_running_loop().time() + ask.remaining_s

    def own_change(self, record: type[Record] | None, id_: str) -> Change:
        """What has changed of the customer whom the source has under an id of its own."""
        is_ours = any(KeyKind.CUSTOMER_ID in kinds for kinds in self.settings.keys.values())
        return (
            Change(record, KeyKind.CUSTOMER_ID, id_) if is_ours else Change(record, KeyKind.EXTERNAL_ID, f"{self.name}:{id_}")
        )

    def own_ids(self, keys: Keys) -> dict[str, str]:
        """The ids of this source that external ids mean, by the key: those that stand under its name."""
        prefix = f"{self.name}:"
        return {key: key.removeprefix(prefix) for key in keys if key.startswith(prefix)}

    async def get(self, kind: type[T], path: str, parameters: Parameters, until: float | None) -> T:
        """A question about many. Its answer is read into `kind`, an envelope whose rows are left as they are."""
        return self._read(kind, await self.call("GET", path, parameters=parameters, until=until))

    async def find(self, kind: type[T], path: str, parameters: Parameters, until: float | None) -> T | None:
        """A question about one thing, None when it is not there."""
        content = await self.call("GET", path, parameters=parameters, until=until, one_key=True)
        return None if content is None else self._read(kind, content)

    async def post(self, kind: type[T], path: str, body: Any, until: float | None) -> T:
        """A question about many, as JSON."""
        return self._read(kind, await self.call("POST", path, body=body, until=until))

    async def call(
        self,
        method: str,
        path: str,
        *,
        until: float | None,
        parameters: Parameters | None = None,
        body: Any = None,
        one_key: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> bytes | None:
        """One call; every question goes this way. `path` is below `base_url`, and ready to be sent."""
        if not path.startswith("/"):
            raise SourceProtocolError("the next page is at another origin")
        url = URL(self.settings.base_url + path, encoded=True)
        sent = {name: str(value) for name, value in (parameters or {}).items() if value is not None}
        url = url.update_query(sent) if sent else url
        return await self._transport.call(method, url, body, one_key=one_key, until=until, headers=headers)

    async def paged(self, turn: Turn, is_enough: Callable[[list[Any]], bool] = lambda _: False) -> list[Any]:
        """The rows of all pages, or of as many as are enough. More than `max_pages` is an error."""
        rows: list[Any] = []
        start: str | None = None
        for _ in range(self.settings.max_pages):
            own, start = await turn(start)
            rows += own
            if start is None or is_enough(rows):
                return rows
        raise SourceProtocolError("more pages than max_pages")

    def _read(self, kind: type[T], content: bytes | None) -> T:
        try:
            read: T = decode_exactly(content or b"null", kind)
            return read
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise SourceProtocolError("not the agreed JSON") from error

    def _refusal(self, answer: Refused) -> SourceError | None:
        try:
            return self.refusal(answer)
        except _UNREADABLE:
            return Vendor.refusal(self, answer)

    def _is_chosen(self, found: Lookup | Aggregate) -> bool:
        return found.by in self.settings.keys.get(RECORD_NAMES[found.record], ())

    def _refuse_unknown_keys(self) -> None:
        known: dict[str, list[KeyKind]] = {}
        for found in super().lookups():
            known.setdefault(RECORD_NAMES[found.record], []).append(found.by)
        problems = [
            f"keys.{record}: {self.kind} has no {record} by {by.value}; it has {_words(known)}"
            for record, kinds in self.settings.keys.items()
            for by in kinds
            if by not in known.get(record, ())
        ]
        if problems:
            raise ConfigurationError(problems)

    async def _try(self, trial: Trial, until: float) -> str | None:
        where = f"sources.{self.name}.{self.credential}"
        try:
            method = "GET" if trial.body is None else "POST"
            await self.call(
                method, trial.path, parameters=trial.parameters, body=trial.body, one_key=trial.one_key, until=until
            )
        except PermissionMissingError:
            return f"{where}: the source accepts it, but it lacks {trial.permission}; grant that"
        except SourceAuthError as error:
            return f"{where}: {error}; it is wrong, expired or revoked, so make a new one"
        except SourceError as error:
            return self.trouble(error, f"what needs {trial.permission}")
        return None

    def trouble(self, error: SourceError, asked_for: str) -> str:
        """What `check` says of a failure that is not about the credentials."""
        where = f"sources.{self.name}"
        if isinstance(error, SourceUnavailableError | SourceTimeoutError):
            return f"{where}.base_url: {error}; check the address and the network"
        return f"{where}: {error} when it is asked for {asked_for}; ask it by hand"


def is_number(key: str) -> bool:
    """Whether a key can be one of a vendor's ids that are numbers. Others would cost the whole batch."""
    return _NUMBER.fullmatch(key) is not None


def step(key: str) -> str:
    """A key as a step of a path."""
    if key in {".", ".."}:
        raise SourceRejectedError
    return quote(key, safe="")


def as_records(rows: Iterable[Any], record_of: Callable[[Any], Any]) -> bytes:
    """Canonical JSON of rows. One that cannot be read stands in it as null: the gateway drops it alone, and counts it."""
    try:
        return encode_numbers([_read_row(row, record_of) for row in rows])
    except (RecursionError, ValueError) as error:
        raise SourceProtocolError("an answer holds what cannot be written") from error


def readable(rows: Iterable[Any], read: Callable[[Any], T | None]) -> list[T]:
    """What can be read of rows, without None."""
    return [found for row in rows if (found := _read_row(row, read)) is not None]


def by_key(
    keys: Keys,
    rows: Iterable[Any],
    keys_of: Callable[[Any], Iterable[Any]],
    record_of: Callable[[Any], Any],
    first: int | None = None,
) -> dict[str, bytes]:
    """The rows of a batch, put with the asked keys that they have, the `first` of each. A row of no asked key is nobody's."""
    found: dict[str, list[Any]] = {key: [] for key in keys}
    for row in rows:
        for own in _read_row(row, lambda one: [found[key] for key in dict.fromkeys(keys_of(one)) if key in found]) or ():
            own.append(row)
    return {key: as_records(own[:first], record_of) for key, own in found.items() if own}


def window(rows: Iterable[R], ask: Ask, position_of: Callable[[R], Position]) -> tuple[list[R | None], int]:
    """The rows that an ask wants of a key, in order, and how many there are between its times. Conditions are not looked at.

    For what a vendor does not cut by itself. A row whose place cannot be read is None, and stands as the oldest.
    """
    placed = [(_read_row(row, position_of), row) for row in rows]
    inside = [(place.time or _NO_TIME, place.id, row) for place, row in placed if place is not None and _is_between(place, ask)]
    inside.sort(key=itemgetter(0, 1), reverse=not ask.oldest_first)
    total = len(inside)
    if ask.after is not None:
        last = (ask.after.time or _NO_TIME, ask.after.id)
        inside = [one for one in inside if (one[:2] > last if ask.oldest_first else one[:2] < last)]
    found: list[R | None] = [row for *_, row in inside]
    unread: list[R | None] = [None for place, _ in placed if place is None]
    return (unread + found if ask.oldest_first else found + unread)[: ask.first], total


def needed(fields: Fields, table: Mapping[str, Collection[str]]) -> list[str]:
    """What a vendor must be asked for so that the fields can be filled, by a table of what each field is read from."""
    return sorted({name for field, _ in fields for name in table.get(field, ())})


def _is_between(place: Position, ask: Ask) -> bool:
    time = place.time or _NO_TIME
    return (ask.since is None or time >= ask.since) and (ask.until is None or time < ask.until)


def _read_row(row: Any, read: Callable[[Any], T]) -> T | None:
    try:
        return read(row)
    except _UNREADABLE:
        return None


async def _answer(fetch: FetchFunction, keys: Keys, ask: Ask) -> Answer:
    """Keys that cannot be sent are refused here, so that they do not cost the others."""
    good = [key for key in keys if _can_be_sent(key)]
    refused = {key: SourceRejectedError() for key in keys if key not in good} if len(good) < len(keys) else {}
    return {**refused, **await fetch(good, ask)} if good else refused


def _can_be_sent(key: str) -> bool:
    try:
        return bool(key.encode())
    except UnicodeEncodeError:
        return False


def _words(known: Mapping[str, Sequence[KeyKind]]) -> str:
    return "; ".join(f"{record} by {', '.join(kind for kind in KeyKind if kind in kinds)}" for record, kinds in known.items())
