"""Define the connector contract: lookups, asks, answers.

A connector is one file with a settings class and one method per lookup:

    class Zendesk(Connector[ZendeskSettings]):
        kind = "zendesk"

        @lookup(Ticket, by=KeyKind.EMAIL, max_batch=100, pushdown={Push.FIRST, Push.SINCE})
        async def tickets_by_email(self, keys: Keys, ask: Ask) -> Answer: ...

The decorators are the only list of what the connector can do. Keys are unique, of one kind and at most `max_batch`.
An answer maps a key to its records, or to a `SourceError` for that key alone; an absent key means that nothing was
found; the order of keys means nothing. Raising means that the whole call failed. Retry, timeout, cache, limits,
de-duplication and logging are the gateway's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from inspect import signature
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict

from connectors.errors import NoWebhookError, SourceError
from connectors.inspection import MissingIndex, SampleFunction
from connectors.inspection import PoolUsage as PoolUsage
from connectors.listings import ChangeLister
from connectors.listings import Lister as Lister
from connectors.listings import Listing as Listing
from connectors.measure_ops import MAX_COUNTS as MAX_COUNTS
from connectors.measure_ops import PLAIN_OPS as PLAIN_OPS
from connectors.measure_ops import SOURCE_OPS as SOURCE_OPS
from connectors.measure_ops import MeasureOp as MeasureOp
from connectors.record_fields import Fields
from connectors.records import RECORD_NAMES, RECORDS, Account, BirthDates, Customer, Order, Record, Ticket, known_record


class KeyKind(StrEnum):
    """The kind of a value that finds records. Ordered from the strongest to the weakest reason to trust a match."""

    CUSTOMER_ID = "customer_id"
    EXTERNAL_ID = "external_id"
    MEMBER_NUMBER = "member_number"
    EMAIL = "email"
    PHONE = "phone"
    DEVICE_ID = "device_id"
    ACCOUNT = "account"
    ORDER_ID = "order_id"
    ORDER_NUMBER = "order_number"
    TICKET_ID = "ticket_id"
    TICKET_NUMBER = "ticket_number"
    EVENT_ID = "event_id"
    PARENT_ACCOUNT = "parent_account"
    DEAL_ID = "deal_id"
    SUBSCRIPTION_ID = "subscription_id"
    SURVEY_ID = "survey_id"
    TEXT = "text"


RECORD_KEYS: Mapping[KeyKind, type[Record]] = {
    **{KeyKind(f"{name}_id"): record for name, record in RECORDS.items() if record not in (Customer, Account)},
    KeyKind.ORDER_NUMBER: Order,
    KeyKind.TICKET_NUMBER: Ticket,
    KeyKind.PARENT_ACCOUNT: Account,
}
"""Kinds of keys that a record has itself: its id or number, or whose part it is."""

CUSTOMER_KEYS: Sequence[KeyKind] = [kind for kind in KeyKind if kind is not KeyKind.TEXT and kind not in RECORD_KEYS]
"""Kinds of a customer's keys that find its records, the strongest first."""

LINKING_KINDS: Sequence[KeyKind] = [kind for kind in CUSTOMER_KEYS if kind not in (KeyKind.CUSTOMER_ID, KeyKind.ACCOUNT)]
"""Kinds of keys by which records are of one person. The contacts of a company share its account."""


def misplaced_keys(record_name: str, kinds: Iterable[KeyKind]) -> list[str]:
    """List problems of settings: kinds of keys that another record has itself."""
    record = RECORDS[record_name]
    return [
        f"keys.{kind.value}: it finds records of {RECORD_NAMES[owner]}, not of {record_name}; move it there, or remove it"
        for kind in kinds
        if (owner := RECORD_KEYS.get(kind, record)) is not record
    ]


def nobody(kind: KeyKind) -> str:
    """Give a key that finds nothing, in its kind's form."""
    return {KeyKind.EMAIL: "nobody@example.invalid", KeyKind.PHONE: "+4915550000000"}.get(kind, "nobody")


class Push(StrEnum):
    """A part of an ask that a lookup applies at the source. The gateway applies the other parts to the records."""

    FIRST = "first"
    AFTER = "after"
    SINCE = "since"
    UPDATED_SINCE = "updated_since"
    WHERE = "where"
    ORDER = "order"
    COUNT = "count"


class Condition(msgspec.Struct, frozen=True):
    """Require a field to be one of `values`. Or, negated, none of them; the field is a dotted path."""

    field: str
    values: tuple[str, ...]
    negated: bool = False


class Position(msgspec.Struct, frozen=True):
    """Where a page ended: the record's time (None for records without one) and its id."""

    time: datetime | None
    id: str


class WordSearch(msgspec.Struct, frozen=True):
    """Ask a lookup by texts for records with the words of the key, in any order and any case of letters.

    `fields` are those of a customer in which it may look, as columns are called; None for all. `near` asks for records with
    some of the words, or with words one edit off, those with more of them first. Both give what is likely: the gateway ranks.
    """

    fields: tuple[str, ...] | None = None
    near: bool = False


class Ask(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """The fields, filter, order and page that a lookup is asked for. Hashable: equal asks share a batch.

    `first` is per key. `since` is inclusive and `until` exclusive, both on the record's time field. Records come newest
    first (by time, then id, both descending) unless `oldest_first`; records without a time field come by id, ascending.
    `updated_since` is inclusive, on `updated_at`; records without that time match.
    `more` asks whether there are records after the first ones: the gateway then asks a source for one more. `count` asks for
    the number of records that match, regardless of `first` and `after`. `shown` says that amounts are only shown: they may be
    given as the text that a Decimal is written as. `words` asks a lookup that finds words for them. `remaining_s` is the time
    left.
    """

    fields: Fields
    first: int | None = None
    after: Position | None = None
    since: datetime | None = None
    until: datetime | None = None
    updated_since: datetime | None = None
    where: tuple[Condition, ...] = ()
    oldest_first: bool = False
    more: bool = True
    count: bool = False
    shown: bool = False
    words: WordSearch | None = None
    remaining_s: float | None = None


class Page(msgspec.Struct, frozen=True):
    """Hold one key's records, and their total where it was counted.

    `records` are a canonical JSON array; or they have been decoded already, into `narrowed(record, ask.fields)`, by a connector
    that validates what it decodes, amounts as text where they are only shown. `partial` says that the source has more that
    could not be had, such as pages beyond the most that are read.
    """

    records: bytes | list[Any]
    total: int | None = None
    partial: bool = False


class Measure(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One aggregate over the records of a key. `field` is a dotted path, None for COUNT.

    SUM of a money field gives a list of `{amount, currency}`, one per currency, the amount as text. TOP is the most
    frequent value (the first in order among equals), LATEST the value of the newest record that has one. VALUES is how many
    values there are; of a money field one `{amount, currency}` per currency, the amount how many. COUNTS is a list of
    `[value, how often]`, the most frequent first, then by value, at most one more than `MAX_COUNTS`. Nothing to measure gives
    None (COUNT and VALUES: 0, SUM: empty or 0, COUNTS and VALUES of money: empty).

    RECORDS are the records themselves. No source is asked for them: they are of what the gateway has read.
    """

    op: MeasureOp
    field: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    where: tuple[Condition, ...] = ()


Keys = Sequence[str]
Found = Page | bytes | Sequence[Record]
Answer = Mapping[str, Found | SourceError]
Measured = Mapping[str, Sequence[Any] | SourceError]
FetchFunction = Callable[[Keys, Ask], Awaitable[Answer]]


class MeasureFunction(Protocol):
    """Measures keys. `remaining_s` is the time that is left, None where nobody says."""

    def __call__(self, keys: Keys, measures: Sequence[Measure], remaining_s: float | None = None, /) -> Awaitable[Measured]: ...


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """One record type by one kind of key, from one source. `sample` lists some of its keys, where the source can.

    `finds_words` says of one by texts that it applies `Ask.words`.
    """

    record: type[Record]
    by: KeyKind
    fetch: FetchFunction
    max_batch: int = 100
    pushdown: frozenset[Push] = frozenset()
    sample: SampleFunction | None = None
    finds_words: bool = False


class Aggregate(msgspec.Struct, frozen=True, kw_only=True):
    """Measure one record type by one key kind, at the source.

    `keys_share_nothing` says that no record is found by two keys, or else that keys of one call which share a record have a
    `SourceProtocolError` each. Only then may the measures of a customer's keys be added up; else the records of a customer with
    several keys are read, and measured by the gateway.
    A `measure` that takes keys and measures alone is not told how much time is left.
    """

    record: type[Record]
    by: KeyKind
    measure: MeasureFunction
    max_batch: int = 100
    ops: frozenset[MeasureOp] = PLAIN_OPS
    keys_share_nothing: bool = False

    def __post_init__(self) -> None:
        if not _takes_time(self.measure):
            measure: Any = self.measure
            msgspec.structs.force_setattr(self, "measure", lambda keys, measures, _remaining_s=None: measure(keys, measures))


def _takes_time(measure: Callable[..., Any]) -> bool:
    try:
        signature(measure).bind((), (), None)
    except TypeError:
        return False
    except ValueError:  # what has no signature
        return True
    return True


def lookup(record: type[Record], *, by: KeyKind, max_batch: int = 100, pushdown: Iterable[Push] = ()) -> Callable[[Any], Any]:
    """Declare a method `(keys, ask) -> Answer` as a lookup."""
    return _declare(Lookup, dict(record=record, by=by, max_batch=max_batch, pushdown=frozenset(pushdown)), "fetch")


def listing(record: type[Record], *, max_first: int = 1_000) -> Callable[[Any], Any]:
    """Declare a method `(fields, after, first, remaining_s) -> Listing` as the way to list all records of a type."""
    return _declare(Lister, dict(record=record, max_first=max_first), "fetch")


def aggregate(
    record: type[Record],
    *,
    by: KeyKind,
    max_batch: int = 100,
    ops: Iterable[MeasureOp] = PLAIN_OPS,
    keys_share_nothing: bool = False,
) -> Callable[[Any], Any]:
    """Declare a method `(keys, measures, remaining_s) -> Measured` as an aggregate."""
    words = dict(record=record, by=by, max_batch=max_batch, ops=frozenset(ops), keys_share_nothing=keys_share_nothing)
    return _declare(Aggregate, words, "measure")


def _declare(kind: type, words: dict[str, Any], function_name: str) -> Callable[[Any], Any]:
    def mark(method: Any) -> Any:
        method.__declared__ = lambda bound: kind(**words, **{function_name: bound})
        return method

    return mark


class WebhookRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a source's webhook. `path` is the gateway's, with its query; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Change(msgspec.Struct, frozen=True):
    """Say that a key's records have changed. Those of all types, when `record` is None."""

    record: type[Record] | None
    by: KeyKind
    key: str


RecordName = Annotated[str, AfterValidator(known_record)]
"""A setting that names a record."""


class ConnectorSettings(BaseModel):
    """Base of a connector's settings: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=ConnectorSettings)


class Connector(Generic[S]):
    """Our code that talks to one kind of source. `name` is the source's name in the configuration.

    `any_case` says that the source finds e-mail addresses in any case of letters. One that does not say so is asked by the
    address as the customer's record has it, beside the one in lower case.
    `birth_dates` says how the source writes days of birth that can be read in two ways; the gateway sets it by the settings.
    """

    kind: ClassVar[str]
    settings_type: ClassVar[type[ConnectorSettings]]
    any_case: bool = False
    birth_dates: BirthDates | None = None

    def __init__(self, name: str, settings: S) -> None:
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Acquire pools and sessions for calls. Must not fail because the source is down."""

    async def aclose(self) -> None:
        """Release it."""

    async def check(self) -> list[str]:
        """Ask the source, and list the problems that an operator can fix. It is empty when all is well."""
        return []

    def pool_usage(self) -> PoolUsage | None:
        """Count the connections now. None where the connector has no pool that it can count."""
        return None

    def absent_fields(self, record: type[Record]) -> frozenset[str]:  # noqa: ARG002  for those that know
        """Name the fields, by dotted paths, that no record of this type has here, as far as is known now.

        That is what the settings, or the columns of a query, do not have. A field that is only empty is none of them.
        """
        return frozenset()

    def has_update_times(self, record: type[Record]) -> bool:  # noqa: ARG002  for those that know
        """Tell whether records of this type have `updated_at` here, as far as is known. `updated_since` fails elsewhere."""
        return False

    async def missing_indexes(self) -> Sequence[MissingIndex]:
        """List the large tables that lookups read whole. Raises `SourceError`."""
        return []

    def search_gaps(self) -> Sequence[str]:
        """Say what a search for words leaves out here, and how to have it: as far as is known since the last one."""
        return ()

    def links(self) -> Mapping[str, str]:
        """Give the addresses of records' pages at the source by record: as `connectors.toolkit.record_links` reads them."""
        return {}

    def quota_left(self) -> int | None:
        """Tell how many calls the source has said last that are left of its quota. None where it does not say."""
        return None

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:  # noqa: ARG002  for those that have one
        """Check the signature of a webhook and read its changes.

        `connectors.toolkit.webhook_signatures` helps with both.

        Raises `WebhookSignatureError`, `WebhookBodyError`, or `NoWebhookError` where there is none.
        """
        raise NoWebhookError

    def lookups(self) -> Sequence[Lookup]:
        """List the lookups. Methods declared with `@lookup`, unless the connector's settings say it."""
        return [declared for declared in self._declared() if isinstance(declared, Lookup)]

    def aggregates(self) -> Sequence[Aggregate]:
        """List the aggregates."""
        return [declared for declared in self._declared() if isinstance(declared, Aggregate)]

    def listings(self) -> Sequence[Lister]:
        """List the record types that can be listed whole, each with the way."""
        return [declared for declared in self._declared() if isinstance(declared, Lister)]

    def change_listings(self) -> Sequence[ChangeLister]:
        """List the record types of which the source tells who changed since a time, each with the way."""
        return ()

    def _declared(self) -> list[Lookup | Aggregate | Lister]:
        methods = [getattr(self, name) for name in dir(type(self)) if not name.startswith("_")]
        return [method.__declared__(method) for method in methods if hasattr(method, "__declared__")]
