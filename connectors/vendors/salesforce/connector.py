"""The connector of the `salesforce` kind: query a batch of keys and group its rows by key."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from connectors.contract import Answer, Ask, Found, KeyKind, Keys, Listing, Page, Push, listing, lookup
from connectors.errors import ListingCursorError, SourceError, SourceProtocolError
from connectors.record_fields import Fields, all_fields
from connectors.records import RECORD_NAMES, Account, Customer, Record, Ticket
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.converters import given, to_text
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor
from connectors.toolkit.own_properties import PropertyNames
from connectors.toolkit.vendor_connector import Trial
from connectors.toolkit.vendor_rows import as_records, by_key, needed, readable, rows_meeting
from connectors.vendors.salesforce.deals import Deals
from connectors.vendors.salesforce.objects import (
    ACCOUNT_FROM,
    IS_PERSON,
    PHONES,
    PREFIXES,
    READ_FROM,
    account_of,
    as_ids,
    as_phones,
    as_text,
    is_person,
    record_of,
)
from connectors.vendors.salesforce.roles import narrow_roles, role_meanings
from connectors.vendors.salesforce.settings import SalesforceSettings
from connectors.vendors.salesforce.soql import Row, any_in, behind, found_at, is_id, select, short_id, value_at, within

_BATCH = 100
_MAX_MERGES = 5
"""How many times a customer may have been merged into another one."""
_NUMBER_OF_ACCOUNT = "Account.AccountNumber"
_WINDOW = (Push.SINCE, Push.UPDATED_SINCE, Push.ORDER, Push.FIRST)
_SORTED = (Push.FIRST, Push.AFTER, Push.ORDER, Push.WHERE, Push.COUNT)
_OBJECTS: dict[type[Record], tuple[str, ...]] = {Customer: ("Contact", "Account"), Ticket: ("Case",)}

_FIELDS = PropertyNames(
    r"[A-Za-z]\w*(\.[A-Za-z]\w*)*",
    "write the API name of a field, such as Tier__c or Account.Tier__c",
    separator=";",
)


class Salesforce(Deals):
    """Read Salesforce through its REST API and SOQL. A token is for client credentials or for a refresh token."""

    property_names = MappingProxyType(dict.fromkeys(("customer", "ticket"), _FIELDS))
    kind = "salesforce"
    any_case = True
    settings_type = SalesforceSettings
    update_times = ("ticket",)
    own_words = MappingProxyType(
        {
            "customer": ("acquisition.source", "address.country", "company.role"),
            "ticket": ("channel", "kind", "priority", "status"),
        }
    )

    def __init__(self, name: str, settings: SalesforceSettings) -> None:
        super().__init__(name, settings)
        self._roles = role_meanings(settings.values)

    def trials(self) -> Sequence[Trial]:
        own = [
            Trial(
                f"{self.root}query",
                f"the OAuth scope api, or the right to read {name} with all the fields that this preset reads",
                {"q": select(self._columns(name, all_fields(record)), name, limit=1)},
            )
            for record, names in _OBJECTS.items()
            if RECORD_NAMES[record] in self.settings.keys
            for name in names
        ]
        return [*own, *super().trials()]

    @listing(Customer)
    async def all_customers(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:
        """List the contacts, and then the accounts, each in the order of their ids."""
        name, last = ("Contact", "") if after is None else self._place(after)
        conditions = [*([behind(last)] if last else []), *self._of_companies(name)]
        query = select(self._columns(name, fields), name, conditions, order=["Id"], limit=first)
        rows = await self.rows([query], self.ends(remaining_s))
        following = None if name == "Account" else "Account:"
        if len(rows) == first:
            ids = readable(rows[-1:], lambda row: str(row["Id"]))
            if not ids:
                raise SourceProtocolError("a page has no id to go on from")
            following = f"{name}:{ids[0]}"
        return Listing(as_records(rows, self._record), encode_cursor(self.kind, following) if following else None)

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._by_id(keys, ask, _MAX_MERGES)

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=_BATCH)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        own = _under(self.name, keys)
        answer = _renamed(await self.customers_by_id(list(own), ask), own)
        for system, column in self.settings.external_ids.items():
            own = _under(system, keys)
            answer |= _renamed(await self._find(list(own), ask, {"Contact": (column,)}), own)
        return answer

    @lookup(Customer, by=KeyKind.MEMBER_NUMBER, max_batch=_BATCH)
    async def customers_by_member_number(self, keys: Keys, ask: Ask) -> Answer:
        own = {"Contact": (self.settings.member_number,)} if self.settings.member_number else {}
        return await self._find(keys, ask, {**own, "Account": ("AccountNumber",)}, of_person=_NUMBER_OF_ACCOUNT)

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_BATCH)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Contact": ("Email",)})

    @lookup(Customer, by=KeyKind.PHONE, max_batch=_BATCH)
    async def customers_by_phone(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Contact": PHONES, "Account": ("Phone",)}, as_phones)

    @lookup(Ticket, by=KeyKind.TICKET_ID, max_batch=_BATCH)
    async def tickets_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Case": ("Id",)}, as_ids, compared=short_id)

    @lookup(Ticket, by=KeyKind.TICKET_NUMBER, max_batch=_BATCH)
    async def tickets_by_number(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Case": ("CaseNumber",)})

    @lookup(Ticket, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH, pushdown=_WINDOW)
    async def tickets_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Case": ("ContactId", "AccountId")}, as_ids, compared=short_id)

    @lookup(Ticket, by=KeyKind.EXTERNAL_ID, max_batch=_BATCH, pushdown=_WINDOW)
    async def tickets_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        own = _under(self.name, keys)
        return _renamed(await self.tickets_by_customer_id(list(own), ask), own)

    @lookup(Ticket, by=KeyKind.EMAIL, max_batch=_BATCH, pushdown=_WINDOW)
    async def tickets_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Case": ("Contact.Email", "SuppliedEmail")})

    @lookup(Ticket, by=KeyKind.ACCOUNT, max_batch=_BATCH, pushdown=_WINDOW)
    async def tickets_by_account(self, keys: Keys, ask: Ask) -> Answer:
        ids, numbers = _ids_and_numbers(keys)
        answer = dict(await self._find(ids, ask, {"Case": ("AccountId",)}, as_ids, compared=short_id))
        return answer | dict(await self._find(numbers, ask, {"Case": (_NUMBER_OF_ACCOUNT,)}))

    @lookup(Customer, by=KeyKind.ACCOUNT, max_batch=_BATCH, pushdown=_SORTED)
    async def customers_by_account(self, keys: Keys, ask: Ask) -> Answer:
        ids, numbers = _ids_and_numbers(keys)
        of_companies = [f"{IS_PERSON} = FALSE"] if self.settings.person_accounts else []
        answer = dict(await self._sorted(ids, ask, Customer, "AccountId"))
        return answer | dict(await self._sorted(numbers, ask, Customer, _NUMBER_OF_ACCOUNT, of_companies))

    @lookup(Account, by=KeyKind.ACCOUNT, max_batch=_BATCH)
    async def accounts_by_account(self, keys: Keys, ask: Ask) -> Answer:
        ids, numbers = _ids_and_numbers(keys)
        answer = dict(await self._accounts(ids, ask, "Id", short_id))
        return answer | dict(await self._accounts(numbers, ask, "AccountNumber", str.lower))

    @lookup(Account, by=KeyKind.PARENT_ACCOUNT, max_batch=_BATCH, pushdown=_SORTED)
    async def accounts_by_parent_account(self, keys: Keys, ask: Ask) -> Answer:
        return await self._sorted(_ids_and_numbers(keys)[0], ask, Account, "ParentId")

    async def _accounts(self, keys: Keys, ask: Ask, column: str, compared: Callable[[str], str]) -> Answer:
        """Find accounts, as records of their own, by a column."""
        if not keys:
            return {}
        keys_by_form = {compared(key): key for key in keys}
        query = select([*needed(ask.fields, ACCOUNT_FROM), "Id", column], "Account", [any_in([column], keys)])
        rows = await self.rows([query], self.until(ask))
        return by_key(keys, rows, lambda row: [keys_by_form.get(compared(str(row[column])))], account_of)

    async def _sorted(self, keys: Keys, ask: Ask, record: type[Record], column: str, conditions: Sequence[str] = ()) -> Answer:
        """Find the contacts or the parts of accounts, page by page in the order of their ids."""
        if not keys:
            return {}
        return await ask_in_halves(keys, lambda some: self._sorted_pages(some, ask, record, column, conditions))

    async def _sorted_pages(
        self, keys: Keys, ask: Ask, record: type[Record], column: str, conditions: Sequence[str]
    ) -> dict[str, Page]:
        """Read a page of each key, by queries that travel together. What SOQL cannot say of all is applied here."""
        fields = ask.fields | Fields.from_paths(*(condition.field for condition in ask.where))
        is_customer, last, rest = record is Customer, ask.after.id if ask.after else None, ask.where
        name, read = ("Contact", self._columns("Contact", fields)) if is_customer else ("Account", needed(fields, ACCOUNT_FROM))
        pages, counts = [], []
        for key in keys:
            roles, rest = narrow_roles(ask.where, self._roles, column, key)
            own = [any_in([column], [key]), *conditions, *roles]
            after = [behind(last)] if last and not rest else []
            pages.append(select([*read, "Id"], name, [*own, *after], order=["Id"], limit=None if rest else ask.first))
            counts += [select(["COUNT(Id) total"], name, own)] if ask.count and not rest else []
        lists = await self.row_lists([*pages, *counts], self.until(ask))
        record_of = self._record if is_customer else account_of
        answer: dict[str, Page] = {}
        for number, key in enumerate(keys):
            rows = rows_meeting(lists[number], record_of, record, rest)
            totals = (
                [len(rows)] if rest else [total for own in lists[len(keys) + number :][:1] for total in readable(own, _total)]
            )
            if rest and last:
                rows = [row for row in rows if readable([row], lambda row: row["Id"] > last) != [False]]
            total = totals[0] if ask.count and totals else None
            answer[key] = Page(as_records(rows[: ask.first], record_of), total)
        return answer

    async def _by_id(self, keys: Keys, ask: Ask, merges: int) -> Answer:
        """Find customers by id, and by merged ids. Those are deleted."""
        own = {name: ("Id",) for name, prefix in PREFIXES.items() if any(key.startswith(prefix) for key in keys)}
        answer = await self._find(keys, ask, own, as_ids, compared=short_id, of_person="AccountId")
        lost = [key for key in keys if key not in answer and as_ids(key)] if own else []
        if not lost or not merges:
            return answer
        queries = [select(["Id", "MasterRecordId"], name, ["IsDeleted = TRUE", any_in(["Id"], lost)]) for name in own]
        try:
            rows = await self.rows(queries, self.until(ask), "queryAll")
        except SourceError as error:
            if not answer:
                raise
            return {**answer, **dict.fromkeys(lost, error)}
        masters = dict(readable(rows, lambda row: (short_id(row["Id"]), str(row["MasterRecordId"] or ""))))
        masters_by_key = {key: master for key in lost if (master := masters.get(short_id(key)))}
        others = await self._by_id(sorted(set(masters_by_key.values())), ask, merges - 1) if masters_by_key else {}
        return {**answer, **{key: others[master] for key, master in masters_by_key.items() if master in others}}

    async def _find(
        self,
        keys: Keys,
        ask: Ask,
        columns: Mapping[str, tuple[str, ...]],
        written: Callable[[str], Iterable[str]] = as_text,
        compared: Callable[[str], str] = str.lower,
        of_person: str | None = None,
    ) -> Answer:
        """As `_find_some`. What is too slow for all keys is asked in halves, and costs the keys that it is too slow for."""
        if not keys:
            return {}
        return await ask_in_halves(keys, lambda some: self._find_some(some, ask, columns, written, compared, of_person))

    async def _find_some(
        self,
        keys: Keys,
        ask: Ask,
        columns: Mapping[str, tuple[str, ...]],
        written: Callable[[str], Iterable[str]],
        compared: Callable[[str], str],
        of_person: str | None,
    ) -> Answer:
        """Find rows that have a key in one column. Cases are inside the ask's times.

        `written` gives the forms that a key may have there, and two forms are the same when they are it as `compared`.
        A person's account is no customer beside the contact that it has, which is found by its column `of_person`, too.
        """
        asked: dict[str, list[str]] = {}
        for key in keys:
            for form in written(key):
                asked.setdefault(compared(form), []).append(key)
        forms = [form for key in keys for form in written(key)]
        first = ask.first if "Case" in columns else None
        limit = first if len(keys) == 1 else None
        person = of_person if self.settings.person_accounts and "Account" in columns else None
        own = {"Contact": (), **columns} if person else dict(columns)
        queries = [self._query(name, tests, forms, ask, limit, person) for name, tests in own.items() if forms]

        def keys_of(row: Row) -> Iterable[str]:
            names = [*own[row["attributes"]["type"]], *([person] if person and is_person(row) else [])]
            held = [to_text(value) for name in names if (value := value_at(row, name))]
            return [key for value in held if isinstance(value, str) for key in asked.get(compared(value), ())]

        rows = await self.rows(queries, self.until(ask))
        return by_key(keys, rows, keys_of, self._record, first=first)

    def _query(
        self, name: str, own: tuple[str, ...], forms: Sequence[str], ask: Ask, limit: int | None, person: str | None
    ) -> str:
        read = [*self._columns(name, ask.fields), *own]
        if name == "Case":
            way = "ASC" if ask.oldest_first else "DESC"
            conditions = [any_in(own, forms), *within("CreatedDate", ask.since, ask.until)]
            conditions += within("LastModifiedDate", ask.updated_since, None)
            return select(read, name, conditions, order=[f"CreatedDate {way}", f"Id {way}"], limit=limit)
        if name == "Account":
            return select(read, name, [any_in(own, forms), *self._of_companies(name)])
        if person is None:
            is_companys = _NUMBER_OF_ACCOUNT in own and self.settings.person_accounts
            return select(read, name, [any_in(own, forms), *([f"{IS_PERSON} = FALSE"] if is_companys else [])])
        of_person = f"({any_in([person], forms)} AND {IS_PERSON} = TRUE)"
        return select([*read, person], name, [f"({any_in(own, forms)} OR {of_person})" if own else of_person])

    def _of_companies(self, name: str) -> list[str]:
        """Require an account to be no person's."""
        return ["IsPersonAccount = FALSE"] if name == "Account" and self.settings.person_accounts else []

    def _place(self, cursor: str) -> tuple[str, str]:
        """Read the object whose rows are listed, and the id of the last one, if any."""
        name, _, last = decode_cursor(self.kind, cursor).partition(":")
        if name not in PREFIXES or (last and not is_id(last)):
            raise ListingCursorError
        return name, last

    def _columns(self, name: str, fields: Fields) -> list[str]:
        read = [*needed(fields, {**READ_FROM[name], **self._custom(name)}), "Id"]
        if name == "Contact" and self.settings.person_accounts:
            read += ["AccountId", IS_PERSON]
        more = "Code" if self.settings.country_codes else ""
        return [column + more if column.endswith("Country") else column for column in read]

    def _custom(self, name: str) -> dict[str, tuple[str, ...]]:
        """The columns of an object that only this org has, by field."""
        own = self.settings
        numbers = filter(None, [own.member_number, _NUMBER_OF_ACCOUNT if own.person_accounts else None])
        custom = {"member_number": tuple(numbers), "external_ids": tuple(own.external_ids.values())}
        if name == "Contact":
            return custom | self.own["customer"].by_field | ({} if own.birth_date else {"birth_date": ()})
        return dict(self.own["ticket"].by_field) if name == "Case" else {}

    def _record(self, row: Row) -> dict[str, Any]:
        type_ = row["attributes"]["type"]
        if type_ != "Contact":
            return record_of(row, self.word, self._roles) | (self._properties("ticket", row) if type_ == "Case" else {})
        ids = [
            {"source": system, "id": value}
            for system, column in self.settings.external_ids.items()
            if (value := row.get(column))
        ]
        number = row.get(self.settings.member_number or "") or (is_person(row) and row["Account"].get("AccountNumber")) or None
        own = self._properties("customer", row)
        return record_of(row, self.word, self._roles) | given(memberNumber=number, externalIds=ids) | own

    def _properties(self, record: str, row: Row) -> dict[str, Any]:
        """Read the fields of one's own of a contact or a case."""
        return self.own[record].read(partial(found_at, row))


def _total(row: Row) -> int:
    return int(row["total"])


def _ids_and_numbers(keys: Keys) -> tuple[list[str], list[str]]:
    """Part the ids of accounts from their numbers."""
    ids = [key for key in keys if key.startswith(PREFIXES["Account"]) and as_ids(key)]
    return ids, [key for key in keys if key not in ids]


def _under(system: str, keys: Keys) -> dict[str, str]:
    """The external ids of one system: the key by the id."""
    return {key.removeprefix(f"{system}:"): key for key in keys if key.startswith(f"{system}:")}


def _renamed(answer: Answer, keys: Mapping[str, str]) -> dict[str, Found | SourceError]:
    return {keys[key]: records for key, records in answer.items()}
