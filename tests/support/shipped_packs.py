"""The shipped pack in one file, for tests that change some of it."""

import re
from collections import defaultdict

from gateway.tags.pack import default_pack_path
from gateway.tags.pack_files import read_pack_files
from gateway.tags.yaml_sections import Problems

_UNUSED = ("churn_likely", "churn_unlikely")


def shipped_text() -> str:
    """Write the files of the shipped pack as one, without what needs a calibration."""
    sections: dict[str, str] = defaultdict(str)
    for file in read_pack_files(default_pack_path(), Problems("core.yaml")).all:
        _, *parts = re.split(r"^(\w+):", file.path.read_text("utf-8"), flags=re.MULTILINE)
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            if name not in ("include", "scores") and not (name == "defaults" and name in sections):
                sections[name] += _uncalibrated(body) if name in ("tags", "facts") else body
    sections["thresholds"] = re.sub(rf"^  ({'|'.join(_UNUSED)}):.*\n", "", sections["thresholds"], flags=re.MULTILINE)
    return "\n".join(f"{name}:{body.rstrip()}\n" for name, body in sections.items())


def _uncalibrated(body: str) -> str:
    """Leave out the tags that read a score, and the fact that scores alone read."""
    head, *entries = re.split(r"^(?=  \w+:$)", body, flags=re.MULTILINE)
    return head + "".join(own for own in entries if not re.search(r"no_order_90d|_score\b|_to_come_|^  spend_all:", own))
