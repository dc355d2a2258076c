"""What the documents say is run here, so that it cannot drift from what the project does."""

import importlib
import pkgutil
import re
import shlex
from pathlib import Path

import pytest
import typer.main
from graphql import GraphQLEnumType, build_schema, parse, validate
from typer.core import TyperGroup

from connectors.errors import ConfigurationError, ProfileGatewayError, WebhookError
from gateway.error_codes import ErrorCode
from tests.support.markdown import Block, anchors, blocks, links
from tests.support.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")])
SHELLS = ("bash", "console", "sh")


def found(*languages: str, holding: tuple[str, ...] = ()) -> list[object]:
    """The blocks of every page that are in one of `languages` and have all of `holding`, as test parameters named page:line."""
    return [
        pytest.param(block, id=f"{page.relative_to(ROOT)}:{block.line}")
        for page in PAGES
        for block in blocks(page)
        if block.language in languages and all(word in block.text for word in holding)
    ]


def commands(block: Block, program: str) -> list[list[str]]:
    """The words after `program` on each line that calls it; in a console block only what stands after the prompt."""
    text = block.text.replace("\\\n", " ")
    if block.language == "console":
        text = "\n".join(line[2:] for line in text.splitlines() if line.startswith("$ "))
    calls = re.split(r"\n|&&|\||;", text)
    words = [shlex.split(call, comments=True) for call in calls if re.search(rf"\b{program}\b", call)]
    return [call[call.index(program) + 1 :] for call in words if program in call]


def concrete(kind: type[ProfileGatewayError]) -> set[type[ProfileGatewayError]]:
    """A kind of error and all that derive from it, but for those of tests."""
    children = [child for child in kind.__subclasses__() if not child.__module__.startswith("tests.")]
    return {kind}.union(*(concrete(child) for child in children))


@pytest.mark.parametrize("block", found("graphql"))
def test_an_operation_in_the_docs_is_valid_against_the_schema(block: Block) -> None:
    """Every GraphQL block parses and validates against schema.graphql."""
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
    assert validate(schema, parse(block.text)) == []


@pytest.mark.parametrize("block", found("toml", holding=("[sources.",)))
def test_settings_in_the_docs_load(block: Block, tmp_path: Path) -> None:
    """Every TOML block with sources is a complete settings file, with the environment variables that it names set."""
    from gateway.settings import load_settings

    path = tmp_path / "gateway.toml"
    path.write_text(block.text, "utf-8")
    variables = re.findall(r"\$\{(\w+)\}", block.text)
    assert load_settings(path, dict.fromkeys(variables, "set" * 11)).sources


@pytest.mark.parametrize("block", found("yaml", holding=("facts:\n", "tags:\n")))
def test_a_tag_pack_in_the_docs_loads(block: Block, tmp_path: Path) -> None:
    """Every YAML block with facts and tags is a pack that the gateway takes."""
    from gateway.tags.pack import load_pack

    path = tmp_path / "tags.yaml"
    path.write_text(block.text, "utf-8")
    assert load_pack(path).tags


@pytest.mark.parametrize("block", found("python"))
def test_python_in_the_docs_runs(block: Block) -> None:
    """Every Python block compiles, and runs unless it is marked `no-run`."""
    code = compile(block.text, f"<line {block.line}>", "exec")
    if block.info != "no-run":
        exec(code, {"__name__": "docs"})


@pytest.mark.parametrize("block", found(*SHELLS))
def test_make_targets_in_the_docs_exist(block: Block) -> None:
    """Every `make X` in a shell block is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    asked = {word for call in commands(block, "make") for word in call if "=" not in word and not word.startswith("-")}
    assert asked - targets == set()


@pytest.mark.parametrize("block", found(*SHELLS, holding=("profile-gateway",)))
def test_commands_in_the_docs_exist(block: Block) -> None:
    """Every `profile-gateway X` in a shell block is a command of the CLI, and its options are those of that command."""
    from gateway.cli import app

    for call in commands(block, "profile-gateway"):
        command = typer.main.get_command(app)
        for word in call:
            if isinstance(command, TyperGroup) and not word.startswith("-"):
                assert word in command.commands
                command = command.commands[word]
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts, "--help")}
        assert {word.split("=")[0] for word in call if word.startswith("-")} - options == set()


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_relative_links_lead_to_files(page: Path) -> None:
    """Every link without a scheme names a file of the repository."""
    targets = [target.partition("#")[0] for target in links(page) if not re.match(r"[a-z]+:", target)]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_relative_links_lead_to_headings(page: Path) -> None:
    """Every link with an anchor names a heading of its page."""
    targets = [target.partition("#") for target in links(page) if not re.match(r"[a-z]+:", target) and "#" in target]
    assert [
        f"{name}#{anchor}" for name, _, anchor in targets if anchor not in anchors(page.parent / name if name else page)
    ] == []


def test_error_codes_of_the_schema_are_those_of_the_page() -> None:
    """`enum ErrorCode` has every code that docs/errors.md has but those that no answer of GraphQL has, and no other."""
    told = (ROOT / "docs" / "errors.md").read_text("utf-8").split("## At night\n")[0]
    of_webhooks = told.split("## From a webhook\n")[1].split("\n## ")[0]
    rows = {text: set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE)) for text in (told, of_webhooks)}
    never = set(re.findall(r"^\| `([A-Z_]+)` \|.*Never in an answer", told, re.MULTILINE))
    codes = build_schema((ROOT / "schema.graphql").read_text("utf-8")).get_type("ErrorCode")
    assert isinstance(codes, GraphQLEnumType)
    assert set(codes.values) == rows[told] - rows[of_webhooks] - never
    assert never == {"CONFIGURATION"}
    assert all(value.description for value in codes.values.values())


def test_error_codes_of_the_schema_are_those_of_the_code() -> None:
    """Each class of errors that answers are made of has its code in the enum, and each of the enum is written somewhere."""
    for name in ("connectors", "gateway", "resolvers"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)
    raised = {kind.code for kind in concrete(ProfileGatewayError) - concrete(WebhookError) - concrete(ConfigurationError)}
    assert raised - set(ErrorCode) == set()
    paths = (
        path for name in ("connectors", "gateway") for path in (ROOT / name).rglob("*.py") if path.name != "error_codes.py"
    )
    source = "".join(path.read_text("utf-8") for path in paths)
    assert {code for code in ErrorCode if f'"{code}"' not in source} == set()
    refused = set(re.findall(r"(?:\bcode(?:: str)? ?= ?|\bCODE = |\"code\": )\"([A-Z_]{4,})\"", source, re.IGNORECASE))
    webhooks = {kind.code for kind in concrete(WebhookError)}
    assert {code for code in refused if code.isupper()} - set(ErrorCode) - webhooks == {"CONFIGURATION"}


def test_error_codes_and_their_page_agree() -> None:
    """docs/errors.md has a heading or a table row for every code of an error class, and for no code that the source has not."""
    for name in ("connectors", "gateway", "resolvers"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)
    codes = {kind.code for kind in concrete(ProfileGatewayError)}
    source = "".join(path.read_text("utf-8") for name in ("connectors", "gateway") for path in (ROOT / name).rglob("*.py"))
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    documented = set(re.findall(r"^(?:#+|\|) `([A-Z_]+)`", page, re.MULTILINE))
    assert codes - documented == set()
    assert {code for code in documented if f'"{code}"' not in source} == set()
