"""A page asks who looks, and for what."""

from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from gateway.settings import parse_settings
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import gateway_on

QUERY = "{ viewer { caller user purpose purposes { key basis } needsPurpose finds operates governs layout } }"
PURPOSES = {"advice": {"basis": "contract"}, "news": {"basis": "consent"}}
CALLERS: dict[str, Any] = {
    "desk": {"purposes": ["news", "advice"], "sees": {"contact": "shown"}, "operate": True},
    "team": {"purposes": ["advice"], "find_by": ["email"], "govern": True},
    "app": {},
}


async def test_without_callers_everybody_may_everything():
    """The viewer has no name, and no source is asked."""
    crm = shop.crm()
    async with gateway_on([crm], pages={"layout": {"regions": ["tickets"]}}) as gateway:
        (viewer,) = (await gateway.data(QUERY)).values()
    assert (viewer["caller"], viewer["user"], viewer["purpose"], viewer["purposes"]) == (None, None, None, [])
    assert (viewer["operates"], viewer["governs"], viewer["needsPurpose"]) == (True, True, False)
    assert {"email", "text"} <= {*viewer["finds"]}
    assert viewer["layout"] == {"regions": ["tickets"]}
    assert not crm.calls


async def test_a_viewer_is_what_the_settings_say_of_its_caller(tmp_path: Path):
    """Purposes, ways to find, rights and layout are those of the caller whose key it is; an operator may everything."""
    keys, access = await keys_in(tmp_path, CALLERS)
    operators = {"anna": "anna-key-0123456789-0123456789-0123"}
    pages = {"layout": {"hide": ["orders"]}, "layouts": {"app": {"hide": ["tickets"]}}}
    words: dict[str, Any] = {
        "access": access, "callers": CALLERS, "purposes": PURPOSES, "pages": pages, "identity": {"operators": operators}
    }  # fmt: skip
    async with gateway_on([shop.crm()], **words) as gateway:

        async def viewer(key: str, **headers: str) -> dict[str, Any]:
            answer = await gateway.ask(QUERY, authorization=f"Bearer {key}", **headers)
            assert "errors" not in answer
            return answer["data"]["viewer"]

        desk, team = await viewer(keys["desk"]), await viewer(keys["team"])
        assert (desk["caller"], desk["needsPurpose"], desk["purpose"]) == ("desk", True, None)
        assert desk["purposes"] == [{"key": "news", "basis": "CONSENT"}, {"key": "advice", "basis": "CONTRACT"}]
        assert (desk["finds"], desk["operates"], desk["governs"]) == (["email", "phone"], True, False)
        assert (team["purpose"], team["finds"], team["operates"], team["governs"]) == ("advice", ["email"], False, True)
        assert desk["layout"] == {"hide": ["orders"]}

        app = await viewer(keys["app"])
        assert ([own["key"] for own in app["purposes"]], app["needsPurpose"]) == (["advice", "news"], False)
        assert app["layout"] == {"hide": ["tickets"]}
        assert (await viewer(keys["app"], **{"x-purpose": "news"}))["purpose"] == "news"

        anna = await viewer(operators["anna"])
        assert (anna["caller"], anna["operates"], anna["governs"], anna["needsPurpose"]) == ("anna", True, True, False)


@pytest.mark.parametrize("named", [{}, {"x-purpose": "sales"}])
async def test_only_the_viewer_needs_no_purpose(tmp_path: Path, named: dict[str, str]):
    """Who has to name a purpose, and names none or another one, learns of his own; asked with anything else it is refused."""
    keys, access = await keys_in(tmp_path, ["desk"])
    crm = shop.crm()
    words: dict[str, Any] = {"access": access, "callers": {"desk": CALLERS["desk"]}, "purposes": PURPOSES}
    async with gateway_on([crm], **words) as gateway:
        sent = {"authorization": f"Bearer {keys['desk']}", **named}
        answer = await gateway.ask("query { ...who } fragment who on Query { viewer { purpose } }", **sent)
        assert answer == {"data": {"viewer": {"purpose": None}}}
        for query in (
            '{ viewer { purpose } customer(by: {email: "ana@example.com"}) { name } }',
            "{ viewer { purpose } sources { name } }",
            "{ __typename }",
        ):
            (error,) = (await gateway.ask(query, **sent))["errors"]
            assert error["extensions"]["code"] == "FORBIDDEN"
        assert not crm.calls


@pytest.mark.parametrize(
    ("pages", "problem"),
    [
        ({"secret": "too short"}, "pages.secret: has fewer than 32 characters"),
        ({"enabled": True}, "pages.secret: is missing, so nobody can sign in with a key"),
        ({"session_s": 28_801}, "pages.session_s: "),
        ({"layouts": {"dask": {}}}, "pages.layouts: no caller has the name dask; did you mean 'desk'?"),
    ],
)
def test_pages_that_cannot_be_are_told(pages: dict[str, Any], problem: str):
    access = {"keys": {"secret": "a secret of keys and hashes that is long enough", "file": "keys.json"}}
    document = {"sources": {"crm": {"kind": "demo"}}, "callers": {"desk": {}}, "access": access, "pages": pages}
    with pytest.raises(ConfigurationError) as refused:
        parse_settings(document)
    (told,) = refused.value.problems
    assert told.startswith(f"settings: {problem}")
