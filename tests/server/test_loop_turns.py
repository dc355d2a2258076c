"""Long work gives way to others, and not where there are none."""

import asyncio

import pytest

from connectors.toolkit.loop_turns import OTHERS_SHARE, give_way
from tests.support.clocks import held_time

pytestmark = pytest.mark.cases

TOOK_S, ROUND_S = 0.005, 0.001


async def test_others_have_the_loop_for_as_long_as_is_said():
    """Each round of theirs takes a millisecond."""
    with held_time() as held:
        giving, rounds = asyncio.create_task(give_way(TOOK_S)), 0
        while not giving.done():
            held.advance(ROUND_S)
            rounds += 1
            await asyncio.sleep(0)
    assert OTHERS_SHARE * TOOK_S <= rounds * ROUND_S <= (OTHERS_SHARE + 1) * TOOK_S


async def test_nobody_is_waited_for_who_wants_nothing():
    with held_time():
        giving = asyncio.create_task(give_way(TOOK_S))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert giving.done()
