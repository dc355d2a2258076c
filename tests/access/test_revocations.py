"""Tokens that are revoked hold no more: by id, or by when they were issued; wherever that is kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from gateway.access.replica import REFRESH_S
from gateway.access.revocation_file import RevocationFile
from gateway.access.revocation_table import RevocationTable
from gateway.access.revocations import Revocation, Revocations, merge_revocation
from gateway.access.tokens import Tokens
from gateway.app import create_services
from gateway.clock import CLOCK_TOLERANCE
from gateway.errors import AccessUnavailableError, StoreError, UnauthenticatedError
from gateway.revisions import close_services, open_services
from gateway.settings import parse_settings
from gateway.settings.access_settings import IssuerSettings
from gateway.store.mongo import Mongo
from gateway.store.revoked_tokens import RevokedTokenCollection
from tests.access.test_tokens import CONSOLE, ISSUER, Issuer, issuer, settings_of, verified
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.http_source import serving

__all__ = ["issuer"]
SECRET = "a secret of digests that is long enough"


@pytest.fixture(params=["file", "mongodb"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, mongo: Mongo) -> Revocations:
    return RevocationFile(tmp_path / "revoked.json") if request.param == "file" else RevokedTokenCollection(mongo)


def of_one(clock: HandClock, token_id: str, ends_in_s: float = 3_600, issuer: str = ISSUER) -> Revocation:
    now = clock.now().replace(microsecond=0)
    return Revocation(issuer, now, token_id=token_id, ends_at=now + timedelta(seconds=ends_in_s))


def of_all(clock: HandClock, ago_s: float = 0, issuer: str = ISSUER) -> Revocation:
    now = clock.now().replace(microsecond=0)
    return Revocation(issuer, now, issued_before=now - timedelta(seconds=ago_s))


def in_order(found: Sequence[Revocation]) -> list[Revocation]:
    return sorted(found, key=lambda own: (own.issuer, own.token_id or ""))


@pytest.mark.mongodb
async def test_revocations_are_kept_until_they_are_over(kept: Revocations, hand_clock: HandClock):
    """Each has a version of its own. An id goes when its token has ended by every clock; what is of all tokens never does."""
    versions = [await kept.version()]
    assert list(await kept.read()) == []
    soon, late, every = of_one(hand_clock, "a", 60), of_one(hand_clock, "b"), of_all(hand_clock)
    for own in (soon, late, every):
        await kept.add(own)
        versions.append(await kept.version())
    assert in_order(await kept.read()) == [every, soon, late]
    hand_clock.advance(timedelta(seconds=60) + CLOCK_TOLERANCE)
    await kept.add(other := of_one(hand_clock, "c"))
    assert in_order(await kept.read()) == [every, soon, late, other]
    hand_clock.advance(timedelta(seconds=2))
    await kept.add(last := of_one(hand_clock, "d", issuer="another"))
    assert in_order(await kept.read()) == [last, every, late, other]
    versions.append(await kept.version())
    assert len(set(versions)) == len(versions)


@pytest.mark.mongodb
async def test_what_is_revoked_is_not_taken_back(kept: Revocations, hand_clock: HandClock):
    """By a shorter term, or an earlier time. The same id of another issuer is another token."""
    longer, later = of_one(hand_clock, "a", 3_600), of_all(hand_clock, ago_s=60)
    others = [of_one(hand_clock, "a", 5, issuer="another"), of_all(hand_clock, issuer="another")]
    for own in (longer, later, *others, of_one(hand_clock, "a", 60), of_all(hand_clock, ago_s=600)):
        await kept.add(own)
    assert in_order(await kept.read()) == in_order([longer, later, *others])
    await kept.add(longest := of_one(hand_clock, "a", 7_200))
    await kept.add(latest := of_all(hand_clock, ago_s=30))
    assert in_order(await kept.read()) == in_order([longest, latest, *others])


def test_merged_revocations_are_each_there_once(hand_clock: HandClock):
    first, second = of_one(hand_clock, "a", 60), of_one(hand_clock, "a", 30)
    assert merge_revocation([first], second) == [first]


@pytest.mark.mongodb
async def test_a_document_that_is_no_revocation_is_told(mongo: Mongo, hand_clock: HandClock):
    """It may be one that somebody wrote by hand. To leave it out would give a revoked token back."""
    kept = RevokedTokenCollection(mongo)
    await kept.add(of_one(hand_clock, "a"))
    await mongo.run(lambda database: database["revoked_tokens"].insert_one({"issuer": 7}), kind="write")
    with pytest.raises(StoreError, match="is no revocation of these commands"):
        await kept.read()


async def test_a_file_that_goes_while_it_is_read_is_not_one_without_revocations(tmp_path: Path, hand_clock: HandClock):
    """It was there when its version was told."""
    file = RevocationFile(tmp_path / "revoked.json")
    await file.add(of_all(hand_clock))
    await file.version()
    (tmp_path / "revoked.json").unlink()
    with pytest.raises(StoreError, match="is gone"):
        await file.read()


async def test_a_folder_that_is_away_is_not_one_without_revocations(tmp_path: Path):
    """As of a volume that is not mounted: a worker that starts then does not know what is revoked."""
    with pytest.raises(StoreError, match="the file of the revoked tokens is gone"):
        await RevocationFile(tmp_path / "away" / "revoked.json").version()


class Known:
    """Revocations that are away when they are told to be."""

    def __init__(self) -> None:
        self.entries: list[Revocation] = []
        self.is_away = False

    async def version(self) -> int:
        if self.is_away:
            raise StoreError("away")
        return len(self.entries)

    async def read(self) -> Sequence[Revocation]:
        return list(self.entries)

    async def add(self, revocation: Revocation) -> None:
        self.entries.append(revocation)


@asynccontextmanager
async def tokens_with(issuer: Issuer, known: Known) -> AsyncIterator[tuple[Tokens, RevocationTable]]:
    table = RevocationTable(known, 60, issuer.clock)
    async with serving(issuer.answer) as base_url:
        own = {"id": IssuerSettings.model_validate(settings_of(base_url))}
        tokens = Tokens(own, {}, issuer.clock, table)
        await tokens.start()
        try:
            yield tokens, table
        finally:
            await tokens.aclose()


async def holds(tokens: Tokens, text: str) -> bool:
    """Whether a token holds, as a request finds out: remembered or not."""
    try:
        caller = tokens.find(text.encode()) or await verified(tokens, text)
    except UnauthenticatedError as refused:
        if str(refused) != "the token is revoked; ask for a new one":
            raise
        return False
    assert caller == CONSOLE
    return True


async def test_a_token_is_revoked_by_its_id(issuer: Issuer):
    """Whether it was verified before or not; one without an id, or of another issuer, is not this one."""
    known = Known()
    seen, unseen, other = issuer.token(jti="a"), issuer.token(jti="a", sub="u2"), issuer.token(jti="b")
    unnamed = issuer.token()
    async with tokens_with(issuer, known) as (tokens, table):
        await table.refresh()
        assert await holds(tokens, seen)
        await known.add(of_one(issuer.clock, "a", issuer="https://another.example.com/"))
        await table.refresh()
        assert await holds(tokens, seen)
        await known.add(of_one(issuer.clock, "a"))
        await table.refresh()
        for _ in range(2):
            assert [await holds(tokens, text) for text in (seen, unseen, other, unnamed)] == [False, False, True, True]


async def test_a_revoked_token_is_not_verified_again(issuer: Issuer):
    """Who goes on to send it costs a look at what is remembered, no signature."""
    known = Known()
    text = issuer.token(jti="a")
    await known.add(of_one(issuer.clock, "a"))
    async with tokens_with(issuer, known) as (tokens, table):
        await table.refresh()
        assert not await holds(tokens, text)
        with pytest.raises(UnauthenticatedError, match="is revoked"):
            tokens.find(text.encode())


@pytest.mark.parametrize(
    ("issued_at", "expected"),
    [
        (0, True),
        (0.5, True),
        (-0.5, False),
        (-1, False),
        (None, False),
        ("now", False),
        (float("nan"), False),
        (float("inf"), False),
    ],
    ids=str,
)
async def test_all_tokens_from_before_are_revoked(issuer: Issuer, issued_at: Any, expected: bool):
    """Those that do not say when they were issued, too. Without such a revocation it is not asked of a token."""
    known, now = Known(), issuer.clock.now().replace(microsecond=0).timestamp()
    text = issuer.token(iat=now + issued_at if isinstance(issued_at, int | float) else issued_at)
    async with tokens_with(issuer, known) as (tokens, table):
        await table.refresh()
        assert await holds(tokens, text)
        await known.add(of_all(issuer.clock, issuer="https://another.example.com/"))
        await table.refresh()
        assert await holds(tokens, text)
        await known.add(of_all(issuer.clock))
        await table.refresh()
        for _ in range(2):
            assert await holds(tokens, text) is expected


async def test_tokens_hold_for_a_while_where_it_is_not_known_what_is_revoked(issuer: Issuer):
    """After that it cannot be told whether one holds. So it is at the start."""
    known = Known()
    text, other = issuer.token(jti="a"), issuer.token(jti="b")
    async with tokens_with(issuer, known) as (tokens, table):
        with pytest.raises(AccessUnavailableError):
            await verified(tokens, text)
        await table.refresh()
        assert await holds(tokens, text)
        known.is_away = True
        issuer.clock.advance(timedelta(seconds=60 + REFRESH_S))
        assert await holds(tokens, text)
        issuer.clock.advance(timedelta(seconds=0.1))
        with pytest.raises(AccessUnavailableError):
            tokens.find(text.encode())
        with pytest.raises(AccessUnavailableError):
            await verified(tokens, other)
        known.is_away = False
        await table.refresh()
        assert [await holds(tokens, own) for own in (text, other)] == [True, True]


QUERY = '{ customer(by: {id: "c1"}) { name } }'


@pytest.mark.parametrize("place", ["keys", "revocations"])
async def test_a_token_is_revoked_while_the_gateway_runs(issuer: Issuer, tmp_path: Path, place: str):
    """In the file beside that of the keys, or in one of its own. Others are not disturbed."""
    file = {"keys": "keys.json", "revocations": "revoked.json"}[place]
    written = {"keys": "keys.revoked.json", "revocations": "revoked.json"}[place]
    own = {"file": str(tmp_path / file)} | ({"secret": SECRET} if place == "keys" else {})
    ended, other = issuer.token(jti="a"), issuer.token(jti="b")
    async with serving(issuer.answer) as base_url:
        access = {"issuers": {"id": settings_of(base_url)}, place: own}
        async with gateway_on([shop.crm()], access=access, callers={"console": {}}) as gateway:
            assert "errors" not in await gateway.ask(QUERY, authorization=f"Bearer {ended}")
            await RevocationFile(tmp_path / written).add(of_one(issuer.clock, "a"))
            async with asyncio.timeout(60):
                while "errors" not in await gateway.ask(QUERY, authorization=f"Bearer {ended}"):
                    assert "errors" not in await gateway.ask(QUERY, authorization=f"Bearer {other}")
                    await asyncio.sleep(0.05)


async def test_what_cannot_be_read_is_503(issuer: Issuer, tmp_path: Path):
    """Keys and anonymous callers are not refused for it."""
    (tmp_path / "revoked.json").write_text("odd")
    async with serving(issuer.answer) as base_url:
        access = {
            "issuers": {"id": settings_of(base_url)},
            "revocations": {"file": str(tmp_path / "revoked.json")},
            "anonymous": "console",
        }
        async with gateway_on([shop.crm()], access=access, callers={"console": {}}) as gateway:
            header = {"authorization": f"Bearer {issuer.token()}"}
            answer = await gateway.client.post("/graphql", json={"query": QUERY}, headers=header)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["errors"][0]["extensions"]["code"] == "ACCESS_UNAVAILABLE"
            assert "errors" not in await gateway.ask(QUERY)


@pytest.mark.parametrize("changes", [{}, {"stale_s": 90}, {"file": "other.json"}])
async def test_revoked_tokens_stay_revoked_over_a_reload(issuer: Issuer, tmp_path: Path, changes: dict[str, Any]):
    """Where its settings are the same, what is known is shared; else it is read anew, and nothing that was remembered holds."""
    ended = issuer.token(jti="a")
    for name in ("revoked.json", "other.json"):
        await RevocationFile(tmp_path / name).add(of_one(issuer.clock, "a"))
    async with serving(issuer.answer) as base_url:
        crm, own = shop.crm(), {"file": str(tmp_path / "revoked.json")}
        changed = {name: str(tmp_path / value) if name == "file" else value for name, value in changes.items()}
        first, second = (
            settings_for(
                [crm], access={"issuers": {"id": settings_of(base_url)}, "revocations": place}, callers={"console": {}}
            )
            for place in (own, own | changed)
        )
        before = create_services(first, connectors=[crm])
        await open_services(before)
        after = create_services(second, connectors=[crm], previous=before)
        await open_services(after, before)
        await close_services(before, after)
        assert (after.callers.revocations is before.callers.revocations) is (not changes)
        assert (after.callers.tokens is before.callers.tokens) is (not changes)
        tokens = after.callers.tokens
        assert tokens is not None
        assert not await holds(tokens, ended)
        await close_services(after)


COMPANY = {"issuer": ISSUER, "audience": "a", "algorithm": "RS256", "keys": "https://id.example.com/", "caller": "console"}


@pytest.mark.parametrize(
    ("access", "problem"),
    [
        ({"anonymous": "console", "revocations": {}}, "access.revocations: there are no tokens to revoke; add access.issuers"),
        ({"issuers": {"id": COMPANY}, "revocations": {"stale_s": 4}}, "access.revocations.stale_s: "),
    ],
)
def test_revocations_that_do_not_fit_are_told(access: dict[str, Any], problem: str):
    with pytest.raises(ConfigurationError) as refused:
        parse_settings({"sources": {"crm": {"kind": "demo"}}, "callers": {"console": {}}, "access": access})
    (told,) = refused.value.problems
    assert told.startswith(f"settings: {problem}")


def test_revocations_in_mongodb_need_one():
    settings = settings_for([shop.crm()], access={"issuers": {"id": COMPANY}, "revocations": {}}, callers={"console": {}})
    with pytest.raises(ConfigurationError, match=r"access\.revocations: they are kept in MongoDB, and there is none"):
        create_services(settings, connectors=[shop.crm()])


def test_tokens_of_issuers_alone_need_no_store():
    """Nor do they fail with one: without [access.keys] and [access.revocations] a token holds until it ends, as it says."""
    settings = settings_for([shop.crm()], access={"issuers": {"id": COMPANY}}, callers={"console": {}})
    assert create_services(settings, connectors=[shop.crm()]).callers.revocations is None
