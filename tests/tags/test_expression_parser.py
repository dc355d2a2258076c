"""The parser of expressions: what it reads the library reads, and what it refuses comes with a place and a fix."""

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tags.expressions.parser import MAX_DEPTH, RuleSyntaxError, parse
from gateway.tags.expressions.tree import Binary, Conditional, FactName, walk

TOKENS = [
    *(
        "a",
        "b",
        "true",
        "null",
        "3",
        "2.5",
        ".5",
        "0x1F",
        "1e3",
        "'x'",
        '"y"',
        "r'\\d'",
        "'''z'''",
        "size(a)",
        "a.contains('x')",
    ),
    *("&&", "||", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]"),
    *("a.contains('x')", "//", "if", "and", "3u", "{", "}"),
]


@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=9).map(" ".join))
def test_the_library_reads_what_the_parser_reads(expression: str) -> None:
    """No expression passes the checks that cannot be evaluated. Both find the same facts in it."""
    try:
        root = parse(expression)
    except RuleSyntaxError:
        return
    program = cel.compile(expression)
    assert sorted({node.name for node in walk(root) if isinstance(node, FactName)}) == program.variables()


def test_operators_bind_as_in_the_library() -> None:
    """The tree has the loosest operator at its root, and a branch goes on behind the colon."""
    root = parse("a + b * 3 >= 2 && !(a in [1]) ? 'x' : b == 1 ? 'y' : 'z'")
    assert isinstance(root, Conditional)
    assert isinstance(root.condition, Binary)
    assert isinstance(root.otherwise, Conditional)
    assert (root.condition.operator, root.start, root.end) == ("&&", 0, 56)
    comparison = root.condition.left
    assert isinstance(comparison, Binary)
    assert (comparison.operator, comparison.start, comparison.end) == (">=", 0, 14)


@pytest.mark.parametrize(
    ("expression", "offset", "message"),
    [
        ("a > 1 and b", 6, "'and' is no operator; write '&&' for 'and'"),
        ("a > 1 or b", 6, "'or' is no operator; write '||' for 'or'"),
        ("not a", 0, "'not' is no operator; write '!' for 'not'"),
        ("not(a)", 0, "'not' is no operator; write '!' for 'not'"),
        ("a = 3", 2, "'=' is no operator; write '==' to compare"),
        ("a <> 3", 2, "'<>' is no operator; write '!=' for '<>'"),
        ("a => 3", 2, "'=>' is no operator; write '>=' for '=>'"),
        ("a is null", 2, "'is' is no operator; write '==' for 'is'"),
        ("a & b", 2, "'&' is no operator; write '&&'"),
        ("if(a, 1, 2)", 0, "'if' is no operator; write condition ? 'A' : 'B' for 'if'"),
        ("a ? 1", 2, "'?' has no ':'; add ': ' and what is given otherwise, such as ': null'"),
        ("a ? 'x' 'y'", 8, "a ':' is missing before this; write condition ? 'A' : 'B'"),
        ("a ? b ? 1 : 2 : 3", 4, "put the inner '? :' between '?' and ':' in parentheses"),
        ("a >= ", 4, "a value is missing at the end; add it"),
        ("", 0, "a value is missing at the end; add it"),
        ("a == || b", 5, "a value is missing before '||'; add it"),
        ("(a", 2, "'(' needs its ')'; add it"),
        ("a)", 1, "')' has no beginning; remove it"),
        ("'a", 0, "the text that begins here has no end; add a '"),
        ("\u201cabc\u201d", 0, "this is a quotation mark of print; write ' around text"),
        ("a 'b'", 2, "an operator is missing before 'b', such as '==' or '&&'"),
        ("[1 2]", 3, "'[' needs its ']', and a ',' between values"),
        ("a.b", 1, "a fact has no fields; remove .b, or call a function: .b(...)"),
        ("a. 3", 3, "a function is expected after '.', such as name.contains('text')"),
        ("a[0]", 1, "a rule reads single values; remove '['"),
        ("3u", 0, "a rule knows whole numbers, fractions and text; write 3 for 3u, 'text' for b'text'"),
        ("package", 0, "'package' is a word of the expression language; use another name"),
        ("a $ b", 2, "'$' has no meaning here; remove it"),
    ],
)
def test_a_syntax_error_has_its_place_and_the_fix(expression: str, offset: int, message: str) -> None:
    """Somebody who knows another language reads what this one writes, at the character where it went wrong."""
    with pytest.raises(RuleSyntaxError) as caught:
        parse(expression)
    assert (caught.value.offset, str(caught.value)) == (offset, message)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 5_000 + "a" + ")" * 5_000,
        "-" * 5_000 + "1",
        "a ? 1 : " * 5_000 + "2",
        "a" + ".size()" * 5_000,
        "a" + " || a" * 5_000,
    ],
)
def test_depth_is_bounded(expression: str) -> None:
    """No expression exhausts the stack."""
    with pytest.raises(RuleSyntaxError):
        parse(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "a ? 1 : " * (MAX_DEPTH - 1) + "2",
        "(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1),
        "a ? 1 : (" * 44 + "2" + ")" * 44,
        " || ".join("a" * MAX_DEPTH),
        "size(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1),
    ],
)
def test_the_library_reads_what_is_just_deep_enough(expression: str) -> None:
    """The bound is ours, with words of ours, and not that of the library."""
    assert {node.name for node in walk(parse(expression)) if isinstance(node, FactName)} == {"a"}
    assert cel.compile(expression).variables() == ["a"]
