"""The connector of the `salesforce` kind: what is asked for a batch of keys, and which key a row belongs to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.contract import Answer, Ask, KeyKind, Keys, Push, lookup
from connectors.records import RECORD_NAMES, Customer, Record, Ticket
from connectors.salesforce.objects import PHONES, PREFIXES, READ_FROM, as_ids, as_phones, as_text, record_of
from connectors.salesforce.org import Org
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.soql import Row, any_in, select, value_at, within
from connectors.shapes import Fields, all_fields
from connectors.values import given
from connectors.vendor import Trial, by_key, needed

_BATCH = 100
_WINDOW = (Push.SINCE, Push.ORDER, Push.FIRST)
_OBJECTS: dict[type[Record], tuple[str, ...]] = {Customer: ("Contact", "Account"), Ticket: ("Case",)}


class Salesforce(Org):
    """Salesforce, through its REST API and SOQL, with a token for client credentials or for a refresh token."""

    kind = "salesforce"
    any_case = True
    settings_type = SalesforceSettings

    def trials(self) -> Sequence[Trial]:
        return [
            Trial(
                f"{self.root}query",
                f"the OAuth scope api, or the right to read {name} with all the fields that this preset reads",
                {"q": select(self._columns(name, all_fields(record)), name, limit=1)},
            )
            for record, names in _OBJECTS.items()
            if RECORD_NAMES[record] in self.settings.keys
            for name in names
        ]

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> dict[str, bytes]:
        own = [name for name, prefix in PREFIXES.items() if any(key.startswith(prefix) for key in keys)]
        return await self._find(keys, ask, dict.fromkeys(own, ("Id",)), as_ids, compared=_short)

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
        return await self._find(keys, ask, {**own, "Account": ("AccountNumber",)})

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_BATCH)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Contact": ("Email",)})

    @lookup(Customer, by=KeyKind.PHONE, max_batch=_BATCH)
    async def customers_by_phone(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Contact": PHONES, "Account": ("Phone",)}, as_phones)

    @lookup(Ticket, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH, pushdown=_WINDOW)
    async def tickets_by_customer_id(self, keys: Keys, ask: Ask) -> dict[str, bytes]:
        return await self._find(keys, ask, {"Case": ("ContactId", "AccountId")}, as_ids, compared=_short)

    @lookup(Ticket, by=KeyKind.EXTERNAL_ID, max_batch=_BATCH, pushdown=_WINDOW)
    async def tickets_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        own = _under(self.name, keys)
        return _renamed(await self.tickets_by_customer_id(list(own), ask), own)

    @lookup(Ticket, by=KeyKind.EMAIL, max_batch=_BATCH, pushdown=_WINDOW)
    async def tickets_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(keys, ask, {"Case": ("Contact.Email", "SuppliedEmail")})

    async def _find(
        self,
        keys: Keys,
        ask: Ask,
        columns: Mapping[str, tuple[str, ...]],
        written: Callable[[str], Iterable[str]] = as_text,
        compared: Callable[[str], str] = str.lower,
    ) -> dict[str, bytes]:
        """The rows of objects that have a key in one of the columns, cases in the window of the ask.

        `written` gives the forms that a key may have there, and two forms are the same when they are it as `compared`.
        """
        asked: dict[str, list[str]] = {}
        for key in keys:
            for one in written(key):
                asked.setdefault(compared(one), []).append(key)
        forms = [one for key in keys for one in written(key)]
        first = ask.first if "Case" in columns else None
        limit = first if len(keys) == 1 else None
        questions = [self._question(name, own, forms, ask, limit) for name, own in columns.items() if forms]

        def keys_of(row: Row) -> Iterable[str]:
            held = [value for name in columns[row["attributes"]["type"]] if (value := value_at(row, name))]
            return [key for value in held for key in asked.get(compared(value), ())]

        return by_key(keys, await self.rows(questions, self.until(ask)), keys_of, self._record, first=first)

    def _question(self, name: str, own: Iterable[str], forms: Iterable[str], ask: Ask, limit: int | None) -> str:
        read = [*self._columns(name, ask.fields), *own]
        if name != "Case":
            return select(read, name, [any_in(own, forms)])
        way = "ASC" if ask.oldest_first else "DESC"
        conditions = [any_in(own, forms), *within("CreatedDate", ask.since, ask.until)]
        return select(read, name, conditions, order=[f"CreatedDate {way}", f"Id {way}"], limit=limit)

    def _columns(self, name: str, fields: Fields) -> list[str]:
        read = [*needed(fields, {**READ_FROM[name], **self._custom(name)}), "Id"]
        more = "Code" if self.settings.country_codes else ""
        return [column + more if column.endswith("Country") else column for column in read]

    def _custom(self, name: str) -> dict[str, tuple[str, ...]]:
        """The columns of an object that only this org has, by field."""
        own = self.settings
        custom = {"member_number": tuple(filter(None, [own.member_number])), "external_ids": tuple(own.external_ids.values())}
        return custom if name == "Contact" else {}

    def _record(self, row: Row) -> dict[str, Any]:
        if row["attributes"]["type"] != "Contact":
            return record_of(row)
        ids = [
            {"source": system, "id": value}
            for system, column in self.settings.external_ids.items()
            if (value := row.get(column))
        ]
        return record_of(row) | given(memberNumber=row.get(self.settings.member_number or ""), externalIds=ids)


def _short(id_: str) -> str:
    """An id without the three letters that only say which of the others are capitals."""
    return id_[:15]


def _under(system: str, keys: Keys) -> dict[str, str]:
    """The external ids of one system: the key by the id."""
    return {key.removeprefix(f"{system}:"): key for key in keys if key.startswith(f"{system}:")}


def _renamed(found: Mapping[str, bytes], keys: Mapping[str, str]) -> dict[str, bytes]:
    return {keys[key]: records for key, records in found.items()}
