"""Ask Zendesk's Ticketing API for users and their tickets."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from connectors.contract import (
    Answer,
    Ask,
    Change,
    KeyKind,
    Keys,
    Listing,
    Page,
    Push,
    WebhookRequest,
    listing,
    lookup,
)
from connectors.errors import (
    ListingCursorError,
    NoWebhookError,
    SourceProtocolError,
    SourceRejectedError,
)
from connectors.record_fields import Fields
from connectors.records import Customer, Survey, Ticket
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.converters import contact_points, given, to_text, to_time
from connectors.toolkit.http_client import ask_each, gathered
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor
from connectors.toolkit.vendor_connector import Parameters
from connectors.toolkit.vendor_rows import as_records, cut_page, is_number, read_or_odd, readable
from connectors.toolkit.webhook_signatures import expect_zendesk, read
from connectors.vendors.zendesk.answers import Comments, Requested, Tickets, Users, UsersPage, ZendeskWebhook
from connectors.vendors.zendesk.api import PAGE, USERS, SupportApi
from connectors.vendors.zendesk.rows import (
    CHANNELS,
    KINDS,
    PROPERTIES,
    STATUSES,
    custom_field,
    is_internal,
    read_message,
    read_satisfaction,
)
from connectors.vendors.zendesk.settings import ZendeskSettings
from connectors.vendors.zendesk.surveys import Surveys
from connectors.vendors.zendesk.ticket_pages import (
    add_assignees,
    id_or_place,
    is_bounded,
    is_enough,
    loaded_with,
    place_of,
    read_first_response,
)

_MAX_PAGES = 100
"""As far as Zendesk gives pages by their numbers."""
_AT_ONCE = 20
"""Keys in one batch of what needs a call for each key."""
_WINDOW = (Push.FIRST, Push.AFTER, Push.SINCE, Push.ORDER, Push.COUNT)


class Zendesk(SupportApi):
    """Zendesk's Ticketing API. Its users are found by id, external id or e-mail address, and tickets by their requester."""

    kind = "zendesk"
    any_case = True
    settings_type = ZendeskSettings
    filled_fields = MappingProxyType(
        {
            "ticket": "id number customer_id created_at subject kind status priority channel satisfaction order_id updated_at"
            " assignee tags first_response_at solved_at messages.author messages.body messages.at"
        }
    )
    property_names = PROPERTIES
    update_times = ("ticket",)
    own_words = MappingProxyType({"ticket": ("channel", "kind", "priority", "status")})

    def __init__(self, name: str, settings: ZendeskSettings) -> None:
        super().__init__(name, settings)
        self._surveys = Surveys(self.find, self._requested, knows_requesters=self._knows_requesters)

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:
        if self.settings.webhook_secret is None:
            raise NoWebhookError
        expect_zendesk(request, self.settings.webhook_secret, now)
        occurred = read(request, ZendeskWebhook)
        detail, is_user = occurred.detail, occurred.type.startswith("zen:event-type:user.")
        record, id_ = (None, detail.id) if is_user else (Ticket, detail.requester_id)
        if self.settings.customer_id == "id":
            return [self.own_change(record, id_)] if id_ else []
        if is_user and detail.external_id:
            return [Change(record, KeyKind.CUSTOMER_ID, detail.external_id)]
        return [Change(record, KeyKind.EXTERNAL_ID, f"{self.name}:{id_}")] if id_ else []

    @listing(Customer, max_first=PAGE)
    async def all_customers(
        self,
        fields: Fields,  # noqa: ARG002  users come whole
        after: str | None,
        first: int,
        remaining_s: float | None = None,
    ) -> Listing:
        """List the users by Zendesk's own cursors, without deleted ones.

        An incremental export would give a user again who is changed meanwhile, and is for administrators only.
        """
        cursor = None if after is None else decode_cursor(self.kind, after)
        try:
            page = await self.find(UsersPage, USERS, {"page[size]": first, "page[after]": cursor}, self.ends(remaining_s))
        except SourceRejectedError:
            if cursor is None:
                raise
            raise ListingCursorError from None
        if page is None:
            raise SourceProtocolError("there is no list of users")
        content = as_records([user for user in page.users if readable([user], self._is_customer) != [False]], self._customer)
        following = page.meta.after_cursor if page.meta.has_more else None
        return Listing(content, encode_cursor(self.kind, following) if following else None)

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=PAGE)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._customers(self.settings.customer_id, keys, ask)

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=PAGE)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        ids = self.own_ids(keys)
        answer = await self._customers("id", list(ids.values()), ask)
        return {key: answer[id_] for key, id_ in ids.items() if id_ in answer}

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_AT_ONCE)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        async def customers(email: str) -> bytes:
            return as_records(await self._by_email(email, until), self._customer)

        return await ask_each(keys, customers)

    @lookup(Ticket, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def tickets_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        ids = await self._users_by_customer_id(keys, until)
        return await ask_each(list(ids), lambda key: self._tickets(ids[key], ask, until))

    @lookup(Ticket, by=KeyKind.EXTERNAL_ID, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def tickets_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        ids, until = {key: id_ for key, id_ in self.own_ids(keys).items() if is_number(id_)}, self.until(ask)
        return await ask_each(list(ids), lambda key: self._tickets([ids[key]], ask, until))

    @lookup(Ticket, by=KeyKind.EMAIL, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def tickets_by_email(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        async def tickets(email: str) -> Page:
            return await self._tickets(_ids(await self._by_email(email, until)), ask, until)

        return await ask_each(keys, tickets)

    @lookup(Ticket, by=KeyKind.TICKET_ID, max_batch=PAGE)
    async def tickets_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_in_halves(keys, partial(self._tickets_by_id, ask, self.until(ask)))

    @lookup(Ticket, by=KeyKind.TICKET_NUMBER, max_batch=PAGE)
    async def tickets_by_number(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_in_halves(keys, partial(self._tickets_by_id, ask, self.until(ask)))

    @lookup(Survey, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE)
    async def surveys_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        ids = await self._users_by_customer_id(keys, until)
        return await ask_each(list(ids), lambda key: self._surveys.of_users(ids[key], until))

    @lookup(Survey, by=KeyKind.EXTERNAL_ID, max_batch=_AT_ONCE)
    async def surveys_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        ids, until = {key: id_ for key, id_ in self.own_ids(keys).items() if is_number(id_)}, self.until(ask)
        return await ask_each(list(ids), lambda key: self._surveys.of_users([ids[key]], until))

    @lookup(Survey, by=KeyKind.EMAIL, max_batch=_AT_ONCE)
    async def surveys_by_email(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        async def surveys(email: str) -> Page:
            return await self._surveys.of_users(_ids(await self._by_email(email, until)), until)

        return await ask_each(keys, surveys)

    @lookup(Survey, by=KeyKind.SURVEY_ID, max_batch=_AT_ONCE)
    async def surveys_by_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        return await ask_each([key for key in keys if is_number(key)], lambda id_: self._surveys.by_id(id_, until))

    async def _users_by_customer_id(self, keys: Keys, until: float | None) -> dict[str, list[str]]:
        """Find the ids of Zendesk's users, by the ids of customers."""
        if self.settings.customer_id == "id":
            return {key: [key] for key in keys if is_number(key)}
        return {key: _ids([user]) for key, user in (await self._show_many("external_id", keys, until)).items()}

    async def _tickets_by_id(self, ask: Ask, until: float | None, ids: Keys) -> Answer:
        sent = [id_ for id_ in ids if is_number(id_)]
        if not sent:
            return {}
        question = {"ids": ",".join(sent), "include": loaded_with(ask.fields)}
        answer = await self.get(Tickets, "/api/v2/tickets/show_many", question, until)
        add_assignees(answer.tickets, answer.users)
        rows = dict(readable(answer.tickets, lambda row: (str(row["id"]), row)))
        comments = await self._comments_of(rows.values(), ask, until)
        return {id_: as_records([rows[id_]], partial(self._ticket, comments)) for id_ in sent if id_ in rows}

    async def _customers(self, name: str, ids: Sequence[str], ask: Ask) -> Answer:
        until = self.until(ask)

        async def some(ids: Keys) -> Answer:
            users = await self._show_many(name, ids, until)
            return {id_: as_records([user], self._customer) for id_, user in users.items()}

        return await ask_in_halves(ids, some)

    async def _show_many(self, name: str, values: Sequence[str], until: float | None) -> dict[str, Any]:
        """Users by their ids, of either kind, without deleted ones."""
        sent = [value for value in values if (is_number(value) if name == "id" else "," not in value)]
        if not sent:
            return {}
        answer = await self.get(Users, f"{USERS}/show_many", {f"{name}s": ",".join(sent)}, until)
        users = readable(answer.users, lambda user: (str(user[name]), user) if _is_active(user) else None)
        return {id_: user for id_, user in users if id_ in sent}

    async def _by_email(self, email: str, until: float | None) -> list[Any]:
        """Find the user who has the address. A search finds similar ones as well, and they are other people."""
        users = await self.find(Users, f"{USERS}/search", {"query": f'email:"{email}"'}, until)
        if users is None:
            raise SourceProtocolError("there is no search of users")
        return [user for user in users.users if readable([user], _address) == [email.lower()]]

    async def _tickets(self, ids: Sequence[str], ask: Ask, until: float | None) -> Page:
        """Load users' tickets, with comments where they are wanted."""
        pages = await gathered(self._requested(id_, ask, until) for id_ in ids)
        rows = [row for page in pages for row in page.rows]
        total: int | None
        wanted, total = cut_page(rows, ask, place_of)
        if not is_bounded(ask):
            totals = [page.total for page in pages if page.total is not None]
            total = sum(totals) if len(totals) == len(pages) else None
        comments = await self._comments_of(wanted, ask, until)
        records = as_records(wanted, partial(self._ticket, comments))
        return Page(records, total if ask.count else None, partial=any(page.is_cut for page in pages))

    async def _requested(self, id_: str, ask: Ask, until: float | None) -> Requested:
        """Load a user's tickets in order, as far as needed. `max_pages` ends the reading before."""
        rows: dict[Any, Any] = {}
        size = PAGE if ask.first is None or ask.after is not None or is_bounded(ask) else min(PAGE, ask.first + 1)
        page, total = 1, None
        for _ in range(min(self.settings.max_pages, _MAX_PAGES)):
            order: Parameters = {"sort_by": "created_at", "sort_order": "asc" if ask.oldest_first else "desc"}
            path = f"{USERS}/{id_}/tickets/requested"
            question = {**order, "per_page": size, "page": page, "include": loaded_with(ask.fields)}
            tickets = await self.find(Tickets, path, question, until)
            if tickets is None:
                return Requested([], 0)
            add_assignees(tickets.tickets, tickets.users)
            total = tickets.count
            rows |= {id_or_place(row, len(rows) + place): row for place, row in enumerate(tickets.tickets)}
            if tickets.next_page is None or is_enough(list(rows.values()), ask):
                return Requested(list(rows.values()), total)
            size, page = PAGE, page + 1 if size == PAGE else 1
        return Requested(list(rows.values()), total, is_cut=True)

    async def _comments_of(self, rows: Iterable[Any], ask: Ask, until: float | None) -> Mapping[str, list[Any]]:
        """Load the comments of tickets where they are wanted."""
        if "messages" not in ask.fields:
            return {}
        tickets = readable(rows, lambda row: str(int(row["id"])))
        return dict(zip(tickets, await gathered(self._comments(id_, until) for id_ in tickets), strict=True))

    async def _comments(self, ticket: str, until: float | None) -> list[Any]:
        async def turn(cursor: str | None) -> tuple[list[Any], str | None]:
            path = f"/api/v2/tickets/{ticket}/comments"
            page = await self.find(Comments, path, {"page[size]": PAGE, "page[after]": cursor}, until)
            if page is None:
                return [], None
            return page.comments, page.meta.after_cursor if page.meta.has_more else None

        return await self.paged(turn)

    def _is_customer(self, user: Any) -> bool:
        """Tell whether a user is there, and has the id that customers have."""
        return _is_active(user) and user[self.settings.customer_id] is not None

    def _customer(self, user: Any) -> dict[str, Any]:
        return given(
            id=to_text(user[self.settings.customer_id]),
            kind="PERSON",
            name=user.get("name"),
            email=user.get("email"),
            phone=user.get("phone"),
            locale=user.get("locale"),
            createdAt=to_time(user.get("created_at")),
            updatedAt=to_time(user.get("updated_at")),
            contactPoints=contact_points([user.get("email")], [user.get("phone")]),
            externalIds=[{"source": self.name, "id": to_text(user["id"])}],
            **self.own["customer"].read((user.get("user_fields") or {}).get),
        )

    def _ticket(self, comments: Mapping[str, list[Any]], row: Any) -> dict[str, Any]:
        is_complaint = isinstance(tags := row.get("tags"), list) and self.settings.complaint_tag in tags
        kind, status, priority = row.get("type"), row.get("status"), row.get("priority")
        return given(
            id=to_text(row["id"]),
            number=to_text(row["id"]),
            customerId=to_text(row.get("requester_id")) if self._knows_requesters else None,
            createdAt=to_time(row["created_at"]),
            updatedAt=to_time(row.get("updated_at")),
            assignee=row.get("assignee"),
            tags=tags,
            firstResponseAt=read_or_odd(row, read_first_response),
            solvedAt=read_or_odd(row.get("metric_set"), lambda metrics: to_time(metrics.get("solved_at")) if metrics else None),
            subject=row.get("subject"),
            kind="COMPLAINT" if is_complaint else self.word("ticket", "kind", kind) or KINDS(kind),
            status=self.word("ticket", "status", row.get("custom_status_id"), status) or STATUSES(status),
            priority=self.word("ticket", "priority", priority) or priority,
            channel=read_or_odd(row.get("via"), self._channel),
            satisfaction=read_or_odd(row.get("satisfaction_rating"), read_satisfaction),
            orderId=read_or_odd(row.get("custom_fields"), self._order_id),
            messages=[
                read_or_odd(comment, partial(read_message, row.get("requester_id")))
                for comment in comments.get(to_text(row["id"]), ())
                if not is_internal(comment)
            ],
            **self.own["ticket"].read(partial(custom_field, row.get("custom_fields"))),
        )

    @property
    def _knows_requesters(self) -> bool:
        """Whether a requester's id is what others know of the user: not where the CRM's ids are Zendesk's external ids."""
        kinds = {kind for kinds in self.settings.keys.values() for kind in kinds}
        return self.settings.customer_id == "id" or KeyKind.CUSTOMER_ID not in kinds

    def _channel(self, via: Any) -> Any:
        """Name the channel. That of an integration goes by the name of its service or of its account there."""
        if not via:
            return None
        channel, source = via.get("channel"), (via.get("source") or {}).get("from") or {}
        names = (source.get("integration_service_instance_name"), source.get("registered_integration_service_name"))
        return self.word("ticket", "channel", *names, channel) or CHANNELS(channel)

    def _order_id(self, fields: Any) -> Any:
        own = self.settings.order_id_field
        return None if own is None else to_text(custom_field(fields, str(own)))


def _address(user: Any) -> str | None:
    """The primary address of a user who is not deleted."""
    address: str = user["email"]
    return address.lower() if _is_active(user) else None


def _is_active(user: Any) -> bool:
    return user.get("active") is not False


def _ids(users: Iterable[Any]) -> list[str]:
    return readable(users, lambda user: str(int(user["id"])))
