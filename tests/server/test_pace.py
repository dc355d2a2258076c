"""Long work in a thread pauses while the event loop is busy; work elsewhere never does."""

import threading

import pytest

from gateway.admission import pace
from gateway.admission.pace import REST, SLICE_S, paced, pause_if_due


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock, and the pauses that were made: the first of the list is the time."""
    time = [100.0]

    def sleep(seconds: float) -> None:
        time.append(seconds)
        time[0] += seconds

    monkeypatch.setattr(pace.time, "perf_counter", lambda: time[0])
    monkeypatch.setattr(pace.time, "sleep", sleep)
    return time


def test_work_pauses_after_each_slice(clock: list[float]):
    """For as many times of it as it rests, and not before."""
    with paced(lambda: True):
        for _ in range(4):
            clock[0] += SLICE_S / 2
            pause_if_due()
    assert clock[1:] == [SLICE_S * REST] * 2


def test_work_does_not_pause_while_nobody_waits(clock: list[float]):
    with paced(lambda: False):
        clock[0] += 10 * SLICE_S
        pause_if_due()
    assert clock[1:] == []


def test_other_threads_and_what_comes_after_do_not_pause(clock: list[float]):
    with paced(lambda: True):
        clock[0] += 10 * SLICE_S
        other = threading.Thread(target=pause_if_due)
        other.start()
        other.join()
    pause_if_due()
    assert clock[1:] == []
