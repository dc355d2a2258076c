"""Keys against the published test cases of email-validator and libphonenumber, which are read from their own test files."""

import ast
from collections.abc import Iterator
from typing import Any

import phonenumbers
import pytest

from connectors.contract import KeyKind
from gateway.errors import InvalidKeyError
from gateway.identity.keys import normalised
from tests.support.published_data import published_text

pytestmark = pytest.mark.published


def email_cases(name: str) -> Iterator[tuple[str, Any]]:
    """The inputs of a parametrised test, each with the words of the result, or the message."""
    tree = ast.parse(published_text("email_cases", "test_syntax.py"))
    (test,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    (mark,) = test.decorator_list
    assert isinstance(mark, ast.Call)
    assert isinstance(mark.args[1], ast.List)
    for case in mark.args[1].elts:
        if not isinstance(case, ast.Tuple):
            yield ast.literal_eval(case), None
        elif isinstance(case.elts[1], ast.Call):
            yield ast.literal_eval(case.elts[0]), {own.arg: ast.literal_eval(own.value) for own in case.elts[1].keywords}
        else:
            yield ast.literal_eval(case.elts[0]), ast.literal_eval(case.elts[1])


def key_of(kind: KeyKind, text: str, region: str | None = None) -> str | None:
    """The normal form, None of what is refused."""
    try:
        return normalised(kind, text, region)
    except InvalidKeyError:
        return None


@pytest.mark.parametrize(("name", "count"), [("test_email_valid", 6), ("test_email_valid_intl_local_part", 15)])
def test_valid_addresses_have_the_published_form_in_small_letters(name: str, count: int):
    """But for those in quotes, which stay as they are, and those behind a name, which are no keys."""
    plain = [(text, words["normalized"]) for text, words in email_cases(name) if '"' not in text and "<" not in text]
    assert len(plain) == count
    assert [key_of(KeyKind.EMAIL, text) for text, _ in plain] == [form.lower() for _, form in plain]


@pytest.mark.parametrize(
    ("name", "count", "refused"),
    [
        ("test_email_invalid_syntax", 83, 26),
        ("test_email_unsafe_character", 11, 11),
        ("test_email_invalid_syntax_display_name", 3, 3),
    ],
)
def test_invalid_addresses_are_refused_or_have_one_form(name: str, count: int, refused: int):
    """A source may have an address that breaks a rule, such as two dots: it is a key, whose normal form is its own."""
    keys = [key_of(KeyKind.EMAIL, text) for text, _ in email_cases(name)]
    assert (len(keys), keys.count(None)) == (count, refused)
    assert all(key_of(KeyKind.EMAIL, key) == key for key in keys if key is not None)


def phone_cases() -> Iterator[tuple[str, str | None, phonenumbers.PhoneNumber]]:
    """The texts and regions that are parsed, each with the number that it is, where this is said by a name."""
    tree = ast.parse(published_text("phone_cases", "tests", "phonenumberutiltest.py.gz"))
    numbers: dict[str, phonenumbers.PhoneNumber] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and "PhoneNumber" in ast.unparse(node.value.func):
            words = {own.arg: ast.literal_eval(own.value) for own in node.value.keywords}
            numbers[ast.unparse(node.targets[0])] = phonenumbers.PhoneNumber(**words)
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="assertEqual"),
                args=[ast.Name(id=name), ast.Call(args=[ast.Constant(value=text), ast.Constant(value=region)]) as call],
            ) if ast.unparse(call.func) == "phonenumbers.parse" and name in numbers:
                yield text, region, numbers[name]


def test_numbers_have_the_published_form():
    """Whatever way a number is written and from whatever region, it is one key: the number in E.164."""
    cases = [(*case, phonenumbers.format_number(case[2], phonenumbers.PhoneNumberFormat.E164)) for case in phone_cases()]
    possible = [(text, region, form) for text, region, number, form in cases if phonenumbers.is_possible_number(number)]
    assert (len(cases), len(possible)) == (60, 55)
    assert [key_of(KeyKind.PHONE, text, region) for text, region, _ in possible] == [
        key_of(KeyKind.PHONE, form) for *_, form in possible
    ]
