"""Tokens of issuers: whose signature counts, for how long, and what is asked of the issuer."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import timedelta
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr

from connectors.errors import ConfigurationError
from gateway.access.caller import Caller
from gateway.access.callers import Callers
from gateway.access.operators import Operators
from gateway.access.tokens import FETCH_S, MAX_AGE_S, MAX_TOKEN_BYTES, MAX_VERIFIED, Tokens
from gateway.app import create_services
from gateway.errors import AccessUnavailableError, UnauthenticatedError
from gateway.revisions import close_services, open_services
from gateway.services import Services
from gateway.settings import parse_settings
from gateway.settings.access_settings import CallerSettings, IssuerSettings
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.http_source import serving

CONSOLE = Caller("console")
ISSUER, AUDIENCE = "https://id.example.com/", "gateway"
OWN, OTHER, CURVE = (
    rsa.generate_private_key(public_exponent=65_537, key_size=2048),
    rsa.generate_private_key(public_exponent=65_537, key_size=2048),
    ec.generate_private_key(ec.SECP256R1()),
)


def public(key: Any, name: str | None, **more: Any) -> dict[str, Any]:
    """The public part as an issuer lists it."""
    algorithm = jwt.algorithms.ECAlgorithm if key is CURVE else jwt.algorithms.RSAAlgorithm
    return json.loads(algorithm.to_jwk(key.public_key())) | ({} if name is None else {"kid": name}) | more


class Issuer:
    """An issuer that signs, and lists its keys. It counts how often it was asked."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.keys: list[Any] = [public(OWN, "one", use="sig", alg="RS256")]
        self.status = 200
        self.asked = 0
        self.open, self.reached = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if not self.open.is_set():
            self.reached.set()
            await self.open.wait()
        return web.json_response({"keys": self.keys}, status=self.status)

    def token(self, key: Any = OWN, name: str | None = "one", alg: str = "RS256", **changes: Any) -> str:
        """A token for the next hour. A change to None takes a claim away."""
        now = self.clock.now().timestamp()
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "iat": now, "exp": now + 3_600} | changes
        headers = {} if name is None else {"kid": name}
        return jwt.encode({own: value for own, value in claims.items() if value is not None}, key, alg, headers)


@pytest.fixture
def issuer(hand_clock: HandClock) -> Issuer:
    return Issuer(hand_clock)


def settings_of(base_url: str, algorithm: str = "RS256") -> dict[str, Any]:
    return {"issuer": ISSUER, "audience": AUDIENCE, "algorithm": algorithm, "keys": f"{base_url}/keys", "caller": "console"}


@asynccontextmanager
async def tokens_of(issuer: Issuer, algorithm: str = "RS256") -> AsyncIterator[Tokens]:
    async with serving(issuer.answer) as base_url:
        tokens = Tokens({"id": IssuerSettings.model_validate(settings_of(base_url, algorithm))}, {}, issuer.clock)
        await tokens.start()
        try:
            yield tokens
        finally:
            await tokens.aclose()


def verified(tokens: Tokens, text: str) -> Coroutine[Any, Any, Caller]:
    """Verify a token that is found again by its own text."""
    return tokens.verify(text, text.encode())


async def test_a_token_names_the_caller_of_its_issuer(issuer: Issuer):
    """It is verified once, and remembered until it ends."""
    async with tokens_of(issuer) as tokens:
        text = issuer.token(exp=issuer.clock.now().timestamp() + 60)
        assert tokens.find(text.encode()) is None
        assert await verified(tokens, text) == CONSOLE
        assert tokens.find(text.encode()) == CONSOLE
        assert tokens.find(text.encode() + b"A") is None
        issuer.clock.advance(timedelta(seconds=60))
        assert tokens.find(text.encode()) is None
        with pytest.raises(UnauthenticatedError, match="holds no more"):
            await verified(tokens, text)


def forged(issuer: Issuer) -> dict[str, str]:
    """Tokens that are not valid, each by what is wrong with it."""
    good = issuer.token()
    head, payload, signature = good.split(".")
    secret = jwt.utils.base64url_encode(b'{"alg":"none","kid":"one"}').decode()
    by_public_key = jwt.utils.base64url_encode(b'{"alg":"HS256","kid":"one"}').decode()
    return {
        "another key": issuer.token(OTHER),
        "another algorithm": issuer.token(alg="RS512"),
        "no algorithm": f"{secret}.{payload}.",
        "an algorithm of secrets": f"{by_public_key}.{payload}.{signature}",
        "another issuer": issuer.token(iss="https://id.example.com"),
        "issuers": issuer.token(iss=None),
        "another audience": issuer.token(aud="shop"),
        "no audience": issuer.token(aud=None),
        "no end": issuer.token(exp=None),
        "an end in words": issuer.token().replace(payload, jwt.utils.base64url_encode(b'{"exp":"later"}').decode()),
        "an end that is over": issuer.token(exp=issuer.clock.now().timestamp()),
        "an end that never comes": issuer.token(exp=float("inf")),
        "an end that is no number": issuer.token(exp=float("nan")),
        "a beginning that is no number": issuer.token(nbf=float("nan")),
        "a beginning to come": issuer.token(nbf=issuer.clock.now().timestamp() + 120),
        "no name of a key": issuer.token(name=None),
        "an unknown key": issuer.token(name="two"),
        "an id that is no text": issuer.token(jti=7),
        "a critical header": jwt.encode({"iss": ISSUER, "aud": AUDIENCE}, OWN, "RS256", {"kid": "one", "crit": ["x"], "x": 1}),
        "a changed payload": f"{head}.{payload[:-2]}AA.{signature}",
        "no signature": f"{head}.{payload}.",
        "no parts": "..",
        "no text": "a.b.c",
        "too long": f"{good}{'A' * MAX_TOKEN_BYTES}",
    }


@pytest.mark.parametrize("wrong", forged(Issuer(HandClock())))
async def test_what_is_not_signed_for_us_is_nobodys(issuer: Issuer, wrong: str):
    """Whatever a token says of itself: algorithm, key, issuer and audience are those of the settings."""
    text = forged(issuer)[wrong]
    async with tokens_of(issuer) as tokens:
        with pytest.raises(UnauthenticatedError, match=r"^the token ") as refused:
            await verified(tokens, text)
        assert not any(word in str(refused.value) for word in ("id.example", "u1", "RS256"))
        assert tokens.find(text.encode()) is None


async def test_keys_that_are_not_for_signatures_count_for_nothing(issuer: Issuer):
    issuer.keys = [
        public(OWN, "one", use="enc"),
        public(OWN, "two", alg="RS512"),
        {"kty": "oct", "kid": "three", "k": "c2VjcmV0"},
        public(CURVE, "four"),
        public(OWN, "five"),
    ]
    async with tokens_of(issuer) as tokens:
        for name in ("one", "two", "three", "four"):
            with pytest.raises(UnauthenticatedError):
                await verified(tokens, issuer.token(name=name))
        assert await verified(tokens, issuer.token(name="five")) == CONSOLE


@pytest.mark.parametrize(
    "odd",
    [
        "odd",
        {"kty": "RSA", "kid": "two"},
        {"kty": "RSA", "kid": "two", "n": 5, "e": "AQAB"},
        public(OTHER, None, kid=["two"]),
        json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER)) | {"kid": "two"},
    ],
    ids=["no object", "no parts", "odd parts", "an odd name", "a private one"],
)
async def test_a_key_that_cannot_be_used_does_not_cost_the_others(issuer: Issuer, odd: Any):
    issuer.keys.append(odd)
    async with tokens_of(issuer) as tokens:
        assert await verified(tokens, issuer.token()) == CONSOLE
        with pytest.raises(UnauthenticatedError):
            await verified(tokens, issuer.token(OTHER, "two"))


async def test_a_key_that_names_no_algorithm_is_for_that_of_the_settings(issuer: Issuer):
    issuer.keys = [public(OWN, "one")]
    async with tokens_of(issuer, "PS256") as tokens:
        assert await verified(tokens, issuer.token(alg="PS256")) == CONSOLE


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_short_key_is_refused(issuer: Issuer):
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1024)
    issuer.keys = [public(short, "one")]
    async with tokens_of(issuer) as tokens:
        with pytest.raises(UnauthenticatedError):
            await verified(tokens, issuer.token(short))


async def test_a_caller_who_leaves_does_not_end_a_fetch(issuer: Issuer):
    """Others wait for it, and the next would come in half a minute."""
    async with tokens_of(issuer) as tokens:
        issuer.keys.append(public(OTHER, "two"))
        issuer.clock.advance(timedelta(seconds=FETCH_S))
        issuer.open.clear()
        leaves, stays = (asyncio.create_task(verified(tokens, issuer.token(OTHER, "two"))) for _ in range(2))
        await issuer.reached.wait()
        leaves.cancel()
        await asyncio.wait({leaves})
        issuer.open.set()
        assert await stays == CONSOLE
        assert issuer.asked == 2


@pytest.mark.parametrize(("audience", "refused"), [(AUDIENCE, None), ("shop", AccessUnavailableError)])
async def test_known_keys_outlast_a_reload(issuer: Issuer, audience: str, refused: type[Exception] | None):
    """Those of an issuer with the same settings, though it is away by then, and another one is new."""
    async with serving(issuer.answer) as base_url, AsyncExitStack() as stack:
        own = settings_of(base_url)
        previous: Services | None = None
        for issuers in ({"id": own}, {"id": own | {"audience": audience}, "new": own | {"issuer": "https://new.example.com/"}}):
            crm = shop.crm()
            settings = settings_for([crm], access={"issuers": issuers}, callers={"console": {}})
            services = create_services(settings, connectors=[crm], clock=issuer.clock, previous=previous)
            await open_services(services, previous)
            stack.push_async_callback(close_services, services)
            previous, issuer.status = services, 503
        assert previous is not None
        assert previous.callers.tokens is not None
        with nullcontext() if refused is None else pytest.raises(refused):
            assert await verified(previous.callers.tokens, issuer.token(aud=audience)) == CONSOLE
        assert issuer.asked == 3


async def test_a_close_waits_for_a_fetch(issuer: Issuer):
    """As when the settings are read again while a token is verified."""
    async with tokens_of(issuer) as tokens:
        issuer.keys.append(public(OTHER, "two"))
        issuer.clock.advance(timedelta(seconds=FETCH_S))
        issuer.open.clear()
        verifying = asyncio.create_task(verified(tokens, issuer.token(OTHER, "two")))
        await issuer.reached.wait()
        closing = asyncio.create_task(tokens.aclose())
        issuer.open.set()
        assert await verifying == CONSOLE
        await closing


async def test_a_curve_is_an_algorithm_of_its_own(issuer: Issuer):
    issuer.keys = [public(CURVE, "one"), public(OWN, "two")]
    async with tokens_of(issuer, "ES256") as tokens:
        assert await verified(tokens, issuer.token(CURVE, alg="ES256")) == CONSOLE
        with pytest.raises(UnauthenticatedError):
            await verified(tokens, issuer.token(OWN, name="two"))


async def test_an_unknown_key_is_asked_for_seldom(issuer: Issuer):
    """However many tokens name one; a new key of the issuer is known by then."""
    async with tokens_of(issuer) as tokens:
        issuer.keys.append(public(OTHER, "two"))
        assert issuer.asked == 1
        for _ in range(5):
            with pytest.raises(UnauthenticatedError):
                await verified(tokens, issuer.token(OTHER, "two"))
        assert issuer.asked == 1
        issuer.clock.advance(timedelta(seconds=FETCH_S))
        assert await verified(tokens, issuer.token(OTHER, "two")) == CONSOLE
        for name in ("three", "four"):
            with pytest.raises(UnauthenticatedError):
                await verified(tokens, issuer.token(OTHER, name))
        assert issuer.asked == 2


async def test_a_key_that_was_taken_back_is_forgotten(issuer: Issuer):
    """After an hour; where the issuer is away, what is known stays."""
    async with tokens_of(issuer) as tokens:
        issuer.keys = [public(OTHER, "two")]
        issuer.status = 503
        issuer.clock.advance(timedelta(seconds=MAX_AGE_S + 1))
        assert await verified(tokens, issuer.token()) == CONSOLE
        issuer.status = 200
        issuer.clock.advance(timedelta(seconds=FETCH_S))
        with pytest.raises(UnauthenticatedError):
            await verified(tokens, issuer.token())


async def test_without_keys_it_cannot_be_told_whose_a_token_is(issuer: Issuer):
    """An issuer that is away at the start is asked again; what is no JWKS is none."""
    issuer.status = 503
    async with tokens_of(issuer) as tokens:
        with pytest.raises(AccessUnavailableError):
            await verified(tokens, issuer.token())
        issuer.status, issuer.keys = 200, ["odd"]
        issuer.clock.advance(timedelta(seconds=FETCH_S))
        with pytest.raises(AccessUnavailableError):
            await verified(tokens, issuer.token())
        issuer.keys = [public(OWN, "one")]
        issuer.clock.advance(timedelta(seconds=FETCH_S))
        assert await verified(tokens, issuer.token()) == CONSOLE


async def test_few_tokens_are_remembered(issuer: Issuer, monkeypatch: pytest.MonkeyPatch):
    """Those used last."""
    assert MAX_VERIFIED == 10_000
    monkeypatch.setattr("gateway.access.tokens.MAX_VERIFIED", 2)
    async with tokens_of(issuer) as tokens:
        texts = [issuer.token(sub=f"u{number}") for number in range(3)]
        for text in texts[:2]:
            await verified(tokens, text)
        tokens.find(texts[0].encode())
        await verified(tokens, texts[2])
        assert [tokens.find(text.encode()) for text in texts] == [CONSOLE, None, CONSOLE]


async def test_who_shows_a_token_may_ask(issuer: Issuer):
    """Beside those who have keys."""
    query = '{ customer(by: {id: "c1"}) { name } }'
    async with serving(issuer.answer) as base_url:
        words: dict[str, Any] = {"access": {"issuers": {"id": settings_of(base_url)}}, "callers": {"console": {}}}
        async with gateway_on([shop.crm()], with_clock=issuer.clock, **words) as gateway:
            for _ in range(2):
                answer = await gateway.ask(query, authorization=f"Bearer {issuer.token()}")
                assert answer == {"data": {"customer": {"name": "Ana Souza"}}}
            for header in (
                {},
                {"authorization": f"Bearer {issuer.token(OTHER)}"},
                {"authorization": f"Basic {issuer.token()}"},
            ):
                refused = await gateway.client.post("/graphql", json={"query": query}, headers=header)
                assert refused.status_code == 401


CHOSEN = [("agency", "agency"), ("openid agency email", "agency"), (["x", "console"], "console")]
NOT_CHOSEN: list[Any] = ["agency console", "agenc", "other", [], 7, None, {"agency": True}]


@pytest.mark.parametrize(("roles", "caller"), [*CHOSEN, *((roles, None) for roles in NOT_CHOSEN)])
async def test_a_token_chooses_among_callers(issuer: Issuer, roles: Any, caller: str | None):
    """One of those of its issuer, and one only; another caller of the settings is none of them."""
    async with serving(issuer.answer) as base_url:
        own = settings_of(base_url) | {"caller_claim": "roles", "callers": ["console", "agency"]}
        del own["caller"]
        callers: dict[str, Any] = {"console": {}, "agency": {"customers": "claim:sub"}, "other": {}}
        crm = shop.crm()
        settings = settings_for([crm], access={"issuers": {"id": own}}, callers=callers)
        services = create_services(settings, clock=issuer.clock, connectors=[crm])
        await open_services(services)
        try:
            assert services.callers.tokens is not None
            verifying = services.callers.tokens.verify(issuer.token(roles=roles), b"digest")
            if caller is None:
                with pytest.raises(UnauthenticatedError):
                    await verifying
            else:
                assert await verifying == Caller(caller, "u1" if caller == "agency" else None)
        finally:
            await close_services(services)


async def test_an_operator_whose_key_looks_like_a_token_is_known(issuer: Issuer):
    key = f"{'a' * 32}.{'b' * 32}.{'c' * 32}"
    async with tokens_of(issuer) as tokens:
        callers = Callers({"console": CallerSettings()}, None, None, tokens, Operators({"ana": SecretStr(key)}), issuer.clock)
        assert callers.identify(f"Bearer {key}".encode()) == Caller("ana")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"caller": "consol"}, "access.issuers.id.caller: no caller has the name consol; did you mean 'console'?"),
        ({"caller": None}, "access.issuers.id: nothing says which caller a token is; add caller"),
        ({"callers": ["console"]}, "access.issuers.id.caller: is that of all tokens"),
        ({"caller": None, "caller_claim": "roles"}, "access.issuers.id: nothing says which caller a token is"),
        (
            {"caller": None, "caller_claim": "roles", "callers": ["consol"]},
            "access.issuers.id.callers: no caller has the name consol",
        ),
        ({"algorithm": "HS256"}, "access.issuers.id.algorithm: "),
        ({"algorithm": "none"}, "access.issuers.id.algorithm: "),
        ({"keys": "id.example.com/keys"}, "access.issuers.id.keys: "),
        ({"keys": "http://id.example.com/keys"}, "access.issuers.id.keys: is not https://"),
        ({"keys": "https://id.example.com:99999/keys"}, "access.issuers.id.keys: must be an address"),
        ({"keys": "https://[::1/keys"}, "access.issuers.id.keys: must be an address"),
        ({"keys": "https://?keys"}, "access.issuers.id.keys: must be an address"),
    ],
)
def test_an_issuer_that_cannot_be_one_is_told(changes: dict[str, Any], problem: str):
    own = settings_of("https://id.example.com") | changes
    with pytest.raises(ConfigurationError) as refused:
        parse_settings({"sources": {"crm": {"kind": "demo"}}, "callers": {"console": {}}, "access": {"issuers": {"id": own}}})
    (told,) = refused.value.problems
    assert told.startswith(f"settings: {problem}")
