"""One broken character costs neither a batch nor a record: what cannot be decoded as a whole is taken apart."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Ask, Page, WebhookRequest
from connectors.errors import SourceProtocolError, WebhookBodyError
from connectors.graphql import GraphQLSettings
from connectors.http import HttpSettings
from connectors.record_fields import Fields
from connectors.testing.fetches import json_of
from connectors.toolkit.converters import decode_exactly
from connectors.toolkit.json_repair import repair_json
from connectors.toolkit.webhook_signatures import read, texts_at
from tests.support.graphql_source import opened as graphql_opened
from tests.support.http_source import opened, serving

pytestmark = pytest.mark.cases

BOM = b"\xef\xbb\xbf"
HALVES = [
    rb"\ud83d",
    rb"\udc00",
    rb"\ud83dx",
    rb"\ud83d\ud83d",
    rb"\uDBFF\u0041",
    b"\xed\xa0\xbd",
    b"\xe9",
    b"\xff",
    b"\xf0\x9f\x98",
]
"""Half a character as an escape and as bytes, the beginning of one, and Latin 1."""


async def by_http(content: bytes, media_type: str = "application/json", **more: Any) -> Page:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=content, headers={"Content-Type": media_type})

    rules = {"list": "rows", "keys": {"email": {"path": "/{key}"} | more}}
    async with serving(handler) as base_url, opened(HttpSettings(base_url=base_url, records={"ticket": rules})) as connector:
        (lookup,) = connector.lookups()
        page = (await lookup.fetch(["a@x.de"], Ask(fields=Fields.from_paths("id", "subject"))))["a@x.de"]
    assert isinstance(page, Page)
    return page


async def slowly_by_http(content: bytes, media_type: str = "application/json") -> Page:
    return await by_http(content, media_type, next="next")


async def by_graphql(content: bytes) -> Page:
    async def handler(_request: web.Request) -> web.Response:
        body = content.removeprefix(BOM)
        mark = content[: len(content) - len(body)]
        return web.Response(body=mark + b'{"data":{"one":' + body + b"}}", content_type="application/json")

    record = {
        "fields": {"created_at": "at", "subject": "subject"},
        "keys": {"email": {"query": "{ one(mail: $key) { rows { ...fields } } }"}},
    }
    async with serving(handler) as base_url:
        described = GraphQLSettings.model_validate({"base_url": base_url, "records": {"ticket": record}})
        async with graphql_opened(described) as connector:
            (lookup,) = connector.lookups()
            page = (await lookup.fetch(["a@x.de"], Ask(fields=Fields.from_paths("id", "subject"))))["a@x.de"]
    assert isinstance(page, Page)
    return page


KINDS = pytest.mark.parametrize("kind", [by_http, slowly_by_http, by_graphql])


@KINDS
@pytest.mark.parametrize("half", HALVES)
async def test_half_a_character_becomes_the_mark_for_one(kind: Callable[[bytes], Any], half: bytes) -> None:
    """As browsers show it; the other rows are as they were sent."""
    content = b'{"rows":[{"id":"a","subject":"caf\xc3\xa9 \\ud83d\\ude00 \\\\ud83d"},{"id":"b","subject":"cut ' + half + b'"}]}'
    first, second = msgspec.json.decode(json_of(await kind(content)))
    assert first == {"id": "a", "subject": "café 😀 \\ud83d"}
    assert second["id"] == "b"
    assert second["subject"].startswith("cut �")
    assert second["subject"].removeprefix("cut ").strip("�") in ("", "x", "A")


@KINDS
@pytest.mark.parametrize("half", [*HALVES, b"tab\there", b"line\nbreak"])
async def test_what_nobody_reads_does_no_harm(kind: Callable[[bytes], Any], half: bytes) -> None:
    """A note, also one that is not asked for."""
    content = b'{"rows":[{"id":"a","subject":"x"},{"id":"b","subject":"y","note":"cut ' + half + b'"}]}'
    found = msgspec.json.decode(json_of(await kind(content)))
    assert found == [{"id": "a", "subject": "x"}, {"id": "b", "subject": "y"}]


@KINDS
@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e99999999999999999999", b"1" * 5000])
async def test_a_number_that_is_none_costs_itself(kind: Callable[[bytes], Any], number: bytes) -> None:
    """Languages that write them are common."""
    content = b'{"rows":[{"id":"a","subject":"x"},{"id":"b","subject":"y","note":' + number + b"}]}"
    found = msgspec.json.decode(json_of(await kind(content)))
    assert [one["id"] for one in found] == ["a", "b"]


@KINDS
async def test_a_mark_of_the_byte_order_is_ignored(kind: Callable[[bytes], Any]) -> None:
    """RFC 8259, 8.1."""
    content = BOM + b'{"rows":[{"id":"a","subject":"x"}]}'
    assert msgspec.json.decode(json_of(await kind(content))) == [{"id": "a", "subject": "x"}]


@pytest.mark.parametrize("kind", [by_http, slowly_by_http])
@pytest.mark.parametrize(
    ("sent_in", "named"),
    [
        ("latin-1", "ISO-8859-1"),
        ("cp1252", '"windows-1252"'),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "utf-16le"),
        ("utf-8", "ISO-8859-1"),
        ("utf-8", "utf-16"),
        ("utf-8-sig", "latin1"),
        ("utf-8", "punycode"),
        ("utf-8", "nonsense"),
    ],
)
async def test_the_charset_of_the_media_type_is_read(kind: Callable[..., Any], sent_in: str, named: str) -> None:
    """Of an answer that is no UTF-8: what is, is read as such, whatever its server says."""
    content = '{"rows":[{"id":"Müller","subject":"café"},{"id":"Möller","subject":"y"}]}'.encode(sent_in)
    found = msgspec.json.decode(json_of(await kind(content, f"application/json; Charset={named}")))
    assert found == [{"id": "Müller", "subject": "café"}, {"id": "Möller", "subject": "y"}]


@KINDS
@pytest.mark.parametrize(
    "content", [b"", BOM, b'{"rows":[{"id":"a"}', b"{'rows':[]}", b'{"rows":[]}}', b"\xff\xfe{\x00}\x00", b"<p>\xe9"]
)
async def test_what_is_no_json_is_an_error(kind: Callable[[bytes], Any], content: bytes) -> None:
    """Nothing is guessed of what ends too early or is something else."""
    with pytest.raises(SourceProtocolError):
        await kind(content)


class Body(msgspec.Struct):
    customer: str
    amount: Any = None


@pytest.mark.parametrize("half", [rb"\ud83d", b"\xe9"])
def test_webhooks_are_read_like_answers(half: bytes) -> None:
    """With a mark of the byte order, and with half a character in what nobody reads."""
    request = WebhookRequest(
        method="POST", path="/", headers={}, body=BOM + b'{"customer":"c1","amount":12.30,"note":"' + half + b'"}'
    )
    assert read(request, Body).customer == "c1"
    assert texts_at(read(request, dict[str, Any]), "customer") == ["c1"]
    for broken in (b"", b"{", b'{"customer":1}'):
        with pytest.raises(WebhookBodyError):
            read(WebhookRequest(method="POST", path="/", headers={}, body=broken), Body)


def test_typed_answers_are_repaired_too() -> None:
    """Presets decode into types."""
    found = decode_exactly(BOM + b'[{"customer":"a \\udc00","amount":12.30},{"customer":"\xe9"}]', list[Body])
    assert [one.customer for one in found] == ["a �", "�"]
    assert str(found[0].amount) == "12.30"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def as_escape(character: str) -> str:
    """A character as JSON escapes it, unless it is of ASCII."""
    return character if character.isascii() else json.dumps(character)[1:-1]


@settings(max_examples=300, deadline=None)
@given(JSON, st.booleans())
def test_what_is_whole_stays_as_it_is(value: Any, escaped: bool) -> None:
    """A repair changes nothing of JSON that is right, down to the digits."""
    content = msgspec.json.Encoder(decimal_format="number").encode(value)
    if escaped:
        content = "".join(map(as_escape, content.decode())).encode()
    assert decode_exactly(repair_json(content), Any) == value
