"""The `segment` kind: profiles of Segment as customers, their last 14 days as events."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any

import msgspec

from connectors.contract import Answer, Ask, Change, KeyKind, Keys, Page, Position, Push, WebhookRequest, lookup
from connectors.errors import NoWebhookError, SourceProtocolError
from connectors.records import Customer, Event
from connectors.toolkit.converters import given, to_text, to_time
from connectors.toolkit.evaluation import rfc3339
from connectors.toolkit.http_client import ask_each, gathered
from connectors.toolkit.own_properties import PropertyNames
from connectors.toolkit.text_forms import fits
from connectors.toolkit.vendor_connector import Parameters, Secret, Trial, Vendor, VendorSettings
from connectors.toolkit.vendor_rows import (
    as_records,
    country_code,
    cut_page,
    joined,
    needed,
    odd,
    read_day,
    read_or_odd,
    readable,
    step,
    time_of,
    unsure_of_letters,
)
from connectors.toolkit.webhook_signatures import expect_segment, read

_AT_ONCE, _PAGE, _MAX_TRAITS = 20, 100, 200
_WINDOW = (Push.SINCE, Push.AFTER, Push.ORDER, Push.FIRST)
_TICK = timedelta(milliseconds=1)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_DEVICES = ("anonymous_id", "ios.id", "android.id")
_POINTS = {"email": "EMAIL", "phone": "PHONE"}
_OURS = {"user_id", *_POINTS, *_DEVICES}
"""The types of ids that are fields of ours; the others are ids at other systems."""
_READ_FROM = {
    "name": ("name", "firstName", "first_name", "lastName", "last_name"),
    "given_name": ("firstName", "first_name"),
    "family_name": ("lastName", "last_name"),
    "email": ("email",),
    "phone": ("phone",),
    "birth_date": ("birthday",),
    "locale": ("locale",),
    "created_at": ("createdAt", "created_at"),
    "address": ("address",),
    "company": ("company", "industry"),
}
"""The traits that a field is read from, by the names of Segment's specification, which many send in snake case."""
_FROM_IDS = {"contact_points", "device_ids", "external_ids"}
"""The fields that are read from the ids of a profile."""


class SegmentSettings(VendorSettings):
    """Configure Segment. `space` is the id of the space, `member_number` the trait that holds one."""

    base_url: str = "https://profiles.segment.com"
    space: Annotated[str, fits(r"[\w-]+", "is no id of a space; write letters, digits, _ and - only")]
    token: Secret
    member_number: str | None = None
    webhook_secret: Secret | None = None


class Cursor(msgspec.Struct, frozen=True):
    has_more: bool = False
    next: str | None = None


class Traits(msgspec.Struct):
    traits: dict[str, Any]


class SegmentPage(msgspec.Struct):
    data: list[Any]
    cursor: Cursor = Cursor()


class SegmentEvent(msgspec.Struct, rename="camel"):
    """A call of Segment's specification, as a webhook destination sends it."""

    type: str = ""
    user_id: str | None = None
    anonymous_id: str | None = None


class Segment(Vendor[SegmentSettings]):
    """Read Segment by version 1 of its Profile API. The access token is a space's."""

    kind = "segment"
    settings_type = SegmentSettings
    filled_fields = MappingProxyType({"event": "id at type quantity page device_id properties"})
    property_names = MappingProxyType(
        {
            "customer": PropertyNames("[^,]+", "write a trait, which has no comma in it", has_objects=True),
            "event": PropertyNames(".+", "write a property of events", has_objects=True),
        }
    )

    @property
    def _member_numbers(self) -> tuple[str, ...]:
        return (self.settings.member_number,) if self.settings.member_number else ()

    def headers(self) -> Mapping[str, str]:
        token = self.settings.token.get_secret_value()
        return {"Authorization": f"Basic {b64encode(f'{token}:'.encode()).decode()}"}

    def trials(self) -> Sequence[Trial]:
        return [Trial(f"{self._profile('user_id', 'nobody')}/traits", "access to the space", one_key=True)]

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:  # noqa: ARG002  Segment signs no time
        if self.settings.webhook_secret is None:
            raise NoWebhookError
        expect_segment(request, self.settings.webhook_secret)
        event = read(request, SegmentEvent)
        record = Event if event.type in {"track", "page", "screen"} else None
        keys = ((KeyKind.CUSTOMER_ID, event.user_id), (KeyKind.DEVICE_ID, event.anonymous_id))
        return [Change(record, kind, key) for kind, key in keys if key][:1]

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._customer("user_id", key, ask))

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=_AT_ONCE)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._customer(*_parted(key), ask))

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_AT_ONCE)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._customer("email", key, ask))

    @lookup(Customer, by=KeyKind.DEVICE_ID, max_batch=_AT_ONCE)
    async def customers_by_device_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._customer("anonymous_id", key, ask))

    @lookup(Event, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def events_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._events("user_id", key, ask))

    @lookup(Event, by=KeyKind.EMAIL, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def events_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return unsure_of_letters(keys, await ask_each(keys, lambda key: self._events("email", key, ask)))

    @lookup(Event, by=KeyKind.DEVICE_ID, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def events_by_device_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._events("anonymous_id", key, ask))

    def _profile(self, type_: str, id_: str) -> str:
        return f"/v1/spaces/{self.settings.space}/collections/users/profiles/{step(type_)}:{step(id_)}"

    async def _customer(self, type_: str, id_: str, ask: Ask) -> bytes | None:
        """Load the asked parts of the profile with an id. One without a user id is nobody's."""
        profile, until = self._profile(type_, id_), self.until(ask)
        names = needed(ask.fields, _READ_FROM | {"member_number": self._member_numbers} | self.own["customer"].by_field)
        reads_ids = not names or type_ != "user_id" or any(name in _FROM_IDS for name, _ in ask.fields)
        traits, ids = await gathered(
            [
                self._traits(profile, names, until) if names else _at_hand({}),
                self._ids(profile, until) if reads_ids else _at_hand([]),
            ]
        )
        if traits is None or ids is None:
            return None
        typed = readable(ids, _typed)
        own = id_ if type_ == "user_id" else next((value for kind, value in typed if kind == "user_id"), None)
        return None if own is None else as_records([traits], partial(self._record, own, typed, _odd_ids(ids)))

    async def _traits(self, profile: str, names: Sequence[str], until: float | None) -> Any:
        traits = await self.find(Traits, f"{profile}/traits", {"include": ",".join(names), "limit": _MAX_TRAITS}, until)
        return None if traits is None else traits.traits

    async def _ids(self, profile: str, until: float | None) -> Any:
        """List a profile's ids. It has at least the id that it is asked by; one without is not there."""
        rows, is_cut = await self._pages(f"{profile}/external_ids", {"limit": _PAGE}, until)
        if is_cut:
            raise SourceProtocolError("more pages than max_pages")
        return rows or None

    async def _events(self, type_: str, id_: str, ask: Ask) -> Page | None:
        """Load the pages that the ask needs. Events of the same time as its last one are among them."""
        start, end = _bounds(ask)
        sort = "asc" if ask.oldest_first else "desc"
        around = 1 if ask.after is None else 2
        limit = _PAGE if ask.first is None else min(ask.first + around, _PAGE)

        def is_enough(rows: list[Any]) -> bool:
            wanted, _ = cut_page(rows, ask, _position)
            if ask.first is None or len(wanted) < ask.first:
                return False
            times = readable((wanted[-1], rows[-1]), lambda row: _position(row).time)
            return len(set(times)) > 1

        parameters: Parameters = {"sort": sort, "limit": limit, "start": start, "end": end}
        rows, is_cut = await self._pages(f"{self._profile(type_, id_)}/events", parameters, self.until(ask), is_enough)
        return None if rows is None else Page(as_records(cut_page(rows, ask, _position)[0], self._event), partial=is_cut)

    async def _pages(
        self, path: str, parameters: Parameters, until: float | None, is_enough: Callable[[list[Any]], bool] = lambda _: False
    ) -> tuple[list[Any] | None, bool]:
        """Read the rows of a list, and whether there are more. None where there is no such profile."""
        is_there = True

        async def turn(cursor: str | None) -> tuple[list[Any], str | None]:
            nonlocal is_there
            page = await self.find(SegmentPage, path, {**parameters, "next": cursor}, until)
            if page is None:
                is_there = False
                return [], None
            return page.data, (page.cursor.next or None) if page.cursor.has_more else None

        rows, is_cut = await self.first_pages(turn, is_enough)
        return rows if is_there else None, is_cut

    def _record(
        self, id_: str, ids: Sequence[tuple[str, str]], odd_ids: Sequence[Any], traits: Mapping[str, Any]
    ) -> dict[str, Any]:
        def has(*names: str) -> Any:
            return next((traits[name] for name in names if traits.get(name) is not None), None)

        company = traits["company"] if isinstance(traits.get("company"), dict) else {"name": traits.get("company")}
        given_name, family_name = has("firstName", "first_name"), has("lastName", "last_name")
        return given(
            id=id_,
            kind="PERSON",
            name=has("name") or joined(given_name, family_name),
            givenName=given_name,
            familyName=family_name,
            email=has("email"),
            phone=has("phone"),
            birthDate=read_day(has("birthday")),
            locale=has("locale"),
            memberNumber=to_text(has(*self._member_numbers)),
            createdAt=to_time(has("createdAt", "created_at")),
            address=read_or_odd(traits.get("address"), _address),
            company=given(name=company.get("name"), industry=company.get("industry") or has("industry")),
            contactPoints=[{"kind": _POINTS[kind], "value": value} for kind, value in ids if kind in _POINTS],
            deviceIds=[value for kind, value in ids if kind in _DEVICES],
            externalIds=[*({"source": kind, "id": value} for kind, value in ids if kind not in _OURS), *odd_ids],
            **self.own["customer"].read(traits.get),
        )

    def _event(self, row: Any) -> dict[str, Any]:
        properties = row.get("properties")
        return given(
            id=row["message_id"],
            at=to_time(row["timestamp"]),
            type=row.get("event") or row["type"],
            quantity=_quantity(properties),
            page=read_or_odd(row.get("context"), _page),
            deviceId=read_or_odd(row.get("external_ids"), _device),
            properties=properties,
            **(self.own["event"].read(properties.get) if isinstance(properties, dict) else {}),
        )


async def _at_hand(value: Any) -> Any:
    """Give a value that need not be asked."""
    return value


def _parted(key: str) -> tuple[str, str]:
    """The type and the id in `type:id`, as Segment writes them, too."""
    type_, _, id_ = key.partition(":")
    return type_, id_


def _position(row: Any) -> Position:
    return Position(time_of(row["timestamp"]), str(row["message_id"]))


def _bounds(ask: Ask) -> tuple[str | None, str | None]:
    """Give the times that bound the asked events. Segment includes neither."""
    oldest, newest = ask.since, ask.until
    last = ask.after.time if ask.after else None
    if last is not None and ask.oldest_first:
        oldest = max(last, oldest or last)
    elif last is not None:
        newest = min(_near(last) + _TICK, newest or _LAST)
    start = None if oldest is None else rfc3339(_near(oldest) - _TICK)
    return start, None if newest is None else rfc3339(_near(newest))


def _near(time: datetime) -> datetime:
    """Keep a time far enough from the calendar's ends to be written."""
    return min(max(time, _FIRST), _LAST)


def _quantity(properties: Any) -> Any:
    """Read how many products a track is about. A company may mean anything else by what is no number."""
    quantity = properties.get("quantity") if isinstance(properties, dict) else None
    return quantity if isinstance(quantity, int | Decimal) and not isinstance(quantity, bool) else None


def _typed(value: Any) -> tuple[str, Any]:
    """The type of an id, and the id."""
    type_ = to_text(value["type"])
    if not isinstance(type_, str):
        raise TypeError
    return type_, value["id"]


def _odd_ids(ids: Sequence[Any]) -> list[Any]:
    return [odd(id_) for id_ in ids if not readable([id_], _typed)]


def _page(context: Any) -> Any:
    page = (context or {}).get("page") or {}
    return page.get("path") or page.get("url")


def _device(ids: Any) -> Any:
    return next((value for type_, value in map(_typed, ids or ()) if type_ in _DEVICES), None)


def _address(address: Any) -> dict[str, Any]:
    """By its parts, or one line of text."""
    has = ({"street": address} if isinstance(address, str) else address or {}).get
    return given(
        line=has("street"),
        postalCode=to_text(has("postalCode") or has("postal_code")),
        city=has("city"),
        region=has("state"),
        country=country_code(has("country")),
    )
