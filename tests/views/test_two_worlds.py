"""Two worlds that differ only in what a caller may not see give him the same bytes, and he causes the same calls."""

import os
from random import Random
from typing import Any

import pytest

from connectors.records import FieldClass
from gateway.execution.schema_types import core_schema
from gateway.settings.access_settings import WAYS_IN, Visibility
from resolvers.schema import schema
from tests.support.caller_keys import keys_in
from tests.support.filled_people import AS_USUAL, Otherwise, sources_of_everything
from tests.support.operations import FEW_PARTS, Operations
from tests.support.random_views import PERSONAL
from tests.support.two_worlds import serve_world

OPERATIONS = int(os.environ.get("TWO_WORLDS_OPERATIONS", "600"))
SHARDS = len(PERSONAL)
EVERYTHING = """{ customer(by: {id: "c1"}) {
    name email deviceIds socialAccounts { handle }
    orders { nodes { number } } events { nodes { type } } tickets { nodes { subject } }
} }"""
"""Something of each class."""


def draw_caller(random: Random, hides: FieldClass | None = None) -> dict[str, Any]:
    """Settings of a caller, who does not see a class."""
    sees = {own: random.choice([Visibility.SHOWN] * 3 + [*Visibility]) for own in PERSONAL}
    if hides is not None:
        sees[hides] = Visibility.WITHHELD
    find_by = [kind for kind in WAYS_IN if random.random() < 0.95]
    return {"sees": sees, "find_by": find_by}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shard", range(SHARDS))
async def test_what_a_caller_may_not_see_changes_nothing_for_him(shard: int, tmp_path: Any):
    """Four callers ask in turn, often what the others asked before: what is remembered of it is theirs, too.

    Each shard withholds another class. What he does not see has other values in one of the worlds, or is not there.
    """
    random = Random(shard)
    callers = {f"caller{number}": draw_caller(random, PERSONAL[shard] if number == 0 else None) for number in range(3)} | {
        "console": {}
    }
    hidden = [own for own, decision in callers["caller0"]["sees"].items() if decision is Visibility.WITHHELD]
    keys, access = await keys_in(tmp_path, callers)
    words = {"access": access, "callers": callers, "environment": random.choice(["production", "development"])}
    draw = Operations(core_schema(schema), shard, parts=FEW_PARTS)
    texts = [(EVERYTHING, {}), *(draw.draw() for _ in range(OPERATIONS // SHARDS // 4))]
    differs = answered = 0
    otherwise = sources_of_everything(Otherwise(hidden, are_absent=random.random() < 0.5))
    async with serve_world(sources_of_everything(AS_USUAL), words) as one, serve_world(otherwise, words) as other:
        for number in range(OPERATIONS // SHARDS):
            text, variables = random.choice(texts)
            name = random.choice([*callers])
            ours, theirs = (
                await one.ask(text, variables, keys[name], number),
                await other.ask(text, variables, keys[name], number),
            )
            if name == "caller0":
                assert ours == theirs, (text, variables, hidden)
                assert [own for own in hidden if f"{own}~".encode() in ours[2]] == [], (text, variables)
                answered += ours[0] == 200
            else:
                differs += ours != theirs
    assert answered > 0
    assert differs > 0
