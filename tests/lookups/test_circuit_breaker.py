"""The circuit breaker: when a source is left alone, and when it is asked again."""

import pytest
from structlog.testing import capture_logs

from gateway.lookups.circuit_breaker import CircuitBreaker, SourceHealth
from gateway.settings import BreakerSettings
from tests.support.clocks import SteppedClock


def breaker(**words):
    clock = SteppedClock()
    return CircuitBreaker("orders", BreakerSettings(**words), clock), clock


def ended(one, *results):
    for failed in results:
        one.call_left()
        one.call_ended(failed=failed)


def opened(**words):
    one, clock = breaker(**words)
    ended(one, *[True] * 10)
    assert one.health is SourceHealth.PAUSED
    return one, clock


def test_it_opens_when_nine_of_ten_calls_failed():
    """One answer among ten calls does not keep it shut."""
    one, _ = breaker()
    ended(one, False, *[True] * 8)
    assert not one.refuses
    ended(one, True)
    assert one.refuses
    assert one.health is SourceHealth.PAUSED


def test_it_stays_shut_when_fewer_fail():
    """Two answers among ten, and a hundred calls of which every other one fails."""
    one, _ = breaker()
    ended(one, False, False, *[True] * 8)
    ended(one, *[False, True] * 50)
    assert one.health is SourceHealth.USABLE


def test_nine_calls_are_too_few():
    """However they end."""
    one, _ = breaker()
    ended(one, *[True] * 9)
    assert not one.refuses


def test_what_is_older_than_the_window_does_not_count():
    """Nine failures eleven seconds ago, and one now."""
    one, clock = breaker()
    ended(one, *[True] * 9)
    clock.passed_s += 11
    ended(one, True)
    assert not one.refuses


def test_calls_all_over_the_window_count():
    """One failure a second for ten seconds."""
    one, clock = breaker()
    for _ in range(9):
        ended(one, True)
        clock.passed_s += 1
    assert not one.refuses
    ended(one, True)
    assert one.refuses


def test_a_source_that_dies_under_load_is_left_alone_soon():
    """Twenty failures in a row are enough, however many calls were answered before; nineteen are not."""
    one, _ = breaker()
    ended(one, *[False] * 1000, *[True] * 19, False, *[True] * 19)
    assert not one.refuses
    ended(one, True)
    assert one.refuses


def test_a_row_is_over_with_the_window():
    """Nineteen failures, nothing for eleven seconds, and nine more."""
    one, clock = breaker()
    ended(one, *[False] * 1000, *[True] * 19)
    clock.passed_s += 11
    ended(one, *[True] * 9)
    assert not one.refuses


def test_after_the_pause_one_call_may_leave():
    """And no second one while it is under way."""
    one, clock = opened()
    clock.passed_s += 4.9
    assert one.refuses
    clock.passed_s += 0.1
    assert not one.refuses
    one.call_left()
    assert one.refuses
    assert one.health is SourceHealth.PROBING


def test_a_call_that_finds_the_source_back_shuts_it():
    """What failed before is forgotten: nine failures more do not open it."""
    one, clock = opened()
    clock.passed_s += 5
    ended(one, False, *[True] * 9)
    assert one.health is SourceHealth.USABLE


def test_a_call_that_finds_it_still_away_is_another_pause():
    """Of the same length."""
    one, clock = opened()
    clock.passed_s += 5
    ended(one, True)
    clock.passed_s += 4.9
    assert one.refuses
    clock.passed_s += 0.1
    assert not one.refuses


def test_a_call_that_says_nothing_leaves_the_question_open():
    """It was cancelled, or had too little time: the next call finds out."""
    one, clock = opened()
    clock.passed_s += 5
    ended(one, None)
    assert not one.refuses
    assert one.health is SourceHealth.PAUSED


def test_calls_that_had_left_before_count_where_they_tell_something():
    """One that fails does not lengthen the pause; one that is answered ends it."""
    one, clock = opened()
    clock.passed_s += 4
    one.call_ended(failed=True)
    clock.passed_s += 1
    assert not one.refuses
    other, _ = opened()
    other.call_ended(failed=False)
    assert other.health is SourceHealth.USABLE


def test_it_can_be_switched_off():
    """A hundred failures change nothing."""
    one, _ = breaker(enabled=False)
    ended(one, *[True] * 100)
    assert not one.refuses


def test_the_log_says_when_it_opens_and_closes():
    """Once each, however many calls fail."""
    with capture_logs() as logs:
        one, clock = opened()
        for _ in range(3):
            clock.passed_s += 5
            ended(one, True)
        clock.passed_s += 5
        ended(one, False)
    assert [log["event"] for log in logs] == ["breaker_opened", "breaker_closed"]
    assert logs[0]["pause_s"] == 5


@pytest.mark.parametrize(("rate", "failures", "refuses"), [(0.5, 5, True), (0.5, 4, False), (1.0, 9, False), (1.0, 10, True)])
def test_the_rate_is_a_setting(rate, failures, refuses):
    """Of ten calls, the answered ones first."""
    one, _ = breaker(failure_rate=rate)
    ended(one, *[False] * (10 - failures), *[True] * failures)
    assert one.refuses is refuses
