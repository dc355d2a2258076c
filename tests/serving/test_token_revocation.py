"""Tokens are revoked under load, in every worker."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway.access.revocation_file import RevocationFile
from gateway.access.revocations import Revocation
from tests.access.test_tokens import AUDIENCE, ISSUER, Issuer
from tests.serving.conftest import ProbeConfig
from tests.serving.test_key_rotation import ANSWERED, Load
from tests.support.fixtures_mongodb import HandClock
from tests.support.http_source import serving
from tests.support.serve_process import serve_process

ACCESS = """
[access.revocations]
file = "revoked.json"
[access.issuers.id]
issuer = "{issuer}"
audience = "{audience}"
algorithm = "RS256"
keys = "{keys}"
caller = "acme"
[callers.acme]
"""


@pytest.mark.parametrize("way", ["by id", "by time"])
async def test_tokens_are_revoked_under_load(probes: ProbeConfig, way: str):
    """All workers remember them by then, and refuse them. No request with another token fails."""
    issuer, now = Issuer(HandClock()), datetime.now(UTC)
    ended, other = (
        issuer.token(jti=name, iat=(now + timedelta(seconds=seconds)).timestamp()) for name, seconds in (("a", -60), ("b", 0))
    )
    by_id = Revocation(ISSUER, now, token_id="a", ends_at=now + timedelta(hours=1))
    by_time = Revocation(ISSUER, now, issued_before=now - timedelta(seconds=30))
    async with serving(issuer.answer) as base_url:
        probes.write(crm="", more=ACCESS.format(issuer=ISSUER, audience=AUDIENCE, keys=f"{base_url}/keys"))
        with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
            await asyncio.to_thread(gateway.wait_ready, 2)
            load = Load(gateway.port, [ended, other])
            for text in (ended, other):
                assert await load.answers(text, 200) == {ANSWERED}
            await RevocationFile(probes.folder / "revoked.json").add(by_id if way == "by id" else by_time)
            while ANSWERED in await load.answers(ended, 200):  # a worker goes on until it has heard of it
                pass
            await load.answers(other, 200)
            await load.end()
    assert set(load.by_key[other].answers) == {ANSWERED}
    refused = set(load.by_key[ended].answers) - {ANSWERED}
    assert {json.loads(answer)["errors"][0]["extensions"]["code"] for answer in refused} == {"UNAUTHENTICATED"}
