"""Split long work into turns of the event loop; yield in between."""

import asyncio

IDLE_ROUND_S = 0.0002
"""A round of the loop that takes less has had nothing else to do."""
MIN_TURN_S = 0.002
"""A part of long work gives way once it has taken so long."""
OTHERS_SHARE = 2
"""How much longer than a part took the others have the loop before the next one, where there is anything to do."""


async def give_way(took_s: float) -> None:
    """Yield the loop for twice as long as the last part took. It does not where there is nothing else to do."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(0)
    if loop.time() - began >= IDLE_ROUND_S:
        await asyncio.sleep(OTHERS_SHARE * took_s)


class Turn:
    """A part of long work that restarts after each end."""

    def __init__(self) -> None:
        self._time = asyncio.get_running_loop().time
        self._began = self._time()

    async def end(self) -> None:
        """Give way."""
        await give_way(self._time() - self._began)
        self._began = self._time()

    async def end_if_long(self) -> None:
        """Give way when it has taken long."""
        if self._time() - self._began >= MIN_TURN_S:
            await self.end()
