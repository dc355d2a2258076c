"""The page on calibration says what the code does."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.calibration_commands import calibrate, clusters
from gateway.scores.refusal import UNSCORED
from gateway.tags import score_settings
from gateway.tags.pack import load_pack
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "tags" / "calibration.md").read_text("utf-8")


def words_of(heading: str) -> list[str]:
    """The words in the first cells of the table under a heading."""
    section = re.split(r"^## ", PAGE.split(f"## {heading}\n")[1], flags=re.MULTILINE)[0]
    return [word for word in re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) if word != "missing"]


def test_the_page_explains_every_setting_of_scores():
    """Each has a row, and no row is of a setting that does not exist."""
    settings = {
        *score_settings.QUANTILE_SETTINGS,
        *score_settings.PURCHASE_SETTINGS,
        *score_settings.SPEND_SETTINGS,
        *score_settings.CARD_SETTINGS,
    }
    assert sorted(words_of("Settings of a score")) == sorted(settings)
    assert sorted(words_of("Scorecards")) == sorted(score_settings.SCORECARD_SETTINGS)
    row = next(line for line in PAGE.splitlines() if line.startswith("| `model`"))
    assert set(re.findall(r"`(\w+)`", row)) - {"model"} == set(score_settings.MODELS)


def test_the_page_explains_every_refusal():
    """Each code has a row."""
    assert sorted(words_of("Why there is no score")) == sorted(UNSCORED)


def test_the_files_of_the_page_are_sound():
    """Each YAML block is a whole file of tags."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert [len(load_pack(Path("tags.yaml"), block).scores) for block in blocks] == [2, 1]


@pytest.mark.parametrize(("heading", "command"), [("Calibrate", calibrate), ("Clusters", clusters)])
def test_the_page_explains_every_option(heading: str, command: Callable[..., None]):
    """Each option of the commands has a row."""
    options = {f"--{name.removeprefix('as_')}" for name in inspect.signature(command).parameters}
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`--[^|]+) \|", section, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(--\w+)`", cell)} == options
