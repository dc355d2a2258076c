"""Two worlds that differ only in the customers, or the sources, of which a caller may not be told, are one for him."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from connectors.contract import KeyKind
from gateway.execution.schema_types import core_schema
from gateway.settings.access_settings import WAYS_IN
from resolvers.schema import schema
from tests.support.caller_keys import keys_in
from tests.support.four_people import (
    ALL_WAYS_IN,
    ARGUMENTS_OF_FOUR,
    ARGUMENTS_OF_IDS,
    ARGUMENTS_WITH_SHARED_KEY,
    DECLARED_OF_FOUR,
    PEOPLE,
    RECORDS,
    WAYS,
    Hidden,
    sources_of_four,
)
from tests.support.gateway_server import PLAINLY
from tests.support.operations import FEW_PARTS, Operations
from tests.support.two_worlds import Request, World, serve_world
from tests.support.webhook_requests import hook

OPERATIONS = int(os.environ.get("TWO_WORLDS_OPERATIONS", "600"))
MODES = ["production", "development"]
"""In development an answer tells the calls, and of each whether somebody else was earlier."""
ALL_KINDS = [*WAYS_IN]
NO_SEARCH = [kind for kind in WAYS_IN if kind is not KeyKind.TEXT]
RECORD_WAYS = ["node", "order", "ticket"]
ALL_ROOTS = [*RECORD_WAYS, "account", "searchCustomers"]
OTHERS: dict[str, Any] = {
    "console": {},
    "neighbour": {"customers": ["c3"], "find_by": NO_SEARCH},
    "partner": {"sources": ["crm", "support"]},
}
"""The other callers, who see what one caller does not."""


class Right(NamedTuple):
    """What a caller may see of the four, and what is hidden from him."""

    settings: Mapping[str, Any]
    hidden: Hidden
    roots: Collection[str] = ()
    """The ways in, beside those of customers, that he has."""

    @property
    def finds_by_ids_alone(self) -> bool:
        return "customers" in self.settings and "find_by" not in self.settings


OTHER_SOURCES = Hidden(sources=["club", "support", "behaviour", "sales"])
LAST_TWO = Hidden(["c3", "c4"], ["a2"])
RIGHTS = {
    "ids": Right({"customers": ["c1", "crm:c2"]}, LAST_TWO),
    "keys": Right({"customers": ["c1", "crm:c2"], "find_by": NO_SEARCH}, LAST_TWO, RECORD_WAYS),
    "accounts": Right({"accounts": ["a1"], "find_by": NO_SEARCH}, LAST_TWO, [*RECORD_WAYS, "account"]),
    "sources": Right(
        {"sources": ["crm", "orders"], "find_by": ALL_KINDS},
        OTHER_SOURCES,
        ALL_ROOTS,
    ),
    "purposes": Right({"purposes": ["marketing"], "find_by": ALL_KINDS}, Hidden(["c3", "c4"]), ALL_ROOTS),
}
SHARDS = [
    (name, are_gone, with_club)
    for name in RIGHTS
    for are_gone in (False, True)
    for with_club in (False, True)
    if name != "purposes" or not are_gone  # who does not consent is known to be there: that is told
]


class DifferenceError(AssertionError):
    """The two worlds are not one."""


class Figures(NamedTuple):
    """How often the caller was answered with data, nothing could be compared, and others' answers differed."""

    asked: int
    answered: int
    passed_over: int
    differed: int


def settings_of(right: Right, random: Random, *, are_gone: bool, with_club: bool) -> dict[str, Any]:
    """Settings of sources some of whose answers are kept, and stand in for what cannot be had."""
    records = [*RECORDS, "customer", "account", "survey"]
    kept = {name: 60 for name in records if random.random() < 0.6}
    if are_gone and with_club and causes_the_same(right, are_gone=True):
        # Others are led to what he sees by what is hidden from him: by a shared key, by a link. That is in what is kept.
        kept = {}
    common = {"kind": "memory", "cache_s": kept, "stale_s": kept if random.random() < 0.5 else {}, **PLAINLY}
    names = ["crm", *(["club"] if with_club else []), *dict.fromkeys(RECORDS.values())]
    return {
        "sources": {name: common | {"webhook": hook()} for name in names},
        "purposes": {"marketing": {"basis": "consent"}},
        "callers": {"viewer": right.settings, **OTHERS},
        "environment": random.choice(MODES) if causes_the_same(right, are_gone=are_gone) else "production",
    }


def is_told(right: Right, down: Collection[str], *, are_gone: bool) -> bool:
    """Tell whether what a caller gets may say that a record is there.

    While a source of customers is away, an order or another record by its key is an error where there is one and null where
    there is none: whose it is cannot be told. That is documented, and so not compared where the records are gone.
    """
    return are_gone and not right.finds_by_ids_alone and right.hidden.people != () and not {"crm", "club"}.isdisjoint(down)


def tells_of_time(text: str) -> bool:
    """Tell whether an answer may say that somebody else who asked at the same time was a moment earlier."""
    return "fromCache" in text or "attempts" in text


def causes_the_same(right: Right, *, are_gone: bool) -> bool:
    """Tell whether what is hidden causes no call. By other keys than ids customers are found before they are judged."""
    return not are_gone or right.finds_by_ids_alone or not right.hidden.people


class Course:
    """What befalls two worlds alike between operations."""

    def __init__(self, random: Random, worlds: tuple[World, World], words: Mapping[str, Any]) -> None:
        self.down: dict[str, int] = {}
        self._random = random
        self._worlds = worlds
        self._words = words
        self._names = [*words["sources"]]

    async def go_on(self) -> None:
        self.down = {name: left - 1 for name, left in self.down.items() if left > 1}
        if self._random.random() < 0.08:
            self.down[self._random.choice(self._names)] = self._random.randint(1, 4)
        source, person, chance = self._random.choice(self._names), self._random.choice(PEOPLE), self._random.random()
        words = dict(self._words)
        if self._random.random() < 0.5:
            words["callers"] = words["callers"] | {"neighbour": {"accounts": ["a2"]}}
        for world in self._worlds:
            world.set_down(self.down)
            if chance < 0.12:
                await world.tell_change(source, person)
            elif chance < 0.16:
                await world.reload(words)


async def compare_worlds(name: str, are_gone: bool, with_club: bool, operations: int, folder: Path) -> Figures:
    """Ask both worlds the same: each way in after somebody else, and then at random.

    Raises `DifferenceError` where the caller who may see some can tell them apart.
    """
    random = Random(f"{name}{are_gone}{with_club}")
    right = RIGHTS[name]
    words = settings_of(right, random, are_gone=are_gone, with_club=with_club)
    keys, words["access"] = await keys_in(folder, words["callers"])
    core, seed = core_schema(schema), random.randrange(1 << 30)
    draw = Operations(core, seed, ARGUMENTS_OF_FOUR, DECLARED_OF_FOUR, FEW_PARTS)
    pool = ARGUMENTS_OF_IDS if right.finds_by_ids_alone else ARGUMENTS_WITH_SHARED_KEY
    draw_own = Operations(core, seed, pool, DECLARED_OF_FOUR, FEW_PARTS, ["customer", "customers", "find", *right.roots])
    texts = [draw.draw() for _ in range(max(operations // 4, 30))]
    # By a key of several customers others ask for theirs, or not: who leads them there is in what is kept.
    own_texts = [draw_own.draw() for _ in range(max(operations // 4, 30))]
    ways = WAYS if right.finds_by_ids_alone else ALL_WAYS_IN
    by_account = ["a1"] if name == "purposes" else ["a1", "a2"]  # orders of a company are shown, whoever it is
    hidden = right.hidden._replace(are_gone=are_gone)
    ours = sources_of_four(Hidden(), with_club=with_club, by_account=by_account)
    theirs = sources_of_four(hidden, with_club=with_club, by_account=by_account)
    asked = answered = passed_over = differed = 0
    async with serve_world(ours, words) as one, serve_world(theirs, words) as other:
        course = Course(random, (one, other), words)
        sweep = [(caller, way) for way in ways for caller in ("console", "console", "viewer")]
        for number in range(len(sweep) + operations):
            if number < len(sweep):
                callers, requests = [sweep[number][0]], [Request(*sweep[number][1], keys[sweep[number][0]])]
            else:
                await course.go_on()
                count = random.choice([1, 1, 1, 1, 2, 3]) if words["environment"] == "production" else 1
                callers = random.choices([*words["callers"]], k=count)
                requests = [
                    Request(
                        *random.choice(random.choice([texts, ways, own_texts] if caller == "viewer" else [texts, ways])),
                        keys[caller],
                    )
                    for caller in callers
                ]
            first, calls = await one.ask_together(requests, number)
            second, other_calls = await other.ask_together(requests, number)
            for caller, request, mine, yours in zip(callers, requests, first, second, strict=True):
                if caller != "viewer":
                    differed += mine != yours
                elif is_told(right, course.down, are_gone=are_gone) or (len(callers) > 1 and tells_of_time(request.text)):
                    passed_over += 1
                else:
                    asked += 1
                    answered += has_data(mine[2])
                    if mine != yours:
                        raise DifferenceError(number, course.down, callers, request, mine, yours)
            if callers == ["viewer"] and right.finds_by_ids_alone and (of_others := names_hidden(calls)):
                raise DifferenceError(number, course.down, requests, of_others, [])
            if callers == ["viewer"] and calls != other_calls and causes_the_same(right, are_gone=are_gone):
                raise DifferenceError(number, course.down, requests, calls, other_calls)
    return Figures(asked, answered, passed_over, differed)


def names_hidden(calls: Collection[str]) -> list[str]:
    """List the calls that ask for what is hidden of people."""
    return [call for call in calls if any(f"'{own_id}'" in call for own_id in (*LAST_TWO.people, "m3"))]


def has_data(content: bytes) -> bool:
    """Tell whether an answer has something of a record."""
    data = json.loads(content).get("data") or {}
    return any(isinstance(value, dict | list) and any(value) for value in data.values())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "are_gone", "with_club"), SHARDS)
async def test_other_customers_change_nothing_for_a_caller(
    name: str, are_gone: bool, with_club: bool, tmp_path: Path, record_property: Any
):
    """Four callers ask, alone and together, while sources fail, tell of changes and settings are read again."""
    figures = await compare_worlds(name, are_gone, with_club, OPERATIONS // len(SHARDS), tmp_path)
    record_property("figures", str(figures))
    assert figures.answered > 0
    assert figures.differed > 0
