"""The audit of servers that comes with graphql-http (npm), against a gateway that is served."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.node_packages import installed
from tests.support.shop_gateway import shop_gateway

pytestmark = pytest.mark.conformance

FOLDER = Path(__file__).parent
AUDITS = 61
NEED_INTROSPECTION = {
    "2EA1": "SHOULD allow map {variables} parameter when accepting application/graphql-response+json",
    "28B9": "MUST allow map {variables} parameter when accepting application/json",
    "D6D5": "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json",
    "6A70": "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json",
}
"""Two audits, once for each media type: they give variables to `__type(name: $name)`, as they know no other field."""
DEVELOPMENT = 'environment = "development"'


@pytest.fixture(scope="module")
def node() -> str:
    """The command, once the audit is installed as its lock says."""
    return installed(FOLDER)


def audit(node: str, url: str, key: str = "") -> list[dict[str, Any]]:
    """What came of each audit."""
    ran = subprocess.run([node, "audit.mjs", f"{url}/graphql", key], cwd=FOLDER, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    assert len(found) == AUDITS
    return found


def failed(found: list[dict[str, Any]]) -> dict[str, str]:
    return {one["id"]: one["name"] for one in found if one["status"] != "ok"}


def test_all_audits_pass_in_development(node: str, tmp_path: Path):
    """61 of 61."""
    with shop_gateway(tmp_path, DEVELOPMENT) as (gateway, _):
        assert failed(audit(node, gateway.url)) == {}


def test_all_audits_pass_with_a_key(node: str, tmp_path: Path):
    """61 of 61 with the key of a caller. Without one each audit fails that wants an answer with data."""
    with shop_gateway(tmp_path, DEVELOPMENT, callers={"acme": ""}) as (gateway, keys):
        assert failed(audit(node, gateway.url, keys["acme"])) == {}
        assert len(failed(audit(node, gateway.url))) > AUDITS / 2


def test_what_fails_without_introspection_asks_for_it(node: str, tmp_path: Path):
    """In production without introspection those alone fail that ask for `__type`, and for that. Other variables are taken."""
    with shop_gateway(tmp_path, "introspection = false", callers={"acme": ""}) as (gateway, keys):
        found = audit(node, gateway.url, keys["acme"])
        assert failed(found) == NEED_INTROSPECTION
        for one in found:
            if one["id"] in NEED_INTROSPECTION:
                (error,) = json.loads(one["body"])["errors"]
                assert (error["extensions"]["code"], "introspection has been disabled" in error["message"]) == (
                    "GRAPHQL_VALIDATION_FAILED",
                    True,
                )
        query, variables = "query Shown($shown: Boolean!) { __typename @include(if: $shown) }", {"shown": True}
        for media in ("application/json", "application/graphql-response+json"):
            words = {"headers": {"accept": media, "authorization": f"Bearer {keys['acme']}"}, "timeout": 60}
            body = {"query": query, "variables": variables}
            posted = httpx2.post(f"{gateway.url}/graphql", json=body, **words)
            got = httpx2.get(f"{gateway.url}/graphql", params=body | {"variables": json.dumps(variables)}, **words)
            assert posted.json() == got.json() == {"data": {"__typename": "Query"}}


def test_no_address_of_a_registry_is_in_the_lock():
    """Whoever installs the audit takes it from his own registry, and what he gets is compared with the sums."""
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    packages = [package for path, package in lock["packages"].items() if path]
    assert len(packages) == 2
    assert all("resolved" not in package and package["integrity"].startswith("sha512-") for package in packages)
