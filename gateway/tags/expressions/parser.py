"""Parse the expressions of rules: the part of CEL that reads single values.

    Conditional = Or ["?" Or ":" Conditional]
    Or, And, Relation, Sum, Product = binary operators, the loosest first
    Unary = {"!"} Member | {"-"} Member
    Member = Primary {"." name "(" arguments ")"}
    Primary = literal | name | name "(" arguments ")" | "(" Conditional ")" | "[" list "]"

The library that evaluates expressions gives no syntax tree. This one is for checks and explanations.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import NoReturn

import msgspec

from gateway.tags.expressions.thresholds import Thresholds
from gateway.tags.expressions.tree import (
    Binary,
    Call,
    Conditional,
    ConstantLiteral,
    FactName,
    ListLiteral,
    Node,
    ThresholdName,
    Unary,
    height,
)

MAX_DEPTH = 90
"""How many parts of an expression may stand inside each other. The library refuses 96 levels of branches or parentheses."""

RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop"}
) | frozenset({"namespace", "package", "return", "var", "void", "while"})
"""Words of CEL that are no names."""

HINTS = {
    "and": "write '&&' for 'and'",
    "AND": "write '&&' for 'AND'",
    "&": "write '&&'",
    "or": "write '||' for 'or'",
    "OR": "write '||' for 'OR'",
    "|": "write '||'",
    "not": "write '!' for 'not'",
    "NOT": "write '!' for 'NOT'",
    "is": "write '==' for 'is'",
    "=": "write '==' to compare",
    "===": "write '=='",
    "!==": "write '!='",
    "<>": "write '!=' for '<>'",
    "=>": "write '>=' for '=>'",
    "=<": "write '<=' for '=<'",
    "if": "write condition ? 'A' : 'B' for 'if'",
    "then": "write condition ? 'A' : 'B' for 'if'",
    "else": "write ':' for 'else'",
    "like": "write name.contains('text') for 'like'",
    "between": "write name >= 1 && name <= 3 for 'between'",
    ";": "remove it",
}
"""What somebody means who writes as in another language."""

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<text>[rR]?(?:'''(?:\\.|[^\\])*?'''|\"""(?:\\.|[^\\])*?\""")|[rR](?:'[^'\n\r]*'|"[^"\n\r]*")
        |'(?:\\.|[^'\\\n\r])*'|"(?:\\.|[^"\\\n\r])*")
    |(?P<suffixed>(?:0x[0-9a-fA-F]+|\d+)[uU]\b|[bB][rR]?['"])
    |(?P<fraction>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<whole>0x[0-9a-fA-F]+|\d+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<wrong>===|!==|=>|=<|<>|\*\*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]{}])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_LEVELS: dict[str, int] = {
    operator: level
    for level, operators in enumerate((("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%")))
    for operator in operators
}
_CONSTANTS = {"true": "truth", "false": "truth", "null": "null"}


_TOO_DEEP = f"more than {MAX_DEPTH} levels deep; divide it into several tags, or write 'in [...]' for many '||'"


class RuleSyntaxError(ValueError):
    """The expression cannot be read: why, how to put it right, and at which character (from 0)."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


def parse(expression: str, thresholds: Thresholds = MappingProxyType({})) -> Node:
    """Parse an expression in which some names are thresholds, or raise `RuleSyntaxError`."""
    return _Parser(expression, thresholds).parse()


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    start: int
    end: int


class _Parser:
    def __init__(self, expression: str, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        found = [_Token(match.lastgroup or "", match[0], match.start(), match.end()) for match in _TOKEN.finditer(expression)]
        end = len(expression.rstrip())
        self._tokens = [token for token in found if token.kind != "space"] + [_Token("end", "", end, end)]
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._conditional()
        if self._token.kind != "end":
            self._refuse()
        if height(node) > MAX_DEPTH:
            raise RuleSyntaxError(node.start, _TOO_DEEP)
        return node

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> _Token | None:
        """Take the next token if it is one of these signs or words."""
        token = self._token
        if token.kind not in ("sign", "name") or token.text not in texts:
            return None
        self._next += 1
        return token

    def _expect(self, text: str, opened: _Token) -> _Token:
        token = self._take(text)
        if token is None:
            self._refuse(f"'{opened.text}' needs its '{text}'; add it")
        return token

    def _conditional(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RuleSyntaxError(self._token.start, _TOO_DEEP)
        node = self._binary(0)
        if question := self._take("?"):
            then = self._binary(0)
            if self._token.text == "?" and self._token.kind == "sign":
                raise RuleSyntaxError(then.start, "put the inner '? :' between '?' and ':' in parentheses")
            self._expect_otherwise(question)
            otherwise = self._conditional()
            node = Conditional(start=node.start, end=otherwise.end, condition=node, then=then, otherwise=otherwise)
        self._depth -= 1
        return node

    def _expect_otherwise(self, question: _Token) -> None:
        if self._take(":"):
            return
        if self._token.kind == "end":
            raise RuleSyntaxError(question.start, "'?' has no ':'; add ': ' and what is given otherwise, such as ': null'")
        self._refuse("a ':' is missing before this; write condition ? 'A' : 'B'")

    def _binary(self, lowest: int) -> Node:
        node = self._unary()
        while (level := _LEVELS.get(self._token.text, -1)) >= lowest and (operator := self._take(*_LEVELS)):
            right = self._binary(level + 1)
            node = Binary(start=node.start, end=right.end, operator=operator.text, left=node, right=right)
        return node

    def _unary(self) -> Node:
        signs = [sign] if (sign := self._take("!", "-")) else []
        while signs and (sign := self._take(signs[0].text)):
            signs.append(sign)
        node = self._member()
        for sign in reversed(signs):
            node = Unary(start=sign.start, end=node.end, operator=sign.text, operand=node)
        return node

    def _member(self) -> Node:
        node = self._primary()
        while dot := self._take("."):
            token = self._token
            if token.kind != "name":
                self._refuse("a function is expected after '.', such as name.contains('text')")
            self._next += 1
            if not (opened := self._take("(")):
                raise RuleSyntaxError(
                    dot.start, f"a fact has no fields; remove .{token.text}, or call a function: .{token.text}(...)"
                )
            arguments, closed = self._arguments(opened, ")")
            node = Call(start=node.start, end=closed.end, function=token.text, target=node, arguments=arguments)
        if self._token.kind == "sign" and self._token.text in ("[", "{"):
            raise RuleSyntaxError(self._token.start, f"a rule reads single values; remove '{self._token.text}'")
        return node

    def _primary(self) -> Node:
        token = self._token
        if token.kind in ("text", "whole", "fraction"):
            self._next += 1
            return ConstantLiteral(start=token.start, end=token.end, kind=token.kind)
        if token.kind == "name":
            return self._name(token)
        if opened := self._take("("):
            node = self._conditional()
            closed = self._expect(")", opened)
            return msgspec.structs.replace(node, start=opened.start, end=closed.end)
        if opened := self._take("["):
            elements, closed = self._arguments(opened, "]")
            return ListLiteral(start=opened.start, end=closed.end, elements=elements)
        return self._refuse()

    def _name(self, token: _Token) -> Node:
        if token.text in _CONSTANTS:
            self._next += 1
            return ConstantLiteral(start=token.start, end=token.end, kind=_CONSTANTS[token.text])
        if token.text in RESERVED:
            self._refuse(f"'{token.text}' is a word of the expression language; use another name")
        self._next += 1
        follows = self._token
        if token.text in HINTS and (follows.kind not in ("sign", "end") or follows.text == "("):
            raise RuleSyntaxError(token.start, f"'{token.text}' is no operator; {HINTS[token.text]}")
        if opened := self._take("("):
            arguments, closed = self._arguments(opened, ")")
            return Call(start=token.start, end=closed.end, function=token.text, target=None, arguments=arguments)
        if (threshold := self._thresholds.get(token.text)) is not None:
            return ThresholdName(start=token.start, end=token.end, threshold=threshold)
        return FactName(start=token.start, end=token.end, name=token.text)

    def _arguments(self, opened: _Token, closing: str) -> tuple[tuple[Node, ...], _Token]:
        arguments: list[Node] = []
        while not (closed := self._take(closing)):
            if arguments and not self._take(","):
                self._refuse(f"'{opened.text}' needs its '{closing}', and a ',' between values")
            arguments.append(self._conditional())
        return tuple(arguments), closed

    def _refuse(self, message: str | None = None) -> NoReturn:
        """Raise for the next token. What is meant by it is better than what was expected."""
        token = self._token
        if token.text in HINTS:
            message = f"'{token.text}' is no operator; {HINTS[token.text]}"
        elif token.kind == "suffixed":
            message = "a rule knows whole numbers, fractions and text; write 3 for 3u, 'text' for b'text'"
        elif token.text in ("'", '"'):
            message = f"the text that begins here has no end; add a {token.text}"
        elif token.text and token.text in "\u2018\u2019\u201c\u201d":
            message = "this is a quotation mark of print; write ' around text"
        elif token.kind == "other" or token.kind == "wrong":
            message = f"'{token.text}' has no meaning here; remove it"
        elif message is None and token.kind == "end":
            message = "a value is missing at the end; add it"
        elif message is None:
            message = self._unexpected(token)
        raise RuleSyntaxError(token.start, message)

    def _unexpected(self, token: _Token) -> str:
        before = self._tokens[self._next - 1] if self._next else None
        if token.text in (")", "]", "}") and before and before.kind != "sign":
            return f"'{token.text}' has no beginning; remove it"
        if token.kind == "sign":
            return f"a value is missing before '{token.text}'; add it"
        return f"an operator is missing before {token.text}, such as '==' or '&&'"
