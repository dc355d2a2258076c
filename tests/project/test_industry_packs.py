"""The packs for industries stand on the core pack, and their pages are short."""

import re
from pathlib import Path

import pytest

from gateway.tags.definitions import TagType
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.pack import load_pack
from gateway.tags.pack_files import shipped_path
from gateway.tags.rule_checks import check_rule
from tests.support.pack_values import own_keys
from tests.support.paths import ROOT

DOCS = ROOT / "docs" / "tags"
NAMES = ["retail", "saas"]


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_has_the_tags_of_the_core_pack_and_its_own(name: str):
    """It defines none of them again."""
    core = load_pack(shipped_path("core")).tags
    pack = load_pack(shipped_path(name)).tags
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
def test_segments_read_what_the_pack_has(name: str):
    """Conditions are sound, with tags as texts and truths; every word that they compare with is one of a tag."""
    pack = load_pack(shipped_path(name))
    types = {
        key: FactType(type=ValueType.TRUTH if tag.type is TagType.BOOLEAN else ValueType.TEXT, nullable=False, words=tag.values)
        for key, tag in pack.tags.items()
    } | {key: FactType(type=ValueType.WHOLE, nullable=False) for key in pack.facts}
    index = (DOCS / "pack" / name / "README.md").read_text("utf-8").partition("## Segments that make sense\n")[2]
    conditions = re.findall(r"^\| [^|`]+ \| `([^`]+)` \| [^|]+ \|$", index, re.MULTILINE)
    assert len(conditions) == 5
    assert [check_rule(condition, types, (), TagType.BOOLEAN) for condition in conditions] == [[]] * 5


def test_the_file_on_the_page_changes_a_number(tmp_path: Path):
    """As it stands there: one line, and nothing else is other."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "packs.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    path = tmp_path / "tags.yaml"
    path.write_text(block, "utf-8")
    changed, shipped = load_pack(path).tags, load_pack(shipped_path("retail")).tags
    assert [key for key in shipped if changed[key].fingerprint != shipped[key].fingerprint] == ["return_behaviour"]
