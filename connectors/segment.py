"""The `segment` kind: profiles of Segment as customers, and what they did in the last 14 days as events."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

import msgspec
from pydantic import Field

from connectors.contract import Answer, Ask, KeyKind, Keys, Push, lookup
from connectors.records import Customer, Event
from connectors.semantics import as_time, rfc3339
from connectors.transport import ask_each
from connectors.values import given, to_country, to_time
from connectors.vendor import Parameters, Secret, Trial, Vendor, VendorSettings, as_records, needed, step

_MOST_LISTED, _MOST_TRAITS = 100, 200
_DEVICES = ("anonymous_id", "ios.id", "android.id")
_OURS = ("user_id", "email", "phone", *_DEVICES)
_READ_FROM = {
    "name": ("name", "firstName", "first_name", "lastName", "last_name"),
    "given_name": ("firstName", "first_name"),
    "family_name": ("lastName", "last_name"),
    "email": ("email",),
    "phone": ("phone",),
    "locale": ("locale",),
    "created_at": ("createdAt", "created_at"),
    "address": ("address",),
    "company": ("company", "industry"),
}
"""The traits that a field is read from. The names are those of Segment's specification, which many send in snake case."""
_FROM_IDS = ("contact_points", "device_ids", "external_ids")
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_TICK = timedelta(milliseconds=1)
_WINDOWED = {Push.SINCE, Push.AFTER, Push.ORDER, Push.FIRST}


class SegmentSettings(VendorSettings):
    """`space` is the id of the space, `member_number` the trait that holds it."""

    base_url: str = "https://profiles.segment.com"
    space: Annotated[str, Field(pattern=r"^[\w-]+$")]
    token: Secret
    member_number: str | None = None


class Cursor(msgspec.Struct):
    has_more: bool = False
    next: str | None = None


class Traits(msgspec.Struct):
    traits: dict[str, Any]


class Listed(msgspec.Struct):
    data: list[Any]
    cursor: Cursor = Cursor()


class Segment(Vendor[SegmentSettings]):
    """Segment, through version 1 of its Profile API, with the access token of a space."""

    kind = "segment"
    settings_type = SegmentSettings

    def headers(self) -> Mapping[str, str]:
        return basic(self.settings.token.get_secret_value())

    def trials(self) -> Sequence[Trial]:
        return [Trial(self._path("user_id:nobody", "metadata"), "access to the space")]

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=20)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._customer(f"user_id:{step(key)}", ask, key))

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=20)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._customer(_external(key), ask))

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=20)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._customer(f"email:{step(key)}", ask))

    @lookup(Customer, by=KeyKind.DEVICE_ID, max_batch=20)
    async def customers_by_device(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._customer(f"anonymous_id:{step(key)}", ask))

    @lookup(Event, by=KeyKind.CUSTOMER_ID, max_batch=20, pushdown=_WINDOWED)
    async def events_by_customer(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._events(f"user_id:{step(key)}", ask))

    @lookup(Event, by=KeyKind.EXTERNAL_ID, max_batch=20, pushdown=_WINDOWED)
    async def events_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._events(_external(key), ask))

    @lookup(Event, by=KeyKind.EMAIL, max_batch=20, pushdown=_WINDOWED)
    async def events_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._events(f"email:{step(key)}", ask))

    @lookup(Event, by=KeyKind.DEVICE_ID, max_batch=20, pushdown=_WINDOWED)
    async def events_by_device(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda key: self._events(f"anonymous_id:{step(key)}", ask))
