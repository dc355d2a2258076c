"""Sessions, page views and users over published web events, against the vendor's own results."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support.gateway_server import gateway_on
from tests.support.published_data import published_rows
from tests.support.tag_shop import ShopClock

PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"
THREE_DAYS = timedelta(days=3)
"""The vendor leaves out events that were sent later, and what of a session comes later than its beginning."""

FILE = """
defaults: {owner: web-team, category: BEHAVIOUR, ttl: 6h, version: 1}
facts:
  visits: {label: Sessions, record: event, measure: distinct, field: session_id, where: {type: [page_view, page_ping]}}
  views: {label: Page views, record: event, measure: distinct, field: feature, where: {type: page_view}}
tags:
  seen: {label: Seen, description: Was here., words: YES with a visit., expression: "visits + views > 0 ? 'YES' : 'NO'"}
"""


def time_of(row: Mapping[str, str], name: str) -> datetime:
    return datetime.fromisoformat(row[name]).replace(tzinfo=UTC)


def page_view_of(row: Mapping[str, str]) -> str | None:
    """The id of the page view that an event is of. It stands in lists of one."""
    page: Any = json.loads(row[PAGE] or "[]")
    while isinstance(page, list):
        page = page[0] if page else {}
    found: str | None = page.get("id")
    return found


def prepared_events() -> dict[str, list[r.Event]]:
    """The events by user, as the vendor prepares them: each once, with a page view, not sent late, in a session of three days.

    A session is of the user of its first event.
    """
    rows = published_rows("snowplow_web", "source", "snowplow_web_events.csv.gz")
    rows.sort(key=lambda row: time_of(row, "collector_tstamp"))
    events: dict[str, dict[str, r.Event]] = defaultdict(dict)
    sessions: dict[str, tuple[str, datetime]] = {}
    seen = set()
    for row in rows:
        is_late = time_of(row, "dvce_sent_tstamp") - time_of(row, "dvce_created_tstamp") >= THREE_DAYS
        page_view, at = page_view_of(row), time_of(row, "collector_tstamp")
        if is_late or page_view is None or row["event_id"] in seen:
            continue
        seen.add(row["event_id"])
        session = row["domain_sessionid"]
        user, begin = sessions.setdefault(session, (row["domain_userid"], at))
        if at <= begin + THREE_DAYS:
            events[user][row["event_id"]] = r.Event(
                id=row["event_id"], at=at, type=row["event_name"], session_id=session, feature=page_view, device_id=user or "-"
            )
    return {user: [*own.values()] for user, own in events.items()}


@pytest.mark.published
async def test_web_events_give_the_published_sessions_page_views_and_users(tmp_path: Path) -> None:
    """18 sessions by the vendor's session id, 43 page views, 11 users, and those of each user."""
    events = {user or "-": own for user, own in prepared_events().items()}
    people = {user: [r.Customer(id=user, device_ids=[user])] for user in events}
    sources = [
        MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people}),
        MemoryConnector("web", {(r.Event, KeyKind.DEVICE_ID): events}),
    ]
    path = tmp_path / "tags.yaml"
    path.write_text(FILE, encoding="utf-8")
    query = 'query ($ids: [ID!]!) { customers(ids: $ids) { id facts(names: ["visits", "views"]) { value partial } } }'
    async with gateway_on(sources, with_clock=ShopClock(), tags={"file": str(path)}) as gateway:
        data = await gateway.data(query, {"ids": [*events]})
    found = {
        customer["id"].removeprefix("crm:"): [fact["value"] for fact in customer["facts"]] for customer in data["customers"]
    }
    visitors = {user: own for user, own in found.items() if own[0]}
    assert not any(fact["partial"] for customer in data["customers"] for fact in customer["facts"])
    assert sum(visits for visits, _ in visitors.values()) == 18
    assert sum(views for _, views in visitors.values()) == 43
    users = published_rows("snowplow_web", "expected", "snowplow_web_users_expected.csv")
    assert {user: visits for user, (visits, _) in visitors.items() if user != "-"} == {
        row["domain_userid"]: int(row["sessions"]) for row in users
    }
    assert len(users) == 11
    sessions = published_rows("snowplow_web", "expected", "snowplow_web_sessions_expected.csv")
    user_of = {row["domain_sessionid"]: row["domain_userid"] or "-" for row in sessions}
    views = published_rows("snowplow_web", "expected", "snowplow_web_page_views_expected.csv")
    expected = Counter(user_of[row["domain_sessionid"]] for row in views)
    assert {user: number for user, (_, number) in visitors.items()} == expected
