"""The base of presets: connectors that know one vendor's API, in one file each.

A preset says what to call and how a row of the vendor's becomes a record. From here it has one open HTTP client, questions
whose answers are read into typed envelopes, pages with a bound, a way to leave out alone what cannot be read, and `check`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeVar

import msgspec
from pydantic import SecretStr
from yarl import URL

from connectors.contract import (
    Aggregate,
    Answer,
    Ask,
    Change,
    Connector,
    FetchFunction,
    KeyKind,
    Keys,
    Lister,
    Lookup,
    PoolUsage,
)
from connectors.errors import (
    UNTIL_IT_FITS,
    ConfigurationError,
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.records import RECORD_NAMES, RECORDS, Record
from connectors.toolkit.converters import decode_exactly, to_text
from connectors.toolkit.http_client import HttpClient, RefusedResponse
from connectors.toolkit.oauth import FORM, Session, SessionEndedError, bearer, form
from connectors.toolkit.own_properties import OwnProperties, PropertyNames, absent_vendor_fields, unknown_properties
from connectors.toolkit.vendor_rows import UNREADABLE
from connectors.toolkit.vendor_settings import AppSettings as AppSettings
from connectors.toolkit.vendor_settings import Secret as Secret
from connectors.toolkit.vendor_settings import VendorSettings as VendorSettings
from connectors.toolkit.vendor_words import word_problems

CHECK_TIMEOUT_S = 5.0
T = TypeVar("T")
R = TypeVar("R")
Parameters = Mapping[str, str | int | None]
"""Of an address. One that is None is left out."""
Turn = Callable[[str | None], Awaitable[tuple[list[Any], str | None]]]
"""Gives the rows of one page, and where the next one begins, None after the last. It is told where the page begins, None for
the first."""


class Grant(NamedTuple):
    """The request for an expiring token: path and body."""

    path: str
    values: Mapping[str, str | SecretStr]


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

    quota_field: ClassVar[bytes] = b""
    """The header, in small letters, in which answers say what is left of the account's quota."""

    own_words: ClassVar[Mapping[str, Collection[str]]] = {}
    """The fields that are read from words which an account may choose, by record."""

    filled_fields: ClassVar[Mapping[str, str]] = {}
    """The fields that records have here, by record: dotted paths. Facts over the others are not given. Without an entry all."""

    update_times: ClassVar[Collection[str]] = ()
    """The records that have update times here. Others have them where a property of the account's own is chosen."""

    property_names: ClassVar[Mapping[str, PropertyNames]] = {}
    """The records that have custom properties, and what the names of these look like."""

    def __init__(self, name: str, settings: V) -> None:
        super().__init__(name, settings)
        self._transport = HttpClient(settings, self._refusal, quota_field=self.quota_field)
        self._session = None if self.grant() is None else Session(self._new_token)
        chosen = settings.fields
        self.own = {
            record: OwnProperties(RECORDS[record], chosen.get(record, {}), settings.values.get(record, {}), names)
            for record, names in self.property_names.items()
        }
        """The custom properties of each record that has some."""
        self._absent = {
            kind: absent_vendor_fields(kind, chosen.get(name, {}), self.filled_fields.get(name, "").split())
            for name, kind in RECORDS.items()
        }
        problems = [
            *self._problems_of_keys(),
            *word_problems(self.kind, settings.values, self.own_words, chosen),
            *self._problems_of_properties(),
        ]
        if problems:
            raise ConfigurationError(problems)

    @property
    def credential(self) -> str:
        """Name the setting to correct when credentials are refused."""
        return "token" if self._session is None else "client_secret"

    def headers(self) -> Mapping[str, str]:
        """Write the headers of every call: the credentials."""
        return {}

    def grant(self) -> Grant | None:
        """How tokens that end are asked for, None where the credentials last."""
        return None

    def bearing(self, token: str) -> Mapping[str, str]:
        """Write the headers of a call with an expiring token."""
        return bearer(token)

    def trials(self) -> Sequence[Trial]:
        """List the trial calls of `check`."""
        return []

    def refusal(self, answer: RefusedResponse) -> SourceError | None:
        """Map a failed response of this vendor to our error. None if it means the usual."""
        return PermissionMissingError() if answer.status == 403 else None

    def word(self, record: str, path: str, *written: Any) -> str | None:
        """Map the first known text of a field. None if the settings know none."""
        words = self.settings.values.get(record, {}).get(path, {})
        texts = (to_text(text) for text in written) if words else ()
        return next((words[text] for text in texts if isinstance(text, str) and text in words), None)

    def page_links(self) -> Mapping[str, str]:
        """List the addresses of records' pages at the vendor's by record, as far as the vendor documents them."""
        return {}

    def links(self) -> Mapping[str, str]:
        return {**self.page_links(), **self.settings.link}

    async def open(self) -> None:
        await self._transport.open(self.headers())

    async def aclose(self) -> None:
        await self._transport.aclose()

    def pool_usage(self) -> PoolUsage | None:
        return self._transport.pool_usage

    def quota_left(self) -> int | None:
        return self._transport.quota_left

    async def check(self) -> list[str]:
        problems = await asyncio.gather(*(self._try(trial, self.ends(CHECK_TIMEOUT_S)) for trial in self.trials()))
        of_properties = await unknown_properties(self.name, self.own, self.property_list)
        return [*dict.fromkeys(filter(None, problems)), *of_properties]

    async def property_list(self, record: str) -> Collection[str] | None:  # noqa: ARG002  for those that list them
        """List the properties that records have at the account, None where it does not tell."""
        return None

    def absent_fields(self, record: type[Record]) -> frozenset[str]:
        return self._absent[record]

    def has_update_times(self, record: type[Record]) -> bool:
        name = RECORD_NAMES[record]
        return name in self.update_times or "updated_at" in self.settings.fields.get(name, {})

    def lookups(self) -> Sequence[Lookup]:
        chosen = (lookup for lookup in super().lookups() if self._is_chosen(lookup))
        return [msgspec.structs.replace(lookup, fetch=partial(_answer, lookup.fetch)) for lookup in chosen]

    def aggregates(self) -> Sequence[Aggregate]:
        return [aggregate for aggregate in super().aggregates() if self._is_chosen(aggregate)]

    def listings(self) -> Sequence[Lister]:
        return [lister for lister in super().listings() if RECORD_NAMES[lister.record] in self.settings.keys]

    def until(self, ask: Ask) -> float | None:
        """Tell when an ask's time is over, in the loop's seconds."""
        return self.ends(ask.remaining_s)

    def ends(self, remaining_s: float | None) -> float | None:
        """Tell when so much time is over, in the loop's seconds. None where nobody says."""
        return None if remaining_s is None else asyncio.get_running_loop().time() + remaining_s

    def own_change(self, record: type[Record] | None, id_: str) -> Change:
        """List the changes of a customer by the id of the source."""
        is_ours = any(KeyKind.CUSTOMER_ID in kinds for kinds in self.settings.keys.values())
        return (
            Change(record, KeyKind.CUSTOMER_ID, id_) if is_ours else Change(record, KeyKind.EXTERNAL_ID, f"{self.name}:{id_}")
        )

    def own_ids(self, keys: Keys) -> dict[str, str]:
        """The ids of this source that external ids mean, by the key: those that stand under its name."""
        prefix = f"{self.name}:"
        return {key: key.removeprefix(prefix) for key in keys if key.startswith(prefix)}

    async def get(self, kind: type[T], path: str, parameters: Parameters, until: float | None) -> T:
        """Ask about many.

        The answer is read into `kind`, an envelope whose rows are left as they are.
        """
        return self._read(kind, await self.call("GET", path, parameters=parameters, until=until))

    async def find(self, kind: type[T], path: str, parameters: Parameters, until: float | None) -> T | None:
        """Ask about one thing, None when it is not there."""
        content = await self.call("GET", path, parameters=parameters, until=until, one_key=True)
        return None if content is None else self._read(kind, content)

    async def post(self, kind: type[T], path: str, body: Any, until: float | None) -> T:
        """Ask about many, as JSON."""
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
        """Make one call. `path` is below `base_url`, and ready to be sent."""
        if not path.startswith("/"):
            raise SourceProtocolError("the next page is at another origin")
        url = URL(self.settings.base_url + path, encoded=True)
        sent = {name: str(value) for name, value in (parameters or {}).items() if value is not None}
        url = url.update_query(sent) if sent else url

        async def send(more: Mapping[str, str]) -> bytes | None:
            own = {**(headers or {}), **more}
            return await self._transport.call(method, url, body, one_key=one_key, until=until, headers=own)

        if self._session is None:
            return await send({})
        token = await self._session.token(until)
        try:
            return await send(self.bearing(token))
        except SessionEndedError:
            return await send(self.bearing(await self._session.token(until, ended=token)))

    async def paged(self, turn: Turn, is_enough: Callable[[list[Any]], bool] = lambda _: False) -> list[Any]:
        """Read the rows of all pages, or of enough. More than `max_pages` is an error."""
        rows, is_cut = await self.first_pages(turn, is_enough)
        if is_cut:
            raise too_much("more pages than max_pages")
        return rows

    async def first_pages(self, turn: Turn, is_enough: Callable[[list[Any]], bool]) -> tuple[list[Any], bool]:
        """Read as many pages as are enough. It also says whether `max_pages` ended the reading before."""
        rows: list[Any] = []
        start: str | None = None
        for _ in range(self.settings.max_pages):
            own, start = await turn(start)
            rows += own
            if start is None or is_enough(rows):
                return rows, False
        return rows, True

    async def _new_token(self, until: float | None) -> bytes | None:
        """Ask the token endpoint. One that refuses the question refuses the credentials."""
        grant = self.grant()
        assert grant is not None
        values = {name: _shown(value) for name, value in grant.values.items()}
        url = URL(self.settings.base_url + grant.path, encoded=True)
        try:
            return await self._transport.call("POST", url, form(values), one_key=True, until=until, headers=FORM)
        except SourceRejectedError as error:
            raise SourceAuthError from error

    def _read(self, kind: type[T], content: bytes | None) -> T:
        try:
            read: T = decode_exactly(content or b"null", kind)
            return read
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise SourceProtocolError("not the agreed JSON") from error

    def _refusal(self, answer: RefusedResponse) -> SourceError | None:
        try:
            meant = self.refusal(answer)
        except UNREADABLE:
            meant = Vendor.refusal(self, answer)
        return SessionEndedError() if meant is None and answer.status == 401 and self._session is not None else meant

    def _is_chosen(self, declared: Lookup | Aggregate) -> bool:
        return declared.by in self.settings.keys.get(RECORD_NAMES[declared.record], ())

    def _problems_of_keys(self) -> Iterator[str]:
        known: dict[str, list[KeyKind]] = {}
        for lookup in super().lookups():
            known.setdefault(RECORD_NAMES[lookup.record], []).append(lookup.by)
        for record, kinds in self.settings.keys.items():
            for by in kinds:
                if by not in known.get(record, ()):
                    yield f"keys.{record}: {self.kind} has no {record} by {by.value}; it has {_words(known)}"

    def _problems_of_properties(self) -> Iterator[str]:
        for record in self.settings.fields:
            if record in self.own:
                yield from self.own[record].problems(record)
            else:
                fix = f"it reads those of {', '.join(self.own)}" if self.own else "remove this"
                yield f"fields.{record}: {self.kind} reads no properties of {record}; {fix}"

    async def _try(self, trial: Trial, until: float | None) -> str | None:
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
        """Explain a failure to `check` that is not about credentials."""
        where = f"sources.{self.name}"
        if isinstance(error, SourceUnavailableError | SourceTimeoutError):
            return f"{where}.base_url: {error}; check the address and the network"
        return f"{where}: {error} when it is asked for {asked_for}; ask it by hand"


def too_much(note: str) -> SourceProtocolError:
    """The error of an answer that is not read whole: with fewer keys it may be."""
    error = SourceProtocolError(note)
    error.halvings = UNTIL_IT_FITS
    return error


def _shown(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


async def _answer(fetch: FetchFunction, keys: Keys, ask: Ask) -> Answer:
    """Refuse keys that cannot be sent. So they do not cost the others."""
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
