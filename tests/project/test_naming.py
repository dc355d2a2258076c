"""The house's rules of naming that can be proved."""

import ast
import configparser
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PRODUCT = sorted(path for package in ("connectors", "gateway", "resolvers") for path in (ROOT / package).rglob("*.py"))
UNSEARCHABLE = {"enter", "found", "give", "hold", "kept", "of", "put", "settled", "take"}
NOUNS = {"batching", "decoding", "framing", "mapping", "onboarding", "serving", "stitching", "testing", "tuning"}
"""Words that end like a participle, and are nouns of the field."""


def definitions(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """What a module defines: its classes and functions, and the names that are assigned to or taken as parameters."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node, node.arg


def is_participle(module: str) -> bool:
    """By its last word, which says what the module is; those before it say of which kind."""
    word = module.rsplit("_", 1)[-1]
    return word not in NOUNS and re.search(r"(?:ed|ing|en|[bgk]ept|told|held|found|made)$", word) is not None


def test_one_noun_means_one_thing() -> None:
    """No two public classes of `gateway` and `connectors` have one name, the settings of each kind of source aside."""
    classes = Counter(
        name
        for path in PRODUCT
        if path.relative_to(ROOT).parts[0] != "resolvers"
        for node, name in definitions(path)
        if isinstance(node, ast.ClassDef) and not name.startswith("_") and not name.endswith("Settings")
    )
    assert [name for name, count in classes.items() if count > 1] == []


def test_modules_are_named_by_nouns() -> None:
    """No module or package has the name of a participle."""
    names = {name.removesuffix(".py") for path in PRODUCT for name in path.relative_to(ROOT).parts}
    assert sorted(filter(is_participle, names)) == []


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("wanted", True),
        ("kept", True),
        ("lasting", True),
        ("taken", True),
        ("found", True),
        ("batching", False),
        ("sql", False),
    ],
)
def test_a_participle_is_known_by_its_end(module: str, expected: bool) -> None:
    """The words that files once had are participles, nouns of the field are none."""
    assert is_participle(module) is expected


def test_limits_are_named_max_and_min() -> None:
    """Nothing is named `most_` or `fewest_`, in any case: it is `max_` or `min_`, in settings and code alike."""
    names = {(str(path.relative_to(ROOT)), name) for path in PRODUCT for _, name in definitions(path)}
    assert {(path, name) for path, name in names if re.match(r"_*(?:most|fewest)_", name, re.IGNORECASE)} == set()


def test_public_functions_can_be_searched_for() -> None:
    """No public function or method has a name that stands in every sentence."""
    functions = [
        (str(path.relative_to(ROOT)), node.name)
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in UNSEARCHABLE
    ]
    assert functions == []


def test_import_rules_have_no_exceptions() -> None:
    """A library has its home by a rule, and no import is let off one."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", "utf-8")
    assert [name for name in contracts.sections() if contracts.has_option(name, "ignore_imports")] == []
