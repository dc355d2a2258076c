"""Reads the fenced code blocks, the links and the headings of a Markdown page."""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCED = re.compile(r"^(?P<fence>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=fence)[ ]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^()\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line that the text begins on, and what stands after the language."""

    language: str
    text: str
    line: int
    info: str


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    page = path.read_text("utf-8")
    found: list[Block] = []
    for match in _FENCED.finditer(page):
        language, _, info = match["info"].strip().partition(" ")
        found.append(Block(language, match["text"], page.count("\n", 0, match.start("text")) + 1, info.strip()))
    return found


def links(path: Path) -> list[str]:
    """The targets of a page's links, code blocks left aside."""
    return [match["target"] for match in _LINK.finditer(_FENCED.sub("", path.read_text("utf-8")))]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
