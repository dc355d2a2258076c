"""An assistant asks over MCP by the SDK's own client: it sees what its caller sees, and all of it is in the audit."""

import json
import re
import time
from pathlib import Path

import httpx2
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.mcp.tool_answer import MAX_BYTES
from gateway.mcp.tools import TOOLS
from tests.support.assistants import CANARIES, INJECTION, assistant_gateway, text_of
from tests.support.http_source import serving

MODES = ("auto", "legacy", "2026-07-28")


@pytest.mark.parametrize("mode", MODES)
async def test_an_assistant_finds_reads_and_explains(tmp_path: Path, mode: str) -> None:
    """By each version of the protocol; the SDK holds every answer against the schema of its tool."""
    async with assistant_gateway(tmp_path) as gateway, gateway.connected("console", mode=mode) as assistant:
        tools = {tool.name: tool for tool in (await assistant.list_tools()).tools}
        assert tools.keys() == TOOLS.keys()
        assert all(tool.annotations is not None and tool.annotations.read_only_hint for tool in tools.values())

        found = await assistant.call_tool("find_customer", {"text": "ana canarypersonla"})
        match = found.structured_content["data"]["find"]["matches"][0]
        assert (match["customer"]["id"], match["exact"]) == ("crm:p1", False)

        read = await assistant.call_tool("read_customer", {"id": match["customer"]["id"]})
        customer = read.structured_content["data"]["customer"]
        assert customer["tags"] == [{"key": "buyer", "value": "YES"}]
        assert [order["number"] for order in customer["orders"]["nodes"]] == [CANARIES["commercial"]]

        explained = await assistant.call_tool("explain_tag", {"id": "crm:p1", "tag": "buyer"})
        tag = explained.structured_content["data"]["customer"]["tag"]
        assert tag["rule"]["words"] == "YES with an order or more."
        assert [(fact["name"], fact["value"], fact["sources"]) for fact in tag["evidence"]] == [("orders_ever", 1, ["crm"])]

        issues = await assistant.call_tool("list_open_issues", {"id": "crm:p1"})
        assert [own["id"] for own in issues.structured_content["data"]["customer"]["tickets"]["nodes"]] == ["crm:t1"]
        nobody = await assistant.call_tool("read_customer", {"id": "crm:nobody"})
        assert nobody.structured_content["data"] == {"customer": None}


async def test_all_of_a_session_is_in_the_audit(tmp_path: Path) -> None:
    """Each call with its caller, the name of its document, the classes that it asks for, and of whom it told; and refusals."""
    async with assistant_gateway(tmp_path) as gateway:
        async with gateway.connected("console", **{"x-request-id": "of-the-assistant"}) as assistant:
            await assistant.call_tool("find_customer", {"text": CANARIES["contact"]})
            await assistant.call_tool("read_customer", {"id": "p1"})
            await assistant.call_tool("explain_tag", {"id": "p1", "tag": "buyer"})
            await assistant.call_tool("list_open_issues", {"id": "p1"})
        assert (await gateway.post({"jsonrpc": "2.0", "method": "tools/list", "id": 1})).status_code == 401
        told = [(own["caller"], own["operation"], own["answer"], sorted(own["customers"])) for own in gateway.audit.entries]
        assert told == [
            ("console", "McpFindCustomer", "OK", ["crm:p1"]),
            ("console", "McpReadCustomer", "OK", ["crm:p1"]),
            ("console", "McpExplainTag", "OK", ["crm:p1"]),
            ("console", "McpListOpenIssues", "OK", ["crm:p1"]),
            ("", None, "UNAUTHENTICATED", []),
        ]
        assert {own["request"] for own in gateway.audit.entries[:4]} == {"of-the-assistant"}
        assert "free_text" in gateway.audit.entries[3]["fields"]


@pytest.mark.parametrize(
    ("caller", "shown"),
    [
        ("console", {*CANARIES}),
        ("masked", {"identifying", "commercial"}),
        ("hashed", {"identifying"}),
        ("orders", {"identifying", "commercial"}),
        ("some", set()),
        ("newsletter", set()),
    ],
)
async def test_a_caller_is_told_no_canary_that_it_may_not_see(tmp_path: Path, caller: str, shown: set[str]) -> None:
    """What is withheld from it is in no answer of any tool, and in no refusal; what it may see is there."""
    async with assistant_gateway(tmp_path) as gateway, gateway.connected(caller) as assistant:
        texts = [
            text_of(await assistant.call_tool(name, {"id": identity, **more}))
            for identity in ("p1", "crm:p1", "canary-identifying")
            for name, more in (("read_customer", {}), ("explain_tag", {"tag": "buyer"}), ("list_open_issues", {}))
        ]
        for own in CANARIES.values():
            found = await assistant.call_tool("find_customer", {"text": own})
            texts.append(text_of(found).replace(own, "") if found.is_error else text_of(found))
        told = {own for own, canary in CANARIES.items() if any(canary in text for text in texts)}
        assert told == shown - {"behavioural"}  # no tool asks for the field that has it


async def test_a_masked_caller_is_told_what_is_withheld(tmp_path: Path) -> None:
    """The answer names it; what it may see is there, and masked what it may see masked."""
    async with assistant_gateway(tmp_path) as gateway, gateway.connected("masked") as assistant:
        read = await assistant.call_tool("read_customer", {"id": "p1"})
        assert "customer.tickets" in read.structured_content["withheld"]
        assert read.structured_content["data"]["customer"]["email"] == "c***@example.com"


async def test_a_caller_is_refused_what_its_scope_lacks(tmp_path: Path) -> None:
    """The refusal is that of the same request at /graphql, and the audit has it."""
    async with assistant_gateway(tmp_path) as gateway:
        async with gateway.connected("orders") as assistant:
            refused = await assistant.call_tool("list_open_issues", {"id": "p1"})
            assert (refused.is_error, text_of(refused).partition(":")[0]) == (True, "FORBIDDEN")
            assert INJECTION not in text_of(refused)
        assert [(own["caller"], own["answer"]) for own in gateway.audit.entries] == [("orders", "FORBIDDEN")]
        async with gateway.connected("some") as assistant:
            other = await assistant.call_tool("read_customer", {"id": "p1"})
            own = await assistant.call_tool("read_customer", {"id": "p2"})
            assert other.structured_content["data"] == {"customer": None}
            assert own.structured_content["data"]["customer"]["name"] == "Bo Second"


async def test_purposes_hold_for_assistants(tmp_path: Path) -> None:
    """Who has not consented is withheld, another purpose is refused, and the audit names the purpose."""
    async with assistant_gateway(tmp_path) as gateway:
        async with gateway.connected("newsletter") as assistant:
            read = await assistant.call_tool("read_customer", {"id": "p1"})
            assert read.structured_content["data"] == {"customer": None}
            assert read.structured_content["withheld"] == ["customer"]
        async with gateway.connected("newsletter", **{"x-purpose": "selling"}) as assistant:
            assert text_of(await assistant.call_tool("read_customer", {"id": "p1"})).startswith("FORBIDDEN: X-Purpose")
        assert [own["purpose"] for own in gateway.audit.entries][:1] == ["newsletter"]


async def test_documents_of_tools_are_trusted_for_every_caller_at_this_path_alone(tmp_path: Path) -> None:
    """A caller of trusted documents may call tools, and still may not send their texts to /graphql."""
    async with assistant_gateway(tmp_path) as gateway:
        async with gateway.connected("careful") as assistant:
            read = await assistant.call_tool("read_customer", {"id": "p2"})
            assert read.structured_content["data"]["customer"]["name"] == "Bo Second"
        for body in ({"query": TOOLS["read_customer"].document}, {"documentId": "read_customer"}):
            async with httpx2.AsyncClient(base_url=gateway.url, headers=gateway.headers_of("careful")) as client:
                answer = (await client.post("/graphql", json={**body, "variables": {"id": "p2"}})).json()
            assert answer["errors"][0]["extensions"]["code"] in ("DOCUMENT_NOT_TRUSTED", "DOCUMENT_NOT_FOUND")


async def test_what_people_wrote_stays_data(tmp_path: Path) -> None:
    """A ticket that gives orders stands between marks that it cannot know, and changes no tool and nothing that one gives."""
    async with assistant_gateway(tmp_path) as gateway, gateway.connected("console") as assistant:
        before = (await assistant.list_tools()).model_dump()
        for _ in range(2):
            issues = await assistant.call_tool("list_open_issues", {"id": "p1"})
            text, mark = text_of(issues), re.search(r"<(untrusted-[0-9a-f]{8})>", text_of(issues))
            assert mark is not None
            assert issues.structured_content["notice"].count(mark[1]) == 2
            outside = re.sub(rf"<{mark[1]}>.*?</{mark[1]}>", "", text)
            assert INJECTION in text
            assert "Ignore" not in outside
            assert CANARIES["free_text"] not in outside
        assert (await assistant.list_tools()).model_dump() == before
        assert {min(own["customers"]) for own in gateway.audit.entries} == {"crm:p1"}
        again = await assistant.call_tool("list_open_issues", {"id": "p1"})
        assert mark[1] not in text_of(again)


async def test_answers_have_four_kilobytes_at_most(tmp_path: Path) -> None:
    """Of a long conversation the latest messages are given, and it is said how many are not."""
    async with assistant_gateway(tmp_path, messages=20) as gateway, gateway.connected("console") as assistant:
        issues = await assistant.call_tool("list_open_issues", {"id": "p1"})
        assert MAX_BYTES - 600 < len(text_of(issues).encode()) <= MAX_BYTES
        (ticket,) = issues.structured_content["data"]["customer"]["tickets"]["nodes"]
        numbers = [int(re.search(r"message (\d+)", own["body"])[1]) for own in ticket["messages"]]
        assert numbers == [*range(20)][-len(numbers) :]
        left = [own for own in issues.structured_content["leftOut"] if own["path"].endswith("messages")]
        assert left == [{"path": "customer.tickets.nodes.messages", "count": 20 - len(numbers), "of": "items"}]


async def test_a_customer_asks_of_himself_alone(tmp_path: Path) -> None:
    """By his own token, which an issuer signs: he is read, others are not there, and the audit names who asked."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "one"}

    async def list_keys(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [jwk]})

    async with serving(list_keys) as issuer_url:
        issuer = {"issuer": "https://id.example.com/", "audience": "gateway", "algorithm": "RS256"}
        issuers = {"company": {**issuer, "keys": f"{issuer_url}/keys", "caller": "shopper"}}
        callers = {"shopper": {"customers": "claim:sub"}}
        settings = {"access": {"issuers": issuers}, "callers": callers, "purposes": None}
        async with assistant_gateway(tmp_path, **settings) as gateway:
            now = int(time.time())
            claims = {"iss": issuer["issuer"], "aud": "gateway", "sub": "p2", "iat": now, "exp": now + 3_600}
            gateway.keys = {"shopper": jwt.encode(claims, key, "RS256", {"kid": "one"})}
            async with gateway.connected("shopper") as assistant:
                own = await assistant.call_tool("read_customer", {"id": "p2"})
                other = await assistant.call_tool("read_customer", {"id": "p1"})
            assert own.structured_content["data"]["customer"]["name"] == "Bo Second"
            assert other.structured_content["data"] == {"customer": None}
            assert [entry["caller"] for entry in gateway.audit.entries] == ["shopper", "shopper"]
