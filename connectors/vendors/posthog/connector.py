"""The connector of the `posthog` kind: query a batch of keys and read its rows."""

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import msgspec

from connectors.contract import Answer, Ask, KeyKind, Keys, Page, Position, Push, lookup
from connectors.errors import SourceProtocolError
from connectors.record_fields import Fields
from connectors.records import Customer, Event
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.converters import decode_exactly, given, to_text, to_time
from connectors.toolkit.own_properties import PropertyNames
from connectors.toolkit.vendor_connector import Trial, Vendor, too_much
from connectors.toolkit.vendor_rows import by_key, joined, needed, read_day, readable, time_of
from connectors.vendors.posthog.hogql import MAX_ROWS, HogQLQuery, property_column, select, select_events
from connectors.vendors.posthog.settings import PostHogSettings

_BATCH = 100
_WINDOW = (Push.SINCE, Push.AFTER, Push.ORDER, Push.FIRST)
_ACQUISITION = ("properties.$initial_utm_source", "properties.$initial_utm_campaign", "properties.$initial_pathname")
_READ_FROM: Mapping[str, tuple[str, ...]] = {
    "name": ("properties.name", "properties.first_name", "properties.last_name"),
    "given_name": ("properties.first_name",),
    "family_name": ("properties.last_name",),
    "email": ("properties.email",),
    "phone": ("properties.phone",),
    "birth_date": ("properties.birthday",),
    "created_at": ("created_at",),
    "acquisition": _ACQUISITION,
}
"""The columns of a person that a field is read from."""
_EVENT = ("distinct_id", "toString(uuid)", "timestamp", "event")
_EVENT_FROM = {
    "feature": ("properties.$feature_flag",),
    "page": ("properties.$pathname",),
    "device_id": ("properties.$device_id",),
    "session_id": ("properties.$session_id",),
    "properties": ("properties",),
}
"""The columns of an event that a field is read from, beside those that are always read."""
_IDS = ("ids.distinct_id", "person_distinct_ids AS ids JOIN persons ON persons.id = ids.person_id")
_EMAILS = ("lower(persons.properties.email)", "persons")
"""Where persons have keys: the column, and the tables."""
_ALL_IDS = (
    "ids.distinct_id",
    "person_distinct_ids AS ids JOIN person_distinct_ids AS others ON others.person_id = ids.person_id",
)
_IDS_OF_EMAILS = (_EMAILS[0], "persons JOIN person_distinct_ids AS others ON others.person_id = persons.id")
"""Where keys and all distinct ids of the persons who have them are: the column of the key, and the tables."""


_PROPERTIES = PropertyNames(r"[^`\\{}%\n]+", "write a property without ` \\ { } and %", has_objects=True)


class HogQLResponse(msgspec.Struct):
    results: list[Any]


class PostHog(Vendor[PostHogSettings]):
    """PostHog, through its query endpoint, with a personal API key."""

    kind = "posthog"
    any_case = True
    settings_type = PostHogSettings
    filled_fields = MappingProxyType({"event": "id at type feature page device_id session_id properties"})
    property_names = MappingProxyType(dict.fromkeys(("customer", "event"), _PROPERTIES))

    def __init__(self, name: str, settings: PostHogSettings) -> None:
        super().__init__(name, settings)
        self._path = f"/api/projects/{settings.project}/query/"

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.settings.token.get_secret_value()}"}

    def page_links(self) -> Mapping[str, str]:
        if self.settings.customer_id is not None:  # ids of customers are no distinct ids, then
            return {}
        return {"customer": f"{self.settings.base_url}/project/{self.settings.project}/person/{{sourceId}}"}

    def trials(self) -> Sequence[Trial]:
        return [Trial(self._path, "the scope query:read, or access to the project", body=HogQLQuery().body("SELECT 1"))]

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._customers(keys, ask, _IDS, by_id=True)

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_BATCH)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._customers(keys, ask, _EMAILS)

    @lookup(Customer, by=KeyKind.DEVICE_ID, max_batch=_BATCH)
    async def customers_by_device_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._customers(keys, ask, _IDS)

    @lookup(Event, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH, pushdown=_WINDOW)
    async def events_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._events(keys, ask, _ALL_IDS)

    @lookup(Event, by=KeyKind.EMAIL, max_batch=_BATCH, pushdown=_WINDOW)
    async def events_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._events(keys, ask, _IDS_OF_EMAILS)

    @lookup(Event, by=KeyKind.DEVICE_ID, max_batch=_BATCH, pushdown=_WINDOW)
    async def events_by_device_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._events(keys, ask, _ALL_IDS)

    async def _customers(self, keys: Keys, ask: Ask, place: tuple[str, str], *, by_id: bool = False) -> Answer:
        return await ask_in_halves(keys, lambda some: self._some_customers(some, ask, place, by_id=by_id))

    async def _events(self, keys: Keys, ask: Ask, place: tuple[str, str]) -> Answer:
        return await ask_in_halves(keys, lambda some: self._some_events(some, ask, place))

    async def _some_customers(self, keys: Keys, ask: Ask, place: tuple[str, str], *, by_id: bool) -> Answer:
        """Find the persons who have a key. The id of one who is not found by it is a property; who has none is nobody's."""
        own = {"id": None if by_id else self.settings.customer_id, "member_number": self.settings.member_number}
        more: Mapping[str, tuple[str, ...]] = {
            field: (f"properties.{name}",) for field, name in own.items() if name is not None
        }
        names = needed(ask.fields | Fields.from_paths("id"), {**_READ_FROM, **more, **self._own_columns("customer")})
        rows = await self._persons(keys, place, names, self.until(ask))
        id_at = 0 if by_id else 1 + names.index(f"properties.{own['id']}")
        known = [row for row in rows if readable([row], lambda row: bool(row[id_at])) != [False]]
        return by_key(keys, known, lambda row: row[:1], partial(self._customer, names, id_at))

    async def _some_events(self, keys: Keys, ask: Ask, place: tuple[str, str]) -> Answer:
        """Load events of a key and its person's distinct ids. These are asked for first.

        There are ids without a person, and events keep the id that they came with, whose person may be another one since.
        """
        until = self.until(ask)
        owners: dict[str, list[str]] = {} if place == _IDS_OF_EMAILS else {key: [key] for key in keys}
        for key, own in readable(await self._distinct_ids(keys, place, until), lambda row: (str(row[0]), str(row[1]))):
            known = owners.setdefault(own, [])
            if key not in known:
                known.append(key)
        names = needed(ask.fields, {**_EVENT_FROM, **self._own_columns("event")})

        async def turn(start: str | None) -> tuple[list[Any], str | None]:
            query = HogQLQuery()
            after = ask.after if start is None else msgspec.json.decode(start, type=Position)
            conditions = [query.one_of("distinct_id", owners), *query.conditions(ask, after)]
            rows = await self._rows(query, select_events([*_EVENT, *names], conditions, ask), until)
            return rows, _position(rows) if len(rows) == MAX_ROWS else None

        rows, is_cut = await self.first_pages(turn, lambda _: False) if owners else ([], False)
        events = by_key(keys, rows, lambda row: owners.get(row[0], ()), partial(self._event, names), first=ask.first)
        return {key: Page(events.get(key, b"[]"), partial=True) for key in keys} if is_cut else events

    async def _distinct_ids(self, keys: Keys, place: tuple[str, str], until: float | None) -> list[Any]:
        """List the distinct ids of persons behind each key."""
        query, (key, tables) = HogQLQuery(), place
        rows = await self._rows(query, select([key, "others.distinct_id"], tables, [query.one_of(key, keys)]), until)
        if len(rows) == MAX_ROWS:
            raise too_much("more distinct ids than can be read")
        return rows

    async def _persons(self, keys: Keys, place: tuple[str, str], names: Sequence[str], until: float | None) -> list[Any]:
        """The columns of the persons who have a key, behind the key."""
        query, (key, tables) = HogQLQuery(), place
        columns = [key, *(f"toString(persons.{name})" if name == "id" else f"persons.{name}" for name in names)]
        rows = await self._rows(query, select(columns, tables, [query.one_of(key, keys)]), until)
        if len(rows) == MAX_ROWS:
            raise too_much("more persons than can be read")
        return rows

    async def _rows(self, query: HogQLQuery, text: str, until: float | None) -> list[Any]:
        return (await self.post(HogQLResponse, self._path, query.body(text), until)).results

    def _customer(self, names: Sequence[str], id_at: int, row: Any) -> dict[str, Any]:
        has = dict(zip(names, row[1:], strict=True)).get
        given_name, family_name = has("properties.first_name"), has("properties.last_name")
        source, campaign, landing_page = map(has, _ACQUISITION)
        return given(
            id=to_text(row[id_at]),
            kind="PERSON",
            name=has("properties.name") or joined(given_name, family_name),
            givenName=given_name,
            familyName=family_name,
            email=has("properties.email"),
            phone=to_text(has("properties.phone")),
            birthDate=read_day(has("properties.birthday")),
            memberNumber=to_text(has(f"properties.{self.settings.member_number}")),
            createdAt=to_time(has("created_at")),
            acquisition=given(source=source, campaign=campaign, landingPage=landing_page),
            **self.own["customer"].read(lambda name: has(property_column(name))),
        )

    def _event(self, names: Sequence[str], row: Any) -> dict[str, Any]:
        _, id_, at, type_, *rest = row
        has = dict(zip(names, rest, strict=True)).get
        return given(
            id=id_,
            at=to_time(at),
            type=type_,
            feature=to_text(has("properties.$feature_flag")),
            page=has("properties.$pathname"),
            deviceId=has("properties.$device_id"),
            sessionId=has("properties.$session_id"),
            properties=_unpacked(has("properties")),
            **self.own["event"].read(lambda name: has(property_column(name))),
        )

    def _own_columns(self, record: str) -> dict[str, tuple[str, ...]]:
        """List the columns that fields of one's own are read from."""
        return {field: tuple(map(property_column, names)) for field, names in self.own[record].by_field.items()}


def _position(rows: Sequence[Any]) -> str:
    """Where the next page begins: behind the last event that can be read."""
    for row in reversed(rows):
        for place in readable([row], lambda row: Position(time_of(row[2]), str(row[1]))):
            return msgspec.json.encode(place).decode()
    raise SourceProtocolError("a page has no event to go on from")


def _unpacked(properties: Any) -> Any:
    """PostHog gives them as a text that holds JSON."""
    try:
        return decode_exactly(properties.encode(), Any) if isinstance(properties, str) else properties
    except (ValueError, ArithmeticError, RecursionError):
        return properties
