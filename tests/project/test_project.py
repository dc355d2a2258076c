"""Rules of the project that neither the linters nor the types can say."""

import ast
import configparser
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SOURCES = sorted(path for package in ("connectors", "gateway", "resolvers") for path in (ROOT / package).rglob("*.py"))
ALL_PYTHON = sorted([*SOURCES, *ROOT.glob("bench/**/*.py"), *ROOT.glob("tests/**/*.py")])

LONGEST_MODULE = 400

HOMES = {
    "the environment": (
        {"os.environ", "os.getenv"},
        ("gateway/settings/settings.py", "gateway/cli.py", "gateway/demo/"),
    ),
    "the clock": (
        {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.monotonic"},
        ("gateway/clock.py",),
    ),
    "compiled code": ({"eval", "exec", "compile", "builtins"}, ("connectors/toolkit/code_generation.py",)),
    "standard output": ({"print", "sys.stdout"}, ("gateway/cli.py",)),
}
"""What is read or written only in its home: the names it goes by, and the modules or packages that may use them."""


def names_used(path: Path) -> Iterator[str]:
    """The plain names, the last two parts of dotted names and the `from` imports of a module, as `name` or `owner.name`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield ".".join(ast.unparse(node).split(".")[-2:])
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("thing", HOMES)
def test_a_thing_with_a_home_is_used_only_there(thing: str) -> None:
    """The environment, the clock and standard output are touched by the modules whose business they are, and by no other."""
    names, homes = HOMES[thing]
    strangers = {str(path.relative_to(ROOT)): names.intersection(names_used(path)) for path in SOURCES}
    assert {path: used for path, used in strangers.items() if used and not path.startswith(homes)} == {}


def test_no_module_is_longer_than_one_can_read() -> None:
    """A module has at most 400 lines."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in ALL_PYTHON}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_every_module_of_the_gateway_has_its_layer() -> None:
    """A module directly under gateway/ stands in the layers of .importlinter; their order would not bind it otherwise."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", "utf-8")
    placed = set(re.findall(r"gateway\.(\w+)", contracts["importlinter:contract:layers"]["layers"]))
    modules = {path.relative_to(ROOT / "gateway").parts[0].removesuffix(".py") for path in (ROOT / "gateway").rglob("*.py")}
    assert modules - placed == {"__init__"}


@pytest.mark.parametrize(
    ("lock", "extras"), [("runtime", ()), ("demo", ("embedded",)), ("dev", ("embedded", "motor", "mysql", "files", "dev"))]
)
def test_a_lock_pins_every_dependency(lock: str, extras: tuple[str, ...]) -> None:
    """What pyproject.toml asks for is pinned in the lock that serves it; `make lock` puts that right."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8"), re.MULTILINE))
    assert {re.split(r"[^A-Za-z0-9-]", line)[0].lower() for line in asked} - pinned == set()


def test_a_kind_without_a_line_of_its_own_stands_above_the_toolkit() -> None:
    """It imports the toolkit and what is below it alone, and nobody imports it. A kind that builds on others needs its line."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", "utf-8")
    layers = contracts["importlinter:contract:connectors"]["layers"]
    below = set(re.findall(r"\w+", layers[layers.index("toolkit") :]))
    named = {*re.findall(r"\w+", layers), "__init__"}
    strangers = set()
    for path in SOURCES:
        package, *inside = path.relative_to(ROOT).with_suffix("").parts
        kind = inside[0] if package == "connectors" else None
        used = {name.split(".")[1] for name in names_used(path) if name.startswith("connectors.")}
        allowed = named if kind is None or kind in named else {*below, *named.intersection({"__init__"}), kind}
        strangers |= {(str(path.relative_to(ROOT)), name) for name in used - allowed if (ROOT / "connectors" / name).exists()}
    assert strangers == set()
