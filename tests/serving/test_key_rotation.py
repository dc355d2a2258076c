"""Keys are exchanged and ended under load, in every worker."""

import asyncio
import json
from datetime import UTC, datetime

from gateway.access.api_keys import new_key
from gateway.access.key_file import KeyFile
from tests.serving.conftest import ProbeConfig
from tests.support.callers import Callers
from tests.support.serve_process import serve_process

SECRET = "a secret of digests that is long enough"
ACCESS = f'[access.keys]\nsecret = "{SECRET}"\nfile = "keys.json"\n[callers.acme]\n'
CALLERS_OF_EACH = 8
ANSWERED = "Ana Souza"


class Load:
    """So many callers for each of some keys, each on a connection of its own; after 20 answers he comes on a new one."""

    def __init__(self, port: int, texts: list[str]) -> None:
        self.by_key = {text: Callers(port, "name", f"authorization: Bearer {text}") for text in texts}
        self._tasks = [asyncio.create_task(own.run(20)) for own in self.by_key.values() for _ in range(CALLERS_OF_EACH)]

    async def answers(self, text: str, more: int) -> set[str]:
        """What the callers of a key get from now on, in so many answers."""
        answers = self.by_key[text].answers
        before = answers.copy()
        while (answers - before).total() < more:
            await asyncio.sleep(0.01)
        return set(answers - before)

    async def end(self) -> None:
        for own in self.by_key.values():
            own.is_over = True
        await asyncio.wait(self._tasks)


async def made(keys: KeyFile) -> tuple[str, str]:
    text, key = new_key("acme", SECRET, datetime.now(UTC))
    await keys.add(key)
    return text, key.id


async def test_keys_are_exchanged_under_load(probes: ProbeConfig):
    """Of 32 callers with four keys, three of which are exchanged and one is ended: no request with a key that holds fails."""
    keys = KeyFile(probes.folder / "keys.json")
    old = [await made(keys) for _ in range(4)]
    probes.write(crm="", more=ACCESS)
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        await asyncio.to_thread(gateway.wait_ready, 2)
        load = Load(gateway.port, [text for text, _ in old])
        for text, _ in old:
            assert await load.answers(text, 50) == {ANSWERED}
        new = [await made(keys) for _ in range(3)]
        latest = Load(gateway.port, [text for text, _ in new])
        for text, _ in new:
            await latest.answers(text, 50)
        for _, id_ in old:
            await keys.end(id_, datetime.now(UTC))
        for text, _ in old:  # a worker goes on until it has heard of it
            while ANSWERED in await load.answers(text, 200):
                pass
        for text, _ in new:
            await latest.answers(text, 200)
        await asyncio.gather(load.end(), latest.end())
    assert {name for text, _ in new for name in latest.by_key[text].answers} == {ANSWERED}
    refused = {name for text, _ in old for name in load.by_key[text].answers} - {ANSWERED}
    assert {json.loads(answer)["errors"][0]["extensions"]["code"] for answer in refused} == {"UNAUTHENTICATED"}
