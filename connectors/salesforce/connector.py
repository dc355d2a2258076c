"""The connector of the `salesforce` kind: what is asked for a batch of keys, in how many calls, with which token."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from connectors.contract import Answer, Ask, KeyKind, Keys, Push, lookup
from connectors.errors import SourceAuthError, SourceError, SourceProtocolError, SourceThrottledError
from connectors.oauth import FORM, Session, SessionEndedError, bearer, form
from connectors.records import Customer, Ticket
from connectors.salesforce.objects import PHONES, PREFIXES, READ_FROM, as_ids, as_phones, as_text, record_of
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.soql import Page, Parts, Row, any_in, pages_in, select, value_at, within
from connectors.transport import Refused
from connectors.vendor import PermissionMissingError, Trial, Vendor, by_key, needed

_MOST_IN_A_BATCH = 25
_LONGEST = 8_000
"""Of a question in an address, half of what may be there with the headers. A longer one goes in the body of a batch."""
_OBJECTS = {"customer": ("Contact", "Account"), "ticket": ("Case",)}
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class Salesforce(Vendor[SalesforceSettings]):
    """Salesforce, through its REST API and SOQL, with a token for client credentials or for a refresh token."""

    kind = "salesforce"
    settings_type = SalesforceSettings
    credential = "client_secret"

    def __init__(self, name: str, settings: SalesforceSettings) -> None:
        super().__init__(name, settings)
        self._version = f"v{settings.api_version}"
        self._root = f"/services/data/{self._version}/"
        self._session = Session(self._log_in)

    def trials(self) -> Sequence[Trial]:
        return [
            Trial(f"{self._root}query", f"the OAuth scope api, or to read {name}", {"q": select(["Id"], name, limit=1)})
            for record in self.settings.keys
            for name in _OBJECTS[record]
        ]

    def refusal(self, answer: Refused) -> SourceError | None:
        usage = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        if answer.status == 403 and usage and int(usage[1]) >= int(usage[2]):
            return SourceThrottledError()
        if answer.status == 400 and isinstance(answer.said, dict) and "error" in answer.said:
            return SourceAuthError()
        match answer.said[0]["errorCode"]:
            case "INVALID_SESSION_ID":
                return SessionEndedError()
            case "REQUEST_LIMIT_EXCEEDED":
                return SourceThrottledError()
            case "INVALID_FIELD" | "INVALID_TYPE":
                return PermissionMissingError("an object or a field that is read is not there for this user")
        return super().refusal(answer)

    async def call(self, method: str, path: str, *, until: float | None, **words: Any) -> bytes | None:
        token = await self._session.token(until)
        try:
            return await super().call(method, path, until=until, headers=bearer(token), **words)
        except SessionEndedError:
            token = await self._session.token(until, ended=token)
            return await super().call(method, path, until=until, headers=bearer(token), **words)

    async def _log_in(self, until: float | None) -> bytes | None:
        own = self.settings
        values = {"grant_type": "client_credentials"}
        if own.refresh_token is not None:
            values = {"grant_type": "refresh_token", "refresh_token": own.refresh_token.get_secret_value()}
        values |= {"client_id": own.client_id.get_secret_value(), "client_secret": own.client_secret.get_secret_value()}
        return await super().call("POST", "/services/oauth2/token", until=until, body=form(values), headers=FORM)

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=100)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        own = [name for name, prefix in PREFIXES.items() if any(key.startswith(prefix) for key in keys)]
        return await self._find(keys, as_ids, ask, dict.fromkeys(own, ("Id",)))

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=100)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, as_text, ask, {"Contact": ("Email",)})

    @lookup(Customer, by=KeyKind.PHONE, max_batch=100)
    async def customers_by_phone(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, as_phones, ask, {"Contact": PHONES, "Account": ("Phone",)})

    @lookup(Customer, by=KeyKind.MEMBER_NUMBER, max_batch=100)
    async def customers_by_account_number(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, as_text, ask, {"Account": ("AccountNumber",)})

    @lookup(Ticket, by=KeyKind.CUSTOMER_ID, max_batch=100, pushdown={Push.SINCE, Push.ORDER, Push.FIRST})
    async def tickets_by_customer(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, as_ids, ask, {"Case": ("ContactId", "AccountId")}, ordered=True)

    @lookup(Ticket, by=KeyKind.EMAIL, max_batch=100, pushdown={Push.SINCE, Push.ORDER, Push.FIRST})
    async def tickets_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, as_text, ask, {"Case": ("Contact.Email", "SuppliedEmail")}, ordered=True)

    async def _find(
        self,
        keys: Keys,
        forms_of: Callable[[str], Iterable[str]],
        ask: Ask,
        columns: Mapping[str, tuple[str, ...]],
        ordered: bool = False,
    ) -> dict[str, bytes]:
        """Rows that have a key in one of the columns, by object; `forms_of` gives what a key may be there.

        Where they are `ordered` they come in the asked order, from the asked time, as many as asked.
        """
        asked: dict[str, list[str]] = {}
        for key in keys:
            for one in forms_of(key):
                asked.setdefault(one, []).append(key)
        first = ask.first if ordered else None
        questions = []
        for name, own in columns.items() if asked else ():
            conditions, order = [any_in(own, asked)], []
            if ordered:
                way = "ASC" if ask.oldest_first else "DESC"
                conditions += within("CreatedDate", ask.since, ask.until)
                order = [f"CreatedDate {way}", f"Id {way}"]
            read = [*self._columns(name, ask), "Id", *own]
            questions.append(select(read, name, conditions, order=order, limit=first if len(keys) == 1 else None))

        def keys_of(row: Row) -> Iterable[str]:
            held = [value for name in columns[row["attributes"]["type"]] if (value := value_at(row, name))]
            return [key for value in held for one in forms_of(value) for key in asked.get(one, ())]

        return by_key(keys, await self._rows(questions, self.until(ask)), keys_of, record_of, first=first)

    def _columns(self, name: str, ask: Ask) -> list[str]:
        more = "Code" if self.settings.country_codes else ""
        return [column + more if column.endswith("Country") else column for column in needed(ask.fields, READ_FROM[name])]

    async def _rows(self, questions: Sequence[str], until: float | None) -> list[Row]:
        """The rows of all questions, from all their pages, with all their children. What can travel together does."""
        rows: list[Row] = []
        waiting = [(rows, f"query?q={quote(question, safe='')}") for question in questions]
        for _ in range(self.settings.max_pages):
            if not waiting:
                return rows
            now, waiting = waiting[:_MOST_IN_A_BATCH], waiting[_MOST_IN_A_BATCH:]
            pages = await self._pages([path for _, path in now], until)
            for (own, _), page in zip(now, pages, strict=True):
                own += page.records
                waiting += [] if page.next is None else [(own, self._further(page.next))]
                for inner in (inner for row in page.records for inner in pages_in(row)):
                    waiting += [(inner["records"], self._further(inner["nextRecordsUrl"]))] if "nextRecordsUrl" in inner else []
        if waiting:
            raise SourceProtocolError("more pages than max_pages")
        return rows

    def _further(self, link: Any) -> str:
        if not isinstance(link, str) or not link.startswith(self._root):
            raise SourceProtocolError("the next page is at another origin")
        return link.removeprefix(self._root)

    async def _pages(self, paths: Sequence[str], until: float | None) -> list[Page]:
        if len(paths) == 1 and len(paths[0]) <= _LONGEST:
            return [await self.get(Page, self._root + paths[0], {}, until)]
        body = {"batchRequests": [{"method": "GET", "url": f"{self._version}/{path}"} for path in paths]}
        parts = (await self.post(Parts, f"{self._root}composite/batch", body, until)).results
        return [self._page(part.status_code, part.result) for part in parts]

    def _page(self, status: int, result: Any) -> Page:
        if not 200 <= status < 300:
            raise self._refusal(Refused(status, {}, result)) or SourceProtocolError(f"HTTP status {status}")
        try:
            return msgspec.convert(result, Page)
        except msgspec.ValidationError as error:
            raise SourceProtocolError("not the agreed JSON") from error
