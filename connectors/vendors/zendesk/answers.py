"""The shapes of Zendesk's answers and webhooks, as far as they are read."""

from typing import Any, NamedTuple

import msgspec


class Meta(msgspec.Struct, frozen=True):
    has_more: bool = False
    after_cursor: str | None = None


class Users(msgspec.Struct):
    users: list[Any]


class UsersPage(msgspec.Struct):
    """One page of all users."""

    users: list[Any]
    meta: Meta


class Tickets(msgspec.Struct):
    """One page by its number, of `count` tickets in all."""

    tickets: list[Any]
    users: list[Any] = []
    count: int | None = None
    next_page: str | None = None


class Requested(NamedTuple):
    """Hold the tickets of one user, as far as read. It says how many there are, and whether `max_pages` ended the reading."""

    rows: list[Any]
    total: int | None
    is_cut: bool = False


class Comments(msgspec.Struct):
    comments: list[Any]
    meta: Meta = Meta()


class FieldsPage(msgspec.Struct):
    """One page of the fields that users, or tickets, have."""

    user_fields: list[Any] = []
    ticket_fields: list[Any] = []
    meta: Meta = Meta()


class ZendeskEvent(msgspec.Struct):
    """A user, or a ticket with its requester."""

    id: str
    external_id: str | None = None
    requester_id: str | None = None


class ZendeskWebhook(msgspec.Struct):
    type: str
    detail: ZendeskEvent
