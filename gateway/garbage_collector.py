"""Collect garbage at times, and not in the midst of large answers."""

import asyncio
import gc

INTERVAL_S, MIN_YOUNG = 0.1, 1_000
"""So often it is looked whether objects came that stay, and from so many on they are collected."""
MIDDLE_ROUNDS, FULL_YOUNG = 5, 5_000_000
"""In one of so many collections those that stayed in the ones before are collected, too; all may be after so many new ones."""
FULL_GROWTH = 1.25
"""So many times what was left by the last full collection there must be for the next, which takes up to half a second. What is
new at a time is also what is under way: a worker that keeps nothing counts 5,000,000 of it in minutes.
"""
MAX_YOUNG, NEVER = 500_000, 1_000_000_000
"""With so many Python collects by itself, which is for loops that are held. Never all, in the midst of an answer."""


class GarbageCollector:
    """Collect garbage at times, in the loop between requests.

    Python collects after so many new objects, which is in the midst of large answers: it looks through all that they are made
    of, for up to 50 ms, and finds nothing. Between them few new objects are left, as most go when nobody holds them.
    """

    def __init__(self) -> None:
        self._rounds = self._counted = self._old = 0

    async def run(self) -> None:
        """Collect until it is cancelled. Then Python does as before."""
        usual = gc.get_threshold()
        gc.set_threshold(MAX_YOUNG, usual[1], NEVER)
        try:
            while True:
                await asyncio.sleep(INTERVAL_S)
                self.collect_due()
        finally:
            gc.set_threshold(*usual)

    def collect_due(self) -> int | None:
        """Collect what is due. Gives the generation, None where nothing is."""
        young = gc.get_count()[0]
        if young < MIN_YOUNG:
            return None
        self._rounds += 1
        self._counted += young
        generation = 0 if self._rounds % MIDDLE_ROUNDS else 1
        if self._counted > FULL_YOUNG:
            self._counted = 0
            if len(gc.get_objects(2)) > FULL_GROWTH * self._old:
                generation = 2
        gc.collect(generation)
        if generation == 2:
            self._old = len(gc.get_objects(2))
        return generation
