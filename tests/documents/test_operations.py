"""Documents: which are refused, with which code, how fast, and what is remembered."""

import contextlib
import gc
import time

import pytest
from graphql import build_schema, get_introspection_query

from gateway.operations import Limits, OperationError, Operations

SCHEMA = build_schema("""
    type Customer { id: ID! name(length: Int): String best: Customer friends(first: Int): [Customer!]! }
    type Query { customer(id: ID): Customer hello: String }
    type Mutation { rename(id: ID!): Customer }
""")


def prepare(query, name=None, *, suggestions=True, **limits):
    return Operations(SCHEMA, limits=Limits(**limits), suggestions=suggestions).prepare(query, name)


def refusal(query, name=None, **words):
    """The codes and messages of a refused document, and the seconds it took."""
    start = time.process_time()
    with pytest.raises(OperationError) as refused:
        prepare(query, name, **words)
    seconds = time.process_time() - start
    errors = refused.value.errors
    return [error.extensions["code"] for error in errors], [error.message for error in errors], seconds


def errors_of(query, **limits):
    """A document's errors, none when it is valid."""
    try:
        prepare(query, **limits)
    except OperationError as refused:
        return refused.errors
    return []


def fragments(count, body):
    """A chain in which each fragment holds `body` with NEXT for the name of the one after it."""
    links = "".join(f" fragment F{i} on Customer {{ {body.replace('NEXT', f'...F{i + 1}')} }}" for i in range(count))
    return "{ customer { ...F0 } }" + links + f" fragment F{count} on Customer {{ id }}"


def test_valid_document_gives_its_operation():
    """The operation is found by its name, or because it is the only one."""
    assert prepare("query A { hello }").definition.name.value == "A"
    assert prepare("query A { hello } query B { hello }", "B").definition.name.value == "B"
    assert prepare("{ hello }").definition.name is None


def test_introspection_of_tools_is_within_the_limits():
    """The fullest introspection query that clients send is accepted."""
    full = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    assert prepare(full).definition.name.value == "IntrospectionQuery"


@pytest.mark.parametrize(
    ("query", "name", "code"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED"),
        ("", None, "GRAPHQL_PARSE_FAILED"),
        ("{ customer { } }", None, "GRAPHQL_PARSE_FAILED"),
        ('{ customer(id: "\ud800") { id } }', None, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("type A { b: C }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello }", "B", "OPERATION_NOT_FOUND"),
        ("{ hello }", "B", "OPERATION_NOT_FOUND"),
        ("query A { hello } query B { hello }", None, "OPERATION_RESOLUTION_FAILURE"),
    ],
)
def test_refusals_carry_their_code(query, name, code):
    """Each way to be no runnable operation has its own code."""
    assert set(refusal(query, name)[0]) == {code}


def test_validation_errors_say_where():
    """A remembered validation error still knows its place in the text."""
    with pytest.raises(OperationError) as refused:
        prepare("{\n  nothing\n}")
    assert [(place.line, place.column) for place in refused.value.errors[0].locations] == [(2, 3)]
    assert refused.value.errors[0].nodes is None


@pytest.mark.parametrize(
    ("limit", "fits", "exceeds"),
    [
        ({"max_depth": 3}, "{ customer { best { id } } }", "{ customer { best { best { id } } } }"),
        ({"max_depth": 3}, fragments(2, "NEXT best { id }"), fragments(2, "best { NEXT }")),
        ({"max_tokens": 3}, "{ hello }", "{ hello hello }"),
        ({"max_tokens": 4}, "#a\n{ hello }", "#a\n#b\n{ hello }"),
        ({"max_aliases": 2}, "{ a: hello b: hello hello }", "{ a: hello b: hello c: hello }"),
        ({"max_aliases": 2}, "{ hello hello hello }", "{ hello ... { hello } ... { hello } hello }"),
        ({"max_aliases": 2}, fragments(1, "a: id b: id NEXT"), fragments(1, "a: best { NEXT } b: best { NEXT } c: id")),
        ({"max_root_fields": 2}, "{ hello customer { id name } }", "{ hello customer { id } __typename }"),
        ({"max_root_fields": 1}, "{ ...F } fragment F on Query { hello }", "{ ...F hello } fragment F on Query { hello }"),
        ({"max_fields": 4}, "{ customer { id name } hello }", "{ customer { id name } hello __typename }"),
        ({"max_operations": 2}, "query A { hello } query B { hello }", "query A { hello } query B { hello } query C { hello }"),
        ({"max_fragments": 2}, fragments(1, "NEXT"), fragments(2, "NEXT")),
        (
            {"max_fields": 2},
            "{ hello } fragment A on Query { a: hello hello }",
            "{ hello } fragment A on Query { a: hello hello b: hello }",
        ),
        (
            {"max_aliases": 1},
            "{ hello } fragment A on Query { ...A a: hello }",
            "{ hello } fragment A on Query { ...A a: hello b: hello }",
        ),
        ({"max_variables": 1}, "query ($a: Int) { hello }", "query ($a: Int, $b: Int) { hello }"),
        ({"max_directives": 1}, "{ hello @a }", "{ hello @a @b }"),
        ({"max_directives": 1}, "query @a ($a: Int @a) { hello }", "query ($a: Int @a @b) { hello }"),
        ({"max_alias_length": 2}, "{ ab: hello }", "{ abc: hello }"),
        ({"max_name_length": 5}, "{ hello }", "{ hellos }"),
        ({"max_object_values": 2}, "{ customer(id: {a: [1]}) { id } }", "{ customer(id: {a: [1, 2]}) { id } }"),
        ({"max_document_bytes": 12}, "{ hello } # a", "{ hello } #\u00e9\u00e9"),
    ],
)
def test_limits_hold_to_the_last_unit(limit, fits, exceeds):
    """A document at a limit is run, one unit more is too expensive, also through fragments."""
    if "max_document_bytes" in limit:
        fits = fits[:12]
    assert "QUERY_TOO_EXPENSIVE" not in [error.extensions["code"] for error in errors_of(fits, **limit)]
    codes, _, _ = refusal(exceeds, **limit)
    assert set(codes) == {"QUERY_TOO_EXPENSIVE"}


def test_each_operation_has_its_own_allowance():
    """Two operations that are each within the limits may share a document."""
    assert prepare("query A { a: hello b: hello } query B { a: hello b: hello }", "A", max_aliases=2)


NASTY = {
    "fragment fan-out": fragments(18, "NEXT NEXT NEXT"),
    "fan-out in depth": fragments(12, "best { NEXT NEXT NEXT }"),
    "fan-out in aliases": fragments(13, "a: best { NEXT } b: best { NEXT }"),
    "long chain of fragments": fragments(450, "NEXT"),
    "cycle": "{ customer { ...A } }" + "".join(f" fragment {a} on Customer {{ ...{b} id }}" for a, b in ("AB", "BC", "CA")),
    "cycles of all with all": "{ customer { ...F0 } }"
    + "".join(f" fragment F{i} on Customer {{ {' '.join(f'...F{j}' for j in range(35))} }}" for i in range(35)),
    "deep": "{ customer {" + "best {" * 190 + "id" + "}" * 192,
    "same field": "{ customer {" + " id" * 4900 + "} }",
    "same field in inline fragments": "{ customer {" + " ... { best { id } }" * 450 + "} }",
    "same field in fragments": "{ customer {"
    + "".join(f" ...F{i}" for i in range(200))
    + "} }"
    + "".join(f" fragment F{i} on Customer {{ best {{ best {{ best {{ id }} }} }} }}" for i in range(200)),
    "conflicting arguments": "{ customer {"
    + "".join(f" ...F{i}" for i in range(250))
    + "} }"
    + "".join(f" fragment F{i} on Customer {{ name(length: {i}) }}" for i in range(250)),
    "operations times fragments": "".join(f" query Q{i} {{ customer {{ ...F }} }}" for i in range(200))
    + " fragment F on Customer {"
    + "".join(f" ...G{i}" for i in range(300))
    + "}"
    + "".join(f" fragment G{i} on Customer {{ id }}" for i in range(300)),
    "near misses": "{ customer {" + "".join(f" nam{i}" for i in range(4900)) + "} }",
    "tokens": "{" + " hello" * 10_000 + "}",
    "comments": "#\n" * 32_000 + "{ hello }",
    "long name": "{ " + "n" * 60_000 + " }",
    "long list": "{ customer(id: [" + "1 " * 4900 + "]) { id } }",
}


NASTY |= {
    "siblings": "{ customer {"
    + "".join(f" ...F{i}" for i in range(400))
    + "} }"
    + "".join(f" fragment F{i} on Customer {{ id }}" for i in range(400)),
    "unused fragment": "{ hello } fragment F on Customer {" + " id" * 4900 + "}",
    "circular fragment": "{ hello } fragment F on Customer { ...F" + " id" * 4900 + "}",
    "operations": "".join(f" query Q{i} {{ hello }}" for i in range(990)),
    "unknown input fields": "{ customer(id: {" + " a: 1" * 650 + "}) { id } }",
    "repeated directives": "{ hello" + " @a" * 1900 + " }",
    "long messages": f"query {'n' * 60_000}(" + ", ".join(f"$a{i}: Int" for i in range(30)) + ") { hello }",
}


@pytest.mark.cases
def test_a_chain_of_fragments_is_told_its_limit():
    """A valid document that is too long for validation is refused by its limit, not by validation."""
    message = "the document has 201 fragments, and 50 are the most; write some in their place"
    assert refusal(fragments(200, "NEXT"))[:2] == (["QUERY_TOO_EXPENSIVE"], [message])


@pytest.mark.cases
def test_repeated_directives_are_one_error():
    """However often an unknown directive is repeated at a place, the document is refused once."""
    message = "the operation has 10 directives at one place, and 4 are the most; remove some"
    assert refusal("{ hello" + " @a" * 10 + " }")[:2] == (["QUERY_TOO_EXPENSIVE"], [message])


@pytest.mark.cases
@pytest.mark.parametrize("query", NASTY.values(), ids=NASTY)
def test_messages_are_short(query):
    """What the caller wrote comes back in part: no refusal says much more than was asked."""
    errors = errors_of(query)
    assert len(errors) <= 21
    assert max((len(error.message) for error in errors), default=0) <= 1_000


@pytest.mark.cases
def test_introspection_can_be_switched_off():
    """Without it the schema is not told, in whatever way it is asked for; `__typename` is."""
    operations = Operations(SCHEMA, limits=Limits(), introspection=False)
    assert operations.prepare("{ __typename }", None)
    for query in ("{ __schema { queryType { name } } }", '{ ...F } fragment F on Query { a: __type(name: "Query") { name } }'):
        with pytest.raises(OperationError) as refused:
            operations.prepare(query, None)
        assert {error.extensions["code"] for error in refused.value.errors} == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("query", NASTY.values(), ids=NASTY)
def test_nasty_documents_are_bounded(query):
    """No document within the size limit occupies a processor for long, whatever is said about it: parts of a second."""
    assert len(query) <= Limits.max_document_bytes
    name = "Q0" if "Q0" in query else None
    gc.disable()  # what it collects is of other tests
    try:
        start = time.thread_time()
        with contextlib.suppress(OperationError):
            prepare(query, name)
        assert time.thread_time() - start < 1
    finally:
        gc.enable()


def test_document_that_fooled_a_depth_limiter_is_refused_at_once():
    """The small document whose fragments fan out is refused before it is validated."""
    assert len(NASTY["fragment fan-out"]) < 1000
    codes, messages, seconds = refusal(NASTY["fragment fan-out"])
    assert codes == ["QUERY_TOO_EXPENSIVE"]
    assert messages == ["the operation has 387,420,490 fields, and 1,000 are the most; ask in parts"]
    assert seconds < 0.1


@pytest.mark.parametrize(
    "query",
    [
        "{ helo }",
        "{ customer { frends { id } } }",
        "{ customer(ids: 1) { id } }",
        "{ customer { ... on Custmer { id } } }",
        "query ($a: Strng) { hello }",
        "{ hello @inclde(if: true) }",
        "{ hello @include(iff: true) }",
    ],
)
def test_suggestions_are_for_development_only(query):
    """Without suggestions a near miss of a field, argument, type or directive tells no name of the schema."""
    _, messages, _ = refusal(query, suggestions=False)
    assert not any("Did you mean" in message for message in messages)


def test_suggestions_help_in_development():
    """With suggestions a near miss is told the name."""
    assert refusal("{ helo }")[1] == ["Cannot query field 'helo' on type 'Query'. Did you mean 'hello'?"]


def test_same_text_gives_the_same_operation():
    """What came again is the same object from then on, so that others can remember more about it."""
    operations = Operations(SCHEMA, limits=Limits())
    text = "query A { hello } query B { hello }"
    assert (operations.prepare(text, "A").recurs, operations.prepare(text, "A").recurs) == (False, True)
    assert operations.prepare(text, "A") is operations.prepare(text, "A")
    assert operations.prepare(text, "A") is not operations.prepare(text, "B")
    assert operations.prepare(text, "A").document is operations.prepare(text, "B").document


def test_least_recently_used_document_is_forgotten():
    """With room for two, the one that was not asked for again leaves."""
    operations = Operations(SCHEMA, limits=Limits(), size=2)
    _, first = (operations.prepare("{ hello }", None) for _ in range(2))
    _, second = (operations.prepare("{ hello hello }", None) for _ in range(2))
    assert operations.prepare("{ hello }", None) is first
    for _ in range(2):
        operations.prepare("{ hello __typename }", None)
    assert operations.prepare("{ hello }", None) is first
    assert operations.prepare("{ hello hello }", None) is not second


def test_memory_is_bounded_by_size_not_only_by_number():
    """A few large documents push out the others before their number does."""
    operations = Operations(SCHEMA, limits=Limits(), size=10)
    _, small = (operations.prepare("{ hello }", None) for _ in range(2))
    for number in (0, 0, 1, 1, 2, 2, 3, 3):
        operations.prepare("#\n" * (600 + number) + "{ hello }", None)
    assert operations.prepare("{ hello }", None) is not small


def test_refusals_are_remembered():
    """The same errors come back for a text that came again, in a new exception."""
    operations = Operations(SCHEMA, limits=Limits())
    with pytest.raises(OperationError):
        operations.prepare("{ nothing }", None)
    with pytest.raises(OperationError) as first:
        operations.prepare("{ nothing }", None)
    with pytest.raises(OperationError) as second:
        operations.prepare("{ nothing }", None)
    assert first.value is not second.value
    assert first.value.errors[0] is second.value.errors[0]


def test_what_comes_once_is_not_kept():
    """However many: they push nothing out, and their memory is free at once."""
    operations = Operations(SCHEMA, limits=Limits(), size=2)
    _, kept = (operations.prepare("{ hello }", None) for _ in range(2))
    for number in range(10):
        operations.prepare(f"{{ a{number}: hello }}", None)
    assert (operations.prepare("{ hello }", None) is kept, len(operations._entries)) == (True, 1)
