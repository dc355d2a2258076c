"""Checks of the checks: where one place no longer keeps to a view, the answers of a caller, or his calls, tell it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.records import FieldClass
from connectors.testing import MemoryConnector
from gateway.access.api_keys import new_key
from gateway.access.key_file import KeyFile
from gateway.app import GatewayApplication, create_app, create_services
from gateway.revisions import open_services
from gateway.settings import MongoSettings
from gateway.settings.access_settings import WAYS_IN
from gateway.stitching.position import RecordPosition
from resolvers.cursor import cursor_of
from tests.support.caller_keys import SECRET
from tests.support.clocks import START, StoppedClock
from tests.support.filled_people import AS_USUAL, EMAIL, Otherwise, sources_of_everything
from tests.support.gateway_server import settings_for
from tests.support.leak_seeds import SEEDS, TAGS_AT_HAND
from tests.support.random_views import PERSONAL
from tests.support.two_worlds import World

BY = '(by: {email: "ana@example.com"})'
ALL = dict.fromkeys(PERSONAL, "shown")


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """An operation. `code` is that of the error which it gets; it causes the calls of the operation `like` alone."""

    text: str
    given: Mapping[str, Any] = {}
    by: str = "viewer"
    code: str | None = None
    like: str | None = None


class Reload(msgspec.Struct, frozen=True, kw_only=True):
    """A reload of settings. Who asks after it was known before it."""

    sees: Mapping[str, str] | None


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that a leak shows in, and by what it is noticed.

    `sees` is what becomes of the viewer's classes, the others are shown to him; `other` is that of somebody else. Two worlds
    differ in the classes that are withheld from the viewer, with `masks` in those that are masked. Noticed are differences of
    their "bytes" or "calls", a "mark" in the answer (the beginning of a text of a class that is not shown as it is, or one of
    `marks`), another "code", what is "asked" beside the calls of `like`, and the "same" bytes as somebody else's.
    """

    sees: Mapping[str, str] = {}
    steps: Sequence[Ask | Reload]
    noticed: Collection[str]
    marks: Collection[str] = ()
    other: Mapping[str, str] = {}
    find_by: Collection[str] | None = None
    masks: bool = False


def field(inner: str, **words: Any) -> list[Ask]:
    """Ask for fields of the customer."""
    return [Ask(text=f"{{ customer{BY} {{ {inner} }} }}", **words)]


def thrice(text: str, **words: Any) -> list[Ask]:
    """Somebody else asks until the operation is remembered, then the viewer."""
    return [Ask(text=text, by="other"), Ask(text=text, by="other"), Ask(text=text, **words)]


LINE = f"{{ customer{BY} {{ name address {{ line }} }} }}"
FRAGMENT = f"{{ customer{BY} {{ ...F }} }} fragment F on Customer {{ address {{ line }} }}"
INLINE = f"{{ customer{BY} {{ ... {{ address {{ line }} }} }} }}"
TICKETS = f"{{ customer{BY} {{ tickets(filter: {{kind: [COMPLAINT]}}) {{ totalCount }} }} }}"
BY_VARIABLE = f"query ($f: TicketFilter) {{ customer{BY} {{ tickets(filter: $f) {{ totalCount }} }} }}"
BY_DEFAULT = BY_VARIABLE.replace("TicketFilter", "TicketFilter = {kind: [COMPLAINT]}")
OUTLINED = [f'{{ customer{BY} {{ deals(filter: {{pipeline: ["{name}"]}}) {{ totalCount }} }} }}' for name in "abc"]
"""Texts whose literals become variables."""
ORDERED = f"{{ customer{BY} {{ tickets(order: OLDEST_FIRST) {{ totalCount }} }} }}"
PLACE = cursor_of(RecordPosition(datetime(2026, 5, 4, 20, 5, tzinfo=UTC), "t1", record="ticket", source="support"))
PLAIN = f'"{PLACE[:4]}'
"""How a cursor begins that is not sealed: with a bracket and a year."""
AFTER = f'{{ customer{BY} {{ tickets(after: "{PLACE}") {{ nodes {{ source }} }} }} }}'
ROLE = '{ account(id: "crm:a1") { members(role: BUYER) { totalCount } } }'
SEARCH = '{ searchCustomers(text: "customer") { nodes { kind } } }'
TAGS = '{ customer(by: {id: "c1"}) { tags { key value } } }'
UNPLANNED = f"{{ __schema {{ queryType {{ name }} }} customer{BY} {{ address {{ line }} }} }}"
WITHHELD, FORBIDDEN = "WITHHELD", "FORBIDDEN"
NO_CONTACT, NO_BEHAVIOUR = {"contact": "withheld"}, {"behavioural": "withheld"}
MASKED_CONTACT, MASKED_BEHAVIOUR = {"contact": "masked"}, {"behavioural": "masked"}
HASHED_IDS = {"identifying": "hashed"}

LEAKS: dict[str, Leak] = {
    "variants are named without the decisions": Leak(
        sees=NO_CONTACT, other={"personal": "withheld"}, steps=thrice(LINE, code=WITHHELD), noticed={"bytes", "mark"}
    ),
    "variants are named without the group of hashes": Leak(
        sees=HASHED_IDS, other=HASHED_IDS, steps=thrice(f"{{ customer{BY} {{ id }} }}"), noticed={"same"}
    ),
    "what is refused is remembered for all views": Leak(
        sees=NO_CONTACT,
        other={"free_text": "withheld"},
        steps=thrice(LINE, code=WITHHELD),
        noticed={"bytes", "mark", "code", "same"},
    ),
    "a reload keeps the views": Leak(
        sees=NO_CONTACT,
        steps=[Reload(sees=NO_CONTACT), *field("address { line }", code=WITHHELD)],
        noticed={"bytes", "code", "mark"},
    ),
    "who is not in the settings sees everything": Leak(
        sees=NO_CONTACT,
        steps=[Reload(sees=None), *field("address { line }", code="UNAUTHENTICATED")],
        noticed={"bytes", "code", "mark"},
    ),
    "the projection reads what is withheld": Leak(sees=NO_CONTACT, steps=field("address { line }"), noticed={"bytes", "mark"}),
    "the planner resolves what is withheld": Leak(
        sees=NO_BEHAVIOUR,
        steps=field("kind tickets { nodes { number } }", like=f"{{ customer{BY} {{ kind }} }}"),
        noticed={"bytes", "mark", "asked"},
    ),
    "what is withheld is asked for": Leak(
        sees={"identifying": "withheld"},
        steps=field("events { nodes { type deviceId } }", like=f"{{ customer{BY} {{ events {{ nodes {{ type }} }} }} }}"),
        noticed={"asked"},
    ),
    "the projection changes no text": Leak(sees=MASKED_CONTACT, steps=field("address { line }"), noticed={"mark"}),
    "lists of texts are not changed": Leak(sees=HASHED_IDS, steps=field("deviceIds"), noticed={"mark"}),
    "records are handed over though a field is masked": Leak(
        sees={"free_text": "masked"}, steps=field("tickets { nodes { messages { body } id createdAt } }"), noticed={"mark"}
    ),
    "graphql-core has no middleware": Leak(sees=MASKED_CONTACT, steps=[Ask(text=UNPLANNED)], noticed={"mark"}),
    "fragments are not rewritten": Leak(
        sees=NO_CONTACT, steps=[Ask(text=FRAGMENT, code=WITHHELD)], noticed={"bytes", "code", "mark"}
    ),
    "inline fragments are not rewritten": Leak(
        sees=NO_CONTACT, steps=[Ask(text=INLINE, code=WITHHELD)], noticed={"bytes", "code", "mark"}
    ),
    "inline fragments have no fields": Leak(
        sees=NO_CONTACT, steps=[Ask(text=INLINE, code=WITHHELD)], noticed={"bytes", "code", "mark"}
    ),
    "fragments have no fields": Leak(
        sees=NO_CONTACT, steps=[Ask(text=FRAGMENT, code=WITHHELD)], noticed={"bytes", "code", "mark"}
    ),
    "fields of Node have no class": Leak(
        sees=HASHED_IDS, steps=[Ask(text='{ node(id: "crm:c1") { id } }')], noticed={"mark"}, marks=["crm:c1"]
    ),
    "parts are shown of which nothing is": Leak(
        sees=NO_BEHAVIOUR, steps=field("touches { __typename }", code=WITHHELD), noticed={"code"}
    ),
    "nodes are of all types": Leak(
        sees=NO_BEHAVIOUR, steps=[Ask(text='{ node(id: "support:t1") { __typename } }')], noticed={"mark"}, marks=['"Ticket"']
    ),
    "cursors of pages have no class": Leak(
        sees={"commercial": "masked"},
        steps=field("orders { pageInfo { endCursor } }"),
        noticed={"mark"},
        marks=[PLAIN],
    ),
    "cursors of edges have no class": Leak(
        sees={"commercial": "masked"},
        steps=field("orders { edges { cursor } }"),
        noticed={"mark"},
        marks=[PLAIN],
    ),
    "filters are not refused": Leak(
        sees=MASKED_BEHAVIOUR, steps=[Ask(text=TICKETS, code=FORBIDDEN)], noticed={"bytes", "code"}, masks=True
    ),
    "literals are not looked at": Leak(
        sees=MASKED_BEHAVIOUR | {"commercial": "masked"},
        steps=[Ask(text=text, code=FORBIDDEN) for text in (TICKETS, *OUTLINED)],
        noticed={"bytes", "code"},
        masks=True,
    ),
    "variables are not looked at": Leak(
        sees=MASKED_BEHAVIOUR,
        steps=[Ask(text=BY_VARIABLE, given={"f": {"kind": ["COMPLAINT"]}}, code=FORBIDDEN)],
        noticed={"bytes", "code"},
        masks=True,
    ),
    "defaults of variables are not looked at": Leak(
        sees=MASKED_BEHAVIOUR, steps=[Ask(text=BY_DEFAULT, code=FORBIDDEN)], noticed={"bytes", "code"}, masks=True
    ),
    "orders are not refused": Leak(sees=MASKED_BEHAVIOUR, steps=[Ask(text=ORDERED, code=FORBIDDEN)], noticed={"code"}),
    "places are not refused": Leak(
        sees=MASKED_BEHAVIOUR, steps=[Ask(text=AFTER, code="INVALID_ARGUMENT")], noticed={"bytes", "code"}, masks=True
    ),
    "roles are not refused": Leak(sees={"personal": "masked"}, steps=[Ask(text=ROLE, code=FORBIDDEN)], noticed={"code"}),
    "keys are not refused": Leak(
        find_by=["email"], steps=[Ask(text='{ customer(by: {memberNumber: "m"}) { kind } }', code=FORBIDDEN)], noticed={"code"}
    ),
    "ids are a way in for all": Leak(
        find_by=["email"], steps=[Ask(text='{ customers(ids: ["c1"]) { kind } }', code=FORBIDDEN)], noticed={"code"}
    ),
    "nodes are a way in for all": Leak(
        find_by=["email"], steps=[Ask(text='{ node(id: "crm:c1") { id } }', code=WITHHELD)], noticed={"code"}
    ),
    "searches are a way in for all": Leak(find_by=["email"], steps=[Ask(text=SEARCH, code=WITHHELD)], noticed={"code"}),
    "searches tell nothing": Leak(sees=NO_CONTACT, steps=[Ask(text=SEARCH, code=WITHHELD)], noticed={"code"}),
    "tags tell nothing": Leak(
        sees=NO_BEHAVIOUR,
        steps=field("tags { key value }", code=WITHHELD),
        noticed={"bytes", "code", "mark"},
        marks=['"key":"satisfaction"'],
    ),
    "tags that are loaded are not hidden": Leak(
        sees=NO_BEHAVIOUR,
        steps=field("tags { key value }", code=WITHHELD),
        noticed={"bytes", "mark"},
        marks=['"key":"satisfaction"'],
    ),
    "a tag by its key is not hidden": Leak(
        sees=NO_BEHAVIOUR, steps=field('tag(key: "satisfaction") { value }', code=WITHHELD), noticed={"code"}
    ),
    "origins show what is masked": Leak(
        sees=MASKED_CONTACT, steps=field("address { line } origins { field others { value } }"), noticed={"mark"}
    ),
    "errors name candidates": Leak(
        sees=HASHED_IDS,
        steps=[Ask(text='{ customer(by: {memberNumber: "twins"}) { kind } }', code="AMBIGUOUS_IDENTITY")],
        noticed={"mark"},
        marks=["crm:c9"],
    ),
}


def words_of(leak: Leak, sees: Mapping[str, str] | None, keys: Path) -> dict[str, Any]:
    """Settings with the callers of a leak."""
    keys_of_all = [*WAYS_IN]
    viewer = {} if sees is None else {"viewer": {"sees": ALL | sees, "find_by": keys_of_all}}
    if leak.find_by is not None:
        viewer = {"viewer": {"find_by": leak.find_by}}
    access = {"hash_secret": SECRET, "keys": {"secret": SECRET, "file": str(keys)}}
    return {
        "access": access,
        "callers": viewer | {"other": {"sees": ALL | leak.other, "find_by": keys_of_all}},
        "introspection": True,
    }


def sources(otherwise: Otherwise) -> list[MemoryConnector]:
    """Those of everything; two customers have one number, and two sources say where one lives."""
    crm, club, *others = sources_of_everything(otherwise)
    (customer,) = crm.records[r.Customer, KeyKind.CUSTOMER_ID]["c1"]
    twins = [customer, msgspec.structs.replace(customer, id="c9")]
    crm.records = {**crm.records, (r.Customer, KeyKind.MEMBER_NUMBER): {"m": [customer], "twins": twins}}
    member = r.Customer(id="m1", email=EMAIL, address=r.Address(line="contact~club"))
    club.records = {(r.Customer, KeyKind.CUSTOMER_ID): {"m1": [member]}, (r.Customer, KeyKind.EMAIL): {EMAIL: [member]}}
    return [crm, club, *others]


class Gateway:
    """One world, whose settings may be exchanged."""

    def __init__(self, app: GatewayApplication, world: World, own: list[MemoryConnector]) -> None:
        self.app = app
        self.world = world
        self._own = own

    async def reload(self, words: Mapping[str, Any]) -> None:
        """Exchange the settings under a request whose caller was known before."""
        services = create_services(settings_for(self._own, **words), connectors=self._own, previous=self.app.revision.services)
        await open_services(services, self.app.revision.services)
        identify = self.app.endpoint.identify
        self.app.switch(services)
        self.app.endpoint.identify = identify


@asynccontextmanager
async def gateway(otherwise: Otherwise, words: Mapping[str, Any]) -> AsyncIterator[Gateway]:
    own = [one for one in sources(otherwise) if "mongodb" not in words or one.name != "club"]
    app = create_app(settings_for(own, **words), connectors=own, clock=StoppedClock())
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Gateway(app, World(app, client, own), own)


def told(leak: Leak, ask: Ask, ours: Sequence[Any], theirs: Sequence[Any]) -> set[str]:
    """What two answers tell that they should not."""
    marks = [*leak.marks, *(f"{own}~" for own in leak.sees)]
    codes = {error["extensions"]["code"] for error in msgspec.json.decode(ours[2]).get("errors", ())}
    said = {
        "bytes": ours[:3] != theirs[:3],
        "calls": ours[3] != theirs[3],
        "mark": any(mark.encode() in ours[2] for mark in marks),
        "code": ask.code is not None and codes != {ask.code},
    }
    return {name for name, is_so in said.items() if is_so}


async def notices(leak: Leak, tmp_path: Path, **more: Any) -> set[str]:
    """Ask in two worlds, and say what is noticed. Before a reload the viewer sees everything."""
    file, keys = tmp_path / "keys.json", {}
    for name in ("viewer", "other"):
        keys[name], own = new_key(name, SECRET, START)
        await KeyFile(file).add(own)
    words = words_of(leak, {} if isinstance(leak.steps[0], Reload) else leak.sees, file) | more
    differing = ["withheld", "masked"] if leak.masks else ["withheld"]
    hidden = [FieldClass(own) for own, decision in leak.sees.items() if decision in differing]
    found, before = set[str](), b""
    async with gateway(AS_USUAL, words) as one, gateway(Otherwise(hidden), words) as another, gateway(AS_USUAL, words) as alone:
        for number, step in enumerate(leak.steps):
            if isinstance(step, Reload):
                for each in (one, another, alone):
                    await each.reload(words_of(leak, step.sees, file))
                continue
            ours, theirs = [await each.world.ask(step.text, step.given, keys[step.by], number) for each in (one, another)]
            if step.by == "viewer":
                found |= told(leak, step, ours, theirs) | ({"same"} if ours[2] == before else set())
            if step.like is not None:
                like = await alone.world.ask(step.like, step.given, keys[step.by], number)
                found |= {"asked"} if ours[3] != like[3] else set()
            before = ours[2] if step.by == "other" else b""
    return found


@pytest.mark.parametrize("name", LEAKS)
async def test_a_leak_is_noticed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And nothing is noticed without it."""
    leak = LEAKS[name]
    assert await notices(leak, tmp_path) == set()
    SEEDS[name](monkeypatch)
    assert await notices(leak, tmp_path) == leak.noticed


@pytest.mark.mongodb
async def test_a_leak_of_tags_at_hand_is_noticed(
    mongodb_settings: MongoSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Somebody else was shown stored tags just now. Only one source has customers; both worlds have one store."""
    mongodb = mongodb_settings.model_dump()
    async with gateway(AS_USUAL, {"mongodb": mongodb}) as before:
        await before.world.ask(TAGS, {}, "", 0)
    leak = Leak(sees=NO_BEHAVIOUR, steps=thrice(TAGS, code=WITHHELD), noticed={"mark"}, marks=['"key":"satisfaction"'])
    assert await notices(leak, tmp_path, mongodb=mongodb) == set()
    TAGS_AT_HAND(monkeypatch)
    assert await notices(leak, tmp_path, mongodb=mongodb) == leak.noticed


def test_every_seed_is_sown():
    assert LEAKS.keys() == SEEDS.keys()
