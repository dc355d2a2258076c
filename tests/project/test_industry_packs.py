"""The packs for industries stand on the core pack, and their pages are short."""

import re
from pathlib import Path

import pytest

from gateway.tags.pack import load_pack
from gateway.tags.pack_files import shipped_path
from tests.support.pack_values import own_keys
from tests.support.paths import ROOT

DOCS = ROOT / "docs" / "tags"
NAMES = ["retail", "saas"]


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_has_the_tags_of_the_core_pack_and_its_own(name: str):
    """It defines none of them again."""
    core = load_pack(shipped_path("core")).tags
    pack = load_pack(shipped_path(name)).own_tags
    assert {*pack} == {*core, *own_keys(name)}
    assert {*core}.isdisjoint(own_keys(name))
    assert {key: tag.fingerprint for key, tag in core.items()} == {key: pack[key].fingerprint for key in core}


@pytest.mark.parametrize("name", NAMES)
def test_each_tag_of_a_pack_has_a_short_page(name: str):
    """Listed in the order of the file."""
    index = (DOCS / "pack" / name / "README.md").read_text("utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(\1\.md\) \|", index, re.MULTILINE) == own_keys(name)
    for key in own_keys(name):
        assert 20 <= (DOCS / "pack" / name / f"{key}.md").read_text("utf-8").count("\n") <= 45


@pytest.mark.parametrize("name", NAMES)
def test_the_index_shows_the_segments_of_the_pack(name: str):
    """With their conditions, in the order of the file."""
    segments = load_pack(shipped_path(name)).segments
    index = (DOCS / "pack" / name / "README.md").read_text("utf-8").partition("## Segments\n")[2]
    shown = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| [^|]+ \|$", index, re.MULTILINE)
    assert shown == [(key, own.definition.expression) for key, own in segments.items()]
    assert len(shown) == 5


def test_the_file_on_the_page_changes_a_number(tmp_path: Path):
    """As it stands there: one line, and nothing else is other."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "packs.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    path = tmp_path / "tags.yaml"
    path.write_text(block, "utf-8")
    changed, shipped = load_pack(path).tags, load_pack(shipped_path("retail")).tags
    assert [key for key in shipped if changed[key].fingerprint != shipped[key].fingerprint] == [
        "return_behaviour",
        "segment:one_category_regulars",
    ]
