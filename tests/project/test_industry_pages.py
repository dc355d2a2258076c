"""The pages on tags for industries: their files are loaded, and their examples run."""

import re
from pathlib import Path

import pytest

from gateway.tags.examples import run_examples
from gateway.tags.pack import load_pack
from tests.support.paths import ROOT

PAGES = sorted((ROOT / "docs" / "tags" / "industries").glob("*.md"))
PARTS = ["Which records say it", "Facts and tags", "Segments and actions", "Privacy to mind", "What it cannot say"]


def test_each_industry_has_its_page() -> None:
    assert [page.stem for page in PAGES] == ["education", "health-care", "manufacturing", "transport"]


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_tags_of_a_page_have_examples_that_hold(page: Path) -> None:
    """Five to eight tags of its own, each with an example for every outcome, an owner and a day of review."""
    text = page.read_text("utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    pack = load_pack(Path("tags.yaml"), block)
    own = re.findall(r"^  (\w+):$", block.partition("\ntags:\n")[2], re.MULTILINE)
    assert 5 <= len(own) <= 8
    reports = [report for report in run_examples(pack) if report.key in own]
    assert [(report.key, report.failures, report.unreached) for report in reports] == [(key, (), ()) for key in own]
    assert all(pack.tags[key].owner and pack.tags[key].review for key in own)


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_segments_of_a_page_name_its_tags_and_values(page: Path) -> None:
    """What stands in the table of segments exists."""
    text = page.read_text("utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    tags = load_pack(Path("tags.yaml"), block).tags
    table = text.partition("## Segments and actions\n")[2].partition("\n## ")[0]
    rows = [row.split("|")[2] for row in table.splitlines() if row.startswith("| ")][1:]
    assert len(rows) >= 3
    for row in rows:
        named = re.findall(r"`(\w+)`", row)
        assert named
        assert {*named} <= {*tags}
        values = {value for key in named for value in tags[key].values}
        assert {*re.findall(r"\b[A-Z][A-Z_]{2,}\b", row)} <= values
