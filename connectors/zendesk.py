"""The `zendesk` kind: the tickets of Zendesk's users, and the users as customers."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal

import msgspec

from connectors.contract import Answer, Ask, Change, KeyKind, Keys, Page, Position, Push, WebhookRequest, lookup
from connectors.errors import NoWebhookError, SourceError, SourceThrottledError
from connectors.records import Channel, Customer, Ticket, TicketKind, TicketStatus
from connectors.semantics import as_time
from connectors.transport import Refused, ask_each, gathered
from connectors.values import contact_points, converter, given, to_text, to_time, translated
from connectors.vendor import Secret, Trial, Vendor, VendorSettings, as_records, is_number, readable, window
from connectors.webhooks import expect_zendesk, read

_USERS, _PAGE = "/api/v2/users", 100
_AT_ONCE = 20
"""Keys in one batch of what needs a call for each key."""
_WINDOW = (Push.FIRST, Push.AFTER, Push.SINCE, Push.ORDER, Push.COUNT)
_STATUSES = translated({"hold": "ON_HOLD"}, converter(TicketStatus))
_KINDS = translated({"problem": "INCIDENT"}, converter(TicketKind))
_CHANNELS = translated(
    {
        "voice": "PHONE",
        **dict.fromkeys(("native_messaging", "messaging", "chat_transcript", "whatsapp", "sms"), "CHAT"),
        **dict.fromkeys(("web_form", "help_center", "web_widget", "mobile", "mobile_sdk"), "WEB"),
        **dict.fromkeys(("twitter", "facebook", "instagram_dm", "any_channel"), "SOCIAL"),
    },
    converter(Channel),
)
_SCORES = {"good": 5, "good_with_comment": 5, "bad": 1, "bad_with_comment": 1}


class ZendeskSettings(VendorSettings):
    """With `email` the token is an API token of that agent, without it the token is one of OAuth."""

    token: Secret
    email: str | None = None
    customer_id: Literal["id", "external_id"] = "id"
    complaint_tag: str = "complaint"
    order_id_field: int | None = None
    webhook_secret: Secret | None = None


class Meta(msgspec.Struct, frozen=True):
    has_more: bool = False
    after_cursor: str | None = None


class Users(msgspec.Struct):
    users: list[Any]


class Tickets(msgspec.Struct):
    tickets: list[Any]
    meta: Meta = Meta()


class Comments(msgspec.Struct):
    comments: list[Any]
    meta: Meta = Meta()


class Told(msgspec.Struct):
    """A user, or a ticket with its requester."""

    id: str
    external_id: str | None = None
    requester_id: str | None = None


class Occurred(msgspec.Struct):
    type: str
    detail: Told


class Zendesk(Vendor[ZendeskSettings]):
    """Zendesk's Ticketing API. Its users are found by id, external id or e-mail address, and tickets by their requester."""

    kind = "zendesk"
    any_case = True
    settings_type = ZendeskSettings

    def headers(self) -> Mapping[str, str]:
        token, email = self.settings.token.get_secret_value(), self.settings.email
        basic = b64encode(f"{email}/token:{token}".encode()).decode()
        return {"Authorization": f"Basic {basic}" if email else f"Bearer {token}"}

    def trials(self) -> Sequence[Trial]:
        one = {"page[size]": 1}
        return [
            Trial(_USERS, "the right to read users (OAuth: the scope users:read)", one),
            Trial("/api/v2/tickets", "the right to read tickets (OAuth: the scope tickets:read)", one),
        ]

    def refusal(self, answer: Refused) -> SourceError | None:
        if answer.status == 429 and "Retry-After" not in answer.headers:
            return SourceThrottledError(retry_after_s=float(answer.headers["ratelimit-reset"]))
        return super().refusal(answer)

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:
        if self.settings.webhook_secret is None:
            raise NoWebhookError
        expect_zendesk(request, self.settings.webhook_secret, now)
        occurred = read(request, Occurred)
        told, is_user = occurred.detail, occurred.type.startswith("zen:event-type:user.")
        record, id_ = (None, told.id) if is_user else (Ticket, told.requester_id)
        if self.settings.customer_id == "id":
            return [self.own_change(record, id_)] if id_ else []
        if is_user and told.external_id:
            return [Change(record, KeyKind.CUSTOMER_ID, told.external_id)]
        return [Change(record, KeyKind.EXTERNAL_ID, f"{self.name}:{id_}")] if id_ else []

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=_PAGE)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        users = await self._show_many(self.settings.customer_id, keys, self.until(ask))
        return {key: as_records([user], self._customer) for key, user in users.items()}

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=_PAGE)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        ids = self.own_ids(keys)
        users = await self._show_many("id", list(ids.values()), self.until(ask))
        return {key: as_records([users[id_]], self._customer) for key, id_ in ids.items() if id_ in users}

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_AT_ONCE)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        async def customers(email: str) -> bytes:
            return as_records(await self._by_email(email, until), self._customer)

        return await ask_each(keys, customers)

    @lookup(Ticket, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def tickets_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        if self.settings.customer_id == "id":
            ids = {key: [key] for key in keys if is_number(key)}
        else:
            users = await self._show_many("external_id", keys, until)
            ids = {key: _ids([user]) for key, user in users.items()}
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

    async def _show_many(self, name: str, values: Sequence[str], until: float | None) -> dict[str, Any]:
        """Users by their ids, of either kind, without deleted ones."""
        sent = [value for value in values if (is_number(value) if name == "id" else "," not in value)]
        if not sent:
            return {}
        found = await self.get(Users, f"{_USERS}/show_many", {f"{name}s": ",".join(sent)}, until)
        users = readable(found.users, lambda user: (str(user[name]), user) if user.get("active", True) else None)
        return {id_: user for id_, user in users if id_ in sent}

    async def _by_email(self, email: str, until: float | None) -> list[Any]:
        """The user who has the address. A search finds similar ones as well, and they are other people."""
        found = await self.get(Users, f"{_USERS}/search", {"query": f'email:"{email}"'}, until)
        return [user for user in found.users if readable([user], lambda one: one["email"].lower()) == [email]]

    async def _tickets(self, ids: Sequence[str], ask: Ask, until: float | None) -> Page:
        """What users have requested. Zendesk can give all of it only; comments are read of the tickets that are wanted."""
        rows: list[Any] = []
        for id_ in ids:
            rows += await self._pages(Tickets, f"{_USERS}/{id_}/tickets/requested", until)
        wanted, total = window(rows, ask, lambda row: Position(as_time(row["created_at"]), str(row["id"])))
        comments: dict[Any, list[Any]] = {}
        if "messages" in ask.fields:
            tickets = readable(wanted, lambda row: int(row["id"]))
            found = await gathered(self._pages(Comments, f"/api/v2/tickets/{id_}/comments", until) for id_ in tickets)
            comments = dict(zip(tickets, found, strict=True))
        return Page(as_records(wanted, partial(self._ticket, comments)), total if ask.count else None)

    async def _pages(self, kind: type[Tickets] | type[Comments], path: str, until: float | None) -> list[Any]:
        async def turn(cursor: str | None) -> tuple[list[Any], str | None]:
            found = await self.find(kind, path, {"page[size]": _PAGE, "page[after]": cursor}, until)
            if found is None:
                return [], None
            rows = found.tickets if isinstance(found, Tickets) else found.comments
            return rows, found.meta.after_cursor if found.meta.has_more else None

        return await self.paged(turn)

    def _customer(self, user: Any) -> dict[str, Any]:
        return given(
            id=to_text(user[self.settings.customer_id]),
            kind="PERSON",
            name=user.get("name"),
            email=user.get("email"),
            phone=user.get("phone"),
            locale=user.get("locale"),
            createdAt=to_time(user.get("created_at")),
            contactPoints=contact_points([user.get("email")], [user.get("phone")]),
            externalIds=[{"source": self.name, "id": to_text(user["id"])}],
        )

    def _ticket(self, comments: Mapping[Any, list[Any]], row: Any) -> dict[str, Any]:
        is_complaint = self.settings.complaint_tag in (row.get("tags") or ())
        fields = {one["id"]: one["value"] for one in row.get("custom_fields") or ()}
        return given(
            id=to_text(row["id"]),
            createdAt=to_time(row["created_at"]),
            subject=row.get("subject"),
            kind="COMPLAINT" if is_complaint else _KINDS(row.get("type")),
            status=_STATUSES(row.get("status")),
            priority=row.get("priority"),
            channel=_CHANNELS((row.get("via") or {}).get("channel")),
            satisfaction=_SCORES.get((row.get("satisfaction_rating") or {}).get("score", "")),
            orderId=to_text(fields.get(self.settings.order_id_field)),
            messages=[
                given(
                    author="CUSTOMER" if one["author_id"] == row["requester_id"] else "AGENT",
                    body=one.get("plain_body") or one.get("body"),
                    at=to_time(one.get("created_at")),
                )
                for one in comments.get(row["id"], ())
                if one.get("public")
            ],
        )


def _ids(users: Iterable[Any]) -> list[str]:
    return readable(users, lambda user: str(int(user["id"])))
