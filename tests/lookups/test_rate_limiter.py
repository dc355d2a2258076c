"""How fast calls follow each other."""

import pytest

from gateway.lookups.rate_limiter import RateLimiter
from gateway.lookups.retry_budget import RetryBudget
from tests.support.clocks import SteppedClock


def leave_all(pace, clock, seconds):
    """How many calls leave when somebody always wants to call."""
    end, calls = clock.passed_s + seconds, 0
    while clock.passed_s < end:
        wait_s = pace.wait_s()
        if wait_s:
            clock.passed_s += wait_s + 1e-9
            continue
        pace.call_left()
        calls += 1
    return calls


@pytest.mark.parametrize(("rate", "most"), [(100, 111), (10, 12), (2, 3), (0.5, 1)])
def test_no_more_calls_leave_in_a_second_than_configured_and_a_tenth(rate, most):
    """The tenth is what may leave at once."""
    clock = SteppedClock()
    assert rate * 0.9 <= leave_all(RateLimiter(clock, rate), clock, 1) <= most


def test_in_the_long_run_the_rate_is_kept():
    """Ten seconds at 20 calls a second: 200, and the two of a burst."""
    clock = SteppedClock()
    assert leave_all(RateLimiter(clock, 20), clock, 10) == pytest.approx(201, abs=1)


def test_without_a_rate_calls_leave_at_once():
    """However many."""
    clock = SteppedClock()
    pace = RateLimiter(clock, None)
    for _ in range(1000):
        pace.call_left()
    assert pace.wait_s() == 0


@pytest.mark.parametrize(("asked", "held"), [(2.5, 2.5), (None, 1.0), (-3, 0), (3600, 60)])
def test_a_source_is_left_alone_for_as_long_as_it_asks(asked, held):
    """A second when it does not say, a minute at most."""
    clock = SteppedClock()
    pace = RateLimiter(clock, None)
    pace.pause(asked)
    assert pace.held_s() == pytest.approx(held)
    assert pace.wait_s() == pytest.approx(held)
    clock.passed_s += held
    assert pace.wait_s() == 0


def test_a_shorter_wish_does_not_end_a_longer_one():
    """Two calls under way may each bring a wish."""
    clock = SteppedClock()
    pace = RateLimiter(clock, None)
    pace.pause(5)
    pace.pause(1)
    assert pace.held_s() == pytest.approx(5)


def test_extra_calls_are_a_share_of_all_and_the_reserve():
    """A thousand calls, each of which would like an extra one."""
    budget = RetryBudget(0.1, 10)
    spent = 0
    for _ in range(1000):
        budget.earn()
        spent += budget.spend()
    assert spent == 109


def test_a_quiet_source_saves_no_more_than_the_reserve():
    """A thousand calls that need nothing, then as many extra ones as there are."""
    budget = RetryBudget(0.1, 10)
    for _ in range(1000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 10
