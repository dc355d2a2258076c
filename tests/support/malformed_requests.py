"""Requests that are wrong in seeded ways: bodies, headers, frames of bodies, documents and variables."""

from __future__ import annotations

import json
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes

from tests.support.malformed_values import (
    ARGUMENTS,
    DOCUMENTS,
    HEADERS,
    MEDIA,
    NUMBERS,
    PLACES,
    TOKENS,
    TYPES,
    VALUES,
    VARIABLES,
    WORDS,
)


class Request(NamedTuple):
    """Bytes to send, of a connection that is closed behind them where they are `cut` off. `kind` says what is wrong."""

    kind: str
    data: bytes
    cut: bool = False


class MalformedRequests:
    """Gives requests one after the other, the same for the same seed."""

    def __init__(self, seed: int, credentials: tuple[str, ...]) -> None:
        self._random = Random(seed)
        self._credentials = credentials

    def next(self) -> Request:
        """Make one."""
        kinds = (
            self._body,
            self._document,
            self._document,
            self._document,
            self._variables,
            self._parameters,
            self._head,
            self._frame,
            self._url,
        )
        make = self._random.choice(kinds)
        return make()

    # Whole requests

    def _posted(
        self, kind: str, body: bytes, *more: tuple[str, str], media: str = "application/json", cut: bool = False
    ) -> Request:
        head = [("host", "gateway"), ("content-type", media), ("content-length", str(len(body))), *self._credential(), *more]
        lines = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in head)
        return Request(kind, b"POST /graphql HTTP/1.1\r\n" + lines + b"\r\n" + body, cut)

    def _credential(self) -> list[tuple[str, str]]:
        key = self._random.choice(self._credentials)
        return [("authorization", f"Bearer {key}")] if key else []

    def _json(self, kind: str, value: Any, *more: tuple[str, str]) -> Request:
        return self._posted(kind, json.dumps(value).encode(), *more)

    # Bodies

    def _body(self) -> Request:
        random = self._random
        good = json.dumps({"query": random.choice(DOCUMENTS), "variables": random.choice(VARIABLES)}).encode()
        depth = random.choice((50, 900, 1_100, 20_000, 200_000))
        number = random.choice(NUMBERS).encode()
        query = json.dumps(random.choice(DOCUMENTS)).encode()
        raw = bytes(random.randrange(256) for _ in range(random.randrange(1, 200)))
        kinds = {
            "cut": good[: random.randrange(len(good))],
            "changed": self._changed(good),
            "deep list": b'{"query":"{__typename}","variables":{"a":%b}}' % (b"[" * depth + b"]" * random.choice((0, depth))),
            "deep object": b'{"query":"{__typename}","variables":%b}' % (b'{"a":' * depth + b"1" + b"}" * depth),
            "deep unknown": b'{"unknown":%b,"query":"{__typename}"}' % (b"[" * depth + b"]" * depth),
            "not UTF-8": good.replace(b"customer", b"custom\xff\xfe", 1),
            "surrogate": b'{"query":"{ __typename } # \\ud800 ' + raw.hex().encode() + b'"}',
            "escaped": b'{"query":"{ customer(by: {id: \\"\\ud800\\"}) { id } }"}',
            "number": b'{"query":"query($a:Int,$b:Float){__typename}","variables":{"a":%b,"b":%b}}' % (number, number),
            "twice": b'{"query":%b,"query":1,"variables":{},"variables":[],"query":%b}' % (query, query),
            "twice inside": b'{"query":%b,"variables":{"by":{"id":"a","id":"b"},"by":{"id":null}}}' % query,
            "other JSON": json.dumps(random.choice(VALUES)).encode(),
            "batch": b"[" + good + b"," + good + b"]",
            "noise": raw,
            "spaces": b" " * random.choice((10, 70_000)) + good,
            "mark": b"\xef\xbb\xbf" + good,
            "UTF-16": good.decode().encode("utf-16"),
            "large": b'{"query":"{__typename}","x":"' + b"x" * random.choice((70_000, 1 << 20)) + b'"}',
            "empty": b"",
        }
        kind = random.choice(list(kinds))
        return self._posted(f"body: {kind}", kinds[kind])

    def _changed(self, text: bytes) -> bytes:
        changed = bytearray(text)
        for _ in range(self._random.randint(1, 6)):
            place = self._random.randrange(len(changed))
            changed[place : place + self._random.randint(0, 3)] = bytes(
                self._random.randrange(256) for _ in range(self._random.randint(0, 3))
            )
        return bytes(changed) or b"{"

    def _parameters(self) -> Request:
        """Parameters of a type or a form that they do not have."""
        random = self._random
        body: dict[str, Any] = {"query": random.choice(DOCUMENTS), "variables": random.choice(VARIABLES)}
        for _ in range(random.randint(1, 3)):
            name = random.choice(
                ("query", "variables", "operationName", "extensions", "documentId", "doc_id", "id", "x" * 3_000)
            )
            body[name] = random.choice(VALUES)
        if random.random() < 0.3:
            persisted = {
                "version": random.choice((1, 1, 2, "1", None, 2**70)),
                "sha256Hash": random.choice(("a" * 64, "f" * 64, "", "../x", 5, None)),
            }
            body["extensions"] = {"persistedQuery": random.choice((persisted, persisted, *VALUES))}
        return self._json("parameters", body)

    # Documents

    def _document(self) -> Request:
        random = self._random
        count = random.choice((5, 60, 800, 3_000))
        name = random.choice(("x", "\u00e9")) * random.choice((300, 20_000, 80_000))
        value = random.choice(
            (
                *TOKENS,
                *NUMBERS,
                "{}",
                "[]",
                "{id: null}",
                '{id: "a", email: "b"}',
                "$x",
                "ENUM",
                '"\\uD800"',
                '"' + "x" * 9_000 + '"',
            )
        )
        good = random.choice(DOCUMENTS)
        kinds = {
            "changed": self._changed(good.encode()).decode("utf-8", "replace"),
            "cut": good[: random.randrange(len(good))],
            "spliced": good[: random.randrange(len(good))] + random.choice(DOCUMENTS)[random.randrange(60) :],
            "tokens": " ".join(random.choice(TOKENS) for _ in range(random.choice((3, 30, 400)))),
            "deep": "{ customer" * count + "}" * random.choice((0, count)),
            "deep value": "{ customer(by: {id: " + "[" * count + '"a"' + "]" * count + "}) { id } }",
            "deep type": f"query($a: {'[' * count}ID{']' * count}) {{ __typename }}",
            "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(count)) + " }",
            "fields": "{ " + "__typename " * count + "}",
            "fragments": "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{(n + 1) % count} }}" for n in range(count)),
            "fan out": "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(count)),
            "directives": "{ __typename "
            + random.choice(("@skip(if: false) ", "@x ", "@include ", "@deprecated ", "@oneOf ")) * count
            + "}",
            "on operations": f"query Q {random.choice(('@skip(if: true)', '@include', '@masked', '@x'))} {{ __typename }}",
            "operations": " ".join(f"query Q{n} {{ __typename }}" for n in range(count)),
            "variables": "query(" + " ".join(f"$v{n}: Int" for n in range(count)) + ") { __typename }",
            "default": f"query($a: {random.choice(TYPES)} = {value}) {{ __typename }}",
            "name": random.choice(
                (
                    "{ %s }",
                    "query %s { __typename }",
                    "{ %s: __typename }",
                    "{ customer(%s: 1) { id } }",
                    "{ ... on %s { id } }",
                    "{ __typename @%s }",
                    "query($%s: Int) { __typename }",
                )
            )
            % name,
            "argument": f"{{ customer(by: {value}) {{ id orders(first: {value}, after: {value}) {{ nodes {{ id }} }} }} }}",
            "key": f"{{ customer(by: {{{random.choice(ARGUMENTS)}: {value}}}) {{ id }} node(id: {value}) {{ id }} }}",
            "introspection": "{ __schema { types { fields { type { "
            + "ofType { " * count
            + "name"
            + " }" * count
            + " } } } } }",
            "block": '{ customer(by: {id: """' + "\n" * count + '"""}) { id } }',
            "comment": "# " + "x" * count * 20 + "\n{ __typename }",
            "subscription": "subscription { customer { id } }",
            "schema": random.choice(
                ("type Query { a: Int }", "extend type Query { a: Int }", "schema { query: Query }", "directive @a on FIELD")
            ),
        }
        kind = random.choice(list(kinds))
        document = kinds[kind]
        more = random.choice(((), (), (("accept", "application/graphql-response+json"),)))
        return self._json(f"document: {kind}", {"query": document, "variables": random.choice(VARIABLES)}, *more)

    def _variables(self) -> Request:
        random = self._random
        more = (["c00001"] * 101, ["c00001"] * 5_000, [{"id": "c1"}] * 2, [{"id": "c1"}] * 3_000, 10**400, -1e308, {"\0": 1})
        type_, place = random.choice(PLACES)
        value: Any = random.choice((*VALUES, *more))
        if type_ in ("CustomerKey!", "[CustomerKey!]") and random.random() < 0.5:
            value = {random.choice(ARGUMENTS): random.choice((*VALUES, *WORDS))}
        elif type_ in ("ID!", "String!", "DateTime!") and random.random() < 0.7:
            value = random.choice(WORDS)
        elif type_ == "OrderFilter" and random.random() < 0.7:
            value = {random.choice(("since", "until", "status", "sku", "x")): random.choice((*VALUES, *WORDS))}
        if random.random() < 0.2:
            type_ = random.choice(TYPES)
        document = f"query Q($a: {type_}) {{ {place} }}"
        variables: Any = random.choice(({"a": value}, {"a": value, "unknown": value}, {}, value))
        return self._json(
            "variables", {"query": document, "variables": variables, "operationName": random.choice((None, "Q", "", "X", "\0"))}
        )

    # Heads, frames and addresses

    def _head(self) -> Request:
        random = self._random
        body = json.dumps({"query": random.choice(DOCUMENTS), "variables": random.choice(VARIABLES)}).encode()
        more = [random.choice(HEADERS) for _ in range(random.randint(1, 3))]
        return self._posted("head", body, *more, media=random.choice((*MEDIA, *["application/json"] * len(MEDIA))))

    def _frame(self) -> Request:
        random = self._random
        body = json.dumps({"query": random.choice(DOCUMENTS)}).encode()
        start = "POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
        start += "".join(f"{name}: {value}\r\n" for name, value in self._credential())
        pieces = [body[place : place + 40] for place in range(0, len(body), 40)]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        kinds = {
            "cut chunks": (b"transfer-encoding: chunked\r\n\r\n" + chunks[: random.randrange(len(chunks))], True),
            "no last chunk": (b"transfer-encoding: chunked\r\n\r\n" + chunks, True),
            "cut body": (b"content-length: %d\r\n\r\n" % (len(body) + 9) + body, True),
            "bad size": (b"transfer-encoding: chunked\r\n\r\nzz\r\n" + chunks, False),
            "two lengths": (b"content-length: 3\r\ncontent-length: 4\r\n\r\n" + body, False),
            "both": (b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n", False),
            "a huge length": (b"content-length: %b\r\n\r\n" % (b"9" * random.choice((9, 18))) + body, True),
            "chunked": (b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\nx: y\r\n\r\n", False),
            "large head": (b"x: " + b"y" * 70_000 + b"\r\ncontent-length: 0\r\n\r\n", False),
            "bad head": (b"x\0y: z\r\ncontent-length: 0\r\n\r\n", False),
        }
        kind = random.choice(list(kinds))
        data, cut = kinds[kind]
        return Request(f"frame: {kind}", start.encode() + data, cut)

    def _url(self) -> Request:
        random = self._random
        names = {
            "query": _quote(random.choice((*DOCUMENTS, *TOKENS, "{ __typename }"))),
            "variables": random.choice((_quote(json.dumps(random.choice(VALUES))), "%ff%fe", "{", "[" * 3_000, "%")),
            "extensions": random.choice(("", "{}", _quote(json.dumps(random.choice(VALUES))), "%00")),
            "operationName": random.choice(("", "Card", "%ff", "x" * 5_000)),
        }
        given = random.sample(list(names), random.randint(0, 4))
        target = "/graphql?" + "&".join(f"{name}={names[name]}" for name in given)
        if random.random() < 0.2:
            target = random.choice(
                (
                    "/graphql/",
                    "//graphql",
                    "/%67raphql",
                    "/graphql/../healthz",
                    "/nothing",
                    "/healthz?x",
                    "/webhooks/crm",
                    "*",
                    "/graphql#x",
                )
            )
        method = random.choice(("GET", "GET", "GET", "HEAD", "PUT", "OPTIONS", "DELETE", "TRACE", "PATCH"))
        head = [("host", "gateway"), *self._credential(), *([random.choice(HEADERS)] if random.random() < 0.4 else [])]
        lines = "".join(f"{name}: {value}\r\n" for name, value in head)
        return Request(f"url: {method}", f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))


def _quote(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"))
