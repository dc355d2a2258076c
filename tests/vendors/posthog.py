"""PostHog's query endpoint on loopback: HogQL as far as it is SQL, run by SQLite, with PostHog's limits and errors."""

import json
import re
import sqlite3
import weakref
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from aiohttp import web

from tests.vendors.api import Refusal, VendorApi, refused

PROJECT = 4711
TOKEN = "phx_0a1b2c"
ZONE = timezone(timedelta(hours=2))
"""Times are shown in the zone of the project."""
MOST, USUAL = 50_000, 100
_PROPERTY = re.compile(r"(?:(\w+)\.)?\bproperties\.(?:([\w$]+)|`([^`]+)`)")
_VALUE = re.compile(r"\{(\w+)\}")
_LIMIT = re.compile(r"LIMIT (\d+)$")


def uuid(number: int) -> str:
    return str(UUID(int=number))


class PostHogApi(VendorApi):
    """`questions` are the HogQL that was asked."""

    authorization = f"Bearer {TOKEN}"
    unauthorized = Refusal(
        401, {"type": "authentication_error", "code": "authentication_failed", "detail": f"{TOKEN} is no key", "attr": None}
    )

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[str] = []
        self.database = sqlite3.connect(":memory:", check_same_thread=False)  # it may be closed in another one
        weakref.finalize(self, self.database.close)
        self.database.create_function("toString", 1, str)
        self.database.create_function("toDateTime", 1, _moment)
        self.database.executescript(
            "CREATE TABLE persons (id, created_at, properties);"
            "CREATE TABLE person_distinct_ids (distinct_id, person_id);"
            "CREATE TABLE events (uuid, event, timestamp, distinct_id, person_id, properties);"
        )

    def person(self, number: int, distinct_ids: Sequence[str], **properties: Any) -> str:
        row = (uuid(number), "2024-03-01T09:00:00.000000+00:00", json.dumps(properties))
        self.database.execute("INSERT INTO persons VALUES (?, ?, ?)", row)
        self.database.executemany("INSERT INTO person_distinct_ids VALUES (?, ?)", [(one, row[0]) for one in distinct_ids])
        return row[0]

    def event(
        self,
        number: int,
        distinct_id: str,
        time: datetime,
        event: str,
        properties: Mapping[str, Any] | str,
        person: str | None = None,
    ) -> None:
        """An event keeps the id that it came with, and the `person` whom that had then; one without has an id of its own."""
        found = self.database.execute(
            "SELECT person_id FROM person_distinct_ids WHERE distinct_id = ?", (distinct_id,)
        ).fetchone()
        owner = person or (found[0] if found else str(uuid5(NAMESPACE_OID, distinct_id)))
        text = properties if isinstance(properties, str) else json.dumps(properties)
        row = (uuid(number), event, time.astimezone(UTC).isoformat(timespec="microseconds"), distinct_id, owner, text)
        self.database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)

    def respond(self, request: web.Request, body: Any) -> web.Response:
        if (request.method, request.path) != ("POST", f"/api/projects/{PROJECT}/query/"):
            return refused(Refusal(403, {"type": "authentication_error", "code": "permission_denied", "detail": "no access"}))
        if body["query"]["kind"] != "HogQLQuery" or body["refresh"] != "force_blocking":
            return _invalid("kind or refresh")
        text, values = body["query"]["query"], body["query"]["values"]
        self.questions.append(text)
        limit = _LIMIT.search(text)
        if limit is not None and int(limit[1]) > MOST:
            return _invalid("limit")
        sql = _PROPERTY.sub(_extracted, _VALUE.sub(r":\1", text)) + ("" if limit else f" LIMIT {USUAL}")
        try:
            rows = self.database.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            return _invalid(str(error))
        results = [[_shown(value) for value in row] for row in rows]
        return web.json_response({"results": results, "columns": [], "types": [], "hogql": text, "is_cached": False})


def _extracted(found: re.Match[str]) -> str:
    table = f"{found[1]}." if found[1] else ""
    return f"""json_extract({table}properties, '$."{found[2] or found[3]}"')"""


def _shown(value: Any) -> Any:
    """A time in the zone of the project, anything else as it is."""
    is_time = isinstance(value, str) and value.endswith("+00:00")
    return datetime.fromisoformat(value).astimezone(ZONE).isoformat() if is_time else value


def _moment(text: str) -> str | None:
    """Nothing for a time that ClickHouse has not."""
    time = datetime.fromisoformat(text).astimezone(UTC)
    return time.isoformat(timespec="microseconds") if 1900 <= time.year < 2300 else None


def _invalid(detail: str) -> web.Response:
    return refused(Refusal(400, {"type": "validation_error", "code": "invalid_input", "detail": detail, "attr": None}))


MAY_1 = datetime(2026, 5, 1, 10, tzinfo=UTC)


def project() -> PostHogApi:
    """Ann with two devices, Bob, a visitor who is nobody's, and a crowd of 300 events."""
    api = PostHogApi()
    api.person(
        1,
        ["c1", "d1", "d2"],
        user_id="c1",
        email="Ann@Example.com",
        first_name="Ann",
        last_name="Archer",
        phone="+447700900123",
        card=77,
        birthday="1985-03-12",
        **{"$initial_utm_source": "google", "$initial_utm_campaign": "spring", "$initial_pathname": "/sale"},
    )
    api.person(2, ["c2"], user_id="c2", email="bob@example.com", name="Bob")
    api.person(3, ["visitor"], email="visitor@example.com")
    api.person(4, ["c4", "d4"], user_id="c4", email="crowd@example.com")
    view = {"$pathname": "/mugs", "$device_id": "d1", "$session_id": "s1", "price": 9.5}
    api.event(11, "d1", MAY_1, "$pageview", view)
    api.event(12, "c1", MAY_1 + timedelta(hours=1), "added to cart", {"sku": "M-1", "$feature_flag": "new-cart"})
    api.event(13, "d2", MAY_1 + timedelta(hours=1), "$pageview", {"$pathname": "/cart"})
    api.event(9, "c1", MAY_1 + timedelta(hours=2, microseconds=5), "purchase", {})
    api.event(21, "c2", MAY_1, "$pageview", "not JSON")
    api.event(22, "c2", MAY_1 + timedelta(days=1), "$pageview", {"$pathname": "/"})
    for number in range(300):
        api.event(1000 + number, "c4" if number % 2 else "d4", MAY_1 + timedelta(minutes=number // 3), "$pageview", {})
    return api
