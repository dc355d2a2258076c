"""HubSpot's CRM API, version 3, as it is documented: batches with errors of single inputs, search in pages."""

import json
from typing import Any, ClassVar

from aiohttp import web

from tests.vendors.api import GrantingApi, Refusal, refused

TOKEN = "pat-eu1-0a1b2c3d"
MANY = 450
"""Contacts named Crowd."""


def contact(id_: int, **properties: Any) -> dict[str, Any]:
    return {
        "id": str(id_),
        "properties": {"hs_object_id": str(id_), "createdate": "2024-03-01T09:00:00Z"} | properties,
        "createdAt": "2024-03-01T09:00:00.120Z",
        "updatedAt": "2026-05-01T09:00:00Z",
        "archived": False,
    }


def contacts() -> list[dict[str, Any]]:
    return [
        contact(
            101,
            firstname="Ann",
            lastname="Archer",
            email="Ann@Example.com",
            hs_additional_emails="ann.work@example.org;aa@example.net",
            phone="020 7946 0000",
            hs_calculated_phone_number="+442079460000",
            mobilephone="07700 900123",
            date_of_birth="1985-03-12",
            hs_language="en-gb",
            address="1 High Street",
            zip="N1 1AA",
            city="London",
            state="Greater London",
            hs_country_region_code="GB",
            associatedcompanyid="9001",
            hs_buying_role="CHAMPION;BUDGET_HOLDER",
            jobtitle="Head of Works",
            job_function="engineering",
            industry="Steel",
            gender="Female",
            degree="MSc",
            twitterhandle="annarcher",
            followercount="1200",
            hs_email_optout="true",
            hs_analytics_source="PAID_SEARCH",
            hs_analytics_first_url="https://shop.example.com/sale",
            hs_analytics_first_timestamp="2024-02-28T18:00:00Z",
            member_no="M-1",
            stripe_id="cus_Ann",
        ),
        contact(102, firstname="Bob", lastname="", email="bob@example.com", hs_country_region_code="Germany"),
        contact(103, firstname="Cleo", email="cleo@example.com", associatedcompanyid="9002", member_no="M-3"),
        contact(104, firstname=["not", "a", "text"], email="odd@example.com"),
        contact(105, firstname="Oddny", email="105@example.com"),
        *(contact(1000 + n, firstname="Crowd", lastname=str(n), email=f"crowd{n}@example.com") for n in range(MANY)),
    ]


def ticket(id_: int, contacts: list[int], created: str, **properties: Any) -> dict[str, Any]:
    """A ticket with the contacts that it is associated with, and ANN's company; these are no part of it."""
    own = contact(id_, **properties)
    own["properties"]["createdate"] = created
    return own | {"createdAt": created, "contacts": contacts, "companies": [9001] if 101 in contacts else []}


def tickets() -> list[dict[str, Any]]:
    return [
        ticket(
            5001,
            [101],
            "2026-05-01T10:00:00Z",
            subject="Parcel lost",
            content="It did not come.",
            hs_pipeline="0",
            hs_pipeline_stage="977",
            hs_ticket_priority="MEDIUM",
            hs_ticket_category="PRODUCT_ISSUE",
            source_type="FORM",
        ),
        ticket(
            5002,
            [103, 101],
            "2026-05-02T10:00:00Z",
            subject="Which colour?",
            hs_pipeline_stage="978",
            hs_ticket_category="GENERAL_INQUIRY",
            source_type="EMAIL",
            closed_date="2026-05-03T10:00:00Z",
        ),
        ticket(5003, [], "2026-05-04T10:00:00Z", subject="From nobody", hs_pipeline_stage="977"),
    ]


def deals() -> list[dict[str, Any]]:
    """Deals of Ann's and Cleo's, one of both. An open one has the day that is hoped for."""
    lathe = ticket(
        7001,
        [101],
        "2026-05-01T10:00:00Z",
        dealname="Forty lathes",
        pipeline="default",
        dealstage="closedwon",
        dealtype="newbusiness",
        amount="12000.50",
        deal_currency_code="EUR",
        closedate="2026-05-20T00:00:00Z",
        hs_is_closed="true",
        hs_is_closed_won="true",
    )
    spare = ticket(
        7002,
        [103, 101],
        "2026-05-02T10:00:00Z",
        dealname="Spare parts",
        pipeline="4411",
        dealstage="8812",
        amount="90",
        closedate="2026-09-01T00:00:00Z",
        hs_is_closed="false",
        hs_is_closed_won="false",
    )
    lost = ticket(7003, [103], "2026-05-03T10:00:00Z", dealstage="closedlost", hs_is_closed="true", hs_is_closed_won="false")
    return [lathe, spare, lost]


def subscriptions() -> list[dict[str, Any]]:
    """Subscriptions of Ann's and of her company: one that renews, one that was cancelled."""
    plan = ticket(
        6001,
        [101],
        "2026-05-01T10:00:00Z",
        hs_name="Lathe care",
        hs_status="active",
        hs_currency_code="EUR",
        hs_next_payment_amount="90.50",
        hs_last_payment_amount="45.25",
        hs_recurring_billing_frequency="per_six_months",
        hs_recurring_billing_start_date="2026-04-01",
        hs_next_payment_due_date="2026-10-01",
    )
    left = ticket(
        6002,
        [101],
        "2026-05-02T10:00:00Z",
        hs_status="canceled",
        hs_last_payment_amount="12.00",
        hs_recurring_billing_frequency="monthly",
        hs_next_payment_due_date="2026-06-02",
    )
    return [plan, left]


def surveys() -> list[dict[str, Any]]:
    """Submissions of Ann's, one of them of a survey of the account's own."""
    answered = {"hs_content": "Quick.", "hs_survey_channel": "EMAIL", "hs_submission_timestamp": "2026-05-01T09:59:00Z"}
    own = {"hs_survey_type": "CUSTOM", "hs_value": None, "hs_survey_channel": "CHAT"}
    return [
        ticket(8001, [101], "2026-05-01T10:00:00Z", hs_survey_type="NPS", hs_value="8", **answered),
        ticket(8002, [101], "2026-05-02T10:00:00Z", **own),
    ]


COMPANIES = [
    {
        "id": "9001",
        "properties": {
            "name": "Archer & Co",
            "industry": "RETAIL",
            "numberofemployees": "250",
            "website": "https://archer.example",
        },
        "createdAt": "2023-03-01T09:00:00Z",
        "archived": False,
    },
    {"id": "9002", "properties": {"name": "Cleo GmbH", "industry": None, "hs_parent_company_id": "9001"}, "archived": False},
]
SEARCHED = ("firstname", "lastname", "email", "phone", "hs_additional_emails", "mobilephone")


class HubSpotApi(GrantingApi):
    authorization = f"Bearer {TOKEN}"
    unauthorized = Refusal(
        401,
        {
            "status": "error",
            "message": f"Authentication credentials not found or expired: {TOKEN}",
            "correlationId": "a43683b0-5717-4ceb-80b4-104d02915d8c",
            "category": "INVALID_AUTHENTICATION",
        },
    )

    token_path = "/oauth/v1/token"
    client: ClassVar = {"client_id": "9b1c", "client_secret": "the-secret-of-the-app", "refresh_token": "eu1-1a2b"}
    grant: ClassVar = {"grant_type": "refresh_token"}
    token_name = "of-half-an-hour-"

    def __init__(self) -> None:
        super().__init__()
        self.contacts = contacts()
        self.tickets = tickets()
        self.deals = deals()
        self.subscriptions = subscriptions()
        self.surveys = surveys()
        self.page_of_associations = 500
        self.part_errors: list[dict[str, Any]] = []
        """Errors of single inputs; what they name is left out."""
        self.most_inputs = 100
        self.redirects = False
        """Whether the id of a contact that was merged away gives the one that it was merged into."""

    def grants(self, token: str) -> dict[str, Any]:
        return super().grants(token) | {"refresh_token": self.oauth["refresh_token"]}

    def unknown_client(self, secret: str | None) -> Refusal:
        return Refusal(400, {"status": "BAD_CLIENT_ID", "message": f"missing or unknown: {secret}"})

    # The pages of developers.hubspot.com/docs/api-reference: crm-contacts-v3 (batch, list), search-the-crm,
    # crm-tickets-v3, and associations v4, whose batches have at most 1,000 inputs and pages for each of them.
    # A search finds at most 10,000, so pages go on behind the last id.
    def respond(self, request: web.Request, body: Any) -> web.Response:
        match request.method, request.path.removeprefix("/crm/v3/objects/").split("/"):
            case "POST", [objects, "batch", "read"]:
                return self._batch(self._objects(objects), body)
            case "POST", [objects, "search"]:
                return self._search(self._objects(objects), body)
            case "GET", ["", "crm", "v3", "properties", objects]:
                names = {name for row in self._objects(objects) for name in row["properties"]}
                return web.json_response({"results": [{"name": name, "type": "string"} for name in sorted(names)]})
            case "GET", [objects]:
                return self._listed(self._objects(objects), request.query)
            case "POST", ["", "crm", "v4", "associations", of, to, "batch", "read"]:
                return self._associated(of, to, body["inputs"])
        return refused(Refusal(404, {"status": "error", "message": "no such resource"}))

    def _objects(self, objects: str) -> list[dict[str, Any]]:
        more = {"tickets": self.tickets, "deals": self.deals, "subscriptions": self.subscriptions}
        more |= {"feedback_submissions": self.surveys}
        return ({"contacts": self.contacts, "companies": COMPANIES} | more)[objects]

    def _listed(self, rows: list[dict[str, Any]], query: Any) -> web.Response:
        """A page by ids. `after` is the id of the last object of the page before it, there or not."""
        after, limit, names = query.get("after", "0"), int(query["limit"]), query.get("properties", "")
        if not after.isdecimal() or not 1 <= limit <= 100:
            return refused(Refusal(400, {"status": "error", "category": "VALIDATION_ERROR"}))
        rest = sorted((row for row in rows if int(row["id"]) > int(after)), key=lambda row: int(row["id"]))
        shown = [self._shown(row, names.split(",")) for row in rest[:limit]]
        more = {"paging": {"next": {"after": shown[-1]["id"], "link": "?after=next"}}} if len(rest) > limit else {}
        return web.json_response({"results": shown} | more)

    def _associated(self, of: str, to: str, inputs: list[dict[str, str]]) -> web.Response:
        """The tickets or deals of contacts or companies, or their contacts. An input without any is an error of its own."""
        if not 1 <= len(inputs) <= 1_000:
            return refused(Refusal(400, {"status": "error", "category": "VALIDATION_ERROR"}))
        results, errors = [], []
        for own in inputs:
            ids = [id_ for id_, other in self._pairs(of, to) if other == own["id"]]
            start, size = int(own.get("after", "0")), self.page_of_associations
            kinds = [{"category": "HUBSPOT_DEFINED", "typeId": 16, "label": None}]
            page = [{"toObjectId": int(id_), "associationTypes": kinds} for id_ in ids[start : start + size]]
            more = {"paging": {"next": {"after": str(start + size)}}} if start + size < len(ids) else {}
            results += [{"from": {"id": own["id"]}, "to": page} | more] if ids else []
            context = {"fromObjectId": [own["id"]], "fromObjectType": [of]}
            errors += [] if ids else [{"status": "error", "category": "OBJECT_NOT_FOUND", "context": context}]
        failed = {"numErrors": len(errors), "errors": errors} if errors else {}
        return web.json_response({"status": "COMPLETE", "results": results} | failed, status=207 if errors else 200)

    def _pairs(self, of: str, to: str) -> list[tuple[str, str]]:
        """The ids of associated objects, those of the kind that is asked for second."""
        if to == "contacts":
            return [(contact, own) for own, contact in self._pairs("contacts", of)]
        return [(row["id"], str(id_)) for row in self._objects(to) for id_ in row[of]]

    def _batch(self, rows: list[dict[str, Any]], body: Any) -> web.Response:
        name, ids = body.get("idProperty", "hs_object_id"), [one["id"] for one in body["inputs"]]
        numeric = all(id_.isdecimal() for id_ in ids) or name != "hs_object_id"
        if len(ids) > self.most_inputs:
            return refused(Refusal(413, {"status": "error", "message": "Request Entity Too Large"}))
        if not 1 <= len(ids) <= 100 or not numeric:
            return refused(Refusal(400, {"status": "error", "category": "VALIDATION_ERROR", "message": "Invalid input JSON"}))
        failing = [(error, _named(error, ids)) for error in self.part_errors if _named(error, ids)]
        failed = {id_ for _, own in failing for id_ in own}
        wanted = {id_.lower() for id_ in ids if id_ not in failed}
        found = [self._shown(row, body["properties"]) for row in rows if self._own(row, name) & wanted]
        answer = {
            "status": "COMPLETE",
            "results": found,
            "startedAt": "2026-06-01T00:00:00Z",
            "completedAt": "2026-06-01T00:00:00Z",
        }
        known = {value for row in rows for value in self._own(row, name)}
        missing = [id_ for id_ in ids if id_.lower() not in known and id_ not in failed]
        errors = [{"status": "error", "message": "m"} | error for error, _ in failing]
        if missing:
            message = "Could not get some CONTACT objects, they may be deleted or not exist."
            errors.append({"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": missing}})
        if not errors:
            return web.json_response(answer)
        return web.json_response(answer | {"numErrors": 1, "errors": errors}, status=207)

    def _search(self, rows: list[dict[str, Any]], body: Any) -> web.Response:
        """Groups of filters are joined by or; a text is looked for in those properties that are searched by default."""
        text, start, limit = body.get("query", "").lower(), int(body.get("after", 0)), body["limit"]
        groups = [group["filters"] for group in body.get("filterGroups", ())]
        is_odd = any(_is_odd(one) for group in groups for one in group)
        if not 1 <= limit <= 200 or len(json.dumps(body)) > 3_000 or is_odd:
            return refused(Refusal(400, {"status": "error", "category": "VALIDATION_ERROR"}))
        found = [row for row in rows if any(text in str(row["properties"].get(name)).lower() for name in SEARCHED)]
        found = [row for row in found if not groups or any(all(_meets(row, one) for one in group) for group in groups)]
        for sort in body.get("sorts", ()):
            assert sort == {"propertyName": "hs_object_id", "direction": "ASCENDING"}
            found.sort(key=lambda row: int(row["id"]))
        shown = [self._shown(row, body["properties"]) for row in found[start : start + limit]]
        answer: dict[str, Any] = {"total": len(found), "results": shown}
        if start + limit < len(found):
            answer["paging"] = {"next": {"after": str(start + limit), "link": "?after=next"}}
        return web.json_response(answer)

    def _shown(self, row: dict[str, Any], names: list[str]) -> dict[str, Any]:
        always = ("hs_object_id", "createdate", "lastmodifieddate")
        own = {name: value for name, value in row.items() if name not in {"contacts", "companies"}}
        return own | {"properties": {name: row["properties"].get(name) for name in (*names, *always)}}

    def _own(self, row: dict[str, Any], name: str) -> set[str]:
        """The values by which a row is found; secondary addresses find it, too."""
        properties = row["properties"] | {"hs_object_id": row["id"]}
        more = {"email": "hs_additional_emails"} | ({"hs_object_id": "hs_merged_object_ids"} if self.redirects else {})
        others = (properties.get(more.get(name, "")) or "").split(";")
        return {text.lower() for text in (properties.get(name), *others) if text}


def _named(error: dict[str, Any], ids: list[str]) -> list[str]:
    """The inputs that an error is about, all where it names none."""
    context = error.get("context")
    return [id_ for id_ in ids if id_ in context["ids"]] if isinstance(context, dict) else ids


def _is_odd(own: dict[str, Any]) -> bool:
    """Whether a filter has not what its operator needs."""
    operator = own["operator"]
    if operator in {"IN", "NOT_IN"}:
        return not own["values"] or "value" in own
    return operator not in {"EQ", "GT", "HAS_PROPERTY", "NOT_HAS_PROPERTY"} or (operator in {"EQ", "GT"}) != ("value" in own)


def _meets(row: dict[str, Any], own: dict[str, Any]) -> bool:
    written = str((row["properties"] | {"hs_object_id": row["id"]}).get(own["propertyName"]) or "")
    match own["operator"]:
        case "HAS_PROPERTY":
            return bool(written)
        case "NOT_HAS_PROPERTY":
            return not written
        case "GT":
            return bool(written) and int(written) > int(own["value"])
        case "EQ":
            return written == own["value"]
        case "NOT_IN":
            return set(written.split(";")).isdisjoint(own["values"])
    return not set(written.split(";")).isdisjoint(own["values"])
