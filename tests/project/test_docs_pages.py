"""The pages on architecture and operations name what exists."""

import re

from tests.support.paths import ROOT

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_every_decision_is_in_the_index() -> None:
    """Each has its row, with its number, file and title."""
    titles = {page.name: page.read_text("utf-8").splitlines()[0] for page in (ROOT / "docs" / "decisions").glob("*.md")}
    expected = {(name, *title.removeprefix("# ").split(". ", 1)) for name, title in titles.items()}
    rows = re.findall(r"^\| \[(\d+)\]\(decisions/(.+)\) \| (.+) \|$", ARCHITECTURE, re.MULTILINE)
    assert {(name, number, title) for number, name, title in rows} == expected


def test_every_package_has_its_paragraph() -> None:
    """Each folder with code is described, and the modules that a paragraph names are in its folder."""
    paragraphs = dict(re.findall(r"^\*\*`([\w/]+)/`\*\* (.+?)\n\n", ARCHITECTURE, re.MULTILINE | re.DOTALL))
    packages = {
        str(path.parent.relative_to(ROOT))
        for name in ("connectors", "gateway", "resolvers")
        for path in (ROOT / name).rglob("__init__.py")
    }
    assert packages - set(paragraphs) <= {"connectors/testing"}
    named = {ROOT / folder / name for folder, text in paragraphs.items() for name in re.findall(r"`(\w+\.\w+)`", text)}
    assert {path for path in named if not path.exists() and not (ROOT / "gateway" / path.name).exists()} == set()


def test_every_log_event_is_in_its_table() -> None:
    """What the gateway logs has a row, and no row is of an event that it does not log."""
    source = "".join(path.read_text("utf-8") for name in ("connectors", "gateway") for path in (ROOT / name).rglob("*.py"))
    logged = set(re.findall(r"(?:log\.(?:info|warning|error)|_warn)\(\s*\"(\w+)\"", source))
    section = OPERATIONS.split("## Logs\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == logged
