"""Say where in the files of tags a finding stands, and which tags nobody has without a calibration."""

from __future__ import annotations

from pathlib import Path

import msgspec

from connectors.errors import ConfigurationError
from gateway.check.problems import Problem
from gateway.settings import Settings
from gateway.tags.pack import load_pack
from gateway.tags.pack_files import SettingPlace, find_places

FIX = "run `profile-gateway calibrate`, and name its file in tags.calibration"


class TagPlaces:
    """Where the settings of the files of tags stand. Without a file there are none."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.name
        self._places = {} if path is None else find_places(path)
        self.lines = {setting: place.line for setting, place in self._places.items()}

    def place_of(self, found: Problem) -> SettingPlace | None:
        """Find the place of a finding about the file of tags or one that it includes. None for another finding."""
        return self._places.get(found.path) if found.file is not None and found.file == self._file else None

    def is_shipped(self, found: Problem) -> bool:
        """Tell whether a finding is about a fact or tag of the gateway's own, which nobody can change."""
        place = self.place_of(found)
        return place is not None and place.is_shipped

    def place_finding(self, found: Problem) -> Problem:
        """Give a finding its file and line."""
        place = self.place_of(found)
        return found if place is None else msgspec.structs.replace(found, file=place.file, line=place.line)


def find_uncalibrated(settings: Settings | None) -> list[Problem]:
    """Warn of tags that need a calibration where the settings name none. Those of the shipped pack are then not in force."""
    if settings is None or settings.tags.file is None or settings.tags.calibration is not None:
        return []
    try:
        pack = load_pack(settings.tags.file)
    except ConfigurationError:
        return []  # reported as problems
    keys = [key for key, tag in pack.tags.items() if tag.score_names]
    if not keys:
        return []
    message = f"without a calibration {', '.join(keys)} are not known of anybody"
    return [Problem(None, None, "tags.calibration", message, FIX)]
