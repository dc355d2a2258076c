"""Read opportunities of Salesforce as deals: those in which a contact has a role, and those of an account."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.contract import Answer, Ask, KeyKind, Keys, lookup
from connectors.record_fields import Fields, all_fields
from connectors.records import Deal
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.converters import given, to_amount, to_time
from connectors.toolkit.vendor_connector import Trial
from connectors.toolkit.vendor_rows import by_key, needed
from connectors.vendors.salesforce.org import Org
from connectors.vendors.salesforce.settings import CURRENCY_FIELD
from connectors.vendors.salesforce.soql import Row, any_in, is_id, select, short_id, value_at

_BATCH = 100
_ROLE, _DEAL = "OpportunityContactRole", "Opportunity"
_READ_FROM = {
    "created_at": ("CreatedDate",),
    "customer_id": ("ContactId", "AccountId"),
    "name": ("Name",),
    "stage": ("IsClosed", "IsWon"),
    "stage_name": ("StageName",),
    "segment": ("Type",),
    "closed_at": ("IsClosed", "CloseDate"),
}
"""The columns of an opportunity that a field is read from. The amount has those that the settings say."""


class Deals(Org):
    """Find opportunities by contacts and accounts."""

    def trials(self) -> Sequence[Trial]:
        if "deal" not in self.settings.keys:
            return []
        permission = "the right to read Opportunity with all the fields that this preset reads"
        queries = [self._deal_query(name, all_fields(Deal), [], 1) for name in (_DEAL, _ROLE)]
        return [Trial(f"{self.root}query", permission, {"q": query}) for query in queries]

    @lookup(Deal, by=KeyKind.DEAL_ID, max_batch=_BATCH)
    async def deals_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._deals(filter(is_id, keys), ask, {_DEAL: ["Id"]}, short_id)

    @lookup(Deal, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH)
    async def deals_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        """Find them by the ids of contacts and of accounts. A person's contact has those of its account, too."""
        of_persons = ["Account.PersonContactId"] if self.settings.person_accounts else []
        return await self._deals(filter(is_id, keys), ask, {_ROLE: ["ContactId"], _DEAL: ["AccountId", *of_persons]}, short_id)

    @lookup(Deal, by=KeyKind.EXTERNAL_ID, max_batch=_BATCH)
    async def deals_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        ids = self.own_ids(keys)
        answer = await self.deals_by_customer_id(list(ids.values()), ask)
        return {key: answer[id_] for key, id_ in ids.items() if id_ in answer}

    @lookup(Deal, by=KeyKind.EMAIL, max_batch=_BATCH)
    async def deals_by_email(self, keys: Keys, ask: Ask) -> Answer:
        of_persons = {_DEAL: ["Account.PersonEmail"]} if self.settings.person_accounts else {}
        return await self._deals(keys, ask, {_ROLE: ["Contact.Email"], **of_persons}, str.lower)

    async def _deals(
        self, keys: Iterable[str], ask: Ask, columns: Mapping[str, list[str]], compared: Callable[[str], str]
    ) -> Answer:
        """Find opportunities by columns of themselves and of their roles. What is too slow for all keys is asked in halves."""

        async def some(keys: Keys) -> Answer:
            asked: dict[str, list[str]] = {}
            for key in keys:
                asked.setdefault(compared(key), []).append(key)
            queries = [self._deal_query(name, ask.fields, own, None, [any_in(own, keys)]) for name, own in columns.items()]
            met: set[tuple[str, str]] = set()

            def keys_of(row: Row) -> list[str]:
                """List the keys for which an opportunity is not found yet: it may have several roles."""
                held = [compared(value) for name in columns[row["attributes"]["type"]] if (value := value_at(row, name))]
                pairs = [(key, _deal_in(row)["Id"]) for value in held for key in asked.get(value, ())]
                new = [pair for pair in pairs if pair not in met]
                met.update(new)
                return [key for key, _ in new]

            return by_key(keys, await self.rows(queries, self.until(ask)), keys_of, self._deal)

        sent = list(keys)
        return await ask_in_halves(sent, some) if sent else {}

    def _deal_query(self, name: str, fields: Fields, more: Iterable[str], limit: int | None, where: Sequence[str] = ()) -> str:
        amount = {"amount": ("Amount", *([CURRENCY_FIELD] if self.settings.currency == CURRENCY_FIELD else []))}
        columns = [*needed(fields, {**_READ_FROM, **(amount if self.settings.currency else {})}), "Id"]
        if name == _ROLE:
            columns = [f"{_DEAL}.{column}" for column in columns]
        return select([*columns, *more], name, where, limit=limit)

    def _deal(self, row: Row) -> dict[str, Any]:
        row = _deal_in(row)
        currency = row.get(CURRENCY_FIELD, self.settings.currency)
        return given(
            id=row["Id"],
            createdAt=to_time(row.get("CreatedDate")),
            customerId=row.get("ContactId") or row.get("AccountId"),
            name=row.get("Name"),
            stage=_stage(row),
            stageName=row.get("StageName"),
            segment=row.get("Type"),
            amount=None if row.get("Amount") is None else {"amount": to_amount(row["Amount"]), "currency": currency},
            closedAt=to_time(row.get("CloseDate")) if row.get("IsClosed") is True else None,
        )


def _deal_in(row: Row) -> Row:
    """The opportunity itself, or that of a role."""
    own: Row = row[_DEAL] if row["attributes"]["type"] == _ROLE else row
    return own


def _stage(row: Row) -> Any:
    is_closed, is_won = row.get("IsClosed"), row.get("IsWon")
    if is_closed is not True:
        return "OPEN" if is_closed is False else is_closed
    return ("WON" if is_won else "LOST") if isinstance(is_won, bool) else is_won
