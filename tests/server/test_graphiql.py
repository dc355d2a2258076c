"""The GraphiQL page: what it is made of, and that it works in a browser with the network cut off."""

import asyncio
import contextlib
import gzip
import hashlib
import json
import re
import shutil
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
import strawberry
import uvicorn
from graphql import execute
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from gateway.graphiql import Example, graphiql_page, graphiql_routes
from gateway.http.endpoint import GraphQLView
from gateway.operations import Limits, Operations
from tests.support.browser import CHROMIUM, browser_page
from tests.support.paths import ROOT

STATIC = ROOT / "gateway" / "static"

EXAMPLES = [
    Example("Greet a customer", "Front end", "query Greeting($name: String!) {\n  hello(name: $name)\n}", {"name": "Ada"}),
    Example("Add two numbers", "Partner", "query Sum {\n  sum(a: 20, b: 22)\n}", {}),
]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str) -> str:
        return f"Hello, {name}!"

    @strawberry.field
    def sum(self, a: int, b: int) -> int:
        return a + b


SCHEMA = strawberry.Schema(Query)._schema


async def run(operation, variables, request_id):
    name = operation.definition.name
    return execute(SCHEMA, operation.document, variable_values=variables, operation_name=name and name.value)


def app(examples=EXAMPLES, **words):
    view = GraphQLView(Operations(SCHEMA, limits=Limits()), run, graphiql=graphiql_page(examples, **words))
    return Starlette(routes=[Route("/graphql", view), *graphiql_routes()])


@contextlib.asynccontextmanager
async def served(wrap=lambda app: app, **words) -> AsyncIterator[str]:
    """The address of the application, served from the running loop."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(wrap(app(**words)), log_level="error", ws="none", lifespan="off"))
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


READY = "document.querySelectorAll('.CodeMirror').length === 4 && !document.querySelector('.graphiql-spinner')"


def page_of(examples=EXAMPLES):
    return TestClient(app(examples)).get("/graphql", headers={"accept": "text/html"})


def test_vendored_files_are_the_published_ones():
    """Every compressed file is in the table of the README with the sum of its content, and the table has no other."""
    readme = (STATIC / "vendor" / "README.md").read_text()
    listed = dict(re.findall(r"^\| (\S+\.gz) \|.*\| ([0-9a-f]{64}) \|$", readme, re.MULTILINE))
    files = {
        path.name: hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() for path in (STATIC / "vendor").glob("*.gz")
    }
    assert listed == files
    assert len(files) == 6


def test_every_address_on_the_page_is_served_here():
    """The page names nine files, each answers compressed, typed and for a year, and nothing leads to another host."""
    client = TestClient(app())
    page = page_of()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses[0] == "data:,"
    assert len(addresses) == 10
    for address in addresses[1:]:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/javascript" if ".js" in address else "text/css")
        assert len(answer.text) > 40


def test_page_forbids_foreign_and_inline_scripts():
    """The policy allows scripts and connections of this origin only, and no framing."""
    policy = dict(part.split(" ", 1) for part in page_of().headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"


def test_examples_cannot_break_out_of_the_page():
    """A title that closes the script element stays text, and reads back unchanged."""
    hostile = "</script><script>alert(1)</script><!--"
    html = page_of([Example(hostile, "Partner", "{ hello }", {"name": hostile})]).text
    assert hostile not in html
    (tabs,) = re.findall(r'<script id="examples" [^>]*>(.*?)</script>', html, re.DOTALL)
    assert json.loads(tabs)[0]["query"] == f"# Partner: {hostile}\n\n{{ hello }}\n"
    assert json.loads(json.loads(tabs)[0]["variables"]) == {"name": hostile}


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")
async def test_examples_run_in_a_browser_without_a_network(tmp_path):
    """The examples are tabs, each runs at a click, the explorer opens, no other host is asked, no policy refuses."""
    async with served() as url, browser_page() as page:
        await page.open(f"{url}/graphql")
        await page.until(READY)
        await page.click(".graphiql-execute-button")
        await page.until("document.querySelector('.result-window').innerText.includes('Hello, Ada!')")
        assert await page.evaluate("document.title") == "Profile Gateway"
        tabs = "[...document.querySelectorAll('.graphiql-tab-button')].map(tab => tab.innerText)"
        active = "document.querySelector('.graphiql-tab-active').innerText"
        assert await page.evaluate(tabs) == ["Greeting", "Sum"]
        assert await page.evaluate(active) == "Greeting"
        assert "# Front end: Greet a customer" in await page.evaluate(
            "document.querySelector('.graphiql-query-editor').innerText"
        )

        await page.click("#graphiql-session-tab-1")
        # GraphiQL reads the operation's name from the editor a moment after the tab changes.
        await page.until(f"{active} === 'Sum' && localStorage.getItem('graphiql:operationName') === 'Sum'")
        await page.click(".graphiql-execute-button")
        await page.until("document.querySelector('.result-window').innerText.includes('42')")

        await page.click("button[aria-label='Show GraphiQL Explorer']")
        await page.until("document.querySelector('.graphiql-plugin').innerText.includes('sum')")
        await page.click("button[aria-label='Open short keys dialog']")
        await page.until("!!document.querySelector('.graphiql-dialog')")
        await page.screenshot(tmp_path / "graphiql.png")
        assert (tmp_path / "graphiql.png").stat().st_size > 20_000

        asked = await page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        assert len(asked) == 12  # nine files, the schema, two queries
        assert all(address.startswith(f"{url}/graph") for address in asked)
        assert page.problems == []


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")
async def test_second_visit_opens_the_same_tabs():
    """What GraphiQL keeps from the first visit does not add a tab, and the first example still has its variables."""
    async with served() as url, browser_page() as page:
        for _ in range(2):
            await page.open(f"{url}/graphql")
            await page.until(READY)
            await page.click(".graphiql-execute-button")
            await page.until("localStorage.getItem('graphiql:tabState') !== null")
            await page.until("document.querySelectorAll('.graphiql-tab-button').length === 2")
            await page.until("document.querySelector('.graphiql-editor-tool').innerText.includes('Ada')")
        assert page.problems == []


TWO = "query First { sum(a: 1, b: 2) }\nquery Greeting($name: String!) { hello(name: $name) }"
EDITORS = "[...document.querySelectorAll('.CodeMirror')].map(editor => editor.CodeMirror.getValue())"
TABS = "[...document.querySelectorAll('.graphiql-tab-button')].length"


def test_a_query_in_the_address_opens_the_editor_for_a_browser_alone():
    """Who accepts a page gets it, with any query; who asks for an answer gets the answer, as does who sends a hash alone."""
    client = TestClient(app())
    for given in ({"query": "{ hello }"}, {"query": TWO, "operationName": "First"}, {}):
        assert client.get("/graphql", params=given, headers={"accept": "text/html,*/*"}).text.startswith("<!doctype html>")
    answered = client.get("/graphql", params={"query": "{ sum(a: 1, b: 1) }"}, headers={"accept": "*/*"})
    assert answered.json() == {"data": {"sum": 2}}
    refused = client.get("/graphql", params={"documentId": "sha256:0"}, headers={"accept": "text/html,*/*"})
    assert refused.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_FOUND"
    without = TestClient(Starlette(routes=[Route("/graphql", GraphQLView(Operations(SCHEMA, limits=Limits()), run))]))
    answered = without.get("/graphql", params={"query": "{ sum(a: 1, b: 1) }"}, headers={"accept": "text/html,*/*"})
    assert answered.json() == {"data": {"sum": 2}}


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")
async def test_a_query_in_the_address_waits_for_the_button():
    """It is in front with its variables, is asked by nobody before the click, and runs the operation that is named."""
    address = urlencode({"query": TWO, "variables": '{"name": "</script>Grace"}', "operationName": "Greeting"})
    async with served() as url, browser_page() as page:
        for _ in range(2):
            await page.open(f"{url}/graphql?{address}")
            await page.until(READY)
            await page.until(f"{TABS} === 3")
            assert (await page.evaluate(EDITORS))[:2] == [TWO, '{\n  "name": "</script>Grace"\n}']
            asked = "performance.getEntriesByType('resource').filter(own => own.name.endsWith('/graphql')).length"
            await page.until(f"{asked} === 1")  # the schema
            assert (await page.evaluate(EDITORS))[3] == ""
            await page.click(".graphiql-execute-button")
            await page.until("document.querySelector('.result-window').innerText.includes('Hello, </script>Grace!')")
            await page.until(f"{asked} === 2")
            await page.until("localStorage.getItem('graphiql:tabState') !== null")
        await page.click("#graphiql-session-tab-2")
        await page.until("localStorage.getItem('graphiql:operationName') === 'Sum'")
        await page.click(".graphiql-execute-button")
        await page.until("document.querySelector('.result-window').innerText.includes('42')")
        assert page.problems == []


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None or shutil.which("curl") is None, reason="no Chromium or no curl on the path")
@pytest.mark.parametrize("names_callers", [False, True])
async def test_a_query_is_copied_as_a_command_without_a_credential(names_callers):
    """The command gives the answer of the editor. A key in the headers, or a cookie, is a variable of the shell there."""
    address = urlencode({"query": TWO, "variables": json.dumps({"name": "O'Brien $HOME"}), "operationName": "Greeting"})
    headers = {"Authorization": "Bearer pgk_secret", "X-Api-Key": "secret", "X-Purpose": "ser'vice", "a: b": "secret"}
    async with served(names_callers=names_callers) as url, browser_page() as page:
        await page.open(f"{url}/graphql?{address}")
        await page.until(READY)
        await page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text }")
        await page.click(".curl-button")
        plain = await page.until("window.copied")
        assert ('-H "authorization: Bearer $GATEWAY_KEY"' in plain) is names_callers
        await page.until("document.querySelector('.curl-button').innerText === 'copied'")
        await page.evaluate(
            f"document.querySelectorAll('.CodeMirror')[2].CodeMirror.setValue({json.dumps(json.dumps(headers))})"
        )
        await page.evaluate("delete window.copied")
        await page.click(".curl-button")
        command = await page.until("window.copied")
        assert "secret" not in command
        assert command.count("$GATEWAY_KEY") == 1
        assert '-H "x-api-key: $X_API_KEY"' in command
        assert "-H 'x-purpose: ser'\\''vice'" in command
        running = await asyncio.create_subprocess_exec("sh", "-c", command, stdout=asyncio.subprocess.PIPE)
        output, _ = await running.communicate()
        assert json.loads(output) == {"data": {"hello": "Hello, O'Brien $HOME!"}}
        assert page.problems == []


def needing_a_header(inner):
    """The application, as it refuses what a cookie alone vouches for."""

    async def refusing(scope, receive, send):
        if scope["method"] == "POST" and b"x-csrf" not in dict(scope["headers"]):
            error = {"message": "X-CSRF: is missing", "extensions": {"code": "CSRF_HEADER_MISSING"}}
            return await JSONResponse({"errors": [error]}, 403)(scope, receive, send)
        return await inner(scope, receive, send)

    return refusing


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")
async def test_who_is_signed_in_by_a_cookie_can_ask():
    """The editor says that a page asks, where it is told to, so schema and answer come."""
    async with served(needing_a_header) as url, browser_page() as page:
        await page.open(f"{url}/graphql")
        await page.until(READY)
        await page.click(".graphiql-execute-button")
        await page.until("document.querySelector('.result-window').innerText.includes('Hello, Ada!')")
