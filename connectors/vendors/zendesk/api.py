"""Talk to Zendesk's Ticketing API: who asks, what for, and what a refusal means."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import SourceError, SourceThrottledError
from connectors.toolkit.http_client import RefusedResponse
from connectors.toolkit.vendor_connector import CHECK_TIMEOUT_S, Grant, Trial, Vendor
from connectors.toolkit.vendor_rows import readable
from connectors.vendors.zendesk.answers import FieldsPage
from connectors.vendors.zendesk.settings import ZendeskSettings
from connectors.vendors.zendesk.surveys import RATINGS

USERS, PAGE = "/api/v2/users", 100
_OF_RATINGS = "the right of an administrator to read satisfaction ratings (OAuth: the scope satisfaction_ratings:read)"


class SupportApi(Vendor[ZendeskSettings]):
    """Zendesk's API, without its lookups."""

    quota_field = b"ratelimit-remaining"

    def headers(self) -> Mapping[str, str]:
        token, email = self.settings.token, self.settings.email
        if token is None:
            return {}
        basic = b64encode(f"{email}/token:{token.get_secret_value()}".encode()).decode()
        return {"Authorization": f"Basic {basic}"} if email else self.bearing(token.get_secret_value())

    def grant(self) -> Grant | None:
        client_id, client_secret = self.settings.client_id, self.settings.client_secret
        if client_id is None or client_secret is None:
            return None
        app = {"client_id": client_id, "client_secret": client_secret}
        scope = "users:read tickets:read" + (" satisfaction_ratings:read" if self._has_surveys else "")
        return Grant("/oauth/tokens", {"grant_type": "client_credentials", "scope": scope, **app})

    def page_links(self) -> Mapping[str, str]:
        agent = f"{self.settings.base_url}/agent"
        tickets = {"ticket": f"{agent}/tickets/{{sourceId}}", "survey": f"{agent}/tickets/{{ticketId}}"}
        return {"customer": f"{agent}/users/{{sourceId}}", **tickets} if self.settings.customer_id == "id" else tickets

    def trials(self) -> Sequence[Trial]:
        smallest = {"page[size]": 1}
        return [
            Trial(USERS, "the right to read users (OAuth: the scope users:read)", smallest),
            Trial("/api/v2/tickets", "the right to read tickets (OAuth: the scope tickets:read)", smallest),
            *([Trial(RATINGS, _OF_RATINGS, smallest)] if self._has_surveys else []),
        ]

    async def property_list(self, record: str) -> list[str]:
        """List the keys of users' own fields, or the ids of tickets' fields."""
        kind, name = ("user_fields", "key") if record == "customer" else ("ticket_fields", "id")
        until = self.ends(CHECK_TIMEOUT_S)

        async def turn(cursor: str | None) -> tuple[list[Any], str | None]:
            page = await self.get(FieldsPage, f"/api/v2/{kind}", {"page[size]": PAGE, "page[after]": cursor}, until)
            return page.user_fields + page.ticket_fields, page.meta.after_cursor if page.meta.has_more else None

        return readable(await self.paged(turn), lambda field: str(field[name]))

    @property
    def _has_surveys(self) -> bool:
        return "survey" in self.settings.keys

    def refusal(self, answer: RefusedResponse) -> SourceError | None:
        if answer.status == 429 and "Retry-After" not in answer.headers:
            return SourceThrottledError(retry_after_s=float(answer.headers["ratelimit-reset"]))
        return super().refusal(answer)
