"""Operators are known by their keys, which are nowhere to be read."""

import pytest
from pydantic import SecretStr

from connectors.errors import ConfigurationError
from gateway.access.operators import Operators
from gateway.errors import OperatorRequiredError
from gateway.settings import parse_settings

ANNA, BORIS = "anna-key-0123456789-0123456789-0123", "boris-key-0123456789-0123456789-012"
SOURCES = {"crm": {"kind": "demo"}}


def test_an_operator_is_named_by_the_key():
    """The scheme in any case of letters; every other header is nobody's."""
    operators = Operators({"anna": SecretStr(ANNA), "boris": SecretStr(BORIS)})
    assert operators.name_of(f"Bearer {ANNA}".encode()) == "anna"
    assert operators.name_of(f"bearer  {BORIS}".encode()) == "boris"
    for header in (None, b"", ANNA.encode(), f"Basic {ANNA}".encode(), f"Bearer {ANNA}{BORIS}".encode(), b"Bearer \xff"):
        with pytest.raises(OperatorRequiredError, match="send the key"):
            operators.name_of(header)


def test_without_operators_nobody_is_one():
    with pytest.raises(OperatorRequiredError, match="the settings name none"):
        Operators({}).name_of(b"Bearer ")


def test_keys_are_kept_as_digests():
    """Neither the object nor the settings show them."""
    settings = parse_settings({"sources": SOURCES, "identity": {"operators": {"anna": ANNA}}})
    operators = Operators(settings.identity.operators)
    assert ANNA not in repr(vars(operators))
    assert ANNA not in repr(settings)


def test_a_short_key_is_refused_and_not_repeated():
    with pytest.raises(ConfigurationError) as refused:
        parse_settings({"sources": SOURCES, "identity": {"operators": {"anna": "s3cret-key"}}})
    (problem,) = refused.value.problems
    assert problem.startswith("settings: identity.operators.anna: has fewer than")
    assert "32" in problem
    assert "s3cret" not in problem
