"""A session that began at one worker is known to all."""

import asyncio
import json
from datetime import UTC, datetime

import httpx2

from gateway.access.api_keys import new_key
from gateway.access.key_file import KeyFile
from tests.serving.conftest import ProbeConfig
from tests.support.people_session import CSRF, SECRET, WHO
from tests.support.serve_process import serve_process


async def test_a_session_is_known_to_every_worker(probes: ProbeConfig):
    """Also with a key that was just made; and each of two workers ends it with the key."""
    secret = "a secret of digests that is long enough"
    keys = KeyFile(probes.folder / "keys.json")
    pages = f'[pages]\nenabled = true\nsecret = "{SECRET}"\n'
    probes.write(crm="", more=f'[access.keys]\nsecret = "{secret}"\nfile = "keys.json"\n[callers.acme]\n{pages}')
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        await asyncio.to_thread(gateway.wait_ready, 2)
        text, key = new_key("acme", secret, datetime.now(UTC))
        await keys.add(key)
        async with httpx2.AsyncClient(base_url=gateway.url, timeout=60) as client:
            begun = await client.post("/session", headers={"authorization": f"Bearer {text}", **CSRF})
        assert begun.status_code == 204, begun.text
        session = {"cookie": begun.headers["set-cookie"].partition(";")[0], **CSRF, "connection": "close"}

        async def statuses() -> set[int]:
            """Each on a connection of its own, so that every worker answers some."""
            async with httpx2.AsyncClient(base_url=gateway.url, timeout=60) as client:
                answers = [await client.post("/graphql", json={"query": WHO}, headers=session) for _ in range(40)]
            return {answer.status_code for answer in answers}

        assert await statuses() == {200}
        await keys.end(key.id, datetime.now(UTC), is_revoked=True)
        while await statuses() != {401}:
            pass
        assert text not in json.dumps(gateway.lines)
        assert begun.headers["set-cookie"].partition("=")[2].partition(";")[0] not in json.dumps(gateway.lines)
