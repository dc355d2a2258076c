"""The page on tags says what the code does."""

import re
from pathlib import Path

from gateway.tags import fact_settings, pack, segment_settings, tag_settings
from gateway.tags.definitions import TagCategory
from gateway.tags.examples import run_examples
from gateway.tags.expressions.operators import FUNCTIONS
from tests.support.paths import ROOT

SEGMENTS = (ROOT / "docs" / "tags" / "segments.md").read_text("utf-8")
PAGE = (ROOT / "docs" / "tags.md").read_text("utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by the word in their first cell."""
    section = re.split(r"^## ", PAGE.split(f"## {heading}\n")[1], flags=re.MULTILINE)[0]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| `")]
    return {first.strip("`"): rest for first, *rest in lines}


def test_the_page_lists_the_shipped_pack() -> None:
    """Key, values and words of each tag stand there as in the pack, in its order."""
    shipped = pack.load_pack(pack.default_pack_path())
    expected = [(key, [", ".join(tag.values) or "any", tag.words]) for key, tag in shipped.tags.items()]
    assert list(rows("The shipped pack").items()) == expected


def test_the_page_explains_every_setting() -> None:
    """Each setting of a fact and of a tag has a row, and no row is of a setting that does not exist."""
    assert sorted(rows("Settings of a fact")) == sorted(fact_settings.SETTINGS)
    assert sorted(rows("Settings of a tag")) == sorted(tag_settings.SETTINGS)
    for category in TagCategory:
        assert f"`{category}`" in rows("Settings of a tag")["category"][-1]


def test_the_page_names_every_function() -> None:
    """What an expression may call is what the page lists."""
    line = next(line for line in PAGE.splitlines() if line.startswith("- Functions:"))
    assert set(re.findall(r"`(\w+)`", line)) == set(FUNCTIONS)


def test_the_page_on_segments_explains_every_setting() -> None:
    """Each setting has a row, and no row is of a setting that does not exist."""
    section = re.split(r"^## ", SEGMENTS.split("## Settings of a segment\n")[1], flags=re.MULTILINE)[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [
        *sorted(segment_settings.SETTINGS, key=section.find),
    ]
    assert len(segment_settings.SETTINGS) == len(re.findall(r"^\| `", section, re.MULTILINE))


def test_the_file_on_the_page_on_segments_is_sound(tmp_path: Path) -> None:
    """It is read, and its examples hold."""
    path = tmp_path / "tags.yaml"
    path.write_text(re.findall(r"```yaml\n(.*?)```", SEGMENTS, re.DOTALL)[0], encoding="utf-8")
    (report,) = (own for own in run_examples(pack.load_pack(path)) if own.count)
    assert (report.key, report.count, report.failures, report.unreached) == ("segment:happy_regulars", 3, (), ())
