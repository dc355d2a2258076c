"""The setting `tags.calibration`: checked as other settings are, and read once for all workers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.cli import app
from gateway.replay.modes import UNTOUCHED
from gateway.scores.calibration_file import write_calibration
from gateway.serving.configuration import list_changes, read_configuration
from gateway.settings import load_settings
from gateway.tags.pack import load_pack, read_pack
from tests.support.drawn_shop import TAGS, draw_orders, write_shop
from tests.tags.test_score_settings import calibration_of

ENDS = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A shop with a calibration that refuses all scores."""
    path = write_shop(tmp_path, draw_orders(3, ENDS), ENDS)
    write_calibration(tmp_path / "calibration.json", calibration_of(load_pack(Path("tags.yaml"), TAGS)))
    return path


def check(settings: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", "--config", str(settings)], env={"COLUMNS": "300"})
    return result.exit_code, result.output


def test_check_names_the_setting_of_a_broken_file(settings: Path):
    """With its line in the settings, and the command that writes it again; a sound one is no problem."""
    assert check(settings)[0] == 0
    file = settings.with_name("calibration.json")
    file.write_text(file.read_text()[:100])
    code, output = check(settings)
    assert code == 2
    assert "gateway.toml:6:1: tags.calibration: calibration.json is broken: Input data was truncated" in output
    assert "run `profile-gateway calibrate` again" in output
    file.unlink()
    assert "tags.calibration: calibration.json cannot be read (No such file or directory)" in check(settings)[1]


def test_check_names_the_score_of_another_definition(settings: Path):
    """With its line in the file of the tags."""
    tags = settings.with_name("tags.yaml")
    tags.write_text(TAGS.replace("quantile_of: orders}", "quantile_of: orders, bands: 3}"))
    code, output = check(settings)
    assert code == 2
    assert "tags.yaml:11: scores.f_score: the calibration v1 is of another definition of it or of its facts" in output


def test_a_new_calibration_is_a_change_for_a_reload(settings: Path):
    """The master reads the file once, for all workers: what is written later is not what they serve until they reload."""
    first = read_configuration(settings, UNTOUCHED)
    write_calibration(settings.with_name("calibration.json"), calibration_of(load_pack(Path("tags.yaml"), TAGS), version="v2"))
    second = read_configuration(settings, UNTOUCHED)
    assert not first.is_same(second)
    assert first.digest != second.digest
    assert list_changes(first, second) == ["tags"]
    served = [create_services(own.settings, tags=own.tags).tags.pack.scores["risk"].version for own in (first, second)]
    assert served == ["v1", "v2"]


def test_a_file_that_cannot_be_read_stops_the_master(settings: Path):
    """Before any worker begins."""
    settings.with_name("calibration.json").unlink()
    with pytest.raises(ConfigurationError, match=r"tags.calibration: calibration.json cannot be read"):
        read_configuration(settings, UNTOUCHED)


def test_the_path_is_relative_to_the_settings(settings: Path):
    """As that of the file of the tags is; the shipped pack refuses a calibration that was made for another one."""
    own = load_settings(settings).tags
    assert own.calibration == settings.with_name("calibration.json")
    with pytest.raises(ConfigurationError) as caught:
        read_pack(None, own.calibration, ())
    assert caught.value.problems[0].startswith("packs/core/lifecycle.yaml:")
    assert "scores.no_order_90d: the calibration v1 does not have it; run `profile-gateway calibrate` again" in str(
        caught.value
    )
