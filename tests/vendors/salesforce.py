"""A Salesforce org on loopback: OAuth, SOQL in pages, composite batches, limits and errors as its REST API documents them."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from aiohttp import web
from yarl import URL

from tests.vendors.api import Refusal, VendorApi, refused
from tests.vendors.soql import Query, Row, SoqlError, at, parsed

CLIENT = {"client_id": "the-key", "client_secret": "the-secret"}
REFRESH_TOKEN = "the-refresh-token"
KEYS = {
    "customer": ["customer_id", "external_id", "member_number", "email", "phone", "account"],
    "ticket": ["customer_id", "external_id", "email", "ticket_id", "ticket_number", "account"],
    "account": ["account", "parent_account"],
    "deal": ["customer_id", "external_id", "email", "deal_id"],
}
SETTINGS = CLIENT | {"keys": KEYS, "member_number": "Card__c", "external_ids": {"stripe": "Stripe_Id__c"}, "currency": "EUR"}
LOG_IN, QUERY, BATCH = (
    "POST /services/oauth2/token",
    "GET /services/data/v62.0/query",
    "POST /services/data/v62.0/composite/batch",
)
LONGEST_URI = 16_384
MAX_BATCH = 25


def id_of(prefix: str, number: int) -> str:
    """An id of 18 characters; the prefix of three tells the object."""
    return f"{prefix}Q1{number:010}AAA"


ANN, BOB, CROWD, QUOTE = (id_of("003", number) for number in range(1, 5))
ACME, SOLO = (id_of("001", number) for number in range(1, 3))
MANY = 450
"""Cases of the contact CROWD, two in each minute."""


def org() -> dict[str, list[Row]]:
    """Four contacts, two accounts, their opportunities and cases."""
    acme = {
        "Id": ACME,
        "Name": "Acme Ltd",
        "Phone": "(415) 555-0100",
        "AccountNumber": "AC-77",
        "CreatedDate": "2023-01-05T08:00:00.000+0000",
        "LastModifiedDate": "2026-04-02T08:00:00.000+0000",
        "IsDeleted": False,
        "MasterRecordId": None,
        **_address("Billing", "2 Market Street", "94105", "San Francisco", "CA", "us"),
        "Industry": "Retail",
        "AccountSource": "Partner Referral",
        "NumberOfEmployees": 250,
        "Website": "https://acme.example",
        "ParentId": None,
    }
    solo = {**acme, "Id": SOLO, "Name": "Solo GmbH", "Phone": None, "AccountNumber": "so-1"}
    solo |= {"ParentId": ACME, "NumberOfEmployees": 5}
    won = _opportunity(1, acme, IsClosed=True, IsWon=True, StageName="Closed Won", Amount=12500.5)
    open_ = _opportunity(2, solo, Name="Two seats more", CurrencyIsoCode="USD")
    lost = _opportunity(3, acme, IsClosed=True, StageName="Closed Lost")
    ann = _contact(ANN, "Ann", "Archer", "Ann@Example.com", Phone="(415) 555-0101", MobilePhone="+447700900123", Account=acme)
    ann |= {"Card__c": "M-1", "Stripe_Id__c": "cus_Ann", "Birthdate": "1985-03-12"}
    ann |= {"Title": "Head of Works", "HasOptedOutOfEmail": True, "DoNotCall": True}
    ann["AccountContactRoles"] = [_role(solo, "Influencer"), _role(acme, "Economic Buyer")]
    bob = _contact(BOB, "Bob", "", "bob@example.com", Phone="+441632960961", MailingCountry="Germany")
    crowd = _contact(CROWD, "Crowd", "Crowd", "crowd@example.com")
    quote = _contact(QUOTE, "Pat", "O'Brien", "o'brien@example.com")
    cases = [
        _case(1, ann, "Parcel lost", "2026-05-01T10:00:00.000+0000", Type="Problem", Priority="High", Origin="Email"),
        _case(2, ann, "Wrong size", "2026-05-03T10:00:00.000+0000", Status="Escalated", Priority="Medium"),
        _case(3, ann, "Which colour?", "2026-05-03T10:00:00.000+0000", IsClosed=True, Status="Solved at last"),
        _case(4, bob, ["not", "a", "text"], "2026-05-02T10:00:00.000+0000"),
        _case(5, bob, "Hello", "2026-05-04T10:00:00.000+0000"),
        _case(6, None, "From the web", "2026-05-05T10:00:00.000+0000", SuppliedEmail="bob@example.com", Origin="Web"),
    ]
    cases[0]["Account"], cases[0]["AccountId"] = acme, ACME
    cases[0]["CaseComments"] = [
        _comment("We look for it.", 10, "Standard"),
        _comment("She sounds angry.", 11, "Standard", published=False),
        _comment("Thank you!", 12, "CspLitePortal"),
    ]
    cases[0]["ClosedDate"] = "2026-05-02T12:00:00.000+0000"
    cases += [
        _case(1000 + n, crowd, f"Case {n}", f"2026-04-0{1 + n // 120}T{n // 60 % 24:02}:{n // 2 % 60:02}:00.000+0000")
        for n in range(MANY)
    ]
    won["ContactId"] = ANN
    roles = [_part(1, ann, won), _part(2, ann, open_), _part(3, ann, won), _part(4, bob, open_)]
    return {
        "Contact": [ann, bob, crowd, quote],
        "Account": [acme, solo],
        "Case": cases,
        "Opportunity": [won, open_, lost],
        "OpportunityContactRole": roles,
    }


PIA, PIAS_ACCOUNT = id_of("003", 77), id_of("001", 77)


def org_of_persons() -> dict[str, list[Row]]:
    """The same org with person accounts, of which Pia has one: a contact and an account that share what they have."""
    objects = org()
    acme = objects["Account"][0]
    for account in objects["Account"]:
        account |= {"IsPersonAccount": False, "PersonEmail": None, "PersonContactId": None}
    shared = {"Name": "Pia Person", "Phone": "+447700900555", "CreatedDate": "2025-02-01T09:00:00.000+0000"}
    own = {"IsPersonAccount": True, "PersonEmail": "pia@example.com", "PersonContactId": PIA, "AccountNumber": "AC-PIA"}
    account = acme | shared | own | {"Id": PIAS_ACCOUNT, "Industry": None}
    contact = _contact(PIA, "Pia", "Person", "pia@example.com", Account=account, **shared)
    won = _opportunity(9, account, IsClosed=True, IsWon=True)
    objects["Opportunity"] += [won, _opportunity(8, account)]
    objects["OpportunityContactRole"].append(_part(9, contact, won))
    case = _case(77, contact, "Hello", "2026-05-06T10:00:00.000+0000") | {"Account": account, "AccountId": PIAS_ACCOUNT}
    objects["Contact"].append(contact)
    objects["Account"].append(account)
    objects["Case"].append(case)
    return objects


def merge(objects: Mapping[str, list[Row]], name: str, lost: str, master: str) -> None:
    """Delete a record that was merged into another one."""
    objects[name].append(objects[name][0] | {"Id": lost, "IsDeleted": True, "MasterRecordId": master})


def employ(contact: dict[str, Any], account: Row, *roles: str) -> dict[str, Any]:
    """Have a contact belong to an account, and have roles there."""
    return contact | {
        "Account": account,
        "AccountId": account["Id"],
        "AccountContactRoles": [_role(account, role) for role in roles],
    }


def staff(objects: dict[str, list[Row]], many: int = 8) -> None:
    """Have CROWD work for SOLO, and many others for ACME, who have roles there in turn."""
    acme, solo = objects["Account"][:2]
    objects["Contact"][2] = employ(dict(objects["Contact"][2]), solo, "Influencer")
    for number in range(many):
        one = _contact(id_of("003", 100 + number), "Mem", f"Ber {number}", f"mem{number}@example.com")
        objects["Contact"].append(employ(one, acme, *STAFF_ROLES[number % len(STAFF_ROLES)]))


STAFF_ROLES = [("Business User",), ("Evaluator", "buyer"), (), ("Buyer", "Decision Maker"), ("Influencer",), ("Guru",)]
"""Words of roles; Salesforce compares them in any case of letters, and knows no gurus."""


def _role(account: Row, role: str) -> dict[str, Any]:
    return {"Id": id_of("02Z", 1), "AccountId": account["Id"], "Account": account, "Role": role}


def _contact(id_: str, given: str, family: str, email: str, **more: Any) -> dict[str, Any]:
    return {
        "Id": id_,
        "Name": f"{given} {family}".strip(),
        "FirstName": given,
        "LastName": family,
        "Email": email,
        "Phone": None,
        "MobilePhone": None,
        "CreatedDate": "2024-03-01T09:00:00.000+0000",
        "LastModifiedDate": "2026-05-02T09:00:00.000+0000",
        "Birthdate": None,
        **_address("Mailing", "1 High Street", "N1 1AA", "London", None, "GB"),
        "LeadSource": "Web",
        "IsDeleted": False,
        "MasterRecordId": None,
        "Account": None,
        "AccountId": more["Account"]["Id"] if more.get("Account") else None,
        "AccountContactRoles": [],
        "Title": None,
        "HasOptedOutOfEmail": False,
        "DoNotCall": False,
        "Card__c": None,
        "Stripe_Id__c": None,
    } | more


def _address(kind: str, *parts: str | None) -> dict[str, Any]:
    return {kind + name: part for name, part in zip(("Street", "PostalCode", "City", "State", "Country"), parts, strict=True)}


def _opportunity(number: int, account: Row, **more: Any) -> dict[str, Any]:
    return {
        "Id": id_of("006", number),
        "Name": f"Deal {number}",
        "Account": account,
        "AccountId": account["Id"],
        "ContactId": None,
        "CreatedDate": f"2026-01-0{number}T09:00:00.000+0000",
        "StageName": "Prospecting",
        "IsClosed": False,
        "IsWon": False,
        "Type": "New Business",
        "Amount": None,
        "CurrencyIsoCode": "EUR",
        "CloseDate": "2026-02-28",
    } | more


def _part(number: int, contact: Row, opportunity: Row) -> dict[str, Any]:
    return {
        "Id": id_of("00K", number),
        "Contact": contact,
        "ContactId": contact["Id"],
        "Opportunity": opportunity,
        "OpportunityId": opportunity["Id"],
    }


def _case(number: int, contact: Row | None, subject: Any, created: str, **more: Any) -> dict[str, Any]:
    return {
        "Id": id_of("500", number),
        "CaseNumber": f"{number:08}",
        "Contact": contact,
        "ContactId": contact and contact["Id"],
        "Account": None,
        "AccountId": None,
        "SuppliedEmail": None,
        "CreatedDate": created,
        "Subject": subject,
        "Type": None,
        "Status": "New",
        "IsClosed": False,
        "Priority": None,
        "Origin": None,
        "ClosedDate": None,
        "Description": f"{subject}: please help.",
        "CaseComments": [],
    } | more


def _comment(body: str, hour: int, user: str, *, published: bool = True) -> dict[str, Any]:
    return {
        "Id": id_of("00a", hour),
        "CommentBody": body,
        "CreatedDate": f"2026-05-01T{hour}:30:00.000+0000",
        "CreatedBy": {"UserType": user},
        "IsPublished": published,
    }


class SalesforceApi(VendorApi):
    """Serves `objects`, rows by the name of their object, whole: parents and children are inside.

    `requests` are the calls by method and path, `queries` the SOQL in them, `usage` the calls that count against the limit.
    """

    unauthorized = Refusal(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])

    def __init__(self, objects: Mapping[str, list[Row]], *, page_size: int = 200, most_children: int = 200) -> None:
        super().__init__()
        self.objects = objects
        self.queries: list[str] = []
        self.page_size = page_size
        self.most_children = most_children
        self.limit = 15_000
        self.client = CLIENT
        self.usage = 0
        self.link: str | None = None
        self.slow: tuple[str, ...] = ()
        """What a question holds that is too slow."""
        self._numbers = count(1)
        self._tokens: set[str] = set()
        self._rest: dict[str, list[Any]] = {}

    def expire(self) -> None:
        """End all sessions; the next token is good again."""
        self._tokens.clear()

    def revoke(self) -> None:
        self.client = CLIENT | {"client_secret": "another"}

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(f"{request.method} {request.path}")
        if request.path == "/services/oauth2/token" and request.method == "POST":
            return self._token({name: str(value) for name, value in (await request.post()).items()})
        if len(str(request.rel_url)) > LONGEST_URI:
            return web.Response(status=414, text="<html>URI Too Long</html>", content_type="text/html")
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            return refused(self.unauthorized)
        if self.refusal is not None and self.refused_path in request.path:
            return refused(self.refusal)
        if request.path.endswith("/composite/batch") and request.method == "POST":
            status, result = self._batch(await request.json())
        else:
            status, result = self._get(request.rel_url) if request.method == "GET" else _missing()
        headers = {"Sforce-Limit-Info": f"api-usage={self.usage}/{self.limit}"}
        return web.json_response(self.spoil(result), status=status, headers=headers)

    def _token(self, form: Mapping[str, str]) -> web.Response:
        if {name: form.get(name) for name in self.client} != self.client:
            said = f"invalid client credentials: {form.get('client_secret')}"
            return refused(Refusal(400, {"error": "invalid_client", "error_description": said}))
        grant = form.get("grant_type")
        if grant != "client_credentials" and (grant, form.get("refresh_token")) != ("refresh_token", REFRESH_TOKEN):
            return refused(Refusal(400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}))
        token = f"00D!{next(self._numbers)}"
        self._tokens.add(token)
        return web.json_response({"access_token": token, "scope": "api", "token_type": "Bearer", "issued_at": "1764547200000"})

    def _batch(self, body: Any) -> tuple[int, Any]:
        asked = body["batchRequests"]
        if not 0 < len(asked) <= MAX_BATCH:
            return 400, [{"errorCode": "LIMIT_EXCEEDED", "message": "too many subrequests"}]
        answers = [self._get(URL(f"/services/data/{one['url']}", encoded=True)) for one in asked]
        results = [{"statusCode": status, "result": result} for status, result in answers]
        return 200, {"hasErrors": any(status >= 400 for status, _ in answers), "results": results}

    def _get(self, url: URL) -> tuple[int, Any]:
        if self.usage >= self.limit:
            return 403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
        self.usage += 1
        match url.path.strip("/").split("/"):
            case ["services", "data", "v62.0", "query" | "queryAll" as resource] if "q" in url.query:
                return self._query(url.query["q"], with_deleted=resource == "queryAll")
            case ["services", "data", "v62.0", "query", locator] if locator in self._rest:
                return 200, self._page(self._rest.pop(locator), self.page_size)
        return _missing()

    def _query(self, text: str, *, with_deleted: bool) -> tuple[int, Any]:
        self.queries.append(text)
        if any(one in text for one in self.slow):
            return 400, [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}]
        try:
            query = parsed(text)
            if query.source not in self.objects:
                raise SoqlError("INVALID_TYPE")
            rows = [row for row in self.objects[query.source] if with_deleted or not row.get("IsDeleted")]
            shown = [self._shown(query, query.source, row) for row in query.answer(rows)]
            if query.counts:
                shown = [{"attributes": {"type": "AggregateResult"}, "total": len(shown)}]
        except SoqlError as error:
            return 400, [{"errorCode": error.code, "message": f"ERROR at Row:1:Column:1 {text}"}]
        return 200, self._page(shown, self.page_size)

    def _page(self, rows: list[Any], size: int) -> dict[str, Any]:
        page: dict[str, Any] = {"totalSize": len(rows), "done": len(rows) <= size, "records": rows[:size]}
        if not page["done"]:
            locator = f"01g{next(self._numbers):012}-{size}"
            self._rest[locator] = rows[size:]
            page["nextRecordsUrl"] = self.link or f"/services/data/v62.0/query/{locator}"
        return page

    def _shown(self, query: Query, kind: str, row: Row) -> dict[str, Any]:
        """The fields that were asked for, with what is in parents inside, and children in pages of their own."""
        shown: dict[str, Any] = {"attributes": {"type": kind, "url": f"/services/data/v62.0/sobjects/{kind}/{row['Id']}"}}
        for path in query.fields:
            *parents, name = path.split(".")
            here, known = shown, row
            for parent in parents:
                here = here.setdefault(parent, {"attributes": {"type": parent}} if known[parent] else None)
                known = known[parent]
                if here is None:
                    break
            else:
                here[name] = at(known, name)
        for name, child in query.children.items():
            rows = [self._shown(child, name, one) for one in child.answer(at(row, name))]
            shown[name] = self._page(rows, self.most_children) if rows else None
        return shown


def _missing() -> tuple[int, Any]:
    return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
