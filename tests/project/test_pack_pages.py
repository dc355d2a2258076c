"""Each tag of each shipped pack has a page that says what the file says."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.tags.definitions import TagDefinition
from gateway.tags.pack import load_pack
from gateway.tags.pack_files import PACK_FOLDER, read_pack_files, shipped_names, shipped_path
from gateway.tags.yaml_sections import Problems
from tests.support.markdown import blocks
from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "tags" / "pack"
SECTIONS = ["How it is computed", "Where it comes from", "Example", "Limits"]
PACKS = [name for name in shipped_names() if "/" not in name]
LOADED = {name: load_pack(shipped_path(name)) for name in PACKS}
TAGS = [pytest.param(name, tag, id=f"{name}-{tag.key}") for name, pack in LOADED.items() for tag in pack.own_tags.values()]


def written_examples(pack: str, key: str) -> list[dict[str, Any]]:
    """The examples of a tag as they stand in the file that counts."""
    for file in reversed(read_pack_files(shipped_path(pack), Problems(pack)).all):
        tags = yaml.safe_load(file.path.read_text("utf-8")).get("tags", {})
        if key in tags:
            examples: list[dict[str, Any]] = tags[key]["examples"]
            return examples
    raise AssertionError(key)


def page_of(pack: str, key: str) -> Path:
    """A pack's own page counts before that of the core pack."""
    own = FOLDER / pack / f"{key}.md"
    return own if own.exists() else FOLDER / f"{key}.md"


@pytest.mark.parametrize(("pack", "tag"), TAGS)
def test_a_tag_has_a_page(pack: str, tag: TagDefinition) -> None:
    """With its label, words, values, facts, and one of its examples; a formula, a source and limits."""
    path = page_of(pack, tag.key)
    text = path.read_text("utf-8")
    assert text.startswith(f"# {tag.label}\n\n{tag.description} ")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == SECTIONS
    assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE))
    assert f"- In words: {tag.words}\n" in text
    line = next(line for line in text.splitlines() if line.startswith("- Values: "))
    assert re.findall(r"`(\w+)`", line) == [*tag.values]
    assert all(f"| `{name}` |" in text for name in (*tag.fact_names, *tag.score_names))
    (block,) = [block for block in blocks(path) if block.language == "yaml"]
    assert yaml.safe_load(block.text) in written_examples(pack, tag.key)


@pytest.mark.parametrize(("pack", "tag"), TAGS)
def test_the_index_lists_the_tag(pack: str, tag: TagDefinition) -> None:
    """With its description, and a star when it needs a calibration."""
    star = " *" if tag.score_names else ""
    index = page_of(pack, tag.key).with_name("README.md").read_text("utf-8")
    assert f"| [{tag.key}]({tag.key}.md){star} | {tag.description} |" in index


def test_no_page_is_of_a_tag_that_is_not_there() -> None:
    """A tag that is taken out takes its page along."""
    keys = {key for pack in LOADED.values() for key in pack.own_tags}
    assert {path.stem for path in FOLDER.rglob("*.md")} - {"README"} <= keys


def test_every_tag_of_a_shipped_pack_says_who_answers_for_it() -> None:
    """And has examples of every outcome, which `tags test --strict` runs."""
    from gateway.tags.examples import run_examples

    for pack in LOADED.values():
        assert all(tag.owner and tag.review and tag.description and tag.words for tag in pack.tags.values())
        assert [own.key for own in run_examples(pack) if own.failures or own.unreached or not own.count] == []
    assert PACK_FOLDER.joinpath("core.yaml").exists()
