"""The pages on architecture and operations name what exists."""

import re

from tests.support.paths import ROOT

PACKAGES = ("bench", "connectors", "gateway", "resolvers", "scripts", "tests")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")])
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
LOGS = (ROOT / "docs" / "operations" / "logs.md").read_text("utf-8")


def test_every_decision_is_in_the_index() -> None:
    """Each has its row, with its number, file and title."""
    titles = {page.name: page.read_text("utf-8").splitlines()[0] for page in (ROOT / "docs" / "decisions").glob("*.md")}
    expected = {(name, *title.removeprefix("# ").split(". ", 1)) for name, title in titles.items()}
    rows = re.findall(r"^\| \[(\d+)\]\(decisions/(.+)\) \| (.+) \|$", ARCHITECTURE, re.MULTILINE)
    assert {(name, number, title) for number, name, title in rows} == expected


def test_every_file_that_a_page_names_exists() -> None:
    """A file or folder between backticks has its path from the root, or is a module's bare name; capitals are any name."""
    modules = {path.name for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    missing = []
    for page in PAGES:
        for name in re.findall(r"`([\w/.-]+)`", page.read_text("utf-8")):
            is_path = name.startswith(tuple(f"{package}/" for package in PACKAGES))
            if re.search(r"\b[A-Z]{3,}\b|^bench/results/", name) or not (is_path or re.fullmatch(r"[\w/]+\.py", name)):
                continue
            if not (ROOT / name).exists() and name not in modules:
                missing.append(f"{page.name}: {name}")
    assert missing == []


def test_every_package_is_in_the_picture_or_the_import_rules() -> None:
    """The page on architecture names each folder of the gateway, and each that connectors are made of."""
    folders = {path.parent.name for name in ("gateway", "connectors") for path in (ROOT / name).glob("*/__init__.py")}
    assert {folder for folder in folders if not re.search(rf"\b{folder}\b", ARCHITECTURE)} == set()


def test_every_log_event_is_in_its_table() -> None:
    """What the gateway logs has a row, and no row is of an event that it does not log."""
    folders = [ROOT / name for name in ("connectors", "gateway", "resolvers")]
    source = "".join(path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py"))
    logged = set(re.findall(r"(?:log\.(?:info|warning|error)|_warn)\(\s*\"(\w+)\"", source))
    section = LOGS.split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == logged


def test_every_error_code_says_what_to_do_at_night() -> None:
    """Each code that has a row by what happened has one by what to do, and no other has."""
    what_happened, at_night = (ROOT / "docs" / "errors.md").read_text("utf-8").split("## At night\n")
    codes = re.findall(r"^\| `([A-Z_]+)` \|", what_happened, re.MULTILINE)
    cells = re.findall(r"^\| (`[A-Z_`, ]+`) \|", at_night, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(cells))) == sorted(codes)
