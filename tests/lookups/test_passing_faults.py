"""Statuses that mean "later" are passing faults, with the wait that the source asks for."""

import pytest
from aiohttp import web
from yarl import URL

from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceUnavailableError,
)
from connectors.toolkit.http_client import HttpClient, WebSettings
from tests.support.http_source import serving

pytestmark = pytest.mark.cases


async def failure(status: int, *, one_key: bool, **headers: str) -> SourceError | None:
    """What a call comes to, None where nothing is found."""

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})

    async with serving(handler) as base_url:
        transport = HttpClient(WebSettings(base_url=base_url))
        await transport.open({})
        try:
            assert await transport.call("GET", URL(base_url), None, one_key=one_key, until=None) is None
        except SourceError as error:
            return error
        finally:
            await transport.aclose()
    return None


@pytest.mark.parametrize("one_key", [True, False])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (408, SourceUnavailableError),
        (420, SourceThrottledError),
        (423, SourceUnavailableError),
        (425, SourceUnavailableError),
        (429, SourceThrottledError),
        (430, SourceThrottledError),
        (477, SourceUnavailableError),
        (500, SourceUnavailableError),
        (529, SourceUnavailableError),
    ],
)
async def test_a_status_that_means_later_passes(status: int, error: type[SourceError], one_key: bool) -> None:
    """With and without a word on when."""
    for headers, wait_s in (({}, None), ({"Retry_After": "60"}, 60.0)):
        found = await failure(status, one_key=one_key, **headers)
        assert type(found) is error
        assert found.retryable
        assert found.retry_after_s == wait_s


@pytest.mark.parametrize("one_key", [True, False])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 451, 460, 499])
async def test_whatever_may_be_asked_again_later_passes(status: int, one_key: bool) -> None:
    """A 4xx with `Retry-After`; 403 is how some limit the rate."""
    found = await failure(status, one_key=one_key, Retry_After="7")
    assert type(found) is (SourceThrottledError if status == 403 else SourceUnavailableError)
    assert found.retry_after_s == 7


@pytest.mark.parametrize(
    ("status", "for_one", "for_many"),
    [
        (400, SourceRejectedError, SourceProtocolError),
        (401, SourceAuthError, SourceAuthError),
        (403, SourceAuthError, SourceAuthError),
        (404, None, SourceProtocolError),
        (409, SourceProtocolError, SourceProtocolError),
        (302, SourceProtocolError, SourceProtocolError),
    ],
)
async def test_others_mean_what_they_meant(status: int, for_one: type[SourceError] | None, for_many: type[SourceError]) -> None:
    """Nobody is told to come back."""
    one, many = await failure(status, one_key=True), await failure(status, one_key=False)
    assert (one and type(one), many and type(many)) == (for_one, for_many)
    assert not (many and many.retryable)
