"""The packs for industries: each tag has its page, examples that hold, an owner and a day of review."""

import re
from pathlib import Path

import pytest
import yaml

from gateway.tags.definitions import Pack
from gateway.tags.examples import run_examples
from gateway.tags.pack import load_pack
from gateway.tags.pack_files import shipped_path
from tests.support.pack_values import own_keys
from tests.support.paths import ROOT

DOCS = ROOT / "docs" / "tags"
NAMES = {"retail": "Retail", "saas": "SaaS and B2B"}


def packs() -> list[tuple[str, str, Pack]]:
    loaded = {name: load_pack(shipped_path(name)) for name in NAMES}
    return [(name, key, loaded[name]) for name in NAMES for key in own_keys(name)]


@pytest.mark.parametrize(("name", "key", "pack"), packs(), ids=[key for _, key, _ in packs()])
def test_a_tag_has_its_page(name: str, key: str, pack: Pack):
    """It has the label, the rule in words, its facts and values, one of its examples, and few lines."""
    tag, text = pack.tags[key], (DOCS / "pack" / f"{key}.md").read_text("utf-8")
    assert text.startswith(
        f"# {tag.label}\n\n{tag.description} Key `{key}`, of {tag.owner}, in `gateway/tags/packs/{name}.yaml`."
    )
    assert f"\n- In words: {tag.words}\n" in text
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["How it is computed", "Where it comes from", "Example", "Limits"]
    values = re.findall(r"^- Values: (.*)$", text, re.MULTILINE)
    assert values == [", ".join(f"`{value}`" for value in tag.values or ("true", "false"))]
    facts = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    assert facts == [(own, pack.facts[own].label) for own in tag.fact_names]
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert yaml.safe_load(block) in yaml.safe_load(shipped_path(name).read_text("utf-8"))["tags"][key]["examples"]
    assert 20 <= text.count("\n") <= 45


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_pack_hold_and_reach_every_outcome(name: str):
    """As `profile-gateway tags test --strict` says it."""
    reports = [report for report in run_examples(load_pack(shipped_path(name))) if report.key in own_keys(name)]
    assert [(report.key, report.failures, report.unreached) for report in reports] == [(key, (), ()) for key in own_keys(name)]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_on_packs_lists_the_tags(name: str, tmp_path: Path):
    """With their values, in the order of the file; and its first file loads."""
    text, pack = (DOCS / "packs.md").read_text("utf-8"), load_pack(shipped_path(name))
    table = text.partition(f"\n## {NAMES[name]}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| \[`(\w+)`\]\(pack/\1\.md\) \| ([\w, ]+) \|", table, re.MULTILINE)
    assert rows == [(key, ", ".join(pack.tags[key].values or ("true", "false"))) for key in own_keys(name)]
    assert all(pack.tags[key].owner and pack.tags[key].review for key in own_keys(name))
    path = tmp_path / "tags.yaml"
    path.write_text(text.partition("```yaml\n")[2].partition("```")[0], "utf-8")
    assert {*own_keys("retail")} <= {*load_pack(path).tags}
